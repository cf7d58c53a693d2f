"""Concentration net of plant size: Ellison-Glaeser, Maurel-Sedillot and Devereux."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from spatial.errors import PanelError, listed

__all__ = ["ellison_glaeser"]


def ellison_glaeser(
    plants: pd.DataFrame,
    *,
    industry: str = "industry",
    region: str = "region",
    employment: str = "employment",
    totals: pd.Series | None = None,
) -> pd.DataFrame:
    r"""Concentration of industries beyond what the sizes of their plants explain.

    With :math:`s_i` the share of a region in the industry, :math:`x_i` in all employment,
    :math:`z_k` the share of a plant in its industry, :math:`G = \sum (s_i - x_i)^2` and
    :math:`H = \sum z_k^2`:

    - Ellison & Glaeser (1997):
      :math:`\gamma = \frac{G - (1 - \sum x^2) H}{(1 - \sum x^2)(1 - H)}`;
    - Maurel & Sedillot (1999):
      :math:`\hat\gamma = \left[\frac{\sum s^2 - \sum x^2}{1 - \sum x^2} - H\right] / (1 - H)`;
    - Devereux, Griffith & Simpson (2004): :math:`\alpha = F - M`, with
      :math:`F = \sum s^2 - 1/K`, K the smaller of the numbers of regions and plants, and
      :math:`M = \sum z^2 - 1/n` for n plants;
    - :math:`z = (G - (1 - \sum x^2) H) / \sqrt{var(G)}` with :math:`var(G) = 2\{H^2[\sum x^2 -
      2 \sum x^3 + (\sum x^2)^2] - \sum_k z_k^4 [\sum x^2 - 4 \sum x^3 + 3 (\sum x^2)^2]\}`.

    Zero is what plants thrown at random give; below 0 dispersed, up to 0.02 weak, up to 0.05
    medium, above strong concentration.

    Parameters
    ----------
    plants : pandas.DataFrame
        A row for each plant.
    industry, region, employment : str
        Columns of ``plants``.
    totals : pandas.Series, optional
        All employment of each region (index region); by default the sum of the plants.

    Returns
    -------
    pandas.DataFrame
        Index ``industry`` with ``ellison_glaeser``, ``maurel_sedillot``, ``devereux``,
        ``raw_concentration`` (G), ``plant_herfindahl`` (H), ``plants``, ``z_score`` and
        ``p_value`` (two-sided, normal).
        The indices of a one-plant industry are NaN.

    Raises
    ------
    PanelError
        If columns are absent, employment is missing, zero or negative, or a region of a plant has
        no total.

    References
    ----------
    Ellison, G. & Glaeser, E. L. (1997). Geographic concentration in U.S. manufacturing industries:
    a dartboard approach. Journal of Political Economy 105(5), 889-927.
    https://doi.org/10.1086/262098

    Maurel, F. & Sedillot, B. (1999). A measure of the geographic concentration in French
    manufacturing industries. Regional Science and Urban Economics 29(5), 575-604.
    https://doi.org/10.1016/S0166-0462(99)00020-0

    Devereux, M. P., Griffith, R. & Simpson, H. (2004). The geographic distribution of production
    activity in the UK. Regional Science and Urban Economics 34(5), 533-564.

    Examples
    --------
    >>> plants = pd.DataFrame({"industry": "ICT", "region": ["A", "A", "B"],
    ...                        "employment": [10.0, 10, 20]})
    >>> shares = pd.Series({"A": 50.0, "B": 50.0})
    >>> ellison_glaeser(plants, totals=shares)["ellison_glaeser"].round(6).to_list()
    [-0.6]
    """
    table = checked_plant_sizes(plants, industry, region, employment)
    shares = region_shares(table, totals)
    rows = {
        name: _industry_row(group, shares) for name, group in table.groupby("industry", sort=True)
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("industry")


def checked_plant_sizes(
    plants: pd.DataFrame, industry: str, region: str, employment: str
) -> pd.DataFrame:
    """Return columns ``industry``, ``region`` and ``employment`` of plants fit for shares.

    Raises
    ------
    PanelError
        If columns are absent, or a plant lacks industry, region or a positive employment.
    """
    absent = [c for c in (industry, region, employment) if c not in plants.columns]
    if absent:
        raise PanelError(
            f"The table of plants has no column {listed(absent)}; it has {listed(plants.columns)}."
        )
    table = pd.DataFrame(
        {
            "industry": plants[industry],
            "region": plants[region],
            "employment": plants[employment].astype(float),
        }
    )
    jobs = table["employment"].to_numpy()
    wrong = table.index[~(np.isfinite(jobs) & (jobs > 0)) | table.isna().any(axis=1).to_numpy()]
    if len(wrong) or table.empty:
        raise PanelError(
            f"{len(wrong)} of {len(table)} plants lack industry, region or a positive employment: "
            f"rows {listed(wrong)}. Leave these plants out."
        )
    return table


def region_shares(table: pd.DataFrame, totals: pd.Series | None) -> pd.Series:
    """Return the share of each region in all employment.

    Raises
    ------
    PanelError
        If a region of a plant has no total, or totals are negative or all zero.
    """
    known = table.groupby("region")["employment"].sum() if totals is None else totals.astype(float)
    absent = sorted(set(table["region"]) - set(known.index))
    values = known.to_numpy()
    if absent or not (np.isfinite(values) & (values >= 0)).all() or not values.sum() > 0:
        raise PanelError(
            f"Totals of regions must be finite and not negative for every region with a plant; "
            f"missing: {listed(absent) or 'none'}."
        )
    return known / values.sum()


def _industry_row(group: pd.DataFrame, shares: pd.Series) -> dict[str, float]:
    size = group["employment"].to_numpy() / group["employment"].sum()
    local = group.groupby("region")["employment"].sum().reindex(shares.index, fill_value=0.0)
    s, x = (local / local.sum()).to_numpy(), shares.to_numpy()
    x2, x3 = float((x**2).sum()), float((x**3).sum())
    raw, herfindahl = float(((s - x) ** 2).sum()), float((size**2).sum())
    # One plant, or one region: nothing can be told about location.
    room = (1 - x2) * (1 - herfindahl)
    room = room if len(size) > 1 and room > 1e-12 else float("nan")
    excess = raw - (1 - x2) * herfindahl
    variance = 2 * (
        herfindahl**2 * (x2 - 2 * x3 + x2**2) - float((size**4).sum()) * (x2 - 4 * x3 + 3 * x2**2)
    )
    fewest = min(len(x), len(size))
    spread = float((s**2).sum()) - 1 / fewest - (herfindahl - 1 / len(size))
    z = excess / np.sqrt(variance) if variance > 0 and len(size) > 1 else float("nan")
    return {
        "ellison_glaeser": excess / room,
        "maurel_sedillot": (float((s**2).sum()) - x2 - (1 - x2) * herfindahl) / room,
        "devereux": spread if len(size) > 1 else float("nan"),
        "raw_concentration": raw,
        "plant_herfindahl": herfindahl,
        "plants": len(size),
        "z_score": z,
        "p_value": 2 * float(stats.norm.sf(abs(z))),
    }
