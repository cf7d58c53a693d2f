"""Exact removal of origin and destination effects from tables of dyads, under weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse


@dataclass(frozen=True, slots=True)
class DyadEffects:
    """Weighted least squares on origin and destination effects, ready for any table.

    Attributes
    ----------
    weights : numpy.ndarray of shape (n, n)
        Zero where a cell does not count.
    sent : numpy.ndarray of shape (n,)
        Sums of weights over rows, 1 where the row is empty.
    factor : tuple
        Cholesky factor of the equations of the destination effects.
    pinned : numpy.ndarray of bool, shape (n,)
        Destinations whose effect is set to zero: one in each component, and empty columns.
    """

    weights: np.ndarray
    sent: np.ndarray
    factor: tuple[np.ndarray, bool]
    pinned: np.ndarray

    def effects(self, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return origin and destination effects of a table.

        Parameters
        ----------
        table : numpy.ndarray of shape (n, n)
            Finite, also where weights are zero.

        Returns
        -------
        origin, destination : numpy.ndarray of shape (n,)
        """
        weighted = self.weights * table
        rows, columns = weighted.sum(axis=1), weighted.sum(axis=0)
        right = columns - self.weights.T @ (rows / self.sent)
        right[self.pinned] = 0.0
        destination = linalg.cho_solve(self.factor, right)
        origin = (rows - self.weights @ destination) / self.sent
        return origin, destination

    def residual(self, table: np.ndarray) -> np.ndarray:
        """Return a table less its origin and destination effects, in all cells."""
        # Twice: the second pass takes out what rounding left of the first.
        for _ in range(2):
            origin, destination = self.effects(table)
            table = table - origin[:, None] - destination
        return table


def dyad_effects(weights: np.ndarray, pinned: np.ndarray) -> DyadEffects:
    r"""Prepare weighted projections on origin and destination effects.

    The normal equations of :math:`\sum_{ij} w_{ij} (z_{ij} - a_i - b_j)^2` are reduced to the b:
    :math:`(\mathrm{diag}(w_{.j}) - W' \mathrm{diag}(1 / w_{i.}) W) b = ...`, and solved by a
    Cholesky factorisation instead of alternating means, which converge slowly on sparse tables.

    Parameters
    ----------
    weights : numpy.ndarray of shape (n, n)
        Zero or positive.
    pinned : numpy.ndarray of bool, shape (n,)
        From ``pinned_destinations`` of the cells with positive weights.

    Returns
    -------
    DyadEffects
    """
    sent = weights.sum(axis=1)
    sent = np.where(sent > 0, sent, 1.0)
    equations = np.diag(weights.sum(axis=0)) - weights.T @ (weights / sent[:, None])
    equations[pinned, :] = 0.0
    equations[:, pinned] = 0.0
    equations[pinned, pinned] = 1.0
    return DyadEffects(weights, sent, linalg.cho_factor(equations), pinned)


def bipartite_components(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give numbers to the components of origins and destinations joined by cells.

    Parameters
    ----------
    cells : numpy.ndarray of bool, shape (n, n)

    Returns
    -------
    of_origin, of_destination : numpy.ndarray of int, shape (n,)
    """
    n = len(cells)
    joined = sparse.csr_array(cells)
    graph = sparse.block_array([[None, joined], [joined.T, None]], format="csr")
    labels = sparse.csgraph.connected_components(graph, directed=False)[1]
    return labels[:n], labels[n:]


def pinned_destinations(cells: np.ndarray) -> np.ndarray:
    """Choose one destination in each component, and every destination without cells.

    Parameters
    ----------
    cells : numpy.ndarray of bool, shape (n, n)

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
    """
    labels = bipartite_components(cells)[1]
    pinned = np.zeros(len(cells), dtype=bool)
    pinned[np.unique(labels, return_index=True)[1]] = True
    return pinned
