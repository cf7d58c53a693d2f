"""Files appear whole or not at all: write beside the target, then rename."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from spatial.errors import ExportError


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; rename it to ``path`` when the block succeeds.

    Parameters
    ----------
    path : str or Path
        The file wanted. Its folder is made when it does not exist; an existing file stays as it
        is until the new one is complete.

    Yields
    ------
    Path
        Where to write. Removed when the block fails.

    Raises
    ------
    ExportError
        If the folder cannot be written to, or the old file cannot be replaced.
    """
    with atomic_files(path) as (temporary,):
        yield temporary


@contextmanager
def atomic_files(*paths: str | Path) -> Iterator[tuple[Path, ...]]:
    """Give temporary paths of files that belong together; rename all when the block succeeds.

    Parameters
    ----------
    *paths : str or Path
        The files wanted; see :func:`atomic_file`.

    Yields
    ------
    tuple of Path
        Where to write each. All are removed when the block fails or the disk is full.

    Raises
    ------
    ExportError
        If a folder cannot be written to, or an old file cannot be replaced.
    """
    targets = [Path(path) for path in paths]
    temporary = [one.with_name(f".{secrets.token_hex(6)}{one.suffix}") for one in targets]
    try:
        for target in targets:
            target.parent.mkdir(parents=True, exist_ok=True)
        yield tuple(temporary)
        for one in temporary:
            _flush_to_disk(one)
        for one, target in zip(temporary, targets, strict=True):
            os.replace(one, target)
    except OSError as error:
        raise ExportError(
            f"{targets[0].name} cannot be written to {targets[0].parent}: "
            f"{error.strerror or error}. Close programs that have it open, check the permission "
            "and the free space."
        ) from error
    finally:
        for one in temporary:
            for left in (one, *(one.with_name(one.name + s) for s in _SIDECARS)):
                with suppress(NotADirectoryError):  # the folder wanted is a file
                    left.unlink(missing_ok=True)


_SIDECARS = ("-wal", "-shm", "-journal")


def write_text_atomically(path: str | Path, text: str, *, encoding: str = "utf-8") -> Path:
    """Write a text file whole, with Unix line ends, and return its path."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(text.encode(encoding))
    return Path(path)


def refuse_open_database(path: str | Path) -> None:
    """Raise when another program is reading or writing an SQLite file (a GeoPackage).

    A log (``-wal``) or journal beside a file belongs to that very file: another file put in its
    place would be damaged by it. So nothing is replaced while a program holds a lock; logs that a
    crashed program left are played into their own file first; logs whose file is gone are removed.

    A program that has the file open without a lock, such as QGIS with a layer on the screen, goes
    on reading the old file until it loads the layer again. Edits that it has not saved yet cannot
    go into the new file: SQLite sees that the old one was moved, and refuses.

    Parameters
    ----------
    path : str or Path
        May not exist.

    Raises
    ------
    ExportError
        Naming the file and the remedy.
    """
    target = Path(path)
    if not target.exists():
        _remove_logs(target)
        return
    if not target.is_file():
        raise ExportError(f"{target} is a folder; give the name of a file.")
    try:
        with closing(sqlite3.connect(target, timeout=0.0, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode = DELETE")
            database.execute("BEGIN EXCLUSIVE")
            database.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise ExportError(
                f"{target.name} is open in another program (QGIS?); close the project or remove "
                "the layer there, then write again. Nothing was changed."
            ) from error
        raise ExportError(f"{target} cannot be replaced: {error}.") from error
    except sqlite3.DatabaseError:
        pass  # No database: whatever it is, it may be replaced.
    _remove_logs(target)


def _remove_logs(target: Path) -> None:
    """Remove what a database that is gone, or that nobody holds any more, left beside it."""
    try:
        for ending in _SIDECARS:
            target.with_name(target.name + ending).unlink(missing_ok=True)
    except OSError as error:
        raise ExportError(
            f"{target.name} cannot be written: the log {target.name}{ending} beside it cannot be "
            f"removed ({error.strerror or error}). Close programs that use it."
        ) from error


def export_moment(timestamp: datetime | None = None) -> datetime:
    """Return the time that a file is to carry, in UTC.

    Parameters
    ----------
    timestamp : datetime, optional
        By default the environment variable ``SOURCE_DATE_EPOCH`` (seconds), else the clock.

    Returns
    -------
    datetime

    Raises
    ------
    ExportError
        If ``SOURCE_DATE_EPOCH`` is no number.
    """
    if timestamp is not None:
        return (
            timestamp.replace(tzinfo=UTC) if timestamp.tzinfo is None else timestamp.astimezone(UTC)
        )
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ExportError(
            f"SOURCE_DATE_EPOCH={epoch!r} is no count of seconds since 1970; correct or unset it."
        ) from error


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
