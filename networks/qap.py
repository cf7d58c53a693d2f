"""Quadratic assignment: tests whether two networks are alike by more than chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from networks.dyads import DyadTable, dyad_cities, dyad_values, is_symmetric
from networks.permuted_products import permuted_sums
from networks.types import LinkageNetwork
from spatial.errors import ConfigError, EstimationError
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result

ORDERS_IN_A_BATCH = 100
"""Permutations worked on together."""

EQUAL_CORRELATION = 1e-10
"""Permuted correlations this close to the observed one are equal to it: sums in another order."""

SPARSE_SHARE = 0.2
"""Below this share of non-zero cells, products are gathered cell by cell instead of by rows."""


@dataclass(frozen=True)
class QapCorrelation(Result):
    """Correlation of two networks and its permutation test.

    Attributes
    ----------
    correlation : float
        Pearson's r over off-diagonal cells, or over pairs when both are symmetric.
    p_value : float
        Two-sided: share of permuted abs(r) that reach the observed abs(r).
    p_greater, p_less : float
        Shares of permuted r at least, and at most, as large as the observed.
    permuted_mean, permuted_sd, permuted_min, permuted_max : float
        Of the permuted correlations.
    permutations, n_cities, n_cells : int
        ``n_cells`` counts the cells compared; those missing in either table are left out.
    permuted : numpy.ndarray of shape (permutations,)
        The permuted correlations.
    configuration : Configuration
    """

    correlation: float
    p_value: float
    p_greater: float
    p_less: float
    permuted_mean: float
    permuted_sd: float
    permuted_min: float
    permuted_max: float
    permutations: int
    n_cities: int
    n_cells: int
    permuted: np.ndarray
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return one row in the manner of UCINET: value, tails, and the permuted distribution."""
        names = [
            name for name in self.__dataclass_fields__ if name not in ("permuted", "configuration")
        ]
        row = pd.DataFrame([{name: getattr(self, name) for name in names}])
        return row.set_index(pd.Index(["pearson correlation"], name="measure"))


def qap_correlation(
    first: DyadTable, second: DyadTable, *, permutations: int = 4999, rng: RandomSource = None
) -> QapCorrelation:
    r"""Correlate two networks and test the correlation by permuting cities.

    Rows and columns of the second network are permuted jointly, which keeps its structure and
    breaks its tie to the first; p = (1 + hits) / (1 + permutations).

    Parameters
    ----------
    first, second : LinkageNetwork or pandas.DataFrame of shape (n, n)
        The same cities in whatever order. A table may hold missing cells: these are left out
        pair by pair, in each permutation anew.
    permutations : int
    rng : int, numpy.random.Generator or None

    Returns
    -------
    QapCorrelation

    Raises
    ------
    AlignmentError
        If the cities differ.
    EstimationError
        If there are fewer than three cities, or a network is constant.

    References
    ----------
    Krackhardt (1988), doi:10.1016/0378-8733(88)90004-4.
    """
    if permutations < 1:
        raise ConfigError(f"permutations={permutations!r}: at least one permutation is needed.")
    cities = dyad_cities(first, what="the first network")
    x = dyad_values(first, cities, what="the first network")
    y = dyad_values(second, cities, what="the second network")
    n = len(cities)
    if n < 3:
        raise EstimationError(f"A QAP correlation needs at least three cities, not {n}.")
    generator, seed = seeded_generator(rng)
    once = is_symmetric(x) and is_symmetric(y)
    missing = bool(np.isnan(x).any() or np.isnan(y).any())
    correlator = _GappyCells(x, y) if missing else _FullCells(x, y)
    observed = float(correlator.correlations([np.arange(n)])[0])
    if not np.isfinite(observed):
        raise EstimationError(
            "One of the two networks has the same value in every cell compared, so a correlation "
            "does not exist."
        )
    permuted = np.concatenate(
        [
            correlator.correlations([generator.permutation(n) for _ in range(count)])
            for count in _batches(permutations)
        ]
    )
    used = permuted[np.isfinite(permuted)]
    at_least = int((used >= observed - EQUAL_CORRELATION).sum())
    at_most = int((used <= observed + EQUAL_CORRELATION).sum())
    extreme = int((np.abs(used) >= abs(observed) - EQUAL_CORRELATION).sum())
    whole = 1 + len(used)
    return QapCorrelation(
        correlation=observed,
        p_value=(1 + extreme) / whole,
        p_greater=(1 + at_least) / whole,
        p_less=(1 + at_most) / whole,
        permuted_mean=float(used.mean()),
        permuted_sd=float(used.std(ddof=1)) if len(used) > 1 else float("nan"),
        permuted_min=float(used.min()),
        permuted_max=float(used.max()),
        permutations=len(used),
        n_cities=n,
        n_cells=correlator.n_cells // 2 if once else correlator.n_cells,
        permuted=permuted,
        configuration=Configuration(
            function="qap_correlation",
            options={"permutations": permutations, "dyads": "pairs" if once else "ordered pairs"},
            seed=seed,
            weights=f"{_named(first)} | {_named(second)}",
        ),
    )


def _batches(permutations: int) -> list[int]:
    """Permutations worked on together: enough to use each block of cells many times."""
    whole, rest = divmod(permutations, ORDERS_IN_A_BATCH)
    return [ORDERS_IN_A_BATCH] * whole + [rest] * (rest > 0)


def _named(table: DyadTable) -> str:
    return table.description if isinstance(table, LinkageNetwork) else "table"


class _FullCells:
    """Correlation over all off-diagonal cells: only the sum of products changes.

    A joint permutation keeps the multiset of off-diagonal cells, so means and variances are worked
    out once. Where one of the networks is symmetric only the symmetric part of the other counts in
    the products, and each pair is looked at once.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        n = len(x)
        self.n_cells = n * (n - 1)
        self._mean_product = x.sum() * y.sum() / self.n_cells
        scale_x = (x**2).sum() - x.sum() ** 2 / self.n_cells
        scale_y = (y**2).sum() - y.sum() ** 2 / self.n_cells
        flat = not (_varies(x, scale_x) and _varies(y, scale_y))
        self._scale = float("nan") if flat else float(np.sqrt(scale_x) * np.sqrt(scale_y))
        filled_x, filled_y = np.count_nonzero(x), np.count_nonzero(y)
        self._n = n
        self._symmetric = is_symmetric(x) or is_symmetric(y)
        self._y = (y + y.T) / 2.0 if self._symmetric else y
        self._fixed = np.triu(x + x.T, 1) if self._symmetric else x
        self._by_cells = min(filled_x, filled_y) < SPARSE_SHARE * n * n
        # The sum over cells of x is the sum over cells of y under the inverse permutation.
        self._inverse = filled_y < filled_x
        few = y if self._inverse else x
        self._rows, self._columns = np.nonzero(few)
        self._values = few[self._rows, self._columns]
        self._many = np.ascontiguousarray(x if self._inverse else y).ravel()

    def correlations(self, orders: list[np.ndarray]) -> np.ndarray:
        if self._by_cells:
            products = np.array([self._product_of_cells(order) for order in orders])
        else:
            products = permuted_sums(self._fixed, self._y, orders, upper=self._symmetric)
        return (products - self._mean_product) / self._scale

    def _product_of_cells(self, order: np.ndarray) -> float:
        place = np.argsort(order) if self._inverse else order
        met = self._many[place[self._rows] * self._n + place[self._columns]]
        return float(np.einsum("i,i->", self._values, met))


def _varies(values: np.ndarray, centred: float) -> bool:
    return bool(centred > 1e-12 * (values**2).sum())


class _GappyCells:
    """Correlation over the cells that neither table misses; moments change by permutation."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        apart = ~np.eye(len(x), dtype=bool)
        self._x_known = ((~np.isnan(x)) & apart).astype(float)
        self._y_known = ((~np.isnan(y)) & apart).astype(float)
        # Centring on the overall mean first keeps the sums of squares well conditioned.
        self._x = np.where(self._x_known > 0, x - np.nanmean(x[apart]), 0.0)
        self._y = np.where(self._y_known > 0, y - np.nanmean(y[apart]), 0.0)
        self.n_cells = int(np.vdot(self._x_known, self._y_known))

    def correlations(self, orders: list[np.ndarray]) -> np.ndarray:
        return np.array([self._correlation(order) for order in orders])

    def _correlation(self, order: np.ndarray) -> float:
        y, known = self._y[order][:, order], self._y_known[order][:, order]
        count = np.vdot(self._x_known, known)
        if count < 3:
            return float("nan")
        sum_x, sum_y = np.vdot(self._x, known), np.vdot(self._x_known, y)
        products = np.vdot(self._x, y) - sum_x * sum_y / count
        square_x = np.vdot(self._x**2, known) - sum_x**2 / count
        square_y = np.vdot(self._x_known, y**2) - sum_y**2 / count
        if square_x <= 0 or square_y <= 0:
            return float("nan")
        return float(products / np.sqrt(square_x * square_y))
