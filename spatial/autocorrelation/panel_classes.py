"""Classes of a panel for Markov chains: quantiles or given bounds, pooled or year by year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.errors import ConfigError, EstimationError, listed

POOLED = "pooled"


@dataclass(frozen=True, slots=True)
class PanelClasses:
    """Classes of each city and year.

    Attributes
    ----------
    states : pandas.DataFrame of int, shape (n, years)
        1 is the lowest class; -1 where the value is missing.
    bounds : pandas.DataFrame
        Index: class but the last. Columns: ``"pooled"``, or the years. Upper bounds; a value equal
        to one belongs to the class below.
    classes : int
    """

    states: pd.DataFrame
    bounds: pd.DataFrame
    classes: int


def panel_classes(
    table: pd.DataFrame, classes: int | Sequence[float], *, scope: str, name: str
) -> PanelClasses:
    """Cut a table of cities by years into classes.

    Parameters
    ----------
    table : pandas.DataFrame of shape (n, years)
        NaN is left without a class.
    classes : int or sequence of float
        Number of quantile classes, or the upper bounds of all classes but the last.
    scope : {"pooled", "by year"}
        Quantiles of all years together or of each year.
    name : str
        For messages.

    Returns
    -------
    PanelClasses

    Raises
    ------
    ConfigError
        If the number is below two, or the bounds do not rise.
    EstimationError
        If so many values are equal that quantiles coincide.
    """
    numbers = table.to_numpy()
    if isinstance(classes, int | np.integer) and not isinstance(classes, bool):
        if classes < 2:
            raise ConfigError(f"classes={classes} must be at least two, or a list of bounds.")
        bounds = quantile_bounds(numbers, int(classes), pooled=scope == POOLED)
        _refuse_ties(numbers, bounds, list(table.columns), name)
    else:
        bounds = given_bounds(classes)[:, None]
    columns = [POOLED] if bounds.shape[1] == 1 else list(table.columns)
    return PanelClasses(
        pd.DataFrame(class_codes(numbers, bounds), table.index, table.columns),
        pd.DataFrame(bounds, pd.RangeIndex(1, len(bounds) + 1, name="class"), columns),
        len(bounds) + 1,
    )


def quantile_bounds(values: np.ndarray, classes: int, *, pooled: bool) -> np.ndarray:
    """Upper bounds of quantile classes, shape (classes - 1, 1) pooled, else (classes - 1, years).

    Parameters
    ----------
    values : numpy.ndarray of shape (n, years)
        NaN does not count.
    classes : int
    pooled : bool
    """
    probabilities = np.arange(1, classes) / classes
    if pooled:
        known = values[np.isfinite(values)]
        return np.asarray(np.quantile(known, probabilities))[:, None]
    return np.asarray(np.nanquantile(values, probabilities, axis=0))


def class_codes(values: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Classes from 1 of values, -1 of NaN; a value equal to a bound belongs to the class below.

    Parameters
    ----------
    values : numpy.ndarray of shape (n, years)
    bounds : numpy.ndarray of shape (k - 1, 1) or (k - 1, years)

    Returns
    -------
    numpy.ndarray of int, shape (n, years)
    """
    if bounds.shape[1] == 1:
        codes = np.searchsorted(bounds[:, 0], values, side="left") + 1
    else:
        codes = (values[:, None, :] > bounds[None, :, :]).sum(axis=1) + 1
    return np.where(np.isnan(values), -1, codes)


def given_bounds(classes: int | Sequence[float]) -> np.ndarray:
    """Return bounds as an array or raise ``ConfigError`` where they do not rise."""
    bounds = np.asarray(classes, dtype=float)
    if (
        bounds.ndim != 1
        or not len(bounds)
        or np.isnan(bounds).any()
        or (np.diff(bounds) <= 0).any()
    ):
        raise ConfigError(
            f"classes={classes!r} must be a number of classes or a rising list of upper bounds, "
            "for example [0.8, 0.9, 1.0, 1.2]."
        )
    return bounds


def _refuse_ties(
    values: np.ndarray, bounds: np.ndarray, years: Sequence[object], name: str
) -> None:
    pooled = bounds.shape[1] == 1
    highest = np.nanmax(values, axis=None if pooled else 0)
    tied = (np.diff(bounds, axis=0) <= 0.0).any(axis=0) | (bounds[-1] >= highest)
    if tied.any():
        where = "" if pooled else f" in {listed(years[int(at)] for at in np.flatnonzero(tied))}"
        raise EstimationError(
            f"Quantiles of {name}{where} coincide because many values are equal; use fewer "
            "classes or give bounds, for example classes=[0.8, 1.2]."
        )
