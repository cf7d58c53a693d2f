"""Moran's I by year: levels, band of chance, full and open circles."""

import numpy as np
import pandas as pd
import pytest

from shapefiles.figures import PlotOptions, moran_years_plot, save_figure
from spatial.errors import ConfigError, EstimationError


@pytest.fixture
def table():
    years = [2010, 2012, 2011]
    return pd.DataFrame(
        {
            "statistic": [0.4, 0.05, 0.2],
            "expected": -0.01,
            "z_score": [8.2, 1.2, 4.2],
            "p_value": [0.001, 0.3, 0.004],
        },
        index=years,
    )


def drawn(ax, gid):
    return next(one for one in ax.get_children() if one.get_gid() == gid)


def test_years_rise_and_circles_tell_significance(table):
    ax = moran_years_plot(table)
    line = drawn(ax, "moran")
    assert line.get_xdata().tolist() == [2010, 2011, 2012]
    assert line.get_ydata().tolist() == [0.4, 0.2, 0.05]
    assert drawn(ax, "years-full").get_offsets()[:, 0].tolist() == [2010, 2011]
    assert drawn(ax, "years-open").get_offsets()[:, 0].tolist() == [2012]


def test_band_is_expectation_and_spread(table):
    ax = moran_years_plot(table)
    corners = drawn(ax, "chance").get_paths()[0].vertices[:, 1]
    assert corners.max() == pytest.approx(-0.01 + 1.96 * 0.05)
    assert corners.min() == pytest.approx(-0.01 - 1.96 * 0.05)


def test_all_significant_leaves_no_open_circles(table):
    ax = moran_years_plot(table, alpha=0.5)
    assert not [one for one in ax.get_children() if one.get_gid() == "years-open"]


@pytest.mark.parametrize(
    ("language", "width"), [("en", "single"), ("en", "double"), ("zh", "single")]
)
def test_written_in_both_languages(table, language, width, tmp_path):
    title = "Moran's I $x^2$" if language == "en" else "逐年莫兰指数"
    options = PlotOptions(title=title, language=language, width=width)
    (path,) = save_figure(moran_years_plot(table, options=options), tmp_path / "x", formats=["png"])
    assert path.stat().st_size > 5000


def test_bad_input_is_named(table):
    with pytest.raises(ConfigError, match="z_score"):
        moran_years_plot(table.drop(columns="z_score"))
    with pytest.raises(ConfigError, match="alpha"):
        moran_years_plot(table, alpha=5)
    with pytest.raises(EstimationError, match="no year"):
        moran_years_plot(table.iloc[:0])


def test_year_at_its_expectation_is_drawn(table):
    still = table.assign(statistic=[-0.01, 0.05, 0.2], z_score=[0.0, 1.2, 4.2])
    assert np.isfinite(moran_years_plot(still).get_ylim()).all()
