"""The command ``interurban``: demo, new, check, run.

Only light modules are imported at the top, so that help answers at once.
"""

from __future__ import annotations

import importlib.metadata
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from spatial.errors import ConfigError, InterurbanError

app = typer.Typer(
    name="interurban",
    help=(
        "Spatial network analysis of city systems: resilience, linkage networks, spatial "
        "autocorrelation and spillovers, handed over as a styled QGIS project, maps, tables and a "
        "report.\n\nStart with [bold]interurban demo[/bold], or with your own files: "
        "[bold]interurban new my-study --cities cities.gpkg --panel panel.csv[/bold]."
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the output folder if it holds earlier results.")
]
LanguageChoice = Annotated[
    str | None,
    typer.Option("--language", metavar="en|zh", help="Language of labels, maps and report."),
]
StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.TOML", help="The study file.")]


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(f"interurban {importlib.metadata.version('interurban')}")
        raise typer.Exit


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")] = Path(
        "demo-output"
    ),
    overwrite: Overwrite = False,
    language: LanguageChoice = None,
    quiet: Quiet = False,
) -> None:
    """Run the example study: US metropolitan areas in the recessions of 1980-82 and 1990-91.

    Writes a QGIS project, maps, tables and a report, and prints what was found.
    """
    from analyses.demo import run_demo

    with _console(quiet=quiet) as progress:
        summary = run_demo(output, overwrite=overwrite, language=language, progress=progress)
    _say(summary, quiet=quiet)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make; study.toml is written into it.")],
    cities: Annotated[
        Path | None,
        typer.Option("--cities", help="File with the cities: shapes, or a table of points."),
    ] = None,
    panel: Annotated[
        Path | None,
        typer.Option("--panel", help="Table with a row for each city and year."),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            "--template",
            metavar="china-cities",
            help="Instead of files: an Excel workbook to fill, with the indicators of the field.",
        ),
    ] = None,
    language: LanguageChoice = None,
) -> None:
    """Write a commented study file for your own data, or a workbook to fill first.

    Both files are looked into, to propose the columns of ids, names and years. With a template
    there are no files yet: the study file fits the workbook beside it.
    """
    if template is not None and (cities or panel):
        raise ConfigError("Give either --template or your files (--cities and --panel), not both.")
    if template is not None:
        from analyses.city_template import write_city_template

        workbook, written = write_city_template(folder, template=template, language=language)
        typer.echo(f"Wrote {workbook}")
        typer.echo(f"Wrote {written}")
        typer.echo(f"Fill the workbook, then: interurban check {written}")
        return
    if cities is None or panel is None:
        raise ConfigError("Give your files by --cities and --panel, or --template china-cities.")
    from analyses.new_study import write_new_study

    written = write_new_study(folder, cities=cities, panel=panel, language=language)
    typer.echo(f"Wrote {written}")
    typer.echo(f"Look through it, then: interurban check {written}")


@app.command()
def check(
    study_file: StudyFile,
    language: LanguageChoice = None,
) -> None:
    """Read the files of a study, print the data passport, and change nothing."""
    from analyses.passport_print import print_passport
    from analyses.run import checked_area
    from analyses.study_file import read_study

    study = read_study(study_file, language=language)
    print_passport(checked_area(study, study_file.parent).passport, study.language)


@app.command()
def run(
    study_file: StudyFile,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")],
    overwrite: Overwrite = False,
    language: LanguageChoice = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Replace the seed of the study file.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Run a study: read, check, compute, and write the QGIS project, maps, tables and report."""
    from analyses.export import run_and_write

    with _console(quiet=quiet) as progress:
        summary = run_and_write(
            study_file,
            output,
            overwrite=overwrite,
            language=language,
            seed=seed,
            progress=progress,
        )
    _say(summary, quiet=quiet)


@contextmanager
def _console(*, quiet: bool) -> Iterator[Callable[[str], None] | None]:
    """Show the step at work; in a pipe a line for each step."""
    if quiet:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    progress = Progress(
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    tasks: list[Any] = []

    def finish() -> None:
        if tasks:
            progress.update(tasks[-1], completed=1)
            progress.stop_task(tasks[-1])

    def begin(step: str) -> None:
        progress.start()
        finish()
        tasks.append(progress.add_task(step, total=1))

    try:
        yield begin
        finish()
    finally:
        if tasks:
            progress.stop()


def _say(summary: Any, *, quiet: bool) -> None:
    """Print the headline findings and where the results are."""
    if quiet:
        return
    typer.echo("")
    for sentence in summary.findings:
        typer.echo(f"* {sentence}")
    typer.echo("")
    for name, path in summary.paths.items():
        typer.echo(f"{name:<14} {path}")


def _terminated(*_: object) -> None:
    """Turn a termination signal into an ordinary exit, so that temporary folders are removed."""
    sys.exit(143)


def main() -> None:
    """Run the command line: errors of the input are one message and exit status 2."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        app()
    except InterurbanError as error:
        typer.echo(f"interurban: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("interurban: interrupted; nothing was written.", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
