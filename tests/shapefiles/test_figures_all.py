"""All plots: nothing coloured in greyscale, series told apart, no character without a font."""

from __future__ import annotations

from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from PIL import Image
from scipy import sparse

from networks import LinkageNetwork, block_model
from shapefiles import figures, figures_page, fonts
from shapefiles.figures import PlotOptions
from shapefiles.figures_greyscale import grey_of
from shapefiles.figures_page import figure_bytes
from shapefiles.figures_series import series_looks
from spatial.autocorrelation import local_moran
from spatial.errors import ConfigError, ExportError
from spatial.weights import Weights

N = 24
IDS = pd.Index([f"c{i}" for i in range(N)], name="city")


def pixels(ax):
    picture = Image.open(BytesIO(figure_bytes(ax.figure, "png", dpi=60))).convert("RGB")
    return np.asarray(picture).astype(int)


def is_coloured(ax):
    return bool((np.ptp(pixels(ax), axis=2) > 0).any())


def network():
    random = np.random.default_rng(1)
    matrix = random.integers(1, 90, (N, N)) * (random.random((N, N)) < 0.4)
    np.fill_diagonal(matrix, 0)
    return LinkageNetwork(IDS, sparse.csr_array(matrix.astype(float)), True, "people")


def local():
    at = np.arange(N)
    columns = np.r_[(at + 1) % N, (at - 1) % N]
    matrix = sparse.csr_array((np.full(2 * N, 0.5), (np.r_[at, at], columns)), shape=(N, N))
    weights = Weights(IDS, (matrix,), "row", "ring", {})
    return local_moran(pd.Series(np.sin(at / 3), IDS), weights, permutations=99, rng=1)


def blocks():
    return block_model(network(), pd.Series(np.arange(N) % 4 + 1, IDS))


def paths():
    years = np.arange(2000, 2008)
    return pd.DataFrame({name: years * 0.1 + k for k, name in enumerate("abcd")}, index=years)


def curve_table():
    estimate = np.linspace(-0.4, 0.6, 12)
    return pd.DataFrame(
        {
            "weights": np.array(["near", "far"])[np.arange(12) % 2],
            "estimate": estimate,
            "low": estimate - 0.2,
            "high": estimate + 0.2,
            "p_value": np.where(np.abs(estimate) > 0.2, 0.01, 0.3),
            "main": np.arange(12) == 4,
        }
    )


def effects_table():
    parts = {}
    for kind in ("direct", "indirect", "total"):
        parts |= {kind: [0.2, -0.1], f"{kind}_low": [0.1, -0.3], f"{kind}_high": [0.3, 0.1]}
        parts[f"{kind}_p"] = [0.01, 0.4]
    return pd.DataFrame(parts, index=["x", "z"])


def shares_table():
    years = range(2000, 2006)
    parts = {"within": 0.1, "between": 0.15, "transvariation": 0.05}
    table = pd.DataFrame({"gini": 0.3, **parts}, index=years)
    return table.assign(**{f"{name}_share": 100 * part / 0.3 for name, part in parts.items()})


def densities():
    grid = np.linspace(-3, 3, 60)
    return pd.DataFrame({y: np.exp(-0.5 * (grid - y / 9) ** 2) for y in range(4)}, index=grid)


def robust():
    curve = pd.DataFrame({"giant_component": np.linspace(1, 0, 9)}, index=np.linspace(0, 1, 9))
    facts = {"function": "robustness", "options": {"order": "degree"}}
    one = SimpleNamespace(curve=curve, r_index=0.4, configuration=SimpleNamespace(**facts))
    return {"first": one, "second": one}


DRAWN = {
    "block_diagram": lambda o: figures.block_diagram(blocks(), options=o),
    "block_matrix_plot": lambda o: figures.block_matrix_plot(
        blocks(), network(), cells="strength", options=o
    ),
    "chord_plot": lambda o: figures.chord_plot(
        network(), groups=pd.Series([f"G{i % 8}" for i in range(N)], IDS), options=o
    ),
    "density_ridges_plot": lambda o: figures.density_ridges_plot(densities(), options=o),
    "effects_plot": lambda o: figures.effects_plot(effects_table(), options=o),
    "inequality_plot": lambda o: figures.inequality_plot(shares_table(), options=o),
    "moran_scatter": lambda o: figures.moran_scatter(local(), names=pd.Series("T", IDS), options=o),
    "moran_scatter_years": lambda o: figures.moran_scatter_years({2000: local()}, options=o),
    "network_trend_plot": lambda o: figures.network_trend_plot(
        paths().rename(columns={"a": "density", "b": "average_path_length"}), options=o
    ),
    "paths_plot": lambda o: figures.paths_plot(
        paths(), nation="a", phases=[("recovery", 2001, 2003)], options=o
    ),
    "rank_size_plot": lambda o: figures.rank_size_plot(
        {"a": pd.Series(np.arange(1.0, 9.0)), "b": pd.Series(np.arange(2.0, 9.0) ** 2)}, options=o
    ),
    "ranking_plot": lambda o: figures.ranking_plot(
        pd.Series(np.arange(5.0), list("abcde")), options=o
    ),
    "resistance_recovery_plot": lambda o: figures.resistance_recovery_plot(
        pd.Series(np.arange(9.0) - 4), pd.Series(np.arange(9.0)[::-1] - 4), options=o
    ),
    "robustness_plot": lambda o: figures.robustness_plot(robust(), options=o),
    "specification_curve_plot": lambda o: figures.specification_curve_plot(
        curve_table(), options=o
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_no_pixel_has_a_colour(name):
    drawn = DRAWN[name](PlotOptions(greyscale=True, title="T", note="N", labelled=3))
    assert not is_coloured(drawn)
    assert pixels(drawn).min() < 90  # something dark is there


@pytest.mark.parametrize("name", ["chord_plot", "inequality_plot", "specification_curve_plot"])
def test_the_same_plots_have_colours_otherwise(name):
    assert is_coloured(DRAWN[name](PlotOptions()))


def test_the_right_axis_of_a_trend_is_grey_too():
    table = paths().rename(columns={"a": "density", "b": "average_path_length"})
    ax = figures.network_trend_plot(table, options=PlotOptions(greyscale=True))
    for axes in ax.figure.axes:
        for line in axes.lines:
            assert len({round(part, 9) for part in grey_of([*_rgba(line)])[:3]}) == 1


def _rgba(line):
    from matplotlib.colors import to_rgba

    return to_rgba(line.get_color())


@pytest.mark.parametrize("greyscale", [False, True])
def test_series_differ_in_dash_and_marker_not_in_colour_alone(greyscale):
    looks = series_looks(7, greyscale=greyscale)
    assert len({str(look.dash) for look in looks}) == 7
    assert len({look.marker for look in looks}) == 7
    if greyscale:
        assert len({(look.fill, look.hatch) for look in looks}) == 7
    with pytest.raises(ConfigError, match="8 series"):
        series_looks(8)


def test_grey_lines_of_a_plot_keep_looks_of_their_own():
    ax = figures.paths_plot(paths(), options=PlotOptions(greyscale=True))
    lines = [line for line in ax.lines if str(line.get_gid()).startswith("path-")]
    assert len({str(line._linestyle) + str(line._dash_pattern) for line in lines}) == 4
    bars = figures.inequality_plot(shares_table(), options=PlotOptions(greyscale=True))
    hatches = {group[0].get_hatch() for group in bars.child_axes[1].containers}
    assert len(hatches) == 3


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.floats(0, 1))
def test_grey_keeps_lightness_and_opacity(parts, opacity):
    grey = grey_of([*parts, opacity])
    assert grey[0] == grey[1] == grey[2]
    assert min(parts) - 1e-6 <= grey[0] <= max(parts) + 1e-6
    assert grey[3] == opacity
    assert np.allclose(grey_of(grey), grey)


@pytest.mark.parametrize("name", DRAWN)
def test_every_character_was_looked_up_before_it_was_drawn(name, monkeypatch, chinese_font):
    looked_up = set()
    choose = figures_page.font_families

    def recording(language, texts):
        texts = list(texts)
        looked_up.update(character for text in texts for character in str(text))
        return choose(language, texts)

    monkeypatch.setattr(figures_page, "font_families", recording)
    ax = DRAWN[name](PlotOptions(language="zh", title="题", note="N", labelled=3))
    ax.figure.draw_without_rendering()
    drawn = {
        character
        for text in ax.figure.findobj(Text)
        if text.get_visible()
        for character in text.get_text()
    }
    assert drawn - looked_up <= set(" \n…")  # an ellipsis stands in every Latin font


@pytest.mark.parametrize("name", ["block_diagram", "chord_plot", "density_ridges_plot"])
def test_names_that_no_font_holds_are_refused(name, monkeypatch):
    monkeypatch.setattr(fonts, "_installed", lambda: frozenset({"DejaVu Sans"}))
    monkeypatch.setattr(fonts, "_find_new_fonts", lambda: None)
    with pytest.raises(ExportError, match=r"北.*U\+5317"):
        DRAWN[name](PlotOptions(title="北京"))
