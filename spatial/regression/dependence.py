r"""Covariances for innovations that depend on each other over space, over time, or within groups.

Sandwiches :math:`I^{-1} J I^{-1}` as in ``robust_covariance``; here J adds up products of the
scores of city-years that may be dependent. Write :math:`s_{it}` for the score of city i in year t
and :math:`b_l = 1 - l / (L + 1)` for the weights of Newey and West.

- ``cluster``: :math:`\sum_g (\sum_{i \in g, t} s_{it}) (\sum_{i \in g, t} s_{it})'`.
- ``driscoll-kraay``: with :math:`h_t = \sum_i s_{it}`, :math:`\sum_t h_t h_t' + \sum_{l=1}^{L} b_l
  \sum_t (h_t h_{t-l}' + h_{t-l} h_t')`: any dependence between cities, but many years are needed.
- ``conley``: :math:`\sum_t \sum_{ij} K(d_{ij} / c) s_{it} s_{jt}' + \sum_{l=1}^{L} b_l \sum_{it}
  (s_{it} s_{i,t-l}' + s_{i,t-l} s_{it}')`: nearby cities in one year, the same city in near years.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd

from spatial.errors import (
    AlignmentError,
    ConfigError,
    EstimationError,
    listed,
    nearest_spelling,
)
from spatial.options import (
    AbsorbedEffects,
    Covariance,
    DependentCovariance,
    DistanceKernel,
    PanelCovariance,
    checked_option,
)
from spatial.regression.argument_checks import checked_whole, is_number
from spatial.regression.design import PanelDesign
from spatial.regression.effect_parts import distance_table, group_codes
from spatial.regression.estimation import (
    Problem,
    _information,
    _likelihood,
    _linear_parts,
)
from spatial.regression.joint_estimation import ScoreParts, joint_score_parts
from spatial.regression.robust_covariance import (
    require_dense_size,
    sandwich,
    without_year_means,
    yearly_gains,
)
from spatial.regression.specifications import first_lag
from spatial.regression.within import within

if TYPE_CHECKING:
    from spatial.regression.results import PanelResult

# A covariance whose smallest eigenvalue is below this share of its largest one is not definite.
NEGATIVE_SHARE = -1e-12


@dataclass(frozen=True, eq=False)
class Dependence:
    """Which city-years may be dependent.

    Attributes
    ----------
    kind : {"cluster", "driscoll-kraay", "conley"}
    codes : numpy.ndarray of int, shape (n,) or None
        Group of each city.
    kernel : numpy.ndarray of shape (n, n) or None
        Weight of each pair of cities, one on the diagonal.
    lags : int
        Years between which innovations may be dependent.
    """

    kind: DependentCovariance
    codes: np.ndarray | None = None
    kernel: np.ndarray | None = None
    lags: int = 0

    def lag_weights(self) -> np.ndarray:
        """Bartlett weights of lags 1 to ``lags``."""
        return 1.0 - np.arange(1, self.lags + 1) / (self.lags + 1.0)

    def variance(self, scores: np.ndarray) -> np.ndarray:
        """Sum the products of dependent scores.

        Parameters
        ----------
        scores : numpy.ndarray of shape (years, n, p)

        Returns
        -------
        numpy.ndarray of shape (p, p)
        """
        if self.kind == "cluster":
            codes = np.arange(scores.shape[1]) if self.codes is None else self.codes
            totals = np.zeros((codes.max() + 1, scores.shape[2]))
            np.add.at(totals, codes, scores.sum(axis=0))
            return np.asarray(totals.T @ totals)
        if self.kind == "driscoll-kraay":
            scores = scores.sum(axis=1, keepdims=True)
        weighted = scores
        if self.kernel is not None:
            weighted = np.einsum("ij,tjp->tip", self.kernel, scores)
        result = np.einsum("tip,tiq->pq", scores, weighted)
        for lag, weight in enumerate(self.lag_weights(), start=1):
            product = np.einsum("tip,tiq->pq", scores[lag:], scores[:-lag])
            result += weight * (product + product.T)
        return result

    def pair_variance(self, residuals: np.ndarray, gains: tuple[np.ndarray, ...]) -> float:
        r"""Add what ``variance`` misses of e'Ge, whose scores of two cities share a product.

        The share :math:`p_{ijt} = \bar G_{ij} e_{it} e_{jt}`, with the symmetric part of G, of
        city i is that of city j as well: their covariance counts in full, also where the kernel
        gives the pair less weight, and across years as within a city.

        Parameters
        ----------
        residuals : numpy.ndarray of shape (years, n)
        gains : tuple of numpy.ndarray of shape (n, n)

        Returns
        -------
        float
        """
        if self.kind == "driscoll-kraay":
            return 0.0
        years, n = residuals.shape
        halves = [(gain + gain.T) / 2.0 for gain in gains]
        halves = halves * years if len(halves) == 1 else halves
        if self.kind == "cluster":
            codes = np.arange(n) if self.codes is None else self.codes
            other = codes[:, None] != codes[None, :]
            pairs = sum(
                (half * np.outer(e, e) for half, e in zip(halves, residuals, strict=True)),
                np.zeros((n, n)),
            )
            return float(np.sum(pairs[other] ** 2))
        missing = 1.0 - (np.eye(n) if self.kernel is None else self.kernel)
        total = 0.0
        for half, e in zip(halves, residuals, strict=True):
            total += float(e**2 @ (missing * half**2) @ e**2)
        for lag, weight in enumerate(self.lag_weights(), start=1):
            for t in range(lag, years):
                product = residuals[t] * residuals[t - lag]
                both = halves[t] * halves[t - lag]
                total += 2.0 * weight * float(product @ (both @ product))
                total -= 2.0 * weight * float(np.diag(both) @ product**2)
        return total

    def shared_variance(
        self, residuals: np.ndarray, gains: Sequence[tuple[np.ndarray, ...]]
    ) -> np.ndarray:
        """``pair_variance`` of each spatial parameter, and their covariance by polarisation."""
        p = len(gains)
        result = np.empty((p, p))
        for a in range(p):
            for b in range(a, p):
                both = [
                    tuple(x + sign * y for x, y in zip(gains[a], gains[b], strict=True))
                    for sign in (1.0, -1.0)
                ]
                sums = [self.pair_variance(residuals, pair) for pair in both]
                result[a, b] = result[b, a] = (sums[0] - sums[1]) / 4.0
        return result


def dependence(
    kind: DependentCovariance,
    design: PanelDesign,
    *,
    groups: pd.Series | None = None,
    distances: pd.DataFrame | None = None,
    cutoff_km: float | None = None,
    kernel: DistanceKernel = "bartlett",
    lags: int | None = None,
) -> Dependence:
    """Read which city-years may be dependent; see ``with_covariance``."""
    checked_option(kind, DependentCovariance, name="covariance")
    checked_option(kernel, DistanceKernel, name="kernel")
    if kind == "cluster":
        return Dependence(kind, None if groups is None else _cluster_codes(groups, design.cities))
    lags = _checked_lags(design.n_years, lags)
    if kind == "driscoll-kraay":
        if design.n_years < 2:
            raise ConfigError(
                "Driscoll-Kraay errors average over years; one cross-section has only one. Use "
                "covariance='conley'."
            )
        return Dependence(kind, lags=lags)
    if distances is None or cutoff_km is None:
        raise ConfigError(
            "covariance='conley' needs distances= (a table of cities with positions, or a square "
            "table of km) and cutoff_km=, beyond which cities are independent."
        )
    if not is_number(cutoff_km) or cutoff_km <= 0.0:
        raise ConfigError(f"cutoff_km={cutoff_km!r} must be a positive number.")
    require_dense_size(design.n)
    near = distance_table(distances, design.cities)
    return Dependence(kind, kernel=kernel_weights_of(near, cutoff_km, kernel), lags=lags)


def _cluster_codes(groups: pd.Series, cities: pd.Index) -> np.ndarray:
    """Group of each city; one group alone has no variance between groups."""
    codes, names = group_codes(groups, cities)
    if len(names) < 2:
        raise ConfigError(
            f"All cities are in one group ({listed(names)}); clusters need several groups. Leave "
            "groups= out for clusters by city."
        )
    return codes


def kernel_weights_of(km: np.ndarray, cutoff_km: float, kernel: DistanceKernel) -> np.ndarray:
    """Weight of each pair of cities, one on the diagonal and zero beyond the cut-off.

    Examples
    --------
    >>> kernel_weights_of(np.array([[0.0, 30.0], [30.0, 0.0]]), 120.0, "bartlett")
    array([[1.  , 0.75],
           [0.75, 1.  ]])
    """
    share = km / cutoff_km
    shapes = {
        "bartlett": 1.0 - share,
        "uniform": np.ones_like(share),
        "epanechnikov": 1.0 - share**2,
    }
    weights = np.where(share <= 1.0, shapes[kernel], 0.0)
    # Travel times may differ by direction; dependence does not.
    weights = (weights + weights.T) / 2.0
    np.fill_diagonal(weights, 1.0)
    return weights


def _checked_lags(years: int, lags: int | None) -> int:
    """Lags asked for, else the rule of Newey and West, floor(4 (T / 100)^(2/9))."""
    if lags is None:
        return min(int(4.0 * (years / 100.0) ** (2.0 / 9.0)), years - 1)
    return checked_whole(lags, name="lags", most=years - 1)


def with_covariance(
    result: PanelResult,
    covariance: DependentCovariance,
    *,
    groups: pd.Series | None = None,
    distances: pd.DataFrame | None = None,
    cutoff_km: float | None = None,
    kernel: DistanceKernel = "bartlett",
    lags: int | None = None,
) -> PanelResult:
    r"""Give a fitted model other standard errors; the estimates stay as they are.

    Effects, and everything else computed from the returned result, use the new covariance. In
    models with rho or lambda the score of e'Ge is shared between the cities of each pair.

    Parameters
    ----------
    result : PanelResult
        Of ``fit_panel`` or ``fit_cross_section``.
    covariance : {"cluster", "driscoll-kraay", "conley"}
        Dependence within groups of cities (any dependence over time); within each year, fading
        over years; or between near cities of one year and within a city, fading over years.
    groups : pandas.Series, optional
        For ``cluster``: the group of each city, by city id; every city by itself by default.
    distances : pandas.DataFrame, optional
        For ``conley``: cities with positions, or a square table of km; see ``effects_by_ring``.
    cutoff_km : float, optional
        For ``conley``: cities farther apart are independent.
    kernel : {"bartlett", "uniform", "epanechnikov"}
        For ``conley``: 1 - d/c, 1, or 1 - (d/c)^2 within the cut-off.
    lags : int, optional
        Years over which dependence fades, floor(4 (T/100)^(2/9)) by default.

    Returns
    -------
    PanelResult

    Raises
    ------
    ConfigError
        If an argument of the chosen covariance is missing or impossible.
    EstimationError
        If the model cannot have it, or a variance comes out negative.

    Notes
    -----
    None is scaled for the number of groups, cities or years. Dependence that the model leaves in
    the innovations makes maximum likelihood estimates of rho themselves inexact; these errors
    cannot repair that. Kernels over distance do not guarantee a positive definite matrix; a note
    says where it is not.

    References
    ----------
    Conley (1999) doi:10.1016/S0304-4076(98)00084-0; Driscoll and Kraay (1998)
    doi:10.1162/003465398557825; Hsiang (2010) doi:10.1073/pnas.1009510107; Newey and West (1987)
    doi:10.2307/1913610; Kelejian and Prucha (2007) doi:10.1016/j.jeconom.2006.09.005.
    """
    if result.configuration.function in ("fit_spatial_iv", "fit_spatial_gmm"):
        raise EstimationError(
            "Two-stage least squares and moments have other scores; give "
            f"{result.configuration.function} the covariance."
        )
    if result.effects_type not in get_args(AbsorbedEffects):
        raise EstimationError(
            f"Covariances under dependence are made for fixed effects, not for "
            f"effects={result.effects_type!r}; fit with effects='city' or 'two-way'."
        )
    given = dependence(
        covariance,
        result.design,
        groups=groups,
        distances=distances,
        cutoff_km=cutoff_km,
        kernel=kernel,
        lags=lags,
    )
    matrix = (
        _least_squares(result, given) if result.estimate.spatial is None else _ml(result, given)
    )
    options: dict[str, Any] = {"covariance": covariance}
    if covariance == "cluster" and groups is not None:
        options["groups"] = str(groups.name or "groups")
    if covariance != "cluster":
        options["lags"] = given.lags
    if covariance == "conley":
        options |= {"cutoff_km": cutoff_km, "kernel": kernel}
    return replaced_covariance(result, matrix, options)


def split_covariance(
    covariance: PanelCovariance, options: Mapping[str, Any] | None
) -> tuple[Covariance, DependentCovariance | None]:
    """Tell apart what the fit computes itself and what ``with_covariance`` adds to it.

    Returns
    -------
    own : {"information", "direct", "sandwich", "cluster"}
    added : {"cluster", "driscoll-kraay", "conley"} or None

    Raises
    ------
    ConfigError
        If options come with a covariance that takes none.
    """
    checked_option(covariance, PanelCovariance, name="covariance")
    if covariance in ("driscoll-kraay", "conley") or (covariance == "cluster" and options):
        _require_known_options(options or {})
        return "information", covariance
    if options:
        raise ConfigError(
            f"covariance={covariance!r} takes no covariance_options; they are for 'cluster' "
            "(groups), 'driscoll-kraay' (lags) and 'conley' (distances, cutoff_km, kernel, lags)."
        )
    return covariance, None  # type: ignore[return-value]


def _require_known_options(options: Mapping[str, Any]) -> None:
    known = ("groups", "distances", "cutoff_km", "kernel", "lags")
    if not isinstance(options, Mapping):
        raise ConfigError(
            f"covariance_options must be a mapping, as {{'lags': 2}}, not {type(options).__name__}."
        )
    wrong = [name for name in options if name not in known]
    if wrong:
        raise ConfigError(
            f"covariance_options holds {listed(wrong)}"
            f"{nearest_spelling(str(wrong[0]), known)}; known: {listed(known)}."
        )


def resolved_groups(
    options: Mapping[str, Any] | None, data: pd.DataFrame, city: str
) -> dict[str, Any]:
    """Read the group of each city from a column of the data where ``groups`` names one.

    Raises
    ------
    ConfigError
        If there is no such column.
    AlignmentError
        If a city changes its group.
    """
    given = dict(options or {})
    name = given.get("groups")
    if not isinstance(name, str):
        return given
    if name not in data.columns and name not in data.index.names:
        raise ConfigError(
            f"groups={name!r} is no column of the data{nearest_spelling(name, data.columns)}; name "
            "one, or give a Series with the city ids as index."
        )
    flat = data.reset_index() if name in data.index.names or city in data.index.names else data
    pairs = flat[[city, name]].drop_duplicates()
    several = pairs.loc[pairs[city].duplicated(), city].unique()
    if len(several):
        raise AlignmentError(
            f"Cities {listed(several)} change their group in column {name!r}; clusters need one "
            "group for each city."
        )
    return {**given, "groups": pairs.set_index(city)[name]}


def replaced_covariance(
    result: PanelResult, matrix: np.ndarray, options: Mapping[str, Any]
) -> PanelResult:
    """Put a covariance into a result and say in its notes what it is."""
    notes = list(result.notes)
    words = ", ".join(f"{name} {value}" for name, value in options.items())
    notes.append(f"Standard errors: {words}.")
    if len(matrix):
        warning = definiteness_note(matrix, result.estimate.names)
        notes += [warning] if warning else []
    axis = result.covariance.index
    return replace(
        result,
        covariance=pd.DataFrame(matrix, index=axis, columns=axis),
        estimate=replace(result.estimate, covariance=matrix),
        configuration=replace(
            result.configuration, options={**dict(result.configuration.options), **options}
        ),
        notes=tuple(notes),
    )


def definiteness_note(matrix: np.ndarray, names: tuple[str, ...]) -> str:
    """Say that a covariance is not positive definite; refuse negative variances."""
    values = np.linalg.eigvalsh(matrix)
    if values[0] >= NEGATIVE_SHARE * values[-1]:
        return ""
    negative = [name for name, value in zip(names, np.diag(matrix), strict=True) if value <= 0.0]
    if negative:
        raise EstimationError(
            f"The estimated variances of {', '.join(negative)} are negative, which this kernel "
            "does not exclude; use another cut-off or kernel, fewer lags, or clusters."
        )
    return (
        f"The covariance is not positive definite (smallest eigenvalue {values[0]:.3g}); Wald "
        "tests of several coefficients may mislead."
    )


def _least_squares(result: PanelResult, given: Dependence) -> np.ndarray:
    estimate, design = result.estimate, result.design
    Z = within(estimate.Z, estimate.effects)
    residuals = within(design.y, estimate.effects) - Z @ estimate.delta
    flat = Z.reshape(-1, Z.shape[-1])
    return sandwich(flat.T @ flat, given.variance(Z * residuals[..., None]))


def _ml(result: PanelResult, given: Dependence) -> np.ndarray:
    """Sandwich of (delta, spatial parameter, sigma2) for a model with rho or lambda."""
    estimate, design = result.estimate, result.design
    determinant = estimate.log_determinant
    if estimate.correction == "transformation":
        raise EstimationError(
            "Covariances under dependence are made without the transformation; fit with "
            "bias_correction=True."
        )
    if determinant is None or estimate.spatial is None:
        raise EstimationError("The model holds no log-determinant; fit it by maximum likelihood.")
    problem = Problem(
        design=design,
        specification=estimate.specification,
        effects=estimate.effects,
        correction=estimate.correction,
        covariance="information",
        Z=estimate.Z,
        names=estimate.regressors,
    ).for_covariance()
    theta = np.append(estimate.parameters, estimate.sigma2)
    if estimate.error_log_determinant is not None:
        parts = joint_score_parts(problem, determinant, estimate.error_log_determinant, theta)
    else:
        likelihood = _likelihood(problem, determinant)
        regressors, signal = _linear_parts(problem, likelihood, theta)
        gains = yearly_gains(first_lag(design, estimate.specification), estimate.spatial)
        parts = ScoreParts(
            _information(problem, likelihood, theta),
            regressors,
            (signal,),
            likelihood.residuals(estimate.delta, estimate.spatial),
            (without_year_means(gains) if likelihood.lost else gains,),
            likelihood.share,
        )
    variance = given.variance(joint_scores(parts, estimate.sigma2))
    k = parts.regressors.shape[-1]
    variance[k:-1, k:-1] += given.shared_variance(parts.residuals, parts.gains) / estimate.sigma2**2
    return sandwich(parts.information, variance)[:-1, :-1]


def likelihood_scores(
    Z: np.ndarray,
    signal: np.ndarray | None,
    residuals: np.ndarray,
    gains: tuple[np.ndarray, ...],
    sigma2: float,
) -> np.ndarray:
    r"""Scores of (delta, rho or lambda, sigma2) of each city-year, of shape (years, n, k + 2).

    :math:`Z'e/\sigma^2`; :math:`[g e + e (\bar G e) - \sigma^2 G_{ii}] / \sigma^2` with the
    symmetric part of G and the signal g; :math:`(e^2 - \sigma^2) / (2 \sigma^4)`.
    """
    empty = np.zeros((0, 0))
    return joint_scores(ScoreParts(empty, Z, (signal,), residuals, (gains,)), sigma2)


def joint_scores(parts: ScoreParts, sigma2: float) -> np.ndarray:
    """``likelihood_scores`` with one or two spatial parameters."""
    Z, residuals = parts.regressors, parts.residuals
    years, n, k = Z.shape
    scores = np.empty((years, n, k + len(parts.gains) + 1))
    scores[..., :k] = Z * residuals[..., None] / sigma2
    for place, (signal, gains) in enumerate(zip(parts.signals, parts.gains, strict=True), start=k):
        for t in range(years):
            gain = gains[0 if len(gains) == 1 else t]
            e = residuals[t]
            expected = parts.share * sigma2 * np.diag(gain)
            quadratic = e * (gain @ e + gain.T @ e) / 2.0 - expected
            scores[t, :, place] = quadratic / sigma2
        if signal is not None:
            scores[..., place] += signal * residuals / sigma2
    scores[..., -1] = (residuals**2 - parts.share * sigma2) / (2.0 * sigma2**2)
    return scores
