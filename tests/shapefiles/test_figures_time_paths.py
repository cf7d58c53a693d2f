"""The plot of LISA time paths shows the longest paths of its result."""

from __future__ import annotations

import numpy as np
import pytest

from shapefiles.example import example_area
from shapefiles.figures import PlotOptions, time_paths_plot
from shapefiles.language import label
from spatial.autocorrelation import lisa_time_paths
from spatial.weights import knn_weights


@pytest.mark.parametrize("scale", ["standardised", "relative", "none"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_longest_paths_are_drawn(scale, language):
    area = example_area()
    income = area.wide("real_income_per_head")
    found = lisa_time_paths(income, knn_weights(area.cities, k=6), scale=scale)
    options = PlotOptions(labelled=3, language=language)
    ax = time_paths_plot(found, names=area.cities["name"], options=options)
    longest = found.table["length"].nlargest(3).index
    lines = {line.get_gid(): line for line in ax.lines if str(line.get_gid()).startswith("path-")}
    assert set(lines) == {f"path-{city}" for city in longest}
    drawn = lines[f"path-{longest[0]}"]
    np.testing.assert_allclose(drawn.get_xdata(), found.points.loc[longest[0], "own"])
    np.testing.assert_allclose(drawn.get_ydata(), found.points.loc[longest[0], "lag"])
    words = [text.get_text() for text in ax.texts]
    assert area.cities.loc[longest[0], "name"] in words
    others = [line for line in ax.lines if line not in lines.values()]
    crossed = [line for line in others if line.get_gid() != "leader"]
    assert len(crossed) == (0 if scale == "none" else 2)
    key = "axis_standardised" if scale == "standardised" else f"axis_path_own_{scale}"
    assert ax.get_xlabel().replace("\n", " ") == label(key, language)
