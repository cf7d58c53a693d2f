"""GAL and GWT files are read back by libpysal, and carry the header that GeoDa wants."""

from __future__ import annotations

import libpysal
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from shapefiles.weights_files import write_gal, write_gwt
from spatial.errors import ExportError
from spatial.weights.types import Weights


def random_weights(ids: list, *, islands: bool = False) -> Weights:
    rng = np.random.default_rng(5)
    n = len(ids)
    dense = rng.random((n, n)) * (rng.random((n, n)) < 0.5)
    np.fill_diagonal(dense, 0.0)
    dense[:, 0] = 0.7
    dense[0, :] = 0.0
    dense[0, 0], dense[0, 1] = 0.0, 0.0 if islands else 0.1
    return Weights(pd.Index(ids), (sparse.csr_array(dense),))


def neighbours_of(weights: Weights) -> dict[str, set[str]]:
    frame = weights.to_frame()
    found = {str(city): set() for city in weights.ids}
    for focal, neighbour in zip(frame["focal"], frame["neighbor"], strict=True):
        found[str(focal)].add(str(neighbour))
    return found


IDS = ["01001", "01003", "北京市", "a&b", "=SUM(1)", "o'neil", "<script>"]


def test_gal_is_read_back_with_islands(tmp_path):
    weights = random_weights(IDS, islands=True)
    path = write_gal(weights, tmp_path / "queen.gal", layer="us metros", id_field="city_id")
    first, *_ = path.read_text(encoding="utf-8").split("\n")
    assert first == "0 7 us_metros city_id"
    back = libpysal.io.open(str(path), "r").read()
    assert {k: set(v) for k, v in back.neighbors.items()} == neighbours_of(weights)
    assert back.neighbors["01001"] == []


def test_gwt_keeps_every_digit(tmp_path):
    weights = random_weights(IDS)
    path = write_gwt(weights, tmp_path / "w.gwt", layer="metros")
    assert path.read_text(encoding="utf-8").startswith("0 7 metros city_id\n")
    back = libpysal.io.open(str(path), "r").read()
    table = weights.to_frame()
    for focal, neighbour, weight in table.itertuples(index=False, name=None):
        position = back.neighbors[focal].index(neighbour)
        assert back.weights[focal][position] == weight
    assert sum(len(v) for v in back.neighbors.values()) == len(table)


@pytest.mark.parametrize("writer", [write_gal, write_gwt])
def test_ids_with_spaces_are_numbered_and_told(tmp_path, writer):
    ids = ["New York", "Bonn", "Sankt Augustin"]
    path = writer(random_weights(ids), tmp_path / f"w.{writer.__name__[-3:]}")
    assert path.read_text(encoding="utf-8").startswith("0 3 cities record\n")
    known = pd.read_csv(f"{path}.ids.csv", dtype=str)
    assert known["city_id"].tolist() == ids
    assert known["record"].tolist() == ["1", "2", "3"]
    back = libpysal.io.open(str(path), "r").read()
    names = dict(zip(known["record"], known["city_id"], strict=True))
    found = {names[str(k)]: {names[str(v)] for v in vs} for k, vs in back.neighbors.items()}
    expected = {k: v for k, v in neighbours_of(random_weights(ids)).items() if v or k in found}
    assert found == expected


def test_the_key_of_an_earlier_run_does_not_stay(tmp_path):
    path = write_gal(random_weights(["a b", "c"]), tmp_path / "w.gal")
    assert (tmp_path / "w.gal.ids.csv").exists()
    write_gal(random_weights(["a", "c"]), path)
    assert not (tmp_path / "w.gal.ids.csv").exists()


def test_weights_of_one_year(tmp_path):
    one = random_weights(["a", "b", "c"])
    both = Weights(one.ids, (one.matrix, sparse.csr_array((3, 3))), years=pd.Index([2000, 2001]))
    text = write_gal(both, tmp_path / "w.gal", year=2001).read_text()
    assert text == "0 3 cities city_id\na 0\n\nb 0\n\nc 0\n\n"


def test_wrong_ending_is_refused(tmp_path):
    with pytest.raises(ExportError, match=r"\.gal"):
        write_gal(random_weights(["a", "b"]), tmp_path / "w.txt")
    with pytest.raises(ExportError, match=r"\.gwt"):
        write_gwt(random_weights(["a", "b"]), tmp_path / "w.gal")
