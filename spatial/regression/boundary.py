"""How far spillovers reach: the same model over a sweep of distances or travel times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy import sparse

from spatial.autocorrelation.multiple_testing import adjusted_p_values
from spatial.errors import (
    AlignmentError,
    ConfigError,
    EstimationError,
    WeightsError,
    listed,
)
from spatial.options import (
    AbsorbedEffects,
    BoundaryScale,
    BoundaryVersion,
    Covariance,
    IsolatesInSweep,
    Specification,
    checked_option,
)
from spatial.regression.argument_checks import is_number, rising_bounds
from spatial.regression.bias_correction import correction_word
from spatial.regression.effect_parts import distance_table
from spatial.regression.panel import fit_panel
from spatial.results import Configuration, Result
from spatial.weights.spectrum import spectral_radius
from spatial.weights.types import Weights

_NUMBERS = (
    "indirect",
    "indirect_se",
    "indirect_z",
    "indirect_p",
    "indirect_low",
    "indirect_high",
    "direct",
    "total",
    "rho",
)


@dataclass(frozen=True, kw_only=True)
class SpilloverBoundary(Result):
    """Indirect effects along distance.

    Attributes
    ----------
    configuration : Configuration
    variable, version, unit : str
    table : pandas.DataFrame
        Index: bound d*. Columns lower and upper (which distances link), indirect with its
        standard error, z, p and 95 % limits, direct, total, rho, p_fdr (adjusted for the number
        of distances), links, isolates, effects_type (what was estimated), note (why there are no
        numbers, or what differs).
    last_significant : float or None
        Largest bound whose indirect effect is significant.
    boundary : float or None
        Last bound of the unbroken run of significant effects from the first bound on.
    half_decay : float or None
        Where the indirect effect has fallen to half of that at the first bound, by linear
        interpolation; None where it does not, and in the inner version.
    alpha : float
    notes : tuple of str
    """

    configuration: Configuration
    variable: str
    version: BoundaryVersion
    unit: str
    table: pd.DataFrame
    last_significant: float | None
    boundary: float | None
    half_decay: float | None
    alpha: float
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()


def spillover_boundary(
    formula: str,
    data: pd.DataFrame,
    distances: pd.DataFrame,
    *,
    variable: str,
    bounds: Sequence[float],
    version: BoundaryVersion = "outer",
    power: float = 1.0,
    scale: BoundaryScale = "spectral",
    isolates: IsolatesInSweep = "flag",
    city: str = "city",
    year: str = "year",
    specification: Specification = "sdm",
    effects: AbsorbedEffects = "two-way",
    bias_correction: bool | str = "variance",
    covariance: Covariance = "information",
    unit: str = "km",
    alpha: float = 0.05,
) -> SpilloverBoundary:
    r"""Estimate one model for each d* and keep the indirect effect of one regressor.

    :math:`w_{ij}(d^*) = d_{ij}^{-power}` where the distance qualifies, else 0:

    =========  =======================================================
    ``outer``  :math:`d_{ij} \ge d^*`: only links beyond d*
    ``inner``  :math:`d_{ij} \le d^*`
    ``ring``   from the bound before (first: 0), excluded, to d*
    =========  =======================================================

    Parameters
    ----------
    formula, data, city, year, specification, effects, covariance
        As in ``fit_panel``.
    distances : pandas.DataFrame
        Square table of km, minutes or steps with city ids on both axes, receiver on rows; or a
        table of cities with ``longitude`` and ``latitude`` or a geometry, for great circles.
    variable : str
        The regressor whose spillovers are followed.
    bounds : sequence of float
        Values of d*, positive and rising.
    version : {"outer", "inner", "ring"}
    power : float
    scale : {"spectral", "base-rows", "row"}
        ``spectral``: all matrices are divided by the largest eigenvalue of the one with all links,
        and ``base-rows``: each row by its sum in that one, so that what is cut away is lost.
        ``row``: the rows of every matrix sum to one; the strength of links is then the same at
        every d* by construction. Show the first, and the last for comparison with the literature.
    isolates : {"flag", "city", "stop"}
        Where cities are left without links: keep the effects and count them (valid where year
        effects are ordinary dummies, ``bias_correction="variance"`` or False); go on with city
        effects only; or end the sweep.
    bias_correction : bool or str
        As in ``fit_panel``. The Lee-Yu corrections need rows that sum to one.
    unit : str
        Of the distances, for tables and figures.
    alpha : float

    Returns
    -------
    SpilloverBoundary

    Raises
    ------
    ConfigError
        If bounds or options do not fit, or the specification has no spillovers.
    EstimationError
        If no bound can be estimated.
    AlignmentError, PanelError

    Notes
    -----
    Neighbouring bounds share most of their links, and many are tried: read single stars with
    ``p_fdr``.

    References
    ----------
    LeSage and Pace (2009) doi:10.1201/9781420064254; Kelejian and Prucha (2010)
    doi:10.1016/j.jeconom.2009.10.025.
    """
    if not isinstance(distances, pd.DataFrame):
        raise AlignmentError(
            "distances must be a square DataFrame with city ids on both axes or a table of cities "
            f"with positions, not {type(distances).__name__}."
        )
    limits = _checked(bounds, power, alpha, specification)
    version = cast("BoundaryVersion", checked_option(version, BoundaryVersion, name="version"))
    checked_option(scale, BoundaryScale, name="scale")
    checked_option(isolates, IsolatesInSweep, name="isolates")
    checked_option(effects, AbsorbedEffects, name="effects")
    correction = correction_word(bias_correction)
    cities = pd.Index(distances.index)
    strength, far = _strengths(distance_table(distances, cities), power, scale, cities)
    rows, ended = {}, False
    for lower, upper, bound in _bands(limits, version):
        linked = (far >= lower if version == "outer" else far > lower) & (far <= upper)
        matrix = _scaled(np.where(linked, strength, 0.0), scale)
        alone = int((matrix.sum(axis=1) == 0.0).sum())
        row = {"lower": lower, "upper": upper, "links": matrix.nnz, "isolates": alone}
        used, note = effects, ""
        ended = ended or (alone > 0 and isolates == "stop")
        if ended:
            note = "the sweep ended at the first distance that leaves cities without links"
        elif alone and isolates == "city" and effects in ("year", "two-way"):
            used, note = "city", "city effects only: cities without links"
        row |= {"effects_type": used, "note": note}
        if not ended:
            words = f"{version} {bound:g} {unit}, power {power:g}, scale {scale}"
            weights = Weights(cities, (matrix,), "row" if scale == "row" else "none", words)
            row |= _estimated(
                variable,
                formula=formula,
                data=data,
                weights=weights,
                city=city,
                year=year,
                specification=specification,
                effects=used,
                bias_correction=correction,
                covariance=covariance,
            )
        rows[bound] = row
    table = _table(rows)
    if table["indirect"].isna().all():
        raise EstimationError(f"No distance could be estimated: {table['note'].iloc[0]}")
    significant = (table["indirect_p"] < alpha).to_numpy()
    half = None if version == "inner" else half_decay(limits, table["indirect"].to_numpy())
    return SpilloverBoundary(
        configuration=Configuration(
            function="spillover_boundary",
            options={
                "formula": formula,
                "variable": variable,
                "bounds": tuple(limits.tolist()),
                "version": version,
                "power": power,
                "scale": scale,
                "isolates": isolates,
                "specification": specification,
                "effects": effects,
                "bias_correction": correction,
                "covariance": covariance,
                "alpha": alpha,
            },
            weights=f"distance in {unit} to the power {-power:g}, {version} {scale}",
        ),
        variable=variable,
        version=version,
        unit=unit,
        table=table,
        last_significant=float(limits[significant][-1]) if significant.any() else None,
        boundary=_unbroken(limits, significant),
        half_decay=half,
        alpha=alpha,
        notes=_notes(table, scale),
    )


def half_decay(bounds: np.ndarray, effects: np.ndarray) -> float | None:
    """Distance at which effects have fallen to half of the first, by linear interpolation.

    Examples
    --------
    >>> half_decay(np.array([100.0, 200.0, 300.0]), np.array([4.0, 3.0, 1.0]))
    250.0
    """
    known = np.isfinite(effects)
    at, values = np.asarray(bounds, dtype=float)[known], effects[known]
    if not len(values) or not known[0] or values[0] == 0.0:
        return None
    share = values / values[0]
    below = np.flatnonzero(share <= 0.5)
    if not len(below):
        return None
    k = int(below[0])
    step = (share[k - 1] - 0.5) / (share[k - 1] - share[k])
    return float(at[k - 1] + step * (at[k] - at[k - 1]))


def _estimated(variable: str, **model: Any) -> dict[str, object]:
    """Effects of one regressor in one model, or the reason why there are none."""
    try:
        fit = fit_panel(**model)
        table = fit.effects().table
    except (EstimationError, WeightsError) as error:
        return {"note": str(error)}
    if variable not in table.index:
        raise ConfigError(
            f"variable={variable!r} is no regressor; choose from {listed(table.index)}."
        )
    numbers = table.loc[[variable], list(_NUMBERS[:-1])].to_numpy(dtype=float)[0]
    return {
        **dict(zip(_NUMBERS, numbers, strict=False)),
        "rho": np.nan if fit.rho is None else fit.rho,
    }


def _checked(bounds: Sequence[float], power: float, alpha: float, specification: str) -> np.ndarray:
    checked_option(specification, Specification, name="specification")
    if specification in ("ols", "sem"):
        raise ConfigError(
            f"specification={specification!r} has no spillovers in the mean; use 'sdm', 'sar', "
            "'slx' or 'sdem'."
        )
    limits = rising_bounds(bounds, name="bounds", example="range(50, 1050, 50)")
    if not (is_number(power) and power > 0):
        raise ConfigError(f"power={power!r} must be a positive number.")
    if not (is_number(alpha) and 0.0 < alpha < 1.0):
        raise ConfigError(f"alpha={alpha} is no level of a test; use a number between 0 and 1.")
    return limits


def _bands(limits: np.ndarray, version: str) -> list[tuple[float, float, float]]:
    before = [0.0, *limits[:-1]]
    if version == "outer":
        return [(float(d), np.inf, float(d)) for d in limits]
    if version == "inner":
        return [(0.0, float(d), float(d)) for d in limits]
    return [(float(a), float(d), float(d)) for a, d in zip(before, limits, strict=True)]


def _strengths(
    far: np.ndarray, power: float, scale: str, cities: pd.Index
) -> tuple[np.ndarray, np.ndarray]:
    """Strength of every link on the common scale, and its distance; the diagonal never links."""
    if len(cities) < 2:
        raise AlignmentError(
            f"The distances are of one city ({listed(cities)}); spillovers need at least two."
        )
    far = np.array(far, dtype=float)
    np.fill_diagonal(far, np.nan)
    same = np.argwhere(far <= 0.0)
    if len(same):
        pairs = [(cities[i], cities[j]) for i, j in same[:11]]
        raise WeightsError(f"Distances of different cities are zero or negative: {listed(pairs)}.")
    strength = np.nan_to_num(far**-power, nan=0.0)
    if scale == "spectral":
        strength = strength / spectral_radius(sparse.csr_array(strength))
    elif scale == "base-rows":
        strength = strength / strength.sum(axis=1, keepdims=True)
    return strength, far


def _scaled(cut: np.ndarray, scale: str) -> sparse.csr_array:
    if scale == "row":
        sums = cut.sum(axis=1, keepdims=True)
        cut = np.divide(cut, sums, out=np.zeros_like(cut), where=sums > 0)
    return sparse.csr_array(cut)


def _table(rows: dict[float, dict[str, object]]) -> pd.DataFrame:
    order = ["lower", "upper", *_NUMBERS, "links", "isolates", "effects_type", "note"]
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=order)
    numbers = list(_NUMBERS)
    table[numbers] = table[numbers].astype(float)
    known = table["indirect_p"].notna()
    adjusted = np.full(len(table), np.nan)
    if known.any():
        adjusted[known] = adjusted_p_values(table.loc[known, "indirect_p"].to_numpy(), "fdr")
    table.insert(list(table.columns).index("indirect_p") + 1, "p_fdr", adjusted)
    return table.rename_axis("bound")


def _unbroken(limits: np.ndarray, significant: np.ndarray) -> float | None:
    run = int(np.argmin(significant)) if not significant.all() else len(significant)
    return float(limits[run - 1]) if run else None


def _notes(table: pd.DataFrame, scale: str) -> tuple[str, ...]:
    notes = []
    if (table["isolates"] > 0).any():
        first = table.index[table["isolates"] > 0]
        notes.append(
            f"Cities without links at {len(first)} of {len(table)} distances, at most "
            f"{int(table['isolates'].max())}: their spatial lags are zero."
        )
    failed = table.index[table["indirect"].isna()]
    if len(failed):
        notes.append(f"No estimate at {listed(failed.tolist())}; the column note says why.")
    if scale == "row":
        notes.append(
            "Rows of every matrix sum to one, so that the strength of links is the same at every "
            "distance by construction."
        )
    return tuple(notes)
