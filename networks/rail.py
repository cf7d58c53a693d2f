"""Networks of rail services: how often trains run, or how fast, and what a new line changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from networks.changes import network_change
from networks.city_labels import city_index
from networks.flows import city_positions_of_links, flow_network, require_columns
from networks.types import LinkageNetwork
from spatial.errors import ConfigError, WeightsError, listed
from spatial.options import MissingCost, RailMeasure, UnknownCities, UnnamedPlaces, checked_option
from spatial.results import Configuration, Result


def rail_network(
    services: pd.DataFrame,
    cities: pd.DataFrame | pd.Index,
    *,
    measure: RailMeasure = "frequency",
    origin: str = "origin",
    destination: str = "destination",
    trains: str | None = None,
    hours: str | None = None,
    missing_hours: MissingCost = "error",
    unknown: UnknownCities = "error",
    unnamed: UnnamedPlaces = "error",
    year: int | None = None,
) -> LinkageNetwork:
    r"""Link cities by trains: by their number, or by the best time.

    .. math:: f_{ij} = \sum_s \text{trains}_s \qquad \text{or} \qquad
              f_{ij} = 1 / \min_s \text{hours}_s

    over the services s from i to j. A flow is a strength, hence one over the hours; another decay
    of time is ``gravity_network(..., cost=...)``.

    Parameters
    ----------
    services : pandas.DataFrame
        A row for each service, or for each pair of cities. Buses and flights go the same way.
    cities : pandas.DataFrame or pandas.Index of shape (n,)
    measure : {"frequency", "time"}
    origin, destination : str
        Column names.
    trains : str, optional
        Column of trains a day; None counts rows.
    hours : str, optional
        Column of hours; needed for ``time``.
    missing_hours : {"error", "drop"}
        Services of zero, missing or infinite hours are refused by name, or left out and counted.
    unknown, unnamed : {"error", "drop"}
        As in ``flow_network``.
    year
        Carried by the network.

    Returns
    -------
    LinkageNetwork
        Directed; ``.symmetrised(rule)`` joins both directions.

    Raises
    ------
    AlignmentError, WeightsError
        As in ``flow_network``; also for hours that are negative or no numbers.
    ConfigError
        If ``hours`` is wanting.
    """
    checked_option(measure, RailMeasure, name="measure")
    checked_option(missing_hours, MissingCost, name="missing_hours")
    ids = city_index(cities)
    if measure == "time":
        return _fastest(
            services, ids, (origin, destination), hours, missing_hours, unknown, unnamed, year
        )
    require_columns(services, (origin, destination))
    counted = services if trains is not None else services.assign(**{_COUNT: 1.0})
    network = flow_network(
        counted,
        ids,
        origin=origin,
        destination=destination,
        flow=trains or _COUNT,
        duplicates="sum",
        unknown=unknown,
        unnamed=unnamed,
        unit="trains a day",
        year=year,
        description="Rail services: trains a day",
    )
    return replace(network, parameters={**network.parameters, "kind": "rail", "measure": measure})


_COUNT = "services counted"


@dataclass(frozen=True)
class RailChange(Result):
    """What changed between two timetables.

    Attributes
    ----------
    links : pandas.DataFrame
        As ``NetworkChange.links``; for times with ``hours_before``, ``hours_after`` and
        ``hours_saved`` (NaN where a pair is linked in one timetable only).
    cities : pandas.DataFrame
        ``partners_before`` and ``partners_after`` (cities reached); for frequency
        ``trains_before``, ``trains_after``, ``trains_change``; for times ``hours_before``,
        ``hours_after``, ``hours_saved``: means over the destinations linked in both timetables.
    measure : {"frequency", "time"}
    configuration : Configuration
    """

    links: pd.DataFrame
    cities: pd.DataFrame
    measure: RailMeasure
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table of cities."""
        return self.cities.copy()


def rail_change(before: LinkageNetwork, after: LinkageNetwork) -> RailChange:
    """Compare two timetables, for example without and with high-speed rail.

    Parameters
    ----------
    before, after : LinkageNetwork
        From ``rail_network`` with one measure; the same cities in whatever order.

    Returns
    -------
    RailChange

    Raises
    ------
    AlignmentError, WeightsError
        As in ``network_change``.
    ConfigError
        If the networks are not of one rail measure.
    """
    measures = [network.parameters.get("measure") for network in (before, after)]
    if measures[0] != measures[1] or measures[0] not in ("frequency", "time"):
        raise ConfigError(
            f"Both networks must come from rail_network with one measure; these have {measures}."
        )
    found = network_change(before, after)
    links, cities = found.links.copy(), pd.DataFrame(index=before.cities)
    later = after.reordered(before.cities)
    cities["partners_before"] = np.diff(before.flows.indptr)
    cities["partners_after"] = np.diff(later.flows.indptr)
    if measures[0] == "frequency":
        for moment in ("before", "after", "change"):
            cities[f"trains_{moment}"] = found.cities[f"sent_{moment}"]
    else:
        for moment in ("before", "after"):
            flow = links[f"flow_{moment}"].to_numpy()
            links[f"hours_{moment}"] = np.divide(
                1.0, flow, out=np.full(len(flow), np.nan), where=flow > 0
            )
        links["hours_saved"] = links["hours_before"] - links["hours_after"]
        both = links[links["change"] == "kept"]
        columns = ["hours_before", "hours_after", "hours_saved"]
        ends = [both[["origin", *columns]].rename(columns={"origin": "city"})]
        if not before.directed:  # a pair stands once in the table and belongs to both cities
            ends.append(both[["destination", *columns]].rename(columns={"destination": "city"}))
        means = pd.concat(ends).groupby("city")[columns].mean()
        cities[columns] = means.reindex(before.cities)
    return RailChange(
        links=links,
        cities=cities,
        measure="frequency" if measures[0] == "frequency" else "time",
        configuration=Configuration(
            function="rail_change",
            options={"before": before.year, "after": after.year},
            weights=found.configuration.weights,
        ),
    )


def _fastest(
    services: pd.DataFrame,
    ids: pd.Index,
    ends: tuple[str, str],
    hours: str | None,
    missing_hours: MissingCost,
    unknown: UnknownCities,
    unnamed: UnnamedPlaces,
    year: int | None,
) -> LinkageNetwork:
    if hours is None:
        raise ConfigError("measure='time' needs the column of hours, hours=.")
    origin, destination = ends
    require_columns(services, (origin, destination, hours))
    # Unknown cities are told of before hours are: the remedy of one may be that of the other.
    city_positions_of_links(services, ids, origin, destination, unknown, unnamed)
    given = services[hours]
    values = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float)
    pairs = list(services[[origin, destination]].itertuples(index=False, name=None))
    wrong = (values < 0) | (np.isnan(values) & given.notna().to_numpy())
    if wrong.any():
        bad = [pairs[number] for number in np.flatnonzero(wrong)]
        raise WeightsError(
            f"{len(bad)} hours in column {hours!r} are negative or not numbers: {listed(bad)}; "
            "correct or drop these rows."
        )
    apart = (services[origin] != services[destination]).to_numpy()
    without = (~np.isfinite(values) | (values == 0)) & apart
    if without.any() and missing_hours == "error":
        bad = [pairs[number] for number in np.flatnonzero(without)]
        raise WeightsError(
            f"{len(bad)} services have zero, missing or infinite hours in column {hours!r}: "
            f"{listed(bad)}. Correct them, or leave them out by missing_hours='drop'."
        )
    usable = services.assign(**{_COUNT: values})[apart & ~without]
    best = usable.groupby([origin, destination], as_index=False, dropna=False)[_COUNT].min()
    best[_COUNT] = 1.0 / best[_COUNT]
    network = flow_network(
        best,
        ids,
        origin=origin,
        destination=destination,
        flow=_COUNT,
        unknown=unknown,
        unnamed=unnamed,
        unit="1 / hours",
        year=year,
        description="Rail services: one over the best hours",
    )
    parameters: dict[str, Any] = {
        **network.parameters,
        "kind": "rail",
        "measure": "time",
        "services_without_hours": int(without.sum()),
    }
    words = network.description
    if without.any():
        words += f"; services without usable hours, left out: {int(without.sum())}"
    return replace(network, description=words, parameters=parameters)
