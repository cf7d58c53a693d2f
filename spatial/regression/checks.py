"""Guards at the door of regressions: every refusal names cities, years and columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import linalg

from spatial.alignment import require_same_cities
from spatial.errors import AlignmentError, EstimationError, PanelError, listed

# What the within transformation leaves of an absorbed column is rounding noise below this share.
ABSORBED_SHARE = 1e-10
# Columns of unit length whose remainder after the others is below this are combinations of them.
COLLINEAR_REMAINDER = 1e-9


def require_rows(data: pd.DataFrame) -> None:
    """Raise unless the data are a table with rows."""
    if not isinstance(data, pd.DataFrame):
        raise PanelError(f"data must be a pandas DataFrame, not {type(data).__name__}.")
    if not len(data):
        raise PanelError("The data have no rows; check the selection made before.")


def require_cities_of_weights(cities: pd.Index, ids: pd.Index) -> None:
    """Raise unless data and weights hold the same cities.

    Raises
    ------
    AlignmentError
        With the ids on either side; ids that differ only by type are told apart from others.
    """
    unique = len(cities) == len(ids) and cities.is_unique and ids.is_unique
    if unique and len(ids) > 1 and (ids.get_indexer(cities) >= 0).all():
        return
    same_kind = len(cities.intersection(ids)) > 0
    if not same_kind and set(map(str, cities)) & set(map(str, ids)):
        raise AlignmentError(
            f"City ids of the data are of type {cities.inferred_type} ({listed(cities, limit=3)}), "
            f"those of the weights of type {ids.inferred_type} ({listed(ids, limit=3)}). Convert "
            "one of them, for example data['city'].astype(str), or rebuild the weights."
        )
    blanks = set(map(str, cities.map(str).str.strip())) == set(map(str, ids.map(str).str.strip()))
    if blanks and set(cities) != set(ids):
        raise AlignmentError(
            f"City ids of the data ({listed(cities, limit=3)}) and of the weights "
            f"({listed(ids, limit=3)}) differ only by blanks around them; take these off with "
            "data['city'].str.strip(), and rebuild the weights if they hold the blanks."
        )
    require_same_cities(cities, ids, left_name="the data", right_name="the weights")
    if len(cities) < 2:
        raise AlignmentError(
            f"The data hold one city ({listed(cities)}); spillovers need at least two, and weights "
            "that link them."
        )


def require_unique_rows(cities: pd.Series, years: pd.Series) -> None:
    """Raise when a city has two rows for one year, or a row has no city or year."""
    for name, keys in (("city", cities), ("year", years)):
        if keys.isna().any():
            raise PanelError(f"{int(keys.isna().sum())} rows have no {name}; fill it or drop them.")
    twice = pd.DataFrame({"city": cities.to_numpy(), "year": years.to_numpy()})
    twice = twice[twice.duplicated()].drop_duplicates()
    if len(twice):
        pairs = list(twice.itertuples(index=False, name=None))
        raise PanelError(
            f"{len(twice)} city-years appear more than once: {listed(pairs)}. Keep one row for "
            "each, or add them up first."
        )


def require_balanced(present: np.ndarray, cities: pd.Index, years: pd.Index) -> None:
    """Raise when a city lacks a year.

    Parameters
    ----------
    present : numpy.ndarray of bool, shape (years, n)
    cities, years : pandas.Index
    """
    if present.all():
        return
    city, year = cities.tolist(), years.tolist()  # plain values read better in messages
    gaps = [(city[i], year[t]) for i, t in zip(*np.nonzero(~present.T), strict=True)]
    incomplete = cities[np.flatnonzero(~present.all(axis=0))]
    raise PanelError(
        f"The panel is not balanced: {len(gaps)} city-years are missing: {listed(gaps)}; cities "
        f"concerned: {listed(incomplete)}. Keep the years that all cities have, or drop these "
        "cities and rebuild the weights without them. For a regression, where they are missing at "
        "random, fit_unbalanced_panel uses the city-years that are there."
    )


def require_complete(table: pd.DataFrame, cities: pd.Series) -> None:
    """Raise when a column of the model has missing or infinite values.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns of the model.
    cities : pandas.Series
        City of each row.
    """
    found = []
    for column in table.columns:
        values = table[column]
        bad = values.isna()
        if pd.api.types.is_numeric_dtype(values):
            bad = bad | np.isinf(values.to_numpy(dtype=float, na_value=np.nan))
        if bad.any():
            where = pd.unique(cities[bad.to_numpy()])
            found.append(
                f"{column!r} has {int(bad.sum())}, in {len(where)} cities ({listed(where)})"
            )
    if found:
        raise PanelError(
            f"Missing or infinite values: {'; '.join(found)}. Fill them, or drop these cities or "
            "years and rebuild the weights; in a panel, where they are missing at random, "
            "fit_unbalanced_panel uses the complete rows. Nothing is dropped silently."
        )


def require_variation(outcome: np.ndarray, transformed: np.ndarray, name: str) -> None:
    """Raise when the outcome does not vary, at all or within the fixed effects."""
    scale = float(np.linalg.norm(outcome))
    if scale == 0.0 or np.ptp(outcome) <= ABSORBED_SHARE * np.abs(outcome).max():
        raise EstimationError(f"The outcome {name!r} is constant; there is nothing to explain.")
    if np.linalg.norm(transformed) < ABSORBED_SHARE * scale:
        raise EstimationError(
            f"The outcome {name!r} has no variation left once the fixed effects are taken out; "
            "use fewer fixed effects."
        )


def require_regressors(names: Sequence[str], effects: str) -> None:
    """Raise when a formula of the constant alone is left with nothing by the fixed effects."""
    if not names:
        raise EstimationError(
            f"The formula has no regressor, and {effects} effects take the constant out; name at "
            "least one regressor, or use effects='pooled'."
        )


def require_full_rank(raw: np.ndarray, transformed: np.ndarray, names: Sequence[str]) -> None:
    """Raise when regressors are absorbed by fixed effects or are combinations of others.

    Parameters
    ----------
    raw : numpy.ndarray of shape (observations, k)
        Regressors before the within transformation.
    transformed : numpy.ndarray of shape (observations, k)
        The same after it.
    names : sequence of str

    Raises
    ------
    EstimationError
        With the names of the columns and the remedy.
    """
    rows, k = transformed.shape
    if k == 0:
        return
    length = np.linalg.norm(transformed, axis=0)
    absorbed = [
        name
        for name, left, before in zip(names, length, np.linalg.norm(raw, axis=0), strict=True)
        if left <= ABSORBED_SHARE * before
    ]
    if absorbed:
        raise EstimationError(
            f"Regressors {listed(absorbed)} are zero or are absorbed by the fixed effects (they "
            "do not vary within cities, years, or both). Leave them out or choose other effects."
        )
    if k > rows:
        raise EstimationError(f"{k} regressors but only {rows} observations; leave some out.")
    _, triangle, order = linalg.qr(transformed / length, mode="economic", pivoting=True)
    remainder = np.abs(np.diag(triangle))
    dependent = sorted(order[remainder < COLLINEAR_REMAINDER])
    if dependent:
        raise EstimationError(_collinear_sentence(transformed / length, dependent, names))


def _collinear_sentence(columns: np.ndarray, dependent: Sequence[int], names: Sequence[str]) -> str:
    """Say which column is a combination of which others."""
    kept = [j for j in range(columns.shape[1]) if j not in set(dependent)]
    parts = []
    for j in dependent:
        weights = np.linalg.lstsq(columns[:, kept], columns[:, j], rcond=None)[0]
        others = [names[i] for i, w in zip(kept, weights, strict=True) if abs(w) > 1e-6]
        parts.append(f"{names[j]!r} is a combination of {listed(others)}")
    return (
        f"Regressors are perfectly collinear once fixed effects are taken out: {'; '.join(parts)}. "
        "Leave one of them out."
    )
