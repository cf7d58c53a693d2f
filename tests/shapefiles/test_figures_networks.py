"""Plots of whole networks: trends, rank and size, symmetry, cores; Moran scatters of years."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from networks import (
    LinkageNetwork,
    NetworkSequence,
    centralities,
    rank_size,
    structure,
)
from shapefiles.figures import (
    PlotOptions,
    core_plot,
    moran_scatter_years,
    network_trend_plot,
    node_symmetry_plot,
    rank_size_plot,
)
from spatial.autocorrelation import local_moran
from spatial.errors import ConfigError, EstimationError
from spatial.weights import Weights

N = 30
IDS = pd.Index([f"c{i}" for i in range(N)], name="city")
NAMES = pd.Series([f"Town {i}" for i in range(N)], IDS)


def network(year=2000, seed=0, share=0.2):
    random = np.random.default_rng(seed)
    matrix = random.pareto(1.2, (N, N)) * (random.random((N, N)) < share)
    np.fill_diagonal(matrix, 0.0)
    return LinkageNetwork(IDS, sparse.csr_array(matrix), True, "people", year)


def by_gid(ax, start):
    return [part for part in ax.get_children() if str(part.get_gid()).startswith(start)]


def note_of(ax):
    return " ".join(part.get_text().replace("\n", " ") for part in by_gid(ax, "note"))


@pytest.fixture(scope="module")
def sequence():
    return NetworkSequence(tuple(network(2000 + i, i, 0.1 + 0.03 * i) for i in range(5)))


def test_trends_are_the_measures_of_each_year(sequence, assert_tidy):
    ax = network_trend_plot(sequence, options=PlotOptions(title="Trend"))
    assert_tidy(ax)
    (density,) = by_gid(ax, "trend-density")
    assert density.get_xdata().tolist() == list(sequence.years)
    assert density.get_ydata() == pytest.approx([structure(one).density for one in sequence])
    right = next(axes for axes in ax.figure.axes if axes is not ax)
    (length,) = by_gid(right, "trend-average_path_length")
    assert length.get_ydata() == pytest.approx(
        [structure(one).average_path_length for one in sequence]
    )
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "Average path length, links (right)" in words


def test_trends_of_a_table_with_own_columns_and_words():
    table = pd.DataFrame({"a": [0.1, 0.3], "b": [0.2, 0.1]}, index=[2001, 2000])
    labels = {"a": "A_$", "b": "B"}
    ax = network_trend_plot(table, measures=["a", "b"], right=None, measure_labels=labels)
    (line,) = by_gid(ax, "trend-a")
    assert line.get_ydata().tolist() == [0.3, 0.1]  # years rise
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["A_$", "B"]
    with pytest.raises(ConfigError, match="average_path_length"):
        network_trend_plot(table, measures=["a"])
    with pytest.raises(EstimationError, match="any year"):
        network_trend_plot(table * np.nan, measures=["a"], right=None)


def test_ranks_and_the_rule_are_those_of_rank_size(assert_tidy):
    sizes = pd.Series(np.random.default_rng(2).pareto(1.0, N) + 1.0, IDS)
    ax = rank_size_plot(sizes, names=NAMES, axis_label="People", options=PlotOptions(title="T"))
    assert_tidy(ax)
    (points,) = by_gid(ax, "ranks")
    ordered = np.sort(sizes.to_numpy())[::-1]
    assert points.get_xdata().tolist() == ordered.tolist()
    assert points.get_ydata().tolist() == list(range(1, N + 1))
    fit = rank_size(sizes)
    (rule,) = by_gid(ax, "rule")
    x, y = rule.get_data()
    slope = np.polyfit(np.log(x), np.log(y - 0.5), 1)[0]
    assert slope == pytest.approx(-fit.exponent)
    (word,) = [text.get_text() for text in ax.get_legend().get_texts()]
    assert f"{fit.exponent:.2f}" in word
    assert f"{fit.r_squared:.3f}" in word
    assert NAMES[sizes.idxmax()] in [text.get_text() for text in ax.texts]


def test_several_series_have_looks_of_their_own():
    random = np.random.default_rng(3)
    given = {str(y): pd.Series(random.pareto(1.0, N) + 1.0, IDS) for y in (2000, 2010, 2020)}
    ax = rank_size_plot(given)
    looks = {
        (line.get_color(), line.get_marker(), str(line._linestyle)) for line in by_gid(ax, "rule")
    }
    assert len(looks) == 3
    with pytest.raises(ConfigError, match="series"):
        rank_size_plot({str(i): given["2000"] for i in range(7)})


def test_symmetry_parts_receivers_from_senders(assert_tidy):
    table = centralities(network(), measures="all").table
    table.loc["c3", ["strength", "symmetry"]] = [0.0, np.nan]
    ax = node_symmetry_plot(table, names=NAMES, unit="people", options=PlotOptions(title="T"))
    assert_tidy(ax)
    receives = by_gid(ax, "symmetry-receives")[0].get_offsets()
    sends = by_gid(ax, "symmetry-sends")[0].get_offsets()
    assert len(receives) == (table["symmetry"] >= 0).sum()
    assert len(sends) == (table["symmetry"] < 0).sum()
    assert "1 cities without links" in note_of(ax)
    assert ax.get_ylim()[0] == -ax.get_ylim()[1]
    with pytest.raises(EstimationError, match="symmetry"):
        node_symmetry_plot(table.drop(columns="symmetry"))


def test_the_core_is_filled(assert_tidy):
    coreness = pd.Series(np.linspace(0.9, 0.0, N) ** 2, IDS)
    table = pd.DataFrame({"core": coreness > 0.5, "coreness": coreness})
    found = SimpleNamespace(table=table, n_core=int((coreness > 0.5).sum()), correlation=0.42)
    ax = core_plot(found, names=NAMES, options=PlotOptions(title="Core"))
    assert_tidy(ax)
    best = found.table.nlargest(25, "coreness")
    (inside,) = by_gid(ax, "core-inside")
    assert sorted(inside.get_xdata()) == pytest.approx(sorted(best[best["core"]]["coreness"]))
    assert f"{found.n_core} of {N} cities" in note_of(ax)


# ---- Moran scatter plots of years


@pytest.fixture(scope="module")
def locals_by_year():
    at = np.arange(N)
    columns = np.concatenate([(at + 1) % N, (at - 1) % N])
    matrix = sparse.csr_array((np.full(2 * N, 0.5), (np.r_[at, at], columns)), shape=(N, N))
    weights = Weights(IDS, (matrix,), "row", "ring", {})
    random = np.random.default_rng(6)
    return {
        year: local_moran(
            pd.Series(np.sin(at / 4) + random.normal(scale=0.4, size=N), IDS),
            weights,
            permutations=99,
            rng=1,
        )
        for year in (1990, 2000, 2010, 2020)
    }


def test_years_share_the_axes_and_each_has_its_slope(locals_by_year, assert_tidy):
    options = PlotOptions(width="double", title="Moran", labelled=3)
    ax = moran_scatter_years(locals_by_year, names=NAMES, options=options)
    assert_tidy(ax)
    limits = {(panel.get_xlim(), panel.get_ylim()) for panel in ax.child_axes}
    assert len(limits) == 1
    for panel, (year, one) in zip(ax.child_axes, locals_by_year.items(), strict=True):
        (line,) = by_gid(panel, "moran-line")
        (x, y) = line.get_data()
        assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(one.global_statistic)
        heading = panel.get_title(loc="left")
        assert heading.startswith(f"{year}: ")
        assert f"{one.global_statistic:.3f}" in heading
        points = np.vstack([part.get_offsets() for part in by_gid(panel, "cluster-")])
        assert len(points) == N


def test_chinese_years_are_tidy_in_a_single_column(locals_by_year, assert_tidy, chinese_font):
    ax = moran_scatter_years(locals_by_year, options=PlotOptions(language="zh", title="散点图"))
    assert_tidy(ax)
    assert "1990 年" in ax.child_axes[0].get_title(loc="left")


def test_islands_are_counted_and_too_many_years_refused(locals_by_year):
    one = locals_by_year[1990]
    table = one.table.copy()
    table.loc["c0", "cluster"] = "Isolated"
    ax = moran_scatter_years({1990: replace(one, table=table)})
    assert "1 cities without neighbours" in note_of(ax)
    with pytest.raises(ConfigError, match="6 years, not 7"):
        moran_scatter_years(dict.fromkeys(range(7), one))
    with pytest.raises(EstimationError, match="1990"):
        moran_scatter_years({1990: replace(one, table=table.assign(cluster="Isolated"))})
