"""Labels decide which value belongs to which city; position never does."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spatial.errors import AlignmentError, PanelError, listed


def require_unique(ids: pd.Index, *, what: str) -> None:
    """Raise when an index of cities holds a label twice or a missing label.

    Parameters
    ----------
    ids : pandas.Index
    what : str
        What the index belongs to, for the message.

    Raises
    ------
    AlignmentError
        With the offending labels.
    """
    if isinstance(ids, pd.MultiIndex):
        raise AlignmentError(
            f"{what}: the index has {ids.nlevels} levels ({listed(ids.names)}); one level of city "
            "ids is needed. Select one year, or set the id column alone as index."
        )
    if ids.hasnans:
        raise AlignmentError(
            f"{what}: {int(np.asarray(ids.isna()).sum())} rows have no city id; give each one."
        )
    if not ids.is_unique:
        twice = ids[ids.duplicated()].unique()
        raise AlignmentError(
            f"{what}: city ids appear more than once: {listed(twice)}. "
            "Keep one row for each city or make the ids distinct."
        )


def require_same_cities(
    left: pd.Index, right: pd.Index, *, left_name: str, right_name: str
) -> None:
    """Raise unless both indexes hold the same labels, in whatever order.

    Parameters
    ----------
    left, right : pandas.Index
    left_name, right_name : str
        Names of the two inputs, for the message.

    Raises
    ------
    AlignmentError
        With the labels missing on either side and both remedies.
    """
    require_unique(left, what=left_name)
    require_unique(right, what=right_name)
    only_left = left.difference(right, sort=False)
    only_right = right.difference(left, sort=False)
    if len(only_left) or len(only_right):
        parts = []
        if len(only_left):
            parts.append(f"only in {left_name}: {listed(only_left)}")
        if len(only_right):
            parts.append(f"only in {right_name}: {listed(only_right)}")
        raise AlignmentError(
            f"{left_name} and {right_name} do not hold the same cities ({'; '.join(parts)}). "
            f"Select the common cities in both, or rebuild {right_name} for the cities of "
            f"{left_name}."
        )


def aligned_series(values: pd.Series, ids: pd.Index, *, what: str) -> pd.Series:
    """Return ``values`` as floats in the order of ``ids``, matched by label.

    Parameters
    ----------
    values : pandas.Series of shape (n,)
        Index: city ids.
    ids : pandas.Index of shape (n,)
        The order wanted.
    what : str
        Name of the values, for messages.

    Returns
    -------
    pandas.Series of float, shape (n,), index ``ids``

    Raises
    ------
    AlignmentError
        If labels differ, or ``values`` is not a labelled Series.
    PanelError
        If values are missing, infinite or not numbers.
    """
    if not isinstance(values, pd.Series):
        raise AlignmentError(
            f"{what} must be a pandas Series whose index holds the city ids, "
            f"not {type(values).__name__}: values are matched by label, never by position."
        )
    require_same_cities(values.index, ids, left_name=what, right_name="the weights")
    numbers = pd.to_numeric(values.reindex(ids), errors="coerce").astype(float)
    bad = ids[~np.isfinite(numbers.to_numpy())]
    if len(bad):
        raise PanelError(
            f"{what}: {len(bad)} values are missing, infinite or not numbers, for cities "
            f"{listed(bad)}. Fill them or drop these cities from the data and the weights."
        )
    return numbers
