"""Columns that stand on both sides of a comparison, which makes it hold partly by construction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import formulaic

from analyses.study import Study
from analyses.study_indices import (
    CollaborativeSection,
    CompositeSection,
    QuotientSection,
    SpecialisationSection,
)
from analyses.study_networks import GravitySection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyses.results import StudyResult


def base_columns(study: Study, column: str) -> frozenset[str]:
    """Name the columns of the panel's file from which a column is made.

    Parameters
    ----------
    study : Study
    column : str
        A column of the file, a derived one, or an index.

    Returns
    -------
    frozenset of str
        The column itself where it comes from the file.
    """
    made: dict[str, list[str]] = {}
    for item in study.derived:
        of = [item.of] if isinstance(item.of, str) else list(item.of)
        made[item.name] = [*of, *([item.by] if item.by else [])]
    for index in study.indices:
        if isinstance(index, CompositeSection):
            made[index.name] = [one.column for one in index.indicators]
        elif isinstance(index, QuotientSection):
            made[index.name] = [index.of, index.by]
        elif isinstance(index, CollaborativeSection):
            made[index.name] = [*index.of, index.by]
        elif isinstance(index, SpecialisationSection):
            made[index.name] = list(index.sectors)
        else:
            made[index.name] = list(index.of)
    found: set[str] = set()
    waiting, seen = [column], set()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        if one in made:
            waiting += made[one]
        else:
            found.add(one)
    return frozenset(found)


def shared_in_resilience(result: StudyResult) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the indices that share columns with the outcome whose resilience is measured."""
    study = result.study
    outcome = base_columns(study, study.resilience.outcome)
    for name in result.indices:
        shared = base_columns(study, name) & outcome
        if shared:
            yield name, shared


def shared_in_models(result: StudyResult) -> Iterator[tuple[str, str, str, frozenset[str]]]:
    """Yield model, regressor, outcome and what both are made of.

    The logarithm of a column and the column itself are told too; a regressor that is a share of
    the outcome falls when the outcome rises, whatever the economy does.
    """
    study = result.study
    for name, model in result.models.items():
        left, _, right = model.section.formula.partition("~")
        outcome = _variables(left)
        made = frozenset().union(*(base_columns(study, one) for one in outcome))
        for variable in _variables(right):
            shared = base_columns(study, variable) & made
            if shared:
                yield name, variable, left.strip(), shared


def shared_in_weights(result: StudyResult) -> Iterator[tuple[str, str, str, frozenset[str]]]:
    """Yield model, weights, network and the columns of its mass that make up the outcome."""
    study = result.study
    masses: dict[str, frozenset[str]] = {}
    for network in study.networks:
        if isinstance(network, GravitySection):
            columns = [network.mass] if isinstance(network.mass, str) else list(network.mass)
            masses[network.name] = frozenset().union(*(base_columns(study, c) for c in columns))
    linked = {item.name: item.network for item in study.weights if item.kind == "linkage"}
    for name, model in result.models.items():
        outcome = _variables(model.section.formula.partition("~")[0])
        made = frozenset().union(*(base_columns(study, one) for one in outcome))
        for weights in model.section.weights:
            source = linked.get(weights, "")
            shared = masses.get(source, frozenset()) & made
            if shared:
                yield name, weights, source, shared


def _variables(side: str) -> list[str]:
    """Columns on one side of a formula."""
    return sorted(map(str, formulaic.Formula(side).required_variables))
