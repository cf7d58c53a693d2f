"""Block diagram and matrices: numbers of links, roles, order of cities, separators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from networks import LinkageNetwork, block_model, concor
from shapefiles.figures import PlotOptions, block_diagram, block_matrix_plot
from shapefiles.figures_blocks import block_order
from spatial.errors import AlignmentError, ConfigError

SIZES = (9, 7, 5, 4)


def planted(sizes=SIZES, *, seed=3):
    """Blocks of which each sends mostly to the next."""
    random = np.random.default_rng(seed)
    block = np.repeat(np.arange(len(sizes)), sizes)
    likely = np.where(block[:, None] == block, 0.5, 0.05)
    likely[block[:, None] + 1 == block] = 0.7
    links = random.random(likely.shape) < likely
    np.fill_diagonal(links, False)
    strengths = links * random.integers(1, 90, size=links.shape)
    ids = pd.Index([f"c{i:02d}" for i in random.permutation(len(block))], name="city")
    network = LinkageNetwork(ids, sparse.csr_array(strengths.astype(float)), True, "people")
    return network, pd.Series(block + 1, ids)


@pytest.fixture(scope="module")
def network():
    return planted()[0]


@pytest.fixture(scope="module")
def blocks():
    return block_model(*planted())


def by_gid(ax, start):
    return [part for part in ax.get_children() if str(part.get_gid()).startswith(start)]


def counted(ax):
    """Numbers of links written at the arrows, sender and receiver."""
    found = {}
    for text in by_gid(ax, "number-"):
        sender, receiver = text.get_gid().removeprefix("number-").split("-")
        found[int(sender), int(receiver)] = int(text.get_text().split(" (")[0].replace(",", ""))
    return found


def test_numbers_at_the_arrows_are_those_of_the_matrix(blocks, network):
    ax = block_diagram(blocks)
    written = counted(ax)
    links = blocks.links
    for sender in links.index:
        for receiver in links.columns:
            assert written.get((sender, receiver), 0) == links.loc[sender, receiver]
    assert sum(written.values()) == network.n_links
    assert len(by_gid(ax, "tie-")) == int((links > 0).to_numpy().sum())
    assert len(by_gid(ax, "block-")) == len(SIZES)


def test_dense_arrows_are_dark_and_the_note_counts_what_is_left_out(blocks):
    ax = block_diagram(blocks, arrows="dense")
    written = counted(ax)
    dense = {(i, j) for i in blocks.image.index for j in blocks.image if blocks.image.loc[i, j]}
    assert set(written) == dense
    left_out = int(blocks.links.to_numpy().sum()) - sum(written.values())
    (note,) = by_gid(ax, "note")
    assert str(left_out) in note.get_text()
    everything = block_diagram(blocks)
    dark = {
        part.get_gid().removeprefix("tie-")
        for part in by_gid(everything, "tie-")
        if sum(part.get_edgecolor()[:3]) < 1.0
    }
    assert dark == {f"{i}-{j}" for i, j in dense}


def test_circles_tell_cities_and_roles(blocks):
    words = " ".join(text.get_text() for text in block_diagram(blocks).texts)
    for block, row in blocks.roles.iterrows():
        assert f"Block {block}" in words
        assert f"{row['cities']} cities" in words
    chinese = {"net beneficiary": "净受益", "net spillover": "净溢出", "broker": "经纪人"}
    assert set(chinese) | {"bidirectional spillover", "isolated"} >= set(blocks.roles["role"])


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("sizes", [(6,), (6, 5), (6, 5, 4), SIZES])
def test_diagrams_are_tidy(assert_tidy, width, sizes):
    ax = block_diagram(block_model(*planted(sizes)), options=PlotOptions(width=width, title="T"))
    assert_tidy(ax)


def test_larger_diagrams_are_tidy(assert_tidy):
    ax = block_diagram(
        block_model(*planted((6, 5, 4, 4, 3, 3))), options=PlotOptions(width="double")
    )
    assert_tidy(ax)


def test_chinese_diagrams_and_matrices_are_tidy(blocks, network, assert_tidy, chinese_font):
    options = PlotOptions(language="zh", width="double", title="板块模型")
    assert_tidy(block_diagram(blocks, options=options))
    assert_tidy(block_matrix_plot(blocks, network, options=options))


def test_hostile_names_of_blocks_are_drawn_as_they_are(blocks, network, assert_tidy):
    names = {1: "$x_1$ & <b>", 2: "y" * 300, 3: "50 % _a_", 4: "=1+1"}
    assert_tidy(block_matrix_plot(blocks, network, block_labels=names))
    ax = block_diagram(blocks, block_labels=names)
    assert_tidy(ax)
    words = [text.get_text().replace("\n", " ") for text in ax.texts]
    assert "$x_1$ & <b>" in words
    assert any(word.startswith("yyy") and "…" in word for word in words)


def test_more_blocks_than_fit_are_refused():
    many = block_model(*planted((3, 3, 3, 3, 3, 3)))
    with pytest.raises(ConfigError, match=r"4 blocks, not 6.*double"):
        block_diagram(many)
    assert block_diagram(many, options=PlotOptions(width="double"))
    with pytest.raises(ConfigError, match="arrows"):
        block_diagram(many, arrows="some", options=PlotOptions(width="double"))


@pytest.mark.parametrize("cells", ["links", "strength"])
def test_the_matrix_is_sorted_by_block(blocks, network, cells):
    ax = block_matrix_plot(blocks, network, cells=cells)
    panel, density, image = ax.child_axes
    (picture,) = panel.images
    drawn = ~np.ma.getmaskarray(picture.get_array())
    order = block_order(blocks.membership, network.sent + network.received)
    expected = network.reordered(order).flows.toarray() > 0
    assert (drawn == expected).all()
    edges = np.cumsum(SIZES)[:-1]
    lines = [line for line in panel.lines if line.get_gid() == "separator"]
    assert sorted({line.get_xdata()[0] for line in lines} - {0, 1}) == edges.tolist()
    for panel_of, table in ((density, blocks.density), (image, blocks.image)):
        (mesh,) = panel_of.collections
        assert np.allclose(
            np.ma.filled(mesh.get_array(), np.nan).ravel(),
            table.to_numpy(dtype=float).ravel(),
            equal_nan=True,
        )
    ones = [text.get_text() for text in image.texts if text.get_gid() != "row-name"]
    assert sum(map(int, ones)) == int(blocks.image.to_numpy().sum())


def test_cities_are_named_where_there_is_room(blocks, network, assert_tidy):
    names = pd.Series([f"Town {city}" for city in network.cities], network.cities)
    options = PlotOptions(width="double", title="Blocks")
    ax = block_matrix_plot(blocks, network, names=names, options=options)
    assert_tidy(ax)
    rows = [text.get_text() for text in ax.child_axes[0].texts if text.get_gid() == "row-name"]
    order = block_order(blocks.membership, network.sent + network.received)
    assert rows == list(names.loc[order])
    wide, wide_blocks = planted((20, 20, 10))
    ax = block_matrix_plot(block_model(wide, wide_blocks), wide, options=options)
    assert not [text for text in ax.child_axes[0].texts if text.get_gid() == "row-name"]


def test_matrices_of_other_cities_are_refused(blocks, network):
    with pytest.raises(AlignmentError, match="c00"):
        block_matrix_plot(blocks, network.subset(network.cities.drop("c00")))


def test_diagrams_of_concor_fit_into_given_axes(network):
    from shapefiles.figures_page import new_figure

    figure = new_figure(183.0, 90.0)
    axes = figure.subplots(1, 2)
    found = concor(network)
    assert block_diagram(found, ax=axes[0]) is axes[0]
    assert block_matrix_plot(found, network, ax=axes[1], options=PlotOptions(width="double"))
