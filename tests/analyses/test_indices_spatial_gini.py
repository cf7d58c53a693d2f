"""The split of the Gini coefficient by neighbours."""

from __future__ import annotations

from itertools import permutations as arrangements

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.indices.inequality import inequality
from analyses.indices.spatial_gini import spatial_gini
from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError

MONTE_CARLO = 0.03  # four standard errors of a share near 0.1 from 2000 permutations


def line(n):
    """Neighbours along a line."""
    ids = [f"c{i}" for i in range(n)]
    table = np.diag(np.ones(n - 1), 1)
    return pd.DataFrame(table + table.T, index=ids, columns=ids)


@settings(max_examples=25)
@given(st.lists(st.floats(0.1, 100), min_size=4, max_size=9, unique=True))
def test_parts_against_loops(values):
    table = line(len(values))
    y = pd.Series(values, index=table.index)
    found = spatial_gini(y.iloc[::-1], table, permutations=9, rng=1)
    scale = 2 * len(y) ** 2 * y.mean()
    near = sum(abs(y[i] - y[j]) * table.loc[i, j] for i in y.index for j in y.index) / scale
    whole = sum(abs(y[i] - y[j]) for i in y.index for j in y.index) / scale
    assert found.neighbours == pytest.approx(near)
    assert found.gini == pytest.approx(whole)
    assert found.others == pytest.approx(whole - near)
    assert found.gini == pytest.approx(inequality(y).loc["all", "gini"])


def test_p_value_against_all_arrangements():
    table = line(6)
    y = pd.Series([1.0, 2, 4, 8, 16, 31], index=table.index)

    def near(order):
        return sum(abs(order[i] - order[i + 1]) for i in range(5))

    every = np.array([near(order) for order in arrangements(y)])
    exact = (abs(every - every.mean()) >= abs(near(y.to_list()) - every.mean()) - 1e-9).mean()
    found = spatial_gini(y, table, permutations=2000, rng=3)
    assert found.p_value == pytest.approx(exact, abs=MONTE_CARLO)
    assert found.others_share > found.expected_share == pytest.approx(10 / 15)
    again = spatial_gini(y, table, permutations=2000, rng=3)
    assert again.p_value == found.p_value
    assert found.configuration.seed == 3


def test_one_sided_links_count_once():
    table = line(5)
    y = pd.Series([3.0, 1, 4, 1, 5], index=table.index)
    upper = table * np.triu(np.ones((5, 5)))
    assert spatial_gini(y, upper, permutations=9, rng=1).neighbours == pytest.approx(
        spatial_gini(y, table, permutations=9, rng=1).neighbours
    )


def test_bad_input():
    table = line(4)
    y = pd.Series([1.0, 2, 3, 4], index=table.index)
    with pytest.raises(AlignmentError, match="'c3'"):
        spatial_gini(y.drop("c3"), table)
    with pytest.raises(PanelError, match="'c0'"):
        spatial_gini(y - 2, table)
    with pytest.raises(EstimationError, match="Nothing to split"):
        spatial_gini(y * 0 + 1, table)
    with pytest.raises(EstimationError, match="Nothing to split"):
        spatial_gini(y, table * 0)
    with pytest.raises(ConfigError, match="permutations"):
        spatial_gini(y, table, permutations=0)
