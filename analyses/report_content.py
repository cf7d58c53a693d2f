"""A report as plain values, and the page that a template makes of them."""

from __future__ import annotations

import base64
import io
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from shapefiles.atomic import write_text_atomically
from shapefiles.equations import Equation
from shapefiles.language import label
from shapefiles.number_texts import cell_text
from shapefiles.qgis_xml import xml_text
from shapefiles.table_widths import display_width
from spatial.errors import ExportError, InterurbanError
from spatial.options import Language

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

TEXT_BLOCK = 180.0
"""Width in millimetres of a picture that does not say its own."""

UNBROKEN = 30
"""Columns of words up to so many characters are not broken into lines."""

TALL = 120.0
"""Height in millimetres from which a picture gets a printed page of its own."""

LINE, SHORT = 60, 26
"""Characters of a line of a cell, and lines of a table that is not broken between pages."""

PRINTED_WIDTH = 1600
"""Pixels across an embedded picture: 240 dpi over the 17 cm of an A4 text block."""


@dataclass(frozen=True)
class ReportTable:
    """A table of a report.

    Attributes
    ----------
    caption : str
        Without its number, which the page gives.
    frame : pandas.DataFrame
        Index levels with a name become the leading columns; headings are the column names.
    formats : mapping of str to str
        Names of number formats (``shapefiles.number_texts.FORMATS``) by column; whole numbers and
        text need none, other numbers get three decimals.
    notes : tuple of str
        Method, source and reading of the numbers.
    rules : tuple of int
        Positions of rows with a thin rule above.
    marks : mapping of str to str
        Texts of cells that stand behind a coloured square: green, amber or red.
    """

    caption: str
    frame: pd.DataFrame
    formats: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rules: tuple[int, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportFigure:
    """A picture of a report.

    Attributes
    ----------
    caption : str
        Without its number.
    image : bytes
    media_type : str
        ``"image/png"`` or ``"image/svg+xml"``.
    alternative : str
        What the picture shows, for those who do not see it.
    notes : tuple of str
    width : float
        Width in print, millimetres; the page shows pictures in this proportion to each other.
    tall : bool
        Too high to stand with another one on a printed page.
    """

    caption: str
    image: bytes
    media_type: str
    alternative: str
    notes: tuple[str, ...] = ()
    width: float = TEXT_BLOCK
    tall: bool = False

    @property
    def source(self) -> str:
        """The picture as a data address, so that the page needs no second file."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.image).decode('ascii')}"


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Attributes
    ----------
    key : str
        Names the section in addresses, for example ``"resilience"``.
    title : str
    paragraphs, points : tuple of str
        Running text, then a list.
    equations : tuple of Equation
        Between the two.
    figures : tuple of ReportFigure
    tables : tuple of ReportTable
    subsections : tuple of Section
    """

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    equations: tuple[Equation, ...] = ()
    figures: tuple[ReportFigure, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    subsections: tuple[Section, ...] = ()


@dataclass(frozen=True)
class Reference:
    """A work cited.

    Attributes
    ----------
    text : str
        Authors, year, title, place.
    doi : str
        Without address, empty when the work has none.
    """

    text: str
    doi: str = ""


@dataclass(frozen=True)
class ReportContent:
    """All that a report says.

    Attributes
    ----------
    title, subtitle : str
    language : {"en", "zh"}
    facts : tuple of (str, str)
        Name and value of the facts on top.
    findings : tuple of (str, tuple of str)
        Subjects with their sentences.
    caution : str
        A sentence below the findings.
    sections : tuple of Section
    references : tuple of Reference
    """

    title: str
    language: Language
    subtitle: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    findings: tuple[tuple[str, tuple[str, ...]], ...] = ()
    caution: str = ""
    sections: tuple[Section, ...] = ()
    references: tuple[Reference, ...] = ()


def figure_from_file(
    path: Path | str,
    *,
    caption: str,
    alternative: str,
    notes: tuple[str, ...] = (),
    width: int = PRINTED_WIDTH,
) -> ReportFigure:
    """Take a PNG or SVG file into a report; a PNG wider than ``width`` pixels is made smaller.

    Parameters
    ----------
    path : path
    caption, alternative : str
    notes : tuple of str
    width : int

    Returns
    -------
    ReportFigure

    Raises
    ------
    ExportError
        If the file cannot be read or is of another kind.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ExportError(f"Cannot read the figure {str(path)!r}: {error.strerror}.") from error
    if file.suffix.lower() == ".svg":
        return ReportFigure(caption, data, "image/svg+xml", alternative, notes)
    if not data.startswith(b"\x89PNG"):
        raise ExportError(f"The figure {str(path)!r} is no PNG and no SVG file.")
    small, millimetres, tall = _smaller_png(data, width)
    return ReportFigure(caption, small, "image/png", alternative, notes, millimetres, tall)


def _smaller_png(data: bytes, width: int) -> tuple[bytes, float, bool]:
    """Scale a PNG down to 256 colours, which maps and plots never exceed visibly.

    Returns
    -------
    bytes
    float
        Width in millimetres by the resolution that the file states.
    bool
        Whether it is too high to stand with another one on a printed page.
    """
    from PIL import Image

    with Image.open(io.BytesIO(data)) as opened:
        picture = opened.convert("RGBA")
        dots = opened.info.get("dpi", (0.0, 0.0))[0]
    millimetres = min(25.4 * picture.width / dots, TEXT_BLOCK) if dots > 0 else TEXT_BLOCK
    page = Image.new("RGBA", picture.size, "white")
    page.alpha_composite(picture)
    flat = page.convert("RGB")
    if flat.width > width:
        height = round(flat.height * width / flat.width)
        flat = flat.resize((width, height), Image.Resampling.LANCZOS)
    few = flat.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    stream = io.BytesIO()
    few.save(stream, "PNG", compress_level=6)  # "optimize" takes four times longer for 3 %
    tall = millimetres * flat.height / flat.width > TALL
    return stream.getvalue(), float(millimetres), bool(tall)


@dataclass(frozen=True)
class _Cell:
    text: str
    kind: str
    header: bool = False
    mark: str = ""


def _kind(column: pd.Series, number_format: str, texts: Sequence[str]) -> str:
    """Say how a column is set: numbers to the right, words to the left, short ones unbroken."""
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric or number_format != "text":
        return "number"
    longest = max(map(len, texts), default=0)
    return "words brief" if longest <= UNBROKEN else "words"


def table_cells(table: ReportTable, language: Language) -> dict[str, Any]:
    """Turn a table into heading and body cells of text.

    Parameters
    ----------
    table : ReportTable
    language : {"en", "zh"}

    Returns
    -------
    dict
        ``head``: list of cells; ``body``: list of rows of cells, leading cells marked as headers;
        ``short``: whether the table is short enough to stay on one printed page.
    """
    frame = table.frame
    names = [str(name) for name in frame.index.names if name is not None]
    flat = frame.reset_index() if names else frame.reset_index(drop=True)
    head, columns = [], []
    for at, name in enumerate(flat.columns):
        column = flat.iloc[:, at]
        chosen = table.formats.get(str(name), "") or _default_format(column)
        texts = [cell_text(value, chosen, language) for value in column.tolist()]
        kind = _kind(column, chosen, texts)
        head.append(_Cell(str(name), kind.removesuffix(" brief"), header=True))
        leading = at < max(len(names), 1)
        columns.append([_Cell(text, kind, leading, table.marks.get(text, "")) for text in texts])
    body = [list(row) for row in zip(*columns, strict=True)]
    lines = sum(max(-(-display_width(cell.text) // LINE) for cell in row) or 1 for row in body)
    return {"head": head, "body": body, "short": lines <= SHORT}


def _default_format(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return "text"
    return "integer" if pd.api.types.is_integer_dtype(column) else "decimal3"


def render_report(content: ReportContent, *, template: Path | str | None = None) -> str:
    """Make the page of a report.

    Parameters
    ----------
    content : ReportContent
    template : path, optional
        A jinja2 template of the user, in place of ``analyses/templates/report.html.j2``. It may
        extend or include the files of that folder by their names, and sees ``content`` and the
        functions ``label``, ``cells`` and ``number_of``.

    Returns
    -------
    str
        One HTML page without any outside part. All text from data is escaped.

    Raises
    ------
    ExportError
        If the template is missing or faulty.
    """
    language = content.language
    file = Path(template) if template is not None else None
    name = file.name if file is not None else "report.html.j2"
    environment = _environment(file)
    counters = {kind: _numbers() for kind in ("table", "figure")}
    with _template_errors(name):
        return environment.get_template(name).render(
            content=content,
            label=lambda key, **values: label(key, language, **values),
            cells=lambda table: table_cells(table, language),
            number_of=lambda kind: next(counters[kind]),
        )


def check_template(template: Path | str) -> None:
    """Raise when a template of the user is missing or not in the language of jinja2.

    Parameters
    ----------
    template : path

    Raises
    ------
    ExportError
        With the line at fault. What only the values of a study show is found when it is rendered.
    """
    file = Path(template)
    with _template_errors(file.name):
        environment = _environment(file)
        environment.get_template(file.name)


@contextmanager
def _template_errors(name: str) -> Iterator[None]:
    """Turn whatever a template raises into one sentence with its file and line."""
    import jinja2

    try:
        yield
    except jinja2.TemplateNotFound as error:
        raise ExportError(
            f"The report template {str(error)!r} does not exist; correct report_template in "
            "[outputs], or the name in extends or include."
        ) from error
    except jinja2.TemplateSyntaxError as error:
        raise ExportError(
            f"The report template {error.name or name!r}, line {error.lineno}, is faulty: "
            f"{error.message}."
        ) from error
    except UnicodeDecodeError as error:
        raise ExportError(f"The report template {name!r} is no text in UTF-8.") from error
    # A template is a program of somebody else: it may raise anything, and no more than a sentence.
    except Exception as error:
        line = _template_line(error, name)
        plain = isinstance(error, InterurbanError | jinja2.TemplateError)
        what = str(error) if plain else f"{type(error).__name__}: {error}"
        raise ExportError(
            f"The report template {name!r}{line} is faulty: {what.rstrip('.: ')}."
        ) from error


def _template_line(error: BaseException, name: str) -> str:
    """Say the last line of a template that an error passed through."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).name == name
    ]
    return f", line {lines[-1]}," if lines else ""


def _environment(template: Path | None) -> SandboxedEnvironment:
    """Where templates are found, with everything escaped and nothing run but layout."""
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    loaders: list[jinja2.BaseLoader] = [jinja2.PackageLoader("analyses", "templates")]
    if template is not None:
        loaders.insert(0, jinja2.FileSystemLoader(str(template.parent)))
    # A template may come with somebody else's study: it may lay out values, not run programs.
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_without_controls,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["b64"] = lambda data: base64.b64encode(data).decode("ascii")
    return environment


def _without_controls(value: object) -> object:
    """Drop the control characters that a page cannot hold."""
    return xml_text(value) if type(value) is str else value


def _numbers() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


def write_report(
    content: ReportContent, path: Path | str, *, template: Path | str | None = None
) -> Path:
    """Write a report as one HTML file.

    Parameters
    ----------
    content : ReportContent
    path : path
    template : path, optional
        See ``render_report``.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If the page cannot be made or written.
    """
    return write_text_atomically(path, render_report(content, template=template))
