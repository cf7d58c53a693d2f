"""J-tests of spatial models with different weights, asymptotic and by bootstrap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy.special import ndtr

from spatial.errors import ConfigError, EstimationError
from spatial.options import AbsorbedEffects, LagSpecification, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.regression.cross_section import cross_section_design
from spatial.regression.design import PanelDesign, panel_design
from spatial.regression.instrumental_equation import (
    DEFAULT_ORDERS,
    InstrumentalEquation,
    instrumental_equation,
)
from spatial.regression.instruments import TwoStages, independent_columns, two_stages
from spatial.regression.log_determinant import summed_log_determinant
from spatial.regression.panel import require_several_years
from spatial.regression.within import within
from spatial.results import Configuration, Result
from spatial.weights.types import as_weights

LEVELS = ("null_weights", "null_specification", "rival_weights", "rival_specification")
COLUMNS = ("alpha", "std_error", "z", "p_value", "p_bootstrap")


@dataclass(frozen=True, kw_only=True)
class JTests(Result):
    """Every model as null against every rival with other weights.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: (null_weights, null_specification, rival_weights, rival_specification). Columns
        alpha (coefficient of the rival's prediction, zero under the null), std_error, z, p_value
        (normal, two-sided) and p_bootstrap.
    failures : mapping of the same labels to str
        Pairs that could not be tested, and why.
    notes : tuple of str
    """

    configuration: Configuration
    table: pd.DataFrame
    failures: Mapping[tuple[str, str, str, str], str]
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()


@dataclass(frozen=True, eq=False)
class _Model:
    """A model with a lagged outcome, ready to be fitted to any outcome."""

    design: PanelDesign
    effects: AbsorbedEffects
    equation: InstrumentalEquation

    def transformed(self, y: np.ndarray) -> np.ndarray:
        return within(y, self.effects).ravel()

    def regressors(self, y: np.ndarray) -> np.ndarray:
        """Regressors with the lag of an outcome of shape (years, n) as last column."""
        lagged = self.transformed(self.design.lag(y))
        return np.column_stack([self.equation.A[:, :-1], lagged])

    def fitted(self, y: np.ndarray) -> TwoStages:
        equation = self.equation
        return two_stages(self.transformed(y), self.regressors(y), equation.H, equation.names)


@dataclass(frozen=True, eq=False)
class _Pair:
    """The null, its rival, and the instruments of both."""

    null: _Model
    rival: _Model
    H: np.ndarray

    def statistic(self, y: np.ndarray) -> tuple[float, float]:
        """Coefficient of the rival's prediction and its standard error."""
        prediction = self.rival.regressors(y) @ self.rival.fitted(y).coefficients
        A = np.column_stack([self.null.regressors(y), prediction])
        names = (*self.null.equation.names, "prediction of the rival")
        stages = two_stages(self.null.transformed(y), A, self.H, names)
        free = self.null.equation.free - 1
        sigma2 = float(stages.residuals @ stages.residuals) / free
        variance = sigma2 * np.linalg.inv(stages.projected.T @ stages.projected)[-1, -1]
        return float(stages.coefficients[-1]), float(np.sqrt(variance))


def j_tests(
    formula: str,
    data: pd.DataFrame,
    weights: Mapping[str, Any],
    *,
    city: str | None = "city",
    year: str | None = "year",
    specifications: Sequence[LagSpecification] = ("sar",),
    effects: AbsorbedEffects = "two-way",
    bootstrap: int = 199,
    rng: RandomSource = None,
) -> JTests:
    r"""Test every model with a lagged outcome against every rival with other weights.

    The null :math:`y = \rho W_0 y + Z_0 \delta + u` gets the prediction of the rival as one more
    regressor, :math:`\alpha (\hat\rho_1 W_1 y + Z_1 \hat\delta_1)`, and is estimated by two-stage
    least squares with the instruments of both; :math:`\alpha = 0` under the null.

    Parameters
    ----------
    formula, data
        As in ``fit_panel``.
    weights : mapping of str to Weights
        At least two.
    city : str or None
        None takes the index of a cross-section.
    year : str or None
        None for one cross-section, with ``effects="pooled"``.
    specifications : sequence of {"sar", "sdm"}
    effects : {"pooled", "city", "year", "two-way"}
    bootstrap : int
        Outcomes drawn from each null with its residuals resampled; 0 for none.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    JTests
        A null that is rejected misses something that the rival sees. Both of a pair may be
        rejected, or neither.

    Raises
    ------
    ConfigError, AlignmentError, PanelError
    EstimationError
        If no pair at all can be tested.

    Notes
    -----
    The asymptotic test rejects true nulls too often in small samples; the bootstrap does not.
    Innovations are taken as independent with equal variances.

    References
    ----------
    Kelejian (2008), Letters in Spatial and Resource Sciences 1, 3-11; Kelejian and Piras (2011),
    Regional Science and Urban Economics 41, 281-292; Burridge and Fingleton (2010), Spatial
    Economic Analysis 5, 93-119.

    Examples
    --------
    >>> ids = [f"c{i:02d}" for i in range(40)]
    >>> ring = [np.roll(np.eye(40), s, axis=1) for s in (1, 2)]
    >>> near, next_but_one = (pd.DataFrame((R + R.T) / 2, ids, ids) for R in ring)
    >>> draw = np.random.default_rng(1).normal(size=(40, 2))
    >>> table = pd.DataFrame(draw, index=ids, columns=["growth", "skill"])
    >>> tests = j_tests("growth ~ skill", table, {"near": near, "next": next_but_one},
    ...                 city=None, year=None, effects="pooled", bootstrap=19, rng=1)
    >>> len(tests.table)
    2
    """
    if len(weights) < 2:
        raise ConfigError("A J-test compares weights; give at least two, by name.")
    if year is None and effects != "pooled":
        raise ConfigError("One cross-section has no fixed effects; use effects='pooled'.")
    designs = {}
    for name, one in weights.items():
        if year is None:
            named = city if city in data.columns or city in data.index.names else None
            design = cross_section_design(formula, data, as_weights(one), city=named)
        else:
            design = panel_design(formula, data, as_weights(one), city=city or "city", year=year)
            require_several_years(design)
        designs[str(name)] = design
    return j_tests_of(
        designs, specifications=specifications, effects=effects, bootstrap=bootstrap, rng=rng
    )


def j_tests_of(
    designs: Mapping[str, PanelDesign],
    *,
    specifications: Sequence[LagSpecification],
    effects: AbsorbedEffects,
    bootstrap: int,
    rng: RandomSource,
) -> JTests:
    """Test models of the same data, read with different weights; see ``j_tests``."""
    words = [specifications] if isinstance(specifications, str) else list(specifications)
    for word in words:
        checked_option(word, LagSpecification, name="specifications")
    checked_option(effects, AbsorbedEffects, name="effects")
    if not words or bootstrap < 0:
        raise ConfigError("Name at least one of specifications=; bootstrap= is no negative number.")
    _, seed = seeded_generator(rng)
    models = {
        (name, word): _model(design, cast("LagSpecification", word), effects)
        for name, design in designs.items()
        for word in words
    }
    rows: dict[tuple[str, str, str, str], list[float]] = {}
    failures: dict[tuple[str, str, str, str], str] = {}
    for null, rival in product(models, models):
        if null[0] == rival[0]:
            continue  # the same weights are nested, not rivals
        key = (*null, *rival)
        try:
            # One seed for all pairs: adding weights does not move the numbers of the others.
            rows[key] = _row(models[null], models[rival], bootstrap, np.random.default_rng(seed))
        except EstimationError as error:
            rows[key], failures[key] = [np.nan] * len(COLUMNS), str(error)
    if len(failures) == len(rows):
        raise EstimationError(
            f"No pair could be tested; the first said: {next(iter(failures.values()), 'no pair')}"
        )
    index = pd.MultiIndex.from_tuples(list(rows), names=list(LEVELS))
    first = next(iter(designs.values()))
    return JTests(
        configuration=Configuration(
            function="j_tests",
            options={
                "formula": first.formula,
                "specifications": tuple(words),
                "effects": effects,
                "bootstrap": bootstrap,
            },
            seed=seed,
            weights="; ".join(
                f"{name}: {one.weights.description}" for name, one in designs.items()
            ),
        ),
        table=pd.DataFrame(list(rows.values()), index=index, columns=list(COLUMNS)),
        failures=failures,
        notes=(
            "A small p-value rejects the null in favour of something that the rival holds; both of "
            "a pair may be rejected, or neither.",
        ),
    )


def _model(design: PanelDesign, word: LagSpecification, effects: AbsorbedEffects) -> _Model:
    nothing: tuple[np.ndarray, tuple[str, ...]] = (np.empty((*design.y.shape, 0)), ())
    orders = DEFAULT_ORDERS[word]
    equation = instrumental_equation(design, word, effects, (), nothing, 0, orders)
    return _Model(design, effects, equation)


def _row(
    null: _Model, rival: _Model, bootstrap: int, generator: np.random.Generator
) -> list[float]:
    y = null.design.y
    H = np.column_stack([null.equation.H, rival.equation.H])
    pair = _Pair(null, rival, H[:, independent_columns(H)])
    alpha, error = pair.statistic(y)
    z = alpha / error
    p_bootstrap = float("nan")
    if bootstrap:
        # Outcomes under the null keep their level: only the innovations are drawn anew.
        stages = null.fitted(y)
        rho = float(stages.coefficients[-1])
        determinant = summed_log_determinant(null.design.lag.matrices, null.design.n_years)
        if not determinant.low < rho < determinant.high:
            raise EstimationError(
                f"The null has rho = {rho:.6g}, outside its valid interval ({determinant.low:.6g}, "
                f"{determinant.high:.6g}): no outcomes can be drawn from it. Use bootstrap=0."
            )
        residuals = stages.residuals
        level = y - rho * null.design.lag(y) - residuals.reshape(y.shape)
        # Residuals net of effects and coefficients are too small.
        wide = (residuals - residuals.mean()) * np.sqrt(len(residuals) / null.equation.free)
        hits = 0
        for _ in range(bootstrap):
            drawn = generator.choice(wide, size=y.shape)
            moved, spread = pair.statistic(null.design.lag.solve(rho, level + drawn))
            hits += abs(moved / spread) >= abs(z)
        p_bootstrap = (1 + hits) / (1 + bootstrap)
    return [alpha, error, z, float(2.0 * ndtr(-abs(z))), p_bootstrap]
