"""Styles: classes agree with mapclassify, bounds are exact, every value finds its class."""

from __future__ import annotations

import itertools

import mapclassify
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapefiles.classification import (
    centred_bounds,
    class_bounds,
    class_positions,
    needed_decimals,
    written_number,
)
from shapefiles.palettes import (
    LISA_COLOURS,
    QUALITATIVE,
    diverging_colours,
    red_green_blue,
    sequential_colours,
)
from shapefiles.styles import (
    LayerStyle,
    StyleClass,
    categorised_style,
    category_texts,
    choropleth_style,
    link_width_style,
    lisa_style,
    outline_style,
    sized_point_style,
)
from spatial.errors import ConfigError

NUMBERS = st.lists(
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3)), min_size=1, max_size=60
)


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    parts = np.array(red_green_blue(colour)) / 255.0
    linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


# ---- class bounds


def squared_deviations(groups: list[np.ndarray]) -> float:
    return sum(float(((group - group.mean()) ** 2).sum()) for group in groups if len(group))


@pytest.mark.parametrize("seed", range(5))
def test_natural_breaks_are_the_best_of_all(seed):
    values = np.sort(np.random.default_rng(seed).normal(size=11).round(3))
    bounds = class_bounds(values, k=3)
    positions = class_positions(values, bounds)
    ours = squared_deviations([values[positions == i] for i in range(3)])
    best = min(
        squared_deviations(np.split(values, list(cuts)))
        for cuts in itertools.combinations(range(1, len(values)), 2)
    )
    assert ours == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize(
    ("scheme", "classifier"),
    [
        ("fisherjenks", mapclassify.FisherJenks),
        ("quantiles", mapclassify.Quantiles),
        ("equalinterval", mapclassify.EqualInterval),
    ],
)
def test_bounds_are_those_of_mapclassify(scheme, classifier):
    values = np.random.default_rng(3).gamma(2.0, 3.0, size=80)
    oracle = classifier(values, k=5)
    bounds = class_bounds(values, scheme=scheme, k=5)
    np.testing.assert_array_equal(bounds[1:], oracle.bins)
    np.testing.assert_array_equal(class_positions(values, bounds), oracle.yb)


def test_large_numbers_with_a_small_spread_keep_their_classes():
    # In single precision, 1e7 plus thousandths would be one number.
    steps = np.array([0.0, 0.001, 0.002, 0.5, 0.501, 0.9, 0.901, 0.902])
    positions = class_positions(1e7 + steps, class_bounds(1e7 + steps, k=3))
    assert positions.tolist() == [0, 0, 0, 1, 1, 2, 2, 2]


@given(NUMBERS, st.integers(1, 7), st.sampled_from(["fisherjenks", "quantiles", "equalinterval"]))
def test_every_value_has_one_class_and_no_class_is_empty(numbers, k, scheme):
    values = np.array(numbers)
    bounds = class_bounds(values, scheme=scheme, k=k)
    # Only the first class may hold a single number, the minimum.
    assert (np.diff(bounds)[1:] > 0).all()
    assert bounds[0] == values.min()
    assert bounds[-1] == values.max()
    positions = class_positions(values, bounds)
    assert sorted(set(positions)) == list(range(len(bounds) - 1))
    assert len(bounds) - 1 <= k


@given(NUMBERS, st.integers(2, 7), st.floats(-100, 100))
def test_centred_bounds_are_symmetric(numbers, k, centre):
    values = np.array(numbers)
    bounds = centred_bounds(values, centre, k=k)
    assert (class_positions(values, bounds) >= 0).all()
    if values.min() < centre < values.max():
        assert centre in bounds
        inner = bounds[1:-1] - centre
        reach = min(centre - bounds[0], bounds[-1] - centre)
        near = inner[np.abs(inner) < reach * (1.0 - 1e-9)]
        np.testing.assert_allclose(np.sort(-near), near, atol=1e-6)


def test_many_values_are_classified_quickly_and_completely():
    values = np.random.default_rng(0).normal(size=50_000)
    bounds = class_bounds(values, k=5)
    assert len(bounds) == 6
    assert (class_positions(values, bounds) >= 0).all()


def test_missing_values_and_values_outside_have_no_class():
    found = class_positions(np.array([np.nan, -1.0, 0.0, 1.0, 1.5, 2.0, 2.1]), [0.0, 1.0, 2.0])
    assert found.tolist() == [-1, -1, 0, 0, 1, 1, -1]


@pytest.mark.parametrize("values", [[np.nan, np.inf], []])
def test_nothing_to_classify_is_said(values):
    with pytest.raises(ConfigError, match="no finite value"):
        class_bounds(np.array(values, dtype=float))


def test_unknown_scheme_and_k_are_refused():
    with pytest.raises(ConfigError, match="nearest: 'quantiles'"):
        class_bounds(np.arange(5.0), scheme="quantile")
    with pytest.raises(ConfigError, match="at least one class"):
        class_bounds(np.arange(5.0), k=0)


@pytest.mark.parametrize(
    ("bounds", "decimals"),
    [
        ([0.0, 0.12, 0.5, 1.0], 2),
        ([1.0, 18.0, 71.0], 0),
        ([8188.0, 603672.0, 1865918.0], -4),
        ([0.123456, 0.123457], 6),
        ([3.0, 3.0], 0),
    ],
)
def test_decimals_of_labels(bounds, decimals):
    assert needed_decimals(bounds) == decimals


@given(st.floats(-1e9, 1e9), st.integers(-4, 5))
def test_written_numbers_are_read_back(value, decimals):
    text = written_number(value, decimals)
    assert "-" not in text
    back = float(text.replace(",", "").replace("−", "-"))
    assert back == pytest.approx(value, abs=0.51 * 10.0**-decimals)


# ---- styles


def test_bounds_are_exact_and_labels_rounded():
    values = pd.Series(np.random.default_rng(1).normal(size=50), name="x")
    style = choropleth_style(values, column="x", title="X")
    np.testing.assert_array_equal(style.bounds, class_bounds(values.to_numpy(), k=5))
    assert max(len(one.wording) for one in style.classes) < 20


def test_counts_of_the_legend_are_those_of_the_classes():
    values = pd.Series(np.random.default_rng(2).normal(size=90))
    values.iloc[[3, 17]] = np.nan
    values.iloc[5] = np.inf
    for style in (
        choropleth_style(values, column="x", title="X"),
        choropleth_style(values, column="x", title="X", centre=0.0, clip=0.05),
        sized_point_style(values.abs(), column="x", title="X"),
        link_width_style(values.abs(), column="x", title="X"),
    ):
        source = values.abs() if style.geometry != "polygon" else values
        positions = style.class_of(source.sample(frac=1.0, random_state=1))
        assert (positions >= 0).all()
        counted = positions.value_counts().reindex(range(len(style.classes)), fill_value=0)
        assert counted.tolist() == [one.count for one in style.classes]
        assert style.missing_class.count == 3
        assert all(one.label.endswith(f"({one.count})") for one in style.classes)
        assert style.classes[-1].missing


def test_class_of_keeps_the_index():
    values = pd.Series([3.0, 1.0, 2.0], index=["c", "a", "b"])
    style = choropleth_style(values, column="x", title="X", k=3)
    assert style.class_of(values).to_dict() == {"c": 2, "a": 0, "b": 1}
    assert style.class_of(values[["a", "c"]]).to_dict() == {"a": 0, "c": 2}


def test_no_missing_class_without_missing_values():
    assert choropleth_style(pd.Series([1.0, 2.0]), column="x", title="X").missing_class is None


def test_given_bounds_are_widened_and_not_changed():
    bounds = np.array([0.0, 1.0, 2.0])
    style = choropleth_style(pd.Series([-1.0, 1.5, 9.0]), column="x", title="X", bounds=bounds)
    assert style.bounds == (-1.0, 1.0, 9.0)
    assert bounds.tolist() == [0.0, 1.0, 2.0]
    with pytest.raises(ConfigError, match="ascending"):
        choropleth_style(pd.Series([1.0]), column="x", title="X", bounds=[2.0, 1.0])


def test_clipping_opens_the_outermost_classes():
    values = pd.Series([*np.linspace(-5.0, 5.0, 99), 900.0, -700.0])
    style = choropleth_style(values, column="x", title="X", centre=0.0, k=6, clip=0.02)
    first, last = style.classes[0], style.classes[-1]
    assert (first.lower, last.upper) == (-700.0, 900.0)
    assert first.wording.startswith("≤ −")
    assert last.wording.startswith("> ")
    assert (style.class_of(values) >= 0).all()
    assert max(abs(bound) for bound in style.bounds[1:-1]) < 5.0


def test_a_diverging_style_changes_its_hue_at_the_centre():
    values = pd.Series([-3.0, -1.0, -0.2, 0.4, 0.9])
    style = choropleth_style(values, column="x", title="X", centre=0.0, k=4)
    assert 0.0 in style.bounds
    for one in style.classes:
        red, _, blue = red_green_blue(one.colour)
        assert (red > blue) == (one.upper <= 0.0)


def test_one_value_gives_one_class():
    style = choropleth_style(pd.Series([2.0, 2.0, None]), column="x", title="X")
    assert [one.label for one in style.classes] == ["2 (2)", "No data (1)"]


def test_integers_with_gaps_and_text_numbers():
    values = pd.Series([1, None, 3, 8], dtype="Int64")
    style = choropleth_style(values, column="x", title="X", k=2)
    assert style.missing_class.count == 1
    with pytest.raises(ConfigError, match="text, not numbers"):
        choropleth_style(pd.Series(["a", 1.0], dtype=object), column="x", title="X")
    with pytest.raises(ConfigError, match="no numbers"):
        choropleth_style(pd.Series(pd.to_datetime(["2020-01-01"])), column="x", title="X")


def test_strong_links_are_wide_dark_and_drawn_last():
    style = link_width_style(pd.Series([1.0, 2.0, 5.0, 9.0, 30.0]), column="w", title="W", k=4)
    sizes = [one.size for one in style.classes]
    assert sizes == sorted(sizes)
    assert style.draw_order == "ascending"
    tones = [luminance(one.colour) for one in style.classes]
    assert tones == sorted(tones, reverse=True)


def test_large_circles_are_drawn_first():
    style = sized_point_style(pd.Series([1.0, 2.0, 5.0, 9.0]), column="s", title="S")
    assert style.draw_order == "descending"
    assert [one.size for one in style.classes] == sorted(one.size for one in style.classes)


def test_lisa_has_the_colours_of_geoda_and_all_clusters():
    clusters = pd.Series(["High-High", "Low-Low", "High-High", None, "Isolated"])
    style = lisa_style(clusters, column="c", title="C", language="zh")
    found = {one.value: one.colour for one in style.classes if one.value}
    assert found == {
        "High-High": "#FF0000",
        "Low-Low": "#0000FF",
        "Low-High": "#a7adf9",
        "High-Low": "#f4ada8",
        "Not significant": "#eeeeee",
        "Isolated": "#999999",
    }
    assert [one.label for one in style.classes] == [
        "高–高（2）",
        "低–低（1）",
        "低–高（0）",
        "高–低（0）",
        "不显著（0）",
        "无邻居（1）",
        "无数据（1）",
    ]
    assert style.class_of(clusters).tolist() == [0, 1, 0, 6, 5]
    assert "Undefined" in LISA_COLOURS
    with pytest.raises(ConfigError, match="'HH'"):
        lisa_style(pd.Series(["HH"]), column="c", title="C")


def test_categories_are_text_and_the_rare_ones_share_a_class():
    values = pd.Series([float(i) for i in range(1, 13) for _ in range(20 - i)] + [None])
    style = categorised_style(values, column="c", title="C", most=5)
    assert [one.value for one in style.classes[:5]] == ["1", "2", "3", "4", "5"]
    other, missing = style.classes[5:]
    assert other.members == ("6", "7", "8", "9", "10", "11", "12")
    assert other.count == sum(20 - i for i in range(6, 13))
    assert missing.missing
    assert missing.count == 1
    counted = style.class_of(values).value_counts()
    assert counted[5] == other.count
    assert len({one.colour for one in style.classes}) == len(style.classes)


def test_order_labels_and_colours_of_categories():
    values = pd.Series(["b", "a", "b"])
    style = categorised_style(
        values,
        column="c",
        title="C",
        order=["z", "b"],
        labels={"b": "B & co"},
        colours={"b": "#123456"},
        counts=False,
    )
    assert [one.value for one in style.classes] == ["z", "b", "a"]
    assert style.classes[1].label == "B & co"
    assert style.classes[1].colour == "#123456"
    assert style.class_of(pd.Series(["a", "unknown"])).tolist() == [2, -1]


def test_too_many_or_no_categories_are_refused():
    with pytest.raises(ConfigError, match="most=9"):
        categorised_style(pd.Series(["a"]), column="c", title="C", order=list("abcdefghij"))
    with pytest.raises(ConfigError, match="no category"):
        categorised_style(pd.Series([None, None]), column="c", title="C")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series([1, 2]), ["1", "2"]),
        (pd.Series([1.0, np.nan, 2.5]), ["1", None, "2.5"]),
        (pd.Series([True, False]), ["True", "False"]),
        (pd.Series(["01", None, pd.NA]), ["01", None, None]),
        (pd.Series(["a", "b"], dtype="category"), ["a", "b"]),
        (pd.Series([1, None], dtype="Int64"), ["1", None]),
        (pd.to_datetime(pd.Series(["2020-01-01", None])), ["2020-01-01 00:00:00", None]),
    ],
)
def test_texts_of_categories(values, expected):
    assert category_texts(values).tolist() == expected


def test_outline_is_one_class_for_all():
    style = outline_style(title="States")
    assert style.class_of(pd.Series([None, 1, "a"])).tolist() == [0, 0, 0]


def test_wrong_words_and_colours_are_refused():
    with pytest.raises(ConfigError, match="no colour"):
        StyleClass(label="x", colour="red")
    one = StyleClass(label="x", colour="#000000")
    with pytest.raises(ConfigError, match="geometry"):
        LayerStyle(name="a", title="a", geometry="area", column="x", kind="single", classes=(one,))
    with pytest.raises(ConfigError, match="no classes"):
        LayerStyle(name="a", title="a", geometry="point", column="x", kind="single", classes=())


# ---- colours


@pytest.mark.parametrize("palette", ["blue", "green", "orange", "purple", "grey"])
@pytest.mark.parametrize("n", range(2, 9))
def test_ramps_darken_step_by_step(palette, n):
    tones = [luminance(colour) for colour in sequential_colours(n, palette)]
    assert all(a - b > 0.008 for a, b in itertools.pairwise(tones))


@pytest.mark.parametrize("palette", ["brown-teal", "purple-orange"])
def test_arms_of_diverging_ramps_have_the_same_strength(palette):
    colours = diverging_colours(3, 3, palette)
    tones = [luminance(colour) for colour in colours]
    assert tones[0] < tones[1] < tones[2]
    assert tones[3] > tones[4] > tones[5]
    assert diverging_colours(1, 3, palette) == (colours[2], *colours[3:])


def seen_without_green_cones(colour: str) -> np.ndarray:
    """Colour in linear RGB as seen with deuteranopia (Vienot, Brettel and Mollon 1999)."""
    linear = (np.array(red_green_blue(colour)) / 255.0) ** 2.2
    matrix = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])
    return np.clip(matrix @ linear, 0.0, 1.0) ** (1.0 / 2.2)


def test_categories_differ_for_colour_blind_readers():
    seen = [seen_without_green_cones(colour) for colour in QUALITATIVE]
    gaps = [float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)]
    assert min(gaps) > 0.05


def test_wrong_palettes_are_refused():
    with pytest.raises(ConfigError, match="diverges"):
        sequential_colours(3, "brown-teal")
    with pytest.raises(ConfigError, match="does not diverge"):
        diverging_colours(2, 2, "blue")
    with pytest.raises(ConfigError, match="nearest: 'blue'"):
        sequential_colours(3, "bleu")
