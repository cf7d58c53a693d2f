"""GraphML is read back by networkx; hostile names survive."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from networks.types import LinkageNetwork
from shapefiles.graph_files import write_edge_list, write_graphml
from spatial.errors import AlignmentError, ExportError

NAMES = ["New <York> & co", "=SUM(A1)", "北京市", "\"quoted\" 'name'", "😀 " + "x" * 300]
IDS = ["01", "02", "id with space", "a&b", "<e>"]


@pytest.fixture
def cities() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": NAMES,
            "longitude": [-74.0, 0.0, 116.4, 10.0, 179.9],
            "latitude": [40.7, 1.0, 39.9, -20.0, -17.5],
        },
        index=pd.Index(IDS, name="city"),
    )


def network(*, directed: bool) -> LinkageNetwork:
    flows = np.zeros((5, 5))
    flows[0, 1], flows[0, 2], flows[3, 2] = 1 / 3, 12.5, 1e-9
    if not directed:
        flows = flows + flows.T
    return LinkageNetwork(
        pd.Index(IDS), sparse.csr_array(flows), directed, description="a & b < c\x02"
    )


@pytest.mark.parametrize("directed", [True, False])
def test_networkx_reads_the_same_network(tmp_path, cities, directed):
    source = network(directed=directed)
    path = write_graphml(source, cities.iloc[::-1], tmp_path / "n.graphml")
    back = nx.read_graphml(path)
    assert back.is_directed() is directed
    assert list(back) == IDS
    assert [back.nodes[i]["label"] for i in IDS] == NAMES
    assert back.nodes["id with space"]["longitude"] == 116.4
    assert back.nodes["id with space"]["latitude"] == 39.9
    expected = source.to_networkx()
    assert set(back.edges) == set(expected.edges)
    for one, other, strength in expected.edges(data="strength"):
        assert back.edges[one, other]["weight"] == strength


def test_node_table_keeps_types_and_gaps(tmp_path, cities):
    table = pd.DataFrame(
        {
            "strength": [1.5, np.nan, np.inf, 0.0, 2.0],
            "community": pd.array([1, None, 2, 2, 1], dtype="Int64"),
            "hub": [True, False, True, False, False],
            "label": ["x"] * 5,
            "类型": ["a", None, "<b>", "c", "d"],
        },
        index=IDS,
    ).iloc[[3, 1, 4, 0, 2]]
    back = nx.read_graphml(
        write_graphml(network(directed=True), cities, tmp_path / "n.graphml", node_table=table)
    )
    assert back.nodes["01"]["strength"] == 1.5
    assert "strength" not in back.nodes["02"]
    assert back.nodes["id with space"]["strength"] == np.inf
    assert back.nodes["01"]["community"] == 1
    assert isinstance(back.nodes["01"]["community"], int)
    assert "community" not in back.nodes["02"]
    assert back.nodes["01"]["hub"] is True
    assert back.nodes["01"]["label"] == NAMES[0]
    assert back.nodes["01"]["label_2"] == "x"
    assert back.nodes["id with space"]["类型"] == "<b>"


def test_edge_list_is_read_back(tmp_path, cities):
    path = write_edge_list(network(directed=True), tmp_path / "links.csv", cities=cities)
    back = pd.read_csv(path, dtype={"from_id": str, "to_id": str}, encoding="utf-8-sig")
    assert back["weight"].tolist() == [1 / 3, 12.5, 1e-9]
    assert back["from_name"].tolist() == [NAMES[0], NAMES[0], NAMES[3]]
    assert back.columns.tolist() == ["from_id", "to_id", "from_name", "to_name", "weight"]


def test_the_same_network_gives_the_same_bytes(tmp_path, cities):
    first = write_graphml(network(directed=True), cities, tmp_path / "a.graphml")
    second = write_graphml(network(directed=True), cities, tmp_path / "b.graphml")
    assert first.read_bytes() == second.read_bytes()


def test_missing_cities_are_named(tmp_path, cities):
    with pytest.raises(AlignmentError, match="'01'"):
        write_graphml(network(directed=True), cities.iloc[1:], tmp_path / "n.graphml")
    with pytest.raises(AlignmentError, match="node_table"):
        write_graphml(
            network(directed=True),
            cities,
            tmp_path / "n.graphml",
            node_table=pd.DataFrame({"x": [1]}, index=["01"]),
        )


def test_wrong_ending_is_refused(tmp_path, cities):
    with pytest.raises(ExportError, match="graphml"):
        write_graphml(network(directed=True), cities, tmp_path / "n.xml")
