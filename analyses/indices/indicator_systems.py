"""Systems of indicators as data files: which indicators an index has, and what they mean."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, overload

import pandas as pd

from analyses.indices.indicators import Indicator
from spatial.errors import ConfigError, InputError, listed, nearest_spelling
from spatial.options import CompositeMethod, Language, checked_option

__all__ = [
    "IndicatorDefinition",
    "IndicatorSystem",
    "indicator_systems",
    "read_indicator_system",
]

_TEXTS = ("en", "zh", "unit_en", "unit_zh", "source_en", "source_zh", "formula")
_NEEDED = ("code", "en", "zh")
_KEYS = {"code", "column", "dimension", "direction", "target", "interval", *_TEXTS}
_SYSTEM_KEYS = {"name", "en", "zh", "method", "source", "notes", "dimensions", "indicators"}


@dataclass(frozen=True, kw_only=True)
class IndicatorDefinition:
    """One indicator in words.

    Attributes
    ----------
    code : str
        Short name that stays the same in all systems.
    en, zh : str
        Name in English and Chinese.
    unit_en, unit_zh, source_en, source_zh : str
    formula : str
        How it is made from published figures.
    indicator : Indicator
        Column, direction and dimension for ``composite_index``.
    """

    code: str
    en: str
    zh: str
    indicator: Indicator
    unit_en: str = ""
    unit_zh: str = ""
    source_en: str = ""
    source_zh: str = ""
    formula: str = ""


@dataclass(frozen=True, kw_only=True)
class IndicatorSystem(Sequence[Indicator]):
    """A system of indicators; a sequence of ``Indicator``, so that ``composite_index`` takes it.

    Attributes
    ----------
    name, en, zh : str
    method : str
        Method of ``composite_index`` that the literature uses with this system.
    source, notes : str
        Where the system comes from, and what to beware of.
    dimensions : mapping of str to (str, str)
        Code of a dimension -> English and Chinese wording.
    entries : tuple of IndicatorDefinition
    """

    name: str
    en: str
    zh: str
    method: CompositeMethod
    source: str
    notes: str
    dimensions: Mapping[str, tuple[str, str]]
    entries: tuple[IndicatorDefinition, ...]

    @overload
    def __getitem__(self, place: int) -> Indicator: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Indicator, ...]: ...
    def __getitem__(self, place: int | slice) -> Indicator | tuple[Indicator, ...]:
        return tuple(entry.indicator for entry in self.entries)[place]

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Indicator]:
        return (entry.indicator for entry in self.entries)

    def definitions(self, language: Language = "en") -> pd.DataFrame:
        """Return the system as a table in one language, a row for each indicator.

        Returns
        -------
        pandas.DataFrame
            Index ``code``: ``column``, ``dimension``, ``name``, ``direction``, ``unit``,
            ``source``, ``formula``.
        """
        chosen = checked_option(language, Language, name="language")
        place = 0 if chosen == "en" else 1
        rows = {
            entry.code: {
                "column": entry.indicator.column,
                "dimension": self.dimensions.get(entry.indicator.dimension, ("", ""))[place],
                "name": (entry.en, entry.zh)[place],
                "direction": entry.indicator.direction,
                "unit": (entry.unit_en, entry.unit_zh)[place],
                "source": (entry.source_en, entry.source_zh)[place],
                "formula": entry.formula,
            }
            for entry in self.entries
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("code")


def indicator_systems() -> tuple[str, ...]:
    """Return the names of the systems that come with the package."""
    return tuple(sorted(_shipped()))


def read_indicator_system(
    system: str | Path, *, columns: Mapping[str, str] | None = None
) -> IndicatorSystem:
    """Read a system of indicators, of the package or of a file of your own.

    Parameters
    ----------
    system : str or Path
        A name of ``indicator_systems()``, or the path of a ``.toml`` file of the same form. Copy
        a file of the package, change it, and pass its path.
    columns : mapping of str to str, optional
        Code of an indicator -> column of the panel, where it differs from the file.

    Returns
    -------
    IndicatorSystem

    Raises
    ------
    InputError
        If there is no such system or file, or the file is not TOML.
    ConfigError
        If keys are missing, unknown or contradict each other.

    Examples
    --------
    >>> system = read_indicator_system("digital-economy-zhao-2020")
    >>> system.method, len(system), system[0].column
    ('pca', 5, 'internet_penetration')
    >>> system.definitions("zh").loc["digital_finance", "name"]
    '数字普惠金融指数'
    """
    raw = _parsed(system)
    where = str(system)
    _check_keys(raw, _SYSTEM_KEYS, ("name", "en", "zh", "indicators"), where)
    dimensions = {
        code: (str(words.get("en", code)), str(words.get("zh", code)))
        for code, words in raw.get("dimensions", {}).items()
    }
    method = raw.get("method", "entropy")
    checked_option(method, CompositeMethod, name=f"method of {where}")
    renamed = dict(columns or {})
    entries = tuple(_definition(facts, renamed, where) for facts in raw["indicators"])
    codes = [entry.code for entry in entries]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice or not codes:
        raise ConfigError(f"{where}: indicators are missing or given twice: {listed(twice)}.")
    odd = sorted(set(renamed) - set(codes))
    if odd:
        raise ConfigError(f"columns= names codes that {where} does not have: {listed(odd)}.")
    lost = sorted({e.indicator.dimension for e in entries} - set(dimensions) - {""})
    if lost:
        raise ConfigError(f"{where}: dimensions without a table [dimensions.*]: {listed(lost)}.")
    return IndicatorSystem(
        name=str(raw["name"]),
        en=str(raw["en"]),
        zh=str(raw["zh"]),
        method=method,
        source=str(raw.get("source", "")),
        notes=str(raw.get("notes", "")),
        dimensions=dimensions,
        entries=entries,
    )


def _shipped() -> dict[str, Any]:
    folder = resources.files("analyses.indices").joinpath("data/systems")
    return {
        item.name.removesuffix(".toml"): item
        for item in folder.iterdir()
        if item.name.endswith(".toml")
    }


def _parsed(system: str | Path) -> dict[str, Any]:
    shipped = _shipped()
    if isinstance(system, str) and system in shipped:
        return tomllib.loads(shipped[system].read_text(encoding="utf-8"))
    path = Path(system)
    if not path.is_file():
        raise InputError(
            f"{str(system)!r} is neither a file nor a system of the package"
            f"{nearest_spelling(str(system), shipped)}; there are {listed(sorted(shipped))}."
        )
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path} cannot be read as TOML in UTF-8: {error}.") from error


def _check_keys(raw: Mapping[str, Any], known: set[str], needed: Sequence[str], where: str) -> None:
    missing = [key for key in needed if key not in raw]
    odd = sorted(set(raw) - known)
    if missing or odd:
        hint = nearest_spelling(odd[0], known) if odd else ""
        raise ConfigError(
            f"{where}: keys that are missing: {listed(missing) or 'none'}; not known: "
            f"{listed(odd) or 'none'}{hint}."
        )


def _definition(
    facts: Mapping[str, Any], columns: Mapping[str, str], where: str
) -> IndicatorDefinition:
    what = f"{where}, indicator {facts.get('code', '?')!r}"
    _check_keys(facts, _KEYS, _NEEDED, what)
    interval = facts.get("interval")
    if interval is not None and len(interval) != 2:
        raise ConfigError(f"{what}: interval needs a low and a high end, not {interval!r}.")
    code = str(facts["code"])
    texts = {key: str(facts.get(key, "")) for key in _TEXTS}
    indicator = Indicator(
        column=str(columns.get(code, facts.get("column", code))),
        direction=facts.get("direction", "positive"),
        dimension=str(facts.get("dimension", "")),
        target=None if facts.get("target") is None else float(facts["target"]),
        interval=None if interval is None else (float(interval[0]), float(interval[1])),
        unit=texts["unit_en"],
        source=texts["source_en"],
    )
    return IndicatorDefinition(code=code, indicator=indicator, **texts)
