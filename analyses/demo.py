"""The example study: data that ship with the package, run into a folder of its own."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from analyses.export import Summary, finish, worded, write_study_file
from analyses.output_folder import output_folder
from analyses.run import Progress, run_study
from analyses.study import Study
from analyses.study_file import study_from_text
from shapefiles.example import example_files


def demo_study_text() -> str:
    """Return the study file of the example, as text."""
    return (
        resources.files("analyses").joinpath("templates/us_metros.toml").read_text(encoding="utf-8")
    )


def demo_study(*, language: str | None = None) -> Study:
    """Return the study of the example."""
    return study_from_text(demo_study_text(), where="the example study", language=language)


def run_demo(
    output: Path | str,
    *,
    overwrite: bool = False,
    language: str | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Run the example study and write everything, with its inputs, into one folder.

    Parameters
    ----------
    output : path
    overwrite : bool
        Replace earlier results.
    language : {"en", "zh"}, optional
    progress : callable, optional
        Told of each step.

    Returns
    -------
    Summary

    Raises
    ------
    ExportError
        If the folder exists and may not be replaced.
    """
    study = demo_study(language=language)
    with output_folder(output, overwrite=overwrite) as folder:
        inputs = folder / "inputs"
        inputs.mkdir()
        for source in example_files().values():
            shutil.copyfile(source, inputs / source.name)
        write_study_file(demo_study_text(), folder / "study.toml", language=language)
        tell = worded(progress, study.language)
        result = run_study(study, folder=folder, progress=tell)
        return finish(result, folder, final=Path(output), progress=tell)
