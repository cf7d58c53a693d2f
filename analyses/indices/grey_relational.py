"""Grey relational coefficients: nearness of every value to the best."""

from __future__ import annotations

import pandas as pd

from spatial.errors import ConfigError, EstimationError

__all__ = ["grey_relational_coefficients"]


def grey_relational_coefficients(
    values: pd.DataFrame, *, distinguishing: float = 0.5
) -> pd.DataFrame:
    r"""Grey relational coefficients of comparable values with the best of every indicator.

    With :math:`\Delta_{im} = \max_i z_{im} - z_{im}`,
    :math:`\xi_{im} = (\Delta_{min} + \rho \Delta_{max}) / (\Delta_{im} + \rho \Delta_{max})`, the
    extremes over all rows and indicators. Their weighted mean is the grey relational grade.

    Parameters
    ----------
    values : pandas.DataFrame
        Comparable values, more is better, rows of all years together; missing ones stay missing.
    distinguishing : float
        :math:`\rho`, above 0 and at most 1: the smaller, the wider the coefficients spread.

    Returns
    -------
    pandas.DataFrame
        In (0, 1]; 1 for the best.

    Raises
    ------
    ConfigError
        If ``distinguishing`` is out of range.
    EstimationError
        If nothing varies.

    References
    ----------
    Deng, J. (1982). Control problems of grey systems. Systems & Control Letters 1(5), 288-294.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.5, 1.0]})
    >>> grey_relational_coefficients(table)["a"].round(4).to_list()
    [0.3333, 0.5, 1.0]
    """
    if not 0 < distinguishing <= 1:
        raise ConfigError(f"distinguishing={distinguishing!r} must lie in (0, 1], as 0.5 does.")
    distance = values.max() - values
    furthest = float(distance.max().max())
    if not furthest > 0:
        raise EstimationError("No indicator varies; every row is as near to the best as the rest.")
    scale = distinguishing * furthest
    return (float(distance.min().min()) + scale) / (distance + scale)
