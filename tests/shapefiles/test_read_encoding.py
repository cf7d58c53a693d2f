"""Encodings: what is recognised, what must be stated, and round trips."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shapefiles.read_encoding import decoded_text
from spatial.errors import ConfigError, InputError

# Characters of the GB 2312 core, of which Chinese city names consist.
HANZI = "北京市上海天津重庆石家庄太原呼和浩特沈阳长春哈尔滨南京杭州合肥福州济郑武汉沙广深圳"
CHINESE = st.text(st.sampled_from(HANZI + "abc,0123\n"), min_size=1)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r\ufeff"))


@given(ANY_TEXT)
@example("Zürich,São Paulo,北京市,🏙️")
def test_utf8_is_always_recognised(text: str) -> None:
    assert decoded_text(text.encode("utf-8"), what="file") == (text, "UTF-8")
    assert decoded_text(text.encode("utf-8-sig"), what="file") == (text, "UTF-8 with BOM")


@given(ANY_TEXT)
def test_utf16_of_excel_is_recognised(text: str) -> None:
    assert decoded_text(text.encode("utf-16"), what="file") == (text, "UTF-16")


@given(CHINESE)
def test_gb18030_is_recognised_unless_the_bytes_pass_as_utf8(text: str) -> None:
    content = text.encode("gb18030")
    read, encoding = decoded_text(content, what="file")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        assert (read, encoding) == (text, "GB18030")
    else:
        assert encoding == "UTF-8"


def test_rare_characters_of_gb18030_among_common_ones() -> None:
    text = "朱镕基,北京市,㐀,深圳市"  # GBK extension and a four-byte character
    assert decoded_text(text.encode("gb18030"), what="file") == (text, "GB18030")


@pytest.mark.parametrize("text", ["Zürich;Genève", "Málaga, España", "Łódź", "Saarbrücken\nKöln"])
def test_latin_text_is_never_taken_for_chinese(text: str) -> None:
    encoding = "cp1250" if "Ł" in text else "cp1252"
    with pytest.raises(InputError, match="key encoding"):
        decoded_text(text.encode(encoding), what="file")
    assert decoded_text(text.encode(encoding), what="file", encoding=encoding)[0] == text


def test_stated_encoding_is_strict_and_must_exist() -> None:
    with pytest.raises(InputError, match=r"not text in utf-8.*line 2"):
        decoded_text("a\n北京".encode("gb18030"), what="file", encoding="utf-8")
    with pytest.raises(ConfigError, match="encoding='gbk99' is not known"):
        decoded_text(b"a", what="file", encoding="gbk99")
    assert decoded_text("é".encode("utf-8-sig"), what="file", encoding="utf-8")[0] == "é"


def test_binary_bytes_are_no_text() -> None:
    with pytest.raises(InputError, match="not a text file"):
        decoded_text(b"PK\x03\x04\x00\x00", what="file")
