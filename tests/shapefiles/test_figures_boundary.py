"""The plot of a spillover boundary shows every number of its table, in both languages."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from shapefiles.figures import PlotOptions, boundary_plot
from shapefiles.figures_page import figure_bytes
from spatial.errors import EstimationError

AT = [100.0, 200.0, 300.0, 400.0]


def sweep(**changes):
    effect = np.array([4.0, 3.0, 1.0, np.nan])
    table = pd.DataFrame(
        {
            "indirect": effect,
            "indirect_low": effect - 1.5,
            "indirect_high": effect + 1.5,
            "indirect_p": [0.001, 0.01, 0.3, np.nan],
            "isolates": [0, 0, 2, 5],
        },
        index=pd.Index(AT, name="bound"),
    )
    facts = {
        "boundary": 100.0,
        "last_significant": 200.0,
        "half_decay": 250.0,
        "alpha": 0.05,
        "unit": "km",
    }
    return SimpleNamespace(**{"table": table, **facts, **changes})


def by_gid(ax, gid):
    return [item for item in ax.get_children() if item.get_gid() == gid]


def test_line_band_symbols_and_marks():
    ax = boundary_plot(sweep())
    (line,) = by_gid(ax, "boundary-line")
    np.testing.assert_array_equal(line.get_ydata(), [4.0, 3.0, 1.0, np.nan])
    np.testing.assert_array_equal(line.get_xdata(), AT)
    (points,) = by_gid(ax, "boundary-points")
    np.testing.assert_array_equal(points.get_offsets(), [[100, 4], [200, 3]])
    assert {to_hex(c) for c in points.get_facecolors()} == {"#cc6677"}
    (squares,) = by_gid(ax, "boundary-squares")
    np.testing.assert_array_equal(squares.get_offsets(), [[300, 1]])
    assert {to_hex(c) for c in squares.get_facecolors()} == {"#ffffff"}
    assert by_gid(ax, "boundary-last")[0].get_xdata()[0] == 200.0
    assert by_gid(ax, "boundary-half")[0].get_xdata()[0] == 250.0
    assert by_gid(ax, "boundary-unbroken")[0].get_xdata()[0] == 100.0
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "Last significant: 200 km" in words
    assert "Half-decay: 250 km" in words


@pytest.mark.parametrize("language", ["en", "zh"])
def test_marks_that_do_not_exist_are_not_drawn(language):
    ax = boundary_plot(
        sweep(boundary=None, last_significant=None, half_decay=None, unit="min"),
        options=PlotOptions(language=language),
    )
    assert not by_gid(ax, "boundary-last")
    assert not by_gid(ax, "boundary-half")
    assert "min" in ax.get_xlabel()
    assert len(figure_bytes(ax.figure, "png")) > 5000


def test_a_spillover_of_the_other_sign_is_no_reach():
    table = sweep().table
    table.loc[300.0, ["indirect", "indirect_p"]] = [-2.0, 0.001]
    ax = boundary_plot(sweep(table=table, boundary=200.0, last_significant=300.0))
    assert by_gid(ax, "boundary-unbroken")[0].get_xdata()[0] == 200.0
    assert not by_gid(ax, "boundary-last")


def test_half_of_nothing_significant_is_not_marked():
    ax = boundary_plot(sweep(boundary=None))
    assert not by_gid(ax, "boundary-half")


def test_run_and_last_that_agree_are_one_line():
    ax = boundary_plot(sweep(boundary=200.0))
    assert by_gid(ax, "boundary-unbroken")[0].get_xdata()[0] == 200.0
    assert not by_gid(ax, "boundary-last")


@pytest.mark.parametrize("width", ["single", "double"])
def test_legend_leaves_the_axes_their_width(width):
    ax = boundary_plot(sweep(), options=PlotOptions(width=width, title="A title of some length"))
    ax.figure.canvas.draw()
    page = ax.figure.bbox
    assert ax.get_legend().get_window_extent().x1 <= page.x1
    assert ax.get_window_extent().width > 0.7 * page.width  # the rest holds the axis numbers


def test_nothing_to_plot_is_said():
    empty = sweep()
    with pytest.raises(EstimationError):
        boundary_plot(sweep(table=empty.table.assign(indirect=np.nan)))
