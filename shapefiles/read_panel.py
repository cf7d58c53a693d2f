"""Read the yearly figures of the cities and check ids, years and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from shapefiles.read_tables import read_table, require_columns
from shapefiles.read_values import almost_number, identifiers, numbers, years
from shapefiles.sources import PanelSource
from shapefiles.study_area import PassportEntry, SourceFile
from spatial.errors import InputError, PanelError, listed, nearest_spelling


@dataclass(frozen=True)
class PanelTable:
    """The panel as read and checked, before it is joined to the cities.

    Attributes
    ----------
    frame : pandas.DataFrame of float
        Index ``(city, year)``, unique, sorted.
    groups : pandas.DataFrame
        The group columns of the panel, with the same index.
    source : SourceFile
    entries : tuple of PassportEntry
    """

    frame: pd.DataFrame
    groups: pd.DataFrame
    source: SourceFile
    entries: tuple[PassportEntry, ...] = ()


def read_panel(source: PanelSource, *, groups: Mapping[str, str] | None = None) -> PanelTable:
    """Read the yearly figures of the cities.

    Parameters
    ----------
    source : PanelSource
    groups : mapping of str to str, optional
        Group columns to take from this file: name in the study -> column.

    Returns
    -------
    PanelTable

    Raises
    ------
    InputError
        The file is unusable or a column is missing.
    PanelError
        Ids or years are missing or wrong, a city-year is given twice, or a column holds what is no
        number or infinite.
    """
    wanted_groups = dict(groups or {})
    named = _named_columns(source)
    needed = [source.city, source.year, *(named or {}).values()]
    table = read_table(
        source.path,
        role="panel",
        needed=[source.city, source.year],
        encoding=source.encoding,
        sheet=source.sheet,
    )
    raw, file = table.frame, Path(source.path).name
    require_columns(raw, needed, file=file)
    _require_groups(raw, wanted_groups, file)
    index = pd.MultiIndex.from_arrays(
        [
            identifiers(raw[source.city], what=f"column {source.city!r} of {file}"),
            years(raw[source.year], what=f"column {source.year!r} of {file}"),
        ],
        names=["city", "year"],
    )
    _refuse_repeated_city_years(index, file)
    raw = raw.set_index(index).sort_index()
    entries = list(table.entries)
    raw, year_entries = _within_years(raw, source.years, file)
    entries.extend(year_entries)
    if named is None:
        taken = {source.city, source.year, *wanted_groups.values()}
        figures, left_out = _columns_of_numbers(
            raw, [column for column in raw.columns if column not in taken], file
        )
        if left_out:
            entries.append(PassportEntry("passport_columns_of_text", len(left_out), left_out, file))
    else:
        figures = _named_figures(raw, named, file)
    _refuse_infinite(figures, file)
    group_frame = pd.DataFrame(
        {group: raw[column] for group, column in wanted_groups.items()}, index=raw.index
    )
    return PanelTable(figures, group_frame, table.source, tuple(entries))


def _named_columns(source: PanelSource) -> dict[str, str] | None:
    if source.columns is None:
        return None
    if isinstance(source.columns, Mapping):
        return dict(source.columns)
    return {column: column for column in source.columns}


def _require_groups(raw: pd.DataFrame, groups: Mapping[str, str], file: str) -> None:
    for group, column in groups.items():
        if column not in raw.columns:
            raise InputError(
                f"Neither the cities file nor {file} has a column {column!r} for the group "
                f"{group!r}{nearest_spelling(column, raw.columns)}; name a column of either."
            )


def _refuse_repeated_city_years(index: pd.MultiIndex, file: str) -> None:
    if index.is_unique:
        return
    twice = index[index.duplicated()].unique()
    raise PanelError(
        f"{file}: {len(twice)} city-years are given more than once: {listed(twice)}. Keep one row "
        "for each city and year."
    )


def _within_years(
    raw: pd.DataFrame, span: tuple[int, int] | None, file: str
) -> tuple[pd.DataFrame, list[PassportEntry]]:
    if span is None:
        return raw, []
    year = raw.index.get_level_values("year")
    inside = (year >= span[0]) & (year <= span[1])
    if not inside.any():
        raise PanelError(
            f"{file} has no rows in the years {span[0]} to {span[1]}; it holds {year.min()} to "
            f"{year.max()}."
        )
    if inside.all():
        return raw, []
    gone = tuple(str(item) for item in sorted(year[~inside].unique()))
    entry = PassportEntry("passport_rows_outside_years", int((~inside).sum()), gone)
    return raw[inside], [entry]


def _columns_of_numbers(
    raw: pd.DataFrame, columns: Iterable[str], file: str
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read every column of numbers; a column that is mostly numbers but not quite is an error."""
    figures, left_out = {}, []
    for column in columns:
        values, not_numbers = numbers(raw[column])
        if not_numbers and _is_text(values, not_numbers):
            left_out.append(column)
        elif not_numbers:
            raise _not_numeric(column, not_numbers, file)
        else:
            figures[column] = values
    return pd.DataFrame(figures, index=raw.index), tuple(left_out)


def _is_text(values: pd.Series, not_numbers: list[str]) -> bool:
    almost = sum(almost_number(cell) for cell in not_numbers)
    as_numbers = values.nunique() + almost
    return as_numbers < len(not_numbers) - almost


def _named_figures(raw: pd.DataFrame, named: Mapping[str, str], file: str) -> pd.DataFrame:
    figures = {}
    for name, column in named.items():
        values, not_numbers = numbers(raw[column])
        if not_numbers:
            raise _not_numeric(column, not_numbers, file)
        figures[name] = values
    return pd.DataFrame(figures, index=raw.index)


def _not_numeric(column: str, not_numbers: list[str], file: str) -> PanelError:
    return PanelError(
        f"{file}: column {column!r} is not numeric: it holds {listed(not_numbers, limit=5)}. Write "
        "plain numbers such as 1234.5, without thousands separators, units or signs for missing "
        "values (leave the cell empty)."
    )


def _refuse_infinite(figures: pd.DataFrame, file: str) -> None:
    infinite = np.isinf(figures.to_numpy(dtype=float))
    if infinite.any():
        columns = figures.columns[infinite.any(axis=0)]
        rows = figures.index[infinite.any(axis=1)]
        raise PanelError(
            f"{file}: columns {listed(columns)} hold infinite values, for city-years "
            f"{listed(rows)}. They often come from a division by zero; correct them or leave the "
            "cells empty."
        )
