"""Every built-in palette keeps its classes apart for readers with colour vision deficiencies."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from shapefiles.colour_vision import (
    VISIONS,
    colour_distance,
    from_lab,
    lab,
    least_distance,
    lightness,
)
from shapefiles.map_communities import CORE_COLOURS
from shapefiles.palettes import (
    EMERGING_COLOURS,
    HATCHED_EMERGING,
    HOT_SPOT_COLOURS,
    LISA_COLOURS,
    QUALITATIVE,
    diverging_colours,
    sequential_colours,
)
from shapefiles.palettes_bivariate import bivariate_colours
from spatial.errors import ConfigError

# CIELAB distances (CIE 1976). Two are just noticeable side by side. Neighbours on a ramp stand in
# order, so that less is enough for them than for classes without order.
ORDERED, UNORDERED = 6.0, 12.0
BIVARIATE = {2: 40.0, 3: 20.0, 4: 13.0}


def test_lab_agrees_with_published_values():
    # sRGB primaries under D65, http://www.brucelindbloom.com (CIE Lab calculator).
    for colour, expected in {
        "#ff0000": (53.24, 80.09, 67.20),
        "#00ff00": (87.73, -86.18, 83.18),
        "#0000ff": (32.30, 79.19, -107.86),
    }.items():
        np.testing.assert_allclose(lab(colour), expected, atol=0.05)
    for colour in (*QUALITATIVE, "#000000", "#ffffff"):
        assert from_lab(lab(colour)) == colour


def test_greys_look_alike_to_everybody_and_red_and_green_do_not():
    for vision in VISIONS:
        np.testing.assert_allclose(lab("#777777", vision), lab("#777777"), atol=0.3)
    # Of equal lightness for deuteranopes: far apart for others, close for them.
    assert colour_distance("#b35900", "#5c7a00") > 2.0 * colour_distance(
        "#b35900", "#5c7a00", "deuteranopia"
    )
    with pytest.raises(ConfigError, match="vision"):
        lab("#777777", "blindness")


@pytest.mark.parametrize("vision", VISIONS)
def test_sequential_and_diverging_ramps(vision):
    for palette in ("blue", "green", "orange", "purple", "grey"):
        for n in range(2, 8):
            assert least_distance(sequential_colours(n, palette), vision) >= ORDERED, palette
    for palette in ("brown-teal", "purple-orange"):
        for n in (1, 2, 3, 4):
            assert least_distance(diverging_colours(n, n, palette), vision) >= 10.0, palette


@pytest.mark.parametrize("vision", VISIONS)
def test_categories_and_clusters(vision):
    for colours in (
        QUALITATIVE,
        LISA_COLOURS.values(),
        HOT_SPOT_COLOURS.values(),
        CORE_COLOURS.values(),
    ):
        assert least_distance(colours, vision) >= UNORDERED


@pytest.mark.parametrize("vision", VISIONS)
def test_emerging_hot_spots_of_one_pattern(vision):
    for hatched in (True, False):
        colours = [
            c for word, c in EMERGING_COLOURS.items() if (word in HATCHED_EMERGING) == hatched
        ]
        assert len(colours) == (8 if hatched else 10)
        assert least_distance(colours, vision) >= UNORDERED


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("palette", ["blue-orange", "green-purple", "blue-red"])
@pytest.mark.parametrize("k", [2, 3, 4])
def test_squares_of_colours(palette, k, vision):
    rows = bivariate_colours(k, k, palette)
    assert least_distance([colour for row in rows for colour in row], vision) >= BIVARIATE[k]


def test_squares_darken_towards_high_values():
    for palette in ("blue-orange", "green-purple", "blue-red"):
        rows = np.array([[lightness(c) for c in row] for row in bivariate_colours(4, 4, palette)])
        assert (np.diff(rows, axis=0) < 0).all()
        assert (np.diff(rows, axis=1) < 0).all()
    with pytest.raises(ConfigError, match="palette"):
        bivariate_colours(3, 3, "blue")


def test_hot_and_cold_have_the_same_steps():
    tones = [lightness(colour) for colour in list(HOT_SPOT_COLOURS.values())[:7]]
    assert all(a < b for a, b in pairwise(tones[:4]))
    assert all(a > b for a, b in pairwise(tones[3:]))


def test_least_distance_is_that_of_the_closest_pair():
    colours = ["#102030", "#445566", "#ddeeff", "#112233"]
    expected = min(colour_distance(a, b) for a, b in combinations(colours, 2))
    assert least_distance(colours) == pytest.approx(expected)
    assert least_distance(["#102030"]) == float("inf")
