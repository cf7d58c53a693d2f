"""Plots of the sensitivity of an index show the numbers of their tables, in both languages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from shapefiles.figures import (
    PlotOptions,
    agreement_plot,
    leave_one_out_plot,
    rank_intervals_plot,
)
from shapefiles.figures_page import figure_bytes
from shapefiles.language import label
from spatial.errors import EstimationError
from spatial.options import CompositeMethod

RANKS = pd.DataFrame(
    {
        "rank": [2.0, 1.0, 3.0, np.nan],
        "rank_low": [1.0, 1.0, 2.0, np.nan],
        "rank_median": [2.0, 1.5, 3.0, np.nan],
        "rank_high": [3.0, 2.0, 3.0, np.nan],
    },
    index=["b", "a", "c", "d"],
)
SHIFTS = pd.DataFrame({"mean_shift": [1.0, 2.5], "largest_shift": [4.0, 9.0]}, index=["x", "y"])
METHODS = list(CompositeMethod.__args__)
RHO = pd.DataFrame(0.8, index=METHODS, columns=METHODS)


def by_gid(ax, gid):
    return next(item for item in ax.get_children() if item.get_gid() == gid)


def test_ranges_best_on_top():
    ax = rank_intervals_plot(RANKS, names=pd.Series({"a": "Aa$x$"}))
    assert by_gid(ax, "ranks").get_xdata().tolist() == [1, 2, 3]
    assert by_gid(ax, "medians").get_xdata().tolist() == [1.5, 2, 3]
    ends = [s[:, 0].tolist() for s in by_gid(ax, "ranges").get_segments()]
    assert ends == [[1, 2], [1, 3], [2, 3]]
    assert by_gid(ax, "row-0").get_text() == "Aa$x$"
    assert len(by_gid(rank_intervals_plot(RANKS, top=2), "ranks").get_xdata()) == 2


def test_left_out_indicators_in_order():
    ax = leave_one_out_plot(SHIFTS, variable_labels={"y": "Broadband"})
    assert by_gid(ax, "means").get_xdata().tolist() == [2.5, 1.0]
    assert by_gid(ax, "row-0").get_text() == "Broadband"


def test_cells_are_written():
    ax = agreement_plot(RHO.mask(np.eye(len(RHO), k=1, dtype=bool)))
    written = [text.get_text() for text in ax.texts]
    assert written.count("0.80") == len(RHO) ** 2 - len(RHO) + 1
    assert written.count("–") == len(RHO) - 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_languages_draw(language):
    options = PlotOptions(language=language, title="T")
    for ax in (
        rank_intervals_plot(RANKS, options=options),
        leave_one_out_plot(SHIFTS, options=options),
        agreement_plot(RHO, options=options),
    ):
        assert len(figure_bytes(ax.get_figure(), "png", dpi=50)) > 1000
    assert label("composite_entropy", language) in [
        t.get_text() for t in agreement_plot(RHO, options=options).get_yticklabels()
    ]


def test_bad_tables():
    with pytest.raises(EstimationError, match="rank_high"):
        rank_intervals_plot(RANKS.drop(columns="rank_high"))
    with pytest.raises(EstimationError, match="one year"):
        rank_intervals_plot(pd.concat([RANKS, RANKS]))
    with pytest.raises(EstimationError, match="No city"):
        rank_intervals_plot(RANKS.iloc[3:])
    with pytest.raises(EstimationError, match="mean_shift"):
        leave_one_out_plot(SHIFTS[["largest_shift"]])
    with pytest.raises(EstimationError, match="same methods"):
        agreement_plot(RHO.iloc[1:])
