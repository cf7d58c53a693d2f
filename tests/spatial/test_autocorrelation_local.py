"""Local Moran's I against R, esda, the global statistic and laws."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from esda import Moran_Local
from hypothesis import given
from hypothesis import strategies as st
from libpysal import examples
from scipy import sparse, stats

from spatial.autocorrelation import (
    QUADRANTS,
    adjusted_p_values,
    global_moran,
    local_moran,
)
from spatial.autocorrelation.multiple_testing import resolution_warnings
from spatial.errors import ConfigError, EstimationError, PanelError
from spatial.weights import Weights, as_weights, contiguity_weights

REFERENCE = 1e-9  # the reference case carries 15 digits and promises this
ORACLE = 1e-9  # the same formula in another program


def random_case(seed: int, n: int = 20) -> tuple[pd.Series, Weights]:
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(0.1, 1, (n, n)) * (rng.uniform(0, 1, (n, n)) < 0.3)
    np.fill_diagonal(matrix, 0.0)
    names = pd.Index([f"c{at}" for at in range(n)])
    return pd.Series(rng.normal(size=n), names, name="y"), Weights(
        names, (sparse.csr_array(matrix),)
    )


def grid_case(side: int) -> tuple[pd.Series, Weights]:
    """A square grid with a warm block in one corner and a cold one in the opposite."""
    names = pd.Index([f"r{row}c{column}" for row in range(side) for column in range(side)])
    step = sparse.diags_array([np.ones(side - 1)] * 2, offsets=[-1, 1], shape=(side, side))
    matrix = sparse.kron(step, sparse.eye_array(side)) + sparse.kron(sparse.eye_array(side), step)
    noise = np.random.default_rng(0).normal(size=(side, side))
    noise[:4, :4] += 6.0
    noise[-4:, -4:] -= 6.0
    weights = Weights(names, (sparse.csr_array(matrix),)).transformed("row")
    return pd.Series(noise.ravel(), names, name="y"), weights


@pytest.fixture(scope="module")
def columbus() -> tuple[pd.Series, Weights]:
    shapes = gpd.read_file(examples.get_path("columbus.shp")).set_index("POLYID")
    return shapes["CRIME"], contiguity_weights(shapes)


@pytest.mark.parametrize("style", ["W", "B"])
def test_columbus_equals_r(shared_folder, style):
    case = shared_folder / "reference/06_spatial_autocorrelation"
    table = pd.read_csv(case / "columbus.csv").set_index("POLYID")
    pairs = pd.read_csv(case / "columbus_w_pairs.csv")
    ones = sparse.csr_array((np.ones(len(pairs)), (pairs["i"] - 1, pairs["j"] - 1)), (49, 49))
    weights = as_weights(ones, ids=table.index)
    weights = weights.transformed("row") if style == "W" else weights
    expected = json.loads((case / "expected.json").read_text())[f"columbus_CRIME_{style}"]
    ours = local_moran(table["CRIME"], weights, rng=1).table
    theirs = expected["localmoran_conditional"]
    assert ours["statistic"].to_numpy() == pytest.approx(theirs["Ii"], rel=REFERENCE)
    assert ours["expected"].to_numpy() == pytest.approx(theirs["E"], rel=REFERENCE)
    assert ours["z_score"].to_numpy() == pytest.approx(theirs["z"], rel=REFERENCE)
    if style == "W":
        # R compares the lag with its own mean, so cities between the two means may differ.
        differ = ours["quadrant"].to_numpy() != np.array(
            expected["localmoran_total"]["quadrant_mean"]
        )
        between = ours["lag"].between(*sorted([0.0, ours["lag"].mean()]))
        assert not (differ & ~between).any()


def test_columbus_equals_esda(columbus):
    values, weights = columbus
    ours = local_moran(values, weights, permutations=999, rng=1).table
    theirs = Moran_Local(values.to_numpy(), weights.to_w(), permutations=0)
    n = len(values)
    # esda divides by n - 1 where the definition has n.
    assert ours["statistic"].to_numpy() == pytest.approx(theirs.Is * n / (n - 1), rel=ORACLE)
    words = np.array(["", *QUADRANTS])[theirs.q]
    assert ours["quadrant"].tolist() == words.tolist()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_p_values_agree_with_simulations_of_esda(columbus):
    values, weights = columbus
    ours = local_moran(values, weights, rng=1).table
    theirs = Moran_Local(values.to_numpy(), weights.to_w(), permutations=9999, seed=1)
    # Folded about the exact mean; about a simulated one, cities near the mean move by more than
    # chance. esda's statistic lacks the factor n / (n - 1).
    n = len(values)
    mean = ours["expected"].to_numpy() * (n - 1) / n
    distance = np.abs(theirs.rlisas - mean[:, None])
    folded = (1 + (distance >= np.abs(theirs.Is - mean)[:, None]).sum(axis=1)) / 10_000
    p_values = ours["p_value"].to_numpy()
    slack = 5 * np.sqrt(2 * p_values * (1 - p_values) / 9999) + 2e-4
    assert (np.abs(p_values - folded) <= slack).all()


@pytest.mark.parametrize("seed", range(5))
def test_local_statistics_sum_to_s0_times_the_global_one(seed):
    values, weights = random_case(seed)
    local = local_moran(values, weights, permutations=999, correction="none", rng=1)
    moran = global_moran(values, weights, permutations=0)
    total = weights.matrix.sum()
    assert local.table["statistic"].sum() == pytest.approx(total * moran.statistic, rel=ORACLE)
    assert local.global_statistic == pytest.approx(moran.statistic, rel=ORACLE)


@given(st.permutations(range(20)), st.integers(0, 30))
def test_neither_order_nor_names_change_a_single_bit(order, seed):
    values, weights = random_case(seed)
    options = {"permutations": 99, "correction": "none", "rng": 3}
    straight = local_moran(values, weights, **options).table
    shuffled = local_moran(
        values.iloc[order], weights.reordered(values.index[order[::-1]]), **options
    ).table
    pd.testing.assert_frame_equal(shuffled, straight.iloc[order], check_exact=True)
    names = {city: f"x{99 - at}" for at, city in enumerate(values.index)}
    renamed = local_moran(
        values.rename(names), Weights(weights.ids.map(names), weights.matrices), **options
    ).table
    assert renamed.index.tolist() == list(names.values())
    pd.testing.assert_frame_equal(
        renamed.reset_index(drop=True), straight.reset_index(drop=True), check_exact=True
    )


@given(st.permutations(range(16)))
def test_tied_values_follow_their_labels(order):
    _, weights = grid_case(4)
    values = pd.Series(np.repeat([1.0, 1.0, 2.0, 5.0], 4), weights.ids)
    options = {"permutations": 99, "correction": "none", "rng": 3}
    straight = local_moran(values, weights, **options).table
    shuffled = local_moran(values.iloc[order], weights, **options).table
    pd.testing.assert_frame_equal(shuffled.loc[values.index], straight, check_exact=True)


@given(st.floats(1e-3, 1e3), st.floats(-100, 100), st.floats(1e-3, 1e3))
def test_units_do_not_matter(factor, shift, scale):
    values, weights = random_case(3)
    options = {"permutations": 199, "correction": "none", "rng": 3}
    straight = local_moran(values, weights, **options).table
    heavier = Weights(weights.ids, (weights.matrix * scale,))
    moved = local_moran(values * factor + shift, heavier, **options).table
    assert moved["z_score"].to_numpy() == pytest.approx(straight["z_score"].to_numpy(), rel=1e-6)
    assert moved["statistic"].to_numpy() == pytest.approx(
        scale * straight["statistic"].to_numpy(), rel=1e-6, abs=1e-9
    )
    assert moved["p_value"].to_numpy() == pytest.approx(straight["p_value"].to_numpy(), abs=1e-12)
    assert moved["quadrant"].equals(straight["quadrant"])


def test_mirrored_values_swap_high_and_low():
    values, weights = grid_case(8)
    up = local_moran(values, weights, rng=1).table
    down = local_moran(-values, weights, rng=2).table
    swap = {"High-High": "Low-Low", "Low-Low": "High-High"}
    swap |= {"High-Low": "Low-High", "Low-High": "High-Low"}
    assert down["quadrant"].tolist() == up["quadrant"].map(swap).tolist()
    assert down["z_score"].to_numpy() == pytest.approx(up["z_score"].to_numpy(), rel=1e-9)


def test_planted_blocks_are_found_and_counted():
    values, weights = grid_case(12)
    result = local_moran(values, weights, rng=1)
    clusters = result.table["cluster"]
    assert (clusters[["r1c1", "r1c2", "r2c1"]] == "High-High").all()
    assert (clusters[["r10c10", "r9c10", "r10c9"]] == "Low-Low").all()
    assert clusters["r1c10"] == "Not significant"
    counts = result.cluster_counts()
    assert counts.sum() == 144
    assert counts.index.tolist() == [*QUADRANTS, "Not significant", "Isolated"]
    assert counts[list(QUADRANTS)].sum() == result.n_significant
    assert result.n_significant <= result.n_significant_raw
    p_values = result.table["p_value"].to_numpy()
    assert result.n_significant_raw == (p_values <= 0.05).sum()
    assert result.table["p_adjusted"].to_numpy() == pytest.approx(
        stats.false_discovery_control(p_values)
    )


def test_corrections_are_nested():
    values, weights = grid_case(10)
    found = {
        correction: local_moran(values, weights, correction=correction, rng=1)
        for correction in ("none", "fdr", "bonferroni")
    }
    none, fdr, bonferroni = (found[name].n_significant for name in ("none", "fdr", "bonferroni"))
    assert none == found["none"].n_significant_raw == found["fdr"].n_significant_raw
    assert 0 < bonferroni <= fdr <= none


def island_case() -> tuple[pd.Series, Weights]:
    values, weights = grid_case(6)
    ids = weights.ids.append(pd.Index(["isle", "source"]))
    matrix = sparse.lil_array((38, 38))
    matrix[:36, :36] = weights.matrix.toarray()
    matrix[0, 37] = 0.5  # the source gives to the first city and receives from nobody
    extended = pd.concat([values, pd.Series({"isle": 40.0, "source": -3.0})]).rename("y")
    return extended, Weights(ids, (sparse.csr_array(matrix),))


def test_islands_are_isolated_and_stay_out_of_the_draws_of_others():
    values, weights = island_case()
    result = local_moran(values, weights, rng=1)
    table = result.table
    for city in ("isle", "source"):
        assert table.loc[city, ["quadrant", "cluster"]].tolist() == ["Isolated", "Isolated"]
        assert table.loc[city, ["lag", "statistic", "p_value", "p_adjusted"]].isna().all()
    assert (result.n_islands, result.cluster_counts()["Isolated"]) == (2, 2)
    assert "stay out of the permutations" in result.configuration.options["islands"]
    # Moments over the pool of 37: all but the isle, which nobody receives from either.
    z = table["standardised"]
    pool = z.drop("isle")
    city = "r3c3"
    expected = z[city] * pool.drop(city).mean()
    assert table.loc[city, "expected"] == pytest.approx(expected, rel=ORACLE)
    assert z.mean() == pytest.approx(0.0, abs=1e-12)
    assert (z**2).mean() == pytest.approx(1.0)


def test_values_at_the_mean_have_no_statistic_but_are_tested():
    _, weights = grid_case(3)
    values = pd.Series([-1.0, 2, 3, -4, 0, -2, 1, -3, 4], weights.ids)
    row = local_moran(values, weights, permutations=999, correction="none", rng=1).table.iloc[4]
    assert row["statistic"] == 0.0
    assert 0.0 < row["p_value"] <= 1.0


def test_smallest_p_and_inputs():
    values, weights = grid_case(6)
    kept, before = values.copy(), weights.matrix.toarray()
    result = local_moran(values, weights, permutations=99, correction="none", rng=9)
    assert result.table["p_value"].min() >= 0.01
    assert result.configuration.seed == 9
    assert result.configuration.weights == weights.description
    pd.testing.assert_series_equal(values, kept)
    assert np.array_equal(weights.matrix.toarray(), before)
    copied = result.tidy()
    copied.loc["r0c0", "value"] = 99.0
    assert result.table.loc["r0c0", "value"] == values["r0c0"]


def test_too_few_permutations_for_the_correction():
    values, weights = grid_case(12)  # 144 tests at 0.05 need p = 1 / 2880
    with pytest.raises(EstimationError, match=r"bonferroni.*at least 2879 permutations"):
        local_moran(values, weights, permutations=999, correction="bonferroni")
    warned = local_moran(values, weights, permutations=999, rng=1).warnings
    assert len(warned) == 1
    assert "fewer than 3 cities cannot be significant" in warned[0]
    assert local_moran(values, weights, permutations=2879, rng=1).warnings == ()
    with pytest.raises(EstimationError, match="nothing could be significant"):
        local_moran(values, weights, permutations=99, alpha=0.005)
    with pytest.raises(EstimationError, match="nothing could be significant"):
        local_moran(values, weights, permutations=99, alpha=0.005, correction="none")


@given(st.integers(1, 400), st.integers(99, 3000), st.sampled_from(["fdr", "by"]))
def test_warning_and_error_match_what_fdr_can_find(tests, permutations, correction):
    smallest = 1 / (permutations + 1)
    # The kindest outcome: k cities at the smallest p, the rest at one.
    possible = [
        k
        for k in range(1, tests + 1)
        if adjusted_p_values(np.r_[np.full(k, smallest), np.ones(tests - k)], correction)[0] <= 0.05
    ]
    if not possible:
        with pytest.raises(EstimationError, match="nothing could be significant"):
            resolution_warnings(permutations, tests, alpha=0.05, correction=correction)
        return
    warned = resolution_warnings(permutations, tests, alpha=0.05, correction=correction)
    if possible[0] == 1:
        assert warned == ()
    else:
        assert f"fewer than {possible[0]} cities" in warned[0]


@given(st.lists(st.one_of(st.floats(0, 1), st.just(np.nan)), min_size=1, max_size=30))
def test_adjusted_p_values_equal_scipy(raw):
    p_values = np.array(raw)
    done = ~np.isnan(p_values)
    fdr = adjusted_p_values(p_values, "fdr")
    bonferroni = adjusted_p_values(p_values, "bonferroni")
    assert np.array_equal(np.isnan(fdr), ~done)
    if done.any():
        assert fdr[done] == pytest.approx(stats.false_discovery_control(p_values[done]))
        yekutieli = stats.false_discovery_control(p_values[done], method="by")
        assert adjusted_p_values(p_values, "by")[done] == pytest.approx(yekutieli)
        assert bonferroni[done] == pytest.approx(np.minimum(1, done.sum() * p_values[done]))
    assert np.array_equal(adjusted_p_values(p_values, "none"), p_values, equal_nan=True)


@pytest.mark.parametrize(
    "options",
    [
        {"permutations": 0},
        {"permutations": 98},
        {"correction": "holm"},
        {"alpha": 0.0},
        {"alpha": 1.0},
        {"alpha": float("nan")},
    ],
)
def test_wrong_options_are_refused(options):
    values, weights = random_case(0)
    with pytest.raises(ConfigError):
        local_moran(values, weights, **options)


def test_constant_missing_and_hardly_linked_cities_are_refused():
    values, weights = random_case(0)
    with pytest.raises(EstimationError, match="y is constant"):
        local_moran(values * 0 + 3, weights)
    with pytest.raises(PanelError, match="'c5'"):
        local_moran(values.where(values.index != "c5"), weights)
    pair = sparse.lil_array((20, 20))
    pair[0, 1] = pair[1, 0] = 1.0
    with pytest.raises(EstimationError, match="Only 2 cities have links"):
        local_moran(values, Weights(weights.ids, (sparse.csr_array(pair),)))


HOSTILE = {
    "mixed": [1, "1", 2.5, "", " ", "é", "北京", "=1+1", "O'Brien", "<script>", "&", "a;b"],
    "numbers out of order": [5, 3, 11, 0, 1, 2, 4, 6, 10, 9, 8, 7],
    "large": [10**18 + at for at in range(12)],
    "dates": list(pd.date_range("2000", periods=12)),
    "categories": pd.CategoricalIndex(list("lkjihgfedcba")),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_ids_give_the_numbers_of_plain_ones(kind):
    values, weights = random_case(7, n=12)
    ids = pd.Index(HOSTILE[kind])
    hostile = pd.Series(values.to_numpy(), ids)
    plain = local_moran(values, weights, permutations=999, rng=1).table
    ours = local_moran(
        hostile.iloc[::-1], Weights(ids, weights.matrices), permutations=999, rng=1
    ).table
    assert ours.index.equals(ids[::-1])
    assert ours["p_value"].tolist() == plain["p_value"].tolist()[::-1]
    assert ours["cluster"].tolist() == plain["cluster"].tolist()[::-1]
