"""Bands of simulated curves: by distance, and over all distances together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.errors import ConfigError

__all__ = ["Envelopes", "envelopes"]


@dataclass(frozen=True)
class Envelopes:
    """Bands of curves that were made by chance.

    Attributes
    ----------
    mean : array of shape (t,)
    local_lower, local_upper : array of shape (t,)
        Quantiles of the curves at each distance by itself.
    global_lower, global_upper : array of shape (t,)
        The narrowest common rank whose band holds the wanted share of whole curves.
    p_value : float
        Of the observed curve over all distances, two-sided.
    """

    mean: np.ndarray
    local_lower: np.ndarray
    local_upper: np.ndarray
    global_lower: np.ndarray
    global_upper: np.ndarray
    p_value: float


def envelopes(observed: np.ndarray, simulated: np.ndarray, *, level: float) -> Envelopes:
    r"""Make local and global bands of simulated curves.

    The local bands are the :math:`\alpha` and :math:`1 - \alpha` quantiles at each distance. A
    curve stays inside the band from the k-th lowest to the k-th highest value if its extreme rank,
    the least over all distances of its rank from below and from above, is at least k; the global
    bands take the largest k that at least :math:`1 - \alpha` of the simulated curves satisfy. The
    p-value is :math:`(1 + \#\{R_s \le R_0\})/(1 + M)` of the extreme rank of the observed curve
    among those of the simulated ones.

    Parameters
    ----------
    observed : array of shape (t,)
    simulated : array of shape (m, t)
    level : float
        :math:`\alpha`, such as 0.05: local bands of 5 and 95 %, and 95 % of the simulated curves
        wholly inside the global bands.

    Returns
    -------
    Envelopes

    Raises
    ------
    ConfigError
        If there are fewer simulations than the level needs: :math:`M \ge 2/\alpha - 1`.

    References
    ----------
    Duranton, G. & Overman, H. G. (2005). Testing for localization using micro-geographic data.
    Review of Economic Studies 72(4), 1077-1106.

    Myllymaki, M., Mrkvicka, T., Grabarnik, P., Seijo, H. & Hahn, U. (2017). Global envelope tests
    for spatial processes. Journal of the Royal Statistical Society B 79(2), 381-404.
    """
    number = len(simulated)
    if not 0 < level < 0.5:
        raise ConfigError(f"level={level!r} must be a share below one half, such as 0.05.")
    if number < 2 / level - 1:
        raise ConfigError(
            f"{number} simulations are too few for a level of {level}; take "
            f"{int(np.ceil(2 / level - 1))} or more."
        )
    ordered = np.sort(simulated, axis=0)
    ranks = _extreme_ranks(simulated, ordered)
    keep = 1
    while keep < number // 2 and (ranks >= keep + 1).mean() >= 1 - level:
        keep += 1
    own = _extreme_ranks(observed[None, :], ordered)[0]
    local = np.quantile(simulated, [level, 1 - level], axis=0)
    return Envelopes(
        mean=simulated.mean(axis=0),
        local_lower=local[0],
        local_upper=local[1],
        global_lower=ordered[keep - 1],
        global_upper=ordered[number - keep],
        p_value=float((1 + (ranks <= own).sum()) / (1 + number)),
    )


def _extreme_ranks(curves: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Rank of each curve where it is most extreme; ties count for the curve (lenient ranks)."""
    number, places = ordered.shape
    extreme = np.full(len(curves), number, dtype=int)
    for t in range(places):
        below = np.searchsorted(ordered[:, t], curves[:, t], side="right")
        above = number - np.searchsorted(ordered[:, t], curves[:, t], side="left")
        extreme = np.minimum(extreme, np.minimum(below, above))
    return extreme
