"""Diagnostics of panels: dependence between cities and variance inflation of regressors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtr

from spatial.errors import AlignmentError, EstimationError, PanelError, listed
from spatial.regression.checks import require_balanced, require_unique_rows
from spatial.regression.design import CONSTANT
from spatial.regression.results import PanelResult
from spatial.regression.specification_tests import chi2_p_value
from spatial.regression.within import RANDOM, within
from spatial.results import Configuration, Result

if TYPE_CHECKING:
    from spatial.regression.dynamic_results import DynamicPanelResult

# A year of residuals that is smaller than this share of the largest is rounding.
STEADY = 1e-10


@dataclass(frozen=True, kw_only=True)
class CrossSectionDependence(Result):
    """Dependence between cities, without weights.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: test (``CD``, ``LM``, ``scaled LM``); columns statistic, p_value.
    mean_correlation : float
        Average of the correlations of all pairs of cities.
    n_cities, n_years : int
    """

    configuration: Configuration
    table: pd.DataFrame
    mean_correlation: float
    n_cities: int
    n_years: int

    def tidy(self) -> pd.DataFrame:
        """Return the table of tests."""
        return self.table.copy()


@dataclass(frozen=True, kw_only=True)
class VarianceInflation(Result):
    """Variance inflation factors of the regressors of a model.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: regressor; columns vif and tolerance (1 / vif).
    """

    configuration: Configuration
    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return the table of factors."""
        return self.table.copy()


def cross_section_dependence(
    values: PanelResult | DynamicPanelResult | pd.Series, *, city: str = "city", year: str = "year"
) -> CrossSectionDependence:
    r"""Test residuals, or a variable, for dependence between cities (Pesaran 2004).

    With :math:`\rho_{ij}` the correlation over time of cities i and j:

    .. math::
        CD = \sqrt{\frac{2T}{N(N-1)}} \sum_{i<j} \rho_{ij} \sim N(0, 1), \quad
        LM = T \sum_{i<j} \rho_{ij}^2 \sim \chi^2_{N(N-1)/2}, \\
        LM_s = \sqrt{\frac{1}{N(N-1)}} \sum_{i<j} (T \rho_{ij}^2 - 1) \sim N(0, 1)

    LM is for few cities and many years, its scaled form for many of both; CD holds for many
    cities and few years but misses dependence of both signs that cancels, as after year effects.

    Parameters
    ----------
    values : PanelResult, DynamicPanelResult or pandas.Series
        A fitted model, whose residuals are tested, or a variable with city and year in its index.
    city, year : str
        Index levels of a series.

    Returns
    -------
    CrossSectionDependence

    Raises
    ------
    PanelError, AlignmentError
        For duplicate or missing city-years, and series without the index levels.
    EstimationError
        For fewer than three years or two cities, and cities whose values do not vary.

    References
    ----------
    Pesaran (2004), Cambridge Working Papers in Economics 0435, and Pesaran (2021)
    doi:10.1007/s00181-020-01875-7; Breusch and Pagan (1980) doi:10.2307/2297111.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_product([range(30), ["a", "b", "c"]], names=["year", "city"])
    >>> shared = np.repeat(np.random.default_rng(0).normal(size=30), 3)
    >>> noise = np.random.default_rng(1).normal(size=90)
    >>> test = cross_section_dependence(pd.Series(shared + noise, index=rows))
    >>> bool(test.table.loc["CD", "p_value"] < 0.01)
    True
    """
    from spatial.regression.dynamic_results import DynamicPanelResult

    if isinstance(values, DynamicPanelResult):
        values = values.panel
    if isinstance(values, PanelResult):
        wide = _residuals(values)
        configuration = values.configuration
    else:
        wide = wide_table(values, city=city, year=year)
        configuration = Configuration(function="", options={"city": city, "year": year})
    years, n = wide.shape
    if years < 3 or n < 2:
        raise EstimationError(
            f"{years} years of {n} cities: correlations over time need at least three years, pairs "
            "at least two cities."
        )
    centred = wide.to_numpy(float) - wide.to_numpy(float).mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    steady = wide.columns[length <= STEADY * max(float(length.max()), np.finfo(float).tiny)]
    if len(steady):
        raise EstimationError(
            f"The values of cities {listed(steady)} do not vary over time, so that they have no "
            "correlation with others; leave these cities out."
        )
    unit = centred / length
    # Sums over pairs from the years x years side: no city x city matrix is made.
    total = (float(np.sum(unit.sum(axis=1) ** 2)) - n) / 2.0
    squares = (float(np.sum((unit @ unit.T) ** 2)) - n) / 2.0
    pairs = n * (n - 1) / 2.0
    cd = float(np.sqrt(years / pairs) * total)
    lm = years * squares
    scaled = float((lm - pairs) / np.sqrt(2.0 * pairs))
    return CrossSectionDependence(
        configuration=Configuration(
            function="cross_section_dependence",
            options=dict(configuration.options),
            weights=configuration.weights,
        ),
        table=pd.DataFrame(
            {
                "statistic": [cd, lm, scaled],
                "p_value": [
                    2.0 * float(ndtr(-abs(cd))),
                    chi2_p_value(lm, int(pairs)),
                    2.0 * float(ndtr(-abs(scaled))),
                ],
            },
            index=pd.Index(["CD", "LM", "scaled LM"], name="test"),
        ),
        mean_correlation=total / pairs,
        n_cities=n,
        n_years=years,
    )


def _residuals(result: PanelResult) -> pd.DataFrame:
    """Residuals of a model, years x cities."""
    design = result.design
    stacked = np.empty(design.y.size)
    stacked[design.position] = result.residuals.to_numpy()
    return pd.DataFrame(stacked.reshape(design.y.shape), index=design.years, columns=design.cities)


def wide_table(values: pd.Series, *, city: str, year: str) -> pd.DataFrame:
    """Turn a series of city-years into a table of years x cities, both sorted.

    Parameters
    ----------
    values : pandas.Series
        City and year in the index.
    city, year : str

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    AlignmentError
        If the index lacks a level.
    PanelError
        For duplicates, gaps, missing or infinite values.
    """
    if not isinstance(values, pd.Series):
        raise AlignmentError(
            "values must be a fitted model or a pandas Series with city and year in its index, not "
            f"{type(values).__name__}; use table.set_index([city, year])[column]."
        )
    lacking = [name for name in (city, year) if name not in values.index.names]
    if lacking:
        raise AlignmentError(
            f"The index has no level {listed(lacking)} (levels: {listed(values.index.names)}); use "
            "table.set_index([city, year])[column], or name the levels as city= and year=."
        )
    cities = values.index.get_level_values(city)
    years = values.index.get_level_values(year)
    require_unique_rows(cities.to_series(), years.to_series())
    if not pd.api.types.is_numeric_dtype(values):
        raise PanelError(f"The values {values.name!r} are no numbers; convert them first.")
    wide = values.astype(float).set_axis(pd.MultiIndex.from_arrays([years, cities])).unstack()
    finite = np.isfinite(wide.to_numpy())
    require_balanced(finite, wide.columns, wide.index)
    return wide


def variance_inflation(result: PanelResult | DynamicPanelResult) -> VarianceInflation:
    r"""Variance inflation factors of the regressors, net of the fixed effects of the model.

    .. math:: VIF_k = 1 / (1 - R_k^2)

    with :math:`R_k^2` of regressor k, within transformed, on all others (and a constant). Spatial
    lags of regressors count as regressors; W y does not.

    Parameters
    ----------
    result : PanelResult or DynamicPanelResult

    Returns
    -------
    VarianceInflation

    Raises
    ------
    EstimationError
        If the model has no regressor besides the constant.

    Notes
    -----
    Values above 10 are often called high; they cost precision and do not bias estimates.

    References
    ----------
    Marquardt (1970) doi:10.1080/00401706.1970.10488699.
    """
    estimate = result.estimate
    kept = [j for j, name in enumerate(estimate.regressors) if name != CONSTANT]
    if not kept:
        raise EstimationError("The model has no regressor besides the constant.")
    effects = "pooled" if estimate.effects in RANDOM else estimate.effects
    Z = within(estimate.Z[:, :, kept], effects).reshape(-1, len(kept))
    Z = Z - Z.mean(axis=0)
    unit = Z / np.linalg.norm(Z, axis=0)
    # The diagonal of the inverse of the correlation matrix, by QR to keep digits.
    inverse = np.linalg.inv(np.linalg.qr(unit, mode="reduced")[1])
    factors = np.sum(inverse**2, axis=1)
    return VarianceInflation(
        configuration=Configuration(
            function="variance_inflation",
            options=dict(result.configuration.options),
            weights=result.configuration.weights,
        ),
        table=pd.DataFrame(
            {"vif": factors, "tolerance": 1.0 / factors},
            index=pd.Index([estimate.regressors[j] for j in kept], name="regressor"),
        ),
    )
