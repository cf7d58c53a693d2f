"""The type that carries spatial weights: who receives from whom, how strongly, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.alignment import require_unique
from spatial.errors import WeightsError, listed
from spatial.options import Transform

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from libpysal.weights import W


@dataclass(frozen=True, repr=False)
class Weights:
    """Spatial weights of n cities; **row i receives from column j**.

    Attributes
    ----------
    ids : pandas.Index of shape (n,)
        City ids, unique, in the order of rows and columns.
    matrices : tuple of scipy.sparse.csr_array of shape (n, n)
        One matrix, or one for each year of ``years``. Zero diagonal, no negative entries.
    transform : str
        How the entries were scaled, a word of ``spatial.options.Transform``.
    description : str
        How the weights were made, in words.
    parameters : mapping
        The same as plain values.
    years : pandas.Index or None
        Years of the matrices, None when one matrix serves all years.

    Notes
    -----
    Islands (cities without neighbours) are kept: their row is zero. Every function says what it
    does with them.
    """

    ids: pd.Index
    matrices: tuple[sparse.csr_array, ...]
    transform: Transform = "none"
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    years: pd.Index | None = None
    direction: str = "row receives from column"

    def __post_init__(self) -> None:
        """Check shapes, labels and entries once, here."""
        require_unique(self.ids, what="weights")
        expected = 1 if self.years is None else len(self.years)
        if len(self.matrices) != expected:
            raise WeightsError(f"{len(self.matrices)} matrices given, {expected} expected.")
        cleaned = tuple(self._checked(matrix) for matrix in self.matrices)
        object.__setattr__(self, "matrices", cleaned)

    def _checked(self, matrix: sparse.csr_array) -> sparse.csr_array:
        n = len(self.ids)
        csr = sparse.csr_array(matrix, dtype=float, copy=True)
        if csr.shape != (n, n):
            raise WeightsError(f"A weights matrix has shape {csr.shape}; {n} ids need ({n}, {n}).")
        csr.sum_duplicates()
        csr.eliminate_zeros()
        if not np.isfinite(csr.data).all():
            rows = np.unique(csr.tocoo().row[~np.isfinite(csr.data)])
            raise WeightsError(
                f"Weights hold missing or infinite entries, for cities {listed(self.ids[rows])}; "
                "correct the distances they were made of, or put zero where no link is."
            )
        if (csr.data < 0).any():
            rows = np.unique(csr.nonzero()[0][csr.data < 0])
            raise WeightsError(
                f"Weights of cities {listed(self.ids[rows])} are negative; weights are strengths "
                "and must be zero or positive."
            )
        on_diagonal = np.flatnonzero(csr.diagonal())
        if len(on_diagonal):
            raise WeightsError(
                f"Cities {listed(self.ids[on_diagonal])} are neighbours of themselves; set the "
                "diagonal to zero."
            )
        csr.sort_indices()
        return csr

    def __repr__(self) -> str:
        """Say in one line what the weights are."""
        links = sum(matrix.nnz for matrix in self.matrices)
        years = "" if self.years is None else f" in {len(self.years)} years"
        words = f": {self.description}" if self.description else ""
        return (
            f"<Weights of {self.n} cities, {links} links{years}, transform {self.transform}{words}>"
        )

    @property
    def n(self) -> int:
        """Number of cities."""
        return len(self.ids)

    @property
    def matrix(self) -> sparse.csr_array:
        """The one matrix; refuses when there is one for each year."""
        if self.years is not None:
            raise WeightsError("These weights change by year; use matrix_of(year).")
        return self.matrices[0]

    def matrix_of(self, year: object) -> sparse.csr_array:
        """Return the matrix in force in a year."""
        if self.years is None:
            return self.matrices[0]
        if year not in self.years:
            raise WeightsError(f"No weights for year {year!r}; known: {listed(self.years)}.")
        return self.matrices[int(self.years.get_indexer(pd.Index([year]))[0])]

    @property
    def islands(self) -> pd.Index:
        """Cities that receive from nobody, in at least one year."""
        empty = np.zeros(self.n, dtype=bool)
        for matrix in self.matrices:
            empty |= np.diff(matrix.indptr) == 0
        return self.ids[empty]

    def lag(self, values: pd.Series) -> pd.Series:
        """Spatial lag W y, matched by label; islands get 0.

        Parameters
        ----------
        values : pandas.Series of shape (n,)

        Returns
        -------
        pandas.Series of shape (n,)
            With the index of ``values``.
        """
        from spatial.alignment import aligned_series

        y = aligned_series(values, self.ids, what=str(values.name or "values"))
        lagged = pd.Series(self.matrix @ y.to_numpy(), index=self.ids, name=values.name)
        return lagged.reindex(values.index)

    def subset(self, ids: pd.Index) -> Weights:
        """Keep the given cities, in the given order; links to others are cut.

        The entries are kept as they are: transform again where the sum of rows matters.
        """
        position = self.ids.get_indexer(ids)
        if (position < 0).any():
            raise WeightsError(f"Not in the weights: {listed(ids[position < 0])}.")
        cut = tuple(matrix[position][:, position] for matrix in self.matrices)
        return Weights(
            ids,
            cut,
            "none" if self.transform != "binary" else "binary",
            f"{self.description}; subset of {len(ids)} cities",
            self.parameters,
            self.years,
            self.direction,
        )

    def reordered(self, ids: pd.Index) -> Weights:
        """Return the same weights with cities in another order."""
        from spatial.alignment import require_same_cities

        require_same_cities(ids, self.ids, left_name="the data", right_name="the weights")
        position = self.ids.get_indexer(ids)
        moved = tuple(matrix[position][:, position] for matrix in self.matrices)
        return Weights(
            ids,
            moved,
            self.transform,
            self.description,
            self.parameters,
            self.years,
            self.direction,
        )

    def transformed(self, transform: Transform) -> Weights:
        """Return the weights scaled by ``spatial.weights.transform_weights``."""
        from spatial.weights.transforms import transform_weights

        return transform_weights(self, transform)

    def to_frame(self) -> pd.DataFrame:
        """Return links as a table: focal, neighbor, weight (and year where they change)."""
        frames = []
        for position, matrix in enumerate(self.matrices):
            coo = matrix.tocoo()
            frame = pd.DataFrame(
                {
                    "focal": self.ids[coo.coords[0]],
                    "neighbor": self.ids[coo.coords[1]],
                    "weight": coo.data,
                }
            )
            if self.years is not None:
                frame.insert(0, "year", self.years[position])
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def to_table(self, year: object = None) -> pd.DataFrame:
        """Return a square table with city ids on both axes, which ``as_weights`` reads back.

        Parameters
        ----------
        year : optional
            Which matrix, where they change by year.

        Returns
        -------
        pandas.DataFrame of shape (n, n)
            Dense: 8 n^2 bytes.
        """
        matrix = self.matrix if year is None else self.matrix_of(year)
        return pd.DataFrame(matrix.toarray(), index=self.ids, columns=self.ids)

    def to_graph(self) -> Graph:
        """Return a ``libpysal.graph.Graph``."""
        from libpysal.graph import Graph

        return Graph.from_sparse(self.matrix.tocoo(), ids=self.ids)

    def to_w(self) -> W:
        """Return a ``libpysal.weights.W`` with the same ids in the same order."""
        from libpysal.weights import W

        matrix, ids = self.matrix, list(self.ids)
        neighbors, weights = {}, {}
        for row, city in enumerate(ids):
            span = slice(matrix.indptr[row], matrix.indptr[row + 1])
            neighbors[city] = [ids[column] for column in matrix.indices[span]]
            weights[city] = matrix.data[span].tolist()
        return W(neighbors, weights, id_order=ids, silence_warnings=True)


def as_weights(source: Any, *, ids: pd.Index | None = None, description: str = "") -> Weights:
    """Take weights of any kind: Weights, libpysal Graph or W, labelled table, or sparse matrix.

    Parameters
    ----------
    source : Weights, libpysal.graph.Graph, libpysal.weights.W, pandas.DataFrame or sparse matrix
        A DataFrame is square, with the same city ids on both axes.
    ids : pandas.Index, optional
        City ids of a sparse matrix, which carries none.
    description : str
        How the weights were made.

    Returns
    -------
    Weights

    Raises
    ------
    WeightsError
        If the kind is not known, or a sparse matrix comes without ids.
    """
    if isinstance(source, Weights):
        return source
    kind = type(source).__module__ + "." + type(source).__name__
    if isinstance(source, pd.DataFrame):
        if set(source.index) != set(source.columns):
            apart = sorted(map(str, set(source.index) ^ set(source.columns)))
            raise WeightsError(
                "A weights table needs the same city ids on rows and columns; only on one axis: "
                f"{listed(apart)}."
            )
        square = source.loc[:, source.index]
        return Weights(
            pd.Index(source.index),
            (sparse.csr_array(square.to_numpy(dtype=float)),),
            "none",
            description or "table",
        )
    if kind.startswith("libpysal.graph"):
        return Weights(
            pd.Index(source.unique_ids),
            (sparse.csr_array(source.sparse),),
            "none",
            description or "libpysal Graph",
        )
    if kind.startswith("libpysal.weights"):
        return Weights(
            pd.Index(source.id_order),
            (sparse.csr_array(source.sparse),),
            "none",
            description or "libpysal W",
        )
    if sparse.issparse(source):
        if ids is None:
            raise WeightsError("A sparse matrix carries no city ids; give them as ids=.")
        return Weights(ids, (sparse.csr_array(source),), "none", description or "sparse matrix")
    raise WeightsError(
        f"Cannot read weights from {type(source).__name__}; give Weights, a libpysal Graph or W, "
        "a labelled DataFrame, or a sparse matrix with ids=."
    )
