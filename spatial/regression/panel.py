"""Fit spatial panel regressions from a formula and a table of city-years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from spatial.errors import PanelError
from spatial.options import (
    Effects,
    EstimationMethod,
    LogDeterminantMethod,
    PanelCovariance,
    Specification,
    checked_option,
)
from spatial.random import RandomSource
from spatial.regression.bias_correction import correction_word
from spatial.regression.dependence import resolved_groups, split_covariance, with_covariance
from spatial.regression.design import PanelDesign, panel_design
from spatial.regression.estimation import estimate
from spatial.regression.moment_methods import fit_by_moments, likelihood_covariance
from spatial.regression.results import PanelResult, panel_result
from spatial.regression.specifications import require_error_weights_used
from spatial.results import Configuration


def fit_panel(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    *,
    city: str = "city",
    year: str = "year",
    specification: Specification = "sdm",
    effects: Effects = "two-way",
    bias_correction: bool | str = True,
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
    r"""Fit a spatial panel, by maximum likelihood or moments.

    .. math:: y_t = \rho W y_t + X_t \beta + W X_t \theta + \mu + \lambda_t \iota + u_t, \quad
              u_t = \lambda M u_t + e_t

    =====  =============================
    word   what is estimated
    =====  =============================
    ols    beta
    slx    beta, theta
    sar    beta, rho
    sem    beta, lambda
    sdm    beta, theta, rho
    sdem   beta, theta, lambda
    sac    beta, rho, lambda
    gns    beta, theta, rho, lambda
    =====  =============================

    Parameters
    ----------
    formula : str
        ``outcome ~ regressor + ...`` (formulaic); rows and spatial lags need no care: labels
        decide which value belongs to which city and year.
    data : pandas.DataFrame
        A row for each city and year, as index levels or columns, in any order. Balanced.
    weights : Weights, libpysal Graph or W, or labelled square DataFrame
        Row receives from column.
    city, year : str
        Names of the index levels or columns.
    specification : {"ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns"}
        rho and lambda of "sac" and "gns" are weakly identified where W = M; the notes of the
        result tell how well the data tell them apart.
    effects : {"pooled", "city", "year", "two-way", "random", "correlated-random"}
        Random effects of cities by maximum likelihood (Elhorst 2003); "correlated-random" adds the
        city means of all regressors (``mean x``, Mundlak 1978); neither for "sac" and "gns". For
        year effects beside random ones write ``C(year)`` into the formula.
    bias_correction : bool or {"none", "variance", "lee-yu", "transformation"}
        True is "lee-yu", False is "none"; see ``spatial.regression.bias_correction``. Least
        squares (ols, slx) take the degrees of freedom of the fixed effects off, or do not. Random
        effects need no correction and take none.
    covariance : {"information", "direct", "sandwich", "cluster", "driscoll-kraay", "conley"}
        Inverse information, without the year and the city that fixed effects use up; the same with
        all N T observations, as published tables and other programs have it ("direct", see Notes);
        the quasi-maximum-likelihood sandwich for innovations that are not normal; or clustered by
        city (any dependence over time, unequal variances), not scaled for the number of cities. See
        ``spatial.regression.robust_covariance``; for the last two, and clusters of several cities,
        ``spatial.regression.with_covariance``.
    covariance_options : mapping, optional
        Arguments of ``with_covariance``: ``groups`` for clusters of several cities (a series, or
        the name of a column of the data), ``lags``, ``distances``, ``cutoff_km``, ``kernel``.
    regressor_weights : optional
        Other weights for the spatial lags of regressors.
    error_weights : optional
        Other weights M for the errors of "sem", "sdem", "sac" and "gns"; W by default.
    lagged : sequence of str, optional
        Which regressors get a spatial lag, all by default.
    log_determinant : {"automatic", "eigenvalues", "sparse-lu", "chebyshev", "stochastic"}
        The first three are exact; ``automatic`` takes random vectors above 300,000 cities only.
        The result says which was used, and the estimated errors of the approximate ones.
    rng : int, numpy.random.Generator or None
        For the random vectors of "stochastic"; the default gives the same digits each time.
    method : {"ml", "qml", "s2sls", "gmm"}
        Maximum likelihood; the same with the sandwich as default covariance; (generalised)
        spatial two-stage least squares; linear and quadratic moments at once. The last two are
        ``fit_spatial_iv`` and ``fit_spatial_gmm``, where "information" means "classical" and
        "sandwich" "robust".
    method_options : mapping, optional
        For "s2sls" and "gmm": ``endogenous``, ``instruments``, ``lag_instruments``, ``orders``.

    Returns
    -------
    PanelResult

    Raises
    ------
    AlignmentError
        If data and weights hold different cities.
    PanelError
        For duplicate city-years, missing values, gaps, fewer than two years.
    EstimationError
        For constant outcomes, collinear or absorbed regressors, weights that the correction does
        not allow, and estimates at the border of the valid interval.

    Notes
    -----
    Fixed effects use up one of T years and one of N cities. With ``bias_correction`` the
    information counts what is left, that of the data after the Lee-Yu transformation. Elhorst
    (2014) and the programs that follow him count all N T observations in the traces of rho and
    lambda (``covariance="direct"``): with ten years their standard errors of rho and lambda are 5 %
    (city effects) to 15 % (two-way effects) too small, and 95 % intervals hold the truth in 91 % to
    94 % of samples (``docs/coverage.md``). Take "direct" to repeat published standard errors, t
    values and Wald tests; estimates and effects are the same.

    References
    ----------
    Lee and Yu (2010) doi:10.1016/j.jeconom.2009.08.001; Elhorst (2003)
    doi:10.1177/0160017603253791; Elhorst (2014) doi:10.1007/978-3-642-40340-8; LeSage and
    Pace (2009) doi:10.1201/9781420064254.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> ring = pd.DataFrame(0.0, index=list("abcdef"), columns=list("abcdef"))
    >>> for here, there in zip("abcdef", "bcdefa"):
    ...     ring.loc[here, there] = ring.loc[there, here] = 0.5
    >>> rows = pd.MultiIndex.from_product([range(2010, 2016), ring.index], names=["year", "city"])
    >>> panel = pd.DataFrame(rng.normal(size=(36, 2)), index=rows, columns=["growth", "skill"])
    >>> result = fit_panel("growth ~ skill", panel, ring, specification="sar")
    >>> list(result.coefficients.index)
    ['skill', 'rho']
    """
    checked_option(method, EstimationMethod, name="method")
    if method in ("s2sls", "gmm"):
        return fit_by_moments(
            formula,
            data,
            weights,
            method=method,
            specification=specification,
            effects=effects,
            bias_correction=bias_correction,
            covariance=covariance,
            covariance_options=covariance_options,
            method_options=method_options,
            log_determinant=log_determinant,
            error_weights=error_weights,
            city=city,
            year=year,
            regressor_weights=regressor_weights,
            lagged=lagged,
        )
    covariance = likelihood_covariance(method, covariance, method_options)
    checked_option(specification, Specification, name="specification")
    require_error_weights_used(specification, error_weights)
    checked_option(effects, Effects, name="effects")
    own, added = split_covariance(covariance, covariance_options)
    checked_option(log_determinant, LogDeterminantMethod, name="log_determinant")
    correction = correction_word(bias_correction)
    design = panel_design(
        formula,
        data,
        weights,
        city=city,
        year=year,
        regressor_weights=regressor_weights,
        error_weights=error_weights,
        lagged=lagged,
    )
    require_several_years(design)
    configuration = Configuration(
        function="fit_panel",
        options={
            "formula": formula,
            "city": city,
            "year": year,
            "specification": specification,
            "effects": effects,
            "bias_correction": correction,
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
    fitted = estimate(
        design,
        specification,
        effects,
        correction,
        covariance=own,
        method=log_determinant,
        rng=rng,
    )
    result = panel_result(design, fitted, configuration)
    if added is None:
        return result
    return with_covariance(result, added, **resolved_groups(covariance_options, data, city))


def require_several_years(design: PanelDesign) -> None:
    """Raise when the panel has fewer than two years."""
    if design.n_years < 2:
        raise PanelError(
            f"The panel has {design.n_years} year ({design.years[0]}); a panel needs at least two. "
            "Use fit_cross_section for a single year."
        )
