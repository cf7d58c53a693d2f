"""LISA transitions: how cities and their neighbours move between quadrants from year to year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from spatial.autocorrelation.local_moran import ISOLATED, QUADRANTS, quadrants_of
from spatial.autocorrelation.moran_points import moran_points
from spatial.errors import ConfigError, EstimationError
from spatial.results import Configuration, Result

TRANSITION_TYPES = ("0", "I", "II", "III", "IV")
"""Nobody moves; only the city; only its neighbours; both the same way; both opposite ways."""

SUBTYPES = (
    *("0 concordant", "0 discordant"),
    *("I up", "I down", "II up", "II down"),
    *("III up", "III down", "IV up", "IV down"),
)
"""Concordant: the city stays on the side of its neighbours. Up and down: of the city, in type II of
the neighbours."""

_HIGH_OWN = frozenset({"High-High", "High-Low"})
_HIGH_LAG = frozenset({"High-High", "Low-High"})


@dataclass(frozen=True, kw_only=True)
class LisaTransitions(Result):
    """Moves between the quadrants of the Moran scatter plot.

    Attributes
    ----------
    name : str
        Of the variable.
    table : pandas.DataFrame
        Index: (city, later year). Columns ``earlier_year``, ``from``, ``to`` (quadrants), ``type``
        (a word of ``TRANSITION_TYPES``) and ``subtype``; ``"Isolated"`` in the last four where a
        city has no neighbours in either year.
    by_period : pandas.DataFrame
        Index: later year. Columns ``earlier_year``, ``cities`` (with neighbours), the number of
        moves of each type, and the shares ``stability`` (type 0), ``cohesion`` (types 0 and III)
        and ``flux`` (types I and II).
    counts, probabilities : pandas.DataFrame of shape (4, 4)
        All periods: from the quadrant in rows to the one in columns. The probabilities of a
        quadrant that nobody leaves from or stays in are NaN.
    independence : pandas.Series
        Likelihood-ratio test that cities move independently of their neighbours: ``statistic``,
        ``df``, ``p_value``; NaN where a side is never occupied.
    stability, cohesion, flux : float
        The shares over all periods.
    n, n_isolated : int
        Cities, and those without neighbours in at least one year.
    configuration : Configuration
    """

    name: str
    table: pd.DataFrame
    by_period: pd.DataFrame
    counts: pd.DataFrame
    probabilities: pd.DataFrame
    independence: pd.Series
    stability: float
    cohesion: float
    flux: float
    n: int
    n_isolated: int
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table by period."""
        return self.by_period.copy()

    def subtype_counts(self) -> pd.DataFrame:
        """Return the number of moves of each subtype by period, all subtypes listed."""
        later = self.table.index.get_level_values(1)
        counts = pd.crosstab(later, self.table["subtype"].to_numpy())
        counts = counts.reindex(columns=list(SUBTYPES), fill_value=0)
        return counts.rename_axis(index=str(self.by_period.index.name), columns="subtype")


def lisa_transitions(
    values: pd.Series | pd.DataFrame,
    weights: Any,
    *,
    steps: int = 1,
    city: str = "city",
    year: str = "year",
) -> LisaTransitions:
    r"""Classify the moves of cities and neighbours between the quadrants of the Moran scatter plot.

    Between two years a city and its spatial lag each stay on their side of the mean or cross it:
    type 0 none crosses, I only the city, II only the neighbours, III both in the same direction
    (High-High to Low-Low or back), IV both in opposite directions (High-Low to Low-High or back).

    .. math:: \text{cohesion}_t = \frac{F_{0,t} + F_{III,t}}{n}

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        Index levels ``city`` and ``year`` in any order, balanced; or a table of cities by years.
    weights : Weights
        One matrix for all years or one for each (the lag of a year uses its own); used as they
        are.
    steps : int
        Distance of the two years, counted in years of the panel; periods overlap when it is above
        one.
    city, year : str
        Names of the index levels.

    Returns
    -------
    LisaTransitions

    Raises
    ------
    AlignmentError, PanelError, WeightsError
        If labels differ, city-years are missing, or no city has a neighbour.
    EstimationError
        If a year is constant or the panel is shorter than the step.

    Notes
    -----
    Quadrants are those of all cities, significant or not. Names differ between papers: Rey (2001)
    calls type III here IIIA and type IV here IIIB; many papers call type 0 IV, and some print its
    share, ``stability`` here, as cohesion. Cities without neighbours are left out.

    The independence test compares each move with the product of the two-state chains of cities
    and of neighbours: 12 free probabilities against 4, hence 8 degrees of freedom.

    References
    ----------
    Rey, S. J. (2001). Spatial empirics for economic growth and convergence. Geographical
    Analysis, 33(3), 195-214. https://doi.org/10.1111/j.1538-4632.2001.tb00444.x

    Examples
    --------
    >>> import pandas as pd
    >>> ring = pd.DataFrame(0.0, index=list("abcd"), columns=list("abcd"))
    >>> for left, right in ["ab", "bc", "cd", "da"]:
    ...     ring.loc[left, right] = ring.loc[right, left] = 0.5
    >>> panel = pd.DataFrame({2010: [9.0, 8, 1, 2], 2011: [1.0, 2, 9, 8]}, index=list("abcd"))
    >>> lisa_transitions(panel, ring).table["type"].tolist()
    ['I', 'I', 'I', 'I']
    """
    points = moran_points(values, weights, city=city, year=year)
    years = list(points.own.columns)
    span = checked_steps(steps, len(years))
    quadrants = pd.DataFrame(
        {at: _quadrants(points.own[at].to_numpy(), points.lag[at].to_numpy()) for at in years},
        index=points.own.index,
    )
    pieces = [
        _moves(quadrants[earlier], quadrants[later]).assign(earlier_year=earlier, later_year=later)
        for earlier, later in zip(years[:-span], years[span:], strict=True)
    ]
    table = pd.concat(pieces).rename_axis(city).set_index("later_year", append=True)
    table = table.rename_axis([city, year])
    table = table[["earlier_year", "from", "to", "type", "subtype"]]
    linked = table[table["type"] != ISOLATED]
    if linked.empty:
        raise EstimationError("No city has neighbours in two years; there is no move to classify.")
    by_period = _by_period(linked, year)
    counts = pd.crosstab(linked["from"].to_numpy(), linked["to"].to_numpy())
    counts = counts.reindex(index=list(QUADRANTS), columns=list(QUADRANTS), fill_value=0)
    counts = counts.rename_axis(index="from", columns="to")
    left = counts.sum(axis=1)
    shares = by_period[list(TRANSITION_TYPES)].sum() / by_period["cities"].sum()
    return LisaTransitions(
        name=points.name,
        table=table,
        by_period=by_period,
        counts=counts,
        probabilities=counts.div(left.where(left > 0), axis=0),
        independence=_independence(counts.to_numpy(dtype=float)),
        stability=float(shares["0"]),
        cohesion=float(shares["0"] + shares["III"]),
        flux=float(shares["I"] + shares["II"]),
        n=len(quadrants),
        n_isolated=len(points.isolated),
        configuration=Configuration(
            function="lisa_transitions",
            options={
                "steps": span,
                "quadrants": "all cities, significant or not; a value at the mean counts as low",
                "islands": "left out",
            },
            weights=points.weights.description,
        ),
    )


def checked_steps(steps: int, years: int) -> int:
    """Return a usable distance of two years or raise; ``years`` is the length of the panel."""
    whole = isinstance(steps, int | np.integer) and not isinstance(steps, bool)
    if not whole or steps < 1:
        raise ConfigError(f"steps={steps!r} must be a whole number of years from 1.")
    if years <= steps:
        raise EstimationError(
            f"{years} years leave no pair of years {steps} apart; use more years or fewer steps."
        )
    return int(steps)


def _quadrants(own: np.ndarray, lag: np.ndarray) -> np.ndarray:
    known = quadrants_of(own, np.nan_to_num(lag))
    return np.where(np.isnan(lag), ISOLATED, known)


def _move_words() -> Mapping[tuple[str, str], tuple[str, str]]:
    """Type and subtype of each pair of quadrants."""
    words = {}
    for start in QUADRANTS:
        for end in QUADRANTS:
            own = (end in _HIGH_OWN) - (start in _HIGH_OWN)
            lag = (end in _HIGH_LAG) - (start in _HIGH_LAG)
            if own == 0 and lag == 0:
                same = (start in _HIGH_OWN) == (start in _HIGH_LAG)
                words[start, end] = ("0", "0 concordant" if same else "0 discordant")
                continue
            kind = "II" if own == 0 else "I" if lag == 0 else "III" if own == lag else "IV"
            words[start, end] = (kind, f"{kind} {'up' if (own or lag) > 0 else 'down'}")
    return words


_WORDS = _move_words()


def _moves(start: pd.Series, end: pd.Series) -> pd.DataFrame:
    pairs = list(zip(start, end, strict=True))
    words = [_WORDS.get(pair, (ISOLATED, ISOLATED)) for pair in pairs]
    isolated = np.array([word[0] == ISOLATED for word in words])
    return pd.DataFrame(
        {
            "from": np.where(isolated, ISOLATED, start.to_numpy()),
            "to": np.where(isolated, ISOLATED, end.to_numpy()),
            "type": [word[0] for word in words],
            "subtype": [word[1] for word in words],
        },
        index=start.index,
    )


def _by_period(linked: pd.DataFrame, year: str) -> pd.DataFrame:
    later = linked.index.get_level_values(1)
    counts = pd.crosstab(later, linked["type"].to_numpy())
    counts = counts.reindex(columns=list(TRANSITION_TYPES), fill_value=0)
    total = counts.sum(axis=1)
    earlier = linked.groupby(later)["earlier_year"].first()
    found = pd.concat([earlier, total.rename("cities"), counts], axis=1)
    found["stability"] = counts["0"] / total
    found["cohesion"] = (counts["0"] + counts["III"]) / total
    found["flux"] = (counts["I"] + counts["II"]) / total
    return found.rename_axis(index=year, columns=None)


def _independence(counts: np.ndarray) -> pd.Series:
    """Likelihood ratio of the 4 x 4 chain against the product of two 2 x 2 chains."""
    # Quadrants in the order HH, LH, LL, HL: which side the city and its neighbours are on.
    own, lag = np.array([1, 0, 0, 1]), np.array([1, 1, 0, 0])
    parts = []
    for side in (own, lag):
        chain = np.zeros((2, 2))
        np.add.at(chain, (side[:, None], side[None, :]), counts)
        total = chain.sum(axis=1, keepdims=True)
        if (total == 0.0).any():
            return pd.Series({"statistic": np.nan, "df": np.nan, "p_value": np.nan})
        parts.append((chain / total)[np.ix_(side, side)])
    rows = counts.sum(axis=1, keepdims=True)
    expected = rows * parts[0] * parts[1]
    seen = counts > 0.0
    statistic = 2.0 * float((counts[seen] * np.log(counts[seen] / expected[seen])).sum())
    df = 3 * int((rows > 0.0).sum()) - 4
    p_value = float(special.chdtrc(df, statistic)) if df > 0 else np.nan
    return pd.Series({"statistic": statistic, "df": float(df), "p_value": p_value})
