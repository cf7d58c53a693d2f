"""The report in Word and PDF: the same sentences, tables and pictures as the page."""

from __future__ import annotations

import io
import shutil
import subprocess

import pandas as pd
import pytest
from PIL import Image

from analyses.export import write_reports, write_study_file
from analyses.report_content import (
    Reference,
    ReportContent,
    ReportFigure,
    ReportTable,
    Section,
)
from analyses.report_pdf import write_pdf_report
from analyses.report_word import report_tables, write_word_report
from analyses.study_file import read_study
from spatial.errors import ConfigError, ExportError

docx = pytest.importorskip("docx")


def png(width: int = 60, height: int = 40) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(stream, "PNG")
    return stream.getvalue()


def content(text: str = "Metro & <West>", language: str = "en") -> ReportContent:
    frame = pd.DataFrame(
        {"Value": [-0.5, 1234.5], "Rank": [1, 2]}, index=pd.Index([text, "Other"], name="City")
    )
    table = ReportTable(f"Table of {text}", frame, notes=(text, "Second note."), rules=(1,))
    figure = ReportFigure(f"Map of {text}", png(), "image/png", f"Shows {text}", notes=(text,))
    inner = Section("inner", f"Inner {text}", paragraphs=(text,), tables=(table,))
    return ReportContent(
        title=f"Study {text}",
        language=language,
        subtitle="Subtitle",
        facts=(("Cities", "51"),),
        findings=(("Resilience", (f"Finding on {text}.", "Second finding.")),),
        caution="A caution.",
        sections=(
            Section("maps", "Maps", points=("A point.",), figures=(figure,)),
            Section("resilience", "Resilience of cities", tables=(table,), subsections=(inner,)),
        ),
        references=(Reference("Martin, R. (2012).", "10.1093/jeg/lbr019"),),
    )


HOSTILE = [
    "a & b <i>c</i>",
    "=1+1",
    "שלום 北京",
    "]]> {{ 7 * 7 }} {% x %}",
    "x" * 300,
    "bell\x07\x00",
]


class TestWord:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_everything_is_said(self, tmp_path, text):
        path = write_word_report(content(text), tmp_path / "report.docx")
        document = docx.Document(str(path))
        said = [paragraph.text for paragraph in document.paragraphs]
        shown = text.replace("\x07", "").replace("\x00", "")
        assert said[0] == f"Study {shown}"
        for sentence in (
            f"Finding on {shown}.",
            "Second finding.",
            "A caution.",
            "A point.",
            "Martin, R. (2012). https://doi.org/10.1093/jeg/lbr019",
        ):
            assert sentence in said
        assert [len(table.rows) for table in document.tables] == [3, 3]
        assert document.tables[0].cell(1, 0).text == shown
        assert document.tables[0].cell(1, 1).text == "−0.500"
        assert document.tables[0].cell(2, 1).text == "1,234.500"
        assert len(document.inline_shapes) == 1

    def test_headings_are_native(self, tmp_path):
        path = write_word_report(content(), tmp_path / "report.docx")
        styles = [
            (one.style.name, one.text)
            for one in docx.Document(str(path)).paragraphs
            if one.style.name.startswith("Heading")
        ]
        assert styles == [
            ("Heading 1", "Key findings"),
            ("Heading 2", "Resilience"),
            ("Heading 1", "Maps"),
            ("Heading 1", "Resilience of cities"),
            ("Heading 2", "Inner Metro & <West>"),
            ("Heading 1", "References"),
        ]

    def test_captions_count(self, tmp_path):
        path = write_word_report(content(language="zh"), tmp_path / "report.docx")
        from docx.oxml.ns import qn

        shown = [
            (field.get(qn("w:instr")), "".join(node.text for node in field.iter(qn("w:t"))))
            for one in docx.Document(str(path)).paragraphs
            if one.style.name == "Caption"
            for field in one._p.iter(qn("w:fldSimple"))
        ]
        assert shown == [
            ("SEQ 图 \\* ARABIC", "1"),
            ("SEQ 表 \\* ARABIC", "1"),
            ("SEQ 表 \\* ARABIC", "2"),
        ]

    def test_pictures_have_words_and_fit(self, tmp_path):
        path = write_word_report(content(), tmp_path / "report.docx")
        shape = docx.Document(str(path)).inline_shapes[0]
        assert shape._inline.docPr.get("descr") == "Shows Metro & <West>"
        assert shape.width / shape.height == pytest.approx(1.5, rel=1e-3)
        assert shape.width.mm <= 160.001

    def test_svg_is_refused(self, tmp_path):
        figure = ReportFigure("Map", b"<svg/>", "image/svg+xml", "A map")
        only = ReportContent("T", "en", sections=(Section("maps", "Maps", figures=(figure,)),))
        with pytest.raises(ExportError, match="'png'"):
            write_word_report(only, tmp_path / "report.docx")
        assert list(tmp_path.iterdir()) == []

    def test_wrong_ending(self, tmp_path):
        with pytest.raises(ExportError, match=r"\.docx"):
            write_word_report(content(), tmp_path / "report.doc")


@pytest.mark.usefixtures("weasyprint")
class TestPdf:
    @pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
    def test_text_of_the_page(self, tmp_path):
        path = write_pdf_report(content("北京市", "zh"), tmp_path / "report.pdf")
        done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True)
        text = done.stdout.decode()
        for words in ("北京市", "主要发现", "−0.500", "1234.500"):
            assert words in text

    def test_a_template_reads_no_files(self, tmp_path):
        secret = tmp_path / "secret.png"
        secret.write_bytes(png(300, 300))
        template = tmp_path / "own.html.j2"
        template.write_text(
            f'<html><body><img src="{secret.as_uri()}"><p>{{{{ content.title }}}}</p></body></html>'
        )
        with_file = write_pdf_report(content(), tmp_path / "a.pdf", template=template)
        assert b"/Image" not in with_file.read_bytes()

    def test_characters_without_font_are_named(self, tmp_path, monkeypatch):
        monkeypatch.setattr("shapefiles.fonts._search", lambda needed, language: ([], needed))
        with pytest.raises(ExportError, match="No installed font"):
            write_pdf_report(content(), tmp_path / "report.pdf")
        assert list(tmp_path.iterdir()) == []


class TestStudy:
    def test_formats_and_template(self, tmp_path):
        template = tmp_path / "own.html.j2"
        template.write_text("<title>{{ content.title }}</title>")
        paths = write_reports(content(), tmp_path, ["docx", "html"], template=template)
        assert [path.name for path in paths] == ["report.docx", "report.html"]
        assert paths[1].read_text() == "<title>Study Metro &amp; &lt;West&gt;</title>"

    def test_word_needs_png(self, small_study):
        small_study.text = small_study.text.replace(
            'figures = ["png"]', 'figures = ["svg"]\nreport = ["docx"]'
        )
        with pytest.raises(ConfigError, match="PNG"):
            read_study(small_study.write())

    def test_template_path_moves_with_the_study(self, tmp_path):
        text = '[outputs]\nreport_template = "own.j2"\n'
        target = tmp_path / "results" / "study.toml"
        target.parent.mkdir()
        write_study_file(text, target, moved=(tmp_path, target.parent))
        assert 'report_template = "../own.j2"' in target.read_text()

    def test_tables_of_a_report(self):
        tables = report_tables(content(language="zh"))
        assert list(tables) == ["01 resilience", "02 inner"]
        assert tables["01 resilience"].rows[1].rule
        assert tables["01 resilience"].rows[1].cells == ("Other", "1234.500", "2")
