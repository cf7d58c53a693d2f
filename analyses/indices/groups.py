"""Groups of Chinese cities: regions, ranks, clusters and classes of size, from data files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from spatial.errors import AlignmentError, ConfigError, InputError, PanelError, listed
from spatial.errors import nearest_spelling as nearest
from spatial.results import Configuration, Result

__all__ = ["SIZE_CLASSES", "GroupAssignment", "assign_groups", "group_schemes", "size_classes"]

SIZE_CLASSES: tuple[tuple[str, float], ...] = (
    ("super_large", 10e6),
    ("very_large", 5e6),
    ("large_1", 3e6),
    ("large_2", 1e6),
    ("medium", 0.5e6),
    ("small_1", 0.2e6),
    ("small_2", 0.0),
)
"""Classes of size and their least permanent urban population, persons (State Council 2014)."""

_PROVINCES = {
    "11": "北京",
    "12": "天津",
    "13": "河北",
    "14": "山西",
    "15": "内蒙古",
    "21": "辽宁",
    "22": "吉林",
    "23": "黑龙江",
    "31": "上海",
    "32": "江苏",
    "33": "浙江",
    "34": "安徽",
    "35": "福建",
    "36": "江西",
    "37": "山东",
    "41": "河南",
    "42": "湖北",
    "43": "湖南",
    "44": "广东",
    "45": "广西",
    "46": "海南",
    "50": "重庆",
    "51": "四川",
    "52": "贵州",
    "53": "云南",
    "54": "西藏",
    "61": "陕西",
    "62": "甘肃",
    "63": "青海",
    "64": "宁夏",
    "65": "新疆",
}
"""First two digits of GB/T 2260 codes."""

_PROVINCE_TAIL = re.compile(r"(?:壮族|回族|维吾尔)?自治区$|省$|市$")
_CITY_TAIL = re.compile(r"(?:市|地区|盟)$")
_CODE = re.compile(r"[1-6]\d{5}$")
_KINDS = ("members", "partial", "uncertain")


@dataclass(frozen=True, kw_only=True)
class GroupAssignment(Result):
    """Cities in groups.

    Attributes
    ----------
    table : pandas.DataFrame
        A row for each city and group: index the labels of the cities, ``group``, ``en``, ``zh``
        and ``membership`` (``members``, ``partial``: only some counties, ``uncertain``: sources
        differ, or ``others``).
    unmatched : tuple
        Cities in no group.
    absent : tuple of str
        Members of the scheme that are not among the cities.
    configuration : Configuration
    """

    table: pd.DataFrame
    unmatched: tuple[Any, ...]
    absent: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()

    def single(self) -> pd.Series:
        """Return the one group of every city that has one.

        Raises
        ------
        ConfigError
            If a city belongs to two groups; use ``table``.
        """
        twice = self.table.index[self.table.index.duplicated()].unique()
        if len(twice):
            raise ConfigError(
                f"These cities belong to several groups: {listed(twice)}; use the table."
            )
        return self.table["group"]


def group_schemes() -> tuple[str, ...]:
    """Return the names of the schemes that come with the package."""
    return tuple(sorted(_shipped()))


def assign_groups(
    cities: pd.DataFrame,
    scheme: str | Path,
    *,
    name: str = "name",
    province: str | None = None,
    partial: bool = True,
    uncertain: bool = False,
) -> GroupAssignment:
    """Sort Chinese cities into the groups of a scheme.

    Cities are found by their Chinese names, with or without suffix; provinces by their names or,
    without ``province``, by the first two digits of GB/T 2260 codes in the index.

    Parameters
    ----------
    cities : pandas.DataFrame
        A row for each city.
    scheme : str or Path
        A name of ``group_schemes()``, or the path of a ``.toml`` file of the same form.
    name : str
        Column of the Chinese names, for schemes of cities.
    province : str, optional
        Column of the provinces, for schemes of provinces.
    partial, uncertain : bool
        Whether cities count that belong to a group with some of their counties only, or
        according to some sources only.

    Returns
    -------
    GroupAssignment

    Raises
    ------
    AlignmentError
        If labels repeat.
    PanelError
        If a column is absent, or there are neither provinces nor codes.
    InputError, ConfigError
        If the scheme is not known or malformed.

    Examples
    --------
    >>> cities = pd.DataFrame({"name": ["郑州市", "运城市", "拉萨市"]}, index=["a", "b", "c"])
    >>> found = assign_groups(cities, "city-clusters")
    >>> found.table["group"].to_list(), found.unmatched
    (['central_plains', 'central_plains', 'guanzhong_plain'], ('c',))
    """
    if not cities.index.is_unique:
        twice = cities.index[cities.index.duplicated()].unique()
        raise AlignmentError(f"Cities appear more than once: {listed(twice)}.")
    facts = _scheme(scheme)
    by_province = facts["by"] == "province"
    keys = _province_keys(cities, province) if by_province else _city_keys(cities, name)
    wanted = {"members": True, "partial": partial, "uncertain": uncertain}
    rows: list[tuple[Any, str, str, str, str]] = []
    matched: set[str] = set()
    listed_members: set[str] = set()
    for group, words in facts["groups"].items():
        for kind in (kind for kind in _KINDS if wanted[kind]):
            members = {_plain(m, province=by_province): m for m in words.get(kind, ())}
            listed_members |= set(members.values())
            for label, key in keys.items():
                member = _member(key, members)
                if member is not None:
                    matched.add(member)
                    rows.append((label, group, words["en"], words["zh"], kind))
    inside = {row[0] for row in rows}
    others = facts.get("others")
    left = [label for label, key in keys.items() if label not in inside]
    if others and others != "outside":
        rows += [(label, others, others, others, "others") for label in left]
        left = []
    order = {label: place for place, label in enumerate(cities.index)}
    rows.sort(key=lambda row: order[row[0]])
    table = pd.DataFrame(rows, columns=["city", "group", "en", "zh", "membership"])
    return GroupAssignment(
        table=table.set_index("city"),
        unmatched=tuple(left),
        absent=tuple(sorted(listed_members - matched)),
        configuration=Configuration(
            function="assign_groups",
            options={"scheme": str(scheme), "partial": partial, "uncertain": uncertain},
        ),
    )


def size_classes(urban_population: pd.Series, *, unit: float = 1.0) -> pd.Series:
    """Classes of size by permanent urban population (State Council 2014).

    Parameters
    ----------
    urban_population : pandas.Series
    unit : float
        Persons in one unit of the figures, for example 10,000.

    Returns
    -------
    pandas.Series
        One of ``SIZE_CLASSES``, missing where the population is; a bound belongs to the class
        above it.

    Raises
    ------
    PanelError
        If a population is negative.
    ConfigError
        If the unit is not positive.

    Examples
    --------
    >>> size_classes(pd.Series([1200.0, 300, 99.9, 19]), unit=10_000).to_list()
    ['super_large', 'large_1', 'medium', 'small_2']
    """
    if not unit > 0:
        raise ConfigError(f"unit={unit!r} must be positive: persons in one unit.")
    persons = urban_population.astype(float) * unit
    wrong = persons.index[(persons < 0).to_numpy()]
    if len(wrong):
        raise PanelError(f"Populations are negative: {listed(wrong)}.")
    classes = pd.Series(None, index=persons.index, dtype=object, name="size")
    for code, least in reversed(SIZE_CLASSES):
        classes[persons >= least] = code
    return classes


def _shipped() -> dict[str, Any]:
    folder = resources.files("analyses.indices").joinpath("data/groups")
    return {
        item.name.removesuffix(".toml"): item
        for item in folder.iterdir()
        if item.name.endswith(".toml")
    }


def _scheme(scheme: str | Path) -> Mapping[str, Any]:
    shipped = _shipped()
    try:
        if isinstance(scheme, str) and scheme in shipped:
            facts = tomllib.loads(shipped[scheme].read_text(encoding="utf-8"))
        else:
            path = Path(scheme)
            if not path.is_file():
                raise InputError(
                    f"{str(scheme)!r} is neither a file nor a scheme of the package"
                    f"{nearest(str(scheme), shipped)}; there are {listed(sorted(shipped))}."
                )
            facts = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{scheme} cannot be read as TOML in UTF-8: {error}.") from error
    groups = facts.get("groups", {})
    lacking = [code for code, words in groups.items() if {"en", "zh", "members"} - set(words)]
    if facts.get("by") not in {"province", "city"} or not groups or lacking:
        raise ConfigError(
            f"{scheme}: a scheme needs by = 'province' or 'city' and [groups.*] with en, zh and "
            f"members; incomplete groups: {listed(lacking) or 'none'}."
        )
    return facts


def _plain(name: str, *, province: bool) -> str:
    return (_PROVINCE_TAIL if province else _CITY_TAIL).sub("", name.strip())


def _member(key: str | None, members: Mapping[str, str]) -> str | None:
    if key is None:
        return None
    if key in members:
        return members[key]
    # Autonomous prefectures are called by the first word of their long names.
    if key.endswith("自治州"):
        return next((full for plain, full in members.items() if key.startswith(plain)), None)
    return None


def _city_keys(cities: pd.DataFrame, name: str) -> dict[Any, str | None]:
    if name not in cities.columns:
        raise PanelError(
            f"The cities have no column {name!r}{nearest(name, cities.columns)}; say by name= "
            "which column holds the Chinese names."
        )
    values = cities[name]
    return {
        label: None if pd.isna(value) else _plain(str(value), province=False)
        for label, value in values.items()
    }


def _province_keys(cities: pd.DataFrame, province: str | None) -> dict[Any, str | None]:
    if province is not None:
        if province not in cities.columns:
            raise PanelError(
                f"The cities have no column {province!r}{nearest(province, cities.columns)}."
            )
        return {
            label: None if pd.isna(value) else _plain(str(value), province=True)
            for label, value in cities[province].items()
        }
    if not any(_CODE.match(str(label)) for label in cities.index):
        raise PanelError(
            "No city carries a six-digit GB/T 2260 code; say by province= which column holds the "
            "provinces."
        )
    return {
        label: _PROVINCES.get(str(label)[:2]) if _CODE.match(str(label)) else None
        for label in cities.index
    }
