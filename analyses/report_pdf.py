"""The report of a study as PDF: the HTML page, laid out for print."""

from __future__ import annotations

from pathlib import Path

from analyses.report_content import ReportContent, render_report
from shapefiles.atomic import atomic_file
from shapefiles.fonts import font_families
from spatial.errors import ExportError


def write_pdf_report(
    content: ReportContent, path: Path | str, *, template: Path | str | None = None
) -> Path:
    """Write a report as PDF with bookmarks and page numbers, from the same page as the HTML.

    Parameters
    ----------
    content : ReportContent
    path : path
        Ends in ``.pdf``.
    template : path, optional
        See ``render_report``.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If WeasyPrint is missing, no installed font holds the characters of the report, or the file
        cannot be written.

    Notes
    -----
    Nothing is fetched: pictures are part of the page, and a template that names files or addresses
    gets nothing from them.
    """
    target = Path(path)
    if target.suffix.lower() != ".pdf":
        raise ExportError(f"{target.name}: a PDF report needs the ending .pdf.")
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:  # OSError: Pango, a system library, is missing
        raise ExportError(
            "PDF reports need WeasyPrint and the library Pango: pip install "
            f"'interurban[documents]', and install Pango ({error})."
        ) from error
    # Raises, naming the characters, where boxes would be printed.
    font_families(content.language, [content.title, *_spoken(content)])
    page = HTML(
        string=render_report(content, template=template),
        url_fetcher=URLFetcher(allowed_protocols=("data",)),
    )
    with atomic_file(target) as temporary:
        page.write_pdf(str(temporary), optimize_images=True)
    return target


def _spoken(content: ReportContent) -> list[str]:
    """Sentences of the findings and titles, in which every script of the report appears."""
    told = [sentence for _, sentences in content.findings for sentence in sentences]
    return [*told, *(section.title for section in content.sections)]
