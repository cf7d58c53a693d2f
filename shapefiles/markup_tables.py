"""Three-line tables as LaTeX, HTML and Markdown text, everything from data escaped."""

from __future__ import annotations

import html
import re
import unicodedata

from shapefiles.journal_table import BodyRow, JournalTable
from shapefiles.language import label
from shapefiles.qgis_xml import xml_text
from shapefiles.table_widths import PageFit, display_width, page_fit, wrapped

PAGE_ROWS = 42
"""Rows that fit on one page; longer tables break across pages."""

LATEX_WIDTH, LATEX_HEIGHT = 453.0, 700.0
"""Points between the margins of an A4 page of LaTeX, upright and on its side."""

LAST_LATIN = 0x17F
"""Last sign that fonts of every LaTeX have."""

LATEX_LINE, HEADING_LINE = 34, 14
"""Characters of a line of words in a cell, and in a heading."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': r"\textquotedbl{}",
    "\u00a0": "~",
    "\u2212": "$-$",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "∞": r"$\infty$",
    "—": "---",
    "–": "--",
    "ρ": r"$\rho$",
    "λ": r"$\lambda$",
    "τ": r"$\tau$",
    "η": r"$\eta$",
    "σ": r"$\sigma$",
    "χ": r"$\chi$",
    "²": r"\textsuperscript{2}",
    "⁻": r"\textsuperscript{$-$}",
    **{sign: rf"\textsuperscript{{{at}}}" for at, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹") if at != 2},
}

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")

STYLE = """
table.journal { border-collapse: collapse; font: 10.5pt "Times New Roman", "Liberation Serif",
  SimSun, "Songti SC", "Noto Serif CJK SC", serif; }
table.journal caption { caption-side: top; padding-bottom: 4pt; font-weight: bold; }
table.journal thead { border-top: 1.5pt solid; border-bottom: .75pt solid; }
table.journal tbody { border-bottom: 1.5pt solid; }
table.journal th, table.journal td { padding: 1.5pt 6pt; font-weight: normal; text-align: center; }
table.journal .words { text-align: left; }
table.journal td.number { white-space: nowrap; }
div.journal { overflow-x: auto; margin-top: 1.5em; }
table.journal .over { border-bottom: .5pt solid; }
table.journal tr.ruled > * { border-top: .5pt solid; }
table.journal tr.panel th { font-style: italic; }
table.journal:lang(zh) tr.panel th { font-style: normal; font-weight: bold; }
p.journal-note { font: 9pt "Times New Roman", "Liberation Serif", SimSun, "Songti SC",
  "Noto Serif CJK SC", serif; }
""".strip()


def table_text(text: object) -> str:
    r"""Return text without control characters and line breaks, which no table cell can hold.

    Examples
    --------
    >>> table_text("two\nlines\x00")
    'two lines'
    """
    known = xml_text(str(text).replace("\u2028", " ").replace("\u2029", " "))
    kept = "".join(
        sign for sign in known if sign in "\t\n\r" or unicodedata.category(sign) not in ("Cc", "Cs")
    )
    return re.sub(r"[\t\n\r]+", " ", kept)


def caption_text(table: JournalTable, number: int | None) -> str:
    """Title of a table, its number in front where it has one."""
    if number is None:
        return table.title
    return f"{label('report_table_number', table.language, number=number)}  {table.title}".strip()


def note_text(table: JournalTable) -> str:
    """Join the notes of a table, the word for notes in front; empty when it has none."""
    if not table.notes:
        return ""
    gap = label("report_space", table.language)
    start = label("report_note", table.language) + gap
    return start + gap.join(table_text(note) for note in table.notes)


def latex_text(text: object) -> str:
    r"""Escape text for LaTeX; minus signs and Greek letters become mathematics.

    Parameters
    ----------
    text : object

    Returns
    -------
    str

    Examples
    --------
    >>> latex_text("R&D_50% −1 [a]")
    'R\\&D\\_50\\% $-$1 [a]'
    """
    escaped = "".join(_LATEX.get(sign, sign) for sign in re.sub("-(?=-)", "-\0", table_text(text)))
    escaped = escaped.replace("\0", "{}")  # two hyphens are no dash
    # A bracket or star at the start of a row would belong to the line break before it.
    return "{}" + escaped if escaped[:1] in ("[", "*") else escaped


def table_latex(table: JournalTable, *, breaks: bool | None = None) -> str:
    r"""Write a table for LaTeX with booktabs.

    Needs the packages array, booktabs, graphicx, longtable and pdflscape.

    Parameters
    ----------
    table : JournalTable
    breaks : bool, optional
        Break across pages by longtable, the head on each; by default tables that are longer than a
        page do.

    Returns
    -------
    str
        From ``\begin{table}`` to ``\end{table}``, or of a longtable. Tables that are too wide are
        set smaller, and stand on a page on its side. Chinese needs XeLaTeX or LuaLaTeX with ctex.
    """
    fit = page_fit(table, portrait=LATEX_WIDTH, landscape=LATEX_HEIGHT)
    head = [r"\toprule[1.5pt]", *_latex_head(table), r"\midrule[0.75pt]"]
    body = [line for row in table.rows for line in _latex_row(row, table)]
    caption = rf"\caption{{{latex_text(table.title)}}}" if table.title else ""
    note = latex_text(note_text(table))
    pattern = "".join(_latex_column(table, at) for at in range(table.width))
    long = len(table.rows) > PAGE_ROWS if breaks is None else breaks
    writer = _latex_long if long else _latex_short
    lines = writer(pattern, caption, head, body, note, size=_latex_size(fit))
    if fit.landscape:
        lines = [r"\begin{landscape}", *lines, r"\end{landscape}"]
    return "\n".join(line for line in lines if line) + "\n"


def _latex_size(fit: PageFit) -> str:
    """Command for the size of the text."""
    sizes = ((8.0, r"\small"), (7.0, r"\footnotesize"), (6.0, r"\scriptsize"))
    size = next((word for points, word in sizes if fit.points > points), r"\tiny")
    return rf"{size}\setlength{{\tabcolsep}}{{3pt}}"


def _latex_short(
    pattern: str, caption: str, head: list[str], body: list[str], note: str, *, size: str
) -> list[str]:
    """Write a table that floats, shrunk where it is wider than the page."""
    below = rf"\par\smallskip\begin{{minipage}}{{\linewidth}}\footnotesize {note}\end{{minipage}}"
    return [
        r"\begin{table}[htbp]",
        r"\centering\setlength{\abovecaptionskip}{0pt}\setlength{\belowcaptionskip}{6pt}",
        caption,
        size,
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{pattern}}}",
        *head,
        *body,
        r"\bottomrule[1.5pt]",
        r"\end{tabular}}",
        below if note else "",
        r"\end{table}",
    ]


def _latex_long(
    pattern: str, caption: str, head: list[str], body: list[str], note: str, *, size: str
) -> list[str]:
    """Write a table that breaks across pages."""
    return [
        rf"\begingroup{size}",
        rf"\begin{{longtable}}{{{pattern}}}",
        f"{caption}\\\\" if caption else "",
        *head,
        r"\endfirsthead",
        *head,
        r"\endhead",
        r"\bottomrule[1.5pt]",
        r"\endfoot",
        *body,
        r"\end{longtable}",
        rf"\noindent{{\footnotesize {note}\par}}" if note else "",
        r"\endgroup",
    ]


def _latex_column(table: JournalTable, at: int) -> str:
    """Kind of a column: centred numbers, words, and long words that break into lines."""
    if table.kinds[at] == "number":
        return "c"
    widest = max((display_width(row.cells[at]) for row in table.rows if not row.panel), default=0)
    if widest <= LATEX_LINE:
        return "l"
    return rf">{{\raggedright\arraybackslash}}p{{{LATEX_LINE / 2.2:.1f}em}}"


def latex_document(tables: list[JournalTable]) -> str:
    """Wrap tables into a document that compiles by itself.

    English tables compile with any LaTeX. Those with other scripts say in the first line that they
    need XeLaTeX or LuaLaTeX; Chinese signs bring ctex.
    """
    pages = "\n".join(table_latex(table) for table in tables)
    language = "" if any(table.language == "zh" for table in tables) else "[scheme=plain]"
    chinese = any(unicodedata.east_asian_width(sign) in "WF" for sign in pages) or not language
    other = chinese or any(ord(sign) > LAST_LATIN for sign in pages)
    kind = f"{language}{{ctexart}}" if chinese else "{article}"
    encoding = "" if other else "\\usepackage[T1]{fontenc}\n"
    engine = "with XeLaTeX or LuaLaTeX, " if other else ""
    return (
        f"% Compile {engine}twice: long tables find the widths of their columns at first.\n"
        f"\\documentclass{kind}\n{encoding}"
        "\\usepackage[a4paper,margin=25mm]{geometry}\n"
        "\\usepackage{array,booktabs,graphicx,longtable,pdflscape}\n"
        f"\\begin{{document}}\n{pages}\\end{{document}}\n"
    )


def _latex_head(table: JournalTable) -> list[str]:
    lines = []
    for at, row in enumerate(table.head):
        cells, rules, column = [], [], 1
        for cell in row:
            text = _latex_heading(cell.text, table.kinds[column - 1], cell.span)
            over = rf"\multicolumn{{{cell.span}}}{{c}}{{{text}}}"
            cells.append(over if cell.span > 1 else text)
            if cell.span > 1 and cell.text:
                rules.append(rf"\cmidrule(lr){{{column}-{column + cell.span - 1}}}")
            column += cell.span
        lines.append(" & ".join(cells) + r" \\")
        if rules and at < len(table.head) - 1:
            lines.append("".join(rules))
    return lines


def _latex_heading(text: str, kind: str, span: int) -> str:
    """Break a long heading over a single column into lines."""
    lines = wrapped(table_text(text), HEADING_LINE)
    if span > 1 or len(lines) == 1:
        return latex_text(text)
    side = "l" if kind == "words" else "c"
    inner = r" \\ ".join(map(latex_text, lines))
    return rf"\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}{inner}\end{{tabular}}"


def _latex_row(row: BodyRow, table: JournalTable) -> list[str]:
    lines = [r"\midrule[0.5pt]"] if row.rule else []
    if row.panel:
        text = latex_text(row.cells[0])
        look = "textbf" if table.language == "zh" else "textit"  # Chinese has no italics
        return [*lines, rf"\multicolumn{{{table.width}}}{{l}}{{\{look}{{{text}}}}} \\"]
    return [*lines, " & ".join(map(latex_text, row.cells)) + r" \\"]


def table_html(table: JournalTable, *, number: int | None = None) -> str:
    """Write a table as an HTML fragment, its look in the class ``journal`` (see ``STYLE``).

    Parameters
    ----------
    table : JournalTable
    number : int, optional
        Put in front of the title.

    Returns
    -------
    str
    """
    language = label("report_html_language", table.language)
    lines = ['<div class="journal">', f'<table class="journal" lang="{language}">']
    if table.title or number is not None:
        lines.append(f"<caption>{_html(caption_text(table, number))}</caption>")
    lines.append("<thead>")
    for row in table.head:
        cells, column = [], 0
        for cell in row:
            name = "over" if cell.span > 1 and cell.text else table.kinds[column]
            span = f' colspan="{cell.span}" scope="colgroup"' if cell.span > 1 else ' scope="col"'
            cells.append(f'<th class="{name}"{span}>{_html(cell.text)}</th>')
            column += cell.span
        lines.append(f"<tr>{''.join(cells)}</tr>")
    lines += ["</thead>", "<tbody>", *(_html_row(row, table) for row in table.rows), "</tbody>"]
    lines += ["</table>", "</div>"]
    if table.notes:
        note = _html(note_text(table))
        lines.append(f'<p class="journal-note" lang="{language}">{note}</p>')
    return "\n".join(lines) + "\n"


def html_document(tables: list[JournalTable]) -> str:
    """Wrap tables into a page that needs no other file."""
    language = label("report_html_language", tables[0].language)
    numbers = [*range(1, len(tables) + 1)] if len(tables) > 1 else [None]
    body = "\n".join(
        table_html(table, number=number) for number, table in zip(numbers, tables, strict=True)
    )
    title = _html(tables[0].title)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n{body}</body>\n"
        "</html>\n"
    )


def _html(text: object) -> str:
    return html.escape(table_text(text), quote=True)


def _html_row(row: BodyRow, table: JournalTable) -> str:
    names = [name for name, is_so in (("ruled", row.rule), ("panel", row.panel)) if is_so]
    start = f'<tr class="{" ".join(names)}">' if names else "<tr>"
    first = _html(row.cells[0])
    if row.panel:
        return f'{start}<th class="words" colspan="{table.width}">{first}</th></tr>'
    rest = "".join(
        f'<td class="{kind}">{_html(text)}</td>'
        for kind, text in zip(table.kinds[1:], row.cells[1:], strict=True)
    )
    return f'{start}<th class="{table.kinds[0]}" scope="row">{first}</th>{rest}</tr>'


def table_markdown(table: JournalTable, *, number: int | None = None) -> str:
    """Write a table in the pipe notation that GitHub, Pandoc and Quarto read.

    Parameters
    ----------
    table : JournalTable
    number : int, optional
        Put in front of the title.

    Returns
    -------
    str
        Headings above each other are joined, since the notation knows one line of headings.
    """
    marks = ["---" if kind == "words" else ":---:" for kind in table.kinds]
    rows = [[_markdown(text) for text in row.cells] for row in table.rows]
    grid = [[_markdown(text) for text in table.flat_head()], marks, *rows]
    lines = [f"| {' | '.join(row)} |" for row in grid]
    if table.title or number is not None:
        lines = [f"**{_markdown(caption_text(table, number))}**", "", *lines]
    if table.notes:
        lines += ["", _markdown(note_text(table))]
    return "\n".join(lines) + "\n"


def _markdown(text: object) -> str:
    return _MARKDOWN.sub(r"\\\1", table_text(text))
