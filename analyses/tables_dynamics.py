"""Tables of hot spots and dynamics, for files: one frame for each question, all columns stacked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from analyses.results import StudyResult
    from analyses.results_dynamics import ColumnDynamics

CITY_TABLES = (
    "hot_spots",
    "lisa_by_year",
    "lisa_moves",
    "time_paths",
    "emerging_hot_spots",
    "trends",
)
"""Tables with a level ``city``."""


def dynamics_tables(result: StudyResult) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the tables of hot spots and dynamics; those without rows are left out.

    Parameters
    ----------
    result : StudyResult

    Yields
    ------
    name : str
    table : pandas.DataFrame
        First index level ``variable``: the column that is followed (of ``hot_spots``: ``shock``
        and ``measure``).
    """
    if result.hot_spots:
        parts = {key: item.tidy() for key, item in result.hot_spots.items()}
        yield "hot_spots", pd.concat(parts, names=["shock", "measure", "city"])
    if result.dynamics is None:
        return
    for name, make in _TABLES.items():
        found = {
            column: table
            for column, known in result.dynamics.columns.items()
            if (table := make(known)) is not None
        }
        if found:
            yield name, pd.concat(found, names=["variable"])


def moran_by_year(known: ColumnDynamics) -> pd.DataFrame | None:
    """Moran's I of each year."""
    if known.moran is None:
        return None
    table = known.moran.tidy().rename(columns={"measure": "year"})
    return table.astype({"year": int}).set_index("year")


def lisa_counts(known: ColumnDynamics) -> pd.DataFrame | None:
    """Count the cities of each cluster by year."""
    if known.local is None:
        return None
    counts = known.local.years
    return counts.rename(columns=lambda name: name.replace("-", "_").replace(" ", "_").lower())


def lisa_by_year(known: ColumnDynamics) -> pd.DataFrame | None:
    """Local Moran statistics of each city and year."""
    if known.local is None:
        return None
    return known.local.tidy().rename_axis(["city", "year"])


def lisa_moves(known: ColumnDynamics) -> pd.DataFrame | None:
    """List the moves of each city between quadrants."""
    if known.transitions is None:
        return None
    named = {
        "from": "quadrant_before",
        "to": "quadrant_after",
        "type": "move",
        "subtype": "move_kind",
    }
    return known.transitions.table.rename(columns=named).rename_axis(["city", "year"])


def lisa_transitions_by_year(known: ColumnDynamics) -> pd.DataFrame | None:
    """Count moves by type and year, with stability, cohesion and flux."""
    if known.transitions is None:
        return None
    types = {kind: f"type_{kind}" for kind in ("0", "I", "II", "III", "IV")}
    return known.transitions.tidy().rename(columns=types)


def lisa_transition_matrix(known: ColumnDynamics) -> pd.DataFrame | None:
    """Probabilities and counts of moves from quadrant to quadrant."""
    if known.transitions is None:
        return None
    counts, shares = known.transitions.counts, known.transitions.probabilities
    index = pd.MultiIndex.from_product(
        [counts.index, counts.columns], names=["quadrant_before", "quadrant_after"]
    )
    parts = {"count": counts.to_numpy().ravel(), "probability": shares.to_numpy().ravel()}
    return pd.DataFrame(parts, index=index)


def time_paths(known: ColumnDynamics) -> pd.DataFrame | None:
    """Length, straightness and direction of the path of each city."""
    return None if known.paths is None else known.paths.tidy().rename_axis("city")


def markov_cells(known: ColumnDynamics) -> pd.DataFrame | None:
    """Transition probabilities of all cities (lag class ``all``) and by class of neighbours."""
    if known.markov is None:
        return None
    pooled = pd.concat({"all": known.markov.pooled.tidy()}, names=["lag_class"])
    table = pd.concat([pooled, known.markov.tidy()])
    return table.rename_axis(["lag_class", "class_before", "class_after"])


def markov_tests(known: ColumnDynamics) -> pd.DataFrame | None:
    """Test space, time and order, with p-values from permutations where there are any."""
    if known.markov is None:
        return None
    table = pd.concat(
        {name: item.table for name, item in known.markov_tests.items()},
        names=["hypothesis", "test"],
    )
    drawn = pd.concat({"space": known.markov.p_permutation}, names=["hypothesis", "test"])
    return table.assign(p_permutation=drawn.reindex(table.index))


def emerging_hot_spots(known: ColumnDynamics) -> pd.DataFrame | None:
    """Class of each city by the history of its hot and cold spots."""
    return None if known.emerging is None else known.emerging.tidy().rename_axis("city")


def trends(known: ColumnDynamics) -> pd.DataFrame | None:
    """Trend of each city."""
    return None if known.trends is None else known.trends.tidy().rename_axis("city")


def rank_mobility(known: ColumnDynamics) -> pd.DataFrame | None:
    """Kendall's tau and theta of successive years."""
    if known.ranks is None:
        return None
    table = known.ranks.tidy().rename(columns={"p_value": "p_near"})
    if known.shared_ranks is not None:
        theta = known.shared_ranks.table.rename(
            columns={"expected": "theta_expected", "p_value": "p_theta"}
        )
        table = table.join(theta[["theta", "theta_expected", "p_theta"]])
    return table


def densities(known: ColumnDynamics) -> pd.DataFrame | None:
    """Peak, width and number of modes of the distribution of each year."""
    return None if known.densities is None else known.densities.tidy()


def ellipses(known: ColumnDynamics) -> pd.DataFrame | None:
    """Centre and ellipse of each year."""
    return None if known.ellipses is None else known.ellipses.tidy()


_TABLES: dict[str, Callable[[ColumnDynamics], pd.DataFrame | None]] = {
    "moran_by_year": moran_by_year,
    "lisa_counts": lisa_counts,
    "lisa_by_year": lisa_by_year,
    "lisa_transitions": lisa_transitions_by_year,
    "lisa_transition_matrix": lisa_transition_matrix,
    "lisa_moves": lisa_moves,
    "time_paths": time_paths,
    "markov": markov_cells,
    "markov_tests": markov_tests,
    "emerging_hot_spots": emerging_hot_spots,
    "trends": trends,
    "rank_mobility": rank_mobility,
    "densities": densities,
    "ellipses": ellipses,
}
