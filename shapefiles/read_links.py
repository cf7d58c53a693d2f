"""Read a table of linkages between cities."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from shapefiles.read_joins import require_leading_zeros
from shapefiles.read_tables import read_table
from shapefiles.read_values import identifiers, is_missing, numbers
from shapefiles.sources import LinksSource
from shapefiles.study_area import SourceFile
from spatial.errors import InputError, listed
from spatial.options import UnmatchedPolicy, checked_option


def read_links(
    source: LinksSource, *, cities: Iterable[str] | None = None
) -> tuple[pd.DataFrame, SourceFile]:
    """Read the origin, destination and flow of linkages; all other columns are left.

    Repeated pairs, pairs within a city and cities outside the study are kept as they are: the
    network that is built from the table says what to do with them.

    Parameters
    ----------
    source : LinksSource
    cities : iterable of str, optional
        Ids of the study; given, ids that lost leading zeros are recognised.

    Returns
    -------
    links : pandas.DataFrame
        The three columns under their names in the file; ids as text, the flow as float.
    file : SourceFile
        Its number of rows is that of the file, also where rows without id were dropped.

    Raises
    ------
    InputError
        The file is unusable, a column is missing, or flows are no numbers.
    PanelError
        Ids are missing or inexact.
    AlignmentError
        Ids lost leading zeros.
    """
    columns = [source.origin, source.destination, source.flow]
    if len(set(columns)) < len(columns):
        raise InputError(
            f"Links {source.name!r} need three different columns for origin, destination and "
            f"flow, not {listed(columns)}."
        )
    table = read_table(
        source.path,
        role=source.name,
        needed=columns,
        encoding=source.encoding,
        sheet=source.sheet,
    )
    file = Path(source.path).name
    checked_option(source.without_id, UnmatchedPolicy, name="without_id")
    rows = table.frame
    if source.without_id == "drop":
        nowhere = rows[columns[:2]].map(is_missing).any(axis=1)
        rows = rows[~nowhere]
    flow, not_numbers = numbers(rows[source.flow])
    if not_numbers:
        raise InputError(
            f"{file}: column {source.flow!r} is not numeric: it holds "
            f"{listed(not_numbers, limit=5)}. Write plain numbers such as 1234.5."
        )
    links = pd.DataFrame(
        {
            column: identifiers(rows[column], what=f"column {column!r} of {file}")
            for column in columns[:2]
        }
    )
    links[source.flow] = flow
    if cities is not None:
        seen = pd.concat([links[source.origin], links[source.destination]]).unique()
        require_leading_zeros(cities, seen, known_name="the cities", other_name=file)
    return links, table.source
