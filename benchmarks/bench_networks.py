"""Time linkage networks beside their peers in one run.

Run ``python benchmarks/bench_networks.py``; it takes about a minute. ``--large`` adds 3,000 cities
with 100,000 links beside igraph (if installed), another two minutes. Each pair works on the same
data. Peers of permutation tests are written as the tests usually are: fancy indexing and
``numpy.corrcoef``, or a least squares refit for each permutation, the way of R sna's ``netlm``.
Peers are timed on fewer permutations and scaled up.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from common import Row, large_asked, named, report, seconds, table_head
from scipy import sparse

from networks import (
    LinkageNetwork,
    centralities,
    communities,
    disparity_backbone,
    gravity_network,
    qap_correlation,
    qap_regression,
    structure,
)
from networks.backbones import disparity_p_values
from spatial.coordinates import great_circle_km


def row(work: str, n: int, peer: str, ours: float, theirs: float) -> None:
    """Report a row without memory."""
    report(Row(work=work, n=n, peer=peer, ours=ours, theirs=theirs))


def cities_and_masses(n: int) -> tuple[pd.DataFrame, pd.Series]:
    """Make cities over a continent with masses of a heavy tail."""
    rng = np.random.default_rng(1)
    area = pd.DataFrame({"longitude": rng.uniform(75, 130, n), "latitude": rng.uniform(20, 50, n)})
    return area, pd.Series(rng.lognormal(3.0, 1.2, n))


def random_links(n: int, links: int, *, directed: bool = True) -> LinkageNetwork:
    """Make a network of given size with strengths from masses and distances."""
    rng = np.random.default_rng(2)
    sender, receiver = rng.integers(0, n, (2, int(1.05 * links)))
    keep = sender != receiver
    place, mass = rng.random((n, 2)), rng.lognormal(0, 1.2, n)
    far = np.hypot(*(place[sender] - place[receiver]).T) + 0.01
    strength = mass[sender] * mass[receiver] / far**1.5
    flows = sparse.csr_array((strength[keep], (sender[keep], receiver[keep])), shape=(n, n))
    flows = flows if directed else flows + flows.T
    return LinkageNetwork(pd.RangeIndex(n), sparse.csr_array(flows), directed)


def time_gravity() -> None:
    """Complete gravity network beside the formula in plain numpy."""
    area, masses = cities_and_masses(3000)

    def plain() -> sparse.csr_array:
        lon, lat = area["longitude"].to_numpy(), area["latitude"].to_numpy()
        km = great_circle_km(lon[:, None], lat[:, None], lon, lat)
        np.fill_diagonal(km, np.inf)
        mass = masses.to_numpy()
        return sparse.csr_array(np.outer(mass, mass) / km**2)

    ours = seconds(lambda: gravity_network(area, masses))
    row("gravity, all pairs, checked", 3000, named("numpy", "formula"), ours, seconds(plain))


def time_disparity() -> None:
    """Disparity filter of a complete directed network."""
    rng = np.random.default_rng(3)
    values = rng.lognormal(size=(3000, 3000))
    np.fill_diagonal(values, 0.0)
    network = LinkageNetwork(pd.RangeIndex(3000), sparse.csr_array(values), True)

    def plain() -> np.ndarray:
        out, into = values.sum(axis=1, keepdims=True), values.sum(axis=0, keepdims=True)
        sent = (1 - values / out) ** ((values > 0).sum(axis=1, keepdims=True) - 1)
        received = (1 - values / into) ** ((values > 0).sum(axis=0, keepdims=True) - 1)
        return np.minimum(sent, received)

    theirs = seconds(plain)
    row(
        "disparity p-values",
        3000,
        named("numpy", "dense formula"),
        seconds(lambda: disparity_p_values(network.flows)),
        theirs,
    )
    row(
        "disparity backbone with its table",
        3000,
        named("numpy", "dense formula"),
        seconds(lambda: disparity_backbone(network)),
        theirs,
    )


def time_qap() -> None:
    """QAP correlation of two dense and two sparse networks, 1,000 permutations."""
    rng = np.random.default_rng(4)
    n, permutations, sample = 1000, 1000, 40
    apart = ~np.eye(n, dtype=bool)
    for kind, density in (("dense", 1.0), ("sparse", 0.02)):
        x, y = (np.where(rng.random((n, n)) < density, rng.random((n, n)), 0.0) for _ in range(2))
        frames = [pd.DataFrame(values) for values in (x, y)]

        def plain(x: np.ndarray = x, y: np.ndarray = y) -> list[float]:
            found = []
            for _ in range(sample):
                order = rng.permutation(n)
                found.append(np.corrcoef(x[apart], y[np.ix_(order, order)][apart])[0, 1])
            return found

        ours = seconds(
            lambda frames=frames: qap_correlation(*frames, permutations=permutations, rng=1),
            rounds=1,
        )
        theirs = seconds(plain, rounds=1) * permutations / sample
        row(
            f"QAP correlation, {kind}, 1,000 permutations",
            n,
            named("numpy", "indexing"),
            ours,
            theirs,
        )


def time_qap_regression() -> None:
    """MRQAP with double semi-partialling, 1,000 permutations."""
    rng = np.random.default_rng(5)
    for n, k, sample in ((100, 3, 20), (300, 5, 2)):
        frames = [pd.DataFrame(rng.normal(size=(n, n))) for _ in range(k + 1)]
        regressors = {f"x{place}": frame for place, frame in enumerate(frames[1:])}
        apart = ~np.eye(n, dtype=bool)
        y = frames[0].to_numpy()[apart]
        design = np.column_stack([np.ones(len(y)), *(f.to_numpy()[apart] for f in frames[1:])])

        def refit(
            n: int = n,
            sample: int = sample,
            y: np.ndarray = y,
            design: np.ndarray = design,
            apart: np.ndarray = apart,
        ) -> None:
            for place in range(design.shape[1]):
                others = np.delete(design, place, axis=1)
                gamma = np.linalg.lstsq(others, design[:, place], rcond=None)[0]
                square = np.zeros((n, n))
                square[apart] = design[:, place] - others @ gamma
                for _ in range(sample):
                    order = rng.permutation(n)
                    changed = design.copy()
                    changed[:, place] = square[np.ix_(order, order)][apart]
                    np.linalg.lstsq(changed, y, rcond=None)
                    np.linalg.inv(changed.T @ changed)

        ours = seconds(
            lambda frames=frames, regressors=regressors: qap_regression(
                frames[0], regressors, permutations=1000, rng=1
            ),
            rounds=1,
        )
        theirs = seconds(refit, rounds=1) * 1000 / sample
        row(f"MRQAP, {k} regressors, 1,000 permutations", n, named("numpy", "refits"), ours, theirs)


def time_centralities() -> None:
    """Betweenness, closeness and harmonic closeness in both directions, and the rest."""
    network = random_links(300, 5000)
    graph = network.to_networkx()
    for *_, data in graph.edges(data=True):
        data["cost"] = 1.0 / data["strength"]
    back = graph.reverse()

    def peer() -> None:
        nx.betweenness_centrality(graph, weight="cost")
        for one in (graph, back):
            nx.closeness_centrality(one, distance="cost")
            nx.harmonic_centrality(one, distance="cost")

    ours = seconds(lambda: centralities(network))
    row("all centralities, 5,000 links", 300, named("networkx"), ours, seconds(peer, rounds=1))

    def whole() -> None:
        nx.transitivity(graph)
        nx.overall_reciprocity(graph)
        nx.betweenness_centrality(graph)
        dict(nx.all_pairs_shortest_path_length(graph))
        dict(nx.all_pairs_dijkstra_path_length(graph, weight="cost"))

    ours = seconds(lambda: structure(network))
    row("structure, 5,000 links", 300, named("networkx"), ours, seconds(whole, rounds=1))


def time_communities() -> None:
    """Leiden beside the Louvain algorithm of networkx, with the modularity of both."""
    network = random_links(1000, 20000, directed=False)
    graph = network.to_networkx()
    found = communities(network, rng=1)
    ours = seconds(lambda: communities(network, trials=1, rng=1))
    theirs = seconds(
        lambda: nx.community.louvain_communities(graph, weight="strength", seed=1), rounds=1
    )
    row("communities, 20,000 links, one run", 1000, named("networkx", "Louvain"), ours, theirs)
    parts = nx.community.louvain_communities(graph, weight="strength", seed=1)
    quality = nx.community.modularity(graph, parts, weight="strength")
    print(f"    modularity: {found.modularity:.4f} (ten runs), networkx {quality:.4f}")


def time_large() -> None:
    """Centralities of 3,000 cities and 100,000 links beside igraph."""
    if importlib.util.find_spec("igraph") is None:
        print("igraph is not installed; the large comparison is left out.")
        return
    import igraph

    for directed in (True, False):
        network = random_links(3000, 100_000 if directed else 50_000, directed=directed)
        links = network.to_frame()
        graph = igraph.Graph(
            n=3000, edges=links[["origin", "destination"]].to_numpy().tolist(), directed=directed
        )
        costs = (1.0 / links["flow"]).tolist()

        flows = links["flow"].tolist()

        def peer(
            graph: Any = graph, costs: list = costs, flows: list = flows, directed: bool = directed
        ) -> None:
            graph.betweenness(weights=costs)
            for mode in ("out", "in") if directed else ("all",):
                graph.closeness(weights=costs, mode=mode)
                graph.harmonic_centrality(weights=costs, mode=mode)
            graph.pagerank(weights=flows)
            graph.hub_score(weights=flows)
            graph.authority_score(weights=flows)
            graph.constraint(weights=flows)
            graph.coreness(mode="all")

        ours = seconds(lambda network=network: centralities(network, measures="all"), rounds=1)
        kind = "directed" if directed else "undirected"
        theirs = seconds(peer, rounds=1)
        row(
            f"all centralities, {links.shape[0]:,} links, {kind}",
            3000,
            named("igraph"),
            ours,
            theirs,
        )


def main() -> None:
    """Run all pairs."""
    large = large_asked(__doc__)
    table_head()
    for part in (
        time_gravity,
        time_disparity,
        time_qap,
        time_qap_regression,
        time_centralities,
        time_communities,
    ):
        part()
    if large:
        time_large()


if __name__ == "__main__":
    main()
