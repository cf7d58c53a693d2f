"""The structure of a cluster of cities: primacy, rank and size, polycentricity, openness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from networks.city_labels import aligned_masses
from networks.types import LinkageNetwork
from spatial.alignment import require_same_cities, require_unique
from spatial.errors import ConfigError, EstimationError, listed
from spatial.results import Configuration, Result


@dataclass(frozen=True)
class RankSize(Result):
    """Regression of rank on size.

    Attributes
    ----------
    exponent : float
        q of ln(rank - shift) = c - q ln(size); 1 is Zipf's law, larger values even sizes.
    std_error : float
        q sqrt(2 / n), right for ranked data, where the classical one is far too small.
    intercept, r_squared : float
    n_cities : int
    configuration : Configuration
    """

    exponent: float
    std_error: float
    intercept: float
    r_squared: float
    n_cities: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return one row: index ``measure``."""
        names = ["exponent", "std_error", "intercept", "r_squared", "n_cities"]
        row = pd.DataFrame([{name: getattr(self, name) for name in names}])
        return row.set_index(pd.Index(["rank and size"], name="measure"))


def rank_size(sizes: pd.Series, *, top: int | None = None, shift: float = 0.5) -> RankSize:
    r"""Fit the rank-size rule with the correction for its bias.

    .. math:: \ln(r_i - 1/2) = c - q \ln S_i, \qquad se(q) = q \sqrt{2 / n}

    Parameters
    ----------
    sizes : pandas.Series of shape (n,)
        Positive: people, strengths, or numbers of links.
    top : int, optional
        Only so many of the largest; a slope of the top three to five tells how polycentric the
        cluster is.
    shift : float
        Taken off the rank: 1/2 removes most of the bias in small samples, 0 gives the plain rule.
        Below one.

    Returns
    -------
    RankSize

    Raises
    ------
    EstimationError
        If sizes are not positive, fewer than three, or all equal.

    References
    ----------
    Gabaix and Ibragimov (2011), doi:10.1198/jbes.2009.06157.
    """
    if not 0 <= shift < 1:
        raise ConfigError(f"shift={shift!r}: between 0 and 1 is taken off a rank.")
    if top is not None and top < 3:
        raise ConfigError(f"top={top!r}: a slope needs at least three cities.")
    ranked = _ranked(sizes)[:top]
    if len(ranked) < 3 or np.ptp(ranked) == 0:
        raise EstimationError(
            f"The rank-size rule needs three cities of different size; {len(ranked)} are given, "
            f"{len(np.unique(ranked))} sizes among them."
        )
    x, y = np.log(ranked), np.log(np.arange(1, len(ranked) + 1) - shift)
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    fit = float(np.corrcoef(x, y)[0, 1] ** 2)
    return RankSize(
        -slope,
        abs(slope) * float(np.sqrt(2.0 / len(ranked))),
        float(y.mean() - slope * x.mean()),
        fit,
        len(ranked),
        Configuration(
            function="rank_size", options={"top": top, "shift": shift, "sizes": str(sizes.name)}
        ),
    )


def primacy(sizes: pd.Series) -> pd.Series:
    r"""Compare the largest city with those that follow.

    .. math:: S_2 = \frac{P_1}{P_2}, \quad S_4 = \frac{P_1}{P_2 + P_3 + P_4}, \quad
              S_{11} = \frac{2 P_1}{P_2 + \dots + P_{11}}

    Parameters
    ----------
    sizes : pandas.Series of shape (n,)
        Positive.

    Returns
    -------
    pandas.Series
        ``two_city``, ``four_city``, ``eleven_city``; NaN where there are fewer cities.
    """
    ranked = _ranked(sizes)
    found = {
        name: factor * ranked[0] / ranked[1:count].sum() if len(ranked) >= count else float("nan")
        for name, count, factor in (
            ("two_city", 2, 1.0),
            ("four_city", 4, 1.0),
            ("eleven_city", 11, 2.0),
        )
    }
    return pd.Series(found, name="primacy")


def _ranked(sizes: pd.Series) -> np.ndarray:
    require_unique(pd.Index(sizes.index), what="sizes")
    values = pd.to_numeric(sizes, errors="coerce").to_numpy(dtype=float)
    wrong = ~(np.isfinite(values) & (values > 0))
    if wrong.any() or not len(values):
        raise EstimationError(
            f"Sizes are missing, zero or negative for {listed(sizes.index[wrong])}; drop these "
            "cities or fill their sizes."
        )
    return np.sort(values)[::-1]


def functional_polycentricity(network: LinkageNetwork) -> float:
    r"""Measure how evenly and how densely a cluster is linked, between 0 and 1.

    .. math:: P = \left( 1 - \frac{\sigma}{\sigma_{max}} \right) \Delta

    with the standard deviation sigma of the strengths of cities, that of one city with the largest
    strength beside one with none, and the density Delta.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Strengths sum both directions.

    Returns
    -------
    float
        NaN without links.

    References
    ----------
    Green (2007), Urban Studies.
    """
    flows, n = network.flows, network.n
    strength = np.asarray(flows.sum(axis=0)).ravel() + np.asarray(flows.sum(axis=1)).ravel()
    if not flows.nnz:
        return float("nan")
    most = strength.max() / 2.0  # the standard deviation of (0, maximum)
    density = flows.nnz / (n * (n - 1))
    return float((1.0 - strength.std() / most) * density)


def openness(network: LinkageNetwork, groups: pd.Series) -> pd.DataFrame:
    r"""Weigh the linkages within groups of cities against those between them.

    .. math:: EI_g = \frac{E_g - I_g}{E_g + I_g}

    with the flow I within the group and E from it and to it.

    Parameters
    ----------
    network : LinkageNetwork of n cities
    groups : pandas.Series of shape (n,)
        Group (cluster, province) of each city, matched by label.

    Returns
    -------
    pandas.DataFrame
        Index ``group``: ``cities``, ``internal``, ``external``, ``ei_index`` (-1 all within, 1
        all outside, NaN without flow). The row ``all`` counts each flow between groups once.

    References
    ----------
    Krackhardt and Stern (1988), Social Psychology Quarterly.
    """
    given = pd.Index(groups.index)
    require_same_cities(given, network.cities, left_name="groups", right_name="the network")
    ordered = groups.reindex(network.cities)
    if ordered.isna().any():
        raise EstimationError(f"No group is given for {listed(ordered.index[ordered.isna()])}.")
    codes, names = pd.factorize(ordered, sort=True)
    rows, columns = network.flows.tocoo().coords
    data = network.flows.data * (1.0 if network.directed else 0.5)
    size = len(names)
    inside = codes[rows] == codes[columns]
    internal = np.bincount(codes[rows[inside]], weights=data[inside], minlength=size)
    external = sum(
        np.bincount(codes[ends[~inside]], weights=data[~inside], minlength=size)
        for ends in (rows, columns)
    )
    cities = np.append(np.bincount(codes, minlength=size), network.n)
    internal = np.append(internal, internal.sum())
    external = np.append(external, data[~inside].sum())
    whole = internal + external
    index = np.divide(external - internal, whole, out=np.full(size + 1, np.nan), where=whole > 0)
    return pd.DataFrame(
        {"cities": cities, "internal": internal, "external": external, "ei_index": index},
        index=pd.Index([*names, "all"], name="group"),
    )


@dataclass(frozen=True)
class ClusterStructure(Result):
    """The structure of a cluster of cities by size and by linkage.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``measure``, column ``value``: ``two_city``, ``four_city``, ``eleven_city`` primacy,
        ``rank_size_exponent`` with ``rank_size_std_error``, ``rank_size_exponent_top``,
        ``evenness`` (1 - sd / largest sd of sizes with their mean) and
        ``functional_polycentricity``.
    configuration : Configuration
    """

    table: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each measure."""
        return self.table.copy()


def cluster_structure(
    network: LinkageNetwork, sizes: pd.Series, *, top: int = 4
) -> ClusterStructure:
    """Describe a cluster of cities: how its sizes are ranked and how it is linked.

    Parameters
    ----------
    network : LinkageNetwork of n cities
        Of the cluster alone: ``network.subset(cities)``.
    sizes : pandas.Series of shape (n,)
        Positive, matched by label.
    top : int
        Largest cities whose rank-size slope is added.

    Returns
    -------
    ClusterStructure
    """
    values = aligned_masses(sizes, network.cities, what="sizes")
    ordered = pd.Series(values, index=network.cities, name=sizes.name)
    whole, upper = rank_size(ordered), rank_size(ordered, top=min(top, network.n))
    n, mean = network.n, float(values.mean())
    # One city holding everything has the standard deviation mean sqrt(n - 1).
    rows = {
        **primacy(ordered).to_dict(),
        "rank_size_exponent": whole.exponent,
        "rank_size_std_error": whole.std_error,
        "rank_size_exponent_top": upper.exponent,
        "evenness": 1.0 - float(values.std()) / (mean * float(np.sqrt(n - 1))),
        "functional_polycentricity": functional_polycentricity(network),
    }
    table = pd.DataFrame({"value": rows}).rename_axis("measure")
    return ClusterStructure(
        table,
        Configuration(
            function="cluster_structure",
            options={"top": top, "sizes": str(sizes.name)},
            weights=network.description,
        ),
    )
