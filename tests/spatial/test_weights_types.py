"""The Weights type: checks at the door, labels, and exchange with libpysal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from libpysal.graph import Graph
from libpysal.weights import W
from scipy import sparse

from spatial.errors import AlignmentError, WeightsError
from spatial.weights import Weights, as_weights

IDS = pd.Index([1, 0, 2])
TABLE = pd.DataFrame([[0, 1, 0], [1, 0, 2], [0, 3, 0]], index=IDS, columns=IDS, dtype=float)


def dense(weights: Weights, ids: pd.Index = IDS) -> np.ndarray:
    return weights.reordered(ids).matrix.toarray()


@pytest.mark.parametrize(
    ("entry", "words"),
    [(-1.0, "negative"), (np.nan, "missing or infinite"), (np.inf, "missing or infinite")],
)
def test_unusable_entries_are_refused(entry, words):
    bad = TABLE.copy()
    bad.loc[1, 2] = entry
    with pytest.raises(WeightsError, match=words):
        as_weights(bad)


def test_a_city_beside_itself_is_named():
    bad = TABLE.copy()
    bad.loc[2, 2] = 1.0
    with pytest.raises(WeightsError, match="2 are neighbours of themselves"):
        as_weights(bad)


def test_shapes_labels_and_kinds_are_checked():
    with pytest.raises(WeightsError, match=r"3 ids need \(3, 3\)"):
        Weights(IDS, (sparse.csr_array((2, 2)),))
    with pytest.raises(AlignmentError, match="more than once"):
        Weights(pd.Index(["a", "a"]), (sparse.csr_array((2, 2)),))
    with pytest.raises(WeightsError, match="same city ids"):
        as_weights(TABLE.rename(columns={2: 9}))
    with pytest.raises(WeightsError, match="ids="):
        as_weights(sparse.csr_array(TABLE.to_numpy()))
    with pytest.raises(WeightsError, match="Cannot read weights from list"):
        as_weights([[0, 1], [1, 0]])


def test_columns_of_a_table_are_matched_by_label():
    assert np.array_equal(dense(as_weights(TABLE[[2, 1, 0]])), TABLE.to_numpy())


def test_ids_1_0_2_keep_their_places_through_every_exchange():
    # libpysal's Graph.asymmetry relabels in place and loses unit 1 for exactly these ids.
    ours = as_weights(TABLE)
    for back in (as_weights(ours.to_graph()), as_weights(ours.to_w()), as_weights(ours)):
        assert np.array_equal(dense(back), TABLE.to_numpy())
    links = ours.to_frame().set_index(["focal", "neighbor"])["weight"].to_dict()
    assert links == {(1, 0): 1.0, (0, 1): 1.0, (0, 2): 2.0, (2, 0): 3.0}


def test_tables_go_out_and_come_back():
    ours = as_weights(TABLE)
    pd.testing.assert_frame_equal(ours.to_table(), TABLE)
    assert np.array_equal(dense(as_weights(ours.to_table())), TABLE.to_numpy())
    first, second = sparse.csr_array(TABLE.to_numpy()), sparse.csr_array(TABLE.to_numpy().T)
    yearly = Weights(IDS, (first, second), years=pd.Index([2000, 2001]))
    pd.testing.assert_frame_equal(yearly.to_table(2001), TABLE.T)
    with pytest.raises(WeightsError, match="change by year"):
        yearly.to_table()
    sparse_again = as_weights(ours.matrix, ids=ours.ids)
    assert np.array_equal(dense(sparse_again), TABLE.to_numpy())


def test_direction_stays_with_the_weights():
    matrix = sparse.csr_array(TABLE.to_numpy())
    weights = Weights(IDS, (matrix,), direction="row sends to column")
    for moved in (
        weights.reordered(IDS[::-1]),
        weights.subset(IDS[:2]),
        weights.transformed("row"),
    ):
        assert moved.direction == "row sends to column"


def test_libpysal_objects_are_read_with_islands():
    graph = Graph.from_arrays(["b", "a", "c"], ["a", "b", "c"], [2.0, 3.0, 0.0])
    ours = as_weights(graph)
    assert ours.islands.tolist() == ["c"]
    assert dense(ours, pd.Index(["a", "b", "c"]))[1, 0] == 2.0
    old = W({"x": ["y"], "y": ["x"], "z": []}, silence_warnings=True)
    assert as_weights(old).islands.tolist() == ["z"]


def test_lag_of_a_shuffled_series_follows_the_labels():
    # libpysal's Graph.lag pairs a Series by position.
    values = pd.Series([10.0, 20.0, 30.0], index=IDS)
    expected = {1: 20.0, 0: 10.0 + 60.0, 2: 60.0}
    for order in ([1, 0, 2], [2, 1, 0], [0, 2, 1]):
        lag = as_weights(TABLE).lag(values.loc[order])
        assert lag.index.tolist() == order
        assert lag.to_dict() == expected


def test_inputs_stay_as_they_are():
    table, matrix = TABLE.copy(), sparse.csr_array(TABLE.to_numpy())
    weights = Weights(IDS, (matrix,))
    weights.transformed("row")
    weights.matrix.data[0] = 99.0
    as_weights(table).transformed("row")
    assert matrix.data.max() == 3.0
    pd.testing.assert_frame_equal(table, TABLE)


def test_subset_cuts_links_and_forgets_the_row_scale():
    cut = as_weights(TABLE).transformed("row").subset(pd.Index([2, 0]))
    assert cut.transform == "none"
    assert "subset of 2 cities" in cut.description
    assert cut.matrix.toarray().tolist() == [[0.0, 1.0], [pytest.approx(2 / 3), 0.0]]
    with pytest.raises(WeightsError, match="Not in the weights: 7"):
        cut.subset(pd.Index([7]))


def test_years_have_their_own_matrices():
    first, second = sparse.csr_array(TABLE.to_numpy()), sparse.csr_array(TABLE.to_numpy().T)
    yearly = Weights(IDS, (first, second), years=pd.Index([2000, 2001]))
    assert yearly.matrix_of(2001)[1, 2] == 3.0
    assert len(yearly.to_frame()) == 8
    with pytest.raises(WeightsError, match="change by year"):
        _ = yearly.matrix
    with pytest.raises(WeightsError, match="No weights for year 1999"):
        yearly.matrix_of(1999)
    with pytest.raises(WeightsError, match="1 matrices given, 2 expected"):
        Weights(IDS, (first,), years=pd.Index([2000, 2001]))


@given(st.permutations([1, 0, 2]))
def test_reordering_there_and_back_changes_nothing(order):
    ours = as_weights(TABLE)
    moved = ours.reordered(pd.Index(order))
    assert np.array_equal(moved.reordered(IDS).matrix.toarray(), TABLE.to_numpy())
    assert np.array_equal(moved.matrix.toarray(), TABLE.loc[order, order].to_numpy())
