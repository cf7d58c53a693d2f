"""How numbers of a reference case are compared, counted and kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Tolerance:
    """Largest error that a group of values may have.

    Attributes
    ----------
    limit : float
    absolute : bool
        Errors are differences, as for p-values of permutations; else they are relative.
    """

    limit: float
    absolute: bool = False


@dataclass(frozen=True)
class Group:
    """Values of one kind that were compared.

    Attributes
    ----------
    name : str
    count : int
        Numbers compared.
    largest : float
        Largest error; infinite when a number is missing on one side.
    tolerance : Tolerance
    """

    name: str
    count: int
    largest: float
    tolerance: Tolerance

    @property
    def passed(self) -> bool:
        """Whether something was compared and no error reaches the limit."""
        return self.count > 0 and self.largest < self.tolerance.limit


@dataclass(frozen=True)
class Case:
    """One reference case and how it came out.

    Attributes
    ----------
    title : str
    sources : tuple of str
        Publications, with their DOI where they have one.
    programs : str
        What computed the reference numbers.
    groups : tuple of Group
    not_compared : tuple of str
        What is not comparable, or has no counterpart, and why.
    numbers : int
        Numbers in the reference file, compared or not.
    """

    title: str
    sources: tuple[str, ...]
    programs: str
    groups: tuple[Group, ...]
    not_compared: tuple[str, ...]
    numbers: int

    @property
    def compared(self) -> int:
        """Numbers compared in all groups."""
        return sum(group.count for group in self.groups)


class Comparison:
    """Collects the errors of groups of values.

    Parameters
    ----------
    tolerances : mapping of str to float or Tolerance
        The groups in the order of the document; a float is a relative tolerance.
    """

    def __init__(self, tolerances: Mapping[str, float | Tolerance]) -> None:
        self._tolerances = {
            name: value if isinstance(value, Tolerance) else Tolerance(value)
            for name, value in tolerances.items()
        }
        self._errors: dict[str, list[float]] = {name: [] for name in tolerances}

    def add(self, group: str, ours: Any, theirs: Any) -> None:
        """Compare numbers one by one.

        Relative errors are ``abs(ours - theirs) / abs(theirs)``; where the reference is exactly
        zero, the difference stands in.

        Parameters
        ----------
        group : str
        ours, theirs : float or array-like
            As many on both sides, in the same order.
        """
        mine, reference = (np.asarray(side, dtype=float).ravel() for side in (ours, theirs))
        if mine.shape != reference.shape:
            raise ValueError(f"{group}: {mine.size} numbers against {reference.size}")
        errors = np.abs(mine - reference)
        if not self._tolerances[group].absolute:
            errors = errors / np.where(reference == 0, 1.0, np.abs(reference))
        self._errors[group] += np.where(np.isnan(errors), np.inf, errors).tolist()

    def add_labelled(
        self,
        group: str,
        ours: pd.Series,
        theirs: Mapping[str, float],
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Compare by label; ``names`` translates labels of the reference into ours."""
        wanted = [(names or {}).get(label, label) for label in theirs]
        self.add(group, ours.reindex(wanted), list(theirs.values()))

    def groups(self) -> tuple[Group, ...]:
        """Return the groups in the order in which they were declared."""
        return tuple(
            Group(name, len(errors), max(errors, default=0.0), self._tolerances[name])
            for name, errors in self._errors.items()
        )


def expected_numbers(folder: Path) -> dict[str, Any]:
    """Read the numbers of a case."""
    found: dict[str, Any] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return found


def count_numbers(tree: Any) -> int:
    """Count the numbers in nested dictionaries and lists."""
    if isinstance(tree, dict):
        return sum(count_numbers(branch) for branch in tree.values())
    if isinstance(tree, list):
        return sum(count_numbers(branch) for branch in tree)
    return int(isinstance(tree, int | float) and not isinstance(tree, bool))
