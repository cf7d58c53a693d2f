"""Geary, Getis-Ord, Lee, bivariate Moran and join counts: against R, esda and brute force."""

from __future__ import annotations

import json
from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from spatial.autocorrelation import (
    bivariate_moran,
    global_geary,
    global_getis_ord,
    global_moran,
    join_counts,
    lee_l,
)
from spatial.autocorrelation.quadratic_forms import form_moments
from spatial.errors import AlignmentError, EstimationError, PanelError, WeightsError
from spatial.weights import Weights

# spdep prints 15 digits; its variances cancel some of them.
PRINTED = 1e-9
# Sums over all rearrangements in another order.
EXACT = 1e-10


def random_case(seed: int, n: int = 6) -> tuple[pd.Series, pd.Series, Weights, np.ndarray]:
    """Two variables and asymmetric weights of n cities, for enumeration."""
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"city {at}" for at in range(n)])
    dense = rng.uniform(size=(n, n)) * (rng.uniform(size=(n, n)) < 0.6)
    np.fill_diagonal(dense, 0.0)
    dense[0, 1] = 0.5
    x, y = (pd.Series(rng.uniform(1, 5, n), ids, name=name) for name in ("x", "y"))
    return x, y, Weights(ids, (sparse.csr_array(dense),)), dense


@pytest.fixture(scope="module")
def columbus(shared_folder):
    folder = shared_folder / "reference" / "06_spatial_autocorrelation"
    expected = json.loads((folder / "expected.json").read_text())
    table = pd.read_csv(folder / "columbus.csv").set_index("POLYID")
    pairs = pd.read_csv(folder / "columbus_w_pairs.csv")
    n = len(table)
    binary = sparse.csr_array((np.ones(len(pairs)), (pairs["i"] - 1, pairs["j"] - 1)), (n, n))
    rows = sparse.csr_array(binary / binary.sum(axis=1)[:, None])
    return (
        table,
        {
            "B": Weights(table.index, (binary,)),
            "W": Weights(table.index, (rows,)),
        },
        expected,
    )


@pytest.mark.parametrize("style", ["B", "W"])
def test_geary_is_that_of_spdep(columbus, style):
    table, weights, expected = columbus
    found = global_geary(table["CRIME"], weights[style], permutations=0)
    for name, variance in (
        ("geary_randomisation", found.variance),
        ("geary_normality", found.variance_normal),
    ):
        theirs = expected[f"columbus_CRIME_{style}"][name]
        assert found.statistic == pytest.approx(theirs["estimate"], rel=PRINTED)
        assert variance == pytest.approx(theirs["variance"], rel=PRINTED)
        # spdep turns the sign round, so that likeness of neighbours is positive.
        assert (found.statistic - 1) / np.sqrt(variance) == pytest.approx(-theirs["z"], rel=PRINTED)


@pytest.mark.parametrize("style", ["B", "W"])
def test_getis_ord_is_that_of_spdep(columbus, style):
    table, weights, expected = columbus
    found = global_getis_ord(table["CRIME"], weights[style], permutations=0)
    theirs = expected[f"columbus_CRIME_{style}"]["globalG"]
    numbers = (found.statistic, found.expected, found.variance, found.z_score)
    assert numbers == pytest.approx(
        [theirs[key] for key in ("estimate", "expectation", "variance", "z")], rel=PRINTED
    )


@pytest.mark.parametrize("style", ["B", "W"])
def test_lee_is_that_of_spdep(columbus, style):
    table, weights, expected = columbus
    found = lee_l(table["CRIME"], table["INC"], weights[style], permutations=0)
    assert found.statistic == pytest.approx(
        expected[f"columbus_CRIME_{style}"]["lee_L"], rel=PRINTED
    )
    if style == "W":
        assert found.expected == pytest.approx(
            expected["columbus_lee_test"]["expectation"], rel=PRINTED
        )


def test_bivariate_moran_is_that_of_spdep(columbus):
    table, weights, expected = columbus
    found = bivariate_moran(table["CRIME"], table["INC"], weights["W"], permutations=0)
    assert found.statistic == pytest.approx(expected["columbus_bivariate"]["moran_bv"], rel=PRINTED)


def test_join_counts_are_those_of_spdep(columbus):
    table, weights, expected = columbus
    crime = table["CRIME"]
    classes = pd.Series(np.where(crime > crime.median(), "high", "low"), crime.index)
    found = join_counts(classes, weights["B"], permutations=0).table
    block = expected["joincount_multi_B"]
    for row, theirs in zip(block["rows"], block["table"], strict=True):
        key = ("different", "different") if row == "Jtot" else tuple(sorted(row.split(":")))
        ours = found.loc[key, ["count", "expected", "variance", "z_score"]]
        assert list(ours) == pytest.approx(list(theirs.values()), rel=PRINTED)


def test_permutation_p_values_agree_with_esda(columbus):
    esda = pytest.importorskip("esda")
    table, weights, _ = columbus
    w = weights["W"].to_w()
    theirs = esda.Geary(table["CRIME"].to_numpy(), w, permutations=999)
    ours = global_geary(table["CRIME"], weights["W"], permutations=999, rng=3)
    assert ours.simulated.mean() == pytest.approx(theirs.EC_sim, abs=4 * theirs.seC_sim / 31)
    assert ours.simulated.std() == pytest.approx(theirs.seC_sim, rel=0.1)
    assert ours.p_permutation <= 0.002


@pytest.mark.parametrize("seed", range(4))
def test_moments_are_those_of_all_rearrangements(seed):
    x, y, _, dense = random_case(seed)
    np.fill_diagonal(dense, np.random.default_rng(seed).normal(size=len(dense)))
    a, b = x.to_numpy(), y.to_numpy()
    all_values = [a[list(p)] @ dense @ b[list(p)] for p in permutations(range(len(a)))]
    found = form_moments(sparse.csr_array(dense), a, b)
    assert found.mean == pytest.approx(np.mean(all_values), rel=EXACT)
    assert found.variance == pytest.approx(np.var(all_values), rel=1e-8)


@pytest.mark.parametrize("statistic", [global_geary, global_getis_ord])
def test_moments_of_statistics_are_those_of_all_rearrangements(statistic):
    x, _, weights, _ = random_case(11)
    found = statistic(x, weights, permutations=0)
    every = [
        statistic(pd.Series(x.to_numpy()[list(p)], x.index), weights, permutations=0).statistic
        for p in permutations(range(len(x)))
    ]
    assert found.expected == pytest.approx(np.mean(every), rel=1e-8)
    assert found.variance == pytest.approx(np.var(every), rel=1e-7)


def test_bivariate_variance_is_that_of_all_rearrangements_of_the_second():
    x, y, weights, _ = random_case(5)
    found = bivariate_moran(x, y, weights, permutations=0)
    every = [
        bivariate_moran(
            x, pd.Series(y.to_numpy()[list(p)], y.index), weights, permutations=0
        ).statistic
        for p in permutations(range(len(x)))
    ]
    assert np.mean(every) == pytest.approx(0.0, abs=1e-12)
    assert found.variance == pytest.approx(np.var(every), rel=1e-8)


def test_lee_variance_is_that_of_rearranged_pairs_where_spdep_is_not(columbus):
    table, weights, expected = columbus
    found = lee_l(table["CRIME"], table["INC"], weights["W"], permutations=4999, rng=1)
    # The standard error of a variance of 4,999 draws is about two per cent.
    assert found.variance == pytest.approx(found.simulated.var(), rel=0.08)
    assert expected["columbus_lee_test"]["variance"] > 1.2 * found.simulated.var()


@pytest.mark.parametrize("sampling", ["free", "without replacement"])
def test_join_moments_are_those_of_all_colourings(sampling):
    n = 5
    _, _, weights, dense = random_case(3, n=n)
    codes = np.array(list("aabbc"))
    found = join_counts(
        pd.Series(codes, weights.ids), weights, permutations=0, sampling=sampling
    ).table
    shares = {name: (codes == name).mean() for name in "abc"}
    if sampling == "free":
        drawn = [np.array(c) for c in product("abc", repeat=n)]
        chance = [np.prod([shares[name] for name in c]) for c in drawn]
    else:
        drawn = [codes[list(p)] for p in permutations(range(n))]
        chance = [1 / len(drawn)] * len(drawn)
    for first, second in found.index:
        counts = []
        for colours in drawn:
            a, b = (colours == first).astype(float), (colours == second).astype(float)
            if first == "different":
                counts.append(0.5 * (dense * (colours[:, None] != colours[None, :])).sum())
            elif first == second:
                counts.append(0.5 * a @ dense @ a)
            else:
                counts.append(0.5 * (a @ dense @ b + b @ dense @ a))
        mean = np.dot(chance, counts)
        assert found.loc[(first, second), "expected"] == pytest.approx(mean, rel=EXACT)
        variance = np.dot(chance, (np.array(counts) - mean) ** 2)
        assert found.loc[(first, second), "variance"] == pytest.approx(
            variance, rel=1e-8, abs=1e-12
        )


@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100), shift=st.floats(-50, 50))
def test_units_of_values_and_order_of_cities_do_not_matter(seed, scale, shift):
    x, y, weights, _ = random_case(seed, n=7)
    order = np.random.default_rng(seed).permutation(7)
    moved = (x * scale + shift).iloc[order]
    for one, other in (
        (global_geary(x, weights, permutations=0), global_geary(moved, weights, permutations=0)),
        (
            bivariate_moran(x, y, weights, permutations=0),
            bivariate_moran(moved, y, weights, permutations=0),
        ),
        (lee_l(x, y, weights, permutations=0), lee_l(y, moved, weights, permutations=0)),
    ):
        # A shift by fifty times the spread costs digits of the deviations.
        assert one.statistic == pytest.approx(other.statistic, rel=1e-7, abs=1e-9)
        assert one.variance == pytest.approx(other.variance, rel=1e-6, abs=1e-12)


def test_a_variable_with_itself_is_univariate():
    x, _, weights, _ = random_case(2)
    own = global_moran(x, weights, permutations=0)
    both = bivariate_moran(x, x.rename("again"), weights, permutations=0)
    assert both.statistic == pytest.approx(own.statistic, rel=EXACT)


def test_partial_association_takes_out_what_the_city_itself_explains():
    rng = np.random.default_rng(8)
    n = 60
    ids = pd.Index(range(n))
    ring = sparse.csr_array(np.roll(np.eye(n), 1, 1) / 2 + np.roll(np.eye(n), -1, 1) / 2)
    weights = Weights(ids, (ring,))
    x = pd.Series(np.sin(np.arange(n) / n * 4 * np.pi), ids, name="x")
    y = pd.Series(x + 0.5 * rng.normal(size=n), ids, name="y")
    plain = bivariate_moran(x, y, weights, permutations=999, rng=1)
    partial = bivariate_moran(x, y, weights, partial=True, permutations=999, rng=1)
    assert plain.p_permutation < 0.01
    assert abs(partial.statistic) < 0.1


@pytest.mark.parametrize("statistic", [global_geary, global_getis_ord])
def test_p_values_are_uniform_without_a_pattern(statistic):
    rng = np.random.default_rng(4)
    n = 40
    ids = pd.Index(range(n))
    ring = sparse.csr_array(np.roll(np.eye(n), 1, 1) + np.roll(np.eye(n), -1, 1))
    weights = Weights(ids, (ring,))
    p = [
        statistic(
            pd.Series(rng.uniform(size=n), ids), weights, permutations=99, rng=rng
        ).p_permutation
        for _ in range(200)
    ]
    # Five standard errors of the share of 200 uniform values below 0.2.
    assert np.mean(np.array(p) <= 0.2) == pytest.approx(0.2, abs=5 * np.sqrt(0.16 / 200))


def test_same_seed_same_numbers_and_the_seed_is_kept():
    x, y, weights, _ = random_case(1, n=8)
    classes = pd.Series(list("aabbccab"), x.index)
    for call in (
        lambda rng: global_geary(x, weights, permutations=99, rng=rng),
        lambda rng: global_getis_ord(x, weights, permutations=99, rng=rng),
        lambda rng: lee_l(x, y, weights, permutations=99, rng=rng),
        lambda rng: bivariate_moran(x, y, weights, permutations=99, rng=rng),
        lambda rng: join_counts(classes, weights, permutations=99, rng=rng),
    ):
        first = call(12)
        assert first.configuration.seed == 12
        pd.testing.assert_frame_equal(first.tidy(), call(12).tidy())


def test_bad_input_is_named():
    x, y, weights, _ = random_case(0)
    with pytest.raises(EstimationError, match=r"negative for 'city 0'"):
        global_getis_ord(x - x.iloc[0] - 0.1 * (x.index == "city 0"), weights)
    with pytest.raises(EstimationError, match="constant"):
        global_geary(x * 0 + 3, weights)
    with pytest.raises(EstimationError, match="constant"):
        bivariate_moran(x, 2 * x + 1, weights, partial=True)
    with pytest.raises(AlignmentError, match="city 5"):
        lee_l(x, y.drop("city 5"), weights)
    with pytest.raises(EstimationError, match="All cities belong to the class 'a'"):
        join_counts(pd.Series("a", x.index), weights)
    with pytest.raises(PanelError, match=r"no class: 'city 2'"):
        join_counts(pd.Series(["a", "b", None, "a", "b", "a"], x.index), weights)
    empty = Weights(weights.ids, (sparse.csr_array((6, 6)),))
    with pytest.raises(WeightsError, match="no join"):
        join_counts(pd.Series(list("ababab"), x.index), empty)
