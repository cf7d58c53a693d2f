"""Writing an explorer page: one HTML file that needs no network and no other file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

from analyses.explorer_content import ExplorerContent
from analyses.explorer_data import explorer_data
from analyses.explorer_study import study_explorer
from analyses.layers import StudyLayers
from analyses.results import StudyResult
from shapefiles.atomic import write_text_atomically
from shapefiles.language import label

_UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")

SCRIPTS = (
    "data.js",
    "numbers.js",
    "state.js",
    "statistics.js",
    "map_view.js",
    "map_draw.js",
    "map_input.js",
    "scatter.js",
    "table.js",
    "city.js",
    "search.js",
    "controls.js",
    "legend.js",
    "export.js",
    "main.js",
)
"""Parts of the program of the page, in this order; each knows those before it."""


def write_explorer(
    result: StudyResult, path: Path | str, *, layers: StudyLayers | None = None
) -> Path:
    """Write the explorer page of a study.

    Parameters
    ----------
    result : StudyResult
        From ``analyses.run.run_study``.
    path : path
        For example ``explorer.html``.
    layers : StudyLayers, optional
        The layers of the study where they are known already.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If the file cannot be written.
    """
    return write_explorer_page(study_explorer(result, layers), path)


def write_explorer_page(content: ExplorerContent, path: Path | str) -> Path:
    """Write an explorer page of any cities, with or without a study.

    Parameters
    ----------
    content : ExplorerContent
    path : path

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If the file cannot be written.
    """
    return write_text_atomically(path, render_explorer(content))


def render_explorer(content: ExplorerContent) -> str:
    """Make an explorer page.

    Parameters
    ----------
    content : ExplorerContent

    Returns
    -------
    str
        One HTML page. Its policy allows this very script and style and forbids everything from
        outside; text from data is only ever text.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("analyses", "templates/explorer"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = _source("explorer.css")
    script = page_script()
    return environment.get_template("explorer.html.j2").render(
        language="zh-CN" if content.language == "zh" else "en",
        title=content.title,
        subtitle=content.subtitle,
        word=lambda key, **values: label(f"explorer_{key}", content.language, **values),
        style=style,
        style_hash=content_hash(style),
        script=script,
        script_hash=content_hash(script),
        data=script_safe_json(explorer_data(content)),
    )


def page_script() -> str:
    """Join the parts of the program into one function, so that nothing leaks out of it."""
    parts = "\n".join(_source(name) for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def content_hash(text: str) -> str:
    """Return the hash by which a content security policy knows an inline script or style."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def script_safe_json(values: Any) -> str:
    r"""Write JSON that can stand inside a ``script`` element, whatever the texts in it.

    ``<``, ``>`` and ``&`` end or open elements and comments; U+2028 and U+2029 end lines of a
    program; lone surrogates are no UTF-8. All of them are written as escapes.

    Examples
    --------
    >>> script_safe_json(["</script><!--", "R&D \u2028"])
    '["\\u003c/script\\u003e\\u003c!--","R\\u0026D \\u2028"]'
    """
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _source(name: str) -> str:
    folder = resources.files("analyses").joinpath("templates/explorer")
    return folder.joinpath(name).read_text(encoding="utf-8")
