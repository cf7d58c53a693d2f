"""Arithmetic of Markov chains on plain arrays: counts, long run, passage times, mobility."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def transition_counts(states: np.ndarray, classes: int, steps: int) -> np.ndarray:
    """Count transitions from each start year.

    Parameters
    ----------
    states : numpy.ndarray of int, shape (n, years)
        0 to classes - 1; negative where the state is not known, which leaves the pair out.
    classes, steps : int

    Returns
    -------
    numpy.ndarray of int, shape (years - steps, classes, classes)
    """
    start, end = states[:, :-steps], states[:, steps:]
    known = (start >= 0) & (end >= 0)
    period = np.broadcast_to(np.arange(start.shape[1]), start.shape)
    cell = (period * classes + start) * classes + end
    size = start.shape[1] * classes**2
    return np.bincount(cell[known], minlength=size).reshape(-1, classes, classes)


def row_shares(counts: np.ndarray, *, stay: bool) -> np.ndarray:
    """Transition probabilities; rows without observations are NaN, or stay where they are.

    Parameters
    ----------
    counts : numpy.ndarray of shape (..., k, k)
    stay : bool

    Returns
    -------
    numpy.ndarray of shape (..., k, k)
    """
    totals = counts.sum(axis=-1, keepdims=True)
    shares = np.full(counts.shape, np.nan)
    np.divide(counts, totals, out=shares, where=totals > 0)
    if stay:
        shares = np.where(totals > 0, shares, np.eye(counts.shape[-1]))
    return shares


def known_states(probabilities: np.ndarray) -> np.ndarray:
    """Mark states whose row is known; none where such a state leads to an unknown one.

    Parameters
    ----------
    probabilities : numpy.ndarray of shape (k, k)

    Returns
    -------
    numpy.ndarray of bool, shape (k,)
    """
    known = np.isfinite(probabilities).all(axis=1)
    if (probabilities[known][:, ~known] > 0.0).any():
        return np.zeros(len(known), dtype=bool)
    return np.asarray(known)


def reached(links: np.ndarray) -> np.ndarray:
    """Mark which state can be reached from which, itself included, in any number of steps."""
    paths = links | np.eye(len(links), dtype=bool)
    for _ in range(max(1, int(np.ceil(np.log2(max(len(links), 2)))))):
        paths = (paths.astype(float) @ paths.astype(float)) > 0.0
    return np.asarray(paths)


def closed_groups(probabilities: np.ndarray) -> list[np.ndarray]:
    """Find groups of states that no path leaves; one group where the chain has one long run.

    Parameters
    ----------
    probabilities : numpy.ndarray of shape (k, k)
        Without NaN.

    Returns
    -------
    list of numpy.ndarray of int
    """
    paths = reached(probabilities > 0.0)
    both = paths & paths.T
    groups = []
    for state in range(len(paths)):
        group = np.flatnonzero(both[state])
        if group[0] == state and not (paths[state] & ~both[state]).any():
            groups.append(group)
    return groups


def ergodic_shares(probabilities: np.ndarray) -> np.ndarray:
    """Long-run shares: the row vector that the chain leaves as it is.

    Parameters
    ----------
    probabilities : numpy.ndarray of shape (k, k)

    Returns
    -------
    numpy.ndarray of shape (k,)
        0 for transient states and states that never occur; all NaN where several closed groups
        make the long run depend on the start, or where a row that matters is not known.
    """
    known = known_states(probabilities)
    shares = np.full(len(probabilities), np.nan)
    places = np.flatnonzero(known)
    if not len(places):
        return shares
    chain = probabilities[np.ix_(places, places)]
    groups = closed_groups(chain)
    if len(groups) != 1:
        return shares
    group = groups[0]
    inner = chain[np.ix_(group, group)]
    system = np.vstack([inner.T - np.eye(len(group)), np.ones(len(group))])
    solution = np.linalg.lstsq(system, np.append(np.zeros(len(group)), 1.0), rcond=None)[0]
    shares[:] = 0.0
    shares[places[group]] = solution
    return shares


def first_passage_times(probabilities: np.ndarray) -> np.ndarray:
    """Mean number of steps until a state is first entered; on the diagonal until it is again.

    Parameters
    ----------
    probabilities : numpy.ndarray of shape (k, k)

    Returns
    -------
    numpy.ndarray of shape (k, k)
        From rows to columns. Infinite where the state may never be entered; NaN where a row that
        matters is not known.
    """
    size = len(probabilities)
    times = np.full((size, size), np.nan)
    places = np.flatnonzero(known_states(probabilities))
    if not len(places):
        return times
    chain = probabilities[np.ix_(places, places)]
    for column, target in enumerate(places):
        times[places, target] = _times_to(chain, column)
    return times


def _times_to(chain: np.ndarray, target: int) -> np.ndarray:
    stopped = chain.copy()
    stopped[target] = 0.0
    stopped[target, target] = 1.0
    paths = reached(stopped > 0.0)
    # Entered for sure where every state that can be met on the way still leads there.
    sure = ~(paths & ~paths[:, [target]].T).any(axis=1)
    times = np.full(len(chain), np.inf)
    others = np.flatnonzero(sure & (np.arange(len(chain)) != target))
    if len(others):
        inner = np.eye(len(others)) - chain[np.ix_(others, others)]
        times[others] = np.linalg.solve(inner, np.ones(len(others)))
    after = chain[target] > 0.0
    after[target] = False
    onward = np.where(after, times, 0.0)
    times[target] = 1.0 + float(chain[target, after] @ onward[after])
    return times


def mobility_indices(probabilities: np.ndarray, initial: np.ndarray) -> Mapping[str, float]:
    r"""Summarise a chain by one number each, 0 where nobody ever moves.

    ``trace`` (k - tr P) / (k - 1), by Prais and Shorrocks; ``determinant`` 1 - \|det P\|, by
    Shorrocks; ``eigenvalue`` 1 - \|l2\| with the second largest eigenvalue, by Sommers and
    Conlisk; ``leaving`` k / (k - 1) times the share that leaves its class in one step, and
    ``distance`` the mean number of classes crossed over k - 1, both by Bartholomew and with the
    initial shares of classes.

    Parameters
    ----------
    probabilities : numpy.ndarray of shape (k, k)
    initial : numpy.ndarray of shape (k,)

    Returns
    -------
    dict of str to float
        NaN where a row is not known.
    """
    size = len(probabilities)
    names = ("trace", "determinant", "eigenvalue", "leaving", "distance")
    if size < 2 or not np.isfinite(probabilities).all():
        return dict.fromkeys(names, float("nan"))
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    stay = np.diag(probabilities)
    values = (
        (size - stay.sum()) / (size - 1),
        1.0 - abs(np.linalg.det(probabilities)),
        1.0 - second_eigenvalue(probabilities),
        size * (1.0 - initial @ stay) / (size - 1),
        initial @ (probabilities * apart).sum(axis=1) / (size - 1),
    )
    return dict(zip(names, map(float, values), strict=True))


def second_eigenvalue(probabilities: np.ndarray) -> float:
    """Modulus of the second largest eigenvalue; NaN where a row is not known."""
    if len(probabilities) < 2 or not np.isfinite(probabilities).all():
        return float("nan")
    return float(np.sort(np.abs(np.linalg.eigvals(probabilities)))[-2])
