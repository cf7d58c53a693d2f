"""Networks from raw records of trips, moves or payments that need not fit in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from networks.city_labels import city_index
from networks.flow_record_queries import Place, Selection, counted_pairs, strange_places
from networks.plausibility import warn_of_costs_as_flows
from networks.polygon_grid import OUTSIDE, UNPLACED
from networks.sequence import NetworkSequence
from networks.types import LinkageNetwork
from spatial.errors import AlignmentError, ConfigError, WeightsError, listed
from spatial.options import UnknownCities, UnnamedPlaces, checked_option


def flow_network_from_records(
    records: Any,
    cities: pd.DataFrame | pd.Index,
    *,
    origin: Place = "origin",
    destination: Place = "destination",
    flow: str | None = None,
    filters: Mapping[str, Any] | None = None,
    time: str | None = None,
    start: Any = None,
    end: Any = None,
    unknown: UnknownCities = "error",
    unnamed: UnnamedPlaces = "drop",
    unit: str = "",
    year: int | None = None,
    description: str = "",
) -> LinkageNetwork:
    """Add up records to a network, by the engine that holds them.

    Only sums for each pair of cities, and records near a border, leave the engine.

    Parameters
    ----------
    records : ibis.Table or pandas.DataFrame
        A row for each record; ``shapefiles.read_records.open_records`` opens Parquet, CSV and
        databases. Any further condition can be put on the table before, by ``records.filter``.
    cities : pandas.DataFrame or pandas.Index of shape (n,)
        All cities; index: city ids. Records with coordinates need a GeoDataFrame of polygons.
    origin, destination : str or (str, str)
        Column of city ids, or columns of longitude and latitude in degrees.
    flow : str, optional
        Column of weights, zero or positive; None counts records.
    filters : mapping of str to value or list of values, optional
        Records are kept where each column has the value, or one of the values; None: missing.
    time : str, optional
        Column of whole years, dates or times.
    start, end : int, str or date, optional
        First and last year or day, both included; they need ``time``.
    unknown : {"error", "drop"}
        What to do with records of cities outside ``cities``, or of points in none of them.
    unnamed : {"drop", "error"}
        What to do with records without an origin or a destination: empty ids, coordinates that
        are missing or outside the world. Dropped ones are counted.
    unit, year
        Carried by the network.
    description : str
        Where the records come from; what was dropped is added to it.

    Returns
    -------
    LinkageNetwork
        Directed. ``inner`` holds the flows of cities to themselves. ``parameters`` counts:
        ``records`` (all within filters and period), ``self_records``, ``unknown_records``,
        ``unnamed_records``, and the same in sums of weights (``self_flow`` ...).

    Raises
    ------
    AlignmentError
        If a column is missing, ids are of another type than those of the cities, or records are
        unknown or unnamed and not to be dropped.
    WeightsError
        If weights are negative, missing or infinite.
    GeometryError
        If polygons are unusable.
    ConfigError
        If a filter or period does not fit its column, or ibis is not installed.

    Warns
    -----
    LinkageWarning
        If weights grow with the distance of cities with coordinates, as costs do.

    Notes
    -----
    Counts and sums of whole numbers are the same with every engine; sums of other weights agree
    up to the rounding of sums in another order. A point on the common edge of two cities belongs
    to the one with the first label.

    Examples
    --------
    >>> trips = pd.DataFrame({"origin": ["a", "a", "b", None], "destination": ["b", "b", "b", "a"]})
    >>> network = flow_network_from_records(trips, pd.Index(["a", "b"]))
    >>> network.total_flow, network.parameters["unnamed_records"]
    (2.0, 1)
    """
    checked_option(unknown, UnknownCities, name="unknown")
    checked_option(unnamed, UnnamedPlaces, name="unnamed")
    selection = Selection(origin, destination, flow, dict(filters or {}), time, start, end)
    pairs = counted_pairs(records, cities, selection)
    _require_places(pairs, records, cities, selection, unknown, unnamed)
    return _network(pairs, cities, selection, unit, year, description)


def network_sequence_from_records(
    records: Any,
    cities: pd.DataFrame | pd.Index,
    *,
    time: str,
    years: Iterable[int] | None = None,
    origin: Place = "origin",
    destination: Place = "destination",
    flow: str | None = None,
    filters: Mapping[str, Any] | None = None,
    unknown: UnknownCities = "error",
    unnamed: UnnamedPlaces = "drop",
    unit: str = "",
    description: str = "",
) -> NetworkSequence:
    """Add up records to a network for each year, in one pass over them.

    Parameters
    ----------
    records : ibis.Table or pandas.DataFrame
    cities : pandas.DataFrame or pandas.Index of shape (n,)
    time : str
        Column of whole years, dates or times.
    years : iterable of int, optional
        Years wanted, others are left; one without records has a network without links. By default
        all years of the records.
    origin, destination, flow, filters, unknown, unnamed, unit, description
        As in ``flow_network_from_records``.

    Returns
    -------
    NetworkSequence

    Raises
    ------
    AlignmentError, WeightsError, GeometryError, ConfigError
        As in ``flow_network_from_records``; also if records have no year.
    """
    checked_option(unknown, UnknownCities, name="unknown")
    checked_option(unnamed, UnnamedPlaces, name="unnamed")
    wanted = None if years is None else sorted({int(year) for year in years})
    selection = Selection(origin, destination, flow, dict(filters or {}), time, by_year=True)
    pairs = counted_pairs(records, cities, selection)
    undated = pairs["year"].isna()
    if undated.any():
        raise ConfigError(
            f"{int(pairs.loc[undated, 'records'].sum())} records have no year in column {time!r}; "
            f"complete them, or leave them out by records.filter(records[{time!r}].notnull())."
        )
    if wanted is None:
        wanted = sorted({int(year) for year in pairs["year"]})
    pairs = pairs[pairs["year"].isin(wanted)]
    _require_places(pairs, records, cities, selection, unknown, unnamed)
    if not wanted:
        raise ConfigError("There are no records within the filters; a sequence needs a year.")
    return NetworkSequence(
        tuple(
            _network(pairs[pairs["year"] == year], cities, selection, unit, year, description)
            for year in wanted
        )
    )


def _require_places(
    pairs: pd.DataFrame,
    records: Any,
    cities: pd.DataFrame | pd.Index,
    selection: Selection,
    unknown: UnknownCities,
    unnamed: UnnamedPlaces,
) -> None:
    """Refuse weights that are none, and records that are unknown or unnamed, unless dropped."""
    ids = city_index(cities)
    ends = pairs[["origin", "destination"]].to_numpy()
    wrong = pairs["wrong"].to_numpy() > 0
    if wrong.any():
        within = ends[wrong][(ends[wrong] >= 0).all(axis=1)]
        where = listed([(ids[one], ids[other]) for one, other in within])
        raise WeightsError(
            f"{int(pairs.loc[wrong, 'wrong'].sum())} weights in column {selection.flow!r} are "
            f"negative, missing or infinite{f', between {where}' if where else ''}. Flows are "
            "strengths, zero or positive; correct or filter these records."
        )
    nowhere = (ends == UNPLACED).any(axis=1)
    if nowhere.any() and unnamed == "error":
        raise AlignmentError(
            f"{int(pairs.loc[nowhere, 'records'].sum())} of {int(pairs['records'].sum())} records "
            "have no origin or no destination; complete them, or drop and count them by "
            "unnamed='drop'."
        )
    outside = (ends == OUTSIDE).any(axis=1) & ~nowhere
    if outside.any() and unknown == "error":
        raise AlignmentError(
            f"{int(pairs.loc[outside, 'records'].sum())} of {int(pairs['records'].sum())} records "
            f"name places that are not in the study{strange_places(records, cities, selection)}. "
            "Add the cities, or drop and count these records by unknown='drop'."
        )


def _network(
    pairs: pd.DataFrame,
    cities: pd.DataFrame | pd.Index,
    selection: Selection,
    unit: str,
    year: int | None,
    description: str,
) -> LinkageNetwork:
    ids = city_index(cities)
    sender, receiver = (pairs[end].to_numpy(dtype=np.int64) for end in ("origin", "destination"))
    number, value = (pairs[what].to_numpy(dtype=float) for what in ("records", "flow"))
    nowhere = (sender == UNPLACED) | (receiver == UNPLACED)
    outside = ~nowhere & ((sender == OUTSIDE) | (receiver == OUTSIDE))
    own = ~nowhere & ~outside & (sender == receiver)
    used = ~(nowhere | outside | own)
    counts: dict[str, Any] = {"records": int(number.sum())}
    for what, mask in (("self", own), ("unknown", outside), ("unnamed", nowhere)):
        counts[f"{what}_records"] = int(number[mask].sum())
        counts[f"{what}_flow"] = float(value[mask].sum())
    if selection.flow is not None:
        warn_of_costs_as_flows(cities, sender[used], receiver[used], value[used])
    n = len(ids)
    flows = sparse.csr_array((value[used], (sender[used], receiver[used])), shape=(n, n))
    inner = None
    if own.any():
        inner = pd.Series(np.bincount(sender[own], weights=value[own], minlength=n), index=ids)
    return LinkageNetwork(
        ids,
        flows,
        True,
        unit or ("records" if selection.flow is None else ""),
        year,
        _described(description, selection, counts),
        {"kind": "records", **selection.parameters(), **counts},
        inner,
    )


def _described(description: str, selection: Selection, counts: Mapping[str, Any]) -> str:
    remarks = [description or f"Sums of {selection.flow or 'records'} for each pair of cities"]
    remarks += selection.words()
    for what, words in (
        ("self", "records within one city, kept apart"),
        ("unknown", "records of places outside the study, dropped"),
        ("unnamed", "records without an origin or a destination, dropped"),
    ):
        if counts[f"{what}_records"]:
            remarks.append(f"{words}: {counts[f'{what}_records']} of {counts['records']}")
    return "; ".join(remarks)
