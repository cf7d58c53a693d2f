"""How much partitions of the same cities agree, over seeds and over resolutions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from networks.communities import communities
from networks.types import LinkageNetwork
from spatial.alignment import require_same_cities
from spatial.errors import ConfigError, EstimationError, listed
from spatial.options import CommunityAlgorithm
from spatial.random import RandomSource, seeded_generator
from spatial.results import Configuration, Result


def partition_agreement(first: pd.Series, second: pd.Series) -> pd.Series:
    r"""Compare two partitions of the same cities.

    .. math:: NMI = \frac{2 I(A; B)}{H(A) + H(B)}, \qquad
              ARI = \frac{\sum_{kl} \binom{n_{kl}}{2} - E}{\frac{1}{2} (a + b) - E},
              \quad E = \frac{a b}{\binom{n}{2}}

    with a and b the pairs of cities together in the one and in the other.

    Parameters
    ----------
    first, second : pandas.Series of shape (n,)
        Community of each city, matched by label.

    Returns
    -------
    pandas.Series
        ``nmi`` (0 to 1) and ``ari`` (1 for the same, 0 on average by chance). Two partitions of
        one community each, or of single cities each, agree: 1.

    References
    ----------
    Hubert and Arabie (1985), doi:10.1007/BF01908075;
    Danon, Diaz-Guilera, Duch and Arenas (2005), doi:10.1088/1742-5468/2005/09/P09008.
    """
    require_same_cities(
        pd.Index(first.index), pd.Index(second.index), left_name="first", right_name="second"
    )
    codes = []
    for name, labels in (("first", first), ("second", second.reindex(first.index))):
        if labels.isna().any():
            lacking = listed(labels.index[labels.isna()])
            raise EstimationError(f"The {name} partition has no community for {lacking}.")
        codes.append(pd.factorize(labels)[0])
    nmi, ari = _agreement(*codes)
    return pd.Series({"nmi": nmi, "ari": ari})


def _agreement(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    n = len(one)
    cells = np.unique(one * (other.max(initial=0) + 1) + other, return_counts=True)[1].astype(float)
    sizes = [np.bincount(codes).astype(float) for codes in (one, other)]
    entropies = [_entropy(size[size > 0] / n) for size in sizes]
    joint = _entropy(cells / n)
    whole = sum(entropies)
    nmi = 2.0 * (whole - joint) / whole if whole > 0 else 1.0
    together = (cells * (cells - 1)).sum() / 2
    a, b = ((size * (size - 1)).sum() / 2 for size in sizes)
    chance = a * b / (n * (n - 1) / 2) if n > 1 else 0.0
    spread = (a + b) / 2 - chance
    ari = (together - chance) / spread if spread > 0 else 1.0
    return float(min(max(nmi, 0.0), 1.0)), float(ari)


def _entropy(shares: np.ndarray) -> float:
    return float(-(shares * np.log(shares)).sum())


@dataclass(frozen=True)
class CommunityStability(Result):
    """How far the communities depend on the seed.

    Attributes
    ----------
    runs : pandas.DataFrame
        Index ``run``: ``modularity``, ``communities``.
    nmi, ari : float
        Mean agreement over pairs of runs.
    together : pandas.DataFrame of shape (n, n)
        Share of runs in which two cities are in one community.
    membership : pandas.Series of int
        The run that agrees most with the others (by ARI, the higher modularity first among
        equals).
    certainty : pandas.Series of float, shape (n,)
        Mean share of runs that put a city together with the cities of its community in
        ``membership``; 1 for cities that are always with the same ones, and for single cities.
    configuration : Configuration
    """

    runs: pd.DataFrame
    nmi: float
    ari: float
    together: pd.DataFrame
    membership: pd.Series
    certainty: pd.Series
    configuration: Configuration

    def tidy(self) -> pd.DataFrame:
        """Return a row for each city: ``community`` and ``certainty``."""
        return pd.DataFrame({"community": self.membership, "certainty": self.certainty})


def community_stability(
    network: LinkageNetwork,
    *,
    resolution: float = 1.0,
    algorithm: CommunityAlgorithm = "leiden",
    directed: bool = False,
    runs: int = 20,
    rng: RandomSource = None,
) -> CommunityStability:
    """Find communities several times from different seeds, and compare.

    Parameters
    ----------
    network : LinkageNetwork of n cities
    resolution, algorithm, directed
        As in ``communities``; every run is a single trial.
    runs : int
        At least two.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    CommunityStability
    """
    if runs < 2:
        raise ConfigError(f"runs={runs!r}: at least two runs can be compared.")
    generator, seed = seeded_generator(rng)
    found = [
        communities(
            network,
            resolution=resolution,
            algorithm=algorithm,
            directed=directed,
            trials=1,
            rng=generator,
        )
        for _ in range(runs)
    ]
    codes = [result.membership.to_numpy() - 1 for result in found]
    pairs = {
        (one, other): _agreement(codes[one], codes[other])
        for one, other in combinations(range(runs), 2)
    }
    ari = np.eye(runs)
    for (one, other), (_, value) in pairs.items():
        ari[one, other] = ari[other, one] = value
    quality = [result.modularity for result in found]
    order = np.lexsort((-np.nan_to_num(quality), -np.round(ari.sum(axis=0), 9)))
    best = found[int(order[0])].membership
    together = np.mean([code[:, None] == code for code in codes], axis=0)
    same = (best.to_numpy()[:, None] == best.to_numpy()) & ~np.eye(network.n, dtype=bool)
    others = same.sum(axis=1)
    certainty = np.divide(
        (together * same).sum(axis=1), others, out=np.ones(network.n), where=others > 0
    )
    return CommunityStability(
        pd.DataFrame(
            {"modularity": quality, "communities": [result.n_communities for result in found]}
        ).rename_axis("run"),
        float(np.mean([nmi for nmi, _ in pairs.values()])),
        float(np.mean([value for _, value in pairs.values()])),
        pd.DataFrame(together, network.cities, network.cities),
        best,
        pd.Series(certainty, network.cities, name="certainty"),
        Configuration(
            function="community_stability",
            options={
                "resolution": resolution,
                "algorithm": algorithm,
                "directed": directed,
                "runs": runs,
            },
            seed=seed,
            weights=network.description,
        ),
    )


def resolution_sweep(
    network: LinkageNetwork,
    resolutions: Iterable[float],
    *,
    algorithm: CommunityAlgorithm = "leiden",
    directed: bool = False,
    runs: int = 5,
    rng: RandomSource = None,
) -> pd.DataFrame:
    """Find communities at several resolutions, with their stability.

    Parameters
    ----------
    network : LinkageNetwork
    resolutions : iterable of float
    algorithm, directed, runs, rng
        As in ``community_stability``.

    Returns
    -------
    pandas.DataFrame
        Index ``resolution``: ``communities`` (of the most central run), ``largest`` (share of
        cities), ``modularity`` (best run, at that resolution), ``nmi``, ``ari`` (between runs) and
        ``ari_previous`` (with the resolution before). A stretch of resolutions with the same
        communities and high agreement is a level that is there; elsewhere the number is a choice.
    """
    steps: Sequence[float] = list(resolutions)
    if not steps:
        raise ConfigError("resolutions is empty: give the values to try.")
    generator, _ = seeded_generator(rng)
    rows, before = [], None
    for step in steps:
        found = community_stability(
            network,
            resolution=step,
            algorithm=algorithm,
            directed=directed,
            runs=runs,
            rng=generator,
        )
        sizes = found.membership.value_counts()
        rows.append(
            {
                "communities": len(sizes),
                "largest": float(sizes.iloc[0] / network.n),
                "modularity": float(found.runs["modularity"].max()),
                "nmi": found.nmi,
                "ari": found.ari,
                "ari_previous": float("nan")
                if before is None
                else partition_agreement(before, found.membership)["ari"],
            }
        )
        before = found.membership
    return pd.DataFrame(rows, index=pd.Index(steps, name="resolution"))
