"""The first stage of an instrumental estimator: endogenous regressors on all instruments."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from spatial.regression.spatial_iv import SpatialIVResult


def first_stage_estimates(result: SpatialIVResult) -> dict[str, pd.DataFrame]:
    r"""Regress every endogenous regressor on exogenous regressors and excluded instruments.

    Least squares net of fixed effects; :math:`s^2 = e'e / (\text{free} + p - q)` for p regressors
    and q instruments, or White's covariance with the same correction where the second stage has a
    robust one.

    Parameters
    ----------
    result : SpatialIVResult

    Returns
    -------
    dict of str to pandas.DataFrame
        By endogenous regressor. Index: instrument; estimate, std_error, p_value (t distribution).
    """
    equation = result.equation
    exogenous = [
        name for name, own in zip(equation.names, equation.is_endogenous, strict=True) if not own
    ]
    names = [*exogenous, *equation.excluded]
    H = equation.H
    free = equation.free + equation.A.shape[1] - H.shape[1]
    inverse = np.linalg.inv(H.T @ H)
    robust = result.configuration.options.get("covariance", "classical") != "classical"
    tables = {}
    for at in np.flatnonzero(equation.is_endogenous):
        own = equation.A[:, at]
        estimate = inverse @ (H.T @ own)
        rest = own - H @ estimate
        if robust:
            scores = H * rest[:, None]
            count = free + H.shape[1]
            covariance = inverse @ (scores.T @ scores) @ inverse * count / free
        else:
            covariance = inverse * float(rest @ rest) / free
        error = np.sqrt(np.diag(covariance))
        p_value = 2.0 * stats.t.sf(np.abs(estimate / error), free)
        tables[equation.names[at]] = pd.DataFrame(
            {"estimate": estimate, "std_error": error, "p_value": p_value},
            index=pd.Index(names, name="instrument"),
        )
    return tables
