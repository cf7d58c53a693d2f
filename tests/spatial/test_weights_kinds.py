"""Kernel, travel-time, economic, nested, combined and stacked weights against plain formulas."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from libpysal import weights as pysal
from scipy import sparse

from shapefiles.example import example_area
from spatial.coordinates import EARTH_RADIUS_KM, great_circle_km
from spatial.errors import AlignmentError, ConfigError, PanelError, WeightsError
from spatial.weights import (
    Weights,
    block_weights,
    combine_weights,
    economic_weights,
    kernel_weights,
    knn_weights,
    lag_order_weights,
    nested_weights,
    space_time_ids,
    space_time_weights,
    split_weights,
    travel_time_weights,
    weights_by_year,
)

ROUNDING = 1e-9  # chords and haversines give one distance with other last digits
PYSAL_NAMES = {
    "uniform": "uniform",
    "triangular": "triangular",
    "epanechnikov": "quadratic",
    "quartic": "quartic",
    "gaussian": "gaussian",
}
seeds = st.integers(0, 10_000)


def places(n, seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"longitude": rng.uniform(100, 110, n), "latitude": rng.uniform(20, 30, n)},
        index=[f"c{i}" for i in range(n)],
    )


def distances(cities) -> np.ndarray:
    lon, lat = cities["longitude"].to_numpy(), cities["latitude"].to_numpy()
    return great_circle_km(lon[:, None], lat[:, None], lon, lat)


def random_weights(n, seed, *, share=0.4) -> Weights:
    rng = np.random.default_rng(seed)
    dense = rng.random((n, n)) * (rng.random((n, n)) < share)
    np.fill_diagonal(dense, 0.0)
    return Weights(pd.Index([f"c{i}" for i in range(n)]), (sparse.csr_array(dense),))


# ---- kernels


@pytest.mark.parametrize("kernel", [k for k in PYSAL_NAMES if k != "gaussian"])
def test_fixed_kernels_agree_with_libpysal(kernel):
    # along the equator great-circle distance is plain distance on a line
    rng = np.random.default_rng(3)
    longitude = np.sort(rng.uniform(0, 20, 25))
    km = np.radians(longitude) * EARTH_RADIUS_KM
    cities = pd.DataFrame({"longitude": longitude, "latitude": 0.0})
    ours = kernel_weights(cities, kernel=kernel, bandwidth_km=500.0, transform="none")
    theirs = pysal.Kernel(
        np.column_stack([km, np.zeros(25)]),
        bandwidth=500.0,
        k=24,
        function=PYSAL_NAMES[kernel],
        diagonal=False,
    ).full()[0]
    np.fill_diagonal(theirs, 0.0)
    np.testing.assert_allclose(ours.matrix.toarray(), theirs, atol=1e-9)


@given(seeds, st.integers(1, 8))
def test_adaptive_kernel_is_the_formula(seed, k):
    cities = places(10, seed)
    d = distances(cities)
    off = np.where(np.eye(10, dtype=bool), np.inf, d)
    h = np.sort(off, axis=1)[:, k]
    for kernel, formula in {
        "triangular": lambda z: np.where(z < 1, 1 - z, 0.0),
        "quartic": lambda z: np.where(z < 1, 15 / 16 * (1 - z**2) ** 2, 0.0),
        "gaussian": lambda z: np.where(z <= 4, np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), 0.0),
    }.items():
        ours = kernel_weights(cities, kernel=kernel, k=k, transform="none").matrix.toarray()
        np.testing.assert_allclose(ours, formula(off / h[:, None]), atol=1e-8)


def test_kernel_needs_one_bandwidth_and_says_what_it_is():
    cities = places(6)
    for wrong in ({}, {"k": 2, "bandwidth_km": 5.0}, {"k": 5}, {"k": 0}, {"bandwidth_km": -1.0}):
        with pytest.raises(ConfigError):
            kernel_weights(cities, **wrong)
    near = kernel_weights(cities, bandwidth_km=1.0, islands="nearest")
    assert not len(near.islands)
    assert "attached" in near.description
    with pytest.raises(WeightsError, match="c0"):
        kernel_weights(cities, bandwidth_km=1.0, islands="error")


# ---- travel times


def test_a_city_receives_over_the_way_towards_it():
    ids = ["a", "b", "c"]
    times = pd.DataFrame([[0, 10, 40], [20, 0, 30], [50, 60, 0]], ids, ids)  # row to column
    square = travel_time_weights(times, power=2.0, transform="none")
    with np.errstate(divide="ignore"):
        expected = np.where(np.eye(3), 0.0, 1.0 / times.to_numpy(float).T ** 2)
    np.testing.assert_allclose(square.matrix.toarray(), expected, rtol=1e-14)
    pairs = times.rename_axis("from").reset_index().melt("from", var_name="to", value_name="t")
    pairs = pairs[pairs["from"] != pairs["to"]].sample(frac=1.0, random_state=2)
    table = travel_time_weights(
        pairs,
        cities=pd.Index(ids),
        origin="from",
        destination="to",
        minutes="t",
        power=2.0,
        transform="none",
    )
    np.testing.assert_array_equal(table.matrix.toarray(), square.matrix.toarray())
    decayed = travel_time_weights(
        times, decay="exponential", rate_per_minute=0.1, cutoff_minutes=30, transform="none"
    )
    assert decayed.matrix[0, 1] == pytest.approx(np.exp(-2.0))
    assert decayed.matrix[0, 2] == 0.0
    assert decayed.matrix[2, 1] == pytest.approx(np.exp(-3.0))
    assert "from sender to receiver" in decayed.description


def test_travel_times_with_gaps_and_errors():
    pairs = pd.DataFrame({"origin": ["a", "b"], "destination": ["b", "c"], "minutes": [10.0, 20.0]})
    with pytest.raises(WeightsError, match="4 pairs have no travel time"):
        travel_time_weights(pairs)
    both = travel_time_weights(pairs, both_ways=True, missing="drop", transform="none")
    np.testing.assert_allclose(
        both.matrix.toarray(), [[0, 0.1, 0], [0.1, 0, 0.05], [0, 0.05, 0]], rtol=1e-14
    )
    assert "2 pairs without a time" in both.description
    with pytest.raises(AlignmentError, match="more than once"):
        travel_time_weights(pd.concat([pairs, pairs]))
    with pytest.raises(WeightsError, match="zero or negative"):
        travel_time_weights(pairs.assign(minutes=0.0), missing="drop")
    with pytest.raises(AlignmentError, match="'z'"):
        travel_time_weights(pairs, cities=pd.Index(["a", "z"]))
    with pytest.raises(ConfigError, match="neither square"):
        travel_time_weights(pairs.rename(columns={"minutes": "hours"}))
    for wrong in (
        {"power": 0},
        {"rate_per_minute": 0.1},
        {"decay": "exponential"},
        {"cutoff_minutes": -1},
    ):
        with pytest.raises(ConfigError):
            travel_time_weights(pairs, missing="drop", **wrong)


# ---- economic and nested


@given(seeds, st.sampled_from([0.0, 0.05, 0.3]))
def test_economic_weights_are_inverse_differences_over_a_floor(seed, quantile):
    rng = np.random.default_rng(seed)
    g = pd.Series(np.round(rng.normal(size=9), 1) + 5, [f"c{i}" for i in range(9)], name="gdp")
    ours = economic_weights(g, floor_quantile=quantile, transform="none")
    gaps = [abs(g.iloc[i] - g.iloc[j]) for i in range(9) for j in range(i)]
    floor = max(np.quantile(gaps, quantile), min(x for x in gaps if x > 0))
    for i in range(9):
        for j in range(9):
            expected = 0.0 if i == j else 1.0 / max(abs(g.iloc[i] - g.iloc[j]), floor)
            assert ours.matrix[i, j] == pytest.approx(expected, rel=ROUNDING)


def test_economic_weights_average_the_years_asked_for():
    rows = pd.MultiIndex.from_product([[2001, 2002, 2003], ["x", "y", "z"]], names=["year", "city"])
    gdp = pd.Series([1, 2, 4, 3, 4, 8, 99, 1, 5], rows, dtype=float, name="gdp")
    early = economic_weights(gdp, years=[2001, 2002], floor_quantile=0, transform="none")
    np.testing.assert_allclose(
        early.matrix.toarray(), [[0, 1, 0.25], [1, 0, 1 / 3], [0.25, 1 / 3, 0]], rtol=1e-14
    )
    assert "mean of 2 years 2001-2002" in early.description
    shuffled = economic_weights(
        gdp.sample(frac=1.0, random_state=1).swaplevel(), years=[2001, 2002], floor_quantile=0
    )
    again = shuffled.reordered(early.ids).matrix.toarray()
    np.testing.assert_allclose(again, early.transformed("row").matrix.toarray(), rtol=1e-14)
    with pytest.raises(PanelError, match="1999"):
        economic_weights(gdp, years=[1999])
    with pytest.raises(PanelError, match="'x'"):
        economic_weights(gdp.drop((2001, "x")))
    with pytest.raises(WeightsError, match="same value"):
        economic_weights(pd.Series(1.0, ["a", "b"]))
    with pytest.raises(ConfigError, match="years="):
        economic_weights(pd.Series([1.0, 2.0], ["a", "b"]), years=[2001])


def test_the_three_nested_kinds():
    cities = places(8, 4)
    g = pd.Series(np.arange(1.0, 9.0) ** 2, cities.index, name="gdp")
    geo = knn_weights(cities, k=3, transform="none")
    d, gap = geo.matrix.toarray(), np.abs(np.subtract.outer(g.to_numpy(), g.to_numpy()))
    np.fill_diagonal(gap, np.inf)
    shuffled = g.sample(frac=1.0, random_state=3)

    product = nested_weights(geo, shuffled, kind="product", floor_quantile=0, transform="none")
    np.testing.assert_allclose(product.matrix.toarray(), d / gap, rtol=1e-14)
    wealth = nested_weights(geo, shuffled, kind="wealth", transform="none")
    np.testing.assert_allclose(
        wealth.matrix.toarray(), d * (g / g.mean()).to_numpy()[None, :], rtol=1e-14
    )
    convex = nested_weights(geo, shuffled, kind="convex", share=0.3, floor_quantile=0)
    e = (1 / gap) / (1 / gap).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(convex.matrix.toarray(), 0.3 * d / 3 + 0.7 * e, rtol=1e-12)
    assert convex.transform == "row"
    with pytest.raises(WeightsError, match="not positive"):
        nested_weights(geo, g - 10, kind="wealth")
    with pytest.raises(ConfigError, match="share"):
        nested_weights(geo, g, kind="convex", share=1.5)
    with pytest.raises(AlignmentError):
        nested_weights(geo, g.drop("c0"), kind="product")


# ---- orders, groups, combinations


@given(seeds, st.integers(1, 4))
def test_orders_are_shortest_paths(seed, order):
    weights = random_weights(9, seed, share=0.2)
    dense = weights.matrix.toarray()
    # row receives from column: a path leads from the sender j to the receiver i
    graph = nx.from_numpy_array((dense > 0).T, create_using=nx.DiGraph)
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    exact = lag_order_weights(weights, order=order, transform="none").matrix.toarray()
    lower = lag_order_weights(weights, order=order, lower=True, transform="none").matrix.toarray()
    for i in range(9):
        for j in range(9):
            steps = lengths[j].get(i, np.inf)
            assert exact[i, j] == (steps == order)
            assert lower[i, j] == (1 <= steps <= order)


def test_order_two_agrees_with_libpysal_on_a_lattice():
    w = pysal.lat2W(5, 6)
    theirs = pysal.higher_order(w, 2).full()[0]
    ours = lag_order_weights(w, order=2, transform="none")
    np.testing.assert_array_equal(ours.matrix.toarray(), theirs)
    with pytest.raises(ConfigError):
        lag_order_weights(w, order=0)


def test_blocks_agree_with_libpysal_and_take_several_groups():
    groups = pd.Series(["x", "y", "x", "y", "x"], list("abcde"))
    theirs = pysal.block_weights(groups.to_numpy(), ids=list("abcde")).full()[0]
    np.testing.assert_array_equal(block_weights(groups, transform="none").matrix.toarray(), theirs)
    several = pd.DataFrame({"x": [1, 1, 0, 0], "y": [0, 1, 1, 0]}, list("abcd")).astype(bool)
    linked = block_weights(several, transform="none")
    np.testing.assert_array_equal(
        linked.matrix.toarray(), [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    )
    assert list(linked.islands) == ["d"]
    assert len(block_weights(groups.replace("y", None)).islands) == 2
    with pytest.raises(PanelError, match="True and False"):
        block_weights(several.astype(float) * 0.5)


@given(seeds)
def test_split_parts_add_up_and_do_not_cross(seed):
    weights = random_weights(8, seed)
    groups = pd.Series(np.random.default_rng(seed).integers(0, 3, 8), weights.ids)
    inside, outside = split_weights(weights, groups.sample(frac=1.0, random_state=seed))
    np.testing.assert_allclose((inside.matrix + outside.matrix).toarray(), weights.matrix.toarray())
    same = np.equal.outer(groups.to_numpy(), groups.to_numpy())
    assert not (inside.matrix.toarray() * ~same).any()
    assert not (outside.matrix.toarray() * same).any()


@given(seeds, st.floats(0.0, 1.0))
def test_a_combination_adds_normalised_matrices_by_label(seed, share):
    one, two = random_weights(7, seed, share=0.7), random_weights(7, seed + 1, share=0.7)
    moved = two.reordered(two.ids[::-1])
    shares = {"one": share, "two": 1.0 - share}
    ours = combine_weights({"one": one, "two": moved}, shares, normalisation="min-max")
    a, b = one.matrix.toarray(), two.matrix.toarray()

    def scaled(w):
        return w / min(w.sum(axis=1).max(), w.sum(axis=0).max())

    expected = share * scaled(a) + (1 - share) * scaled(b)
    np.testing.assert_allclose(ours.matrix.toarray(), expected, atol=1e-14)


def test_combinations_refuse_what_does_not_add():
    one, two = random_weights(5, 1, share=0.9), random_weights(5, 2, share=0.9)
    assert combine_weights({"one": one, "two": two}).transform == "row"
    for shares in ({"one": 1.0}, {"one": 0.7, "two": 0.7}, {"one": 1.5, "two": -0.5}):
        with pytest.raises(ConfigError):
            combine_weights({"one": one, "two": two}, shares)
    with pytest.raises(AlignmentError):
        combine_weights({"one": one, "two": random_weights(6, 2)})
    yearly = weights_by_year({1: one, 2: two})
    mixed = combine_weights({"moving": yearly, "still": two}, {"moving": 0.5, "still": 0.5})
    expected = 0.5 * one.transformed("row").matrix + 0.5 * two.transformed("row").matrix
    np.testing.assert_allclose(mixed.matrix_of(1).toarray(), expected.toarray(), atol=1e-15)
    with pytest.raises(WeightsError, match="different years"):
        combine_weights({"a": yearly, "b": weights_by_year({1: one, 3: two})})


# ---- years


def test_years_come_from_a_mapping_or_a_function():
    one, two = random_weights(5, 1), random_weights(5, 2)
    given_years = {2011: two.reordered(two.ids[::-1]), 2010: one}
    mapped = weights_by_year(given_years)
    called = weights_by_year(lambda year: given_years[year], [2011, 2010])
    for moving in (mapped, called):
        assert list(moving.years) == [2010, 2011]
        np.testing.assert_array_equal(moving.matrix_of(2011).toarray(), two.matrix.toarray())
        assert moving.direction == "row receives from column"
    with pytest.raises(ConfigError):
        weights_by_year(lambda year: one)
    with pytest.raises(ConfigError, match="2015"):
        weights_by_year(given_years, [2015])
    with pytest.raises(AlignmentError):
        weights_by_year({1: one, 2: random_weights(6, 2)})
    with pytest.raises(WeightsError, match="scaled"):
        weights_by_year({1: one, 2: two.transformed("binary")})


@given(seeds)
def test_the_stack_is_kroneckers(seed):
    weights = random_weights(4, seed)
    W, back = weights.matrix.toarray(), np.eye(3, k=-1)
    stacked = space_time_weights(weights, [1, 2, 3], same_year=0.6, year_before=0.3, own_past=0.1)
    expected = np.kron(0.6 * np.eye(3) + 0.3 * back, W) + 0.1 * np.kron(back, np.eye(4))
    np.testing.assert_allclose(stacked.matrix.toarray(), expected, atol=1e-15)
    assert list(stacked.ids) == list(space_time_ids(weights.ids, [1, 2, 3]))


def test_the_stack_of_moving_weights_keeps_each_year():
    one, two = random_weights(4, 1), random_weights(4, 2)
    moving = weights_by_year({1: one, 2: two})
    stacked = space_time_weights(moving, year_before=1.0).matrix.toarray()
    np.testing.assert_allclose(stacked[:4, :4], one.matrix.toarray())
    np.testing.assert_allclose(stacked[4:, 4:], two.matrix.toarray())
    np.testing.assert_allclose(stacked[4:, :4], two.matrix.toarray())
    assert not stacked[:4, 4:].any()
    with pytest.raises(ConfigError):
        space_time_weights(one)
    with pytest.raises(ConfigError):
        space_time_weights(one, [1, 2], same_year=-1.0)


# ---- real cities


def test_kinds_of_weights_of_real_cities():
    area = example_area()
    income = area.panel[next(c for c in area.panel.columns if "income" in c)]
    near = kernel_weights(area.cities, kernel="gaussian", k=6)
    alike = economic_weights(income)
    assert set(alike.ids) == set(area.cities.index)
    mixed = combine_weights({"near": near, "alike": alike})
    assert mixed.transform == "row"
    np.testing.assert_allclose(mixed.matrix.sum(axis=1), 1.0, atol=1e-12)
    states = area.cities["region"]
    assert block_weights(states).n == len(area.cities)
    inside, outside = split_weights(near, states)
    assert inside.matrix.nnz + outside.matrix.nnz == near.matrix.nnz
