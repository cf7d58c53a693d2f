"""Records that put a firm, a patent or another group into a city: one sparse table of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from networks.city_labels import type_hint_of_ids
from networks.flows import require_columns
from spatial.errors import AlignmentError, PanelError, listed
from spatial.options import UnknownCities, UnnamedPlaces, checked_option


@dataclass(frozen=True)
class Memberships:
    """Cities and groups joined by records.

    Attributes
    ----------
    groups : pandas.Index of shape (g,)
        Firms or patents, in the order of their first record.
    table : scipy.sparse.csr_array of shape (n, g)
        Sums of values (or numbers of records) of a city in a group.
    records, outside : numpy.ndarray of int, shape (g,)
        Records of each group, and distinct cities outside the study among them.
    counts : dict
        ``records``, ``unnamed_records`` (without a city or a group), ``unknown_records`` (of cities
        outside the study).
    """

    groups: pd.Index
    table: sparse.csr_array
    records: np.ndarray
    outside: np.ndarray
    counts: dict[str, int]


def memberships(
    records: pd.DataFrame,
    ids: pd.Index,
    *,
    city: str,
    group: str,
    value: str | None = None,
    unknown: UnknownCities = "error",
    unnamed: UnnamedPlaces = "error",
) -> Memberships:
    """Read records of groups in cities.

    Parameters
    ----------
    records : pandas.DataFrame
        A row for each record.
    ids : pandas.Index of shape (n,)
        City ids.
    city, group : str
        Column names.
    value : str, optional
        Column of values, zero or positive; None counts records.
    unknown : {"error", "drop"}
        What to do with records of cities outside ``ids``.
    unnamed : {"error", "drop"}
        What to do with records without a city or a group.

    Returns
    -------
    Memberships

    Raises
    ------
    AlignmentError
        If columns are missing, or records are unknown or unnamed and not to be dropped.
    PanelError
        If values are negative, missing or no numbers.
    """
    checked_option(unknown, UnknownCities, name="unknown")
    checked_option(unnamed, UnnamedPlaces, name="unnamed")
    require_columns(records, (city, group) if value is None else (city, group, value))
    nameless = (records[city].isna() | records[group].isna()).to_numpy()
    if nameless.any() and unnamed == "error":
        raise AlignmentError(
            f"{int(nameless.sum())} of {len(records)} records have no {city!r} or no {group!r}, in "
            f"rows {listed(records.index[nameless])}; complete them, or drop and count them by "
            "unnamed='drop'."
        )
    position = ids.get_indexer(pd.Index(records[city]))
    strange = (position < 0) & ~records[city].isna().to_numpy()
    if strange.any() and unknown == "error":
        names = pd.Index(records[city][strange].unique())
        raise AlignmentError(
            f"{int(strange.sum())} records name {len(names)} cities that are not in the study: "
            f"{listed(names)}. Add the cities, or drop and count these records by unknown='drop'."
            + type_hint_of_ids(names, ids)
        )
    number, groups = pd.factorize(records[group])
    values = _values(records, value, city, group)
    used = (position >= 0) & (number >= 0)
    shape = (len(ids), len(groups))
    table = sparse.csr_array((values[used], (position[used], number[used])), shape=shape)
    table.sum_duplicates()
    away = pd.DataFrame({"group": number, "city": records[city].to_numpy()})[strange]
    away = away[away["group"] >= 0].drop_duplicates()
    return Memberships(
        pd.Index(groups),
        table,
        np.bincount(number[number >= 0], minlength=len(groups)),
        np.bincount(away["group"], minlength=len(groups)),
        {
            "records": len(records),
            "unnamed_records": int(nameless.sum()),
            "unknown_records": int(strange.sum()),
        },
    )


def records_in_words(counts: dict[str, int]) -> list[str]:
    """Return remarks on records that were left out; none where nothing was.

    Parameters
    ----------
    counts : dict
        As in ``Memberships``.

    Returns
    -------
    list of str
    """
    remarks = []
    if counts["unnamed_records"]:
        remarks.append(
            f"records without a place or a group, dropped: {counts['unnamed_records']} of "
            f"{counts['records']}"
        )
    if counts["unknown_records"]:
        remarks.append(
            f"records of cities outside the study, dropped: {counts['unknown_records']} of "
            f"{counts['records']}"
        )
    return remarks


def _values(records: pd.DataFrame, value: str | None, city: str, group: str) -> np.ndarray:
    if value is None:
        return np.ones(len(records))
    values = pd.to_numeric(records[value], errors="coerce").to_numpy(dtype=float)
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        pairs = records.loc[bad, [city, group]].itertuples(index=False, name=None)
        raise PanelError(
            f"{int(bad.sum())} values in column {value!r} are negative, missing, infinite or not "
            f"numbers: {listed(pairs)}. Correct or drop these rows."
        )
    return values
