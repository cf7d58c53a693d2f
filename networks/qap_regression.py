"""Regression of one network on others, tested by permutation (MRQAP)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from networks.dyads import DyadTable, dyad_cities, dyad_values, is_symmetric
from networks.glm import fit_glm, fit_statistics
from networks.permuted_products import permuted_products
from networks.types import LinkageNetwork
from spatial.errors import ConfigError, EstimationError, listed
from spatial.options import QapFamily, QapNull, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result

EQUAL_STATISTIC = 1e-9
"""Permuted statistics this close (relative) to the observed one are equal to it."""

COLLINEAR = 1e-10
"""A regressor keeps less than this share of its square sum beside the others: it adds nothing."""

INTERCEPT = "intercept"


@dataclass(frozen=True)
class QapRegression(Result):
    """Regression over dyads with permutation p-values.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``term`` (``intercept`` and the regressors): ``coefficient``, ``standardised`` (with
        the standard deviations of regressor and outcome; linear only), ``std_error`` and
        ``statistic`` of the classical formulas, which serve as pivot only, and the permutation
        p-values ``p_value`` (two-sided), ``p_greater``, ``p_less``.
    r_squared, adjusted_r_squared : float
        Of the linear fit; for other families McFadden's share of the log-likelihood, and NaN.
    p_r_squared : float
        Permutation p-value of the fit as a whole; NaN under double semi-partialling, which
        permutes one regressor at a time.
    n_cities, n_cells, permutations : int
        ``permutations`` counts those that could be fitted.
    configuration : Configuration
    """

    table: pd.DataFrame
    r_squared: float
    adjusted_r_squared: float
    p_r_squared: float
    n_cities: int
    n_cells: int
    permutations: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each term."""
        return self.table.copy()


@dataclass(frozen=True, slots=True)
class _Dyads:
    """Cells of the outcome and of the design, zero where a cell is not compared.

    Attributes
    ----------
    outcome : numpy.ndarray of shape (n, n)
    design : numpy.ndarray of shape (n, n, q)
        The first column is the intercept.
    known : numpy.ndarray of float, shape (n, n)
        One where a cell is compared.
    share : float
        One half when both directions of a pair are the same observation.
    """

    outcome: np.ndarray
    design: np.ndarray
    known: np.ndarray
    share: float

    @property
    def n_cells(self) -> int:
        return round(self.share * float(self.known.sum()))

    @property
    def whole(self) -> bool:
        """Whether no off-diagonal cell is missing."""
        return bool(self.known.sum() == self.known.size - len(self.known))


def qap_regression(
    outcome: DyadTable,
    regressors: Mapping[str, DyadTable],
    *,
    family: QapFamily = "linear",
    null: QapNull = "double-semi-partialling",
    permutations: int = 999,
    rng: RandomSource = None,
) -> QapRegression:
    r"""Regress a network on other networks over pairs of cities, with permutation p-values.

    Parameters
    ----------
    outcome : LinkageNetwork or pandas.DataFrame of shape (n, n)
    regressors : mapping of str to LinkageNetwork or pandas.DataFrame of shape (n, n)
        The same cities in whatever order. Cells missing in any table are left out.
    family : {"linear", "logit", "poisson"}
        Least squares; logit for an outcome of 0 and 1; Poisson for counts.
    null : {"double-semi-partialling", "outcome"}
        ``double-semi-partialling``: for each regressor, its residual on the others is permuted
        (rows and columns jointly) and takes its place. ``outcome``: the outcome is permuted.
    permutations : int
    rng : int, numpy.random.Generator or None

    Returns
    -------
    QapRegression

    Raises
    ------
    AlignmentError
        If the cities differ.
    EstimationError
        If regressors are constant or collinear, the outcome does not fit the family, or there are
        too few cells.
    ConfigError
        If there is no regressor, or a name is ``intercept``.

    Notes
    -----
    The t (or z) statistic is the pivot. Where outcome and regressors are all symmetric a pair
    counts once. Double semi-partialling of the linear model needs no refit: with the residual e of
    a regressor permuted and Z the others, t follows from e'e, e'Z and e'y (Frisch and Waugh), and
    one matrix product gives them for all regressors.

    References
    ----------
    Dekker, Krackhardt and Snijders (2007), doi:10.1007/s11336-007-9016-1;
    Krackhardt (1988), doi:10.1016/0378-8733(88)90004-4.
    """
    checked_option(family, QapFamily, name="family")
    checked_option(null, QapNull, name="null")
    if permutations < 1:
        raise ConfigError(f"permutations={permutations!r}: at least one permutation is needed.")
    names = _checked_names(regressors)
    cities = dyad_cities(outcome, what="the outcome")
    dyads = _dyads(outcome, regressors, cities)
    terms = [INTERCEPT, *names]
    _require_fit(dyads, terms, family)
    generator, seed = seeded_generator(rng)
    n = len(cities)
    orders = [np.arange(n), *(generator.permutation(n) for _ in range(permutations))]
    if family == "linear":
        fitted = _linear_fit(dyads)
        if null == "outcome":
            statistics, fits = _outcome_permuted(dyads, orders)
        else:
            statistics, fits = _residual_permuted(dyads, orders), None
    else:
        fitted = _general_fit(dyads, family)
        statistics, fits = _general_permuted(dyads, orders, family, null)
    table = _table(terms, fitted, statistics)
    usable = np.isfinite(statistics[1:]).all(axis=1)
    r_squared = float(fitted["r_squared"][0])
    return QapRegression(
        table=table,
        r_squared=r_squared,
        adjusted_r_squared=_adjusted(r_squared, dyads.n_cells, len(terms), family),
        p_r_squared=float("nan") if fits is None else _share_reaching(fits, fits[0]),
        n_cities=n,
        n_cells=dyads.n_cells,
        permutations=int(usable.sum()),
        configuration=Configuration(
            function="qap_regression",
            options={
                "family": family,
                "null": null,
                "permutations": permutations,
                "regressors": names,
                "dyads": "pairs" if dyads.share < 1 else "ordered pairs",
            },
            seed=seed,
            weights=outcome.description if isinstance(outcome, LinkageNetwork) else "table",
        ),
    )


def _checked_names(regressors: Mapping[str, DyadTable]) -> list[str]:
    names = [str(name) for name in regressors]
    if not names:
        raise ConfigError("There is no regressor; give a mapping of name to network or table.")
    if INTERCEPT in names:
        raise ConfigError("A regressor is called 'intercept'; rename it, the intercept is added.")
    return names


def _dyads(outcome: DyadTable, regressors: Mapping[str, DyadTable], cities: pd.Index) -> _Dyads:
    y = dyad_values(outcome, cities, what="the outcome")
    columns = [
        dyad_values(table, cities, what=f"regressor {name!r}") for name, table in regressors.items()
    ]
    known = np.isfinite(y)
    for column in columns:
        known &= np.isfinite(column)
    np.fill_diagonal(known, val=False)
    once = all(is_symmetric(matrix) for matrix in (y, *columns))
    filled = [np.where(known, matrix, 0.0) for matrix in (known.astype(float), *columns)]
    return _Dyads(
        np.where(known, y, 0.0), np.stack(filled, axis=2), known.astype(float), 0.5 if once else 1.0
    )


def _require_fit(dyads: _Dyads, terms: list[str], family: QapFamily) -> None:
    q = len(terms)
    if dyads.n_cells <= q:
        raise EstimationError(
            f"{dyads.n_cells} cells cannot carry {q} coefficients; there are too few cities or too "
            "many missing cells."
        )
    design = dyads.design.reshape(-1, q)
    squares = (design**2).sum(axis=0)
    left = _residuals(design)
    spare = [
        term
        for place, term in enumerate(terms)
        if not (left[:, place] ** 2).sum() > COLLINEAR * squares[place]
    ]
    if spare:
        raise EstimationError(
            f"Regressors are constant or follow from the others: {listed(spare)}. Drop one of them."
        )
    cells = dyads.outcome[dyads.known > 0]
    if np.ptp(cells) == 0:
        raise EstimationError("The outcome has the same value in every cell compared.")
    if family == "logit" and not np.isin(cells, (0.0, 1.0)).all():
        raise EstimationError(
            "A logit needs an outcome of 0 and 1; use .binary() of the network, or another family."
        )
    if family == "poisson" and (cells < 0).any():
        raise EstimationError("A Poisson regression needs an outcome of zero or more.")


def _residuals(design: np.ndarray) -> np.ndarray:
    """Residual of each column on all others, shape (cells, q)."""
    return np.column_stack(
        [
            column - others @ np.linalg.lstsq(others, column, rcond=None)[0]
            for place in range(design.shape[1])
            for column, others in [(design[:, place], np.delete(design, place, axis=1))]
        ]
    )


def _linear_fit(dyads: _Dyads) -> dict[str, np.ndarray]:
    """Coefficients, standard errors, statistics and fit of least squares."""
    q = dyads.design.shape[2]
    design, y = dyads.design.reshape(-1, q), dyads.outcome.ravel()
    inverse = np.linalg.inv(design.T @ design)
    coefficient = np.linalg.lstsq(design, y, rcond=None)[0]
    count = float(dyads.known.sum())
    residual_squares = ((y - design @ coefficient) ** 2).sum()
    spread_y = (y**2).sum() - y.sum() ** 2 / count
    spread_x = (design**2).sum(axis=0) - design.sum(axis=0) ** 2 / count
    variance = dyads.share * residual_squares / (dyads.n_cells - q)
    std_error = np.sqrt(variance * np.diag(inverse) / dyads.share)
    standardised = coefficient * np.sqrt(np.clip(spread_x, 0.0, None) / spread_y)
    standardised[0] = np.nan
    return {
        "coefficient": coefficient,
        "standardised": standardised,
        "std_error": std_error,
        "statistic": coefficient / std_error,
        "r_squared": np.array([1.0 - residual_squares / spread_y]),
    }


@dataclass(frozen=True, slots=True)
class _Basis:
    """The design in terms of ones and centred columns of unit length, for whole matrices.

    Attributes
    ----------
    columns : list of numpy.ndarray of shape (n, n)
        Centred regressors of unit square sum, zero on the diagonal.
    outcome : numpy.ndarray of shape (n, n)
        The centred outcome.
    design : numpy.ndarray of shape (q, q)
        Column k: how design column k is made of ones and ``columns``.
    mean : float
        Of the outcome.
    """

    columns: list[np.ndarray]
    outcome: np.ndarray
    design: np.ndarray
    mean: float


def _basis(dyads: _Dyads) -> _Basis:
    q, count = dyads.design.shape[2], float(dyads.known.sum())
    columns, design = [], np.eye(q)
    for place in range(1, q):
        values = dyads.design[:, :, place]
        mean = float(values.sum()) / count
        centred = values - mean * dyads.known
        length = float(np.sqrt((centred**2).sum()))
        columns.append(np.ascontiguousarray(centred / length))
        design[0, place], design[place, place] = mean, length
    mean = float(dyads.outcome.sum()) / count
    return _Basis(columns, dyads.outcome - mean * dyads.known, design, mean)


def _residual_permuted(dyads: _Dyads, orders: list[np.ndarray]) -> np.ndarray:
    """Return t of each term with its residual permuted, shape (orders, q); the first is observed.

    Residuals are sums of ones and centred columns, so products of permuted columns with fixed
    columns and the outcome give every t.
    """
    n, q = len(dyads.outcome), dyads.design.shape[2]
    if not dyads.whole:
        residual = _residuals(dyads.design.reshape(-1, q)).reshape(n, n, q)
        return _residual_permuted_with_gaps(dyads, orders, residual)
    basis = _basis(dyads)
    crossed = np.zeros((len(orders), q, q + 1))
    crossed[:, 0, 0] = dyads.known.sum()
    crossed[:, 1:, 1:] = permuted_products(basis.columns, [*basis.columns, basis.outcome], orders)
    still = crossed[0, :, :q]  # the first order is the identity
    crossed[:, 0, q] = basis.mean * dyads.known.sum()
    outcome = crossed[0, :, q]
    squares = float((basis.outcome**2).sum()) + basis.mean**2 * float(dyads.known.sum())
    statistics = np.empty((len(orders), q))
    for place in range(q):
        others = np.delete(basis.design, place, axis=1)
        own = basis.design[:, place]
        inverse = np.linalg.inv(others.T @ still @ others)
        residual = own - others @ (inverse @ (others.T @ still @ own))
        cross = residual @ crossed[:, :, :q] @ others
        spread_e = residual @ still @ residual - np.einsum("pi,ij,pj->p", cross, inverse, cross)
        with_others = others.T @ outcome
        with_e = residual @ crossed[:, :, q].T - cross @ inverse @ with_others
        spread_y = squares - with_others @ inverse @ with_others
        left = np.clip(spread_y - with_e**2 / spread_e, 0.0, None)
        variance = dyads.share * left / (dyads.n_cells - q) / (dyads.share * spread_e)
        statistics[:, place] = with_e / spread_e / np.sqrt(variance)
    return statistics


def _residual_permuted_with_gaps(
    dyads: _Dyads, orders: list[np.ndarray], residual: np.ndarray
) -> np.ndarray:
    """Do the same where cells are missing: those missing before or after drop out each time."""
    q = dyads.design.shape[2]
    statistics = np.empty((len(orders), q))
    for number, order in enumerate(orders):
        keep = (dyads.known * dyads.known[order][:, order]) > 0
        design, y = dyads.design[keep], dyads.outcome[keep]
        moved = residual[order][:, order][keep]
        for place in range(q):
            changed = design.copy()
            changed[:, place] = moved[:, place]
            statistics[number, place] = _statistic(changed, y, dyads.share)[place]
    return statistics


def _statistic(design: np.ndarray, y: np.ndarray, share: float) -> np.ndarray:
    """Return t of least squares; NaN where the design is singular."""
    cells, q = design.shape
    gram = design.T @ design
    if share * cells <= q or np.linalg.matrix_rank(gram, hermitian=True) < q:
        return np.full(q, np.nan)
    inverse = np.linalg.inv(gram)
    coefficient = inverse @ (design.T @ y)
    left = ((y - design @ coefficient) ** 2).sum()
    variance = share * left / (share * cells - q) * np.diag(inverse) / share
    return coefficient / np.sqrt(variance)


def _outcome_permuted(dyads: _Dyads, orders: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return t of each term and R squared with the outcome permuted; the first is observed."""
    q, y = dyads.design.shape[2], dyads.outcome
    statistics, fits = np.empty((len(orders), q)), np.empty(len(orders))
    if dyads.whole:
        basis = _basis(dyads)
        count, squares = float(dyads.known.sum()), float((basis.outcome**2).sum())
        with_columns = permuted_products([basis.outcome], basis.columns, orders)[:, 0, :]
        with_y = np.column_stack([np.full(len(orders), basis.mean * count), with_columns])
        still = np.zeros((q, q))
        still[0, 0] = count
        still[1:, 1:] = [[np.vdot(a, b) for b in basis.columns] for a in basis.columns]
        inverse = np.linalg.inv(basis.design.T @ still @ basis.design)
        coefficient = with_y @ basis.design @ inverse
        explained = np.einsum(
            "pi,ij,pj->p", with_columns, np.linalg.inv(still[1:, 1:]), with_columns
        )
        left = np.clip(squares - explained, 0.0, None)
        spread = np.sqrt(np.outer(left / (dyads.n_cells - q), np.diag(inverse)))
        return coefficient / spread, 1.0 - left / squares
    for number, order in enumerate(orders):
        keep = (dyads.known * dyads.known[order][:, order]) > 0
        x, moved = dyads.design[keep], y[order][:, order][keep]
        statistics[number] = _statistic(x, moved, dyads.share)
        fits[number] = _r_squared(x, moved)
    return statistics, fits


def _r_squared(design: np.ndarray, y: np.ndarray) -> float:
    if not len(y) or np.ptp(y) == 0:
        return float("nan")
    left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(1.0 - (left**2).sum() / ((y - y.mean()) ** 2).sum())


def _general_fit(dyads: _Dyads, family: QapFamily) -> dict[str, np.ndarray]:
    keep = dyads.known > 0
    fit = fit_glm(dyads.design[keep], dyads.outcome[keep], family)
    if fit is None:
        raise EstimationError(
            f"The {family} regression did not converge: a regressor separates the outcome, or the "
            "scales differ too much. Drop or rescale regressors."
        )
    # Cells in both directions are one observation: its information counts once.
    std_error = fit.std_error / np.sqrt(dyads.share)
    return {
        "coefficient": fit.coefficient,
        "standardised": np.full(len(fit.coefficient), np.nan),
        "std_error": std_error,
        "statistic": fit.coefficient / std_error,
        "r_squared": np.array([fit.pseudo_r_squared]),
    }


def _general_permuted(
    dyads: _Dyads, orders: list[np.ndarray], family: QapFamily, null: QapNull
) -> tuple[np.ndarray, np.ndarray | None]:
    """Refit with the outcome, or one residual after the other, permuted."""
    n, q = len(dyads.outcome), dyads.design.shape[2]
    statistics, fits = np.full((len(orders), q), np.nan), np.full(len(orders), np.nan)
    residual = _residuals(dyads.design.reshape(-1, q)).reshape(n, n, q)
    scale = np.sqrt(dyads.share)
    for number, order in enumerate(orders):
        keep = (dyads.known * dyads.known[order][:, order]) > 0
        if null == "outcome":
            moved_y = dyads.outcome[order][:, order][keep]
            found, fits[number] = fit_statistics(dyads.design[keep], moved_y, family)
            statistics[number] = found * scale
            continue
        moved = residual[order][:, order][keep]
        for place in range(q):
            design = dyads.design[keep].copy()
            design[:, place] = moved[:, place]
            found, _ = fit_statistics(design, dyads.outcome[keep], family)
            statistics[number, place] = found[place] * scale
    return statistics, fits if null == "outcome" else None


def _share_reaching(values: np.ndarray, observed: float) -> float:
    """Return the permutation p-value of the first of ``values`` against the rest, upper tail."""
    permuted = values[1:][np.isfinite(values[1:])]
    slack = EQUAL_STATISTIC * max(abs(observed), 1.0)
    return float((1 + (permuted >= observed - slack).sum()) / (1 + len(permuted)))


def _table(terms: list[str], fitted: dict[str, np.ndarray], statistics: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame(
        {name: fitted[name] for name in ("coefficient", "standardised", "std_error", "statistic")},
        index=pd.Index(terms, name="term"),
    )
    columns = range(len(terms))
    table["p_value"] = [
        _share_reaching(np.abs(statistics[:, k]), abs(statistics[0, k])) for k in columns
    ]
    table["p_greater"] = [_share_reaching(statistics[:, k], statistics[0, k]) for k in columns]
    table["p_less"] = [_share_reaching(-statistics[:, k], -statistics[0, k]) for k in columns]
    return table


def _adjusted(r_squared: float, cells: int, q: int, family: QapFamily) -> float:
    if family != "linear":
        return float("nan")
    return 1.0 - (1.0 - r_squared) * (cells - 1) / (cells - q)
