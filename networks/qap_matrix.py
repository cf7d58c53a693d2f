"""Correlations of several networks with each other, each tested by permuting cities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from networks.dyads import DyadTable
from networks.qap import qap_correlation
from networks.types import LinkageNetwork
from spatial.errors import ConfigError, listed
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result


@dataclass(frozen=True)
class QapCorrelations(Result):
    """QAP correlations of all pairs of several networks.

    Attributes
    ----------
    table : pandas.DataFrame
        Index (``first``, ``second``): the columns of ``QapCorrelation.tidy`` in the manner of
        UCINET: ``correlation``, ``p_value``, ``p_greater`` (as large), ``p_less`` (as small),
        ``permuted_mean``, ``permuted_sd``, ``permuted_min``, ``permuted_max``, ...
    names : tuple of str
        The networks, in the order given.
    configuration : Configuration
    """

    table: pd.DataFrame
    names: tuple[str, ...]
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return the table, a row for each pair of networks."""
        return self.table.copy()

    def matrix(self, column: str = "correlation") -> pd.DataFrame:
        """Return one column as a symmetric table of the networks.

        Parameters
        ----------
        column : str
            ``correlation`` has ones on its diagonal, others have gaps there.

        Returns
        -------
        pandas.DataFrame of shape (k, k)

        Raises
        ------
        ConfigError
            If there is no such column.
        """
        if column not in self.table.columns:
            raise ConfigError(f"column={column!r} is not in {listed(self.table.columns)}.")
        size = len(self.names)
        square = np.full((size, size), 1.0 if column == "correlation" else np.nan)
        pairs = self.table.index.to_list()
        for (first, second), value in zip(pairs, self.table[column], strict=True):
            one, other = self.names.index(first), self.names.index(second)
            square[one, other] = square[other, one] = value
        return pd.DataFrame(square, index=list(self.names), columns=list(self.names))


def qap_correlations(
    networks: Mapping[str, DyadTable], *, permutations: int = 4999, rng: RandomSource = None
) -> QapCorrelations:
    """Correlate each of several networks with each other.

    Shows which regressors of a ``qap_regression`` say the same before they are put together.

    Parameters
    ----------
    networks : mapping of str to LinkageNetwork or pandas.DataFrame of shape (n, n)
        The same cities in whatever order; cells missing in either of a pair are left out.
    permutations : int
    rng : int, numpy.random.Generator or None
        Every pair sees the same permutations.

    Returns
    -------
    QapCorrelations

    Raises
    ------
    ConfigError
        If there are fewer than two networks.
    AlignmentError, EstimationError
        As ``qap_correlation``.
    """
    names = tuple(str(name) for name in networks)
    if len(names) < 2 or len(set(names)) < len(names):
        raise ConfigError("Correlations need at least two networks, each under its own name.")
    _, seed = seeded_generator(rng)
    found = {
        (str(one), str(other)): qap_correlation(
            networks[one], networks[other], permutations=permutations, rng=seed
        )
        for one, other in combinations(networks, 2)
    }
    stacked = pd.concat(
        {pair: result.tidy() for pair, result in found.items()}, names=["first", "second"]
    )
    words = [
        f"{name}: {table.description if isinstance(table, LinkageNetwork) else 'table'}"
        for name, table in networks.items()
    ]
    return QapCorrelations(
        table=stacked.droplevel("measure"),
        names=names,
        configuration=Configuration(
            function="qap_correlations",
            options={"permutations": permutations},
            seed=seed,
            weights="; ".join(words),
        ),
    )
