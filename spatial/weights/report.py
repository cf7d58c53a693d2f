"""The validity report: is this matrix fit for a spatial model, and what should be known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from spatial.alignment import require_same_cities
from spatial.coordinates import city_positions
from spatial.errors import listed
from spatial.results import Configuration, Result
from spatial.weights.neighbours import nearest_neighbours
from spatial.weights.spectrum import Spectrum, extreme_eigenvalues
from spatial.weights.types import Weights, as_weights

_SUM = 1e-9
"""A row sum counts as one when it misses one by no more than this."""

_RANKS = (1, 2, 4, 8, 16)
"""Ranks of neighbours whose distances are told."""

_SYMMETRY = 1e-9
"""Opposite entries count as equal when they differ by less than this share of the largest."""


def _no_correlations() -> pd.Series:
    return pd.Series(dtype=float, index=pd.Index([], name="weights"), name="correlation")


def _no_distances() -> pd.DataFrame:
    columns = ["minimum", "mean", "maximum"]
    return pd.DataFrame(columns=columns, index=pd.Index([], name="k", dtype=int), dtype=float)


@dataclass(frozen=True, kw_only=True)
class WeightsReport(Result):
    """What is worth knowing of spatial weights before they are used.

    Attributes
    ----------
    description, transform : str
        Of the weights.
    n_cities, n_links : int
        Links are counted in each direction.
    share_nonzero : float
        Links over n (n - 1).
    neighbours_min, neighbours_max : int
        Fewest and most cities that a city receives from.
    neighbours_mean : float
    degrees : pandas.Series of int
        Index: number of neighbours; value: cities with so many.
    islands : pandas.Index
        Cities that receive from nobody.
    components_weak, components_strong : int
        Groups of cities joined by links in any direction, and by directed paths both ways.
    symmetric, row_stochastic : bool
        ``row_stochastic`` is False when an island leaves a row with sum zero.
    largest_eigenvalue, smallest_real_eigenvalue : float
    complex_eigenvalues : bool
    eigenvalue_method : str
    rho_interval : tuple of float
        Interval around zero in which I - rho W can be inverted.
    row_sum_min, row_sum_max, column_sum_min, column_sum_max : float
    top_share : float
        Share of all weight that the strongest 1 % of links (at least one) carry.
    warnings : tuple of str
        Sentences.
    warning_codes : tuple of str
        One word for each sentence, for wordings in other languages: empty, islands, components,
        dense, row_distance, hub, complex, endogenous.
    correlations : pandas.Series
        Index: name of other weights; correlation of the entries over all pairs of cities. NaN
        where one of them has equal entries everywhere.
    neighbour_distances : pandas.DataFrame
        Index: k; columns minimum, mean, maximum of the great-circle distance in km from a city to
        its k-th nearest. Empty without positions.
    endogenous : bool or None
        Whether the outcome is among the variables that the weights are made of; None when no
        outcome is named.
    configuration : Configuration
    """

    description: str
    transform: str
    n_cities: int
    n_links: int
    share_nonzero: float
    neighbours_min: int
    neighbours_mean: float
    neighbours_max: int
    degrees: pd.Series
    islands: pd.Index
    components_weak: int
    components_strong: int
    symmetric: bool
    row_stochastic: bool
    largest_eigenvalue: float
    smallest_real_eigenvalue: float
    complex_eigenvalues: bool
    eigenvalue_method: str
    rho_interval: tuple[float, float]
    row_sum_min: float
    row_sum_max: float
    column_sum_min: float
    column_sum_max: float
    top_share: float
    warnings: tuple[str, ...]
    warning_codes: tuple[str, ...]
    configuration: Configuration
    correlations: pd.Series = field(default_factory=_no_correlations)
    neighbour_distances: pd.DataFrame = field(default_factory=_no_distances)
    endogenous: bool | None = None

    def tidy(self) -> pd.DataFrame:
        """Return the report as a table: index ``item``, column ``value``."""
        items: dict[str, Any] = {
            "description": self.description,
            "transform": self.transform,
            "n_cities": self.n_cities,
            "n_links": self.n_links,
            "share_nonzero": self.share_nonzero,
            "neighbours_min": self.neighbours_min,
            "neighbours_mean": self.neighbours_mean,
            "neighbours_max": self.neighbours_max,
            "n_islands": len(self.islands),
            "components_weak": self.components_weak,
            "components_strong": self.components_strong,
            "symmetric": self.symmetric,
            "row_stochastic": self.row_stochastic,
            "largest_eigenvalue": self.largest_eigenvalue,
            "smallest_real_eigenvalue": self.smallest_real_eigenvalue,
            "complex_eigenvalues": self.complex_eigenvalues,
            "rho_lower": self.rho_interval[0],
            "rho_upper": self.rho_interval[1],
            "row_sum_min": self.row_sum_min,
            "row_sum_max": self.row_sum_max,
            "column_sum_min": self.column_sum_min,
            "column_sum_max": self.column_sum_max,
            "top_share": self.top_share,
            "endogenous": self.endogenous,
        }
        items |= {f"correlation with {name}": value for name, value in self.correlations.items()}
        items |= {
            f"km to neighbour {k}, {column}": value
            for k, row in self.neighbour_distances.iterrows()
            for column, value in row.items()
        }
        return pd.DataFrame(
            {"value": pd.Series(items, dtype=object)}, index=pd.Index(items, name="item")
        )


def weights_report(
    weights: Weights,
    *,
    others: Mapping[str, Any] | None = None,
    cities: pd.DataFrame | None = None,
    outcome: str | None = None,
) -> WeightsReport:
    """Examine spatial weights.

    Parameters
    ----------
    weights : Weights
        Or a libpysal Graph or W, or a labelled table.
    others : mapping of str to Weights, optional
        Other weights of the same cities, to correlate with.
    cities : geopandas.GeoDataFrame or pandas.DataFrame, optional
        Positions, for the distances to the k-th nearest city.
    outcome : str, optional
        Name of the outcome of the model: weights made of it are endogenous.

    Returns
    -------
    WeightsReport

    Raises
    ------
    WeightsError
        If the weights change by year (report on ``matrix_of(year)``) or hold negative, missing or
        diagonal entries.
    AlignmentError
        If other weights or positions are of other cities.

    Notes
    -----
    Conditions of spatial models (Lee 2004, https://doi.org/10.1111/j.1468-0262.2004.00558.x): zero
    diagonal, I - rho W invertible, row and column sums bounded, W exogenous. The first three are
    looked at here; the last cannot be seen in a matrix, only in how the matrix was made.
    """
    source = as_weights(weights)
    matrix = source.matrix
    row_sums, column_sums = matrix.sum(axis=1), matrix.sum(axis=0)
    degrees = np.diff(matrix.indptr)
    spectrum = extreme_eigenvalues(matrix)
    facts: dict[str, Any] = {
        "components_weak": _components(matrix, "weak"),
        "components_strong": _components(matrix, "strong"),
        "symmetric": _is_symmetric(matrix),
        "row_stochastic": bool(np.abs(row_sums - 1.0).max(initial=0.0) <= _SUM),
        "column_sum_max": float(column_sums.max(initial=0.0)),
    }
    found = _warnings(source, facts, spectrum)
    endogenous = None if outcome is None else outcome in _variables(source.parameters)
    if endogenous:
        found["endogenous"] = (
            f"The weights are made of the outcome {outcome!r}: they are endogenous, and estimates "
            "with them are biased; use its values of years before the sample."
        )
    return WeightsReport(
        description=source.description,
        transform=source.transform,
        n_cities=source.n,
        n_links=int(matrix.nnz),
        share_nonzero=matrix.nnz / max(source.n * (source.n - 1), 1),
        neighbours_min=int(degrees.min(initial=source.n)),
        neighbours_mean=float(degrees.mean()),
        neighbours_max=int(degrees.max(initial=0)),
        degrees=pd.Series(degrees, name="cities").value_counts().sort_index().rename_axis("degree"),
        islands=source.islands,
        largest_eigenvalue=spectrum.largest,
        smallest_real_eigenvalue=spectrum.smallest_real,
        complex_eigenvalues=spectrum.has_complex,
        eigenvalue_method=spectrum.method,
        rho_interval=spectrum.rho_interval(),
        row_sum_min=float(row_sums.min()),
        row_sum_max=float(row_sums.max()),
        column_sum_min=float(column_sums.min()),
        top_share=_top_share(matrix),
        warnings=tuple(found.values()),
        warning_codes=tuple(found),
        configuration=Configuration(
            function="weights_report",
            options={"others": tuple(others or ()), "outcome": outcome},
            weights=source.description,
        ),
        correlations=_correlations(source, others or {}),
        neighbour_distances=_neighbour_distances(source, cities),
        endogenous=endogenous,
        **facts,
    )


def _correlations(weights: Weights, others: Mapping[str, Any]) -> pd.Series:
    """Pearson correlation of entries over all ordered pairs of different cities."""
    found, own, count = _no_correlations(), weights.matrix, weights.n * (weights.n - 1)
    for name, given in others.items():
        other = as_weights(given).reordered(weights.ids).matrix
        cross = float((own * other).sum()) - own.sum() * other.sum() / count
        spreads = [float((A * A).sum() - A.sum() ** 2 / count) for A in (own, other)]
        lengths = [float((A * A).sum()) for A in (own, other)]
        # A spread that is rounding of the sum of squares is none.
        flat = any(spread <= _SUM * length for spread, length in zip(spreads, lengths, strict=True))
        found.loc[name] = np.nan if flat else cross / np.sqrt(spreads[0] * spreads[1])
    return found


def _neighbour_distances(weights: Weights, cities: pd.DataFrame | None) -> pd.DataFrame:
    """Distances to the nearest, second, fourth, eighth and sixteenth city."""
    if cities is None or weights.n < 2:
        return _no_distances()
    require_same_cities(
        cities.index, weights.ids, left_name="the positions", right_name="the weights"
    )
    ranks = [k for k in _RANKS if k < weights.n]
    _, kilometres = nearest_neighbours(city_positions(cities), ranks[-1])
    rows = kilometres[:, [k - 1 for k in ranks]]
    return pd.DataFrame(
        {"minimum": rows.min(axis=0), "mean": rows.mean(axis=0), "maximum": rows.max(axis=0)},
        index=pd.Index(ranks, name="k"),
    )


def _variables(parameters: Mapping[str, Any]) -> set[str]:
    """Names of the variables that weights, or the weights nested in them, are made of."""
    found = {str(parameters["variable"])} if "variable" in parameters else set()
    for value in parameters.values():
        if isinstance(value, Mapping):
            found |= _variables(value)
    return found


def _components(matrix: sparse.csr_array, connection: str) -> int:
    count, _ = csgraph.connected_components(matrix, directed=True, connection=connection)
    return int(count)


def _is_symmetric(matrix: sparse.csr_array) -> bool:
    gap = abs(matrix - matrix.T)
    return bool(gap.nnz == 0 or gap.max() <= _SYMMETRY * matrix.data.max())


def _top_share(matrix: sparse.csr_array) -> float:
    if matrix.nnz == 0:
        return float("nan")
    count = max(1, int(np.ceil(0.01 * matrix.nnz)))
    strongest = np.partition(matrix.data, matrix.nnz - count)[matrix.nnz - count :]
    return float(strongest.sum() / matrix.data.sum())


def _warnings(weights: Weights, facts: dict[str, Any], spectrum: Spectrum) -> dict[str, str]:
    matrix, islands = weights.matrix, weights.islands
    if matrix.nnz == 0:
        return {"empty": "No city has a neighbour: these weights say nothing."}
    found: dict[str, str] = {}
    if len(islands):
        found["islands"] = (
            f"{len(islands)} cities receive from nobody ({listed(islands)}): their spatial lag is "
            "zero, and two-way effects by transformation need row sums of one."
        )
    if facts["components_weak"] > len(islands) + 1:
        found["components"] = (
            f"The cities fall into {facts['components_weak']} groups without links between them: "
            "nothing spills over from one group to another."
        )
    if matrix.nnz > 0.5 * weights.n * (weights.n - 1) and weights.n > 10:
        found["dense"] = (
            "More than half of all pairs are linked: spatial lags come close to the mean of all "
            "cities, and their coefficients are hard to tell apart; consider a cut-off."
        )
    if weights.transform == "row" and weights.parameters.get("kind") == "inverse distance":
        found["row_distance"] = (
            "Rows of distance weights sum to one: absolute distance is lost and a remote city "
            "receives as much as a central one; compare with transform='spectral' or 'min-max'."
        )
    if facts["column_sum_max"] > 0.5 * weights.n * float(matrix.sum(axis=1).max()):
        hub = weights.ids[[int(np.argmax(matrix.sum(axis=0)))]]
        found["hub"] = (
            f"More than half of the cities lean on {listed(hub)} alone: column sums grow with the "
            "number of cities, and large-sample theory does not cover this."
        )
    if spectrum.has_complex and not np.isfinite(spectrum.smallest_real):
        found["complex"] = (
            "No negative real eigenvalue is known: the lower limit of rho is the safe one, minus "
            "one over the spectral radius."
        )
    return found
