"""Tables of the GeoPackage of a study: weights, whole or cut."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from analyses import qgis_tables
from analyses.qgis_pages import sentences
from analyses.qgis_tables import weights_tables
from spatial.weights import as_weights


def result_of(n: int) -> SimpleNamespace:
    """A study with one dense weights matrix."""
    ids = pd.Index([f"{i:02d}" for i in range(n)])
    full = np.random.default_rng(3).uniform(0.1, 1.0, (n, n))
    np.fill_diagonal(full, 0.0)
    weights = as_weights(pd.DataFrame(full, index=ids, columns=ids), description="all with all")
    study = SimpleNamespace(language="en", key_of=lambda name: name)
    return SimpleNamespace(study=study, weights={"dense": weights})


def test_weights_become_rows_by_id():
    result = result_of(6)
    (table,) = weights_tables(result)
    matrix = result.weights["dense"].to_table()
    assert len(table.data) == 30
    for row in table.data.itertuples():
        assert matrix.loc[row.city_id, row.neighbour_id] == row.weight
    assert "largest" not in table.abstract


def test_dense_weights_keep_the_largest_of_each_city(monkeypatch):
    monkeypatch.setattr(qgis_tables, "MOST_WEIGHTS", 20)
    result = result_of(6)
    (table,) = weights_tables(result)
    matrix = result.weights["dense"].to_table()
    assert table.data["city_id"].value_counts().eq(3).all()
    for city, rows in table.data.groupby("city_id"):
        assert sorted(rows["weight"]) == sorted(matrix.loc[city])[-3:]
    assert "3 largest weights of each city" in table.abstract
    assert "all 30" in table.abstract


def test_sentences_end_once():
    assert sentences(["A", "B."], chinese=False) == "A. B."
    assert sentences(["甲", "乙。"], chinese=True) == "甲。乙。"
