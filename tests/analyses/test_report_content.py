"""The page of a report: escaping, structure, offline use, templates."""

from __future__ import annotations

import base64
import io
import tomllib
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from analyses.report_content import (
    Reference,
    ReportContent,
    ReportFigure,
    ReportTable,
    Section,
    check_template,
    figure_from_file,
    render_report,
    write_report,
)
from shapefiles.number_texts import cell_text, number_text, p_phrase, p_text, percent_text
from spatial.errors import ConfigError, ExportError
from spatial.regression.comparison_table import significance_stars

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a & b &amp; c",
    'it\'s "quoted"',
    "{{ 7 * 7 }}{% raw %}",
    "=1+1",
    "שלום 北京 😀",
    "</style></title><script>",
    "x" * 300,
]
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Elements, attributes and text of a page, and whether tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return "".join(self.words)


def png(width=40, height=20, **options) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(stream, "PNG", **options)
    return stream.getvalue()


def content(language="en", text="Plain", **changes) -> ReportContent:
    table = ReportTable(
        f"Table of {text}",
        pd.DataFrame({"City": [text, "B"], text: [-1234.5, np.nan], "N": [1, 20]}),
        formats={text: "decimal1"},
        notes=(text,),
        rules=(1,),
    )
    figure = ReportFigure(f"Map of {text}", png(), "image/png", f"Shows {text}", notes=(text,))
    inner = Section("inner", text, paragraphs=(text,), tables=(table,))
    values = {
        "title": f"Study {text}",
        "subtitle": text,
        "language": language,
        "facts": ((text, text),),
        "findings": ((text, (text, "Second.")),),
        "caution": text,
        "sections": (
            Section("maps", "Maps", points=(text,), figures=(figure,)),
            Section("resilience", text, tables=(table,), subsections=(inner,)),
        ),
        "references": (Reference(text, "10.1093/jeg/lbr019"),),
    }
    return ReportContent(**(values | changes))


class TestPage:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_text_from_data_stays_text(self, text):
        page = Page(render_report(content(text=text)))
        assert not page.all("script")
        assert len(page.all("img")) == 1
        assert page.text.count(text) >= 12
        assert all("onerror" not in attributes for _, attributes in page.elements)
        # The attributes too: nothing breaks out of its quotes.
        assert page.all("img")[0]["alt"] == f"Shows {text}"

    def test_nothing_is_fetched(self):
        text = render_report(content())
        page = Page(text)
        assert not [name for name, _ in page.elements if name in {"script", "link", "iframe"}]
        assert all(item["src"].startswith("data:") for item in page.all("img"))
        assert "url(" not in text
        assert "@import" not in text
        addresses = [item["href"] for item in page.all("a")]
        assert all(item.startswith(("#", "https://doi.org/")) for item in addresses)
        policy = next(item for item in page.all("meta") if "http-equiv" in item)["content"]
        assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

    def test_structure_for_readers_and_machines(self):
        page = Page(render_report(content()))
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        inner = [item["href"][1:] for item in page.all("a") if item["href"].startswith("#")]
        assert set(inner) <= set(ids)
        levels = [int(name[1]) for name, _ in page.elements if name in {"h1", "h2", "h3", "h4"}]
        assert levels.count(1) == 1
        assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
        assert len(page.all("caption")) == len(page.all("table")) == 2
        assert all(item["scope"] in {"col", "row"} for item in page.all("th"))
        assert page.all("html")[0]["lang"] == "en"
        assert page.all("main")
        assert page.all("nav")
        assert page.all("meta")[2]["name"] == "viewport"

    def test_order_of_the_parts(self):
        page = Page(render_report(content()))
        order = [attributes["id"] for name, attributes in page.elements if "id" in attributes]
        assert order == [
            "contents-title",
            "findings",
            "maps",
            "resilience",
            "inner",
            "references",
        ]

    def test_numbers_in_cells(self):
        text = Page(render_report(content())).text
        assert "−1,234.5" in text
        assert "—" in text

    def test_chinese_page(self):
        page = Page(render_report(content("zh")))
        assert page.all("html")[0]["lang"] == "zh-CN"
        for words in ("图1", "表1", "表2", "注：", "主要发现", "参考文献", "−1234.5"):
            assert words in page.text

    def test_captions_are_numbered_through(self):
        text = Page(render_report(content())).text
        assert "Table 1" in text
        assert "Table 2" in text
        assert "Table 3" not in text
        assert "Figure 1" in text

    def test_empty_report_is_a_page(self):
        page = Page(render_report(ReportContent(title="T", language="en")))
        assert not page.all("table")
        assert "Key findings" not in "".join(page.words).replace("Skip to the key findings", "")

    def test_written_file_is_the_page(self, tmp_path):
        path = write_report(content(), tmp_path / "report.html")
        assert path.read_bytes().decode("utf-8") == render_report(content())

    def test_named_index_becomes_row_headers(self):
        frame = pd.DataFrame(
            {"x": [1.0, 2.0]},
            index=pd.MultiIndex.from_tuples([("s", "a"), ("s", "b")], names=["shock", "city"]),
        )
        table = ReportTable("T", frame)
        page = Page(render_report(content(sections=(Section("s", "S", tables=(table,)),))))
        rows = [item for item in page.all("th") if item["scope"] == "row"]
        assert len(rows) == 4
        assert "1.000" in page.text


class TestTemplate:
    def test_a_template_may_extend_ours(self, tmp_path):
        own = tmp_path / "own.html.j2"
        own.write_text(
            '{% extends "report.html.j2" %}{% block header %}<h1>Ours: {{ content.title }}</h1>'
            "{% endblock %}",
            encoding="utf-8",
        )
        page = Page(render_report(content(text="<b>x</b>"), template=own))
        assert "Ours: Study <b>x</b>" in page.text
        assert not page.all("b")

    def test_a_template_cannot_run_programs(self, tmp_path):
        own = tmp_path / "evil.html.j2"
        own.write_text("{{ content.__class__.__mro__[1].__subclasses__() }}", encoding="utf-8")
        with pytest.raises(ExportError, match=r"evil\.html\.j2.*unsafe"):
            render_report(content(), template=own)

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ("{{ missing }}", r"line 2,.*'missing' is undefined"),
            ("{% if %}", r"line 2, is faulty"),
            ("{{ 1 / 0 }}", r"line 2,.*ZeroDivisionError"),
            ("{{ 1 + 'a' }}", r"line 2,.*TypeError"),
            ("{% for x in range(10**9) %}{% endfor %}", r"line 2,.*OverflowError"),
            ("{% include 'nowhere.css' %}", r"'nowhere\.css' does not exist"),
            ("{% include '../secret.txt' %}", r"does not exist"),
            ("{{ label('no_such_label') }}", r"no_such_label"),
        ],
    )
    def test_faulty_template_is_named_with_its_line(self, tmp_path, body, words):
        own = tmp_path / "folder" / "own.html.j2"
        own.parent.mkdir()
        (tmp_path / "secret.txt").write_text("secret")
        own.write_text(f"<html>\n{body}", encoding="utf-8")
        with pytest.raises(ExportError, match=words):
            render_report(content(), template=own)

    def test_a_template_is_checked_before_the_work(self, tmp_path):
        own = tmp_path / "own.html.j2"
        own.write_text("<html>{% if %}", encoding="utf-8")
        with pytest.raises(ExportError, match=r"own\.html\.j2', line 1"):
            check_template(own)
        own.write_bytes("韧性".encode("gb18030"))
        with pytest.raises(ExportError, match="UTF-8"):
            check_template(own)
        own.write_text("{{ content.title }}", encoding="utf-8")
        check_template(own)

    def test_missing_template_is_named(self, tmp_path):
        with pytest.raises(ExportError, match="nowhere"):
            render_report(content(), template=tmp_path / "nowhere.j2")


def test_every_package_is_packed_whole():
    """The wheel takes whole packages; a data file outside of them would be left behind."""
    root = Path(__file__).resolve().parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert sorted(wheel) == ["packages"]
    assert sorted(wheel["packages"]) == ["analyses", "networks", "shapefiles", "spatial"]
    assert (root / "analyses" / "templates" / "report.html.j2").is_file()


class TestFigures:
    def test_big_pictures_are_made_smaller(self, tmp_path):
        path = tmp_path / "map.png"
        path.write_bytes(png(3000, 1500, dpi=(300, 300)))
        figure = figure_from_file(path, caption="C", alternative="A", width=800)
        with Image.open(io.BytesIO(figure.image)) as small:
            assert small.size == (800, 400)
        # 3000 dots at 300 to the inch are 254 mm, more than the text block.
        assert figure.width == 180.0
        assert base64.b64decode(figure.source.partition(",")[2]) == figure.image

    def test_width_in_print_follows_the_resolution(self, tmp_path):
        path = tmp_path / "plot.png"
        path.write_bytes(png(1063, 800, dpi=(300, 300)))
        figure = figure_from_file(path, caption="C", alternative="A")
        assert figure.width == pytest.approx(90.0, abs=0.1)

    def test_svg_is_embedded_as_a_picture(self, tmp_path):
        path = tmp_path / "map.svg"
        path.write_text("<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")
        figure = figure_from_file(path, caption="C", alternative="A")
        page = Page(render_report(content(sections=(Section("s", "S", figures=(figure,)),))))
        assert page.all("img")[0]["src"].startswith("data:image/svg+xml;base64,")
        assert not page.all("script")

    def test_refusals(self, tmp_path):
        with pytest.raises(ExportError, match="Cannot read"):
            figure_from_file(tmp_path / "none.png", caption="", alternative="")
        (tmp_path / "bad.png").write_bytes(b"GIF89a")
        with pytest.raises(ExportError, match="no PNG"):
            figure_from_file(tmp_path / "bad.png", caption="", alternative="")


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "decimals", "language", "text"),
        [
            (1234567.891, 1, "en", "1,234,567.9"),
            (1234567.891, 1, "zh", "1234567.9"),
            (-0.5, 2, "en", "−0.50"),
            (-0.001, 2, "en", "0.00"),
            (float("nan"), 2, "en", "—"),
            (None, 2, "en", "—"),
            (float("-inf"), 2, "en", "−∞"),
            (np.float64(2.5), 1, "en", "2.5"),
            (np.int64(1000), 0, "en", "1,000"),
        ],
    )
    def test_numbers(self, value, decimals, language, text):
        assert number_text(value, decimals, language) == text

    def test_shares_and_p_values(self):
        assert percent_text(-0.0164, 2) == "−1.64%"
        assert [p_text(p) for p in (0.0001, 0.001, 0.0499, 1.0, np.nan)] == [
            "< 0.001",
            "0.001",
            "0.050",
            "1.000",
            "—",
        ]
        assert p_phrase(0.00001).replace("\u00a0", " ") == "p < 0.001"
        assert [significance_stars(p) for p in (0.0099, 0.01, 0.05, 0.1)] == ["***", "**", "*", ""]

    def test_cells(self):
        assert cell_text("word", "decimal2", "en") == "word"
        assert cell_text(True, "text", "en") == "True"
        assert cell_text(None, "text", "en") == "—"
        with pytest.raises(ConfigError, match="nearest: 'integer'"):
            cell_text(1, "integr", "en")
