"""Join cities and panel by id: name what does not match, and drop only what the policies allow."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from shapefiles.read_cities import texts
from shapefiles.read_values import without_leading_zeros
from shapefiles.study_area import PassportEntry
from spatial.errors import AlignmentError, PanelError, listed, nearest_spelling

if TYPE_CHECKING:
    import geopandas as gpd

_SHOWN = 10
_LIKE_ID, _LIKE_NAME = 0.8, 0.6
"""How similar (0 to 1) a proposed id or name must be; short ids are often alike by chance."""


def require_leading_zeros(
    known: Iterable[str], other: Iterable[str], *, known_name: str, other_name: str
) -> None:
    """Raise when ids of two files differ only by leading zeros that one of them lost.

    Parameters
    ----------
    known, other : iterable of str
        Ids of the two files.
    known_name, other_name : str
        Names of the files.

    Raises
    ------
    AlignmentError
        With examples, the file that lost the zeros, and the remedy.
    """
    known_set, other_set = set(known), set(other)
    only_known, only_other = known_set - other_set, other_set - known_set
    bare = {without_leading_zeros(city): city for city in only_known}
    pairs = [
        (bare[without_leading_zeros(city)], city)
        for city in sorted(only_other)
        if without_leading_zeros(city) in bare
    ]
    if not pairs:
        return
    loser = other_name if len(pairs[0][0]) > len(pairs[0][1]) else known_name
    examples = ", ".join(f"{mine!r} and {theirs!r}" for mine, theirs in pairs[:3])
    raise AlignmentError(
        f"{len(pairs)} ids differ only by leading zeros ({known_name} and {other_name}: "
        f"{examples}). {loser} lost them, as Excel does when it takes ids for numbers. Format the "
        "id column as text before the figures are pasted or imported, or pad the ids (in Excel "
        f'=TEXT(A2,"{"0" * max(len(pairs[0][0]), len(pairs[0][1]))}")), and save again.'
    )


def joined(
    cities: gpd.GeoDataFrame,
    panel: pd.DataFrame,
    *,
    unmatched_cities: str,
    unmatched_rows: str,
    cities_name: str,
    panel_name: str,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, list[PassportEntry]]:
    """Keep the cities that both files have.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame
        Index ``city``.
    panel : pandas.DataFrame
        Index ``(city, year)``.
    unmatched_cities, unmatched_rows : {"error", "drop"}
        What to do with cities without panel rows, and with panel rows without city.
    cities_name, panel_name : str
        Names of the files.

    Returns
    -------
    cities, panel : the matching part
    entries : list of PassportEntry

    Raises
    ------
    AlignmentError
        Something does not match and its policy is ``"error"``, ids lost leading zeros, or nothing
        matches at all.
    """
    in_panel = pd.Index(panel.index.get_level_values("city").unique())
    without_rows = cities.index.difference(in_panel, sort=False)
    without_city = in_panel.difference(cities.index, sort=False)
    require_leading_zeros(cities.index, in_panel, known_name=cities_name, other_name=panel_name)
    names = cities["name"]
    if len(without_rows) == len(cities):
        raise AlignmentError(
            f"No city of {cities_name} ({listed(cities.index, limit=3)}) has rows in {panel_name} "
            f"({listed(in_panel, limit=3)}).{_name_column_hint(names, in_panel)} Name the columns "
            "that hold the same ids in both files."
        )
    problems = []
    if len(without_rows) and unmatched_cities == "error":
        said = _with_nearest_rows(without_rows, names, without_city)
        problems.append(
            f"{len(without_rows)} cities of {cities_name} have no rows in {panel_name}: {said}. "
            'Correct the ids, or leave these cities out by unmatched_cities = "drop".'
        )
    if len(without_city) and unmatched_rows == "error":
        said = _with_nearest_cities(without_city, names, without_rows)
        problems.append(
            f"{len(without_city)} ids of {panel_name} are no city of {cities_name}: {said}. "
            'Correct the ids, or leave their rows out by unmatched_rows = "drop".'
        )
    if problems:
        raise AlignmentError(" ".join(problems))
    entries = []
    if len(without_rows):
        entries.append(
            PassportEntry("passport_cities_without_rows", len(without_rows), tuple(without_rows))
        )
    if len(without_city):
        rows = int(panel.index.get_level_values("city").isin(without_city).sum())
        entries.append(PassportEntry("passport_rows_without_city", rows, tuple(without_city)))
    keep = cities.index.isin(in_panel)
    rows_kept = panel.index.get_level_values("city").isin(cities.index)
    return cities[keep], panel[rows_kept], entries


def _name_column_hint(names: pd.Series, in_panel: pd.Index) -> str:
    if in_panel.isin(names).any():
        return " The panel holds the names of the cities in place of their ids."
    return ""


def _with_nearest_rows(without_rows: pd.Index, names: pd.Series, candidates: pd.Index) -> str:
    """Say each city without rows with the panel id that looks like its id or its name."""
    said = []
    for city in without_rows[:_SHOWN]:
        near = _near(str(city), candidates, _LIKE_ID) or _near(
            str(names[city]), candidates, _LIKE_NAME
        )
        label = repr(city) if names[city] == city else f"{city!r} ({names[city]})"
        said.append(label + (f" (nearest in the panel: {near!r})" if near else ""))
    return _joined(said, len(without_rows))


def _with_nearest_cities(without_city: pd.Index, names: pd.Series, candidates: pd.Index) -> str:
    """Say each id without city with the unmatched city whose id or name looks like it."""
    by_name = {str(names[city]): city for city in candidates}
    said = []
    for key in without_city[:_SHOWN]:
        near = _near(str(key), candidates, _LIKE_ID)
        if near is None:
            name = _near(str(key), by_name, _LIKE_NAME)
            near = None if name is None else str(by_name[name])
        shown = near if near is None or names[near] == near else f"{near}, {names[near]}"
        said.append(repr(key) + (f" (nearest city: {shown})" if shown else ""))
    return _joined(said, len(without_city))


def _near(word: str, candidates: Iterable[str], cutoff: float) -> str | None:
    close = difflib.get_close_matches(word, [str(item) for item in candidates], n=1, cutoff=cutoff)
    return close[0] if close else None


def _joined(said: Sequence[str], total: int) -> str:
    more = total - len(said)
    return ", ".join(said) + (f" and {more} more" if more > 0 else "")


def with_panel_groups(
    cities: gpd.GeoDataFrame, groups: pd.DataFrame, *, panel_name: str
) -> gpd.GeoDataFrame:
    """Add group columns that the panel holds; each must be constant within a city.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame
        Index ``city``.
    groups : pandas.DataFrame
        Index ``(city, year)``.
    panel_name : str

    Returns
    -------
    geopandas.GeoDataFrame

    Raises
    ------
    PanelError
        A group changes within a city.
    """
    frame = cities.copy()
    for group in groups.columns:
        values = texts(groups[group])
        by_city = values.groupby(level="city")
        changing = by_city.nunique()
        moved = changing.index[(changing > 1) & changing.index.isin(cities.index)]
        if len(moved):
            raise PanelError(
                f"{panel_name}: group {group!r} changes over the years within cities "
                f"{listed(moved)}. A group belongs to a city for good: correct it, or give it in "
                "the cities file."
            )
        frame[group] = by_city.first().reindex(frame.index)
    # Geometry stays last: it is the long one when a table is printed.
    return frame[[column for column in frame.columns if column != "geometry"] + ["geometry"]]


def with_whole_groups(cities: gpd.GeoDataFrame, groups: Mapping[str, str]) -> gpd.GeoDataFrame:
    """Return the cities with their groups as columns of text; each city belongs to one.

    Raises
    ------
    PanelError
        With the cities.
    """
    for group in groups:
        nowhere = cities.index[cities[group].isna()]
        if len(nowhere):
            raise PanelError(
                f"Cities {listed(nowhere)} have no value in the group {group!r} (column "
                f"{groups[group]!r}). Fill it in, or leave these cities out."
            )
    return cities.assign(**{group: cities[group].tolist() for group in groups})


def complete_cities(
    panel: pd.DataFrame, *, policy: str, required: Sequence[str], panel_name: str
) -> tuple[pd.DataFrame, list[PassportEntry]]:
    """Find gaps in years and missing required values, and act by the policy.

    Parameters
    ----------
    panel : pandas.DataFrame
        Index ``(city, year)``.
    policy : {"keep", "drop", "error"}
        Keep incomplete cities, drop them, or raise.
    required : sequence of str
        Columns that a complete city has in every year of the panel.
    panel_name : str

    Returns
    -------
    panel : pandas.DataFrame
    entries : list of PassportEntry

    Raises
    ------
    PanelError
        Incomplete cities under ``"error"``, none left under ``"drop"``, or an unknown column.
    """
    unknown = [column for column in required if column not in panel.columns]
    if unknown:
        said = ", ".join(f"{name!r}{nearest_spelling(name, panel.columns)}" for name in unknown)
        raise PanelError(
            f"{panel_name} has no column of numbers {said} (required); it has "
            f"{listed(panel.columns, limit=40)}."
        )
    gaps = year_gaps(panel)
    missing = {column: _cities_missing(panel, column) for column in required}
    incomplete = pd.Index(
        sorted({*gaps.index, *(city for cities in missing.values() for city in cities)}),
        name="city",
    )
    entries = _gap_entries(gaps, missing)
    if not len(incomplete) or policy == "keep":
        return panel, entries
    n_cities = panel.index.get_level_values("city").nunique()
    reasons = _reasons(panel, gaps, missing)
    if policy == "error":
        raise PanelError(
            f"{panel_name}: {len(incomplete)} of {n_cities} cities are incomplete: "
            f"{listed(incomplete)} ({reasons}). Fill the gaps, require fewer columns, or choose "
            'incomplete = "drop" (leaves these cities out) or "keep".'
        )
    if len(incomplete) == n_cities:
        raise PanelError(
            f"{panel_name}: no city is complete, so none would be left ({reasons}). Require fewer "
            'columns, read fewer years, or choose incomplete = "keep".'
        )
    entries.append(PassportEntry("passport_cities_incomplete", len(incomplete), tuple(incomplete)))
    return panel[~panel.index.get_level_values("city").isin(incomplete)], entries


def year_gaps(panel: pd.DataFrame) -> pd.Series:
    """Return the years that cities lack, of those that any city has."""
    year = panel.index.get_level_values("year")
    city = panel.index.get_level_values("city")
    present = pd.crosstab(city, year).astype(bool)
    lacking = present[~present.all(axis=1)]
    return pd.Series(
        [tuple(int(item) for item in lacking.columns[~row]) for row in lacking.to_numpy()],
        index=pd.Index(lacking.index, name="city"),
        dtype=object,
    )


def _cities_missing(panel: pd.DataFrame, column: str) -> list[str]:
    empty = panel[column].isna()
    return sorted(panel.index.get_level_values("city")[empty].unique())


def _gap_entries(gaps: pd.Series, missing: Mapping[str, list[str]]) -> list[PassportEntry]:
    entries = []
    if len(gaps):
        remark = "; ".join(
            f"{city}: {', '.join(map(str, absent))}" for city, absent in gaps.head(_SHOWN).items()
        )
        more = len(gaps) - _SHOWN
        remark += f"; +{more}" if more > 0 else ""
        entries.append(
            PassportEntry("passport_year_gaps", len(gaps), tuple(map(str, gaps.index)), remark)
        )
    entries.extend(
        PassportEntry("passport_required_missing", len(cities), tuple(cities), column)
        for column, cities in missing.items()
        if cities
    )
    return entries


def _reasons(panel: pd.DataFrame, gaps: pd.Series, missing: Mapping[str, list[str]]) -> str:
    parts = [
        f"{len(cities)} lack values of {column!r}" for column, cities in missing.items() if cities
    ]
    if len(gaps):
        per_year = panel.groupby(level="year").size()
        thin, rows = per_year.idxmin(), int(per_year.min())
        parts.append(f"{len(gaps)} lack years; fewest in {thin}, {rows} cities")
    return "; ".join(parts)
