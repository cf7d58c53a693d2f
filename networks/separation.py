"""Cells of a Poisson gravity regression whose fitted flow is zero whatever the other data say."""

from __future__ import annotations

import numpy as np
from scipy import optimize, sparse

from networks.weighted_effects import bipartite_components, dyad_effects, pinned_destinations
from spatial.errors import EstimationError

NO_VARIATION = 1e-9
"""Share of a regressor's length that must be left after the effects are taken out: rounding
leaves about 1e-13."""

POSITIVE = 1e-6
"""The certificate of a separated cell is scaled to 1; less than this is rounding of the solver."""


def cells_without_information(y: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Find cells of origins that send nothing and of destinations that receive nothing.

    Leaving out such a row may empty a column, so this is repeated until nothing changes.

    Parameters
    ----------
    y : numpy.ndarray of shape (n, n)
        Flows.
    cells : numpy.ndarray of bool, shape (n, n)
        Cells that are observed.

    Returns
    -------
    numpy.ndarray of bool, shape (n, n)
    """
    left = cells.copy()
    while True:
        positive = left & (y > 0)
        sends, receives = np.asarray(positive.any(axis=1)), np.asarray(positive.any(axis=0))
        found = left & ~(sends[:, None] & receives)
        if not found.any():
            return cells & ~left
        left &= ~found


def separated_cells(y: np.ndarray, cells: np.ndarray, regressors: np.ndarray) -> np.ndarray:
    r"""Find cells separated by effects and regressors together.

    A cell with zero flow is separated if some combination :math:`z_{ij} = x_{ij}'\gamma - a_i -
    b_j` is zero in every cell with a flow, nowhere negative, and positive in this cell: the
    likelihood then rises for ever along -z, and no finite estimate exists. Combinations that
    vanish where flows are positive form a space of few dimensions, and the largest set of
    separated cells is the solution of one linear programme over it.

    Parameters
    ----------
    y, cells
        As in ``cells_without_information``; those cells are taken out already.
    regressors : numpy.ndarray of shape (q, n, n)

    Returns
    -------
    numpy.ndarray of bool, shape (n, n)

    Raises
    ------
    EstimationError
        If the programme cannot be solved.

    References
    ----------
    Correia, Guimarães and Zylkin (2019), Verifying the existence of maximum likelihood estimates
    for generalized linear models, arXiv:1903.01633.
    """
    positive = cells & (y > 0)
    zero = cells & ~positive
    none = np.zeros_like(cells)
    if not zero.any():
        return none
    directions = _vanishing_directions(positive, zero, regressors)
    if not directions.shape[1]:
        return none
    m, d = directions.shape
    # Variables: d free coefficients, m certificates between 0 and 1.
    constraints = sparse.hstack([-sparse.csr_array(directions), sparse.eye_array(m)], format="csr")
    found = optimize.linprog(
        np.concatenate([np.zeros(d), -np.ones(m)]),
        A_ub=constraints,
        b_ub=np.zeros(m),
        bounds=[(None, None)] * d + [(0.0, 1.0)] * m,
        method="highs",
    )
    if found.x is None:
        raise EstimationError(
            f"Whether estimates exist could not be found out ({found.message}); leave out cities "
            "with few flows, or regressors that hardly vary."
        )
    separated = none.copy()
    separated[zero] = found.x[d:] > POSITIVE
    return separated


def _vanishing_directions(
    positive: np.ndarray, zero: np.ndarray, regressors: np.ndarray
) -> np.ndarray:
    """Values in the zero cells of a basis of combinations that vanish where flows are positive."""
    of_origin, of_destination = bipartite_components(positive)
    here, there = np.nonzero(zero)
    columns = []
    for component in np.unique(of_origin[zero.any(axis=1)])[1:]:
        columns.append(
            (of_origin[here] == component) * 1.0 - (of_destination[there] == component) * 1.0
        )
    if len(regressors):
        effects = dyad_effects(positive.astype(float), pinned_destinations(positive))
        lengths = np.sqrt((regressors**2 * positive).sum(axis=(1, 2)))
        lengths = np.where(lengths > 0, lengths, 1.0)
        left = np.stack([effects.residual(x / s) for x, s in zip(regressors, lengths, strict=True)])
        triangle = np.linalg.qr(left[:, positive].T, mode="r")
        _, sizes, basis = np.linalg.svd(triangle, full_matrices=True)
        padded = np.concatenate([sizes, np.zeros(len(basis) - len(sizes))])
        for direction in basis[padded < NO_VARIATION]:
            values = np.tensordot(direction, left, axes=1)[zero]
            values[np.abs(values) < NO_VARIATION * max(np.abs(values).max(), 1e-300)] = 0.0
            columns.append(values / max(np.abs(values).max(), 1e-300))
    return np.stack(columns, axis=1) if columns else np.zeros((len(here), 0))
