"""Find files and take their fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from spatial.errors import InputError, nearest_spelling

_BLOCK = 1 << 20


def existing_file(path: str | Path, *, what: str) -> Path:
    """Return the path of a readable file that is not empty.

    A folder passes only when its name ends in ``.gdb`` (a file geodatabase).

    Parameters
    ----------
    path : str or Path
    what : str
        What the file holds, for the message.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If there is no such file, it is a folder, it is empty or may not be read.
    """
    file = Path(path).expanduser()
    try:
        if file.is_dir() and file.suffix.lower() == ".gdb":
            return file
        if file.is_dir():
            raise InputError(f"{file} ({what}) is a folder; name the file inside it.")
        if not file.is_file():
            raise InputError(f"There is no file {file} ({what}){_near(file)}. Correct the path.")
        with file.open("rb") as stream:
            if not stream.read(1):
                raise InputError(f"{file} ({what}) is empty; export it again.")
    except OSError as error:
        raise InputError(f"{file} ({what}) cannot be read: {error.strerror}.") from error
    return file


def _near(file: Path) -> str:
    if not file.parent.is_dir():
        return f", nor the folder {file.parent}"
    return nearest_spelling(file.name, sorted(item.name for item in file.parent.iterdir()))


def sha256_of(files: Iterable[Path]) -> str:
    """Return the SHA-256 of the bytes of files, one after the other.

    Parameters
    ----------
    files : iterable of Path
        Folders count with every file in them, in the order of names.

    Returns
    -------
    str of 64 hexadecimal digits
    """
    digest = hashlib.sha256()
    for file in files:
        members = sorted(file.rglob("*")) if file.is_dir() else [file]
        for member in members:
            if member.is_file():
                with member.open("rb") as stream:
                    while block := stream.read(_BLOCK):
                        digest.update(block)
    return digest.hexdigest()
