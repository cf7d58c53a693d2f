"""Plot of a specification curve: order, intervals, classes, dots, the main model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from shapefiles.figures import PlotOptions, specification_curve_plot
from spatial.errors import ConfigError, EstimationError
from spatial.regression import SpecificationCurve
from spatial.results import Configuration


def models(n=24, *, seed=1):
    random = np.random.default_rng(seed)
    estimate = random.normal(0.1, 0.3, n)
    spread = random.uniform(0.05, 0.3, n)
    return pd.DataFrame(
        {
            "formula": np.where(np.arange(n) % 2, "baseline", "with $x_1$ & <b>"),
            "weights": np.array(["contiguity", "4 nearest", "(none)"])[np.arange(n) % 3],
            "specification": "sdm",
            "effects": np.where(np.arange(n) % 4 < 2, "city", "two-way"),
            "estimate": estimate,
            "low": estimate - 1.96 * spread,
            "high": estimate + 1.96 * spread,
            "p_value": np.where(np.abs(estimate / spread) > 1.96, 0.01, 0.4),
            "main": np.arange(n) == 5,
        }
    )


def part(panel, start):
    return [one for one in panel.get_children() if str(one.get_gid()).startswith(start)]


def test_estimates_rise_and_have_the_colour_of_their_sign():
    table = models()
    curve, _ = specification_curve_plot(table).child_axes
    ordered = table.sort_values("estimate", kind="stable").reset_index(drop=True)
    seen = {}
    for points in part(curve, "estimates-"):
        for x, y in points.get_offsets():
            seen[round(x)] = (y, points.get_gid().removeprefix("estimates-"))
    (main,) = part(curve, "main")[:1]
    at, height = main.get_offsets()[0]
    assert ordered.loc[round(at), "main"]
    seen[round(at)] = (height, None)
    assert [seen[i][0] for i in range(len(table))] == pytest.approx(ordered["estimate"].tolist())
    for i, row in ordered.iterrows():
        sign = "positive" if row["estimate"] > 0 else "negative"
        assert seen[i][1] in (None, sign if row["p_value"] < 0.05 else "unsure")


def test_intervals_are_those_of_the_table():
    table = models()
    curve, _ = specification_curve_plot(table).child_axes
    ordered = table.sort_values("estimate", kind="stable")
    segments = sorted(
        (tuple(line[0]), tuple(line[1]))
        for lines in part(curve, "intervals-")
        for line in lines.get_segments()
    )
    assert [low[1] for low, _ in segments] == pytest.approx(ordered["low"].tolist())
    assert [high[1] for _, high in segments] == pytest.approx(ordered["high"].tolist())


def test_dots_mark_what_was_chosen_and_single_choices_have_no_rows():
    table = models()
    _, matrix = specification_curve_plot(table).child_axes
    ordered = table.sort_values("estimate", kind="stable").reset_index(drop=True)
    rows = part(matrix, "chosen-")
    assert len(rows) == 2 + 3 + 2
    assert not [row for row in rows if "specification" in row.get_gid()]
    for row in rows:
        _, column, word = row.get_gid().split("-", 2)
        chosen = np.flatnonzero(ordered[column] == word)
        assert row.get_offsets()[:, 0].tolist() == chosen.tolist()
    words = [text.get_text() for text in matrix.texts]
    assert words == [
        "Regressors",
        "with $x_1$ & <b>",
        "baseline",
        "Weights",
        "contiguity",
        "4 nearest",
        "None",
        "Fixed effects",
        "City fixed effects",
        "City and year fixed effects",
    ]


def test_a_result_is_drawn_by_kind_of_effect():
    table = models()
    parts = {}
    for k, kind in enumerate(("direct", "indirect", "total")):
        parts |= {kind: table["estimate"] + k, f"{kind}_se": 0.1, f"{kind}_p": table["p_value"]}
        parts |= {f"{kind}_low": table["low"] + k, f"{kind}_high": table["high"] + k}
    choices = ("formula", "weights", "specification", "effects")
    result = SpecificationCurve(
        configuration=Configuration(function="specification_curve"),
        variable="x",
        choices=choices,
        table=table[[*choices, "main"]].assign(**parts),
        failures={},
    )
    ax = specification_curve_plot(result, kind="indirect")
    assert "Indirect effect" in ax.child_axes[0].get_ylabel()
    heights = [
        y for points in part(ax.child_axes[0], "estimates-") for _, y in points.get_offsets()
    ]
    assert max(heights) == pytest.approx(table.loc[~table["main"], "estimate"].max() + 1)


def test_the_note_counts_models_and_signs():
    table = models()
    ax = specification_curve_plot(table)
    (note,) = [text.get_text() for text in ax.texts if text.get_gid() == "note"]
    sure = table["p_value"] < 0.05
    assert f"Median of {len(table)} models" in note
    assert f"positive: {int((sure & (table['estimate'] > 0)).sum())}" in note.replace("\n", " ")


@pytest.mark.parametrize("n", [3, 24, 180])
def test_plots_are_tidy(n, assert_tidy):
    assert_tidy(
        specification_curve_plot(models(n).assign(main=False), options=PlotOptions(title="T"))
    )


def test_chinese_plots_are_tidy(assert_tidy, chinese_font):
    options = PlotOptions(language="zh", width="double", title="设定曲线")
    assert_tidy(specification_curve_plot(models(), options=options))


def test_unfit_tables_are_refused():
    with pytest.raises(EstimationError, match="low"):
        specification_curve_plot(models().drop(columns="low"))
    with pytest.raises(EstimationError, match="No model"):
        specification_curve_plot(models().assign(estimate=np.nan))
    with pytest.raises(ConfigError, match="main"):
        specification_curve_plot(models().assign(main=True))
