"""Relatedness of sectors from where they are found together, and its density around a city."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyses.indices.agglomeration import location_quotients
from analyses.indices.employment import checked_employment
from spatial.errors import ConfigError, PanelError, listed
from spatial.options import RelatednessForm, checked_option

__all__ = ["relatedness", "relatedness_density"]


def relatedness(
    employment: pd.DataFrame, *, form: RelatednessForm = "minimum", threshold: float = 1.0
) -> pd.DataFrame:
    r"""Measure how often cities are specialised in two sectors at once.

    With :math:`c_{sk}` cities specialised (:math:`LQ \ge` threshold) in both sectors and
    :math:`c_s` in one, of n cities:

    - ``"minimum"``: :math:`\min(P(s|k), P(k|s)) = c_{sk} / \max(c_s, c_k)` (Hidalgo et al. 2007);
    - ``"association"``: :math:`n c_{sk} / (c_s c_k)`, one when both are independent;
    - ``"cosine"``: :math:`c_{sk} / \sqrt{c_s c_k}`;
    - ``"jaccard"``: :math:`c_{sk} / (c_s + c_k - c_{sk})`.

    Parameters
    ----------
    employment : pandas.DataFrame
        A row for each city, a column for each sector, of one year.
    form : {"minimum", "association", "cosine", "jaccard"}
    threshold : float
        Location quotient from which a city counts as specialised.

    Returns
    -------
    pandas.DataFrame
        Sectors by sectors, symmetric; the diagonal is missing, and so is a sector in which no city
        is specialised.

    Raises
    ------
    PanelError
        If the employment is unfit or of several years.
    ConfigError
        If an option is wrong.

    References
    ----------
    Hidalgo, C. A., Klinger, B., Barabasi, A.-L. & Hausmann, R. (2007). The product space conditions
    the development of nations. Science 317(5837), 482-487.

    Examples
    --------
    >>> jobs = pd.DataFrame({"a": [9.0, 9, 1], "b": [9.0, 1, 1], "c": [1.0, 1, 9]})
    >>> float(relatedness(jobs).loc["a", "b"])
    0.5
    """
    checked_option(form, RelatednessForm, name="form")
    has = _specialised(employment, threshold)
    both = has.T @ has
    single = np.diag(both).copy()
    a, b = single[:, None], single[None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        values = {
            "minimum": both / np.maximum(a, b),
            "association": len(has) * both / (a * b),
            "cosine": both / np.sqrt(a * b),
            "jaccard": both / (a + b - both),
        }[form]
    empty = single == 0
    values[empty, :] = values[:, empty] = np.nan
    np.fill_diagonal(values, np.nan)
    return pd.DataFrame(values, index=employment.columns, columns=employment.columns).rename_axis(
        index="sector"
    )


def relatedness_density(
    employment: pd.DataFrame,
    *,
    proximity: pd.DataFrame | None = None,
    form: RelatednessForm = "minimum",
    threshold: float = 1.0,
) -> pd.DataFrame:
    r"""Measure how close each sector is to the specialisations that a city has.

    :math:`100 \sum_{k \ne s} \phi_{sk} I[LQ_{ik} \ge c] / \sum_{k \ne s} \phi_{sk}`, from 0
    (nothing related is there) to 100 (all of it).

    Parameters
    ----------
    employment : pandas.DataFrame
        A row for each city, a column for each sector, of one year.
    proximity : pandas.DataFrame, optional
        Relatedness of the sectors, such as that of an earlier year or a wider economy; by default
        that of this table, which then knows the outcome that it is to explain.
    form, threshold
        See ``relatedness``.

    Returns
    -------
    pandas.DataFrame
        Index and columns of ``employment``; missing for a sector related to none and for a city
        without employment.

    Raises
    ------
    PanelError
        If the employment is unfit or of several years, or ``proximity`` lacks sectors or is
        negative.
    ConfigError
        If an option is wrong.

    References
    ----------
    Boschma, R., Balland, P.-A. & Kogler, D. F. (2015). Relatedness and technological change in
    cities: the rise and fall of technological knowledge in US metropolitan areas from 1981 to 2010.
    Industrial and Corporate Change 24(1), 223-250.
    """
    checked_option(form, RelatednessForm, name="form")
    sectors = employment.columns
    has = _specialised(employment, threshold)
    if proximity is None:
        proximity = relatedness(employment, form=form, threshold=threshold)
    absent = [s for s in sectors if s not in proximity.index or s not in proximity.columns]
    if absent:
        raise PanelError(f"proximity= has no row or column for the sectors {listed(absent)}.")
    near = proximity.loc[sectors, sectors].to_numpy(float).copy()
    np.fill_diagonal(near, 0.0)
    near = np.nan_to_num(near)
    if not (np.isfinite(near) & (near >= 0)).all():
        raise PanelError("Relatedness is never negative or infinite; correct proximity=.")
    total = near.sum(axis=0)
    density = 100.0 * (has @ near) / np.where(total > 0, total, np.nan)
    found = pd.DataFrame(density, index=employment.index, columns=sectors)
    return found.where((employment.sum(axis=1) > 0), axis=0)


def _specialised(employment: pd.DataFrame, threshold: float) -> np.ndarray:
    """Ones where a city is specialised in a sector, shape (cities, sectors)."""
    if not (np.isfinite(threshold) and threshold > 0):
        raise ConfigError(f"threshold={threshold!r} must be a positive location quotient.")
    table = checked_employment(employment)
    if "year" in table.index.names and len(table.index.get_level_values("year").unique()) > 1:
        raise PanelError(
            "Relatedness is measured in one year; choose it by table.xs(2016, level='year')."
        )
    return (location_quotients(table) >= threshold).to_numpy(float)
