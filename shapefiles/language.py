"""One dictionary of labels in English and Chinese for maps, QGIS projects, tables and reports."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from spatial.errors import ConfigError, listed, nearest_spelling
from spatial.options import Language, checked_option


@cache
def _dictionary() -> dict[str, dict[str, str]]:
    """Read every file of the dictionary, by subject; a label stands in one of them."""
    entries: dict[str, dict[str, str]] = {}
    files = resources.files("shapefiles").joinpath("labels").iterdir()
    for file in sorted((one for one in files if one.name.endswith(".toml")), key=lambda f: f.name):
        found = tomllib.loads(file.read_text(encoding="utf-8"))
        twice = sorted(entries.keys() & found.keys())
        if twice:
            raise ConfigError(f"{file.name}: labels that another file has too: {listed(twice)}.")
        entries |= found
    return entries


def label(key: str, language: Language = "en", **values: object) -> str:
    """Return the wording of ``key`` in a language, with ``{placeholders}`` filled.

    Parameters
    ----------
    key : str
        A table in one of the files of ``shapefiles/labels``.
    language : {"en", "zh"}
    **values
        What the placeholders of the wording stand for.

    Returns
    -------
    str

    Raises
    ------
    ConfigError
        If the key or the language is not in the dictionary.

    Examples
    --------
    >>> label("resistance", "en"), label("resistance", "zh")
    ('Resistance', '抵抗力')
    """
    checked_option(language, Language, name="language")
    entries = _dictionary()
    if key not in entries:
        raise ConfigError(f"No label {key!r} in the dictionary{nearest_spelling(key, entries)}.")
    wording = entries[key][language]
    return wording.format(**values) if values else wording


def known_labels() -> frozenset[str]:
    """Return every key of the dictionary."""
    return frozenset(_dictionary())
