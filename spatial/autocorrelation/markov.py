"""Markov chains of cities between classes: who climbs, who falls, and where it leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatial.autocorrelation.markov_arrays import (
    closed_groups,
    ergodic_shares,
    first_passage_times,
    known_states,
    mobility_indices,
    row_shares,
    second_eigenvalue,
    transition_counts,
)
from spatial.autocorrelation.markov_tests import HomogeneityTest, markov_homogeneity
from spatial.autocorrelation.moran_points import scaled_by_year
from spatial.autocorrelation.panel_classes import panel_classes
from spatial.autocorrelation.panel_values import panel_table
from spatial.autocorrelation.transitions import checked_steps
from spatial.errors import ConfigError, EstimationError, listed
from spatial.options import ClassScope, EmptyClass, checked_option
from spatial.results import Configuration, Result


@dataclass(frozen=True, kw_only=True)
class MarkovChain(Result):
    """A Markov chain of cities between k classes.

    Attributes
    ----------
    name : str
        Of the variable.
    counts, probabilities, std_errors : pandas.DataFrame of shape (k, k)
        Transitions from the class in rows to the one in columns; the standard error of a
        probability is sqrt(p (1 - p) / n_i). Rows of classes that nobody starts from are NaN, or
        stay where they are (``empty="stay"``).
    counts_by_year : pandas.DataFrame
        Index: (start year, class). The same counts for each start year.
    ergodic : pandas.Series of shape (k,)
        Long-run shares; NaN where they depend on the start (``warnings`` says why).
    first_passage : pandas.DataFrame of shape (k, k)
        Mean number of transitions until a class is first entered, infinite where it may never be;
        on the diagonal until it is entered again.
    sojourn : pandas.Series of shape (k,)
        Mean number of transitions spent in a class, 1 / (1 - p_ii).
    mobility : pandas.Series
        ``trace`` (Prais, Shorrocks), ``determinant`` (Shorrocks), ``eigenvalue`` (Sommers and
        Conlisk), ``leaving`` and ``distance`` (Bartholomew, with the observed shares of classes at
        the start); 0 where nobody moves.
    half_life : float
        Transitions until half of the way to the long run is gone, ln 2 / -ln of the second
        largest eigenvalue.
    bounds : pandas.DataFrame
        Upper bounds of the classes but the last; empty for ready classes.
    states : pandas.DataFrame
        Class of each city (rows) in each year (columns).
    steps : int
    warnings : tuple of str
    configuration : Configuration
    """

    name: str
    counts: pd.DataFrame
    probabilities: pd.DataFrame
    std_errors: pd.DataFrame
    counts_by_year: pd.DataFrame
    ergodic: pd.Series
    first_passage: pd.DataFrame
    sojourn: pd.Series
    mobility: pd.Series
    half_life: float
    bounds: pd.DataFrame
    states: pd.DataFrame
    steps: int
    warnings: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a row for each cell: ``count``, ``probability``, ``std_error``."""
        labels = pd.MultiIndex.from_product(
            [self.counts.index, self.counts.columns], names=["from", "to"]
        )
        return pd.DataFrame(
            {
                "count": self.counts.to_numpy().ravel(),
                "probability": self.probabilities.to_numpy().ravel(),
                "std_error": self.std_errors.to_numpy().ravel(),
            },
            index=labels,
        )

    def time_homogeneity(self, periods: int | Sequence[Any] = 2) -> HomogeneityTest:
        """Test that the probabilities are the same in several periods (stationarity).

        Parameters
        ----------
        periods : int or sequence
            Number of periods of equal length, or the start years at which a new period begins.

        Returns
        -------
        HomogeneityTest

        Raises
        ------
        ConfigError
            If there are not at least two periods.
        """
        years = list(self.counts_by_year.index.get_level_values(0).unique())
        return markov_homogeneity(
            {
                f"{block[0]}-{block[-1]}": self.counts_by_year.loc[block]
                .groupby(level=1, sort=False)
                .sum()
                .reindex(self.counts.index)
                for block in _periods(years, periods)
            },
            null="the transition probabilities are the same in all periods",
        )

    def order_test(self, order: int = 1) -> HomogeneityTest:
        """Test how far back history matters.

        Parameters
        ----------
        order : {0, 1}
            The null: 0, the next class does not depend on the present one; 1 (the Markov
            property), given the present class it does not depend on the one before.

        Returns
        -------
        HomogeneityTest

        Raises
        ------
        ConfigError, EstimationError
            For other orders; if the panel is too short.
        """
        labels = self.counts.index
        if order == 0:
            return markov_homogeneity(
                {label: self.counts.loc[[label]].set_axis(["any"]) for label in labels},
                null="the next class does not depend on the present one",
            )
        if order != 1:
            raise ConfigError(f"order={order!r} must be 0 or 1.")
        codes = self._codes()
        if codes.shape[1] <= 2 * self.steps:
            raise EstimationError(
                f"{codes.shape[1]} years are too few to look two steps of {self.steps} back."
            )
        before = codes[:, : -self.steps]
        tables = {}
        for position, label in enumerate(labels):
            # Where the class before is another one the pair is left out.
            now = np.where(before == position, codes[:, self.steps :], -1)
            pair = np.stack([now[:, : -self.steps].ravel(), codes[:, 2 * self.steps :].ravel()], 1)
            counted = transition_counts(pair, len(labels), 1)[0]
            tables[label] = pd.DataFrame(counted, labels, self.counts.columns)
        return markov_homogeneity(
            tables, null="given the present class, the next one does not depend on the one before"
        )

    def _codes(self) -> np.ndarray:
        """States as positions of the classes, -1 where not known."""
        flat = self.counts.index.get_indexer(pd.Index(self.states.to_numpy().ravel()))
        return np.asarray(flat).reshape(self.states.shape)


def markov_chain(
    values: pd.Series | pd.DataFrame,
    *,
    classes: int | Sequence[float] = 4,
    scope: ClassScope = "pooled",
    relative: bool = False,
    steps: int = 1,
    empty: EmptyClass = "missing",
    city: str = "city",
    year: str = "year",
) -> MarkovChain:
    r"""Estimate a first-order Markov chain of cities between classes of a variable.

    .. math:: p_{ij} = n_{ij} / n_i

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        Index levels ``city`` and ``year`` in any order, balanced; or a table of cities by years.
    classes : int or sequence of float
        Number of quantile classes, or the upper bounds of all classes but the last (a value equal
        to a bound belongs to the class below).
    scope : {"pooled", "by year"}
        Quantiles of all years together, which show growth as climbing, or of each year, which show
        changes of rank only.
    relative : bool
        Divide each year by its mean first.
    steps : int
        Length of a transition in years of the panel; transitions of several steps overlap.
    empty : {"missing", "stay"}
        What a class that nobody starts from does: its row is NaN, or it stays.
    city, year : str

    Returns
    -------
    MarkovChain
        Classes are 1 (lowest) to k.

    Raises
    ------
    PanelError
        If city-years are missing or given twice.
    ConfigError
        For unusable classes, steps or words.
    EstimationError
        If quantiles coincide, or the panel is shorter than the step.

    References
    ----------
    Anderson, T. W., & Goodman, L. A. (1957). Statistical inference about Markov chains. Annals of
    Mathematical Statistics, 28(1), 89-110. Quah, D. (1993). Empirical cross-section dynamics in
    economic growth. European Economic Review, 37(2-3), 426-434. Formby, J. P., Smith, W. J., &
    Zheng, B. (2004). Mobility measurement, transition matrices and statistical inference. Journal
    of Econometrics, 120(1), 181-205.

    Examples
    --------
    >>> panel = pd.DataFrame({2010: [1, 2, 3, 4], 2011: [2, 1, 3, 4], 2012: [3, 1, 2, 4]})
    >>> chain = markov_chain(panel, classes=[2.5])
    >>> chain.probabilities.loc[1].tolist(), chain.ergodic.round(2).tolist()
    ([0.75, 0.25], [0.5, 0.5])
    """
    kind = checked_option(scope, ClassScope, name="scope")
    fill = checked_option(empty, EmptyClass, name="empty")
    name = str(getattr(values, "name", None) or "values")
    table = panel_table(values, city=city, year=year)
    if relative:
        table = scaled_by_year(table, "relative", name)
    span = checked_steps(steps, table.shape[1])
    cut = panel_classes(table, classes, scope=kind, name=name)
    counts = transition_counts(cut.states.to_numpy() - 1, cut.classes, span)
    return chain_from_counts(
        counts,
        labels=pd.RangeIndex(1, cut.classes + 1),
        name=name,
        states=cut.states.rename_axis(index=city, columns=year),
        bounds=cut.bounds,
        steps=span,
        stay=fill == "stay",
        configuration=Configuration(
            function="markov_chain",
            options={
                "classes": classes if isinstance(classes, int) else tuple(classes),
                "scope": kind,
                "relative": bool(relative),
                "steps": span,
                "empty": fill,
            },
        ),
    )


def state_chain(
    states: pd.Series | pd.DataFrame,
    *,
    order: Sequence[Any] | None = None,
    steps: int = 1,
    empty: EmptyClass = "missing",
    city: str = "city",
    year: str = "year",
) -> MarkovChain:
    """Estimate a Markov chain of ready classes, such as quadrants or cluster types.

    Parameters
    ----------
    states : pandas.Series or pandas.DataFrame
        Class of each city and year, any labels; index levels ``city`` and ``year``, or a table of
        cities by years. Missing ones leave the transitions from and to them out.
    order : sequence, optional
        All classes in their order; sorted by default.
    steps, empty, city, year
        As in ``markov_chain``.

    Returns
    -------
    MarkovChain
        The mobility index ``distance`` takes the order for a ranking.

    Raises
    ------
    EstimationError
        If there are fewer than two classes, or the panel is shorter than the step.
    ConfigError
        If ``order`` lacks a class.
    PanelError
        If city-years are given twice.

    Examples
    --------
    >>> panel = pd.DataFrame({2010: ["core", "edge"], 2011: ["core", "core"]}, ["a", "b"])
    >>> state_chain(panel).counts.loc["edge"].tolist()
    [1, 0]
    """
    fill = checked_option(empty, EmptyClass, name="empty")
    table, labels = _coded(states, order, city, year)
    span = checked_steps(steps, table.shape[1])
    codes = labels.get_indexer(pd.Index(table.to_numpy().ravel())).reshape(table.shape)
    return chain_from_counts(
        transition_counts(codes, len(labels), span),
        labels=labels,
        name=str(getattr(states, "name", None) or "states"),
        states=table.rename_axis(index=city, columns=year),
        bounds=pd.DataFrame(),
        steps=span,
        stay=fill == "stay",
        configuration=Configuration(
            function="state_chain",
            options={"order": tuple(labels), "steps": span, "empty": fill},
        ),
    )


def chain_from_counts(
    counts: np.ndarray,
    *,
    labels: pd.Index,
    name: str,
    states: pd.DataFrame,
    bounds: pd.DataFrame,
    steps: int,
    stay: bool,
    configuration: Configuration,
) -> MarkovChain:
    """Make a chain of counted transitions.

    Parameters
    ----------
    counts : numpy.ndarray of int, shape (start years, k, k)
    labels : pandas.Index of shape (k,)
    name : str
    states, bounds : pandas.DataFrame
    steps : int
    stay : bool
        Whether classes that nobody starts from stay.
    configuration : Configuration

    Returns
    -------
    MarkovChain
    """
    rows, columns = labels.rename("from"), labels.rename("to")
    total = counts.sum(axis=0)
    left = total.sum(axis=1, keepdims=True).astype(float)
    shares = row_shares(total, stay=stay)
    spread = np.sqrt(shares * (1.0 - shares) / np.where(left > 0.0, left, np.nan))
    diagonal = np.diag(shares)
    with np.errstate(divide="ignore"):
        sojourn = 1.0 / (1.0 - diagonal)
    second = second_eigenvalue(shares)
    initial = (left / max(left.sum(), 1.0)).ravel()
    years = states.columns[: len(counts)]
    by_year = pd.MultiIndex.from_product([years, rows], names=["start_year", "from"])

    def square(numbers: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(numbers, rows, columns)

    return MarkovChain(
        name=name,
        counts=square(total),
        probabilities=square(shares),
        std_errors=square(spread),
        counts_by_year=pd.DataFrame(counts.reshape(-1, len(labels)), by_year, columns),
        ergodic=pd.Series(ergodic_shares(shares), labels.rename("class"), name="ergodic"),
        first_passage=square(first_passage_times(shares)),
        sojourn=pd.Series(sojourn, labels.rename("class"), name="sojourn"),
        mobility=pd.Series(mobility_indices(shares, initial), name="mobility"),
        half_life=_half_life(second),
        bounds=bounds,
        states=states,
        steps=steps,
        warnings=_warnings(shares, left.ravel(), labels, steps),
        configuration=configuration,
    )


def _half_life(second: float) -> float:
    """Return the steps until the second eigenvalue has shrunk to a half."""
    if not 0.0 < second < 1.0:
        return float("nan") if np.isnan(second) else (0.0 if second <= 0.0 else float("inf"))
    return float(np.log(2.0) / -np.log(second))


def _warnings(
    shares: np.ndarray, left: np.ndarray, labels: pd.Index, steps: int
) -> tuple[str, ...]:
    found = []
    nobody = labels[left == 0.0]
    if len(nobody):
        found.append(f"Nobody starts from the classes {listed(nobody)}.")
    known = known_states(shares)
    if not known.any():
        found.append(
            "Some cities end in a class that nobody starts from, so the long run is not known."
        )
    else:
        groups = closed_groups(shares[np.ix_(known, known)])
        if len(groups) > 1:
            named = "; ".join(listed(labels[known][group]) for group in groups)
            found.append(f"The long run depends on the start: no city leaves the groups {named}.")
    if steps > 1:
        found.append(
            f"Transitions of {steps} steps overlap, so tests take them for more independent than "
            "they are."
        )
    return tuple(found)


def _periods(years: list[Any], periods: int | Sequence[Any]) -> list[list[Any]]:
    if isinstance(periods, int):
        if not 2 <= periods <= len(years):
            raise ConfigError(
                f"periods={periods} must lie between 2 and the {len(years)} start years."
            )
        return [list(part) for part in np.array_split(np.array(years, dtype=object), int(periods))]
    starts = list(periods)
    unknown = [start for start in starts if start not in years]
    if unknown or not starts:
        raise ConfigError(
            f"periods={starts!r} must name start years of the chain ({listed(years)}) at which a "
            "new period begins."
        )
    places = sorted({0, *(years.index(start) for start in starts)})
    if len(places) < 2:
        raise ConfigError(f"periods={starts!r} make one period; name a later year.")
    return [years[a:b] for a, b in zip(places, [*places[1:], len(years)], strict=True)]


def _coded(
    states: pd.Series | pd.DataFrame, order: Sequence[Any] | None, city: str, year: str
) -> tuple[pd.DataFrame, pd.Index]:
    """Classes as a table of cities by years, and all labels in order."""
    flat = states.to_numpy().ravel()
    seen = pd.unique(pd.Series(flat, dtype=object).dropna())
    labels = pd.Index(sorted(seen, key=str) if order is None else list(order))
    lacking = [label for label in seen if label not in labels]
    if lacking or not labels.is_unique:
        raise ConfigError(
            f"order={list(labels)!r} must hold every class once; not in it: {listed(lacking)}."
        )
    if len(labels) < 2:
        raise EstimationError("A chain needs at least two classes; there is nothing to move to.")
    codes = labels.get_indexer(pd.Index(flat)).astype(float).reshape(states.shape)
    if isinstance(states, pd.DataFrame):
        numbers = panel_table(pd.DataFrame(codes, states.index, states.columns))
    else:
        numbers = panel_table(pd.Series(codes, states.index), city=city, year=year)
    named = labels.to_numpy(dtype=object)
    found = numbers.to_numpy().astype(int)
    table = pd.DataFrame(
        np.where(found >= 0, named[found], None), numbers.index, numbers.columns, dtype=object
    )
    return table, labels
