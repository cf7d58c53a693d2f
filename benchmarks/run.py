"""Run all benchmarks, each in a process of its own, and write ``docs/benchmarks.md``.

Usage: ``python benchmarks/run.py [NAME ...] [--large]`` or ``make bench``. Without names every
``bench_*.py`` of this folder runs. A benchmark that fails is named and ends the run with status 1;
the document is written only when all went well and all were asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from common import ROWS_FILE, Row, named

FOLDER = Path(__file__).resolve().parent
OUTPUT = FOLDER.parent / "docs" / "benchmarks.md"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
LIBRARIES = ("numpy", "scipy", "pandas", "libpysal")

INTRODUCTION = """\
# Benchmarks

Interurban beside other programs, on the same data in the same run. Written by `make bench`; nothing
here is typed in. The ratio is peer time over interurban time: above one, interurban is faster.
Seconds are processor time of one thread of linear algebra, the shortest of some rounds after a
first call, unless the work says otherwise; they drift between machines, ratios hardly. Peak is the
memory that the work adds to the process at its highest point. Data are simulated where no source is
named. A peer that does less, or something coarser, is said to do so."""


def machine() -> str:
    """Describe processor, memory and versions."""
    model = platform.processor() or platform.machine()
    memory = ""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        memory = f", {pages / 1e9:.0f} GB of memory"
    except (OSError, StopIteration, ValueError):
        pass  # another system; what platform knows must do
    return (
        f"Machine: {model}, {os.cpu_count()} processors{memory}, {platform.system()}; Python "
        f"{platform.python_version()}, {', '.join(named(name) for name in LIBRARIES)}."
    )


def rows_of(script: Path, options: Sequence[str]) -> list[Row] | None:
    """Run one benchmark; None when it fails."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "rows.jsonl"
        done = subprocess.run(
            [sys.executable, str(script), *options],
            env={**os.environ, **ONE_THREAD, ROWS_FILE: str(target)},
            check=False,
        )
        if done.returncode or not target.exists():
            return None
        lines = target.read_text(encoding="utf-8").splitlines()
    return [Row(**json.loads(line)) for line in lines]


def cell(value: float | None, digits: int) -> str:
    """Return a number, or nothing."""
    return "" if value is None else f"{value:.{digits}f}"


def memory_cell(row: Row) -> str:
    """Return the peak of ours and, where measured, of the peer."""
    ours = cell(row.peak, 0)
    return ours if row.peer_peak is None else f"{ours} (peer {row.peer_peak:.0f})"


def section(script: Path, rows: Sequence[Row]) -> str:
    """Return the table of one benchmark."""
    title = script.stem.removeprefix("bench_").replace("_", " ").capitalize()
    lines = [
        f"## {title}",
        "",
        f"`{script.relative_to(FOLDER.parent).as_posix()}`",
        "",
        "| work | n | peer | ours, s | peer, s | ratio | peak, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        size = f"{row.n:,}" if isinstance(row.n, int) else row.n
        lines.append(
            f"| {row.work} | {size} | {row.peer} | {row.ours:.3f} | {cell(row.theirs, 3)} | "
            f"{cell(row.ratio, 1)} | {memory_cell(row)} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks and write the document.

    Returns
    -------
    int
        Exit status.
    """
    parser = argparse.ArgumentParser(description="Run benchmarks and write docs/benchmarks.md.")
    parser.add_argument("names", nargs="*", help="benchmarks to run, all by default")
    parser.add_argument("--large", action="store_true", help="add the sizes that take minutes")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    chosen = parser.parse_args(arguments)
    known = {script.stem: script for script in sorted(FOLDER.glob("bench_*.py"))}
    unknown = [name for name in chosen.names if name not in known]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; known: {', '.join(known)}")
    parts, failed = [INTRODUCTION, machine()], []
    for name in chosen.names or known:
        print(f"== {name}", flush=True)
        rows = rows_of(known[name], ["--large"] if chosen.large else [])
        if rows is None:
            failed.append(name)
        else:
            parts.append(section(known[name], rows))
    if failed:
        print(f"failed: {', '.join(failed)}; nothing written", file=sys.stderr)
        return 1
    if chosen.names and chosen.output == OUTPUT:
        print("some benchmarks only: docs/benchmarks.md is left as it was")
        return 0
    chosen.output.write_text("\n\n".join(parts) + "\n", encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
