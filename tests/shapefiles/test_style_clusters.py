"""Styles of clusters: fixed words, order and colours, in both languages."""

from __future__ import annotations

import pandas as pd
import pytest

from shapefiles.palettes import EMERGING_COLOURS, HOT_SPOT_COLOURS, red_green_blue
from shapefiles.styles import emerging_hot_spot_style, hot_spot_style
from spatial.autocorrelation import EMERGING_CLASSES, HOT_SPOT_CLASSES, ISOLATED, NOT_SIGNIFICANT
from spatial.errors import ConfigError


def test_hot_spots_run_from_red_to_blue_and_all_stand_in_the_legend():
    words = pd.Series(["Hot spot 99%", "Cold spot 95%", "Not significant", None, "Isolated"])
    style = hot_spot_style(words, column="c", title="C", language="zh")
    assert [one.label for one in style.classes] == [
        "热点，99% 置信度（1）",
        "热点，95% 置信度（0）",
        "热点，90% 置信度（0）",
        "不显著（1）",
        "冷点，90% 置信度（0）",
        "冷点，95% 置信度（1）",
        "冷点，99% 置信度（0）",
        "无邻居（1）",
        "无数据（1）",
    ]
    assert style.class_of(words).tolist() == [0, 5, 3, 8, 7]
    for one in style.classes[:7]:
        red, _, blue = red_green_blue(one.colour)
        assert (red > blue) == one.value.startswith("Hot")
        assert (red < blue) == one.value.startswith("Cold")
    with pytest.raises(ConfigError, match="hot"):
        hot_spot_style(pd.Series(["hot"]), column="c", title="C")


def test_words_are_those_of_the_statistics():
    assert set(HOT_SPOT_COLOURS) == {*HOT_SPOT_CLASSES, NOT_SIGNIFICANT, ISOLATED}
    assert set(EMERGING_COLOURS) == {*EMERGING_CLASSES, ISOLATED}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_emerging_hot_spots_show_what_occurs(language):
    words = pd.Series(["No pattern", "New cold spot", "Persistent hot spot", "No pattern"])
    style = emerging_hot_spot_style(words, column="c", title="C", language=language)
    assert [one.value for one in style.classes] == [
        "Persistent hot spot",
        "New cold spot",
        "No pattern",
    ]
    assert [one.count for one in style.classes] == [1, 1, 2]
    everything = pd.Series([*EMERGING_CLASSES, ISOLATED, None])
    full = emerging_hot_spot_style(everything, column="c", title="C", language=language)
    assert len({one.label for one in full.classes}) == len(full.classes) == 19
    with pytest.raises(ConfigError, match="'hot'"):
        emerging_hot_spot_style(pd.Series(["hot"]), column="c", title="C")
