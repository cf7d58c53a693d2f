r"""Correction of the bias that fixed effects bring into maximum likelihood (Lee and Yu 2010).

=================  ===========================================================================
word               what is done
=================  ===========================================================================
none               nothing
variance           sigma2 only: T / (T - 1) for city and two-way effects, N / (N - 1) for year
                   effects; the year effects then act as ordinary dummies, for any scaling of W
lee-yu             city: sigma2 T / (T - 1); year: sigma2 N / (N - 1); two-way:
                   theta + Sigma^-1 [0; 1/(1 - rho); 1/(2 sigma2)] / N, then sigma2 T / (T - 1),
                   with Sigma the information divided by N T; with rho and lambda each has its
                   entry 1/(1 - rho), 1/(1 - lambda)
transformation     likelihood of the data after the orthonormal transformation that takes out the
                   effects, with N - 1 cities, T - 1 years, or both
=================  ===========================================================================

With year or two-way effects the last two need weights whose rows sum to one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from spatial.errors import EstimationError, listed
from spatial.options import BiasCorrection, Covariance, Effects, Specification, checked_option
from spatial.regression.design import PanelDesign
from spatial.regression.log_determinant import LogDeterminant
from spatial.regression.spatial_lag import SpatialLag
from spatial.regression.specifications import ERROR, spatial_lags


def correction_word(bias_correction: bool | str) -> BiasCorrection:
    """Turn True, False or a word into the word.

    Examples
    --------
    >>> correction_word(True), correction_word(False), correction_word("variance")
    ('lee-yu', 'none', 'variance')
    """
    if isinstance(bias_correction, (bool, np.bool_)):
        return "lee-yu" if bias_correction else "none"
    word: BiasCorrection = checked_option(  # type: ignore[assignment]
        bias_correction, BiasCorrection, name="bias_correction"
    )
    return word


def require_valid_correction(
    design: PanelDesign,
    specification: Specification,
    effects: Effects,
    correction: BiasCorrection,
    covariance: Covariance = "information",
) -> None:
    """Raise where the weights do not allow the correction.

    Raises
    ------
    EstimationError
        Naming islands or rows that do not sum to one, and the remedies.
    """
    if correction == "transformation" and covariance != "information":
        raise EstimationError(
            f"covariance={covariance!r} is not made for bias_correction='transformation'; use "
            "bias_correction=True."
        )
    year_effects = effects in ("year", "two-way")
    if correction in ("lee-yu", "transformation") and year_effects:
        for lag in spatial_lags(design, specification):
            _require_unit_rows(design.cities, lag, effects, correction)
    if correction == "transformation" and not all(
        lag.constant for lag in spatial_lags(design, specification)
    ):
        raise EstimationError(
            "bias_correction='transformation' needs the same weights in all years; use "
            "bias_correction=True, or weights of one year."
        )
    error_lag = design.error_lag
    if specification in ERROR and not error_lag.constant:
        city_effects = effects in ("city", "two-way")
        if city_effects or (year_effects and not error_lag.row_normalised):
            raise EstimationError(
                f"An error model with {effects} effects needs the same weights in all years: "
                "filtering by changing weights does not leave the effects constant. Use weights of "
                "one year, or a lag specification ('sar', 'sdm')."
            )


def _require_unit_rows(
    cities: pd.Index, lag: SpatialLag, effects: Effects, correction: BiasCorrection
) -> None:
    if lag.row_normalised:
        return
    islands = cities[lag.islands()]
    choice = "bias_correction=True" if correction == "lee-yu" else f"bias_correction={correction!r}"
    alternatives = (
        "or use bias_correction='variance' (year effects as ordinary dummies, valid for any "
        "weights), effects='city', or bias_correction=False."
    )
    if len(islands):
        raise EstimationError(
            f"{len(islands)} cities have no neighbour (islands): {listed(islands)}. With {effects} "
            f"effects {choice} needs row sums of one. Attach the islands "
            "(spatial.weights.attach_islands), take k-nearest-neighbour weights, or drop these "
            f"cities from data and weights; {alternatives}"
        )
    raise EstimationError(
        f"The weights are not row-normalised (row sums from {lag.row_sums().min():.4g} to "
        f"{lag.row_sums().max():.4g}). With {effects} effects {choice} needs row sums of "
        f"one. Scale them with weights.transformed('row'), {alternatives}"
    )


def corrected_parameters(
    theta: np.ndarray, information: np.ndarray, n: int, years: int, *, spatial: int = 1
) -> np.ndarray:
    r"""Two-way correction of Lee and Yu (2010) before sigma2 is scaled by T / (T - 1).

    .. math:: \theta + (I / NT)^{-1} [0; 1 / (1 - \rho); 1 / (1 - \lambda); 1 / (2 \sigma^2)] / N

    with the entries of the spatial parameters that the model has.

    Parameters
    ----------
    theta : numpy.ndarray of shape (k + p + 1,)
        Coefficients, rho and lambda or one of them, sigma2.
    information : numpy.ndarray of shape (k + p + 1, k + p + 1)
        At theta.
    n, years : int
    spatial : int
        p, the number of spatial parameters.

    Returns
    -------
    numpy.ndarray of shape (k + p + 1,)

    References
    ----------
    Lee and Yu (2010) doi:10.1016/j.jeconom.2009.08.001.
    """
    bias = np.zeros_like(theta)
    bias[-1 - spatial : -1] = 1.0 / (1.0 - theta[-1 - spatial : -1])
    bias[-1] = 1.0 / (2.0 * theta[-1])
    return theta + np.linalg.solve(information / (n * years), bias) / n


def variance_factor(effects: Effects, correction: BiasCorrection, n: int, years: int) -> float:
    """Factor of sigma2 that makes up for estimated effects.

    Examples
    --------
    >>> round(variance_factor("two-way", "lee-yu", 46, 30), 6)
    1.034483
    """
    if correction in ("none", "transformation") or effects == "pooled":
        return 1.0
    return n / (n - 1) if effects == "year" else years / (years - 1)


def require_inside(value: float, determinant: LogDeterminant, symbol: str) -> None:
    """Raise when the correction carries the spatial parameter out of its valid interval."""
    if not determinant.low < value < determinant.high:
        raise EstimationError(
            f"The Lee-Yu correction moves {symbol} to {value:.6g}, outside its valid interval "
            f"({determinant.low:.6g}, {determinant.high:.6g}). Use "
            "bias_correction='transformation', which stays inside, or bias_correction=False."
        )


def correction_note(effects: Effects, correction: BiasCorrection, n: int, years: int) -> str:
    """Say in one sentence which correction was used and why."""
    if effects == "pooled":
        return "No fixed effects, so that maximum likelihood needs no correction of bias."
    if correction == "none":
        return (
            "No correction of bias: sigma2 is too small by the share of estimated effects, and "
            "with two-way effects the spatial parameter is biased by the order of 1/N."
        )
    factor = f"{n}/{n - 1}" if effects == "year" else f"{years}/{years - 1}"
    if correction == "variance":
        return f"sigma2 is scaled by {factor}; year effects, if any, act as ordinary dummies."
    if correction == "transformation":
        taken = {"city": "one year", "year": "one city", "two-way": "one city and one year"}[
            effects
        ]
        return (
            f"Lee-Yu transformation: the effects are taken out by an orthonormal transformation "
            f"that costs {taken}; estimates are consistent without correction."
        )
    if effects == "two-way":
        return (
            "Lee-Yu bias correction for two-way effects: coefficients and the spatial parameter "
            f"corrected to order 1/N, then sigma2 scaled by {factor} (weights are row-normalised)."
        )
    return (
        f"Lee-Yu bias correction for {effects} effects: coefficients and the spatial parameter are "
        f"consistent as they are, sigma2 is scaled by {factor}."
    )
