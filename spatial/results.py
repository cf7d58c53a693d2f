"""What every result carries: labelled tables and the configuration that made them."""

from __future__ import annotations

import importlib.metadata
import platform
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

import pandas as pd

_REPORTED = (
    "interurban",
    "numpy",
    "scipy",
    "pandas",
    "geopandas",
    "shapely",
    "libpysal",
    "networkx",
)


@cache  # reading the metadata of eight packages takes longer than most statistics
def software_versions() -> Mapping[str, str]:
    """Versions of Python and of the packages that numbers depend on."""
    versions = {"python": platform.python_version()}
    for name in _REPORTED:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # run from a bare source tree
            versions[name] = "not installed"
    return MappingProxyType(versions)


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What made a result: enough to make it again.

    Attributes
    ----------
    function : str
        Name of the public function.
    options : mapping
        Its options, plain values.
    seed : int or None
        Seed of the random stream, None when nothing random was done.
    weights : str
        Description of the weights or network used, empty when none.
    versions : mapping
        Software versions.
    """

    function: str
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    weights: str = ""
    versions: Mapping[str, str] = field(default_factory=software_versions)


class Result(ABC):
    """Base of every estimate or statistic: a frozen dataclass with a ``tidy`` table."""

    configuration: Configuration

    @abstractmethod
    def tidy(self) -> pd.DataFrame:
        """Return the result as one table, a row for each estimate."""


def compare(results: Mapping[str, Result]) -> pd.DataFrame:
    """Stack the tidy tables of several results, the first index level naming each.

    Parameters
    ----------
    results : mapping of str to Result

    Returns
    -------
    pandas.DataFrame
        Index: (name, index of the tidy tables).
    """
    return pd.concat({name: result.tidy() for name, result in results.items()}, names=["result"])
