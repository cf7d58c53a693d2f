"""Chord diagram: ribbons, arcs, totals, names, order of the ends."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import LinkageNetwork
from shapefiles.figures import PlotOptions, chord_plot
from shapefiles.figures_chords import _between, _chords
from spatial.errors import AlignmentError, ConfigError, EstimationError


def flows(n=5, *, seed=2, share=0.7):
    random = np.random.default_rng(seed)
    values = random.integers(1, 400, (n, n)) * (random.random((n, n)) < share)
    names = [f"Region {i}" for i in range(n)]
    return pd.DataFrame(values.astype(float), names, names)


def by_gid(ax, start):
    return [part for part in ax.get_children() if str(part.get_gid()).startswith(start)]


def test_a_ribbon_for_each_positive_flow_between_groups():
    table = flows()
    off = table.to_numpy().copy()
    np.fill_diagonal(off, 0.0)
    assert len(by_gid(chord_plot(table), "ribbon-")) == np.count_nonzero(off)
    inside = chord_plot(table, within=True)
    assert len(by_gid(inside, "ribbon-")) == np.count_nonzero(table.to_numpy())


def test_arcs_are_as_long_as_what_is_sent_and_received():
    table = flows()
    off = table.to_numpy().copy()
    np.fill_diagonal(off, 0.0)
    arcs = {part.get_gid(): part.theta2 - part.theta1 for part in by_gid(chord_plot(table), "arc-")}
    length = np.array([arcs[f"arc-{name}"] for name in table.index])
    both = off.sum(axis=0) + off.sum(axis=1)
    assert np.allclose(length / length.sum(), both / both.sum())


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 9), st.integers(0, 10_000), st.booleans(), st.booleans())
def test_ends_fill_the_arcs_without_overlap(n, seed, directed, within):
    table = flows(n, seed=seed)
    if not directed:
        table = table + table.T
    off = table.to_numpy().copy()
    np.fill_diagonal(off, 0.0)
    if not (table.to_numpy().any() if within else off.any()):
        return
    chords = _chords(table, directed=directed, within=within)
    stretches = [end for *_, first, last in chords.ends for end in (first, last)]
    if not directed and within:  # a flow within has one stretch for both ends
        stretches = list(dict.fromkeys(stretches))
    stretches.sort()
    for (_, end), (start, _) in pairwise(stretches):
        assert start >= end - 1e-12
    covered = sum(end - start for start, end in stretches)
    assert covered == pytest.approx((chords.arcs[:, 1] - chords.arcs[:, 0]).sum())
    assert chords.arcs[0, 0] >= 0.0
    assert chords.arcs[-1, 1] <= 1.0


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 7), st.integers(0, 10_000))
def test_ribbons_from_one_arc_do_not_cross_each_other(n, seed):
    chords = _chords(flows(n, seed=seed, share=1.0), directed=True, within=False)
    middles = [(i, j, np.mean(first), np.mean(last)) for i, j, _, first, last in chords.ends]
    for i, j, a, b in middles:
        for k, m, c, d in middles:
            if {i, j} == {k, m} or len({i, j} & {k, m}) != 1:
                continue
            low, high = sorted((a, b))
            # chords cross when one end of the other lies between, one outside
            assert (low < c < high) == (low < d < high)


def test_totals_stand_beside_the_names():
    table = flows()
    off = table.to_numpy().copy()
    np.fill_diagonal(off, 0.0)
    written = [text.get_text() for text in by_gid(chord_plot(table), "name-")]
    for i, name in enumerate(table.index):
        sent, received = off[i].sum(), off[:, i].sum()
        assert any(
            text.replace("\n", " ") == f"{name} {sent:,.0f} → {received:,.0f}" for text in written
        )


def test_large_totals_are_written_in_thousands_and_in_chinese_ten_thousands(chinese_font):
    table = flows() * 1e6
    note = by_gid(chord_plot(table, unit="people"), "note")[0].get_text()
    assert "million people" in note
    ax = chord_plot(table / 1e3, unit="人", options=PlotOptions(language="zh"))
    assert "万人" in by_gid(ax, "note")[0].get_text()


def network(directed=True, n=12):
    random = np.random.default_rng(1)
    matrix = np.triu(random.integers(0, 9, (n, n)), 1).astype(float)
    matrix = matrix + (np.tril(random.integers(0, 9, (n, n)), -1) if directed else matrix.T)
    ids = pd.Index([f"c{i}" for i in range(n)], name="city")
    return LinkageNetwork(ids, sparse.csr_array(matrix), directed, "firms")


def test_a_network_is_summed_by_group_whatever_the_order_of_rows():
    found = network()
    groups = pd.Series([f"G{i % 3}" for i in range(12)], found.cities)
    ax = chord_plot(found, groups=groups.sample(frac=1.0, random_state=1))
    matrix = pd.DataFrame(found.flows.toarray(), found.cities, found.cities)
    sums = matrix.groupby(groups).sum().T.groupby(groups).sum().T
    written = {
        text.get_text().split("\n")[0]: text.get_text().split("\n")[1]
        for text in by_gid(ax, "name-")
    }
    for name in sums.index:
        sent = sums.loc[name].sum() - sums.loc[name, name]
        received = sums[name].sum() - sums.loc[name, name]
        assert written[name] == f"{sent:.0f} → {received:.0f}"
    with pytest.raises(AlignmentError, match="c0"):
        chord_plot(found, groups=groups.drop("c0"))


def test_an_undirected_pair_is_one_ribbon():
    found = network(directed=False)
    groups = pd.Series([f"G{i % 4}" for i in range(12)], found.cities)
    ax = chord_plot(found, groups=groups)
    assert len(by_gid(ax, "ribbon-")) == 6
    strength = found.flows.toarray().sum() / 2.0
    within = sum(
        found.flows.toarray()[np.ix_(groups == g, groups == g)].sum() / 2.0 for g in groups.unique()
    )
    totals = [float(text.get_text().split("\n")[1]) for text in by_gid(ax, "name-")]
    assert sum(totals) == pytest.approx(2.0 * (strength - within))


def test_ribbons_have_the_colour_of_their_origin_or_are_pale():
    ax = chord_plot(flows(), highlighted=3)
    arcs = {part.get_gid()[4:]: part.get_facecolor()[:3] for part in by_gid(ax, "arc-")}
    coloured = 0
    for ribbon in by_gid(ax, "ribbon-"):
        sender = int(ribbon.get_gid().split("-")[1])
        if ribbon.get_facecolor()[:3] == arcs[f"Region {sender}"]:
            coloured += 1
        else:
            assert len(set(ribbon.get_facecolor()[:3])) == 1
    assert coloured == 3


@pytest.mark.parametrize(
    ("n", "width"), [(2, "single"), (9, "single"), (9, "double"), (31, "double")]
)
def test_names_do_not_collide(n, width, assert_tidy):
    ax = chord_plot(flows(n), options=PlotOptions(width=width, title="Flows"))
    assert_tidy(ax)


def test_crowded_small_arcs_keep_their_names_apart(assert_tidy):
    table = pd.DataFrame(np.full((14, 14), 0.5), [*"ABCDEFGHIJKLMN"], [*"ABCDEFGHIJKLMN"])
    table.iloc[0, 1:] = 900.0
    table.iloc[1:, 0] = 900.0
    assert_tidy(chord_plot(table))


def test_hostile_names_are_drawn_as_they_are(assert_tidy):
    table = flows(4)
    names = ["$a_1$ <b>", "x" * 300, "50 % & more", "=SUM(A1)"]
    ax = chord_plot(table.set_axis(names, axis=0).set_axis(names, axis=1))
    assert_tidy(ax)
    words = " ".join(text.get_text() for text in by_gid(ax, "name-"))
    assert "$a_1$" in words
    assert "…" in words


def test_unfit_flows_are_refused():
    with pytest.raises(EstimationError, match="zero or positive"):
        chord_plot(-flows())
    with pytest.raises(EstimationError, match="same groups"):
        chord_plot(flows().iloc[:, ::-1])
    with pytest.raises(EstimationError, match="symmetric"):
        chord_plot(flows(), directed=False)
    with pytest.raises(EstimationError, match="within=True"):
        chord_plot(pd.DataFrame(np.eye(3), [*"abc"], [*"abc"]))
    with pytest.raises(ConfigError, match="40 groups"):
        chord_plot(flows(41))
    with pytest.raises(ConfigError, match="groups="):
        chord_plot(flows(), groups=pd.Series(dtype=object))


def test_heights_pushed_between_limits_stay_in_order():
    found = _between(np.array([-30.0, -9.0, 8.0, 40.0]), 4.0, 10.0)
    assert (np.diff(found) >= 4.0 - 1e-9).all()
    assert found.min() >= -10.0
    assert found.max() <= 10.0
