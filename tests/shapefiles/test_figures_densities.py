"""Density ridges: heights, grounds, marks, one scale over groups, limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analyses.indices.kernel_density import kernel_densities
from shapefiles.figures import PlotOptions, density_ridges_plot
from spatial.errors import ConfigError, EstimationError

YEARS = tuple(range(2005, 2011))


def panel(shift=0.0, n=40, seed=1):
    random = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([[f"c{i}" for i in range(n)], YEARS], names=["city", "year"])
    years = index.get_level_values("year").to_numpy()
    values = random.gamma(4.0, 1.0, len(index)) + 0.4 * (years - YEARS[0]) + shift
    return pd.DataFrame({"income": values}, index=index)


@pytest.fixture(scope="module")
def density():
    return kernel_densities(panel(), "income").density


def lines(ax, start):
    return {line.get_gid(): line for line in ax.lines if str(line.get_gid()).startswith(start)}


def test_heights_are_the_densities_on_one_scale(density):
    ax = density_ridges_plot(density, overlap=2.0)
    drawn = lines(ax, "line-")
    scale = 2.0 / density.to_numpy().max()
    for row, year in enumerate(YEARS):
        x, y = drawn[f"line-{year}"].get_data()
        assert np.allclose(x, density.index)
        assert np.allclose(y, -row + density[year] * scale)
    tallest = max(
        float((line.get_ydata() + YEARS.index(int(gid[5:]))).max()) for gid, line in drawn.items()
    )
    assert tallest == pytest.approx(2.0)


@pytest.mark.parametrize("mark", ["mean", "median", "peak"])
def test_marks_stand_where_the_density_has_its_centre(density, mark):
    ax = density_ridges_plot(density, mark=mark)
    values = panel()["income"]
    for year in YEARS:
        at = float(lines(ax, "mark-")[f"mark-{year}"].get_xdata()[0])
        sample = values.xs(year, level="year")
        if mark == "mean":  # a kernel density has the mean of its sample
            assert at == pytest.approx(sample.mean(), abs=1e-3)
        elif mark == "median":  # the kernel widens the right tail a little
            assert at == pytest.approx(sample.median(), abs=0.25)
        else:
            assert at == density[year].idxmax()
    assert not lines(density_ridges_plot(density, mark="none"), "mark-")


def test_groups_share_the_axis_and_the_scale(density, assert_tidy):
    groups = {"North": density, "South": kernel_densities(panel(2.0, seed=2), "income").density}
    ax = density_ridges_plot(groups, axis_label="income", options=PlotOptions(width="double"))
    assert_tidy(ax)
    first, second = ax.child_axes
    assert first.get_xlim() == second.get_xlim()
    assert first.get_ylim() == second.get_ylim()
    scale = 2.2 / max(frame.to_numpy().max() for frame in groups.values())
    for panel_of, frame in zip((first, second), groups.values(), strict=True):
        y = lines(panel_of, "line-")["line-2005"].get_ydata()
        assert np.allclose(y, frame[2005] * scale)
    assert first.get_title(loc="left") == "North"


def test_only_the_years_asked_for_are_drawn(density):
    ax = density_ridges_plot(density, years=[2005, 2010])
    assert set(lines(ax, "line-")) == {"line-2005", "line-2010"}
    with pytest.raises(ConfigError, match="1999"):
        density_ridges_plot(density, years=[1999])


@pytest.mark.parametrize("width", ["single", "double"])
def test_many_years_write_some(width, assert_tidy):
    grid = np.linspace(-4, 12, 200)
    years = range(1980, 2024)
    table = pd.DataFrame(
        {y: np.exp(-0.5 * (grid - (y - 1980) / 8) ** 2) for y in years}, index=grid
    )
    ax = density_ridges_plot(table, options=PlotOptions(width=width, title="Long"))
    assert_tidy(ax)
    written = [text.get_text() for text in ax.texts if text.get_gid() == "year"]
    assert 8 <= len(written) < len(years)
    assert written[0] == "1980"


def test_values_without_density_are_left_off(density):
    far = density.reindex(np.r_[density.index, 500.0]).fillna(0.0)
    assert density_ridges_plot(far).get_xlim()[1] < 50.0


def test_bad_tables_are_refused(density):
    with pytest.raises(EstimationError, match="finite"):
        density_ridges_plot(-density)
    with pytest.raises(EstimationError, match="rise"):
        density_ridges_plot(density.iloc[::-1])
    with pytest.raises(ConfigError, match="overlap"):
        density_ridges_plot(density, overlap=0.0)
    with pytest.raises(ConfigError, match="groups"):
        density_ridges_plot({f"g{i}": density for i in range(10)})
    with pytest.raises(ConfigError, match="mark"):
        density_ridges_plot(density, mark="mode")


def test_chinese_ridges_are_tidy(density, assert_tidy, chinese_font):
    groups = dict.fromkeys(("东部", "$中_部$", "西" * 300, "东北"), density)
    options = PlotOptions(language="zh", title="核密度")
    assert_tidy(density_ridges_plot(groups, axis_label="人均GDP对数", options=options))
