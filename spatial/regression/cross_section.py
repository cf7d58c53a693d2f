"""Fit spatial regressions of one cross-section of cities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from spatial.errors import PanelError, listed
from spatial.options import (
    BiasCorrection,
    EstimationMethod,
    LogDeterminantMethod,
    PanelCovariance,
    Specification,
    checked_option,
)
from spatial.random import RandomSource
from spatial.regression.dependence import resolved_groups, split_covariance, with_covariance
from spatial.regression.design import PanelDesign, panel_design
from spatial.regression.estimation import estimate
from spatial.regression.moment_methods import fit_by_moments, likelihood_covariance
from spatial.regression.results import PanelResult, panel_result
from spatial.regression.specifications import require_error_weights_used
from spatial.results import Configuration

# Column and value that make one cross-section a panel of a single year; no formula can name it.
YEAR_COLUMN = "(cross-section)"
YEAR = 0


def fit_cross_section(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    *,
    city: str | None = None,
    specification: Specification = "sdm",
    bias_correction: bool = True,
    covariance: PanelCovariance = "information",
    covariance_options: Mapping[str, Any] | None = None,
    regressor_weights: Any = None,
    error_weights: Any = None,
    lagged: Sequence[str] | None = None,
    log_determinant: LogDeterminantMethod = "automatic",
    method: EstimationMethod = "ml",
    method_options: Mapping[str, Any] | None = None,
    rng: RandomSource = 0,
) -> PanelResult:
    """Fit a spatial regression of one cross-section, by maximum likelihood or moments.

    Parameters
    ----------
    formula : str
        ``outcome ~ regressor + ...`` (formulaic).
    data : pandas.DataFrame
        One row for each city, in any order.
    weights : Weights, libpysal Graph or W, or labelled square DataFrame
    city : str, optional
        Column or index level with the city ids; the index by default.
    specification : {"ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns"}
    bias_correction : bool
        For least squares (ols, slx): variance by degrees of freedom, or by maximum likelihood.
        Without effect on the other specifications.
    covariance, covariance_options, regressor_weights, error_weights, lagged, log_determinant
        As in ``fit_panel``.
    rng : int, numpy.random.Generator or None
        As in ``fit_panel``.
    method, method_options
        As in ``fit_panel``.

    Returns
    -------
    PanelResult
        With one year and pooled effects.

    References
    ----------
    Anselin (1988) doi:10.1007/978-94-015-7799-1; LeSage and Pace (2009)
    doi:10.1201/9781420064254.

    Examples
    --------
    >>> import numpy as np
    >>> ids = list("abcdefgh")
    >>> ring = pd.DataFrame(np.roll(np.eye(8), 1, 1) / 2 + np.roll(np.eye(8), -1, 1) / 2, ids, ids)
    >>> values = np.random.default_rng(1).normal(size=(8, 2))
    >>> table = pd.DataFrame(values, index=ids, columns=["growth", "skill"])
    >>> result = fit_cross_section("growth ~ skill", table, ring, specification="sar")
    >>> list(result.coefficients.index)
    ['const', 'skill', 'rho']
    """
    checked_option(method, EstimationMethod, name="method")
    if method in ("s2sls", "gmm"):
        return fit_by_moments(
            formula,
            data,
            weights,
            method=method,
            specification=specification,
            effects="pooled",
            bias_correction=bias_correction,
            covariance=covariance,
            covariance_options=covariance_options,
            method_options=method_options,
            log_determinant=log_determinant,
            error_weights=error_weights,
            city=city,
            regressor_weights=regressor_weights,
            lagged=lagged,
        )
    covariance = likelihood_covariance(method, covariance, method_options)
    checked_option(specification, Specification, name="specification")
    require_error_weights_used(specification, error_weights)
    own, added = split_covariance(covariance, covariance_options)
    checked_option(log_determinant, LogDeterminantMethod, name="log_determinant")
    design = cross_section_design(
        formula,
        data,
        weights,
        city=city,
        regressor_weights=regressor_weights,
        error_weights=error_weights,
        lagged=lagged,
    )
    configuration = Configuration(
        function="fit_cross_section",
        options={
            "formula": formula,
            "city": city,
            "specification": specification,
            "bias_correction": bool(bias_correction),
            "covariance": own,
            "lagged": design.lagged,
            "log_determinant": log_determinant,
            "regressor_weights": ""
            if regressor_weights is None
            else design.regressor_weights.description,
            "error_weights": "" if error_weights is None else design.error_weights.description,
        },
        weights=design.weights.description,
    )
    correction: BiasCorrection = "variance" if bias_correction else "none"
    fitted = estimate(
        design, specification, "pooled", correction, covariance=own, method=log_determinant, rng=rng
    )
    result = panel_result(design, fitted, configuration)
    if added is None:
        return result
    named, key = cross_section_table(data, city)
    return with_covariance(result, added, **resolved_groups(covariance_options, named, key))


def cross_section_design(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    *,
    city: str | None = None,
    regressor_weights: Any = None,
    error_weights: Any = None,
    lagged: Sequence[str] | None = None,
) -> PanelDesign:
    """Read one cross-section as a panel of a single year; see ``fit_cross_section``."""
    table, city = cross_section_table(data, city)
    return panel_design(
        formula,
        table,
        weights,
        city=city,
        year=YEAR_COLUMN,
        regressor_weights=regressor_weights,
        error_weights=error_weights,
        lagged=lagged,
    )


def cross_section_table(data: pd.DataFrame, city: str | None) -> tuple[pd.DataFrame, str]:
    """Give one cross-section a column of years, and name the column or level of its cities."""
    if not isinstance(data, pd.DataFrame):
        raise PanelError(f"data must be a pandas DataFrame, not {type(data).__name__}.")
    if not len(data):
        raise PanelError("The data have no rows; check the selection made before.")
    table = data.assign(**{YEAR_COLUMN: YEAR})
    if city is None:
        if isinstance(data.index, pd.MultiIndex):
            raise PanelError(
                "The index of the data has several levels; name the one that holds city ids as "
                "city=, or use fit_panel for several years."
            )
        city = "city"
        table = table.rename_axis(index=city).drop(columns=city, errors="ignore")
    if city in table.columns or city in table.index.names:
        ids = table[city] if city in table.columns else table.index.get_level_values(city)
        twice = pd.Index(ids)[pd.Index(ids).duplicated()].dropna().unique()
        if len(twice):
            raise PanelError(
                f"Cities appear more than once: {listed(twice)}. Keep one row for each, select "
                "one year, or use fit_panel for several years."
            )
    return table, city
