"""The plot of removal curves shows the numbers of the curves, their bands and R indices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from networks import LinkageNetwork, link_robustness, robustness
from shapefiles.figures import PlotOptions, robustness_plot
from shapefiles.figures_page import figure_bytes
from spatial.errors import ConfigError, EstimationError


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(2)
    values = np.triu(np.where(rng.random((18, 18)) < 0.2, rng.random((18, 18)) + 0.1, 0.0), 1)
    ids = pd.Index([f"c{number}" for number in range(18)])
    return LinkageNetwork(ids, sparse.csr_array(values + values.T), False)


@pytest.fixture(scope="module")
def curves(network):
    return {
        "random": robustness(network, order="random", efficiency_points=7, rng=1),
        "betweenness": robustness(network, order="betweenness", efficiency_points=19),
    }


def by_gid(ax, gid):
    return [item for item in ax.get_children() if item.get_gid() == gid]


@pytest.mark.parametrize("measure", ["giant_component", "connectivity", "efficiency"])
def test_lines_and_band(curves, measure):
    ax = robustness_plot(curves, measure=measure)
    lines = by_gid(ax, "robustness-line")
    for line, one in zip(lines, curves.values(), strict=True):
        known = one.curve[measure].dropna()
        np.testing.assert_array_equal(line.get_ydata(), known)
        np.testing.assert_array_equal(line.get_xdata(), known.index)
    assert len(by_gid(ax, "robustness-band")) == 1
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words[0] == f"Random removal (R = {curves['random'].r_index:.3f})"
    assert words[1].startswith("By betweenness")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", ["single", "double"])
def test_both_languages_and_widths(network, language, width):
    curves = {
        "weakest": link_robustness(network, order="weakest"),
        "flood": link_robustness(network, order=[tuple(network.to_frame().iloc[0, :2])]),
    }
    ax = robustness_plot(
        curves,
        series_labels={"flood": "洪水" if language == "zh" else "Flood $1_a$"},
        options=PlotOptions(language=language, width=width),
    )
    assert figure_bytes(ax.figure, "png", dpi=60).startswith(b"\x89PNG")
    wanted = {"en": "Share of links removed", "zh": "移除联系比例"}[language]
    assert ax.get_xlabel() == wanted


def test_bad_curves(network, curves):
    with pytest.raises(ConfigError, match="one to 8 curves"):
        robustness_plot({})
    with pytest.raises(ConfigError, match="different axes"):
        robustness_plot({"a": curves["random"], "b": link_robustness(network)})
    with pytest.raises(EstimationError, match="'plain' hold no efficiency"):
        robustness_plot({"plain": robustness(network)}, measure="efficiency")
    with pytest.raises(ConfigError, match="measure='size'"):
        robustness_plot(curves, measure="size")
