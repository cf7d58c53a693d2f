"""Mazziotta-Pareto index: the mean of indicators less a penalty for imbalance."""

from __future__ import annotations

import pandas as pd

from spatial.errors import EstimationError, listed
from spatial.options import ImbalancePenalty, checked_option

__all__ = ["mazziotta_pareto"]


def mazziotta_pareto(values: pd.DataFrame, *, penalty: ImbalancePenalty = "downward") -> pd.Series:
    r"""Mean of comparable indicators with a penalty for those that lag behind the others.

    :math:`MPI_i = M_i \mp S_i\, cv_i` with the mean :math:`M_i` of a row, its standard deviation
    :math:`S_i` (division by the number of indicators) and :math:`cv_i = S_i / M_i`.

    Parameters
    ----------
    values : pandas.DataFrame
        Comparable values around a positive mean (100 and 10, or 70 to 130); a row with a missing
        value gives NaN.
    penalty : {"downward", "upward"}
        Downward where more is better; upward where the index measures something bad.

    Returns
    -------
    pandas.Series

    Raises
    ------
    EstimationError
        If the mean of a row is not positive.

    References
    ----------
    Mazziotta, M. & Pareto, A. (2016). On a generalized non-compensatory composite index for
    measuring socio-economic phenomena. Social Indicators Research 127, 983-1003.

    Examples
    --------
    >>> mazziotta_pareto(pd.DataFrame({"a": [100.0, 90], "b": [100.0, 110]})).to_list()
    [100.0, 99.0]
    """
    checked_option(penalty, ImbalancePenalty, name="penalty")
    mean = values.mean(axis=1, skipna=False)
    low = mean.index[(mean <= 0).to_numpy()]
    if len(low):
        raise EstimationError(
            f"The mean of the indicators is not positive in {listed(low)}, so that it has no "
            "coefficient of variation: use standardise='mean-100' or min-max with "
            "bounds=(70, 130)."
        )
    spread = values.std(axis=1, ddof=0, skipna=False)
    loss = spread**2 / mean
    return (mean - loss if penalty == "downward" else mean + loss).rename("score")
