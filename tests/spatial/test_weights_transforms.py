"""Laws of scaling, and the fate of islands."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from libpysal.graph import Graph
from shapely.geometry import box

from spatial.errors import AlignmentError, ConfigError, WeightsError
from spatial.weights import (
    Weights,
    as_weights,
    attach_islands,
    contiguity_weights,
    distance_band_weights,
    knn_weights,
    transform_weights,
)

EXACT = 1e-12  # a few operations on doubles
BALANCED = 1e-9  # what alternate scaling is stopped at, with a margin
NAMES = pd.Index(list("abcdef"))

entries = st.one_of(st.just(0.0), st.floats(1e-3, 1e3))
matrices = arrays(float, (6, 6), elements=entries).map(lambda m: m - np.diag(np.diag(m)))


def weights_of(matrix: np.ndarray) -> Weights:
    return as_weights(pd.DataFrame(matrix, index=NAMES, columns=NAMES), description="")


def dense(weights: Weights, transform: str) -> np.ndarray:
    return weights.transformed(transform).matrix.toarray()


@given(matrices)
def test_rows_sum_to_one_or_stay_zero(matrix):
    scaled = dense(weights_of(matrix), "row")
    sums = matrix.sum(axis=1)
    assert scaled.sum(axis=1) == pytest.approx((sums > 0).astype(float), abs=EXACT)
    assert scaled * sums[:, None] == pytest.approx(matrix, rel=EXACT)


@given(matrices)
def test_binary_keeps_the_pattern(matrix):
    assert np.array_equal(dense(weights_of(matrix), "binary"), (matrix > 0).astype(float))


@given(matrices)
def test_min_max_divides_by_the_smaller_of_the_largest_sums(matrix):
    assume(matrix.any())
    scaled = dense(weights_of(matrix), "min-max")
    divisor = min(matrix.sum(axis=1).max(), matrix.sum(axis=0).max())
    assert scaled == pytest.approx(matrix / divisor, rel=EXACT)
    # Kelejian & Prucha: no eigenvalue is then beyond one.
    assert np.abs(np.linalg.eigvals(scaled)).max() <= 1 + 1e-6


@given(matrices)
def test_spectral_makes_the_largest_eigenvalue_one(matrix):
    symmetric = matrix + matrix.T
    assume(symmetric.any())
    scaled = dense(weights_of(symmetric), "spectral")
    assert np.linalg.eigvalsh(scaled)[-1] == pytest.approx(1.0, rel=1e-9)
    assert scaled * symmetric.max() == pytest.approx(symmetric * scaled.max(), rel=1e-9)


@given(matrices, st.floats(1e-6, 1e6))
def test_scale_of_the_entries_does_not_matter(matrix, factor):
    assume(matrix.any())
    for transform in ("row", "min-max", "binary"):
        assert dense(weights_of(matrix * factor), transform) == pytest.approx(
            dense(weights_of(matrix), transform), rel=1e-9
        )


@given(arrays(float, (6, 6), elements=st.floats(1e-2, 1e2)))
def test_doubly_stochastic_sums(matrix):
    off = matrix - np.diag(np.diag(matrix))
    scaled = dense(weights_of(off), "doubly-stochastic")
    assert scaled.sum(axis=1) == pytest.approx(np.ones(6), abs=BALANCED)
    assert scaled.sum(axis=0) == pytest.approx(np.ones(6), abs=BALANCED)
    # Scaling rows first does not change where the alternation ends.
    again = dense(weights_of(off).transformed("row"), "doubly-stochastic")
    assert again == pytest.approx(scaled, abs=1e-7)


def test_doubly_stochastic_keeps_symmetry():
    matrix = np.random.default_rng(0).uniform(1, 2, (6, 6))
    scaled = dense(weights_of(np.triu(matrix, 1) + np.triu(matrix, 1).T), "doubly-stochastic")
    assert scaled == pytest.approx(scaled.T, abs=BALANCED)


def test_doubly_stochastic_refuses_what_cannot_be():
    star = np.zeros((6, 6))
    star[0, 1:] = star[1:, 0] = 1.0
    with pytest.raises(WeightsError, match="as in a star"):
        weights_of(star).transformed("doubly-stochastic")
    one_way = np.triu(np.ones((6, 6)), 1)
    with pytest.raises(WeightsError, match="'a', 'f' only give or only receive"):
        weights_of(one_way).transformed("doubly-stochastic")


def test_row_equals_libpysal():
    table = pd.DataFrame(
        np.random.default_rng(1).uniform(0, 1, (6, 6)) * (1 - np.eye(6)), NAMES, NAMES
    )
    ours = as_weights(table).transformed("row")
    theirs = as_weights(ours.to_graph().transform("R")).reordered(NAMES)
    assert ours.matrix.toarray() == pytest.approx(theirs.matrix.toarray(), rel=EXACT)
    assert isinstance(ours.to_graph(), Graph)


def test_extreme_entries_keep_finite_rows():
    matrix = np.zeros((6, 6))
    matrix[0, 1:] = [1e308, 1e308, 1e308, 1e-300, 5e-324]
    matrix[1, 2:4] = [5e-324, 5e-324]
    scaled = dense(weights_of(matrix), "row")
    assert scaled[0, 1:4] == pytest.approx([1 / 3] * 3)
    assert scaled[1, 2:4] == pytest.approx([0.5, 0.5])


def test_spectral_refuses_weights_without_a_cycle():
    with pytest.raises(WeightsError, match=r"largest eigenvalue .* is zero"):
        weights_of(np.triu(np.ones((6, 6)), 1)).transformed("spectral")


def test_description_says_the_scale_once():
    cities = pd.DataFrame({"longitude": [0, 1, 3.0], "latitude": [0, 0, 0.0]}, index=list("abc"))
    raw = distance_band_weights(cities, cutoff_km=300, transform="none")
    assert raw.description == "all cities within 300 km; no islands; not scaled"
    spectral = raw.transformed("spectral")
    assert spectral.description.endswith("no islands; divided by the largest eigenvalue 1.41421")
    assert spectral.transform == spectral.parameters["transform"] == "spectral"
    row = spectral.transformed("row")
    assert row.description == "all cities within 300 km; no islands; rows sum to one"
    assert "smaller of the largest row and column sum" in raw.transformed("min-max").description


def test_a_lost_scale_is_not_invented():
    row = weights_of(np.ones((6, 6)) - np.eye(6)).transformed("row")
    for lost in ("none", "spectral", "min-max"):
        with pytest.raises(WeightsError, match="build them with transform='none'"):
            row.transformed(lost)
    assert row.transformed("row") is row
    assert row.transformed("binary").matrix.max() == 1.0
    with pytest.raises(ConfigError, match="'column'"):
        transform_weights(row, "columns")


def test_years_are_scaled_one_by_one():
    first = np.ones((6, 6)) - np.eye(6)
    from scipy import sparse

    yearly = Weights(
        NAMES, (sparse.csr_array(first), sparse.csr_array(3 * first)), years=pd.Index([1, 2])
    )
    scaled = yearly.transformed("spectral")
    assert scaled.matrix_of(1).toarray() == pytest.approx(scaled.matrix_of(2).toarray())
    assert scaled.description == "divided by the largest eigenvalue in each year"


@pytest.fixture
def archipelago() -> gpd.GeoDataFrame:
    shapes = [box(0, 0, 1, 1), box(1, 0, 2, 1), box(2, 0, 3, 1), box(5, 0, 6, 1), box(6.5, 0, 7, 1)]
    return gpd.GeoDataFrame(index=["a", "b", "c", "isle", "reef"], geometry=shapes, crs="EPSG:4326")


@pytest.mark.parametrize("transform", ["none", "binary", "row", "spectral", "min-max"])
def test_attaching_before_or_after_scaling_is_the_same(archipelago, transform):
    before = contiguity_weights(archipelago, islands="nearest", transform=transform)
    after = attach_islands(contiguity_weights(archipelago, transform=transform), archipelago)
    assert after.matrix.toarray() == pytest.approx(before.matrix.toarray(), rel=1e-9)
    assert after.transform == transform
    assert "2 islands attached to the nearest city, both ways" in after.description
    assert "kept" not in after.description


def test_two_islands_that_are_nearest_to_each_other_are_linked_once(archipelago):
    joined = contiguity_weights(archipelago, islands="nearest", transform="none")
    assert not len(joined.islands)
    assert joined.matrix[3, 4] == joined.matrix[4, 3] == 1.0
    assert joined.matrix.nnz == 4 + 2


def test_attaching_follows_labels_and_leaves_its_input(archipelago):
    weights = contiguity_weights(archipelago, transform="none")
    before = weights.matrix.toarray()
    shuffled = attach_islands(weights, archipelago.iloc[::-1])
    straight = attach_islands(weights, archipelago)
    assert np.array_equal(shuffled.matrix.toarray(), straight.matrix.toarray())
    assert np.array_equal(weights.matrix.toarray(), before)
    assert attach_islands(straight, archipelago) is straight
    with pytest.raises(AlignmentError, match="'reef'"):
        attach_islands(weights, archipelago.iloc[:4])


def test_knn_weights_have_nothing_to_attach():
    cities = pd.DataFrame({"longitude": [0, 1, 3.0], "latitude": [0, 0, 0.0]}, index=list("abc"))
    weights = knn_weights(cities, k=1)
    assert attach_islands(weights, cities) is weights
