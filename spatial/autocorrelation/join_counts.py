"""Join counts: how often neighbours belong to the same class, or to two given classes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.alignment import require_same_cities
from spatial.autocorrelation.global_statistics import (
    ISLANDS_KEPT,
    checked_alternative,
    normal_p_value,
    permutation_p_value,
)
from spatial.autocorrelation.multiple_testing import adjusted_p_values
from spatial.autocorrelation.preparation import checked_permutations
from spatial.autocorrelation.quadratic_forms import (
    PATTERNS,
    FormMoments,
    edge_sums,
    form_moments,
    moments_of_sums,
)
from spatial.errors import EstimationError, PanelError, WeightsError, listed
from spatial.options import Alternative, JoinSampling, checked_option
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result
from spatial.weights.types import as_weights

DIFFERENT = "different"
"""Name of the row that counts all joins of different classes."""

_FEWEST = 4


@dataclass(frozen=True, kw_only=True)
class JoinCounts(Result):
    """Joins between classes and their inference.

    Attributes
    ----------
    table : pandas.DataFrame
        Index: (first, second), each pair of classes once, and ``("different", "different")`` for
        all joins of two classes. Columns: ``count``, ``expected``, ``variance``, ``z_score``,
        ``p_analytical``, ``p_permutation``, ``p_fdr`` (over all rows but the last).
    members : pandas.Series
        Cities of each class.
    sampling, alternative : str
    permutations, n, n_islands : int
    configuration : Configuration
    """

    table: pd.DataFrame
    members: pd.Series
    sampling: str
    alternative: str
    permutations: int
    n: int
    n_islands: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def join_counts(
    classes: pd.Series,
    weights: Any,
    *,
    sampling: JoinSampling = "without replacement",
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: RandomSource = None,
) -> JoinCounts:
    r"""Count joins within and between classes, such as resilient and not resilient cities.

    .. math:: J_{rr} = \tfrac12 \sum_{ij} w_{ij} [c_i = r][c_j = r], \qquad
              J_{rs} = \tfrac12 \sum_{ij} w_{ij} ([c_i = r][c_j = s] + [c_i = s][c_j = r])

    Parameters
    ----------
    classes : pandas.Series of shape (n,)
        Index: city ids; two or more classes of any kind (text, booleans, numbers). For two classes
        the rows are the well-known BB, BW and WW.
    weights : Weights
        Or a libpysal Graph or W, or a labelled table; used as they are. With binary symmetric
        weights the counts are numbers of pairs of neighbours.
    sampling : {"without replacement", "free"}
        What the moments assume: the number of cities in each class is given ("non-free"), or each
        city draws its class with the observed shares.
    permutations : int
        Rearrangements of the classes over the cities, 0 for none, else at least 99.
    alternative : {"two-sided", "greater", "less"}
    rng : int, numpy.random.Generator or None

    Returns
    -------
    JoinCounts

    Raises
    ------
    AlignmentError, PanelError
        If labels differ, or a city has no class.
    EstimationError
        If all cities belong to one class, or there are fewer than four cities.
    WeightsError
        If no city has a neighbour.

    References
    ----------
    Cliff, A. D., & Ord, J. K. (1981). Spatial Processes. Pion.

    Examples
    --------
    >>> import pandas as pd
    >>> line = pd.DataFrame(
    ...     [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]],
    ...     index=list("abcd"), columns=list("abcd"),
    ... )
    >>> resilient = pd.Series(["yes", "yes", "no", "no"], list("abcd"))
    >>> join_counts(resilient, line, permutations=0).table["count"].tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    wanted = checked_alternative(alternative)
    rule = checked_option(sampling, JoinSampling, name="sampling")
    count = checked_permutations(permutations, smallest=99, zero=True)
    known = as_weights(weights)
    labels, codes = class_codes(classes, known.ids)
    matrix = known.matrix
    if matrix.nnz == 0:
        raise WeightsError(
            "No city has a neighbour in these weights, so there is no join; use "
            "islands='nearest', a larger cut-off, or other weights."
        )
    generator, seed = seeded_generator(rng)
    pairs = list(combinations_with_replacement(range(len(labels)), 2))
    observed = _counted(matrix, codes, len(labels), pairs)
    drawn = _drawn(matrix, codes, len(labels), pairs, count, generator)
    moments = [_moments(matrix, codes, pair, rule) for pair in pairs]
    moments.append(_moments_of_different(matrix, codes, rule))
    table = pd.DataFrame(
        [_row(observed[at], moment, drawn[:, at], wanted) for at, moment in enumerate(moments)],
        index=pd.MultiIndex.from_tuples(
            [(labels[a], labels[b]) for a, b in pairs] + [(DIFFERENT, DIFFERENT)],
            names=["first", "second"],
        ),
    )
    tested = table["p_permutation" if count else "p_analytical"].to_numpy()[:-1]
    table["p_fdr"] = np.append(adjusted_p_values(tested, "fdr"), np.nan)
    return JoinCounts(
        table=table,
        members=pd.Series(np.bincount(codes), index=pd.Index(labels, name="class"), name="cities"),
        sampling=rule,
        alternative=wanted,
        permutations=count,
        n=known.n,
        n_islands=len(known.islands),
        configuration=Configuration(
            function="join_counts",
            options={
                "sampling": rule,
                "permutations": count,
                "alternative": wanted,
                "islands": ISLANDS_KEPT,
            },
            seed=seed if count else None,
            weights=known.description,
        ),
    )


def class_codes(classes: pd.Series, ids: pd.Index) -> tuple[list[Any], np.ndarray]:
    """Names of the classes in order, and the class of each city in the order of the weights."""
    if not isinstance(classes, pd.Series):
        raise PanelError(
            f"classes must be a pandas Series whose index holds the city ids, not "
            f"{type(classes).__name__}: values are matched by label, never by position."
        )
    require_same_cities(classes.index, ids, left_name="classes", right_name="the weights")
    ordered = classes.reindex(ids)
    missing = ordered.isna().to_numpy()
    if missing.any():
        raise PanelError(
            f"{int(missing.sum())} cities have no class: {listed(ids[missing])}. Give each one, "
            "or drop these cities from the classes and the weights."
        )
    if len(ids) < _FEWEST:
        raise EstimationError(f"{len(ids)} cities are too few for join counts; they need 4.")
    held = ordered.to_numpy(dtype=object)
    if isinstance(classes.dtype, pd.CategoricalDtype):
        names = [name for name in classes.cat.categories if (held == name).any()]
    else:
        names = sorted(set(held), key=lambda name: (type(name).__name__, name))
    if len(names) < 2:
        raise EstimationError(
            f"All cities belong to the class {names[0]!r}, so there is nothing to join; use "
            "classes that differ between cities."
        )
    position = {name: at for at, name in enumerate(names)}
    return names, np.array([position[name] for name in held])


def _counted(
    matrix: sparse.csr_array, codes: np.ndarray, size: int, pairs: list[tuple[int, int]]
) -> np.ndarray:
    """Count joins of each pair of classes, and last those of different classes."""
    coordinates = matrix.tocoo()
    rows, columns = coordinates.coords
    joined = codes[rows] * size + codes[columns]
    ends = np.bincount(joined, weights=coordinates.data, minlength=size * size)
    return _folded(ends.reshape(size, size), pairs)


def _folded(ends: np.ndarray, pairs: list[tuple[int, int]]) -> np.ndarray:
    halves = 0.5 * (ends + ends.T)
    counts = [halves[a, b] * (0.5 if a == b else 1.0) for a, b in pairs]
    different = sum(known for known, (a, b) in zip(counts, pairs, strict=True) if a != b)
    return np.array([*counts, different])


def _drawn(
    matrix: sparse.csr_array,
    codes: np.ndarray,
    size: int,
    pairs: list[tuple[int, int]],
    count: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Count joins of rearranged classes, shape (count, pairs + 1)."""
    coordinates = matrix.tocoo()
    rows, columns = coordinates.coords
    # Sorted classes first: the draws then depend on no order of cities.
    shuffled = np.sort(codes)
    drawn = np.empty((count, len(pairs) + 1))
    for at in range(count):
        generator.shuffle(shuffled)
        joined = shuffled[rows] * size + shuffled[columns]
        ends = np.bincount(joined, weights=coordinates.data, minlength=size * size)
        drawn[at] = _folded(ends.reshape(size, size), pairs)
    return drawn


def _row(
    count: float, moments: FormMoments, drawn: np.ndarray, alternative: Alternative
) -> dict[str, float]:
    spread = np.sqrt(moments.variance)
    # A class of one city has no join with itself, whatever the arrangement.
    z_score = (count - moments.mean) / spread if spread > 0.0 else np.nan
    return {
        "count": count,
        "expected": moments.mean,
        "variance": moments.variance,
        "z_score": z_score,
        "p_analytical": normal_p_value(z_score, alternative),
        "p_permutation": permutation_p_value(count, moments.mean, drawn, alternative),
    }


def _moments(
    matrix: sparse.csr_array, codes: np.ndarray, pair: tuple[int, int], sampling: str
) -> FormMoments:
    """Moments of the joins of one pair of classes."""
    first, second = (np.asarray(codes == code, dtype=float) for code in pair)
    same = pair[0] == pair[1]
    if sampling == "free":
        return _free_moments(matrix, float(first.mean()), float(second.mean()), same=same)
    form = sparse.csr_array(matrix * 0.5 if same else (matrix + matrix.T) * 0.5)
    return form_moments(form, first, second)


def _free_moments(
    matrix: sparse.csr_array, share: float, other: float, *, same: bool
) -> FormMoments:
    """Moments when each city draws its class by itself (Cliff & Ord 1981)."""
    s0, s1, s2 = edge_sums(matrix)
    p, q = share, other
    if same:
        variance = s1 * p**2 + (s2 - 2 * s1) * p**3 + (s1 - s2) * p**4
        return FormMoments(0.5 * s0 * p**2, 0.25 * variance)
    variance = 2 * s1 * p * q + (s2 - 2 * s1) * p * q * (p + q) + 4 * (s1 - s2) * p**2 * q**2
    return FormMoments(s0 * p * q, 0.25 * variance)


def _moments_of_different(
    matrix: sparse.csr_array, codes: np.ndarray, sampling: str
) -> FormMoments:
    """Moments of all joins of different classes: all joins less those of equal ones."""
    n, sizes = len(codes), np.bincount(codes).astype(float)
    s0, s1, s2 = edge_sums(matrix)
    if sampling == "free":
        squares, cubes = ((sizes / n) ** 2).sum(), ((sizes / n) ** 3).sum()
        # Equal classes of pairs that share a city are dependent, of separate pairs they are not.
        variance = 0.25 * s1 * (squares - squares**2) + 0.25 * (s2 - 2 * s1) * (cubes - squares**2)
        return FormMoments(float(0.5 * s0 * (1 - squares)), float(variance))
    squares, cubes = float((sizes**2).sum()), float((sizes**3).sum())
    values = {"ab": squares, "aa": float(n)}
    for pattern in PATTERNS:
        blocks = len(set(pattern))
        values[pattern] = {4: squares**2, 3: cubes, 2: squares, 1: float(n)}[blocks]
    values.update({"aabc": n * squares, "abcc": n * squares, "aabb": float(n * n)})
    equal = moments_of_sums(sparse.csr_array(matrix * 0.5), values, n)
    return FormMoments(0.5 * s0 - equal.mean, equal.variance)
