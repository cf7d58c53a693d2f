"""Amplification and persistence of shocks, city by city, with shrinkage of short series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analyses.indices.cycles import series_by_city
from spatial.errors import EstimationError, PanelError, listed
from spatial.results import Configuration, Result

__all__ = ["Persistence", "shock_persistence", "shrunken"]


@dataclass(frozen=True, kw_only=True)
class Persistence(Result):
    """Impact and persistence of a common shock in each city.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``city``; for ``persistence`` and ``impact``: the least-squares estimate, its
        ``_error``, the ``_shrunken`` estimate and its ``_shrunken_error``; ``half_life`` in
        periods, of the shrunken persistence: missing where it is not positive (nothing persists),
        infinite from one on.
    means, variances : pandas.Series
        Mean and variance between cities of both coefficients, that estimates shrink towards.
    configuration : Configuration
    """

    table: pd.DataFrame
    means: pd.Series
    variances: pd.Series
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each city."""
        return self.table.copy()


def shock_persistence(cycle: pd.Series, shock: pd.Series) -> Persistence:
    r"""Estimate how strongly a common shock hits each city and how long it stays.

    :math:`c_{it} = a_i + \phi_i c_{i,t-1} + b_i s_t + u_{it}` by least squares for each city. A
    resilient city has a small impact :math:`|b_i|` and a small persistence :math:`\phi_i`; the
    half-life is :math:`\ln 0.5 / \ln \phi_i`. Series of a dozen years say little, so both are also
    shrunken towards their mean over the cities (``shrunken``).

    Parameters
    ----------
    cycle : pandas.Series
        Index ``(city, year)``: deviations from a trend, without gaps; six years or more.
    shock : pandas.Series
        Index ``year``: the common shock, such as the cycle of the nation.

    Returns
    -------
    Persistence

    Raises
    ------
    PanelError
        If values are missing or years leave gaps, or the shock lacks a year.
    EstimationError
        If a series is too short, or does not move.

    Notes
    -----
    Least squares understates persistence in short series, by about :math:`(1 + 3\phi)/T`;
    shrinkage does not repair this.

    References
    ----------
    Duval, R., Elmeskov, J. & Vogel, L. (2007). Structural policies and economic resilience to
    shocks. OECD Economics Department Working Papers 567.
    """
    if "city" not in cycle.index.names:
        raise PanelError("The cycle needs the index levels city and year.")
    parts = series_by_city(cycle, shortest=6)
    rows = {}
    for city, part in parts.items():
        years = part.index.get_level_values("year")[1:]
        common = shock.reindex(years).to_numpy(float)
        if not np.isfinite(common).all():
            missing = years[~np.isfinite(common)]
            raise PanelError(f"The shock is missing or infinite in {listed(missing)}.")
        values = part.to_numpy()
        rows[city] = _least_squares(city, values[1:], values[:-1], common)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("city")
    means, variances = {}, {}
    for name in ("persistence", "impact"):
        better, error, means[name], variances[name] = shrunken(table[name], table[f"{name}_error"])
        table[f"{name}_shrunken"], table[f"{name}_shrunken_error"] = better, error
    phi = table["persistence_shrunken"]
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.log(0.5) / np.log(phi.where(phi > 0))
    table["half_life"] = half.mask(phi >= 1, np.inf)
    return Persistence(
        table=table,
        means=pd.Series(means),
        variances=pd.Series(variances),
        configuration=Configuration(function="shock_persistence"),
    )


def shrunken(estimates: pd.Series, errors: pd.Series) -> tuple[pd.Series, pd.Series, float, float]:
    r"""Shrink noisy estimates of many units towards their mean (empirical Bayes).

    With variances :math:`v_i` and the variance :math:`\tau^2` between units by the moments of
    DerSimonian & Laird (1986), the mean is weighted by :math:`1/(v_i + \tau^2)` and each estimate
    becomes :math:`B_i \hat\theta_i + (1 - B_i) \mu` with
    :math:`B_i = \tau^2 / (\tau^2 + v_i)`, of variance :math:`B_i v_i`.

    Parameters
    ----------
    estimates, errors : pandas.Series
        Estimate and standard error of each unit, same labels.

    Returns
    -------
    shrunken, errors : pandas.Series
    mean, variance : float
        Over and between units.

    Raises
    ------
    EstimationError
        If there are fewer than two units, labels differ, or an error is not positive.

    References
    ----------
    DerSimonian, R. & Laird, N. (1986). Meta-analysis in clinical trials. Controlled Clinical Trials
    7(3), 177-188.

    Examples
    --------
    >>> better, _, mean, between = shrunken(pd.Series([0.0, 4.0]), pd.Series([1.0, 1.0]))
    >>> better.round(4).to_list(), round(mean, 4), round(between, 4)
    ([0.25, 3.75], 2.0, 7.0)
    """
    if len(estimates) < 2 or set(estimates.index) != set(errors.index):
        raise EstimationError(
            "Shrinkage needs two units or more, with the same labels in estimates and errors."
        )
    theta = estimates.astype(float)
    variance = errors.reindex(theta.index).astype(float) ** 2
    unfit = theta.index[~((variance > 0) & np.isfinite(variance) & np.isfinite(theta)).to_numpy()]
    if len(unfit):
        raise EstimationError(
            f"Estimates are missing, or their errors not positive, for {listed(unfit)}; leave them "
            "out."
        )
    weight = 1.0 / variance
    fixed = float((weight * theta).sum() / weight.sum())
    spread = float((weight * (theta - fixed) ** 2).sum())
    room = float(weight.sum() - (weight**2).sum() / weight.sum())
    between = max(0.0, (spread - (len(theta) - 1)) / room)
    full = 1.0 / (variance + between)
    mean = float((full * theta).sum() / full.sum())
    share = between / (between + variance)
    return share * theta + (1 - share) * mean, (share * variance) ** 0.5, mean, between


def _least_squares(
    city: object, later: np.ndarray, earlier: np.ndarray, common: np.ndarray
) -> dict[str, float]:
    design = np.column_stack([np.ones(len(later)), earlier, common])
    if np.linalg.matrix_rank(design) < 3 or len(later) < 4:
        raise EstimationError(
            f"The cycle of {city!r} or the shock does not move, or they move together, so that "
            "impact and persistence cannot be told apart. Leave the city out."
        )
    inverse = np.linalg.inv(design.T @ design)
    coefficient = inverse @ design.T @ later
    residual = later - design @ coefficient
    variance = float(residual @ residual) / (len(later) - 3)
    error = np.sqrt(variance * np.diag(inverse))
    return {
        "persistence": float(coefficient[1]),
        "persistence_error": float(error[1]),
        "impact": float(coefficient[2]),
        "impact_error": float(error[2]),
    }
