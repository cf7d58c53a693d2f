"""What all benchmarks share: a clock, a measure of memory, and rows of one table.

A benchmark is a script ``bench_<work>.py`` that asks ``large_asked``, calls ``table_head`` once and
``report`` for every row. Run alone it prints its table; run by ``benchmarks/run.py`` (``make
bench``) the same rows also go into ``docs/benchmarks.md``: the runner names a file in the
environment, and ``report`` appends to it.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import io
import json
import os
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROWS_FILE = "INTERURBAN_BENCHMARK_ROWS"
"""Environment variable that names the file to which rows are appended as lines of JSON."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the table.

    Attributes
    ----------
    work : str
        What both sides do; where they do not do the same, what each does.
    n : int or str
        Cities, or cities x years.
    peer : str
        Name and version (``named``); empty where there is no peer.
    ours, theirs : float
        Seconds. ``theirs`` is None without a peer.
    peak : float or None
        Megabytes that the work adds at its peak, ours.
    peer_peak : float or None
        The same of the peer.
    """

    work: str
    n: int | str
    peer: str
    ours: float
    theirs: float | None = None
    peak: float | None = None
    peer_peak: float | None = None

    @property
    def ratio(self) -> float | None:
        """Peer time over interurban time: above one, interurban is faster."""
        return None if self.theirs is None else self.theirs / self.ours


def named(package: str, note: str = "") -> str:
    """Return a package with its installed version, and a note.

    Examples
    --------
    >>> named("numpy").startswith("numpy ")
    True
    """
    try:
        found = f"{package} {version(package)}"
    except PackageNotFoundError:
        found = package
    return f"{found}, {note}" if note else found


def seconds(
    work: Callable[[], Any], *, rounds: int = 2, clock: Callable[[], float] = time.process_time
) -> float:
    """Return the shortest time of some rounds, silencing what the peer prints.

    Processor time by default; take ``time.perf_counter`` where a side uses several processes.
    """
    times = []
    for _ in range(rounds):
        start = clock()
        _silently(work)
        times.append(clock() - start)
    return min(times)


def peak_megabytes(work: Callable[[], Any]) -> float:
    """Return the memory that the work adds at its peak.

    On Linux the growth of the resident set of the process, whoever allocates; elsewhere what
    Python and NumPy allocate.
    """
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # memory freed before would be taken again unseen
    try:
        reset.write_text("5", encoding="ascii")  # forgets the peak so far
    except OSError:
        tracemalloc.start()
        _silently(work)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak / 1e6
    before = _resident(status, "VmRSS")
    _silently(work)
    return (_resident(status, "VmHWM") - before) / 1e3


def _silently(work: Callable[[], Any]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        work()


def _resident(status: Path, field: str) -> float:
    lines = status.read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(field))


def large_asked(description: str | None) -> bool:
    """Read the command line: whether ``--large`` asks for the sizes that take minutes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--large", action="store_true", help="add the sizes that take minutes")
    return bool(parser.parse_args().large)


def table_head() -> None:
    """Print the head of the table."""
    print(
        f"{'work':<46}{'n':>12}  {'peer':<38}{'ours s':>9}{'peer s':>9}{'ratio':>8}{'peak MB':>9}"
    )


def report(row: Row) -> None:
    """Print a row, and append it to the file of the runner if there is one."""
    size = f"{row.n:,}" if isinstance(row.n, int) else row.n
    theirs = "" if row.theirs is None else f"{row.theirs:.3f}"
    ratio = "" if row.ratio is None else f"{row.ratio:.1f}"
    peak = "" if row.peak is None else f"{row.peak:.0f}"
    print(
        f"{row.work:<46}{size:>12}  {row.peer:<38}{row.ours:>9.3f}{theirs:>9}{ratio:>8}{peak:>9}",
        flush=True,
    )
    target = os.environ.get(ROWS_FILE)
    if target:
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")
