"""Columns computed from other columns, city by city: logs, growth, lags, shares, sums."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from spatial.errors import PanelError, listed, nearest_spelling

Derivation = Literal["log", "growth", "difference", "lag", "ratio", "share", "sum"]


def derive_column(
    panel: pd.DataFrame, *, kind: Derivation, of: str | tuple[str, ...], by: str | None = None
) -> pd.Series:
    """Compute one column from others.

    Parameters
    ----------
    panel : pandas.DataFrame
        Index ``(city, year)``.
    kind : str
        ``log`` ln x; ``growth`` 100 (ln x_t - ln x_{t-1}), percent; ``difference`` x_t - x_{t-1};
        ``lag`` x_{t-1}; ``ratio`` x / by; ``share`` 100 x / by, percent; ``sum`` of the columns.
    of : str or tuple of str
        Column, or columns for ``sum``.
    by : str, optional
        Denominator.

    Returns
    -------
    pandas.Series
        Index of ``panel``. Changes and lags look one calendar year back: the first year of a city,
        and a year after a gap, have no value.

    Raises
    ------
    PanelError
        If a column is missing, or a logarithm meets values that are zero or negative, or a
        denominator is zero.
    """
    columns = (of,) if isinstance(of, str) else of
    needed = [*columns, *([by] if by else [])]
    for column in needed:
        if column not in panel.columns:
            raise PanelError(
                f"The panel has no column {column!r}{nearest_spelling(column, panel.columns)}; "
                f"it has {listed(panel.columns, limit=40)}."
            )
    first = panel[columns[0]].astype(float)
    if kind in ("log", "growth"):
        first = _positive_log(first)
    if kind == "log":
        return first
    if kind == "sum":
        return panel[list(columns)].astype(float).sum(axis=1, skipna=False)
    if kind in ("ratio", "share"):
        return _quotient(first, panel[str(by)].astype(float)) * (100.0 if kind == "share" else 1.0)
    previous = _previous_year(first)
    if kind == "lag":
        return previous
    return (first - previous) * (100.0 if kind == "growth" else 1.0)


def _positive_log(values: pd.Series) -> pd.Series:
    wrong = values.index[(values <= 0).to_numpy()]
    if len(wrong):
        raise PanelError(
            f"Column {values.name!r} is zero or negative for {listed(wrong)}; it has no logarithm. "
            "Drop these cities, or use kind = 'difference' or a ratio."
        )
    return np.log(values)


def _quotient(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    wrong = denominator.index[(denominator == 0).to_numpy()]
    if len(wrong):
        raise PanelError(
            f"Column {denominator.name!r} is zero for {listed(wrong)}; it cannot divide."
        )
    return numerator / denominator


def _previous_year(values: pd.Series) -> pd.Series:
    cities, years = values.index.get_level_values("city"), values.index.get_level_values("year")
    before = pd.MultiIndex.from_arrays([cities, years - 1])
    return pd.Series(values.reindex(before).to_numpy(), index=values.index)
