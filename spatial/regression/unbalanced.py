"""Spatial panels with gaps: quasi-maximum likelihood of the observed city-years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import ndtr

from spatial.errors import ConfigError, EstimationError
from spatial.options import (
    AbsorbedEffects,
    BiasCorrection,
    Inference,
    LogDeterminantMethod,
    Specification,
    UnbalancedCovariance,
    checked_option,
)
from spatial.random import RandomSource
from spatial.regression.checks import require_full_rank, require_regressors, require_variation
from spatial.regression.effect_parts import group_codes
from spatial.regression.effects import NORMAL_95, EffectsResult, compute_effects
from spatial.regression.estimation import Estimate, _noise
from spatial.regression.information import information_matrix, inverse_information
from spatial.regression.likelihood import (
    Likelihood,
    Sample,
    least_squares,
    maximise,
    residual_profile,
)
from spatial.regression.log_determinant import SummedLogDeterminant, log_determinant
from spatial.regression.multiplier import Traces, cross_trace, lagged_multiplier
from spatial.regression.robust_covariance import require_dense_size, sandwich
from spatial.regression.specifications import DURBIN, LAG
from spatial.regression.unbalanced_design import Cells, observed_cells, require_connected
from spatial.regression.within import absorbed_parameters
from spatial.results import Configuration, Result

POSSIBLE: tuple[Specification, ...] = ("ols", "slx", "sar", "sdm")


@dataclass(frozen=True, kw_only=True)
class UnbalancedPanelResult(Result):
    """A spatial panel fitted to the observed city-years.

    Attributes
    ----------
    configuration : Configuration
    coefficients : pandas.Series
    covariance : pandas.DataFrame
    sigma2, log_likelihood : float
    residuals, fitted : pandas.Series
        With the caller's rows; missing where a row is incomplete.
    fixed_effects : mapping of str to pandas.Series
        ``city`` and ``year`` where present; deviations whose mean over the observed cells is zero.
    intercept : float or None
        Level of the fixed effects.
    specification, effects_type, bias_correction : str
    n_cities, n_years, n_observations : int
    missing : pandas.DataFrame
        Index city: number of years observed and missing.
    notes : tuple of str
        What the gaps change, how many there are, which correction was made.
    """

    configuration: Configuration
    coefficients: pd.Series
    covariance: pd.DataFrame
    sigma2: float
    log_likelihood: float
    residuals: pd.Series
    fitted: pd.Series
    fixed_effects: Mapping[str, pd.Series]
    intercept: float | None
    specification: Specification
    effects_type: AbsorbedEffects
    bias_correction: BiasCorrection
    n_cities: int
    n_years: int
    n_observations: int
    missing: pd.DataFrame
    notes: tuple[str, ...]
    cells: Cells = field(repr=False)
    estimate: Estimate = field(repr=False)

    @property
    def design(self) -> Any:
        """The cells as one cross-section with block-diagonal weights."""
        return self.cells.design

    @property
    def rho(self) -> float | None:
        """Coefficient of the lagged outcome, None in models without one."""
        return self.estimate.spatial

    @property
    def standard_errors(self) -> pd.Series:
        """Square roots of the diagonal of the covariance."""
        return pd.Series(np.sqrt(np.diag(self.covariance)), index=self.coefficients.index)

    @property
    def n_parameters(self) -> int:
        """Coefficients, rho, sigma2 and fixed effects."""
        absorbed = absorbed_parameters(self.effects_type, self.n_cities, self.n_years)
        return len(self.coefficients) + 1 + absorbed

    @property
    def aic(self) -> float:
        """Akaike's criterion, fixed effects counted."""
        return -2.0 * self.log_likelihood + 2.0 * self.n_parameters

    @property
    def bic(self) -> float:
        """Schwarz's criterion, fixed effects counted."""
        return -2.0 * self.log_likelihood + float(np.log(self.n_observations)) * self.n_parameters

    def effects(
        self, *, inference: Inference = "delta", draws: int = 1000, rng: RandomSource = None
    ) -> EffectsResult:
        """Direct, indirect and total effects, averaged over the observed city-years.

        Parameters
        ----------
        inference : {"delta", "simulation"}
        draws : int
        rng : int, numpy.random.Generator or None

        Returns
        -------
        EffectsResult
            Its effect matrix is city-years x city-years, because the set of cities, and with it
            the weights, changes from year to year.
        """
        return compute_effects(self, inference=inference, draws=draws, rng=rng)  # type: ignore[arg-type]

    def tidy(self) -> pd.DataFrame:
        """Return one row for each parameter: estimate, std_error, z, p_value, low, high."""
        error = self.standard_errors
        z = self.coefficients / error
        return pd.DataFrame(
            {
                "estimate": self.coefficients,
                "std_error": error,
                "z": z,
                "p_value": 2.0 * ndtr(-z.abs().to_numpy()),
                "low": self.coefficients - NORMAL_95 * error,
                "high": self.coefficients + NORMAL_95 * error,
            }
        ).rename_axis("parameter")

    def glance(self) -> pd.Series:
        """Return facts about the whole model, one value for each."""
        facts = {
            "specification": self.specification,
            "effects": self.effects_type,
            "bias_correction": self.bias_correction,
            "n_cities": self.n_cities,
            "n_years": self.n_years,
            "n_observations": self.n_observations,
            "n_missing": int(self.missing["missing"].sum()),
            "sigma2": self.sigma2,
            "log_likelihood": self.log_likelihood,
            "aic": self.aic,
            "bic": self.bic,
        }
        return pd.Series(facts, dtype=object, name="value")

    def summary(self) -> str:
        """Return a plain text view for reading."""
        head = (
            f"{self.specification.upper()} of {self.design.outcome}, {self.effects_type} effects, "
            f"unbalanced: {self.n_cities} cities, {self.n_years} years, {self.n_observations} "
            f"city-years\nWeights: {self.configuration.weights}\n"
        )
        shown = self.tidy()[["estimate", "std_error", "z", "p_value"]]
        table = shown.to_string(float_format=lambda value: f"{value:.6f}")
        return f"{head}{table}\nsigma2 {self.sigma2:.6g}\n" + "\n".join(self.notes)


def fit_unbalanced_panel(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    *,
    city: str = "city",
    year: str = "year",
    specification: Specification = "sdm",
    effects: AbsorbedEffects = "two-way",
    bias_correction: bool | Literal["none", "variance"] = True,
    covariance: UnbalancedCovariance = "information",
    groups: pd.Series | None = None,
    lagged: Sequence[str] | None = None,
    log_determinant: LogDeterminantMethod = "automatic",
) -> UnbalancedPanelResult:
    r"""Fit a spatial panel with gaps that are missing at random.

    .. math:: y_t = \rho W_t y_t + X_t \beta + W_t X_t \theta + \mu + \lambda_t \iota + e_t

    over the cities observed in year t, with :math:`W_t` the weights among them; rows that sum to
    one are normalised again. **This is another model than the one of the full panel**: links to
    cities that are not observed vanish, and the remaining neighbours count for more. Fixed effects
    are taken out by the exact projection on their dummies, and the likelihood holds the
    log-determinant of every :math:`W_t`. On a panel without gaps the numbers are those of
    ``fit_panel`` with ``bias_correction="variance"``, ``covariance="direct"`` and weights that
    change by year.

    Parameters
    ----------
    formula, data, weights, city, year, lagged, log_determinant
        As in ``fit_panel``. A city-year is missing where it has no row, or where a column of the
        formula has no value; infinite values are refused.
    specification : {"ols", "slx", "sar", "sdm"}
        Error models need weights that do not change.
    effects : {"pooled", "city", "year", "two-way"}
    bias_correction : bool or {"none", "variance"}
        True and "variance": least squares divide by the degrees of freedom; with rho, sigma2 is
        scaled by m / (m - cities) for city and two-way effects, m / (m - years) for year effects.
        The corrections of Lee and Yu need a balanced panel.
    covariance : {"information", "cluster"}
        Clustered by city, or by ``groups``, not scaled for their number.
    groups : pandas.Series, optional
        Group of each city, by city id.

    Returns
    -------
    UnbalancedPanelResult

    Raises
    ------
    AlignmentError, PanelError, ConfigError
        As ``fit_panel``; for cities and years without any complete row.
    EstimationError
        As ``fit_panel``; where the observed cells do not connect all cities and years.

    Notes
    -----
    Valid where cells are missing for reasons that have nothing to do with the innovations; cities
    that leave because they do badly bias the estimates. With few years rho of two-way models keeps
    a bias of the order of one over the number of cities, which is not corrected here.

    References
    ----------
    Wansbeek and Kapteyn (1989) doi:10.1016/0304-4076(89)90030-9 (fixed effects of incomplete
    panels); Lee and Yu (2010) doi:10.1016/j.jeconom.2009.08.001.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ids = list("abcdefgh")
    >>> ring = pd.DataFrame(np.roll(np.eye(8), 1, 1) / 2 + np.roll(np.eye(8), -1, 1) / 2, ids, ids)
    >>> rows = pd.MultiIndex.from_product([range(2010, 2016), ids], names=["year", "city"])
    >>> panel = pd.DataFrame(rng.normal(size=(48, 2)), index=rows, columns=["growth", "skill"])
    >>> result = fit_unbalanced_panel("growth ~ skill", panel.iloc[3:], ring, specification="sar")
    >>> result.n_observations
    45
    """
    correction = _checked_options(specification, effects, bias_correction, covariance)
    cells = observed_cells(formula, data, weights, city=city, year=year, lagged=lagged)
    if len(cells.years) < 2:
        raise EstimationError("The panel has one year; use fit_cross_section.")
    require_connected(cells, effects)
    if groups is not None and covariance != "cluster":
        raise ConfigError("groups= is for covariance='cluster'.")
    codes = cells.city
    if groups is not None:
        codes = group_codes(groups, cells.cities)[0][cells.city]
    estimate = _estimate(
        cells, specification, effects, correction, covariance, codes, log_determinant
    )
    configuration = Configuration(
        function="fit_unbalanced_panel",
        options={
            "formula": formula,
            "city": city,
            "year": year,
            "specification": specification,
            "effects": effects,
            "bias_correction": correction,
            "covariance": covariance,
            "groups": "" if groups is None else str(groups.name or "groups"),
            "lagged": cells.design.lagged,
            "log_determinant": log_determinant,
        },
        weights=cells.design.weights.description,
    )
    return _result(cells, estimate, effects, configuration)


def _checked_options(
    specification: str, effects: str, bias_correction: object, covariance: str
) -> BiasCorrection:
    checked_option(specification, Specification, name="specification")
    checked_option(effects, AbsorbedEffects, name="effects")
    checked_option(covariance, UnbalancedCovariance, name="covariance")
    if specification not in POSSIBLE:
        raise ConfigError(
            f"specification={specification!r} is not made for panels with gaps: errors filtered by "
            "weights that change with the cities observed do not leave fixed effects constant. Use "
            "'sar' or 'sdm', or balance the panel for fit_panel."
        )
    if isinstance(bias_correction, bool):
        return "variance" if bias_correction else "none"
    if bias_correction not in ("none", "variance"):
        raise ConfigError(
            f"bias_correction={bias_correction!r} is not made for panels with gaps: the correction "
            "and the transformation of Lee and Yu need the same cities in all years. Use "
            "'variance' or 'none', or balance the panel for fit_panel."
        )
    return "none" if bias_correction == "none" else "variance"


def _estimate(
    cells: Cells,
    specification: Specification,
    effects: AbsorbedEffects,
    correction: BiasCorrection,
    covariance: str,
    codes: np.ndarray,
    method: LogDeterminantMethod,
) -> Estimate:
    """Least squares or maximum likelihood of the observed cells."""
    design = cells.design
    Z, names = design.regressors(durbin=specification in DURBIN, constant=effects == "pooled")
    y, inside = cells.within(design.y, effects), cells.within(Z, effects)
    require_variation(design.y, y, design.outcome)
    require_regressors(names, effects)
    require_full_rank(Z[0], inside[0], names)
    count = cells.count
    absorbed = absorbed_parameters(effects, len(cells.cities), len(cells.years))
    free = count - len(names) - absorbed
    if free < 1:
        raise EstimationError(
            f"{count} observations leave no degree of freedom after {len(names)} regressors and "
            f"{effects} effects; use more years or fewer effects."
        )
    shared: dict[str, Any] = {
        "specification": specification,
        "effects": effects,
        "correction": correction,
        "regressors": names,
        "Z": Z,
    }
    if specification in LAG:
        return _maximum_likelihood(cells, Z, effects, correction, covariance, codes, method, shared)
    return _least_squares(inside, y, free, correction, covariance, codes, shared)


def _least_squares(
    inside: np.ndarray,
    y: np.ndarray,
    free: int,
    correction: str,
    covariance: str,
    codes: np.ndarray,
    shared: dict[str, Any],
) -> Estimate:
    delta = least_squares(inside, y)
    residuals, count = y - inside @ delta, y.size
    ml = _noise(residuals, y) / count
    sigma2 = ml * count / free if correction == "variance" else ml
    matrix = inverse_information(inside[0].T @ inside[0] / sigma2)
    if covariance == "cluster":
        totals = _sums(codes, inside[0] * residuals[0][:, None])
        matrix = sandwich(inside[0].T @ inside[0], totals.T @ totals)
    return Estimate(
        **shared,
        delta=delta,
        spatial=None,
        sigma2=sigma2,
        uncorrected=np.append(delta, ml),
        covariance=matrix,
        log_likelihood=float(-0.5 * count * (np.log(2 * np.pi * ml) + 1.0)),
        log_determinant=None,
        note=f"Least squares; {free} degrees of freedom of {count} observations.",
    )


def _maximum_likelihood(
    cells: Cells,
    Z: np.ndarray,
    effects: AbsorbedEffects,
    correction: str,
    covariance: str,
    codes: np.ndarray,
    method: LogDeterminantMethod,
    shared: dict[str, Any],
) -> Estimate:
    design, count = cells.design, cells.count
    linked = tuple(part for part in cells.matrices if part.nnz)
    if not linked:
        raise EstimationError(
            "No observed city has an observed neighbour in any year; use 'ols' or other weights."
        )
    determinant = SummedLogDeterminant(
        tuple(log_determinant(part, method=method) for part in linked), (1,) * len(linked)
    )
    y, Wy, inside = (
        cells.within(values, effects) for values in (design.y, design.lag(design.y), Z)
    )
    sample = Sample(y, Wy, inside, None, None, "pooled")
    likelihood = Likelihood(sample, residual_profile(sample), determinant, observations=count)
    rho = maximise(likelihood, symbol="rho")
    delta, residuals = likelihood.solution(rho)
    ml = _noise(residuals, y) / count
    sigma2 = ml * _variance_factor(cells, effects, correction)
    signal = _signal(cells, Z, delta, rho, effects)
    traces = Traces(
        determinant.first_trace(rho),
        determinant.second_trace(rho),
        sum(cross_trace(part, rho) for part in linked),
    )
    information = information_matrix(inside, signal, traces, sigma2, count)
    matrix = inverse_information(information)
    if covariance == "cluster":
        variance = _cluster_variance(cells, codes, inside[0], signal[0], residuals[0], rho, sigma2)
        matrix = sandwich(information, variance)
    return Estimate(
        **shared,
        delta=delta,
        spatial=rho,
        sigma2=sigma2,
        uncorrected=np.concatenate([delta, [rho, ml]]),
        covariance=matrix[:-1, :-1],
        log_likelihood=likelihood.value(rho),
        log_determinant=determinant,
        note=_correction_note(effects, correction),
    )


def _variance_factor(cells: Cells, effects: str, correction: str) -> float:
    lost = {"pooled": 0, "year": len(cells.years)}.get(effects, len(cells.cities))
    return cells.count / (cells.count - lost) if correction == "variance" else 1.0


def _correction_note(effects: str, correction: str) -> str:
    if effects == "pooled":
        return "No fixed effects, so that maximum likelihood needs no correction of bias."
    if correction == "none":
        return "No correction of bias: sigma2 is too small by the share of estimated effects."
    lost = "years" if effects == "year" else "cities"
    return (
        f"sigma2 is scaled by observations / (observations - {lost}); the corrections of Lee and "
        "Yu need a balanced panel."
    )


def _signal(
    cells: Cells, Z: np.ndarray, delta: np.ndarray, rho: float, effects: AbsorbedEffects
) -> np.ndarray:
    """Part of the lagged outcome that is not noise, net of fixed effects, of shape (1, m)."""
    lag, y = cells.design.lag, cells.design.y
    mean = Z @ delta
    if effects != "pooled":
        levels = y - rho * lag(y) - mean
        mean = mean + levels - cells.within(levels, effects)
    return cells.within(lag(lag.solve(rho, mean)), effects)


def _sums(codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    totals = np.zeros((codes.max() + 1, scores.shape[1]))
    np.add.at(totals, codes, scores)
    return totals


def _cluster_variance(
    cells: Cells,
    codes: np.ndarray,
    Z: np.ndarray,
    signal: np.ndarray,
    residuals: np.ndarray,
    rho: float,
    sigma2: float,
) -> np.ndarray:
    """Variance of the score where innovations depend on each other within clusters of cities.

    As ``robust_covariance.cluster_score_variance``, with the products of each pair of clusters
    summed over the years in which both are observed.
    """
    require_dense_size(len(cells.cities))
    k, groups = Z.shape[1], int(codes.max()) + 1
    scores = np.empty((cells.count, k + 2))
    scores[:, :k] = Z * residuals[:, None] / sigma2
    scores[:, k + 1] = (residuals**2 - sigma2) / (2.0 * sigma2**2)
    pairs = np.zeros((groups, groups))
    start = 0
    for matrix in cells.matrices:
        here = slice(start, start + matrix.shape[0])
        start = here.stop
        e, member = residuals[here], codes[here]
        gain = lagged_multiplier(matrix, rho)
        half = (gain + gain.T) / 2.0
        scores[here, k] = signal[here] * e - sigma2 * np.diag(gain)
        rows = sparse.csr_array(
            (np.ones(len(e)), (member, np.arange(len(e)))), shape=(groups, len(e))
        )
        pairs += rows @ (rows @ (half * np.outer(e, e)).T).T
    scores[:, k] /= sigma2
    totals = _sums(codes, scores)
    totals[:, k] += np.diag(pairs) / sigma2
    variance = totals.T @ totals
    # Pairs of different clusters are uncorrelated with everything else; each is there twice.
    np.fill_diagonal(pairs, 0.0)
    variance[k, k] += 2.0 * float(np.vdot(pairs, pairs)) / sigma2**2
    return np.asarray(variance)


def _result(
    cells: Cells, estimate: Estimate, effects: AbsorbedEffects, configuration: Configuration
) -> UnbalancedPanelResult:
    design = cells.design
    names = pd.Index(estimate.names, name="parameter")
    levels = design.y - estimate.Z @ estimate.delta
    if estimate.spatial is not None:
        levels = levels - estimate.spatial * design.lag(design.y)
    residuals = cells.within(levels, effects)
    fixed, intercept = _fixed_effects(cells, (levels - residuals)[0], effects)
    seen = np.bincount(cells.city, minlength=len(cells.cities))
    return UnbalancedPanelResult(
        configuration=configuration,
        coefficients=pd.Series(estimate.parameters, index=names, name="estimate"),
        covariance=pd.DataFrame(estimate.covariance, index=names, columns=names),
        sigma2=estimate.sigma2,
        log_likelihood=estimate.log_likelihood,
        residuals=cells.to_caller(residuals, "residual"),
        fitted=cells.to_caller(design.y - residuals, "fitted"),
        fixed_effects=fixed,
        intercept=intercept,
        specification=estimate.specification,
        effects_type=effects,
        bias_correction=estimate.correction,
        n_cities=len(cells.cities),
        n_years=len(cells.years),
        n_observations=cells.count,
        missing=pd.DataFrame(
            {"observed": seen, "missing": len(cells.years) - seen}, index=cells.cities
        ).rename_axis("city"),
        notes=_notes(cells, estimate, seen, effects),
        cells=cells,
        estimate=estimate,
    )


def _fixed_effects(
    cells: Cells, levels: np.ndarray, effects: AbsorbedEffects
) -> tuple[dict[str, pd.Series], float | None]:
    """City and year effects whose sum is the level of every cell."""
    if effects == "pooled":
        return {}, None
    intercept = float(levels.mean())
    left, found = levels - intercept, dict[str, pd.Series]()
    if effects in ("year", "two-way"):
        # Differences between years within a city are year effects alone: least squares on dummies.
        dummies = sparse.csr_array(
            (np.ones(cells.count), (np.arange(cells.count), cells.year)),
            shape=(cells.count, len(cells.years)),
        ).toarray()
        inside, outcome = dummies, left
        if effects == "two-way":
            inside = cells.within(dummies[None], "city")[0]
            outcome = cells.within(left[None], "city")[0]
        years = np.linalg.lstsq(inside, outcome, rcond=None)[0]
        years = years - years[cells.year].mean()
        found["year"] = pd.Series(years, index=cells.years, name="effect")
        left = left - years[cells.year]
    if effects in ("city", "two-way"):
        sums = np.bincount(cells.city, left) / np.bincount(cells.city)
        found["city"] = pd.Series(sums, index=cells.cities, name="effect")
    return found, intercept


def _notes(
    cells: Cells, estimate: Estimate, seen: np.ndarray, effects: AbsorbedEffects
) -> tuple[str, ...]:
    gaps = cells.absent + cells.incomplete
    rows = "rows sum to one again" if cells.scaled else "without new scaling"
    notes = [
        f"{gaps} of {gaps + cells.count} city-years are missing ({cells.absent} without a row, "
        f"{cells.incomplete} with a missing value). The weights of each year are those among the "
        f"cities observed in it ({rows}): links to the others vanish, which is another model than "
        "that of the full panel, and holds if cells are missing at random.",
        estimate.note,
    ]
    if cells.cut_off:
        notes.append(
            f"{cells.cut_off} city-years have neighbours, but none that is observed; their spatial "
            "lags are zero."
        )
    alone = int((seen == 1).sum())
    if alone and effects in ("city", "two-way"):
        notes.append(f"{alone} cities are observed once: their effect takes the whole of them.")
    return tuple(notes)
