"""What a study found about single cities: ranks, gaps, peers, senders and receivers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from analyses.indices.resilience import TYPOLOGY
from analyses.report_words import short_names_of
from spatial.errors import AlignmentError, listed
from spatial.regression.effects import MATRIX_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analyses.results import StudyResult

PHASES = ("resistance", "recovery")
LIGHTS: Mapping[str, str] = dict(zip(TYPOLOGY, ("green", "amber", "amber", "red"), strict=True))
"""Light of each type of resilience: better in both phases, in one, in none."""

PEERS = 5
"""Cities that a city is compared with."""

PARTNERS = 5
"""Senders and receivers that are named for each city."""

MEASURES = (*PHASES, "whole")
"""The two phases, and both together from the first year to the last."""


@dataclass(frozen=True)
class CitySheet:
    """What a study found about one city in one shock.

    Attributes
    ----------
    city, name, shock : str
    light : {"green", "amber", "red", ""}
        See ``LIGHTS``; empty where a phase is missing.
    phases : pandas.DataFrame
        Index: resistance, recovery, whole (both phases together). Columns: growth of the city, of
        the nation and of the peers (shares), gap to the nation and to the peers (percentage
        points), rank (1: the largest gap) and number of cities ranked; the same in the first group
        where the study has groups.
    peers : pandas.DataFrame
        Index: city, the most alike first; name, distance (standard deviations), growth in each
        phase.
    partners : pandas.DataFrame
        Index: source (a model or network), role (sender or receiver) and city, the strongest first;
        name and strength: effect on the outcome when the sender's regressor rises by one unit, or
        strength of the linkage.
    """

    city: str
    name: str
    shock: str
    light: str
    phases: pd.DataFrame
    peers: pd.DataFrame
    partners: pd.DataFrame


def city_sheet(result: StudyResult, city: str, *, shock: str | None = None) -> CitySheet:
    """Gather what a study found about one city.

    Parameters
    ----------
    result : StudyResult
    city : str
        Its id.
    shock : str, optional
        By default the shock in focus.

    Returns
    -------
    CitySheet

    Raises
    ------
    AlignmentError
        If the study has no such city.
    ConfigError
        If the study has no such shock.
    """
    if city not in result.area.cities.index:
        known = listed(result.area.cities.index)
        raise AlignmentError(f"The study has no city {city!r}; its ids are such as {known}.")
    chosen = shock or result.study.focus
    table = city_measures(result, chosen)
    row, names = table.loc[city], short_names_of(result)
    columns = [name.removeprefix("whole_") for name in table.columns if name.startswith("whole_")]
    phases = pd.DataFrame(
        {name: [row[f"{measure}_{name}"] for measure in MEASURES] for name in columns},
        index=pd.Index(MEASURES, name="phase"),
    )
    alike = city_peers(result, chosen)
    peers = alike.loc[alike.index.get_level_values("city") == city].droplevel("city")
    shown = table.loc[peers.index, [f"{measure}_growth" for measure in MEASURES]]
    found = [
        part.assign(source=source, role=role)
        for source, matrix in partner_matrices(result).items()
        for role, part in _partners_of(matrix, city).items()
    ]
    partners = pd.concat(found) if found else pd.DataFrame(columns=["strength", "source", "role"])
    partners = partners.rename_axis("city").set_index(["source", "role"], append=True)
    partners.insert(0, "name", names.reindex(partners.index.get_level_values("city")).to_numpy())
    return CitySheet(
        city=city,
        name=str(names[city]),
        shock=chosen,
        light=str(row["light"]),
        phases=phases,
        peers=pd.concat([names.loc[peers.index].rename("name"), peers, shown], axis=1),
        partners=partners.reorder_levels(["source", "role", "city"]),
    )


def city_sheets(result: StudyResult, *, shock: str | None = None) -> pd.DataFrame:
    """Return the sheets of all cities as one table.

    Parameters
    ----------
    result : StudyResult
    shock : str, optional
        By default the shock in focus.

    Returns
    -------
    pandas.DataFrame
        Index: city. The columns of ``city_measures``; ``peers``; and for each network and model
        ``senders_...`` and ``receivers_...``, names from the strongest, parted by semicolons.
    """
    chosen = shock or result.study.focus
    table, names = city_measures(result, chosen), short_names_of(result)
    alike = city_peers(result, chosen)
    joined = names.reindex(alike.index.get_level_values("peer"))
    by_city = joined.groupby(alike.index.get_level_values("city"), sort=False).agg("; ".join)
    table["peers"] = by_city.reindex(table.index, fill_value="")
    for source, matrix in partner_matrices(result).items():
        slug = result.study.slug_of(source)
        for role, partners in _strongest(matrix, names).items():
            table[f"{role}s_{slug}"] = partners.reindex(table.index, fill_value="")
    return table


def city_measures(result: StudyResult, shock: str) -> pd.DataFrame:
    """Return growth, gaps, ranks and lights of all cities in a shock.

    Parameters
    ----------
    result : StudyResult
    shock : str

    Returns
    -------
    pandas.DataFrame
        Index: city. ``typology``, ``light``, and for resistance, recovery and whole (both phases):
        ``..._growth``, ``..._growth_nation``, ``..._growth_peers`` (shares), ``..._gap``,
        ``..._gap_peers`` (percentage points), ``..._rank``, ``..._ranked``, and with groups
        ``..._rank_in_group``, ``..._group_size``.
    """
    known = result.resilience.of(shock)
    nation = result.resilience.national.loc[shock]
    found = pd.DataFrame({"typology": known["typology"]}, index=known.index)
    whole = known["recovery_end"] / known["resistance_start"] - 1.0
    levels = nation["end_value"].loc["recovery"] / nation["start_value"].loc["resistance"]
    growth = {phase: known[f"{phase}_growth"] for phase in PHASES} | {"whole": whole}
    missing = growth["resistance"].isna() | growth["recovery"].isna()
    found["light"] = known["typology"].map(LIGHTS).where(~missing, "")
    peers = city_peers(result, shock)
    groups = _first_group(result, known.index)
    for measure, values in growth.items():
        national = levels - 1.0 if measure == "whole" else nation["growth"].loc[measure]
        gap = 100.0 * (values - national)
        others = pd.Series(
            values.reindex(peers.index.get_level_values("peer")).to_numpy(),
            peers.index.get_level_values("city"),
        )
        of_peers = others.groupby(level=0).mean().reindex(values.index)
        columns = {
            "growth": values,
            "growth_nation": national,
            "growth_peers": of_peers,
            "gap": gap,
            "gap_peers": 100.0 * (values - of_peers),
            "rank": gap.rank(ascending=False, method="min").astype("Int64"),
            "ranked": int(gap.notna().sum()),
        }
        if groups is not None:
            grouped = gap.groupby(groups)
            rank = grouped.rank(ascending=False, method="min")
            columns["rank_in_group"] = rank.astype("Int64")
            columns["group_size"] = grouped.transform("count").astype("Int64")
        for name, column in columns.items():
            found[f"{measure}_{name}"] = column
    return found


def city_peers(result: StudyResult, shock: str) -> pd.DataFrame:
    """Find the cities that were most alike when a shock began.

    Alike are the logarithm of the outcome in the first year of the shock and its mean yearly growth
    until then, each over its standard deviation. Where the panel begins with the shock, or a value
    is not positive, the level alone counts.

    Parameters
    ----------
    result : StudyResult
    shock : str

    Returns
    -------
    pandas.DataFrame
        Index: city, peer (``PEERS`` for each city, the most alike first); ``distance``. Cities
        without figures have no peers.
    """
    start = next(item for item in result.resilience.shocks if item.name == shock).resistance[0]
    wide = result.area.wide(result.resilience.outcome)
    level = wide[start]
    if (level.dropna() > 0.0).all():
        level = np.log(level)
    features = {"level": level}
    first = int(wide.columns[0])
    if first < start and (wide[[first, start]].dropna() > 0.0).all(axis=None):
        features["growth"] = (np.log(wide[start]) - np.log(wide[first])) / (start - first)
    table = pd.DataFrame(features).dropna()
    spread = table.std(ddof=1)
    scaled = (table - table.mean()) / spread.where(spread > 0.0, 1.0)
    count = min(PEERS, len(table) - 1)
    if count < 1:
        empty = pd.MultiIndex.from_arrays([[], []], names=["city", "peer"])
        return pd.DataFrame({"distance": []}, index=empty, dtype=float)
    # Cities of the same figures may come before the city itself, so one more than needed.
    distances, places = cKDTree(scaled.to_numpy()).query(scaled.to_numpy(), k=count + 1)
    rows = []
    for at, (near, far) in enumerate(zip(places, distances, strict=True)):
        others = [(int(one), float(d)) for one, d in zip(near, far, strict=True) if one != at]
        rows += [(table.index[at], table.index[one], d) for one, d in others[:count]]
    frame = pd.DataFrame(rows, columns=["city", "peer", "distance"])
    return frame.set_index(["city", "peer"])


def partner_matrices(result: StudyResult) -> dict[str, pd.DataFrame]:
    """Return who gives to whom: **row receives from column**, zero diagonal.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    dict of str to pandas.DataFrame
        By name of model (effect of its focus, of a city on another) and network (its backbone).
        Models of more than ``MATRIX_LIMIT`` cities are left out: the matrix is dense.
    """
    matrices = {}
    for name, model in result.models.items():
        if model.effects is not None and model.focus and len(result.area.cities) <= MATRIX_LIMIT:
            matrix = model.effects.effect_matrix(model.focus)
            values = matrix.to_numpy(copy=True)
            np.fill_diagonal(values, 0.0)
            matrices[name] = pd.DataFrame(values, index=matrix.index, columns=matrix.columns)
    if len(result.area.cities) <= MATRIX_LIMIT:
        for name, analysis in result.networks.items():
            ids = analysis.backbone.cities
            flows = analysis.backbone.flows.toarray().T  # a network's row sends
            matrices.setdefault(name, pd.DataFrame(flows, index=ids, columns=ids))
    return matrices


def _partners_of(matrix: pd.DataFrame, city: str) -> dict[str, pd.DataFrame]:
    """Strongest senders to, and receivers from, one city."""
    if city not in matrix.index:
        return {}
    at = matrix.index.get_loc(city)
    values = matrix.to_numpy()
    ends = {"sender": values[at], "receiver": values[:, at]}
    found = {}
    for role, strengths in ends.items():
        known = pd.Series(strengths, index=matrix.index, name="strength")
        found[role] = known.reindex(_largest(known).index).to_frame()
    return found


def _largest(values: pd.Series) -> pd.Series:
    sizes = values.abs()
    return sizes[sizes > 0.0].nlargest(PARTNERS)


def _strongest(matrix: pd.DataFrame, names: pd.Series) -> dict[str, pd.Series]:
    """Name the strongest partners of every city."""
    ends = {"sender": matrix, "receiver": matrix.T}
    texts = names.reindex(matrix.index).to_numpy()
    found = {}
    for role, table in ends.items():
        sizes = np.abs(table.to_numpy())
        order = np.argsort(-sizes, axis=1, kind="stable")[:, :PARTNERS]
        rows = [
            "; ".join(texts[at] for at in best if sizes[row, at] > 0.0)
            for row, best in enumerate(order)
        ]
        found[role] = pd.Series(rows, index=table.index)
    return found


def _first_group(result: StudyResult, cities: pd.Index) -> pd.Series | None:
    """Members of the first grouping of a study."""
    for group in result.study.groups:
        return result.area.cities[group].reindex(cities)
    return None
