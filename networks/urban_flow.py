"""Urban flow intensity: what cities do for others, from employment by sector and output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from networks.city_labels import aligned_masses, city_index
from spatial.errors import AlignmentError, PanelError, listed
from spatial.results import Configuration, Result


@dataclass(frozen=True)
class UrbanFlow(Result):
    """Urban flow intensity of cities.

    Attributes
    ----------
    table : pandas.DataFrame of shape (n, 4)
        ``external`` (E_i, persons), ``efficiency`` (N_i, output per person), ``intensity`` (F_i, in
        the unit of output) and ``tendency`` (K_i, share of output made for others).
    external : pandas.DataFrame of shape (n, sectors)
        E_is.
    quotients : pandas.DataFrame of shape (n, sectors)
        Location quotients; NaN in a city without employment.
    configuration : Configuration
    """

    table: pd.DataFrame
    external: pd.DataFrame
    quotients: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table of cities."""
        return self.table.copy()


def urban_flow(
    employment: pd.DataFrame, output: pd.Series, *, outward: Sequence[str] | None = None
) -> UrbanFlow:
    r"""Measure how much of a city's activity serves other cities.

    .. math:: LQ_{is} = \frac{E_{is} / E_i}{E_s / E}, \quad
              E^x_{is} = \max\Big(0, E_{is} - E_i \frac{E_s}{E}\Big), \quad
              E^x_i = \sum_s E^x_{is}, \quad N_i = G_i / E_i, \quad F_i = N_i E^x_i, \quad
              K_i = F_i / G_i

    Employment beyond the average share (LQ > 1) is taken to work for other cities.

    Parameters
    ----------
    employment : pandas.DataFrame of shape (n, sectors)
        Employment of all sectors; index: city ids. E, E_i and E_s are its sums.
    output : pandas.Series of shape (n,)
        G, output of the city, matched by label.
    outward : sequence of str, optional
        Sectors that can serve other cities (services, as a rule); by default all.

    Returns
    -------
    UrbanFlow
        ``gravity_network(cities, result.table["intensity"])`` links cities by it.

    Raises
    ------
    AlignmentError
        If labels differ or a sector is unknown.
    PanelError
        If employment or output is negative or missing, or nobody is employed.

    Notes
    -----
    The averages are those of the cities given: add cities, and the intensities change. A city
    without employment has an intensity of zero and no efficiency.

    Examples
    --------
    >>> jobs = pd.DataFrame({"trade": [30, 10], "farms": [10, 50]}, index=["a", "b"])
    >>> urban_flow(jobs, pd.Series([80.0, 60.0], index=["a", "b"])).table["external"].to_dict()
    {'a': 14.0, 'b': 14.0}
    """
    ids = city_index(employment)
    sectors = list(employment.columns)
    chosen = sectors if outward is None else list(outward)
    strange = [name for name in chosen if name not in sectors]
    if strange or not chosen:
        raise AlignmentError(
            f"outward= names sectors that are not in the table: {listed(strange)}; it has "
            f"{listed(sectors)}."
        )
    jobs = np.stack(
        [aligned_masses(employment[name], ids, what=f"employment in {name!r}") for name in sectors],
        axis=1,
    )
    made = aligned_masses(output, ids, what="output")
    of_city, of_sector, total = jobs.sum(axis=1), jobs.sum(axis=0), jobs.sum()
    if not total > 0:
        raise PanelError("Nobody is employed in these cities; check the table of employment.")
    average = np.outer(of_city, of_sector) / total
    quotients = np.divide(jobs, average, out=np.full(jobs.shape, np.nan), where=average > 0)
    external = np.maximum(jobs - average, 0.0)
    counted = external * np.isin(np.array(sectors, dtype=object), chosen)
    serving = counted.sum(axis=1)
    employed = of_city > 0
    efficiency = np.divide(made, of_city, out=np.full(len(ids), np.nan), where=employed)
    intensity = np.where(employed, np.nan_to_num(efficiency) * serving, 0.0)
    share = np.divide(serving, of_city, out=np.full(len(ids), np.nan), where=employed)
    table = pd.DataFrame(
        {
            "external": serving,
            "efficiency": efficiency,
            "intensity": intensity,
            "tendency": share,
        },
        index=ids,
    )
    kept = pd.DataFrame(external, index=ids, columns=sectors)[chosen]
    return UrbanFlow(
        table=table,
        external=kept,
        quotients=pd.DataFrame(quotients, index=ids, columns=sectors),
        configuration=Configuration(function="urban_flow", options={"outward": chosen}),
    )
