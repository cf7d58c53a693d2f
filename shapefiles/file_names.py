"""Names of files and sheets made from names of people: safe, short, each its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

RESERVED_NAMES = frozenset(
    ["CON", "PRN", "AUX", "NUL", *(f"{kind}{at}" for kind in ("COM", "LPT") for at in range(10))]
)
"""Names that Windows keeps for devices, whatever the ending."""


def is_reserved(name: str) -> bool:
    """Whether Windows would take a file name for a device.

    Examples
    --------
    >>> is_reserved("nul.csv"), is_reserved("null.csv")
    (True, False)
    """
    return name.split(".", maxsplit=1)[0].strip().upper() in RESERVED_NAMES


def distinct_names(
    keys: Sequence[str],
    *,
    limit: int,
    forbidden: str,
    ending: str = " ({})",
    strip: str = " .'",
) -> dict[str, str]:
    """Give each key a name without forbidden characters, not too long, distinct without case.

    Parameters
    ----------
    keys : sequence of str
    limit : int
        Most characters of a name.
    forbidden : str
        Regular expression of characters that become ``_``.
    ending : str
        What tells names apart that would be the same, with ``{}`` for the number.
    strip : str
        Characters that no name begins or ends with.

    Returns
    -------
    dict of str to str
        No name is one that Windows keeps for a device.

    Examples
    --------
    >>> distinct_names(["a/b", "A_B", "", "nul"], limit=31, forbidden="[/]")
    {'a/b': 'a_b', 'A_B': 'A_B (2)', '': '_', 'nul': '_nul'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for key in keys:
        plain = re.sub(forbidden, "_", unicodedata.normalize("NFC", str(key))).strip(strip) or "_"
        plain = f"_{plain}" if is_reserved(plain) else plain
        name, number = plain[:limit].rstrip(strip) or plain[:limit], 1
        while name.casefold() in taken:
            number += 1
            last = ending.format(number)
            name = plain[: limit - len(last)].rstrip(strip) + last
        taken.add(name.casefold())
        names[key] = name
    return names
