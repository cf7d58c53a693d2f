"""Writing everything that a study gave into one folder."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from analyses.explorer_page import write_explorer
from analyses.export_figures import write_figures
from analyses.export_formats import write_layers, write_networks, write_weights
from analyses.export_qgis import write_qgis
from analyses.export_tables import study_tables
from analyses.findings import headline_findings
from analyses.journal_tables import journal_tables
from analyses.layers import study_layers
from analyses.output_folder import RUN_RECORD, output_folder
from analyses.report_build import build_report
from analyses.report_content import ReportContent, check_template, write_report
from analyses.report_pdf import write_pdf_report
from analyses.report_word import write_word_report
from analyses.results import StudyResult
from analyses.run import Progress, run_study
from analyses.study import Study
from analyses.study_file import read_study
from shapefiles.atomic import write_text_atomically
from shapefiles.journal_files import write_journal_tables
from shapefiles.language import label
from shapefiles.tables import write_csv_tables
from shapefiles.workbook import write_workbook
from spatial.options import Language, ReportFormat

EXPLORER = "explorer.html"


@dataclass(frozen=True)
class Summary:
    """What the command line prints at the end.

    Attributes
    ----------
    findings : tuple of str
        Sentences.
    paths : mapping of str to Path
        What was written, by kind.
    """

    findings: tuple[str, ...]
    paths: Mapping[str, Path]


def run_and_write(
    study_file: Path | str,
    output: Path | str,
    *,
    overwrite: bool = False,
    language: str | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Run a study file and write all results into a folder.

    Parameters
    ----------
    study_file : path
    output : path
        Appears only when everything is written.
    overwrite : bool
        Replace earlier results.
    language, seed : optional
        Replace the values of the study file.
    progress : callable, optional
        Told of each step.

    Returns
    -------
    Summary

    Raises
    ------
    InterurbanError
        For every fault of the input or output, with the remedy.
    """
    file = Path(study_file)
    study = read_study(file, language=language, seed=seed)
    inputs = [file, *(file.parent / name for name in input_files(study))]
    template = (
        file.parent / study.outputs.report_template if study.outputs.report_template else None
    )
    if template is not None:
        check_template(template)  # before the work, not after it
    with output_folder(output, overwrite=overwrite, inputs=inputs) as folder:
        tell = worded(progress, study.language)
        result = run_study(study, folder=file.parent, progress=tell)
        write_study_file(
            file.read_text(encoding="utf-8-sig"),
            folder / "study.toml",
            language=language,
            seed=seed,
            moved=(file.parent, Path(output)),
        )
        return finish(
            result,
            folder,
            final=Path(output),
            progress=tell,
            template=template,
        )


def worded(progress: Progress | None, language: Language) -> Progress:
    """Turn the keys of steps into words; silence stays silence."""
    return lambda step: progress(label(step, language)) if progress is not None else None


def input_files(study: Study) -> list[str]:
    """List the files that a study reads, as the study file names them."""
    files = [study.cities.file, study.panel.file]
    for network in study.networks:
        if network.kind == "observed":
            files.append(network.file)
        elif network.cost is not None:
            files.append(network.cost.file)
    if study.background is not None:
        files.append(study.background.file)
    if study.outputs.report_template:
        files.append(study.outputs.report_template)
    return files


def finish(
    result: StudyResult,
    folder: Path,
    *,
    final: Path,
    progress: Progress,
    template: Path | None = None,
) -> Summary:
    """Write all results into ``folder``, which will be renamed to ``final``."""
    study, name = result.study, result.study.outputs.name

    progress("step_tables")
    tables = study_tables(result)
    write_csv_tables(folder / "tables", tables)
    write_workbook(
        folder / "tables" / f"{name}.xlsx", tables, title=study.titled(), language=study.language
    )
    write_networks(result, folder / "networks", study.outputs.networks)
    write_weights(result, folder / "weights", study.outputs.weights)

    progress("step_figures")
    layers = study_layers(result)
    figures = write_figures(result, layers, folder / "figures")

    progress("step_qgis")
    write_qgis(result, layers, folder)
    write_layers(layers, folder / "layers", study.outputs.layers)

    progress("step_report")
    content = build_report(result, figures=figures)
    reports = write_reports(content, folder, study.outputs.report, template=template)
    printed = journal_tables(result) if study.outputs.journal_tables else {}
    for ending in study.outputs.journal_tables:
        tables_path = folder / "tables" / f"journal_tables.{ending}"
        write_journal_tables(tables_path, printed)
    if study.outputs.explorer:
        progress("step_explorer")
        write_explorer(result, folder / EXPLORER, layers=layers)
    record = run_record(result)
    text = json.dumps(record, ensure_ascii=False, indent=2) + "\n"
    write_text_atomically(folder / RUN_RECORD, text)
    paths = {
        label("path_qgis", study.language): final / f"{name}.qgz",
        label("path_report", study.language): final / reports[0].name,
        **(
            {label("path_explorer", study.language): final / EXPLORER}
            if study.outputs.explorer
            else {}
        ),
        label("path_figures", study.language): final / "figures",
        label("path_tables", study.language): final / "tables" / f"{name}.xlsx",
    }
    return Summary(findings=tuple(headline_findings(result)), paths=paths)


def write_reports(
    content: ReportContent,
    folder: Path,
    formats: Sequence[ReportFormat],
    *,
    template: Path | None = None,
) -> list[Path]:
    """Write one report in several formats: ``report.html``, ``report.docx``, ``report.pdf``.

    Parameters
    ----------
    content : ReportContent
    folder : Path
    formats : sequence of {"html", "docx", "pdf"}
    template : Path, optional
        Of the HTML and PDF report; see ``render_report``.

    Returns
    -------
    list of Path
        In the order of the formats.
    """
    written = []
    for ending in formats:
        path = folder / f"report.{ending}"
        if ending == "docx":
            written.append(write_word_report(content, path))
        elif ending == "pdf":
            written.append(write_pdf_report(content, path, template=template))
        else:
            written.append(write_report(content, path, template=template))
    return written


def run_record(result: StudyResult) -> dict[str, Any]:
    """Return what is needed to repeat a run: study, seed, versions, files, timings."""
    return {
        "study": result.study.plain(),
        "seed": result.study.seed,
        "versions": dict(result.versions),
        "platform": platform.platform(),
        "sources": [
            {"role": s.role, "file": s.path, "sha256": s.sha256, "rows": s.rows}
            for s in result.area.passport.sources
        ],
        "warnings": list(result.warnings),
        "timings_seconds": dict(result.timings),
    }


def write_study_file(
    text: str,
    target: Path,
    *,
    language: str | None = None,
    seed: int | None = None,
    moved: tuple[Path, Path] | None = None,
) -> None:
    """Write the study as it was run, comments kept, so that it can be run again from its new place.

    Parameters
    ----------
    text : str
        The study file.
    target : Path
    language, seed : optional
        What the command line replaced.
    moved : (Path, Path), optional
        Folder of the old and of the new file: relative paths of inputs are rewritten.
    """
    document = tomlkit.parse(text)
    if language is not None:
        document["language"] = language
    if seed is not None:
        document["seed"] = seed
    if moved is not None:
        old, new = moved[0].resolve(), moved[1].resolve()
        _rewrite_paths(document, old, new)
    write_text_atomically(target, tomlkit.dumps(document))


def _rewrite_paths(section: Any, old: Path, new: Path) -> None:
    """Change every key that names a file, at whatever depth."""
    if isinstance(section, list):
        for item in section:
            _rewrite_paths(item, old, new)
    if not isinstance(section, dict):
        return
    for key, value in section.items():
        is_path = key in ("file", "report_template") and isinstance(value, str) and value
        if is_path and not Path(value).is_absolute():
            try:
                section[key] = Path(os.path.relpath(old / value, new)).as_posix()
            except ValueError:  # another drive on Windows
                section[key] = (old / value).as_posix()
        else:
            _rewrite_paths(value, old, new)
