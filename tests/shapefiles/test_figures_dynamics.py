"""Figures of dynamics show the numbers of their results, in both languages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from shapefiles.example import example_area
from shapefiles.figures import (
    PlotOptions,
    centre_path_plot,
    ellipse_plot,
    emerging_hot_spot_map,
    spatial_markov_plot,
)
from shapefiles.figures_page import figure_bytes
from shapefiles.language import label
from shapefiles.map_sheet import MapOptions
from shapefiles.palettes import EMERGING_COLOURS
from spatial.autocorrelation import (
    EMERGING_CLASSES,
    ISOLATED,
    emerging_hot_spots,
    spatial_markov,
    standard_deviational_ellipses,
)
from spatial.errors import AlignmentError
from spatial.weights import knn_weights


@pytest.fixture(scope="module")
def metros():
    area = example_area()
    return area.cities, area.wide("real_income_per_head")


@pytest.fixture(scope="module")
def markov(metros):
    cities, income = metros
    return spatial_markov(
        income, knn_weights(cities, k=6), classes=3, relative=True, permutations=99, rng=1
    )


@pytest.fixture(scope="module")
def path(metros):
    cities, income = metros
    return standard_deviational_ellipses(income, cities)


def words_of(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_markov_matrices_hold_every_probability(markov, language):
    ax = spatial_markov_plot(markov, options=PlotOptions(language=language, width="double"))
    titles = [label("markov_all", language)]
    titles += [label("markov_lag_class", language, value=lag) for lag in (1, 2, 3)]
    drawn = {item.get_gid(): item.get_array() for item in ax.collections}
    tables = [markov.pooled.probabilities, *(markov.probabilities.loc[lag] for lag in (1, 2, 3))]
    for title, table in zip(titles, tables, strict=True):
        assert title in words_of(ax)
        np.testing.assert_allclose(drawn[f"matrix-{title}"].ravel(), table.to_numpy().ravel())
    cells = sum(int((table.to_numpy() > 0.0).sum()) for table in tables)
    assert sum("." in word for word in words_of(ax)) >= cells
    statistic = f"{markov.homogeneity.table.loc['LR', 'statistic']:.1f}"
    assert figure_bytes(ax.figure, "svg").startswith(b"<?xml")
    assert any(statistic in word for word in [*words_of(ax), *texts_of_figure(ax)])


def texts_of_figure(ax):
    from matplotlib.text import Text

    return [item.get_text() for item in ax.figure.findobj(Text)]


def test_rows_without_observations_stay_white(metros):
    cities, income = metros
    found = spatial_markov(
        income,
        knn_weights(cities, k=6),
        classes=[0.8, 1.0, 1.2],
        lag_cuts="same",
        relative=True,
        permutations=0,
    )
    assert found.probabilities.isna().any(axis=None)
    ax = spatial_markov_plot(found)
    masks = [np.ma.getmaskarray(item.get_array()).sum() for item in ax.collections]
    assert sum(masks) == found.probabilities.isna().to_numpy().sum()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_ellipses_and_path_are_those_of_the_result(metros, path, language):
    cities, _ = metros
    ax = ellipse_plot(path, cities, options=PlotOptions(language=language))
    lines = {line.get_gid(): line for line in ax.lines}
    assert set(lines) == {"ellipse-1980", "ellipse-1996", "centre-path"}
    np.testing.assert_allclose(lines["centre-path"].get_xdata(), path.table["longitude"])
    np.testing.assert_allclose(lines["ellipse-1996"].get_ydata(), path.outline(1996)["latitude"])
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend[0] == label("ellipse_year", language, year=1980)
    assert any(f"{path.total_moved:.0f}" in text for text in texts_of_figure(ax))


def test_centre_path_names_the_first_and_the_last_year(path):
    ax = centre_path_plot(path, options=PlotOptions(labelled=4, language="zh"))
    years = [word for word in words_of(ax) if word.isdigit()]
    assert years[:2] == ["1980", "1996"]
    assert len(years) <= 4
    points = next(item for item in ax.collections if item.get_gid() == "centres")
    np.testing.assert_allclose(points.get_offsets(), path.table[["longitude", "latitude"]])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_emerging_map_counts_what_it_shows(metros, language):
    cities, income = metros
    found = emerging_hot_spots(income, knn_weights(cities, k=6))
    ax = emerging_hot_spot_map(cities, found, options=MapOptions(language=language))
    shown = " ".join(texts_of_figure(ax)).replace("\n", " ")
    for word, count in found.cluster_counts().items():
        if count and word != ISOLATED:
            assert label("emerging_" + word.lower().replace(" ", "_"), language) in shown
            assert str(count) in shown
    with pytest.raises(AlignmentError, match="the hot spots"):
        emerging_hot_spot_map(cities.iloc[1:], found)


def test_every_class_has_words_and_a_colour_of_its_own():
    assert set(EMERGING_COLOURS) == {*EMERGING_CLASSES, ISOLATED}
    assert len({to_hex(colour) for colour in EMERGING_COLOURS.values()}) == 18
    for language in ("en", "zh"):
        words = [
            label("emerging_" + word.lower().replace(" ", "_"), language)
            for word in EMERGING_CLASSES
        ]
        assert len(set(words)) == 17
    assert pd.Index(EMERGING_CLASSES).is_unique
