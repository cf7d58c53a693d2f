"""Which tables a result has, and how a journal lays each of them out: rows, matrices, triangles."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

Frame = Callable[[Any], pd.DataFrame]

Arrangement = Literal[
    "rows", "matrix", "triangle", "record", "estimates", "pivot", "fits", "stages"
]
"""``rows``: a row for each estimate. ``matrix``: classes down and across. ``triangle``: the lower
half of a symmetric matrix with stars. ``record``: an item and its value. ``estimates``: estimates
with stars, and in brackets below them their standard errors. ``pivot``: one statistic with its
p-value, kinds across. ``fits`` and ``stages``: fitted models, their effects, and two-stage least
squares, which have layouts of their own.
"""


def tidy(result: Any) -> pd.DataFrame:
    """Return the tidy table of a result."""
    table = result.tidy()
    assert isinstance(table, pd.DataFrame)
    return table


@dataclass(frozen=True)
class Layout:
    """How one table of a result is printed.

    Attributes
    ----------
    frame : callable
        From the result to the frame with the numbers.
    arrangement : Arrangement
    columns : tuple of str
        Columns in the order of printing; empty prints all. Names that the frame lacks are passed
        over, so that one layout serves kindred results.
    index : tuple of str
        Names of index levels that have none.
    heads : mapping of str to str
        Keys of the dictionary for columns whose wording differs here.
    codes : mapping of str to str
        Prefixes of the dictionary for texts of columns.
    percent : tuple of str
        Shares that are printed in per cent.
    alike : bool
        The numbers of a column have the same decimals; otherwise each by its size.
    corner, across : str
        Of a matrix: keys for the heading of its rows, and over its columns.
    decimals : mapping of str to int
        Of columns that have their own.
    value, p, by : str
        Of a pivot and a triangle: columns of the statistic and its p-value, the level that goes
        across.
    facts : tuple of str or None
        Fields of the result told below the table; None tells every single number.
    """

    frame: Frame = tidy
    arrangement: Arrangement = "rows"
    columns: tuple[str, ...] = ()
    index: tuple[str, ...] = ()
    heads: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    percent: tuple[str, ...] = ()
    decimals: Mapping[str, int] = field(default_factory=dict)
    alike: bool = True
    corner: str = "column_class"
    across: str = ""
    value: str = ""
    p: str = ""
    by: str = ""
    facts: tuple[str, ...] | None = ()


def of(name: str) -> Frame:
    """Take a field of a result, a Series as a frame of one column."""

    def taken(result: Any) -> pd.DataFrame:
        held: Any = result
        for part in name.split("."):
            held = getattr(held, part)
        if isinstance(held, pd.Series):
            return held.to_frame(str(held.name or "value").replace(" ", "_"))
        return held

    return taken


def counted(name: str, column: str, *, order: tuple[str, ...] = ()) -> Frame:
    """Count the classes of a column, by year or shock where the index has such a level."""

    def counts(result: Any) -> pd.DataFrame:
        table = of(name)(result) if name != "tidy" else tidy(result)
        classes = table[column].dropna()
        words = list(order or getattr(result, "categories", ())) or sorted(classes.unique())
        words = [one for one in words if one in set(classes)]
        split = [one for one in table.index.names if one in ("year", "shock")]
        if not split:
            own = classes.value_counts().reindex(words, fill_value=0).rename("cities")
            frame = own.to_frame()
            frame["share"] = frame["cities"] / max(int(frame["cities"].sum()), 1)
        else:
            level = classes.index.get_level_values(split[0])
            frame = pd.crosstab(classes.to_numpy(), level.to_numpy()).reindex(words)
            frame.columns.name = split[0]
        return frame.rename_axis(index=column)

    return counts


def group_counts(result: Any) -> pd.DataFrame:
    """Count the cities of each group of a scheme, with the names of the groups."""
    table = result.table
    counts = table.groupby(["en", "zh"], sort=False).size().rename("cities").reset_index()
    return counts.assign(share=counts["cities"] / max(int(counts["cities"].sum()), 1))


def by_year(name: str) -> Frame:
    """Put the years of a Series side by side."""

    def wide(result: Any) -> pd.DataFrame:
        series = getattr(result, name)
        return series.unstack("year") if "year" in series.index.names else series.to_frame()

    return wide


def with_total(name: str, counts: str) -> Frame:
    """Put the number of transitions in front of a matrix of probabilities."""

    def table(result: Any) -> pd.DataFrame:
        matrix = getattr(result, name)
        totals = getattr(result, counts).sum(axis=1)
        frame = matrix.astype(object)
        frame.columns = [str(one) for one in matrix.columns]
        frame.insert(0, "n", [int(one) for one in totals])
        return frame

    return table


def with_members(name: str, membership: str) -> Frame:
    """Put the members of each block or community beside its numbers."""

    def table(result: Any) -> pd.DataFrame:
        frame = of(name)(result).copy()
        cities = getattr(result, membership).dropna()
        members = {group: list(own.index) for group, own in cities.groupby(cities)}
        frame["members"] = [members.get(group, []) for group in frame.index]
        return frame

    return table


def indicator_system(result: Any) -> pd.DataFrame:
    """Return the indicators of a composite index with unit and source, in their dimensions."""
    told = {one["column"]: one for one in result.configuration.options["indicators"]}
    frame = result.weights.reset_index()
    for name in ("unit", "source"):
        frame[name] = [told.get(one, {}).get(name, "") for one in frame["indicator"]]
    return frame.set_index(["dimension", "indicator"])


def spread(result: Any) -> pd.DataFrame:
    """Return the tidy table of a statistic with the standard deviation of its null distribution."""
    frame = tidy(result)
    if "variance" in frame.columns:
        frame = frame.assign(std_dev=np.sqrt(frame["variance"]))
    if "measure" in frame.columns and all(map(_is_year, frame["measure"])):
        frame = frame.rename(columns={"measure": "year"})
    return frame


def _is_year(value: object) -> bool:
    return isinstance(value, numbers.Integral) and 1000 <= int(value) <= 3000


def kept_links(result: Any) -> pd.DataFrame:
    """Return the links that a backbone keeps, strongest first."""
    table = result.table
    kept = table[table["kept"]].drop(columns="kept")
    return kept.sort_values("flow", ascending=False, kind="stable").set_index(
        ["origin", "destination"]
    )


def tests_by_columns(level: str) -> Frame:
    """Put the tests of every level side by side."""

    def table(result: Any) -> pd.DataFrame:
        return tidy(result).reset_index().set_index(["test", level])

    return table


def square(first: str, second: str, names: str) -> Frame:
    """Return pairs as a table with two index levels in the order of names."""

    def table(result: Any) -> pd.DataFrame:
        frame = tidy(result)
        frame.index = frame.index.set_names([first, second])
        frame.attrs["names"] = tuple(getattr(result, names))
        return frame

    return table


def symmetric(name: str) -> Frame:
    """Return a symmetric matrix as pairs with two index levels."""

    def table(result: Any) -> pd.DataFrame:
        matrix = getattr(result, name)
        ids, values = list(matrix.index), matrix.to_numpy()
        rows = {
            (ids[i], ids[j]): values[i, j] for i in range(len(ids)) for j in range(i + 1, len(ids))
        }
        index = pd.MultiIndex.from_tuples(list(rows), names=["first", "second"])
        frame = pd.DataFrame({"value": list(rows.values())}, index=index)
        frame.attrs["names"] = tuple(map(str, ids))
        return frame

    return table
