"""Plot of Dagum's Gini: lines, shares that stack to 100, pairs, boxes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analyses.indices.inequality import dagum_gini
from shapefiles.figures import PlotOptions, inequality_plot
from spatial.errors import EstimationError


def measured(groups=3, years=6, n=12):
    random = np.random.default_rng(4)
    index = pd.MultiIndex.from_product(
        [[f"c{i}" for i in range(groups * n)], range(2000, 2000 + years)], names=["city", "year"]
    )
    group = pd.Series(np.repeat([f"G{i % groups}" for i in range(groups * n)], years), index)
    level = random.gamma(3.0, 2.0, len(index)) + group.str[1:].astype(int)
    return dagum_gini(pd.Series(level, index), group)


@pytest.fixture(scope="module")
def found():
    return measured()


def heights(panel, start):
    return [part for part in panel.patches if str(part.get_gid()).startswith(start)]


def test_lines_are_the_coefficients_and_their_sources(found):
    ax = inequality_plot(found.table)
    sources, _ = ax.child_axes
    drawn = {line.get_label(): line.get_ydata() for line in sources.lines}
    assert np.allclose(drawn["Gini coefficient"], found.table["gini"])
    parts = [drawn[word] for word in ("Within groups", "Net between groups", "Transvariation")]
    assert np.allclose(np.sum(parts, axis=0), drawn["Gini coefficient"])


def test_shares_stack_to_a_hundred(found):
    _, shares = inequality_plot(found.table).child_axes
    bars = np.array([[bar.get_height() for bar in group] for group in shares.containers])
    assert bars.shape == (3, len(found.table))
    assert np.allclose(bars.sum(axis=0), 100.0)
    tops = [bar.get_y() + bar.get_height() for bar in shares.containers[-1]]
    assert np.allclose(tops, 100.0)
    assert np.allclose(bars[0], found.table["within_share"])


def test_pairs_and_groups_get_panels_of_their_own(found, assert_tidy):
    options = PlotOptions(width="double", title="Inequality")
    ax = inequality_plot(found.table, pairs=found.pairs, groups=found.groups, options=options)
    assert_tidy(ax)
    _, _, groups, pairs = ax.child_axes
    assert len(groups.lines) == 3
    assert len(pairs.lines) == 3
    line = next(line for line in pairs.lines if line.get_label() == "G0–G2")
    of_pair = [
        gini for (_, *names), gini in found.pairs["gini"].items() if set(names) == {"G0", "G2"}
    ]
    assert np.allclose(line.get_ydata(), of_pair)
    assert [panel.get_title(loc="left")[:3] for panel in ax.child_axes] == [
        "(a)",
        "(b)",
        "(c)",
        "(d)",
    ]


def test_many_pairs_become_boxes(assert_tidy):
    found = measured(groups=5)
    ax = inequality_plot(found.table, pairs=found.pairs)
    assert_tidy(ax)
    pairs = ax.child_axes[-1]
    assert len(pairs.patches) == len(found.table)  # a box for each year
    medians = [line.get_ydata()[0] for line in pairs.lines if line.get_linewidth() == 1.2]
    assert np.allclose(medians, found.pairs["gini"].groupby("year").median())
    (note,) = [part for part in ax.texts if part.get_gid() == "note"]
    assert "10 pairs" in note.get_text()


def test_tables_without_years_or_columns_are_refused(found):
    with pytest.raises(EstimationError, match="within_share"):
        inequality_plot(found.table.drop(columns="within_share"))
    with pytest.raises(EstimationError, match="years"):
        inequality_plot(found.table.set_axis(["all", *"bcdef"], axis=0))
    with pytest.raises(EstimationError, match="groups="):
        inequality_plot(found.table, groups=found.pairs)


def test_long_names_and_chinese_are_tidy(found, assert_tidy, chinese_font):
    names = {"G0": "x" * 300, "G1": "$a_b$ & <c>", "G2": "东部地区"}
    options = PlotOptions(language="zh", title="区域差异")
    ax = inequality_plot(found.table, pairs=found.pairs, group_labels=names, options=options)
    assert_tidy(ax)
