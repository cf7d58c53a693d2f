"""An output folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spatial.errors import ExportError, listed

RUN_RECORD = "run_record.json"
"""Every results folder holds this file; only folders that hold it are ever replaced."""


@contextmanager
def output_folder(
    path: Path | str, *, overwrite: bool = False, inputs: Iterable[Path] = ()
) -> Iterator[Path]:
    """Give a temporary folder beside ``path`` and rename it to ``path`` when all went well.

    An error, Ctrl-C or a termination signal leaves what was there before untouched and removes
    the temporary folder.

    Parameters
    ----------
    path : path
        The folder wanted.
    overwrite : bool
        Replace an existing folder, provided that it holds results of interurban (or nothing).
    inputs : iterable of path
        Files that are read; they may not lie in a folder that would be replaced.

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    ExportError
        If the folder exists and may not be replaced, or cannot be made.
    """
    target = Path(path).resolve()
    _refuse(target, overwrite=overwrite, inputs=inputs)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(
            tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".partial", dir=target.parent)
        )
    except OSError as error:
        raise ExportError(f"Cannot write beside {str(path)!r}: {error.strerror}.") from None
    try:
        partial.chmod(0o777 & ~_umask())
        yield partial
        _swap(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _refuse(target: Path, *, overwrite: bool, inputs: Iterable[Path]) -> None:
    if not target.exists() and not target.is_symlink():
        return
    if not target.is_dir():
        raise ExportError(f"{str(target)!r} is a file; choose another output folder.")
    if not any(target.iterdir()):
        return
    if not overwrite:
        raise ExportError(
            f"The output folder {str(target)!r} exists; choose another, or add --overwrite to "
            "replace it."
        )
    if not (target / RUN_RECORD).is_file():
        raise ExportError(
            f"The folder {str(target)!r} holds no results of interurban (no {RUN_RECORD}), so it "
            "is not overwritten; choose another output folder."
        )
    inside = [str(item) for item in inputs if Path(item).resolve().is_relative_to(target)]
    if inside:
        raise ExportError(
            f"The output folder {str(target)!r} holds files that this study reads "
            f"({listed(inside)}), so it is not overwritten; choose another output folder."
        )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _swap(partial: Path, target: Path) -> None:
    """Put ``partial`` in the place of ``target``; the old one goes when the new one is there."""
    if not target.exists():
        partial.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".old", dir=target.parent))
    try:
        target.rename(old / target.name)
    except OSError as error:
        old.rmdir()
        raise ExportError(
            f"The old results in {str(target)!r} cannot be replaced ({error.strerror}): close the "
            "programs that have them open, for example QGIS or Excel."
        ) from None
    try:
        partial.rename(target)
    except OSError as error:
        (old / target.name).rename(target)
        raise ExportError(f"The results cannot be put in place: {error.strerror}.") from None
    finally:
        shutil.rmtree(old, ignore_errors=True)
