"""Tables find the page they fit on, and are parted where none is wide enough."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapefiles.journal_table import BodyRow, HeadCell, JournalTable, single
from shapefiles.table_widths import column_parts, display_width, page_fit, wrapped

PORTRAIT, LANDSCAPE = 453.0, 700.0


def table_of(columns: int, cell: str = "−0.123***") -> JournalTable:
    heads = [f"({at})" for at in range(columns)]
    return JournalTable(
        ((HeadCell(""), HeadCell("all", columns)), single(["city", *heads])),
        (BodyRow(("Ulm", *[cell] * columns)),),
        ("words", *["number"] * columns),
        notes=("told once",),
    )


class TestFit:
    def test_few_columns_stay_upright(self):
        fit = page_fit(table_of(4), portrait=PORTRAIT, landscape=LANDSCAPE)
        assert (fit.landscape, fit.points, fit.fits) == (False, 9.0, True)
        assert sum(fit.widths) == pytest.approx(PORTRAIT)

    def test_wide_ones_turn_and_shrink(self):
        fit = page_fit(table_of(11), portrait=PORTRAIT, landscape=LANDSCAPE)
        assert fit.landscape
        assert fit.fits

    @given(st.integers(1, 60))
    def test_parts_fit_and_lose_nothing(self, columns):
        parts = column_parts(table_of(columns), landscape=LANDSCAPE)
        heads = [cell.text for part in parts for cell in part.head[-1][1:]]
        assert heads == [f"({at})" for at in range(columns)]
        assert all(part.rows[0].cells[0] == "Ulm" for part in parts)
        assert [part.notes for part in parts][-1] == ("told once",)
        assert not any(part.notes for part in parts[:-1])
        for part in parts:
            assert page_fit(part, portrait=PORTRAIT, landscape=LANDSCAPE).fits


class TestWrap:
    @given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"])))
    def test_no_sign_is_lost(self, text):
        assert "".join(wrapped(text, 10)) == text

    def test_chinese_and_combining_signs(self):
        assert display_width("e\u0301") == 1
        assert wrapped("平均路径长度", 6) == ["平均路", "径长度"]
