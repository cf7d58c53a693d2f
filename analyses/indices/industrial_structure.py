"""Industrial structure: upgrading, level and rationality of the sectors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spatial.errors import AlignmentError, PanelError, listed

__all__ = ["industrial_structure"]


def industrial_structure(
    value_added: pd.DataFrame, employment: pd.DataFrame | None = None
) -> pd.DataFrame:
    r"""Upgrading, level and Theil rationality of industrial structure.

    With shares :math:`s_k = Y_k / Y` of sectors :math:`k = 1, \ldots, K`, from the primary on:

    - ``upgrading`` :math:`Y_3 / Y_2` (three sectors; the last over the one before);
    - ``structure_level`` :math:`\sum_k k\, s_k`, from 1 to K;
    - ``theil`` :math:`\sum_k s_k \ln\frac{Y_k / L_k}{Y / L}`: zero when labour is equally
      productive everywhere, the more the less rational; ``rationality`` is its inverse.

    Parameters
    ----------
    value_added : pandas.DataFrame
        A column for each sector, in order from the primary; a row for each city-year.
    employment : pandas.DataFrame, optional
        Same rows and columns, for the Theil index.

    Returns
    -------
    pandas.DataFrame
        Index of ``value_added``. Missing where a sector is missing; ``upgrading`` also where the
        sector before the last is zero, ``theil`` where a sector produces without employment.

    Raises
    ------
    PanelError
        If there are fewer than two sectors, figures are negative, or a city has no value added.
    AlignmentError
        If rows or columns of both tables differ.

    References
    ----------
    Gan, C., Zheng, R. & Yu, D. (2011). An empirical study on the effects of industrial structure
    on economic growth and fluctuations in China. Economic Research Journal 2011(5), 4-16.

    Examples
    --------
    >>> made = pd.DataFrame({"primary": [10.0], "secondary": [40.0], "tertiary": [50.0]})
    >>> work = pd.DataFrame({"primary": [20.0], "secondary": [30.0], "tertiary": [50.0]})
    >>> industrial_structure(made, work).round(4).iloc[0, :3].to_list()
    [1.25, 2.4, 0.0458]
    """
    made = _checked(value_added, "value_added")
    total = made.sum(axis=1, skipna=False)
    empty = made.index[(total == 0).to_numpy()]
    if len(empty):
        raise PanelError(f"Rows have no value added at all: {listed(empty)}.")
    share = made.div(total, axis=0)
    before, last = made.iloc[:, -2], made.iloc[:, -1]
    table = pd.DataFrame(
        {
            "upgrading": last / before.where(before > 0),
            "structure_level": (share * np.arange(1, made.shape[1] + 1)).sum(axis=1, skipna=False),
        }
    )
    if employment is None:
        return table
    work = _aligned(_checked(employment, "employment"), made)
    productivity = made / work.where(work > 0)
    whole = total / work.sum(axis=1, skipna=False)
    logarithm = np.log(productivity.div(whole, axis=0).where(made > 0))
    # A sector that produces nothing adds nothing, whatever its employment.
    parts = (share * logarithm).mask((made == 0) & work.notna(), 0.0)
    theil = parts.sum(axis=1, skipna=False).clip(lower=0.0)
    table["theil"] = theil
    table["rationality"] = 1.0 / theil.where(theil > 0)
    return table


def _checked(table: pd.DataFrame, name: str) -> pd.DataFrame:
    if table.shape[1] < 2:
        raise PanelError(f"{name} needs a column for each of two or more sectors.")
    if not table.index.is_unique:
        raise PanelError(f"Rows repeat: {listed(table.index[table.index.duplicated()].unique())}.")
    values = table.astype(float)
    wrong = values.index[((values < 0) | np.isinf(values)).any(axis=1).to_numpy()]
    if len(wrong):
        raise PanelError(f"{name} is negative or infinite in {listed(wrong)}.")
    return values


def _aligned(work: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    rows = work.index.symmetric_difference(made.index)
    columns = work.columns.symmetric_difference(made.columns)
    if len(rows) or len(columns):
        raise AlignmentError(
            "value_added and employment differ in rows "
            f"({listed(rows) or 'none'}) or columns ({listed(columns) or 'none'})."
        )
    return work.reindex(index=made.index, columns=made.columns)
