"""Compare interurban with published numbers and other programs; write what came out.

Usage: ``python scripts/conformance.py [--output docs/conformance.md]`` or ``make conformance``.
The reference numbers may not be redistributed with the project; they are looked for in the folder
``reference`` of ``$INTERURBAN_SHARED``, else of ``../shared`` beside the checkout. The exit status
is 1 when a group of values misses its tolerance.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance_cases import run_cases
from conformance_cases.comparison import Case, Group

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "docs" / "conformance.md"
ROUNDING = 1e-13
"""Errors below this differ between processors and are not worth a digit."""

INTRODUCTION = """\
# Conformance

Numbers of interurban against published tables and other programs. Written by `make conformance`,
which runs every case; nothing here is typed in. A relative error is `abs(ours - theirs) /
abs(theirs)`, the difference itself where the reference is exactly zero; "absolute" marks groups
measured by the difference (p-values by permutation, values that pass through zero). Errors are the
largest of their group."""


def reference_folder() -> Path:
    """Return the folder of the reference cases, or end with a sentence that says what to do."""
    shared = Path(os.environ.get("INTERURBAN_SHARED", ROOT.parent / "shared"))
    folder = shared / "reference"
    if not folder.is_dir():
        raise SystemExit(
            f"There is no folder {folder}. The reference cases may not be redistributed with "
            "the project: set INTERURBAN_SHARED to the folder that holds 'reference'."
        )
    return folder


def error_in_words(error: float) -> str:
    """Round an error to two digits.

    Parameters
    ----------
    error : float

    Returns
    -------
    str
    """
    if error == 0:
        return "0"
    return f"< {ROUNDING:.0e}" if error < ROUNDING else f"{error:.1e}"


def group_row(group: Group) -> str:
    """Return a row of the table of a case."""
    kind = " (absolute)" if group.tolerance.absolute else ""
    verdict = "" if group.passed else " **missed**"
    return (
        f"| {group.name} | {group.count} | {error_in_words(group.largest)}{kind}{verdict} "
        f"| {group.tolerance.limit:.1e} |"
    )


def case_section(case: Case) -> str:
    """Return the section of a case."""
    lines = [f"## {case.title}", "", *(f"- {source}" for source in case.sources)]
    lines += ["", f"Computed by: {case.programs}.", ""]
    lines += ["| values | compared | largest error | tolerance |", "|---|---|---|---|"]
    lines += [group_row(group) for group in case.groups]
    if case.not_compared:
        lines += ["", "Not comparable, or not compared:", ""]
        lines += [f"- {note}" for note in case.not_compared]
    return "\n".join(lines)


def summary(cases: Sequence[Case]) -> str:
    """Return the table of all cases."""
    lines = [
        "| case | numbers in the reference | compared | groups | within tolerance |",
        "|---|---|---|---|---|",
    ]
    for case in cases:
        passed = sum(group.passed for group in case.groups)
        lines.append(
            f"| {case.title} | {case.numbers} | {case.compared} | {len(case.groups)} | {passed} |"
        )
    return "\n".join(lines)


def document(cases: Sequence[Case]) -> str:
    """Return the whole document.

    Parameters
    ----------
    cases : sequence of Case

    Returns
    -------
    str
        Markdown.
    """
    parts = [INTRODUCTION, summary(cases), *(case_section(case) for case in cases)]
    return "\n\n".join(parts) + "\n"


def missed(cases: Sequence[Case]) -> list[str]:
    """Name the groups that miss their tolerance."""
    return [
        f"{case.title}: {group.name}: {group.largest:.1e} against {group.tolerance.limit:.1e}"
        for case in cases
        for group in case.groups
        if not group.passed
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all cases and write the document.

    Parameters
    ----------
    arguments : sequence of str, optional

    Returns
    -------
    int
        Exit status.
    """
    parser = argparse.ArgumentParser(description="Compare interurban with reference numbers.")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    chosen = parser.parse_args(arguments)
    cases = list(run_cases(reference_folder()))
    chosen.output.write_text(document(cases), encoding="utf-8", newline="\n")
    failures = missed(cases)
    print(f"{sum(case.compared for case in cases)} numbers of {len(cases)} cases compared")
    for failure in failures:
        print(f"over its tolerance: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
