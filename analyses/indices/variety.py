"""Related and unrelated variety of city economies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analyses.indices.employment import checked_employment, row_shares
from spatial.errors import ConfigError, listed

__all__ = ["variety"]


def variety(
    employment: pd.DataFrame, groups: Mapping[str, str], *, base: float = 2.0
) -> pd.DataFrame:
    r"""Unrelated variety between groups of sectors and related variety inside them.

    With shares :math:`p_s` of sectors and :math:`P_g` of groups,
    :math:`UV = \sum_g P_g \log(1/P_g)`,
    :math:`RV = \sum_g P_g \sum_{s \in g} (p_s/P_g) \log(P_g/p_s)`; together they are the entropy
    of the sectors.

    Parameters
    ----------
    employment : pandas.DataFrame
        A row for each city or city-year, a column for each (fine) sector.
    groups : mapping of sector to group
        Must name every sector.
    base : float
        Base of the logarithm: 2 for bits, e (2.718...) as many Chinese papers do.

    Returns
    -------
    pandas.DataFrame
        Index of ``employment``, columns ``unrelated_variety``, ``related_variety``,
        ``total_variety``; NaN for a city without employment.

    Raises
    ------
    ConfigError
        If a sector has no group, or the base is not above one.
    PanelError
        If the employment is unfit.

    References
    ----------
    Frenken, K., van Oort, F. & Verburg, T. (2007). Related variety, unrelated variety and regional
    economic growth. Regional Studies 41(5), 685-697. https://doi.org/10.1080/00343400601120296

    Examples
    --------
    >>> jobs = pd.DataFrame({"a1": [10.0], "a2": [20.0], "b1": [30.0], "b2": [40.0]})
    >>> variety(jobs, {"a1": "a", "a2": "a", "b1": "b", "b2": "b"}).round(6).iloc[0].to_list()
    [0.881291, 0.965148, 1.846439]
    """
    absent = [sector for sector in employment.columns if sector not in groups]
    if absent:
        raise ConfigError(f"groups= names no group for the sectors {listed(absent)}.")
    if not base > 1:
        raise ConfigError(f"base={base!r} must be above one, such as 2.")
    shares = row_shares(checked_employment(employment))
    members = [groups[sector] for sector in shares.columns]
    known = shares.notna().all(axis=1)
    between = _entropy(shares.T.groupby(members).sum().T, base).where(known)
    total = _entropy(shares, base).where(known)
    return pd.DataFrame(
        {
            "unrelated_variety": between,
            # Rounding may leave a related variety of -1e-17 when every group has one sector.
            "related_variety": (total - between).clip(lower=0.0),
            "total_variety": total,
        }
    )


def _entropy(shares: pd.DataFrame, base: float) -> pd.Series:
    p = shares.to_numpy()
    safe = np.where(p > 0, p, 1.0)
    return pd.Series(-(safe * np.log(safe)).sum(axis=1) / np.log(base), index=shares.index)
