"""What every result carries: labelled tables and the configuration that made them."""

from __future__ import annotations

import importlib.metadata
import platform
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

import pandas as pd

from spatial.errors import ConfigError

TABLE_MAKERS = "interurban.tables"
"""Group of entry points: who makes tables of results."""

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

    def to_table(self, **options: Any) -> Any:
        """Make the table that a journal prints of this result.

        This floor makes no tables: whatever package offers the entry point ``to_table`` of the
        group ``interurban.tables`` does. In interurban that is ``shapefiles.journal_results``,
        whose ``to_table`` tells the options and takes several results side by side.

        Parameters
        ----------
        **options
            ``part``, ``language``, ``title``, ``decimals``, ``labels``, ``top``, ``by``, ...

        Returns
        -------
        shapefiles.journal_table.JournalTable
            ``table.write("table.docx")`` writes it: also .xlsx, .tex, .html, .md.

        Raises
        ------
        ConfigError
            If no installed package offers tables, or an option does not fit.
        """
        return table_maker()(self, **options)


@cache
def table_maker() -> Callable[..., Any]:
    """Return the function that makes tables of results, as installed packages offer it.

    Raises
    ------
    ConfigError
        If none does.
    """
    offered = importlib.metadata.entry_points(group=TABLE_MAKERS, name="to_table")
    for entry in offered:
        maker: Callable[..., Any] = entry.load()
        return maker
    raise ConfigError(
        f"No installed package makes tables (entry point 'to_table' of {TABLE_MAKERS!r}): install "
        "interurban again (pip install .), or call shapefiles.journal_results.to_table(result)."
    )


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
