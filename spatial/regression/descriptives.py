"""Descriptive statistics and correlations of the variables of a regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from spatial.errors import ConfigError, PanelError, listed
from spatial.options import CorrelationMethod, checked_option
from spatial.results import Configuration, Result

LEAST_ROWS = 3
"""Rows without gaps that a correlation needs."""


@dataclass(frozen=True, kw_only=True)
class VariableDescription(Result):
    """Descriptive statistics, a row for each variable.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: variable; ``n`` (rows with a value), ``mean``, ``std_dev`` (n - 1), ``minimum``,
        ``median``, ``maximum``; ``vif``: variance inflation among the variables that explain, on
        rows without gaps, NaN for the outcome.
    """

    configuration: Configuration
    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()


@dataclass(frozen=True, kw_only=True)
class VariableCorrelations(Result):
    """Correlations of all pairs of variables.

    Attributes
    ----------
    configuration : Configuration
    table : pandas.DataFrame
        Index: (first, second); ``correlation``, ``p_value`` (two-sided), ``n`` (rows where both
        have a value).
    names : tuple of str
        Variables in the order given.
    """

    configuration: Configuration
    table: pd.DataFrame
    names: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each pair."""
        return self.table.copy()


def describe_variables(
    data: pd.DataFrame, columns: Sequence[str], *, outcome: str = ""
) -> VariableDescription:
    """Describe the variables of a regression.

    Variance inflation is :math:`1 / (1 - R_k^2)`, :math:`R_k^2` of variable k on the others and a
    constant (Marquardt 1970).

    Parameters
    ----------
    data : pandas.DataFrame
        A row for each observation.
    columns : sequence of str
        In the order of the table.
    outcome : str
        The column that the others explain; it has no variance inflation.

    Returns
    -------
    VariableDescription

    Raises
    ------
    PanelError
        If a column is not there, is no number, or is infinite.
    ConfigError
        If the outcome is none of the columns.

    Examples
    --------
    >>> data = pd.DataFrame({"x": [1.0, 2, 3, 4], "z": [1.0, -1, -1, 1]})
    >>> found = describe_variables(data, ["x", "z"]).table
    >>> found.loc["x", ["n", "mean", "median", "vif"]].tolist()
    [4.0, 2.5, 2.5, 1.0]
    """
    table = _numbers(data, columns)
    if outcome and outcome not in table:
        raise ConfigError(f"outcome={outcome!r} is none of the columns {listed(table.columns)}.")
    rows = table.agg(["count", "mean", "std", "min", "median", "max"]).T
    rows.columns = pd.Index(["n", "mean", "std_dev", "minimum", "median", "maximum"])
    inflation = _variance_inflation(table[[name for name in table if name != outcome]])
    described = rows.assign(vif=inflation.reindex(rows.index)).astype({"n": int})
    return VariableDescription(
        configuration=Configuration(
            function="describe_variables", options={"columns": tuple(columns), "outcome": outcome}
        ),
        table=described.rename_axis("variable"),
    )


def correlate_variables(
    data: pd.DataFrame, columns: Sequence[str], *, method: CorrelationMethod = "pearson"
) -> VariableCorrelations:
    """Correlate all pairs of variables, each on the rows where both have a value.

    Parameters
    ----------
    data : pandas.DataFrame
    columns : sequence of str
    method : {"pearson", "spearman"}

    Returns
    -------
    VariableCorrelations

    Raises
    ------
    PanelError
        If a column is not there, is no number, or has fewer than three rows with another.

    Examples
    --------
    >>> data = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [1.0, 2, 3, 5]})
    >>> float(correlate_variables(data, ["x", "y"], method="spearman").table["correlation"].iloc[0])
    1.0
    """
    checked_option(method, CorrelationMethod, name="method")
    table = _numbers(data, columns)
    rows = {}
    for first, second in combinations(table.columns, 2):
        both = table[[first, second]].dropna()
        if len(both) < LEAST_ROWS:
            raise PanelError(f"{first!r} and {second!r} have only {len(both)} rows in common.")
        if (both.max() == both.min()).any():
            rows[first, second] = (np.nan, np.nan, len(both))
            continue
        test = stats.pearsonr if method == "pearson" else stats.spearmanr
        found = test(both[first], both[second])
        rows[first, second] = (float(found.statistic), float(found.pvalue), len(both))
    index = pd.MultiIndex.from_tuples(list(rows), names=["first", "second"])
    columns_of = ["correlation", "p_value", "n"]
    return VariableCorrelations(
        configuration=Configuration(
            function="correlate_variables", options={"columns": tuple(columns), "method": method}
        ),
        table=pd.DataFrame(list(rows.values()), index=index, columns=columns_of),
        names=tuple(map(str, table.columns)),
    )


def _numbers(data: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    absent = [name for name in columns if name not in data.columns]
    if absent:
        raise PanelError(f"Columns {listed(absent)} are not in the data.")
    if len(columns) != len(set(columns)) or len(columns) < 1:
        raise PanelError("Name each column once, and at least one.")
    table = data[list(columns)]
    words = [name for name in columns if not pd.api.types.is_numeric_dtype(table[name])]
    if words:
        raise PanelError(f"Columns {listed(words)} are no numbers; leave them out.")
    table = table.astype(float)
    infinite = [name for name in columns if np.isinf(table[name]).any()]
    if infinite:
        raise PanelError(f"Columns {listed(infinite)} hold infinite values; mend them first.")
    return table


def _variance_inflation(table: pd.DataFrame) -> pd.Series:
    """Diagonal of the inverse correlation matrix; infinite where a variable is a sum of others."""
    known = table.dropna()
    if table.shape[1] < 2 or len(known) <= table.shape[1]:
        return pd.Series(np.nan, index=table.columns)
    centred = known - known.mean()
    found = {}
    for name in table.columns:
        others = centred.drop(columns=name).to_numpy()
        own = centred[name].to_numpy()
        total = float(own @ own)
        fit = others @ np.linalg.lstsq(others, own, rcond=None)[0]
        rest = float((own - fit) @ (own - fit))
        if total == 0.0:
            found[name] = np.nan
        else:
            found[name] = np.inf if rest <= 1e-12 * total else total / rest
    return pd.Series(found)
