"""Kernel densities of cities by year: whether a distribution moves, spreads or splits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analyses.indices.resilience_inputs import checked_panel
from spatial.errors import ConfigError, EstimationError, listed
from spatial.results import Configuration, Result

__all__ = ["KernelDensities", "kernel_densities"]


@dataclass(frozen=True, kw_only=True)
class KernelDensities(Result):
    """Densities of all years over the same values.

    Attributes
    ----------
    density : pandas.DataFrame
        Index value, a column for each year; each integrates to one.
    summary : pandas.DataFrame
        Index ``year``: ``n``, ``bandwidth``, ``peak`` (value of the highest density), ``height``,
        ``width`` (of the range above half of the height), ``modes`` (how many maxima).
    configuration : Configuration
    """

    density: pd.DataFrame
    summary: pd.DataFrame
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the summary, a row for each year."""
        return self.summary.copy()


def kernel_densities(
    panel: pd.DataFrame,
    outcome: str,
    *,
    points: int = 256,
    bandwidth: float | None = None,
) -> KernelDensities:
    r"""Estimate the density of an outcome in each year, over values common to all years.

    :math:`f_t(y) = \frac{1}{n h} \sum_i \phi\left(\frac{y - y_{it}}{h}\right)` with the Gaussian
    :math:`\phi` and, by default, Silverman's :math:`h = 0.9 \min(s, IQR/1.34)\, n^{-1/5}` of each
    year.

    Parameters
    ----------
    panel : pandas.DataFrame
        Index with the levels ``city`` and ``year``; missing values are left out.
    outcome : str
    points : int
        How many values, from three bandwidths below the lowest to three above the highest.
    bandwidth : float, optional
        One :math:`h` for all years.

    Returns
    -------
    KernelDensities

    Raises
    ------
    EstimationError
        If a year has fewer than two different values; years are named.
    ConfigError
        If points or bandwidth are out of range.

    References
    ----------
    Silverman, B. W. (1986). Density estimation for statistics and data analysis. Chapman and Hall.
    """
    if points < 16 or (bandwidth is not None and not bandwidth > 0):
        raise ConfigError(
            f"points={points!r} must be 16 or more, bandwidth={bandwidth!r} positive."
        )
    checked_panel(panel, columns=[outcome])
    values = panel[outcome].astype(float).replace([np.inf, -np.inf], np.nan).dropna()
    years = values.index.get_level_values("year")
    samples = {year: values[years == year].to_numpy() for year in sorted(years.unique())}
    flat = [year for year, sample in samples.items() if np.ptp(sample) == 0]
    if flat or not samples:
        raise EstimationError(
            f"No density of {outcome}: no two different values in {listed(flat)}."
        )
    widths = {
        year: _silverman(sample) if bandwidth is None else float(bandwidth)
        for year, sample in samples.items()
    }
    margin = 3.0 * max(widths.values())
    grid = np.linspace(values.min() - margin, values.max() + margin, points)
    density = {year: _density(grid, samples[year], widths[year]) for year in samples}
    summary = {
        year: {
            "n": len(samples[year]),
            "bandwidth": widths[year],
            **_shape(grid, density[year]),
        }
        for year in samples
    }
    return KernelDensities(
        density=pd.DataFrame(density, index=pd.Index(grid, name="value")).rename_axis(
            columns="year"
        ),
        summary=pd.DataFrame.from_dict(summary, orient="index").rename_axis("year"),
        configuration=Configuration(
            function="kernel_densities",
            options={"outcome": outcome, "points": points, "bandwidth": bandwidth},
        ),
    )


def _silverman(sample: np.ndarray) -> float:
    spread = float(sample.std(ddof=1))
    quartiles = np.quantile(sample, [0.25, 0.75])
    robust = float(quartiles[1] - quartiles[0]) / 1.34
    # With many equal values the quartiles may fall together.
    return 0.9 * (min(spread, robust) if robust > 0 else spread) * len(sample) ** -0.2


def _density(grid: np.ndarray, sample: np.ndarray, width: float) -> np.ndarray:
    z = (grid[:, None] - sample[None, :]) / width
    return np.exp(-0.5 * z**2).sum(axis=1) / (len(sample) * width * np.sqrt(2.0 * np.pi))


def _shape(grid: np.ndarray, density: np.ndarray) -> dict[str, float]:
    top = int(np.argmax(density))
    above = grid[density >= density[top] / 2.0]
    inner = density[1:-1]
    modes = int(((inner > density[:-2]) & (inner >= density[2:])).sum())
    return {
        "peak": float(grid[top]),
        "height": float(density[top]),
        "width": float(above[-1] - above[0]),
        "modes": modes,
    }
