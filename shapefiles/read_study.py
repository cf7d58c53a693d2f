"""Read a study area: cities and panel, checked once, with a passport of what was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from shapefiles.read_cities import CRS_USED, CitiesTable, read_cities
from shapefiles.read_joins import complete_cities, joined, with_panel_groups, with_whole_groups
from shapefiles.read_panel import PanelTable, read_panel
from shapefiles.sources import CitiesSource, PanelSource
from shapefiles.study_area import Passport, PassportEntry, StudyArea
from spatial.errors import PanelError, listed
from spatial.options import IncompletePolicy, UnmatchedPolicy, checked_option


def read_study_area(
    cities: CitiesSource,
    panel: PanelSource,
    *,
    unmatched_cities: UnmatchedPolicy = "error",
    unmatched_rows: UnmatchedPolicy = "error",
    incomplete: IncompletePolicy = "keep",
    required: Sequence[str] = (),
) -> StudyArea:
    """Read cities and panel, check them, and join them by city id.

    Parameters
    ----------
    cities : CitiesSource
    panel : PanelSource
    unmatched_cities : {"error", "drop"}
        What to do with cities that have no rows in the panel.
    unmatched_rows : {"error", "drop"}
        What to do with panel rows that belong to no city.
    incomplete : {"keep", "drop", "error"}
        What to do with cities that lack a year of the panel or a value of a required column.
    required : sequence of str
        Columns that a complete city has in every year; they may not be constant.

    Returns
    -------
    StudyArea
        Its passport lists all that was dropped, repaired, assumed and left missing.

    Raises
    ------
    InputError
        A file is missing or unusable, a column is missing, city ids are given twice.
    GeometryError
        Shapes or coordinates are unusable.
    PanelError
        Years, numbers, city-years or groups are wrong, or cities incomplete under ``"error"``.
    AlignmentError
        Cities and panel do not match, and the policy is ``"error"``.
    ConfigError
        An option is not known.

    Examples
    --------
    >>> from shapefiles.example import example_files
    >>> files = example_files()
    >>> area = read_study_area(
    ...     CitiesSource(files["cities"], id="cbsa", name="name", groups={"region": "region"}),
    ...     PanelSource(files["panel"], city="cbsa", year="year"),
    ... )
    >>> area.passport.n_cities, area.passport.n_years
    (327, 17)
    """
    checked_option(unmatched_cities, UnmatchedPolicy, name="unmatched_cities")
    checked_option(unmatched_rows, UnmatchedPolicy, name="unmatched_rows")
    checked_option(incomplete, IncompletePolicy, name="incomplete")
    city_table = read_cities(cities)
    panel_table = read_panel(panel, groups=city_table.groups_elsewhere)
    figures, selection_entries = _without_deselected(panel_table.frame, city_table)
    frame, figures, join_entries = joined(
        city_table.frame,
        figures,
        unmatched_cities=unmatched_cities,
        unmatched_rows=unmatched_rows,
        cities_name=Path(cities.path).name,
        panel_name=Path(panel.path).name,
    )
    figures, gap_entries = complete_cities(
        figures, policy=incomplete, required=required, panel_name=Path(panel.path).name
    )
    left = figures.index.get_level_values("city").unique()
    frame = frame[frame.index.isin(left)]
    frame = with_panel_groups(frame, panel_table.groups, panel_name=Path(panel.path).name)
    frame = with_whole_groups(frame, cities.groups)
    column_entries = _column_entries(figures, required, Path(panel.path).name)
    passport = _passport(
        city_table,
        panel_table,
        figures,
        [*selection_entries, *join_entries, *gap_entries, *column_entries],
    )
    return StudyArea(frame, figures, passport)


def _without_deselected(
    panel: pd.DataFrame, cities: CitiesTable
) -> tuple[pd.DataFrame, list[PassportEntry]]:
    out = panel.index.get_level_values("city").isin(cities.deselected)
    if not out.any():
        return panel, []
    return panel[~out], [PassportEntry("passport_rows_not_selected", int(out.sum()))]


def _column_entries(
    figures: pd.DataFrame, required: Sequence[str], panel_name: str
) -> list[PassportEntry]:
    """Note columns without any value or with one value only; required ones are refused."""
    distinct = figures.nunique()
    empty = tuple(str(column) for column in distinct.index[distinct == 0])
    constant = tuple(
        str(column) for column in distinct.index[distinct == 1] if len(figures[column]) > 1
    )
    refused = [column for column in (*empty, *constant) if column in required]
    if refused:
        raise PanelError(
            f"{panel_name}: the required columns {listed(refused)} hold the same value in every "
            "row (or none), so nothing can be learned from them. Correct them or require others."
        )
    entries = []
    if empty:
        entries.append(PassportEntry("passport_columns_empty", len(empty), empty))
    if constant:
        entries.append(PassportEntry("passport_columns_constant", len(constant), constant))
    return entries


def _passport(
    cities: CitiesTable, panel: PanelTable, figures: pd.DataFrame, entries: list[PassportEntry]
) -> Passport:
    missing = figures.isna().sum()
    return Passport(
        sources=(cities.source, panel.source),
        crs_read=cities.crs_read,
        crs_used=CRS_USED,
        n_cities=figures.index.get_level_values("city").nunique(),
        n_years=figures.index.get_level_values("year").nunique(),
        n_observations=len(figures),
        entries=(*cities.entries, *panel.entries, *entries),
        missing=pd.DataFrame(
            {"missing": missing.astype(int), "share": missing / max(len(figures), 1)}
        ).rename_axis("column"),
    )
