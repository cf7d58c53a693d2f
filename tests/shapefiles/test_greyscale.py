"""Greys keep the order of classes and keep them apart; patterns do the rest."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest

from shapefiles.colour_vision import lab, lightness
from shapefiles.greyscale import greyscale
from shapefiles.palettes import EMERGING_COLOURS, HOT_SPOT_COLOURS, LISA_COLOURS
from shapefiles.style_patterns import pattern_ink
from shapefiles.styles import (
    bivariate_style,
    categorised_style,
    choropleth_style,
    emerging_hot_spot_style,
    hot_spot_style,
    link_width_style,
    lisa_style,
    outline_style,
    sized_point_style,
)

STEP, APART = 6.0, 18.0
"""Steps of lightness (0 to 100) between neighbours on a ramp, and between unordered classes."""

VALUES = pd.Series([*np.linspace(-5.0, 8.0, 50), np.nan])


def assert_grey(style):
    for one in style.classes:
        assert np.abs(lab(one.colour)[1:]).max() < 0.5


def assert_apart(classes):
    for a, b in combinations(classes, 2):
        assert a.pattern != b.pattern or abs(lightness(a.colour) - lightness(b.colour)) >= APART, (
            a.label,
            b.label,
        )


@pytest.mark.parametrize("palette", ["blue", "green", "orange", "purple", "grey"])
@pytest.mark.parametrize("k", [2, 5, 7])
@pytest.mark.parametrize("reverse", [True, False])
def test_ordered_classes_are_ordered_greys(palette, k, reverse):
    style = choropleth_style(VALUES, column="v", title="V", palette=palette, k=k, reverse=reverse)
    grey = greyscale(style)
    tones = [lightness(one.colour) for one in grey.classes if not one.missing]
    steps = [(b - a) * (1 if reverse else -1) for a, b in pairwise(tones)]
    assert min(steps) >= STEP
    assert_grey(grey)
    assert [one.label for one in grey.classes] == [one.label for one in style.classes]
    assert grey.bounds == style.bounds
    assert grey.class_of(VALUES).equals(style.class_of(VALUES))
    assert not any(one.pattern for one in grey.classes)


@pytest.mark.parametrize("palette", ["brown-teal", "purple-orange"])
@pytest.mark.parametrize("centre", [-2.0, 0.0, 4.0])
def test_the_lower_side_of_a_diverging_map_is_hatched(palette, centre):
    style = choropleth_style(VALUES, column="v", title="V", centre=centre, palette=palette)
    shown = [one for one in greyscale(style).classes if not one.missing]
    for one in shown:
        assert (one.pattern == "lines") == (one.upper <= centre)
    for side in (True, False):
        tones = [lightness(one.colour) for one in shown if (one.upper <= centre) == side]
        steps = [(b - a) * (1 if side else -1) for a, b in pairwise(tones)]
        assert not steps or min(steps) >= STEP


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lisa_style, LISA_COLOURS),
        (hot_spot_style, HOT_SPOT_COLOURS),
        (emerging_hot_spot_style, EMERGING_COLOURS),
    ],
)
def test_clusters_stay_apart(make, words):
    grey = greyscale(make(pd.Series([*words]), column="c", title="C"))
    assert len(grey.classes) == len(words)
    assert_grey(grey)
    assert_apart(grey.classes)


def test_ten_categories_stay_apart_and_circles_have_dark_outlines():
    values = pd.Series([f"k{i}" for i in range(14)])
    style = categorised_style(values, column="k", title="K", geometry="point")
    grey = greyscale(style)
    assert len(grey.classes) == 10
    assert_apart(grey.classes)
    assert lightness(grey.outline_colour) < 30.0


def test_pairs_are_greys_by_patterns():
    style = bivariate_style(VALUES, VALUES**2, columns=("a", "b"), k=4)
    grey = greyscale(style)
    shown = [one for one in grey.classes if not one.missing]
    for row in range(len(shown) // 4):
        cells = shown[4 * row : 4 * row + 4]
        assert len({one.pattern for one in cells}) == 1
        assert all(a - b >= STEP for a, b in pairwise(lightness(one.colour) for one in cells))
    assert len({one.pattern for one in shown[::4]}) == len(shown) // 4


def test_sizes_and_widths_stay():
    weights = VALUES.dropna().abs()
    for style in (
        sized_point_style(weights, column="v", title="V"),
        link_width_style(weights, column="v", title="V"),
    ):
        grey = greyscale(style)
        assert [one.size for one in grey.classes] == [one.size for one in style.classes]
        assert_grey(grey)
    tones = [lightness(one.colour) for one in greyscale(style).classes]
    assert tones == sorted(tones, reverse=True)
    assert_grey(greyscale(outline_style(title="O", fill="#aa3322")))


def test_patterns_stand_off_their_ground():
    for colour in ("#2b2b2b", "#5f5f5f", "#8f8f8f", "#c4c4c4", "#f9f9f9", "#c61d23"):
        assert abs(lightness(pattern_ink(colour)) - lightness(colour)) > 40.0
