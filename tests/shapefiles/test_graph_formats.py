"""GEXF, Pajek and UCINET files are read back by networkx and igraph."""

from __future__ import annotations

import re

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from networks.types import LinkageNetwork
from shapefiles.graph_formats import (
    ENDINGS,
    write_gexf,
    write_network,
    write_pajek,
    write_ucinet,
)
from spatial.errors import AlignmentError, ConfigError, ExportError

IDS = [f"{at:02d}" for at in range(12)]


def network(*, directed: bool) -> LinkageNetwork:
    generator = np.random.default_rng(3)
    flows = generator.exponential(size=(12, 12)) * (generator.random((12, 12)) < 0.3)
    np.fill_diagonal(flows, 0.0)
    flows[11], flows[:, 11] = 0.0, 0.0  # a city without links
    if not directed:
        flows = flows + flows.T
    return LinkageNetwork(pd.Index(IDS), sparse.csr_array(flows), directed, description="a & <b>")


@pytest.fixture
def cities(hostile_names) -> pd.DataFrame:
    names = [*hostile_names, "Springfield", "springfield"]
    return pd.DataFrame(
        {
            "name": names,
            "longitude": np.linspace(-120.0, -80.0, 12),
            "latitude": np.linspace(30.0, 45.0, 12)[::-1],
        },
        index=pd.Index(IDS, name="city"),
    )


def expected_label(name: str, city: str) -> str:
    """The name as the programs can hold it: one line, apostrophes, at most 250 characters."""
    text = re.sub(r"[\n\t\r]+", " ", name.replace("\x07", ""))
    text = text.replace('"', "'").replace("\\", "/")[:250].strip()
    if text.casefold() in ("", "springfield"):
        return f"{text} ({city})".strip()
    return text


@pytest.mark.parametrize("directed", [True, False])
def test_gexf_by_networkx(tmp_path, cities, directed):
    source = network(directed=directed)
    table = pd.DataFrame(
        {"strength": np.linspace(0, 1, 12), "count": range(12), "core": [True, False] * 6},
        index=IDS,
    )
    table.loc["03", "strength"] = np.nan
    path = write_gexf(source, cities.iloc[::-1], tmp_path / "n.gexf", node_table=table)
    back = nx.read_gexf(path)
    assert back.is_directed() is directed
    assert list(back) == IDS
    wanted = source.to_networkx()
    assert set(map(frozenset, back.edges)) == set(map(frozenset, wanted.edges))
    for one, other, strength in wanted.edges(data="strength"):
        assert back.edges[one, other]["weight"] == strength
    assert back.nodes["01"]["longitude"] == cities.loc["01", "longitude"]
    assert back.nodes["01"]["core"] is False
    assert back.nodes["02"]["count"] == 2
    assert "strength" not in back.nodes["03"]
    assert [back.nodes[city]["label"] for city in IDS[:2]] == cities["name"].tolist()[:2]


@pytest.mark.parametrize("directed", [True, False])
def test_pajek_by_networkx(tmp_path, cities, directed):
    source = network(directed=directed)
    path = write_pajek(source, cities.iloc[::-1], tmp_path / "n.net")
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "*Vertices 12"
    labels = [line.partition('"')[2].rpartition('"')[0] for line in lines[1:13]]
    assert labels == [expected_label(name, city) for city, name in cities["name"].items()]
    plain = cities.drop(columns="name")
    back = nx.Graph(nx.read_pajek(write_pajek(source, plain, tmp_path / "ids.net")))
    wanted = nx.Graph(source.to_networkx().to_undirected())
    assert set(back) == set(IDS)
    assert set(map(frozenset, back.edges)) == set(map(frozenset, wanted.edges))
    read = nx.read_pajek(tmp_path / "ids.net")
    assert read.is_directed() is directed
    for one, other, strength in source.to_networkx().edges(data="strength"):
        assert read.edges[one, other, 0]["weight"] == strength


def test_pajek_places_are_in_the_square(tmp_path, cities):
    path = write_pajek(network(directed=True), cities, tmp_path / "n.net")
    lines = path.read_text(encoding="utf-8-sig").splitlines()[1:13]
    places = np.array([line.rpartition('"')[2].split() for line in lines], dtype=float)
    assert places.min() == 0.0
    assert places.max() == 1.0
    assert (np.diff(places[:, 0]) > 0).all()  # east is right
    assert (np.diff(places[:, 1]) > 0).all()  # south is down


@pytest.mark.parametrize("directed", [True, False])
def test_ucinet_by_igraph(tmp_path, directed):
    igraph = pytest.importorskip("igraph")
    source = network(directed=directed)
    path = write_ucinet(source, tmp_path / "n.dl.txt")
    back = igraph.Graph.Read_DL(str(path), directed=True)
    matrix = np.zeros((12, 12))
    for edge in back.es:
        matrix[edge.source, edge.target] = edge["weight"]
    assert back.vs["name"] == IDS
    # igraph reads weights with all their digits.
    assert np.array_equal(matrix, source.flows.toarray())


def test_ucinet_labels(tmp_path, cities):
    path = write_ucinet(network(directed=True), tmp_path / "n.dl", cities=cities)
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    assert lines[:3] == ["dl n=12", "format = edgelist1", "labels:"]
    labels = [line.removeprefix('"').removesuffix('"') for line in lines[3:15]]
    assert labels == [expected_label(name, city) for city, name in cities["name"].items()]
    assert lines[15] == "data:"


@pytest.mark.parametrize("kind", ENDINGS)
def test_by_name_of_the_format(tmp_path, cities, kind):
    path = write_network(network(directed=True), cities, tmp_path, "gravity", kind)
    assert path.name == f"gravity{ENDINGS[kind]}"


def test_faults(tmp_path, cities):
    source = network(directed=True)
    with pytest.raises(ExportError, match=r"\.gexf"):
        write_gexf(source, cities, tmp_path / "n.xml")
    with pytest.raises(ExportError, match=r"\.net"):
        write_pajek(source, cities, tmp_path / "n.paj")
    with pytest.raises(ExportError, match=r"\.dl"):
        write_ucinet(source, tmp_path / "n.csv")
    with pytest.raises(AlignmentError, match="'11'"):
        write_pajek(source, cities.iloc[:11], tmp_path / "n.net")
    with pytest.raises(ConfigError, match="kind"):
        write_network(source, cities, tmp_path, "n", "gml")
    assert list(tmp_path.iterdir()) == []
