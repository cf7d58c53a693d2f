"""Three-line tables through every writer and back, with names that break careless ones."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapefiles.journal_files import ENDINGS, write_journal_tables
from shapefiles.journal_table import BodyRow, HeadCell, JournalTable, single
from shapefiles.journal_workbook import number_and_format
from shapefiles.markup_tables import latex_text, table_html, table_latex, table_markdown, table_text
from shapefiles.number_texts import number_text
from spatial.errors import ExportError

MORE_NAMES = (
    "R&D_50% #1 $x^2$ ~tilde~",
    "\\input{/etc/passwd} \\end{tabular}",
    "{a}[b]|c|`d`*e*_f_",
    "* starred first",
    "[bracket first]",
    "a -- b --- c",
    "=cmd|' /C calc'!A0",
    "http://example.invalid/?q=1&r=2",
    "![image](x) <b>bold</b>",
    "Łódź, Île-de-France, Ørsted ß",
)
ENGINES = [name for name in ("xelatex", "pdflatex", "pandoc") if shutil.which(name)]


@pytest.fixture(scope="module")
def names(hostile_names) -> tuple[str, ...]:
    return (*hostile_names, *MORE_NAMES)


def expected(name: str) -> str:
    """What a reader should find: the name without control characters, on one line."""
    kept = "".join(sign for sign in name if ord(sign) >= 32 or sign in "\n\t\r")
    return re.sub(r"[\n\t\r]+", " ", kept)


def named_table(names, language="en") -> JournalTable:
    rows = [BodyRow((name, "−0.123***", "(0.456)")) for name in names]
    rows.insert(3, BodyRow((names[0], "", ""), rule=True, panel=True))
    return JournalTable(
        head=((HeadCell(""), HeadCell(names[0], 2)), single([names[1], names[2], names[3]])),
        rows=tuple(rows),
        kinds=("words", "number", "number"),
        title=names[4],
        notes=names,
        language=language,
    )


class Cells(HTMLParser):
    """Rows of the first table of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data


class TestThereAndBack:
    def test_word(self, tmp_path, names):
        docx = pytest.importorskip("docx")
        path = write_journal_tables(tmp_path / "tables.docx", {"one": named_table(names)})
        document = docx.Document(str(path))
        texts = [row.cells[0].text for row in document.tables[0].rows][2:]
        want = [expected(name) for name in names]
        want.insert(3, want[0])
        assert texts == want
        assert document.tables[0].cell(0, 1).text == expected(names[0])
        assert document.paragraphs[0].text.endswith(expected(names[4]))

    def test_html(self, names):
        read = Cells(table_html(named_table(names)))
        want = [expected(name) for name in names]
        want.insert(3, want[0])
        assert [row[0] for row in read.rows[2:]] == want
        assert set(read.tags) <= {
            "table",
            "caption",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "p",
            "div",
        }

    def test_markdown(self, names):
        parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")
        read = Cells(parser.render(table_markdown(named_table(names))))
        want = [expected(name).strip() for name in names]  # the notation drops outer spaces
        want.insert(3, want[0])
        assert [row[0] for row in read.rows[1:]] == want
        assert not {"b", "script", "img", "a"} & set(read.tags)

    def test_excel(self, tmp_path, names):
        path = write_journal_tables(tmp_path / "tables.xlsx", {"one": named_table(names)})
        sheet = openpyxl.load_workbook(path)["one"]
        want = [expected(name) for name in names]
        want.insert(3, want[0])
        # Below the title and the two rows of the head.
        cells = [row[0] for row in sheet.iter_rows(min_row=4, max_row=3 + len(want))]
        assert [cell.value for cell in cells] == want
        assert {cell.data_type for cell in cells} == {"s"}  # no formula, no number

    @pytest.mark.skipif("pandoc" not in ENGINES, reason="pandoc is not installed")
    def test_latex_by_pandoc(self, names):
        text = table_latex(named_table(names))
        for command, sign in (("quotedbl", '"'), ("bar", "|"), ("asciigrave", "`")):
            text = text.replace(f"\\text{command}{{}}", sign)  # names that pandoc does not know
        answer = subprocess.run(
            ["pandoc", "-f", "latex-smart", "-t", "html"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        read = Cells(answer.stdout)
        first = [row[0] for row in read.rows if len(row) == 3]
        for name in names:
            loose = re.sub(r"\s+", " ", expected(name)).strip()
            assert any(_plain(loose) == _plain(cell) for cell in first), name

    @pytest.mark.skipif("xelatex" not in ENGINES, reason="XeLaTeX is not installed")
    def test_latex_compiles(self, tmp_path, names):
        long = named_table([*names] * 3)
        path = write_journal_tables(
            tmp_path / "tables.tex", {"one": named_table(names), "long": long}
        )
        done = subprocess.run(
            [
                "xelatex",
                "-interaction=nonstopmode",
                "-halt-on-error",
                "-no-shell-escape",
                path.name,
            ],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
        assert (tmp_path / "tables.pdf").stat().st_size > 1000

    @pytest.mark.skipif("pdflatex" not in ENGINES, reason="pdfLaTeX is not installed")
    def test_english_compiles_with_any_latex(self, tmp_path, names):
        latin = [name for name in map(table_text, names) if all(ord(sign) < 0x180 for sign in name)]
        tables = {"one": named_table(latin * 3), "long": named_table(latin * 12)}
        path = write_journal_tables(tmp_path / "tables.tex", tables)
        assert "fontenc" in path.read_text(encoding="utf-8")
        done = subprocess.run(
            [
                "pdflatex",
                "-interaction=nonstopmode",
                "-halt-on-error",
                "-no-shell-escape",
                path.name,
            ],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


def _plain(text: str) -> str:
    """Fold what typesetting changes: quotation marks, hard spaces."""
    folded = text.translate(str.maketrans({"’": "'", "‘": "'", "”": '"', "“": '"', "\u00a0": " "}))
    return re.sub(r"\s+", " ", folded.replace("—", "---")).strip()


class TestWordLook:
    def test_three_lines_and_fonts(self, tmp_path):
        docx = pytest.importorskip("docx")
        from docx.oxml.ns import qn

        rows = (BodyRow(("收入", "0.5")), BodyRow(("Observations", "80"), rule=True))
        table = JournalTable(
            (single(["变量", "(1)"]),), rows, ("words", "number"), title="回归", language="zh"
        )
        path = write_journal_tables(tmp_path / "t.docx", {"t": table})
        grid = docx.Document(str(path)).tables[0]

        def edges(row: int) -> dict[str, str]:
            borders = grid.cell(row, 1)._tc.tcPr.find(qn("w:tcBorders"))
            return {line.tag.split("}")[1]: line.get(qn("w:sz")) for line in borders}

        # In eighths of a point: 1.5 pt, 0.75 pt, 0.5 pt; no vertical rule anywhere.
        assert edges(0) == {"top": "12", "bottom": "6"}
        assert edges(2) == {"top": "4", "bottom": "12"}
        fonts = grid.cell(1, 0).paragraphs[0].runs[0]._element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) == "SimSun"
        assert fonts.get(qn("w:ascii")) == "Times New Roman"
        document = docx.Document(str(path))
        assert document.paragraphs[0]._p.xml.count("SEQ 表") == 1  # Word counts by itself

    def test_wide_tables_lie_on_their_side(self, tmp_path):
        docx = pytest.importorskip("docx")
        narrow = JournalTable((single(["a", "b"]),), (), ("words", "number"))
        wide = JournalTable(
            (single([str(at) for at in range(12)]),), (), ("words",) + ("number",) * 11
        )
        path = write_journal_tables(tmp_path / "t.docx", {"n": narrow, "w": wide, "again": narrow})
        sections = docx.Document(str(path)).sections
        assert [page.page_width > page.page_height for page in sections] == [False, True, False]


class TestExcelLook:
    def test_numbers_are_numbers_and_look_printed(self, tmp_path):
        rows = (
            BodyRow(("income", "−0.385***", "1,234.5")),
            BodyRow(("", "(0.059)", "< 0.001")),
            BodyRow(("010", "(−2.10)", "010")),
        )
        table = JournalTable(
            (single(["", "(1)", "(2)"]),), rows, ("words", "number", "number"), title="Growth"
        )
        path = write_journal_tables(tmp_path / "t.xlsx", {"growth": table})
        book = openpyxl.load_workbook(path)
        assert book.sheetnames == ["Contents", "growth"]
        sheet = book["growth"]
        assert [cell.value for cell in sheet[3]] == ["income", -0.385, 1234.5]
        assert sheet["B3"].number_format == '0.000"***";−0.000"***"'
        assert [cell.value for cell in sheet[4]][1:] == [0.059, "< 0.001"]
        assert [cell.value for cell in sheet[5]] == ["010", -2.1, "010"]  # ids keep their zeros
        assert (sheet["A2"].border.top.style, sheet["A2"].border.bottom.style) == ("medium", "thin")
        assert sheet["A5"].border.bottom.style == "medium"
        assert sheet.freeze_panes == "B3"
        assert sheet.print_title_rows == "$2:$2"

    @given(st.floats(-1e9, 1e9), st.integers(0, 4), st.sampled_from(["", "*", "**", "***"]))
    def test_every_printed_number_is_taken_apart(self, value, decimals, stars):
        text = number_text(value, decimals)
        found = number_and_format(text + stars)
        assert found is not None
        assert found[0] == pytest.approx(float(text.replace("−", "-").replace(",", "")))
        assert number_and_format(f"({text})")[0] == found[0]


class TestFaults:
    def test_ending(self, tmp_path):
        table = JournalTable((single(["a"]),), (), ("words",))
        with pytest.raises(ExportError, match=r"\.docx, \.tex"):
            write_journal_tables(tmp_path / "t.pdf", {"t": table})
        assert list(tmp_path.iterdir()) == []

    def test_nothing(self, tmp_path):
        with pytest.raises(ExportError, match="no table"):
            write_journal_tables(tmp_path / "t.tex", {})

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_empty_table(self, tmp_path, ending):
        table = JournalTable((single(["a"]),), (), ("words",))
        assert write_journal_tables(tmp_path / f"t{ending}", {"t": table}).stat().st_size > 0


def test_no_special_character_is_left_raw():
    text = latex_text("".join(map(chr, range(32, 127))))
    for command in (r"\\[a-z]+\{\}", r"\\[#$%&_{}]", r"\$-\$"):
        text = re.sub(command, "", text)
    assert not set("#$%&_^~\\{}") & set(text)


def test_table_text_keeps_every_script():
    assert table_text("Łódź 北京 😀 مدينة") == "Łódź 北京 😀 مدينة"
