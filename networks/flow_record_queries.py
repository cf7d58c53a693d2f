"""Questions put to the engine that holds records: ibis expressions, the same for every engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from networks.city_labels import city_index
from networks.polygon_grid import BORDER, OUTSIDE, UNPLACED, PolygonGrid, polygon_grid
from spatial.errors import AlignmentError, ConfigError, listed

Place = str | tuple[str, str]
"""Column of city ids, or columns of longitude and latitude."""

ROWS_IN_A_BATCH = 1_000_000
"""Records near borders that are held at a time, where the engine can give out batches."""


@dataclass(frozen=True)
class Selection:
    """Which records count, and what of them.

    Attributes
    ----------
    origin, destination : str or (str, str)
    flow : str or None
    filters : mapping
    time : str or None
    start, end : object
    by_year : bool
        Keep the years apart.
    """

    origin: Place
    destination: Place
    flow: str | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)
    time: str | None = None
    start: Any = None
    end: Any = None
    by_year: bool = False

    def parameters(self) -> dict[str, Any]:
        """Return the selection as plain values."""
        return {
            "origin": self.origin,
            "destination": self.destination,
            "flow": self.flow or "records",
            "filters": dict(self.filters),
            "time": self.time,
            "start": None if self.start is None else str(self.start),
            "end": None if self.end is None else str(self.end),
        }

    def words(self) -> list[str]:
        """Return remarks on filters and period."""
        remarks = [f"records with {name} = {value!r}" for name, value in self.filters.items()]
        if self.start is not None or self.end is not None:
            remarks.append(
                f"{self.time} from {'the first' if self.start is None else self.start} to "
                f"{'the last' if self.end is None else self.end}"
            )
        return remarks


def required_ibis() -> Any:
    """Import ibis.

    Returns
    -------
    module

    Raises
    ------
    ConfigError
        With the extra to install, if it is missing.
    """
    try:
        import ibis
    except ImportError as error:
        raise ConfigError(
            "Records are read through ibis, which is not installed; install the extra 'records': "
            "pip install 'interurban[records]'."
        ) from error
    return ibis


def counted_pairs(
    records: Any, cities: pd.DataFrame | pd.Index, selection: Selection
) -> pd.DataFrame:
    """Count records and add up weights for each pair of places.

    Parameters
    ----------
    records : ibis.Table or pandas.DataFrame
    cities : pandas.DataFrame or pandas.Index of shape (n,)
    selection : Selection

    Returns
    -------
    pandas.DataFrame
        ``year`` (if by year), ``origin``, ``destination`` (positions in ``cities``, ``OUTSIDE`` or
        ``UNPLACED``), ``records``, ``flow`` and ``wrong`` (weights that are none).
    """
    ids = city_index(cities)
    with_points = not all(isinstance(p, str) for p in (selection.origin, selection.destination))
    grid = polygon_grid(cities) if with_points else None
    table = _keyed(records, ids, selection, grid)
    points = [
        end for end in ("origin", "destination") if not isinstance(getattr(selection, end), str)
    ]
    inner = table
    for end in points:
        inner = inner.filter(inner[f"{end}_key"] != BORDER)
    sums = _summed(inner, selection, ("origin_key", "destination_key"))
    for end in ("origin", "destination"):
        sums = _coded(sums, end, None if end in points else ids)
    found = [_collected(sums, selection).to_pyarrow().to_pandas()]
    if grid is not None:
        found += _border_pairs(table, points, grid, ids, selection)
    keys = ["year", "origin", "destination"] if selection.by_year else ["origin", "destination"]
    pairs = pd.concat(found, ignore_index=True)
    pairs["flow"] = pairs["flow"].astype(float)
    return pairs.groupby(keys, as_index=False, dropna=False, sort=True).sum()


def strange_places(records: Any, cities: pd.DataFrame | pd.Index, selection: Selection) -> str:
    """Name ids that are no city, for a message.

    Parameters
    ----------
    records : ibis.Table or pandas.DataFrame
    cities : pandas.DataFrame or pandas.Index of shape (n,)
    selection : Selection

    Returns
    -------
    str
        Empty when places are points.
    """
    ids = city_index(cities)
    table = _selected(_as_table(records), selection)
    names: list[Any] = []
    for place in (selection.origin, selection.destination):
        if isinstance(place, str):
            key = _id_key(table, place, ids)
            known = required_ibis().memtable({"known": ids.to_numpy()})
            places = table.select(place=key).filter(lambda t: t.place.notnull()).distinct()
            missing = places.anti_join(known, places["place"] == known["known"])
            names += missing.to_pyarrow()["place"].to_pylist()
    strange = sorted(set(names), key=str)
    return f": {listed(strange)}" if strange else ""


def _as_table(records: Any) -> Any:
    """Take a table of ibis as it is, and a data frame as a table in memory."""
    ibis = required_ibis()
    if isinstance(records, ibis.Table):
        return records
    if isinstance(records, pd.DataFrame):
        return ibis.memtable(records)
    raise ConfigError(
        f"records must be a table of ibis or a pandas DataFrame, not {type(records).__name__}; "
        "open files and databases by shapefiles.read_records.open_records(source)."
    )


def _selected(table: Any, selection: Selection) -> Any:
    """Keep records within filters and period."""
    columns = [c for p in (selection.origin, selection.destination) for c in _columns_of(p)]
    columns += [c for c in (selection.flow, selection.time) if c is not None]
    missing = [c for c in [*columns, *selection.filters] if c not in table.columns]
    if missing:
        raise AlignmentError(
            f"The records lack columns {listed(missing)}; they have {listed(table.columns)}."
        )
    for name, value in selection.filters.items():
        several = isinstance(value, list | tuple | set | frozenset | pd.Index | np.ndarray)
        if value is None:
            table = table.filter(table[name].isnull())
        elif several:
            table = table.filter(table[name].isin(list(value)))
        else:
            table = table.filter(table[name] == value)
    return _within_period(table, selection)


def _columns_of(place: Place) -> tuple[str, ...]:
    if isinstance(place, str):
        return (place,)
    if len(place) != 2:
        raise ConfigError(f"{place!r}: a place is a column of ids, or (longitude, latitude).")
    return tuple(place)


def _within_period(table: Any, selection: Selection) -> Any:
    start, end = selection.start, selection.end
    if start is None and end is None:
        return table
    if selection.time is None:
        raise ConfigError("start and end need time=, the column of years or dates.")
    when = table[selection.time]
    if when.type().is_integer():
        for bound, keep in ((start, when.__ge__), (end, when.__le__)):
            if bound is not None:
                if not isinstance(bound, int | np.integer):
                    raise ConfigError(
                        f"Column {selection.time!r} holds whole numbers; {bound!r} is none. Give "
                        "years as start and end."
                    )
                table = table.filter(keep(int(bound)))
        return table
    if not (when.type().is_date() or when.type().is_timestamp()):
        raise ConfigError(_no_time(selection.time, when))
    if start is not None:
        table = table.filter(when >= _literal(_day(start, last=False), when))
    if end is not None:
        # The whole last day counts, so what comes before the next day is kept.
        table = table.filter(when < _literal(_day(end, last=True) + pd.Timedelta(days=1), when))
    return table


def _no_time(name: str, column: Any) -> str:
    return (
        f"Column {name!r} holds {column.type()}, neither whole years nor dates; convert it, for "
        f"example by records.mutate({name}=records[{name!r}].cast('date'))."
    )


def _day(bound: Any, *, last: bool) -> pd.Timestamp:
    """First or last day of a year, or the day that is given."""
    text = f"{bound}-12-31" if last else f"{bound}-01-01"
    try:
        day = pd.Timestamp(text if isinstance(bound, int | np.integer) else bound)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{bound!r} is no date; write it as '2020-01-31'.") from error
    if day != day.normalize():
        raise ConfigError(f"{bound!r}: a period begins and ends with whole days.")
    return day


def _literal(day: pd.Timestamp, column: Any) -> Any:
    ibis = required_ibis()
    moment = day.date() if column.type().is_date() else day.to_pydatetime()
    return ibis.literal(moment, type=column.type().copy(nullable=True))


def _keyed(records: Any, ids: pd.Index, selection: Selection, grid: PolygonGrid | None) -> Any:
    """Year, keys of both places, number and weight of each record; coordinates of points."""
    ibis = required_ibis()
    table = _selected(_as_table(records), selection)
    columns: dict[str, Any] = {}
    if selection.by_year and selection.time is not None:
        when = table[selection.time]
        if when.type().is_date() or when.type().is_timestamp():
            when = when.year()
        elif not when.type().is_integer():
            raise ConfigError(_no_time(selection.time, when))
        columns["year"] = when.cast("int64")
    for end in ("origin", "destination"):
        place = getattr(selection, end)
        if isinstance(place, str):
            columns[f"{end}_key"] = _id_key(table, place, ids)
        elif grid is not None:
            columns |= _cell_of_point(table, place, end, grid)
    if selection.flow is None:
        columns |= {"weight": ibis.literal(1, type="int64"), "good": ibis.literal(True)}
    else:
        columns |= _weight(table[selection.flow], selection.flow)
    table = table.select(**columns)
    for end in ("origin", "destination"):
        if f"{end}_cell" in table.columns and grid is not None:
            table = _with_codes(table, end, f"{end}_cell", grid.cells, grid.codes)
    return table


def _id_key(table: Any, name: str, ids: pd.Index) -> Any:
    """Ids as they are; empty ones are missing."""
    key = table[name]
    text = all(isinstance(one, str) for one in ids)
    if key.type().is_string() and text:
        return key.nullif("")
    if key.type().is_integer() and pd.api.types.is_integer_dtype(ids):
        return key.cast("int64")
    raise AlignmentError(
        f"Column {name!r} holds {key.type()}, the ids of the cities are "
        f"{'text' if text else ids.dtype}, so none of them agree. Read the column as text by "
        f"open_records(..., text=[{name!r}]), or convert it by records.mutate(...cast('string')); "
        "ids that were stored as numbers may have lost leading zeros."
    )


def _cell_of_point(table: Any, place: tuple[str, str], end: str, grid: PolygonGrid) -> dict:
    """Coordinates, and the cell of the grid; missing where there are no usable coordinates."""
    ibis = required_ibis()
    for name in place:
        if not table[name].type().is_numeric():
            raise ConfigError(
                f"Column {name!r} holds {table[name].type()}; longitude and latitude are numbers "
                "in degrees."
            )
    raw = [table[name].cast("float64") for name in place]
    # An engine that puts NaN above all numbers leaves it outside the world, as others do.
    usable = raw[0].between(-180.0, 180.0) & raw[1].between(-90.0, 90.0)
    nothing = ibis.null("float64")
    lon, lat = (ibis.ifelse(usable, one, nothing) for one in raw)
    column = ((lon - grid.west) / grid.step).floor().cast("int64")
    row = ((lat - grid.south) / grid.step).floor().cast("int64")
    beside = (column < 0) | (column >= grid.columns) | (row < 0) | (row >= grid.rows)
    cell = ibis.ifelse(beside, ibis.literal(-1, type="int64"), column * grid.rows + row)
    return {f"{end}_lon": lon, f"{end}_lat": lat, f"{end}_cell": cell}


def _weight(column: Any, name: str) -> dict[str, Any]:
    """Weights and whether they are strengths; sums take the good ones only."""
    if not column.type().is_numeric():
        raise ConfigError(f"Column {name!r} holds {column.type()}; weights are numbers.")
    if column.type().is_integer():
        column = column.cast("int64")
        good = column.notnull() & (column >= 0)
    else:
        column = column.cast("float64")
        good = column.notnull() & ~column.isnan() & ~column.isinf() & (column >= 0)
    return {"weight": column, "good": good.fill_null(False)}


def _with_codes(table: Any, end: str, key: str, known: Any, codes: np.ndarray) -> Any:
    """Add ``<end>_key``: the code of the known key, outside or unplaced."""
    import pyarrow as pa

    ibis = required_ibis()
    lookup = ibis.memtable(
        pa.table({f"{end}_known": pa.array(known), f"{end}_code": pa.array(codes.astype("int64"))})
    )
    joined = table.left_join(lookup, table[key] == lookup[f"{end}_known"])
    code = ibis.ifelse(
        joined[key].isnull(),
        ibis.literal(UNPLACED, type="int64"),
        joined[f"{end}_code"].fill_null(OUTSIDE),
    )
    kept = {name: joined[name] for name in table.columns if name != f"{end}_key"}
    return joined.select(**kept, **{f"{end}_key": code})


def _summed(table: Any, selection: Selection, keys: tuple[str, str]) -> Any:
    by = ["year", *keys] if selection.by_year else list(keys)
    return table.group_by(by).agg(
        records=table.count(),
        flow=table["weight"].sum(where=table["good"]).fill_null(0),
        wrong=(~table["good"]).cast("int64").sum(),
    )


def _coded(sums: Any, end: str, ids: pd.Index | None) -> Any:
    """Turn ids of sums into codes; those of points are codes already."""
    if ids is None:
        return sums
    known = ids.to_numpy(dtype=object) if all(isinstance(i, str) for i in ids) else ids.to_numpy()
    return _with_codes(sums, end, f"{end}_key", known, np.arange(len(ids)))


def _collected(sums: Any, selection: Selection) -> Any:
    """Add up once more: several unknown ids share one code."""
    by = ["origin_key", "destination_key"]
    by = ["year", *by] if selection.by_year else by
    found = sums.group_by(by).agg(
        records=sums["records"].sum(), flow=sums["flow"].sum(), wrong=sums["wrong"].sum()
    )
    return found.rename(origin="origin_key", destination="destination_key")


def _border_pairs(
    table: Any, points: list[str], grid: PolygonGrid, ids: pd.Index, selection: Selection
) -> list[pd.DataFrame]:
    """Add up the records with an end near a border, which geometry settles."""
    near = reduce(lambda one, other: one | other, [table[f"{e}_key"] == BORDER for e in points])
    wanted = table.filter(near)
    for end in ("origin", "destination"):
        wanted = _coded(wanted, end, None if end in points else ids)
    keys = ["year", "origin", "destination"] if selection.by_year else ["origin", "destination"]
    found = []
    for batch in wanted.to_pyarrow_batches(chunk_size=ROWS_IN_A_BATCH):
        part = batch.to_pandas()
        for end in ("origin", "destination"):
            code = part[f"{end}_key"].to_numpy(dtype=np.int64, copy=True)
            if end in points:
                there = code == BORDER
                lon, lat, cell = (
                    part[f"{end}_{what}"].to_numpy()[there] for what in ("lon", "lat", "cell")
                )
                code[there] = grid.exact(lon, lat, cell.astype(np.int64))
            part[end] = code
        good = part["good"].to_numpy(dtype=bool)
        part["flow"] = np.where(good, part["weight"], 0)
        part["records"], part["wrong"] = 1, (~good).astype(np.int64)
        sums = part.groupby(keys, as_index=False, dropna=False)[["records", "flow", "wrong"]].sum()
        found.append(sums)
    return found
