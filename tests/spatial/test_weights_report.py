"""The validity report against complete spectra, networkx and known matrices."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from spatial.coordinates import EARTH_RADIUS_KM
from spatial.errors import AlignmentError, WeightsError
from spatial.weights import (
    Weights,
    as_weights,
    economic_weights,
    extreme_eigenvalues,
    gravity_weights,
    inverse_distance_weights,
    knn_weights,
    nested_weights,
    symmetric_twin,
    weights_report,
)

EIGEN = 1e-8  # dense eigenvalues of small matrices
LANCZOS = 1e-6  # iterative eigenvalues against dense ones

matrices = arrays(float, (6, 6), elements=st.one_of(st.just(0.0), st.floats(0.1, 10.0))).map(
    lambda m: m - np.diag(np.diag(m))
)


def weights_of(matrix: np.ndarray) -> Weights:
    names = pd.Index([f"c{at}" for at in range(len(matrix))])
    return Weights(names, (sparse.csr_array(matrix),))


def ring(n: int, *, both: bool) -> np.ndarray:
    ahead = np.roll(np.eye(n), 1, axis=1)
    return ahead + ahead.T if both else ahead


@given(matrices)
def test_counts_and_components_equal_networkx(matrix):
    assume(matrix.any())
    report = weights_report(weights_of(matrix))
    graph = nx.from_numpy_array(matrix, create_using=nx.DiGraph)
    assert report.components_weak == nx.number_weakly_connected_components(graph)
    assert report.components_strong == nx.number_strongly_connected_components(graph)
    out = [degree for _, degree in graph.out_degree()]
    assert (report.neighbours_min, report.neighbours_max) == (min(out), max(out))
    assert report.neighbours_mean == pytest.approx(np.mean(out))
    assert report.degrees.to_dict() == pd.Series(out).value_counts().to_dict()
    assert len(report.islands) == out.count(0)
    assert report.n_links == graph.number_of_edges()
    assert report.share_nonzero == pytest.approx(nx.density(graph))


@given(matrices)
def test_rho_interval_keeps_the_matrix_regular(matrix):
    assume(matrix.any())
    lower, upper = weights_report(weights_of(matrix)).rho_interval
    low, high = max(lower, -50.0), min(upper, 50.0)
    for rho in np.linspace(low, high, 21)[1:-1]:
        # The sign of the determinant can change only where the matrix is singular.
        assert np.linalg.slogdet(np.eye(6) - rho * matrix)[0] > 0


@given(matrices)
def test_symmetric_weights_scaled_by_rows_have_a_symmetric_twin(matrix):
    symmetric = matrix + matrix.T
    assume(symmetric.any())
    row = weights_of(symmetric).transformed("row").matrix
    twin = symmetric_twin(row)
    assert twin is not None
    assert twin.toarray() == pytest.approx(twin.toarray().T, abs=1e-12)
    expected = np.sort(np.linalg.eigvals(row.toarray()).real)
    assert np.linalg.eigvalsh(twin.toarray()) == pytest.approx(expected, abs=1e-6)


def test_no_twin_where_a_cycle_disagrees():
    cycle = np.array([[0, 2.0, 1], [1, 0, 1], [1, 1, 0]])
    assert symmetric_twin(sparse.csr_array(cycle)) is None
    assert symmetric_twin(sparse.csr_array(ring(4, both=False))) is None


def test_even_and_odd_rings():
    even = weights_report(weights_of(ring(6, both=True)).transformed("row"))
    assert even.rho_interval == pytest.approx((-1.0, 1.0), abs=EIGEN)
    odd = weights_report(weights_of(ring(5, both=True)).transformed("row"))
    assert odd.smallest_real_eigenvalue == pytest.approx(np.cos(np.pi * 4 / 5), abs=EIGEN)
    assert odd.row_stochastic
    assert odd.symmetric


def test_complex_eigenvalues_do_not_limit_rho():
    # The one-way ring of five has one real eigenvalue, 1, and two complex pairs.
    report = weights_report(weights_of(ring(5, both=False)))
    assert report.complex_eigenvalues
    assert np.isnan(report.smallest_real_eigenvalue)
    assert report.rho_interval == pytest.approx((-1.0, 1.0), abs=EIGEN)
    assert any("safe one" in sentence for sentence in report.warnings)
    even = weights_report(weights_of(ring(6, both=False)))
    assert even.smallest_real_eigenvalue == pytest.approx(-1.0, abs=EIGEN)


@pytest.mark.parametrize("one_way", [False, True])
def test_sparse_eigenvalues_equal_dense_ones(one_way):
    rng = np.random.default_rng(0)
    cities = pd.DataFrame(rng.uniform(0, 10, (300, 2)), columns=["longitude", "latitude"])
    raw = knn_weights(cities, k=5, transform="none")
    matrix = raw.matrix if one_way else raw.matrix + raw.matrix.T
    matrix = Weights(raw.ids, (matrix,)).transformed("row").matrix
    dense = extreme_eigenvalues(matrix)
    iterative = extreme_eigenvalues(matrix, dense_limit=10)
    assert iterative.method != dense.method
    assert iterative.largest == pytest.approx(dense.largest, abs=LANCZOS)
    assert iterative.has_complex == dense.has_complex
    assert iterative.smallest_real == pytest.approx(dense.smallest_real, abs=LANCZOS)


def test_tidy_has_one_value_for_each_item():
    table = weights_report(weights_of(ring(5, both=True))).tidy()
    assert table.index.name == "item"
    assert table.index.is_unique
    assert table.columns.tolist() == ["value"]
    assert table.loc["n_links", "value"] == 10
    assert table.loc["rho_upper", "value"] == pytest.approx(0.5)
    assert (table.loc["row_sum_min", "value"], table.loc["column_sum_max", "value"]) == (2.0, 2.0)


def test_top_share_is_that_of_the_strongest_hundredth():
    matrix = np.ones((15, 15)) - np.eye(15)
    matrix[0, 1:4] = 100.0
    report = weights_report(weights_of(matrix))
    # 210 links: the strongest 3 of them carry 300 of 507.
    assert report.top_share == pytest.approx(300 / 507)


def test_warnings_are_sentences_with_the_cities():
    matrix = np.zeros((6, 6))
    matrix[0, 1] = matrix[1, 0] = matrix[2, 3] = matrix[3, 2] = 1.0
    report = weights_report(weights_of(matrix))
    text = " ".join(report.warnings)
    assert "2 cities receive from nobody ('c4', 'c5')" in text
    assert "4 groups without links" in text
    assert not report.row_stochastic
    assert report.warning_codes == ("islands", "components")
    assert all(sentence.endswith(".") for sentence in report.warnings)


def test_scaled_distance_rows_hubs_and_dense_weights_are_warned_of():
    cities = pd.DataFrame(
        {"longitude": np.arange(12.0), "latitude": np.zeros(12)}, index=[*"abcdefghijkl"]
    )
    distance = weights_report(inverse_distance_weights(cities))
    assert any("absolute distance is lost" in sentence for sentence in distance.warnings)
    full = weights_report(inverse_distance_weights(cities, cutoff_km=9000, transform="min-max"))
    assert any("More than half of all pairs" in sentence for sentence in full.warnings)
    assert not any("absolute distance is lost" in sentence for sentence in full.warnings)
    star = np.zeros((12, 12))
    star[1:, 0] = star[0, 1] = 1.0
    hub = weights_report(weights_of(star))
    assert any("lean on 'c0' alone" in sentence for sentence in hub.warnings)


def test_empty_weights_are_reported_not_crashed():
    report = weights_report(weights_of(np.zeros((4, 4))))
    assert report.rho_interval == (-np.inf, np.inf)
    assert report.warnings == ("No city has a neighbour: these weights say nothing.",)


def test_asymmetry_is_seen_with_ids_1_0_2():
    ids = pd.Index([1, 0, 2])
    table = pd.DataFrame([[0, 1, 0], [1, 0, 1], [0, 0, 0]], index=ids, columns=ids, dtype=float)
    report = weights_report(as_weights(table))
    assert not report.symmetric
    assert report.islands.tolist() == [2]
    # The link lacks its return between 0 and 2, and unit 1 is not touched by it.
    matrix = as_weights(table).reordered(pd.Index([0, 1, 2])).matrix.toarray()
    assert np.argwhere(matrix != matrix.T).tolist() == [[0, 2], [2, 0]]


def test_yearly_weights_are_asked_for_one_year():
    matrix = sparse.csr_array(ring(4, both=True))
    yearly = Weights(pd.Index(range(4)), (matrix, matrix), years=pd.Index([1, 2]))
    with pytest.raises(WeightsError, match="matrix_of"):
        weights_report(yearly)


def test_correlation_with_other_weights_is_that_of_all_pairs():
    rng = np.random.default_rng(4)
    left = np.where(rng.uniform(size=(7, 7)) < 0.5, rng.uniform(size=(7, 7)), 0.0)
    right = np.where(rng.uniform(size=(7, 7)) < 0.5, rng.uniform(size=(7, 7)), 0.0)
    for matrix in (left, right):
        np.fill_diagonal(matrix, 0.0)
    names = pd.Index([f"c{at}" for at in range(7)])
    moved = pd.DataFrame(right, names, names).loc[names[::-1], names[::-1]]
    full = pd.DataFrame(1.0 - np.eye(7), names, names)
    report = weights_report(weights_of(left), others={"right": moved, "full": full})
    off = ~np.eye(7, dtype=bool)
    wanted = np.corrcoef(left[off], right[off])[0, 1]
    assert report.correlations["right"] == pytest.approx(wanted)
    assert np.isnan(report.correlations["full"])
    assert report.tidy().loc["correlation with right", "value"] == pytest.approx(wanted)


def test_distance_of_the_kth_neighbour():
    cities = pd.DataFrame(
        {"longitude": [0.0, 1.0, 3.0, 7.0, 15.0], "latitude": np.zeros(5)}, index=[*"abcde"]
    )
    table = weights_report(knn_weights(cities, k=2), cities=cities).neighbour_distances
    degree = np.pi * EARTH_RADIUS_KM / 180.0
    assert table.index.tolist() == [1, 2, 4]
    # Nearest: 1, 1, 2, 4, 8 degrees; second: 3, 2, 3, 6, 12; fourth: 15, 14, 12, 8, 15
    np.testing.assert_allclose(table["minimum"], degree * np.array([1, 2, 8]), rtol=1e-9)
    np.testing.assert_allclose(table["mean"], degree * np.array([16, 26, 64]) / 5, rtol=1e-9)
    np.testing.assert_allclose(table["maximum"], degree * np.array([8, 12, 15]), rtol=1e-9)
    with pytest.raises(AlignmentError, match="'e'"):
        weights_report(knn_weights(cities, k=2), cities=cities.drop("e"))


def test_weights_made_of_the_outcome_are_flagged():
    cities = pd.DataFrame({"longitude": [0.0, 1.0, 3.0], "latitude": np.zeros(3)}, index=[*"abc"])
    wealth = pd.Series({"a": 1.0, "b": 2.0, "c": 5.0}, name="gdp")
    base = knn_weights(cities, k=1)
    made = [
        economic_weights(wealth),
        gravity_weights(cities, wealth),
        nested_weights(base, wealth, kind="wealth"),
        nested_weights(base, wealth, kind="convex"),
        nested_weights(economic_weights(wealth), wealth.rename("other"), kind="product"),
    ]
    for weights in made:
        report = weights_report(weights, outcome="gdp")
        assert report.endogenous
        assert "endogenous" in report.warning_codes
        assert weights_report(weights).endogenous is None
    assert weights_report(base, outcome="gdp").endogenous is False
