"""Plots: points, slopes, counts, clipped cities, intervals, names, determinism."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib._pylab_helpers import Gcf
from matplotlib.colors import to_hex

from shapefiles.figures import (
    PlotOptions,
    effects_plot,
    moran_scatter,
    neighbours_plot,
    paths_plot,
    ranking_plot,
    resistance_recovery_plot,
)
from shapefiles.figures_lines import spread
from shapefiles.figures_page import figure_bytes, new_figure
from shapefiles.palettes import LISA_COLOURS
from spatial.autocorrelation import local_moran
from spatial.errors import AlignmentError, ConfigError, EstimationError
from spatial.weights import Weights

N = 60


@pytest.fixture
def ids() -> pd.Index:
    return pd.Index([f"c{i}" for i in range(N)], name="city")


@pytest.fixture
def names(ids) -> pd.Series:
    return pd.Series([f"Town {i}" for i in range(N)], ids)


@pytest.fixture
def local(ids):
    """A ring of cities with a smooth value: strong positive autocorrelation."""
    from scipy import sparse

    step = np.arange(N)
    rows, columns = np.concatenate([step, step]), np.concatenate([(step + 1) % N, (step - 1) % N])
    matrix = sparse.csr_array((np.full(2 * N, 0.5), (rows, columns)), shape=(N, N))
    weights = Weights(ids, (matrix,), "row", "ring", {})
    noise = np.random.default_rng(5).normal(size=N)
    values = pd.Series(np.sin(step / N * 4 * np.pi) + 0.3 * noise, ids, name="growth")
    return local_moran(values, weights, permutations=199, rng=1)


@pytest.fixture
def pair(ids) -> tuple[pd.Series, pd.Series]:
    random = np.random.default_rng(3)
    resistance, recovery = random.normal(size=N), random.normal(size=N)
    resistance[0], recovery[1], recovery[2] = 60.0, -45.0, np.nan
    return pd.Series(resistance, ids), pd.Series(recovery, ids)


def by_gid(ax, gid: str):
    return [item for item in ax.get_children() if str(item.get_gid()).startswith(gid)]


def note_of(ax) -> str:
    return " ".join(item.get_text().replace("\n", " ") for item in by_gid(ax, "note"))


def test_the_slope_of_the_moran_line_is_the_least_squares_slope(local):
    ax = moran_scatter(local)
    (line,) = by_gid(ax, "moran-line")
    x, y = line.get_data()
    shown = local.table
    # row-standardised, no islands: the regression through the origin has the slope I
    slope = np.linalg.lstsq(
        shown[["standardised"]].to_numpy(), shown["lag"].to_numpy(), rcond=None
    )[0][0]
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(slope)
    assert f"{slope:.3f}" in ax.get_legend().get_texts()[0].get_text()


def test_moran_points_have_the_colours_of_the_map_and_quadrants_their_counts(local):
    ax = moran_scatter(local)
    for points in by_gid(ax, "cluster-"):
        cluster = points.get_gid().removeprefix("cluster-")
        assert len(points.get_offsets()) == (local.table["cluster"] == cluster).sum()
        assert to_hex(points.get_facecolor()[0]) == LISA_COLOURS[cluster].lower()
    words = {text.get_gid(): text.get_text() for text in by_gid(ax, "quadrant-")}
    z, lag = local.table["standardised"], local.table["lag"]
    both_high = int(((z > 0) & (lag > 0)).sum())
    significant = int((local.table["cluster"] == "High-High").sum())
    assert f"n = {both_high}, significant: {significant}" in words["quadrant-1-1"]


def test_cities_without_neighbours_are_counted_in_the_note():
    table = pd.DataFrame(
        {
            "standardised": [1.0, -1.0, 0.3],
            "lag": [0.5, -0.5, 0.0],
            "cluster": ["Not significant", "Not significant", "Isolated"],
        },
        index=list("abc"),
    )
    ax = moran_scatter(SimpleNamespace(table=table, global_statistic=0.5))
    assert sum(len(points.get_offsets()) for points in by_gid(ax, "cluster-")) == 2
    assert "1 cities without neighbours" in note_of(ax)
    alone = table.assign(cluster="Isolated")
    with pytest.raises(EstimationError, match="without neighbours"):
        moran_scatter(SimpleNamespace(table=alone, global_statistic=np.nan))


def test_far_cities_are_moved_to_the_edge_and_counted(pair):
    resistance, recovery = pair
    ax = resistance_recovery_plot(resistance, recovery)
    table = pd.concat(pair, axis=1).dropna()
    reach = 3.0 * (table.quantile(0.75) - table.quantile(0.25))
    far = int(((table - table.median()).abs() > reach).any(axis=1).sum())
    assert len(by_gid(ax, "beyond")) == far >= 2
    assert f"{far} cities beyond the axes" in note_of(ax)
    assert "1 cities without data" in note_of(ax)
    near = sum(len(points.get_offsets()) for points in by_gid(ax, "group-"))
    assert near + far == N - 1
    assert ax.get_xlim()[1] < 60.0
    assert ax.get_ylim()[0] > -45.0


@pytest.mark.parametrize("lines", ["zero", "median"])
def test_quadrants_hold_their_counts_clipped_cities_included(pair, lines):
    table = pd.concat(pair, axis=1, keys=["x", "y"]).dropna()
    cut = table.median() if lines == "median" else pd.Series({"x": 0.0, "y": 0.0})
    ax = resistance_recovery_plot(*pair, lines=lines)
    words = {text.get_gid(): text.get_text() for text in by_gid(ax, "quadrant-")}
    for right in (-1, 1):
        for up in (-1, 1):
            inside = ((table["x"] > cut["x"]) == (right > 0)) & (
                (table["y"] > cut["y"]) == (up > 0)
            )
            assert words[f"quadrant-{right}-{up}"].endswith(f"n = {inside.sum()}")
    (marked,) = by_gid(ax, "median-x")
    assert marked.get_xdata()[0] == pytest.approx(table["x"].median())


def test_groups_have_markers_and_a_legend(pair, ids):
    groups = pd.Series(["North", "$South$", "_West"] * 20, ids)
    ax = resistance_recovery_plot(*pair, groups=groups)
    shown = {text.get_text().strip() for text in ax.get_legend().get_texts()}
    assert shown == {"North", "$South$", "_West"}
    assert len(by_gid(ax, "group-")) == 3
    with pytest.raises(ConfigError, match=r"\d+ groups"):
        resistance_recovery_plot(*pair, groups=pd.Series(ids, ids))


def test_other_cities_are_refused(pair):
    resistance, recovery = pair
    with pytest.raises(AlignmentError, match="'c0'"):
        resistance_recovery_plot(resistance, recovery.drop("c0"))
    with pytest.raises(ConfigError, match="'mean'"):
        resistance_recovery_plot(resistance, recovery, lines="mean")


@pytest.fixture
def effects() -> pd.DataFrame:
    table = {}
    for kind, shift in (("direct", 0.1), ("indirect", -0.2), ("total", -0.1)):
        estimate = np.array([0.2, 0.0, -0.3]) + shift
        table |= {kind: estimate, f"{kind}_low": estimate - 0.15, f"{kind}_high": estimate + 0.15}
        table[f"{kind}_p"] = [0.01, 0.4, 0.049]
    return pd.DataFrame(table, index=["income", "x_$1$", "人口"])


def test_effects_stand_where_they_are_with_their_intervals(effects):
    ax = effects_plot(effects.drop("人口"), variable_labels={"income": "Income per head"})
    for kind in ("direct", "indirect", "total"):
        (points,) = by_gid(ax, f"effect-{kind}")
        np.testing.assert_allclose(points.get_offsets()[:, 0], effects[kind].iloc[:2])
        faces = [to_hex(face) for face in points.get_facecolor()]
        assert faces[1] == "#ffffff"  # p = 0.4
        assert faces[0] != "#ffffff"
    segments = [
        s for item in ax.collections if hasattr(item, "get_segments") for s in item.get_segments()
    ]
    assert len(segments) == 6
    rows = [text.get_text() for text in by_gid(ax, "row-")]
    assert rows == ["Income per head", "x_$1$"]
    assert "Hollow" in note_of(ax)
    with pytest.raises(EstimationError, match="'total_p'"):
        effects_plot(effects.drop(columns="total_p"))


def test_ranking_is_in_order_and_leaves_missing_values_out(ids, names):
    values = pd.Series(np.arange(N, dtype=float), ids, name="Strength")
    values.iloc[-1] = np.nan
    ax = ranking_plot(values, names=names, top=5)
    assert [text.get_text() for text in by_gid(ax, "row-")] == [f"Town {58 - i}" for i in range(5)]
    assert [bar.get_width() for bar in ax.patches[:5]] == [58.0, 57.0, 56.0, 55.0, 54.0]
    assert ax.get_xlabel() == "Strength"


def test_paths_start_from_the_base_year_and_phases_are_shaded():
    years = pd.Index(range(2000, 2011), name="year")
    paths = pd.DataFrame({"East": np.arange(11) + 5.0, "All": np.arange(11) + 9.0}, index=years)
    phases = [("resistance", 2003, 2004), ("recovery", 2004, 2006), ("resistance", 2008, 2009)]
    ax = paths_plot(paths, nation="All", base_year=2004, phases=phases)
    (line,) = by_gid(ax, "path-East")
    assert dict(zip(*line.get_data(), strict=True))[2004] == pytest.approx(100.0)
    assert len(by_gid(ax, "phase-")) == 3
    assert len(ax.get_legend().get_texts()) == 2
    (nation,) = by_gid(ax, "path-All")
    assert nation.get_linewidth() > line.get_linewidth()
    for wrong in ({"base_year": 1999}, {"nation": "none"}, {"phases": [("boom", 2000, 2001)]}):
        with pytest.raises(ConfigError):
            paths_plot(paths, **wrong)


def test_neighbour_counts_are_bars(ids):
    counts = pd.Series([0, 1, 1, 3], ids[:4])
    ax = neighbours_plot(counts)
    assert [bar.get_height() for bar in ax.patches] == [1, 2, 0, 1]
    assert to_hex(ax.patches[0].get_facecolor()) != to_hex(ax.patches[1].get_facecolor())


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12).map(sorted),
    st.floats(0.01, 10.0),
)
def test_spread_keeps_order_distance_and_mean(places, step):
    moved = spread(np.array(places), step)
    assert (np.diff(moved) >= step - 1e-6).all()
    assert moved.mean() == pytest.approx(np.mean(places), abs=1e-6)


def draw_all(local, pair, effects, names, options) -> list:
    years = pd.DataFrame({"A": [1.0, 2.0, 3.0], "B": [1.0, 2.01, 3.02]}, index=[2001, 2002, 2003])
    groups = pd.Series(["g", "h", "k"] * 20, names.index)
    return [
        moran_scatter(local, names=names, options=options),
        resistance_recovery_plot(*pair, names=names, groups=groups, options=options),
        effects_plot(effects, options=options),
        ranking_plot(pair[0], names=names, options=options, axis_label="Value"),
        paths_plot(years, base_year=2001, options=options, phases=[("recovery", 2001, 2002)]),
        neighbours_plot(pd.Series([1, 2, 2, 5]), options=options),
    ]


@pytest.mark.filterwarnings("error:Glyph")  # matplotlib's own word for an empty box
@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_text_overlaps_or_leaves_the_page(
    local, pair, effects, names, assert_tidy, chinese_font, width, language
):
    title = (
        "A title long enough for two lines of a single column" if language == "en" else "标题" * 20
    )
    note = "A note on data and method. " * 4 if language == "en" else "注：数据与方法说明。" * 6
    options = PlotOptions(title=title, note=note, language=language, width=width)
    for ax in draw_all(local, pair, effects, names, options):
        assert_tidy(ax)


def test_the_same_plot_has_the_same_bytes(local, names):
    options = PlotOptions(title="Twice")
    for form in ("png", "svg"):
        first, second = (
            figure_bytes(moran_scatter(local, names=names, options=options).figure, form, dpi=80)
            for _ in range(2)
        )
        assert first == second


def test_given_axes_are_used_and_pyplot_knows_nothing(local):
    ax = new_figure(89, 80).add_subplot()
    assert moran_scatter(local, ax=ax) is ax
    assert not ax.xaxis.label.get_parse_math()
    assert not Gcf.get_all_fig_managers()


def test_shuffled_names_and_groups_change_nothing(pair, names, ids):
    groups = pd.Series(["g", "h"] * 30, ids)
    first, second = (
        figure_bytes(
            resistance_recovery_plot(*pair, names=order(names), groups=order(groups)).figure,
            "png",
            dpi=80,
        )
        for order in (lambda s: s, lambda s: s.sample(frac=1.0, random_state=1))
    )
    assert first == second
