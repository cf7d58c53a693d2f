"""Indicators of an index that also stand on the other side of the regression."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd

from analyses.indices.indicators import Indicator
from spatial.errors import ConfigError, PanelError

__all__ = ["overlap"]

_NAMES = re.compile(r"[^\W\d]\w*")
_PREFIXES = re.compile(r"^(?:ln|log|l\d*|d\d*|lag|w|z|asinh|delta|per_capita)_", re.IGNORECASE)


def overlap(
    indicators: Sequence[Indicator],
    *,
    regressors: Sequence[str] = (),
    mediators: Sequence[str] = (),
    panel: pd.DataFrame | None = None,
    limit: float = 0.9,
) -> pd.DataFrame:
    """List the indicators that return as regressors or mediators.

    Such a regression is partly tautological: the index moves with the variable because it holds
    it. A variable may be a term of a formula (``np.log(income)``), or carry a prefix (``ln_``,
    ``lag_``, ``w_`` ...).

    Parameters
    ----------
    indicators : sequence of Indicator, or IndicatorSystem
        Of the index that is explained, or explains.
    regressors, mediators : sequence of str
        Columns, or terms of a formula.
    panel : pandas.DataFrame, optional
        With it, pairs of different names are listed too when they correlate (Pearson) by
        ``limit`` or more.
    limit : float
        In (0, 1].

    Returns
    -------
    pandas.DataFrame
        A row for each pair: ``indicator``, ``variable``, ``role`` (``regressor`` or
        ``mediator``), ``reason`` (``same``, ``transformed`` or ``correlated``) and
        ``correlation`` (NaN without the columns). Empty when nothing overlaps.

    Raises
    ------
    ConfigError
        If neither regressors nor mediators are given, or the limit is out of range.
    PanelError
        If the panel lacks an indicator.

    Examples
    --------
    >>> found = overlap([Indicator("phones"), Indicator("jobs")], regressors=["np.log(jobs)"])
    >>> found[["indicator", "variable", "reason"]].to_numpy().tolist()
    [['jobs', 'np.log(jobs)', 'transformed']]
    """
    if not regressors and not mediators:
        raise ConfigError("Give regressors= or mediators= to compare the indicators with.")
    if not 0 < limit <= 1:
        raise ConfigError(f"limit={limit!r} must lie in (0, 1].")
    columns = [indicator.column for indicator in indicators]
    absent = [] if panel is None else [c for c in columns if c not in panel.columns]
    if absent:
        raise PanelError(f"The panel lacks the indicators {absent}.")
    rows = []
    for role, variables in (("regressor", regressors), ("mediator", mediators)):
        for variable in variables:
            inside = {_bare(name) for name in _NAMES.findall(variable)}
            for column in columns:
                correlation = _correlation(panel, column, variable)
                reason = ""
                if variable == column:
                    reason = "same"
                elif column in _NAMES.findall(variable) or _bare(column) in inside:
                    reason = "transformed"
                elif abs(correlation) >= limit:
                    reason = "correlated"
                if reason:
                    rows.append((column, variable, role, reason, correlation))
    return pd.DataFrame(
        rows, columns=["indicator", "variable", "role", "reason", "correlation"]
    ).astype({"correlation": float})


def _bare(name: str) -> str:
    while (shorter := _PREFIXES.sub("", name)) != name:
        name = shorter
    return name.casefold()


def _correlation(panel: pd.DataFrame | None, column: str, variable: str) -> float:
    if panel is None or variable not in panel.columns:
        return float("nan")
    pair = panel[[column]].assign(other=panel[variable]).dropna().astype(float)
    if len(pair) < 3 or not (pair.std() > 0).all():
        return float("nan")
    return cast(float, np.corrcoef(pair.to_numpy().T)[0, 1])
