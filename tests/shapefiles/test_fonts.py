"""Fonts: every character is looked up, and none is drawn as a box."""

from __future__ import annotations

import pytest
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from shapefiles import fonts
from shapefiles.fonts import font_families, missing_characters, plain_text
from spatial.errors import ConfigError, ExportError


@pytest.fixture
def only_dejavu(monkeypatch):
    """A machine that has nothing but the font that ships with matplotlib."""
    monkeypatch.setattr(fonts, "_installed", lambda: frozenset({"DejaVu Sans"}))
    monkeypatch.setattr(fonts, "_find_new_fonts", lambda: None)


@pytest.mark.usefixtures("only_dejavu")
def test_missing_characters_are_named_with_a_remedy():
    with pytest.raises(ExportError, match=r"北.*U\+5317.*Install") as caught:
        font_families("zh", ["北京 Beijing"])
    assert "京" in str(caught.value)
    assert "Noto Sans CJK SC" in str(caught.value)


@pytest.mark.usefixtures("only_dejavu")
def test_latin_text_needs_no_chinese_font():
    assert font_families("zh", ["Köln − 2009"]) == ("DejaVu Sans",)


def test_families_hold_every_character_by_the_font_file_itself():
    text = "Zürich ≥ − – 10 km²"
    families = font_families("en", [text])
    held = set()
    for family in families:
        path = font_manager.findfont(font_manager.FontProperties(family=family))
        held |= set(FT2Font(str(getattr(path, "path", path))).get_charmap())
    assert {ord(letter) for letter in text if letter != " "} <= held
    assert missing_characters(text, families) == ""


def test_chinese_name_in_an_english_figure_adds_a_family(chinese_font):
    families = font_families("en", ["Beijing 北京"])
    assert families[0] in fonts.LATIN_FAMILIES
    assert missing_characters("北京", families) == ""
    assert missing_characters("北京", ["DejaVu Sans"]) == "北京"


def test_chinese_figures_prefer_the_mainland_forms(chinese_font):
    first = font_families("zh", ["直辖市骨"])[0]
    assert first in fonts.CHINESE_FAMILIES
    if "Noto Sans CJK SC" in {entry.name for entry in font_manager.fontManager.ttflist}:
        assert first == "Noto Sans CJK SC"


def test_invisible_characters_are_not_drawn():
    assert plain_text("A\u200dB\ufe0f\x00\n C\u202e") == "AB C"
    assert font_families("en", ["\u200b\ufeff"])


def test_long_names_end_in_an_ellipsis():
    short = plain_text("x" * 300, limit=32)
    assert len(short) == 32
    assert short.endswith("…")


def test_a_font_installed_later_is_found(monkeypatch):
    """matplotlib keeps its list between runs; the user was told to install a font and did."""
    seen = []
    monkeypatch.setattr(fonts, "_installed", lambda: frozenset(seen))
    monkeypatch.setattr(fonts, "_find_new_fonts", lambda: seen.append("DejaVu Sans"))
    assert font_families("en", ["abc"]) == ("DejaVu Sans",)


def test_unknown_language_is_refused():
    with pytest.raises(ConfigError, match="language"):
        font_families("fr", ["a"])
