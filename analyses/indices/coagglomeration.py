"""Co-agglomeration of sectors: Ellison-Glaeser-Kerr pairs and the collaborative index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analyses.indices.agglomeration import location_quotients
from analyses.indices.employment import checked_employment
from spatial.errors import ConfigError, PanelError, listed
from spatial.options import CollaborativeVariant, checked_option

__all__ = ["collaborative_agglomeration", "collaborative_index", "pairwise_coagglomeration"]


def pairwise_coagglomeration(employment: pd.DataFrame) -> pd.DataFrame:
    r"""Co-agglomeration of every pair of sectors (Ellison, Glaeser & Kerr 2010).

    :math:`\gamma^c_{ab} = \sum_i (s_{ia} - x_i)(s_{ib} - x_i) / (1 - \sum_i x_i^2)` with
    :math:`s_{ia}` the share of city :math:`i` in sector :math:`a` and :math:`x_i` the mean of
    the shares over the sectors.

    Parameters
    ----------
    employment : pandas.DataFrame
        A row for each city, a column for each sector, of one year.

    Returns
    -------
    pandas.DataFrame
        Sectors by sectors, symmetric; the diagonal, a sector with itself, is NaN, and so are
        sectors without employment, which also leave the mean.

    Raises
    ------
    PanelError
        If values are unfit, there are several years, or fewer than two sectors or cities.

    References
    ----------
    Ellison, G., Glaeser, E. L. & Kerr, W. R. (2010). What causes industry agglomeration? Evidence
    from coagglomeration patterns. American Economic Review 100(3), 1195-1213.
    https://doi.org/10.1257/aer.100.3.1195

    Examples
    --------
    >>> jobs = pd.DataFrame({"a": [9.0, 1], "b": [8.0, 2], "c": [1.0, 9]})
    >>> round(float(pairwise_coagglomeration(jobs).loc["a", "b"]), 6)
    0.25
    """
    table = checked_employment(employment)
    if "year" in table.index.names and len(table.index.get_level_values("year").unique()) > 1:
        raise PanelError(
            "Pairs are measured in one year; choose it by table.xs(2016, level='year')."
        )
    totals = table.sum()
    present = list(totals.index[(totals > 0).to_numpy()])
    if len(present) < 2 or len(table) < 2:
        raise PanelError(
            f"Pairs need two cities and two sectors with employment; there are {len(table)} cities "
            f"and {listed(present)}."
        )
    shares = (table[present] / totals[present]).to_numpy()
    mean = shares.mean(axis=1, keepdims=True)
    gap = shares - mean
    room = 1.0 - float((mean**2).sum())
    values = gap.T @ gap / (room if room > 1e-12 else np.nan)
    np.fill_diagonal(values, np.nan)
    pairs = pd.DataFrame(values, index=present, columns=present)
    return pairs.reindex(index=table.columns, columns=table.columns).rename_axis(index="sector")


def collaborative_index(
    first: pd.Series, second: pd.Series, *, variant: CollaborativeVariant = "quality and height"
) -> pd.Series:
    r"""Collaborative agglomeration of two sectors from their location quotients.

    With the quality :math:`Q = 1 - |LQ_a - LQ_b| / (LQ_a + LQ_b)`, in [0, 1]:

    - ``"quality and height"``: :math:`Q + (LQ_a + LQ_b)`;
    - ``"quality"``: :math:`Q` alone;
    - ``"quality and half height"``: :math:`Q + (LQ_a + LQ_b)/2`.

    Parameters
    ----------
    first, second : pandas.Series
        Quotients with the same labels, in any order; not negative.
    variant : {"quality and height", "quality", "quality and half height"}

    Returns
    -------
    pandas.Series
        Index of ``first``; NaN where both quotients are zero or one is missing.

    Raises
    ------
    PanelError
        If labels differ or a quotient is negative.

    References
    ----------
    Chen, G. & Chen, J. (2012). Interindustry coagglomeration with spatial continuity: based on
    the study on coagglomeration between the secondary and tertiary industries. Management World
    (4), 82-100.

    Examples
    --------
    >>> collaborative_index(pd.Series([1.2, 0.5]), pd.Series([0.8, 2.0])).round(6).to_list()
    [2.8, 2.9]
    """
    checked_option(variant, CollaborativeVariant, name="variant")
    if not (first.index.is_unique and second.index.is_unique):
        raise PanelError("Labels of the quotients repeat; give each city-year one row.")
    if len(first) != len(second) or not first.index.isin(second.index).all():
        odd = first.index.symmetric_difference(second.index)
        raise PanelError(f"The quotients do not have the same labels: {listed(odd)}.")
    a, b = first.astype(float), second.reindex(first.index).astype(float)
    negative = a.index[((a < 0) | (b < 0)).to_numpy()]
    if len(negative):
        raise PanelError(f"Location quotients are never negative: {listed(negative)}.")
    height = a + b
    quality = 1.0 - (a - b).abs() / height.where(height > 0)
    factor = {"quality and height": 1.0, "quality": 0.0, "quality and half height": 0.5}[variant]
    return (quality + factor * height).rename("collaborative_agglomeration")


def collaborative_agglomeration(
    employment: pd.DataFrame,
    first: str | Sequence[str],
    second: str | Sequence[str],
    *,
    variant: CollaborativeVariant = "quality and height",
    reference: pd.Series | pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Collaborative agglomeration of two groups of sectors from employment.

    Parameters
    ----------
    employment : pandas.DataFrame
        A row for each city or city-year, a column for every sector of the economy.
    first, second : str or sequence of str
        Sectors of each group, for example ``"ict"`` and ``"manufacturing"``, or the producer
        services; several are summed before the quotient is taken.
    variant
        See ``collaborative_index``.
    reference
        See ``location_quotients``.

    Returns
    -------
    pandas.DataFrame
        Index of ``employment``, columns ``first_quotient``, ``second_quotient`` and
        ``collaborative_agglomeration``.

    Raises
    ------
    ConfigError
        If a group is empty, a sector is absent, or the groups share one.
    PanelError
        If the employment is unfit.
    """
    groups = {
        "first": [first] if isinstance(first, str) else list(first),
        "second": [second] if isinstance(second, str) else list(second),
    }
    for name, sectors in groups.items():
        absent = [s for s in sectors if s not in employment.columns]
        if absent or not sectors:
            raise ConfigError(
                f"{name}= must name sectors of the table; absent: {listed(absent) or 'all'}."
            )
    shared = sorted(set(groups["first"]) & set(groups["second"]))
    if shared:
        raise ConfigError(f"Both groups hold {listed(shared)}; a sector belongs to one.")
    quotients = {
        name: location_quotients(
            _grouped(employment, sectors),
            reference=None
            if reference is None
            else _grouped_reference(reference, employment, sectors),
        )["group"]
        for name, sectors in groups.items()
    }
    table = pd.DataFrame({f"{name}_quotient": values for name, values in quotients.items()})
    table["collaborative_agglomeration"] = collaborative_index(
        quotients["first"], quotients["second"], variant=variant
    )
    return table


def _grouped(employment: pd.DataFrame, sectors: list[str]) -> pd.DataFrame:
    table = checked_employment(employment)
    group = table[sectors].sum(axis=1)
    return pd.DataFrame({"group": group, "rest": table.drop(columns=sectors).sum(axis=1)})


def _grouped_reference(
    reference: pd.Series | pd.DataFrame, employment: pd.DataFrame, sectors: list[str]
) -> pd.Series | pd.DataFrame:
    by_year = reference if isinstance(reference, pd.DataFrame) else reference.to_frame().T
    absent = [c for c in employment.columns if c not in by_year.columns]
    if absent:
        raise PanelError(f"The reference has no sector {listed(absent)}.")
    rest = [c for c in employment.columns if c not in sectors]
    sums = pd.DataFrame({"group": by_year[sectors].sum(axis=1), "rest": by_year[rest].sum(axis=1)})
    return sums if isinstance(reference, pd.DataFrame) else sums.iloc[0]
