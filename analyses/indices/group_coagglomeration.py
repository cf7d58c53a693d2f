"""Coagglomeration of industries from their plants: the group index and colocation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analyses.indices.plants import checked_plant_sizes, ellison_glaeser, region_shares
from spatial.errors import ConfigError, PanelError, listed
from spatial.random import RandomSource, seeded_generator

__all__ = ["colocation", "group_coagglomeration"]


def group_coagglomeration(
    plants: pd.DataFrame,
    *,
    industries: Sequence[object] | None = None,
    industry: str = "industry",
    region: str = "region",
    employment: str = "employment",
    totals: pd.Series | None = None,
) -> pd.Series:
    r"""Measure the coagglomeration of a group of industries (Ellison & Glaeser 1997).

    With :math:`w_a` the share of an industry in the employment of the group, G of the group as a
    whole, :math:`H = \sum_a w_a^2 H_a` and :math:`\gamma_a` of each industry:

    .. math:: \gamma^c = \frac{G / (1 - \sum x^2) - H - \sum_a \gamma_a w_a^2 (1 - H_a)}
              {1 - \sum_a w_a^2}

    Zero is what industries give that ignore each other; for two industries it is
    :math:`\sum_i (s_{ia} - x_i)(s_{ib} - x_i) / (1 - \sum x^2)`.

    Parameters
    ----------
    plants : pandas.DataFrame
        A row for each plant.
    industries : sequence, optional
        Members of the group, two or more; by default all.
    industry, region, employment : str
        Columns of ``plants``.
    totals : pandas.Series, optional
        All employment of each region (index region); by default the sum of all plants, also of
        those outside the group.

    Returns
    -------
    pandas.Series
        ``coagglomeration`` and, for comparison, ``ellison_glaeser`` of the group taken as one
        industry, ``within`` (the mean of the :math:`\gamma_a` weighted by
        :math:`w_a^2 (1 - H_a)`), ``industries`` and ``plants``. An industry with one plant has no
        :math:`\gamma_a`, but the product :math:`\gamma_a (1 - H_a) = G_a/(1 - \sum x^2) - H_a`
        that enters is finite.

    Raises
    ------
    PanelError
        If plants are unfit, or all totals lie in one region.
    ConfigError
        If the group has fewer than two industries or names one that is not there.

    References
    ----------
    Ellison, G. & Glaeser, E. L. (1997). Geographic concentration in U.S. manufacturing industries:
    a dartboard approach. Journal of Political Economy 105(5), 889-927.
    https://doi.org/10.1086/262098

    Examples
    --------
    >>> plants = pd.DataFrame({"industry": list("aabb"), "region": list("XYXY"),
    ...                        "employment": [30.0, 10, 30, 10]})
    >>> even = pd.Series({"X": 50.0, "Y": 50.0})
    >>> float(group_coagglomeration(plants, totals=even)["coagglomeration"].round(6))
    0.25
    """
    table = checked_plant_sizes(plants, industry, region, employment)
    shares = region_shares(table, totals)
    members = _members(table, industries)
    group = table[table["industry"].isin(members)]
    x2 = float((shares**2).sum())
    if 1 - x2 < 1e-12:
        raise PanelError("All employment lies in one region; nothing can be told about location.")
    single = ellison_glaeser(group, totals=shares)
    whole = ellison_glaeser(group.assign(industry="group"), totals=shares).iloc[0]
    jobs = group.groupby("industry")["employment"].sum()
    weight = (jobs / jobs.sum()).reindex(single.index)
    # gamma_a (1 - H_a) = G_a / (1 - x2) - H_a is finite also for an industry with one plant, and H
    # cancels against the same terms of the industries.
    excess = (
        float(whole["raw_concentration"]) - float((weight**2 * single["raw_concentration"]).sum())
    ) / (1 - x2)
    room = (weight**2 * (1 - single["plant_herfindahl"])).where(
        single["ellison_glaeser"].notna(), 0.0
    )
    inside = float((single["ellison_glaeser"].fillna(0.0) * room).sum())
    return pd.Series(
        {
            "coagglomeration": excess / (1 - float((weight**2).sum())),
            "ellison_glaeser": float(whole["ellison_glaeser"]),
            "within": inside / float(room.sum()) if room.sum() > 0 else float("nan"),
            "industries": len(members),
            "plants": len(group),
        },
        name="group",
    )


def colocation(
    plants: pd.DataFrame,
    first: object,
    second: object,
    *,
    industry: str = "industry",
    region: str = "region",
    simulations: int = 999,
    rng: RandomSource = None,
) -> pd.Series:
    r"""Share of the pairs of plants of two industries that are in the same region.

    :math:`CL = \sum_i n_{ia} n_{ib} / (n_a n_b)`, and its excess over chance
    :math:`XCL = (CL - \overline{CL}) / sd(CL)`, with mean and standard deviation over relocations:
    the plants of both industries are put at random on the sites of all plants.

    Parameters
    ----------
    plants : pandas.DataFrame
        A row for each plant of every industry.
    first, second : label
        Industries.
    industry, region : str
        Columns.
    simulations : int
    rng : int, numpy.random.Generator or None

    Returns
    -------
    pandas.Series
        ``colocation``, ``expected``, ``deviation``, ``excess_colocation``, ``p_value`` (two-sided),
        ``seed``. The excess is missing where chance always gives the same.

    Raises
    ------
    PanelError
        If columns are absent, or a plant lacks industry or region.
    ConfigError
        If an industry is not there, both are the same, or there are fewer than 19 simulations.

    References
    ----------
    Howard, E., Newman, C. & Tarp, F. (2016). Measuring industry coagglomeration and identifying the
    driving forces. Journal of Economic Geography 16(5), 1055-1078.

    Examples
    --------
    >>> plants = pd.DataFrame({"industry": list("ABABAB"), "region": list("XXXYYX")})
    >>> float(colocation(plants, "A", "B", simulations=19, rng=1)["colocation"].round(6))
    0.555556
    """
    if not isinstance(simulations, (int, np.integer)) or simulations < 19:
        raise ConfigError(f"simulations={simulations!r} must be a whole number from 19.")
    ones = plants.assign(_size=1.0) if isinstance(plants, pd.DataFrame) else plants
    table = checked_plant_sizes(ones, industry, region, "_size")
    _members(table, [first, second])
    place = pd.factorize(table["region"])[0]
    number = int(place.max()) + 1
    n_a, n_b = (int((table["industry"] == name).sum()) for name in (first, second))

    def share(a: np.ndarray, b: np.ndarray) -> float:
        counts = [np.bincount(sites, minlength=number) for sites in (a, b)]
        return float(counts[0] @ counts[1]) / (n_a * n_b)

    observed = share(*(place[(table["industry"] == name).to_numpy()] for name in (first, second)))
    generator, seed = seeded_generator(rng)
    drawn = np.empty(simulations)
    for m in range(simulations):
        sites = generator.permutation(place)[: n_a + n_b]
        drawn[m] = share(sites[:n_a], sites[n_a:])
    deviation, expected = float(drawn.std(ddof=1)), float(drawn.mean())
    # Rounding of shares must not turn a tie into a difference.
    hits = int((np.abs(drawn - expected) >= abs(observed - expected) - 1e-12).sum())
    return pd.Series(
        {
            "colocation": observed,
            "expected": expected,
            "deviation": deviation,
            "excess_colocation": (observed - expected) / deviation
            if deviation > 1e-12
            else float("nan"),
            "p_value": (1 + hits) / (1 + simulations),
            "seed": seed,
        },
        name=f"{first} and {second}",
    )


def _members(table: pd.DataFrame, industries: Sequence[object] | None) -> list[object]:
    known = list(pd.unique(table["industry"]))
    members = known if industries is None else list(dict.fromkeys(industries))
    absent = [name for name in members if name not in known]
    if absent or len(members) < 2:
        raise ConfigError(
            "A group needs two different industries of the table or more; given "
            f"{listed(members)}, not in the table: {listed(absent) or 'none'}."
        )
    return members
