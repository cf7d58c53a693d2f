"""The page of a figure: column width, house style, text that is measured and wrapped, saving.

No global state of ``matplotlib.pyplot`` is touched: figures are ``matplotlib.figure.Figure`` with
an Agg canvas of their own, so there is nothing to close and nothing leaks between figures.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context, rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text

from shapefiles.atomic import atomic_file
from shapefiles.figures_greyscale import make_grey
from shapefiles.fonts import font_families, has_postscript_outlines, plain_text
from spatial.errors import ConfigError, ExportError, listed
from spatial.options import ColumnWidth, Language, checked_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMN_WIDTHS_MM = {"single": 89.0, "double": 183.0}
"""Widths of a figure in one and in two columns of a journal, mm."""

MM_PER_INCH = 25.4
POINTS_PER_INCH = 72.0
DPI = 300

BODY_SIZE = 7.0
"""Points; nothing in a figure is set smaller."""
TITLE_SIZE = 9.0
LINE_SPACING = 1.3

INK = "#222222"
MUTED = "#5f5f5f"
HAIRLINE = "#b8b8b8"

FigureWidth = ColumnWidth | float
"""A column width of a journal, or a width in mm."""

NARROWEST_MM, WIDEST_MM = 50.0, 1000.0

_MOST_ROUNDS = 8
_SETTLED = 1e-3
"""Of the figure: a change of layout that nobody sees."""

_FORMATS = ("png", "svg", "pdf", "tiff")

# Without these entries the files carry the date or the version of the program that drew them.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}

# Hinting moves letters to whole pixels: the same words then have another width at every resolution,
# and what was measured at one would be cut at another.
_HINTING: dict[Any, Any] = {"text.hinting": "none"}

# A line may not begin with these (rule of Chinese typesetting).
_NO_LINE_START = set("，。、；：？！）》」』】”’％…,.;:?!)]}%")


@contextmanager
def house_style(language: Language, texts: Iterable[object]) -> Iterator[tuple[str, ...]]:
    """Draw inside with the fonts and thin lines of the project; ``$`` and ``_`` mean themselves.

    Parameters
    ----------
    language : {"en", "zh"}
    texts : iterable
        Everything that will be drawn, so that missing characters are found first.

    Yields
    ------
    tuple of str
        The font families in use.
    """
    families = font_families(language, texts)
    settings: dict[Any, Any] = {
        **_HINTING,
        "font.family": list(families),
        "font.size": BODY_SIZE,
        "text.parse_math": False,  # names from data may hold $, ^ and _
        "text.usetex": False,
        "text.color": INK,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.5,
        "axes.labelsize": BODY_SIZE,
        "axes.titlesize": TITLE_SIZE,
        "axes.unicode_minus": True,
        "axes.axisbelow": True,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.labelsize": BODY_SIZE,
        "ytick.labelsize": BODY_SIZE,
        "xtick.major.width": 0.5,
        "ytick.major.width": 0.5,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "legend.fontsize": BODY_SIZE,
        "legend.title_fontsize": BODY_SIZE,
        "legend.frameon": False,
        "hatch.linewidth": 0.3,
        "figure.facecolor": "white",
        "axes.facecolor": "white",
    }
    with rc_context(settings):
        yield families


def new_figure(width_mm: float, height_mm: float) -> Figure:
    """Return an empty figure of a size in mm with an Agg canvas, unknown to pyplot."""
    figure = Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def column_width_mm(width: FigureWidth) -> float:
    """Return the width in mm of ``"single"`` or ``"double"`` column figures; mm stay as they are.

    Raises
    ------
    ConfigError
        If the word is not known, or the width is below 50 or above 1000 mm.

    Examples
    --------
    >>> column_width_mm("double"), column_width_mm(120)
    (183.0, 120.0)
    """
    if isinstance(width, str):
        return COLUMN_WIDTHS_MM[checked_option(width, ColumnWidth, name="width")]
    if not NARROWEST_MM <= width <= WIDEST_MM:
        raise ConfigError(
            f"width={width!r}: a figure is {NARROWEST_MM:g} to {WIDEST_MM:g} mm wide, or "
            "'single' or 'double'."
        )
    return float(width)


def column_word(width: FigureWidth) -> ColumnWidth:
    """Say which of the two columns of a journal a width is nearer to.

    Examples
    --------
    >>> column_word("double"), column_word(100)
    ('double', 'single')
    """
    middle = sum(COLUMN_WIDTHS_MM.values()) / 2.0
    return "single" if column_width_mm(width) < middle else "double"


def figure_size_mm(figure: Any) -> tuple[float, float]:
    """Return width and height in mm of a figure or sub-figure."""
    return (
        float(figure.bbox.width / figure.dpi * MM_PER_INCH),
        float(figure.bbox.height / figure.dpi * MM_PER_INCH),
    )


def points_to_mm(points: float) -> float:
    """Convert typographic points to mm."""
    return points / POINTS_PER_INCH * MM_PER_INCH


def line_height_mm(size: float) -> float:
    """Return the height of a line of text of ``size`` points, mm."""
    return points_to_mm(size * LINE_SPACING)


_MEASURING_DPI = 300.0
_RENDERER = RendererAgg(1, 1, _MEASURING_DPI)


def text_width_mm(
    text: str, *, size: float = BODY_SIZE, weight: str = "normal", families: Sequence[str] = ()
) -> float:
    """Return the width of the widest line of a text as it will be drawn, mm."""
    if rcParams["text.hinting"] != _HINTING["text.hinting"]:
        with rc_context(_HINTING):
            return text_width_mm(text, size=size, weight=weight, families=families)
    font = FontProperties(family=list(families) or None, size=size, weight=weight)
    widths = [
        _RENDERER.get_text_width_height_descent(line, font, False)[0] if line else 0.0
        for line in text.split("\n")
    ]
    return float(max(widths)) / _MEASURING_DPI * MM_PER_INCH


def _pieces(text: str) -> list[str]:
    """Cut a text where a line may end: after spaces, and between Chinese characters."""
    pieces: list[str] = []
    for character in text:
        fresh = not pieces or pieces[-1].endswith(" ")
        chinese = "⺀" <= character <= "鿿" or "＀" <= character <= "￯"
        after_chinese = bool(pieces) and "⺀" <= pieces[-1][-1] <= "￯"
        if character in _NO_LINE_START and pieces:
            pieces[-1] += character
        elif fresh or chinese or (after_chinese and character != " "):
            pieces.append(character)
        else:
            pieces[-1] += character
    return pieces


def wrapped(
    text: str,
    width_mm: float,
    *,
    size: float = BODY_SIZE,
    weight: str = "normal",
    families: Sequence[str] = (),
) -> str:
    """Break a text into lines no wider than ``width_mm``, by words or Chinese characters."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        longer = line + piece
        width = text_width_mm(longer.rstrip(), size=size, weight=weight, families=families)
        if line and width > width_mm:
            lines.append(line.rstrip())
            line = piece
        else:
            line = longer
    lines.append(line.rstrip())
    return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class PlotOptions:
    """What all plots understand alike.

    Attributes
    ----------
    title : str
        Bold, above the plot.
    note : str
        Small, below the plot.
    language : {"en", "zh"}
    width : {"single", "double"} or float
        Column width of a new figure: 89 or 183 mm; or any other width in mm.
    labelled : int
        How many points get their name, as far as there is room.
    greyscale : bool
        For print without colour: grey tones, markers, dashes and hatches.
    """

    title: str = ""
    note: str = ""
    language: Language = "en"
    width: FigureWidth = "single"
    labelled: int = 8
    greyscale: bool = False


def fitted(text: str, width_mm: float, *, families: Sequence[str] = ()) -> str:
    """Break a text into lines of a width; cut words that are longer in their middle.

    The end stays, because labels of legends end in a count.
    """
    lines = wrapped(text, width_mm, families=families).split("\n")
    return "\n".join(middle_cut(line, width_mm, families) for line in lines)


def middle_cut(line: str, width_mm: float, families: Sequence[str]) -> str:
    """Cut a line in its middle until it is no wider than a width."""
    kept, end = len(line), min(8, len(line) // 3)
    short = line
    while kept > end + 4 and text_width_mm(short, families=families) > width_mm:
        kept -= max(1, kept // 12)
        short = f"{line[: kept - end]}…{line[len(line) - end :]}"
    return short


def plot_axes(
    ax: Axes | None, options: PlotOptions, *, aspect: float, families: Sequence[str]
) -> Axes:
    """Return the given axes, or new ones that fill a figure of a column width.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
    options : PlotOptions
    aspect : float
        Height over width of a new figure.
    families : sequence of str
        Font families of the numbers at the axes.

    Returns
    -------
    matplotlib.axes.Axes
        Without top and right spine.
    """
    if ax is None:
        width_mm = column_width_mm(options.width)
        figure = new_figure(width_mm, width_mm * aspect)
        figure.set_layout_engine("constrained", w_pad=0.05, h_pad=0.05)
        ax = figure.add_subplot()
    # Ticks are made while drawing, when the house style is no longer set.
    ax.tick_params(labelfontfamily=list(families), labelsize=BODY_SIZE, width=0.5, length=2.5)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def finish(ax: Axes, options: PlotOptions, families: Sequence[str], *notes: str) -> None:
    """Add the title, above the legend, and the note, both from the left edge of all that is drawn.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With everything but names that are to be placed beside points.
    options : PlotOptions
    families : sequence of str
    *notes : str
        Sentences before the note of the options; empty ones are left out.
    """
    for axis in (ax.xaxis, ax.yaxis):  # given axes were made with other settings
        axis.label.set(parse_math=False, fontfamily=list(families), fontsize=BODY_SIZE, color=INK)
    settle(ax)
    renderer = RendererAgg(16, 16, ax.figure.dpi)
    frame = ax.get_window_extent()
    drawn = ax.get_tightbbox(renderer) or frame
    left = min(drawn.x0, frame.x0)
    room = (max(drawn.x1, frame.x1) - left) / ax.figure.dpi * MM_PER_INCH
    start = (left - frame.x0) / frame.width
    pixel = POINTS_PER_INCH / ax.figure.dpi
    if options.title:
        legend = ax.get_legend()
        above = legend.get_window_extent(renderer).height * pixel if legend else 0.0
        if ax.child_axes:  # headings of panels stand between
            above = max(above, (drawn.y1 - frame.y1) * pixel)
        text = wrapped(
            plain_text(options.title), room, size=TITLE_SIZE, weight="bold", families=families
        )
        ax.set_title(
            text,
            loc="left",
            x=start,
            pad=5.0 + above,
            fontsize=TITLE_SIZE,
            fontweight="bold",
            fontfamily=list(families),
            parse_math=False,
        )
    sentences = [plain_text(text) for text in (*notes, options.note) if text]
    if sentences:
        ax.annotate(
            "\n".join(wrapped(sentence, room, families=families) for sentence in sentences),
            (start, 0.0),
            (0.0, (drawn.y0 - frame.y0) * pixel - 4.0),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="left",
            va="top",
            fontsize=BODY_SIZE,
            color=MUTED,
            linespacing=LINE_SPACING,
            annotation_clip=False,
            gid="note",
        )
    if options.greyscale:
        make_grey(ax)
    settle(ax)


def settle(ax: Axes) -> None:
    """Bring axes to their final place, so that names can be placed beside points.

    The layout of axes whose shape is fixed takes several rounds: the margins of one round count
    from where the frame stood in the round before.
    """
    figure = ax.get_figure()
    if not isinstance(figure, Figure):
        return
    for _ in range(1 if ax.get_aspect() == "auto" else _MOST_ROUNDS):
        before = np.array(ax.get_position().extents)
        figure.draw_without_rendering()
        if np.abs(np.array(ax.get_position().extents) - before).max() < _SETTLED:
            return


def save_figure(
    figure: Figure | Axes,
    stem: str | os.PathLike[str],
    *,
    formats: Sequence[str] = ("png", "svg"),
    dpi: int = DPI,
) -> tuple[Path, ...]:
    """Write a figure to ``stem.png``, ``stem.svg`` ...; each file appears whole or not at all.

    The same figure gives the same bytes: no dates, no random identifiers. Text in SVG is written
    as outlines (``svg.fonttype`` ``path``), so that Chinese looks the same on machines without the
    font; the price is that text cannot be edited in a drawing program. PDF embeds TrueType fonts as
    they are, and the letters of PostScript ones (Noto CJK) as drawings that can still be searched.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or matplotlib.axes.Axes
        Axes stand for their figure.
    stem : path
        Folder and file name without ending.
    formats : sequence of {"png", "svg", "pdf", "tiff"}
    dpi : int
        Resolution of pixel formats.

    Returns
    -------
    tuple of pathlib.Path

    Raises
    ------
    ConfigError
        If a format is not known.
    ExportError
        If a file cannot be written.
    """
    unknown = [name for name in formats if name not in _FORMATS]
    if unknown:
        raise ConfigError(
            f"Figure formats {listed(unknown)} are not known; use {listed(_FORMATS)}."
        )
    whole = figure if isinstance(figure, Figure) else figure.get_figure()
    if whole is None:
        raise ExportError("These axes belong to no figure, so there is nothing to save.")
    return tuple(
        _write_whole(Path(f"{os.fspath(stem)}.{name}"), figure_bytes(whole, name, dpi=dpi))
        for name in formats
    )


def figure_bytes(figure: Any, name: str, *, dpi: int = DPI) -> bytes:
    """Return a figure as the bytes of a file in one of the formats of `save_figure`."""
    settings: dict[Any, Any] = {
        **_HINTING,
        "svg.hashsalt": "interurban",
        "svg.fonttype": "path",
        "pdf.fonttype": 3 if name == "pdf" and _with_postscript_fonts(figure) else 42,
    }
    # PNG: the default of 6 takes half as long again for files that are 2 % smaller.
    packing = {"tiff": {"compression": "tiff_lzw"}, "png": {"compress_level": 4}}
    extra = {"pil_kwargs": packing[name]} if name in packing else {}
    buffer = io.BytesIO()
    with rc_context(settings):
        figure.savefig(buffer, format=name, dpi=dpi, metadata=_METADATA.get(name), **extra)
    return buffer.getvalue()


def _with_postscript_fonts(figure: Any) -> bool:
    families = {family for text in figure.findobj(Text) for family in text.get_fontfamily()}
    return any(has_postscript_outlines(family) for family in families)


def _write_whole(path: Path, content: bytes) -> Path:
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)
    return path
