"""Global Moran's I against R, esda, complete enumeration and laws."""

from __future__ import annotations

import itertools
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from esda import Moran
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from libpysal import examples
from libpysal.graph import Graph
from libpysal.weights import W
from scipy import sparse, stats

from spatial.autocorrelation import global_moran, global_moran_table
from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError, WeightsError
from spatial.weights import Weights, as_weights, contiguity_weights, knn_weights

REFERENCE = 1e-9  # the reference case carries 15 digits and promises this
ORACLE = 1e-9  # the same formula in another program
CHANCE = 5.0  # standard errors that a permutation p-value may be off

NAMES = pd.Index(list("abcdefg"))
TESTS = ("randomisation", "normality")


def random_case(seed: int, n: int = 7) -> tuple[pd.Series, Weights]:
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(0, 1, (n, n)) * (rng.uniform(0, 1, (n, n)) < 0.5)
    np.fill_diagonal(matrix, 0.0)
    names = pd.Index([f"c{at}" for at in range(n)])
    return pd.Series(rng.normal(size=n), names, name="y"), Weights(
        names, (sparse.csr_array(matrix),)
    )


def columbus_of(folder) -> tuple[pd.Series, Weights, dict]:
    case = folder / "reference/06_spatial_autocorrelation"
    table = pd.read_csv(case / "columbus.csv").set_index("POLYID")
    pairs = pd.read_csv(case / "columbus_w_pairs.csv")
    ones = sparse.csr_array((np.ones(len(pairs)), (pairs["i"] - 1, pairs["j"] - 1)), (49, 49))
    expected = json.loads((case / "expected.json").read_text())
    return table["CRIME"], as_weights(ones, ids=table.index), expected


@pytest.fixture(scope="module")
def metros(shared_folder) -> tuple[pd.DataFrame, pd.DataFrame]:
    folder = shared_folder / "data/us_metros"
    panel = pd.read_csv(folder / "us_metro_income_1980_1996.csv", dtype={"cbsa": str})
    income = panel[panel["complete"]].pivot(index="cbsa", columns="year", values="real_pc_income")
    shapes = gpd.read_file(folder / "us_metros_geosnapdef.geojson").set_index("cbsa")
    places = shapes.loc[income.index, ["lon", "lat"]]
    return income, places.set_axis(["longitude", "latitude"], axis=1)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("style", ["W", "B", "C", "U", "S"])
def test_columbus_equals_r(shared_folder, style, test):
    values, binary, expected = columbus_of(shared_folder)
    matrix = binary.matrix
    degrees = matrix.sum(axis=1)
    scale = {
        "W": 1 / degrees,
        "B": np.ones(49),
        "C": np.full(49, 49 / matrix.sum()),
        "U": np.full(49, 1 / matrix.sum()),
        "S": 49 / np.sqrt(degrees) / np.sqrt(degrees).sum(),
    }[style]
    weights = Weights(binary.ids, (sparse.csr_array(matrix * scale[:, None]),))
    result = global_moran(values, weights, permutations=0)
    theirs = expected[f"columbus_CRIME_{style}"][f"moran_{test}"]
    normal = test == "normality"
    assert result.statistic == pytest.approx(theirs["estimate"], rel=REFERENCE)
    assert result.expected == pytest.approx(theirs["expectation"], rel=REFERENCE)
    variance, z_score, p_value = (
        (result.variance_normal, result.z_score_normal, result.p_normal)
        if normal
        else (result.variance, result.z_score, result.p_analytical)
    )
    assert variance == pytest.approx(theirs["variance"], rel=REFERENCE)
    assert z_score == pytest.approx(theirs["z"], rel=REFERENCE)
    assert p_value == pytest.approx(theirs["p"], rel=1e-8)  # a tail multiplies errors of z


def test_north_carolina_rates_equal_r(shared_folder):
    case = shared_folder / "reference/06_spatial_autocorrelation"
    pairs = pd.read_csv(case / "ncsids_w_pairs.csv")
    expected = json.loads((case / "expected.json").read_text())
    rates = pd.Series(expected["nc_FT74"])
    ones = sparse.csr_array((np.ones(len(pairs)), (pairs["i"] - 1, pairs["j"] - 1)), (100, 100))
    weights = as_weights(ones, ids=rates.index)
    result = global_moran(rates, weights, permutations=0)
    theirs = expected["nc_FT74_moran_B"]
    # R counts 98 counties where two have no neighbour; the sums run over all 100 in both.
    assert (result.n, result.n_islands) == (100, 2)
    assert result.statistic * 98 / 100 == pytest.approx(theirs["estimate"], rel=REFERENCE)


def test_columbus_of_libpysal_equals_the_published_numbers():
    shapes = gpd.read_file(examples.get_path("columbus.shp")).set_index("POLYID")
    result = global_moran(shapes["CRIME"], contiguity_weights(shapes), rng=1)
    assert result.statistic == pytest.approx(0.5001886, abs=5e-8)
    assert result.z_score == pytest.approx(5.5894, abs=5e-5)
    assert result.p_permutation == pytest.approx(1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_moments_equal_esda_for_asymmetric_weights(seed):
    values, weights = random_case(seed, n=20)
    ours = global_moran(values, weights, permutations=0)
    theirs = Moran(values.to_numpy(), weights.to_w(), transformation="o", permutations=0)
    assert ours.statistic == pytest.approx(theirs.I, rel=ORACLE)
    assert ours.variance == pytest.approx(theirs.VI_rand, rel=ORACLE)
    assert ours.variance_normal == pytest.approx(theirs.VI_norm, rel=ORACLE)
    assert ours.z_score == pytest.approx(theirs.z_rand, rel=ORACLE)
    assert ours.p_analytical == pytest.approx(theirs.p_rand, rel=1e-7)


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("seed", range(4))
def test_permutation_equals_complete_enumeration(seed, alternative):
    values, weights = random_case(seed)
    result = global_moran(values, weights, alternative=alternative, rng=seed)
    z, matrix = (values - values.mean()).to_numpy(), weights.matrix.toarray()
    every = np.array(list(itertools.permutations(z)))
    statistics = 7 / matrix.sum() * np.einsum("mi,ij,mj->m", every, matrix, every) / (z @ z)
    assert statistics[0] == pytest.approx(result.statistic, rel=ORACLE)
    # The mean and variance over all rearrangements are exactly those of randomisation.
    assert statistics.mean() == pytest.approx(result.expected, rel=1e-9)
    assert statistics.var() == pytest.approx(result.variance, rel=1e-9)
    distance = statistics - result.expected
    score = {"two-sided": np.abs(distance), "greater": distance, "less": -distance}[alternative]
    exact = (score >= score[0] - 1e-12).mean()
    slack = CHANCE * np.sqrt(exact * (1 - exact) / 9999) + 1e-4
    assert result.p_permutation == pytest.approx(exact, abs=slack)


def test_permutation_p_values_are_uniform_without_a_pattern():
    _, weights = random_case(3, n=30)
    rng = np.random.default_rng(8)
    p_values = [
        global_moran(pd.Series(rng.normal(size=30), weights.ids), weights, permutations=199, rng=s)
        for s in range(400)
    ]
    found = [result.p_permutation for result in p_values]
    assert stats.kstest(found, "uniform").pvalue > 1e-3
    assert np.mean(np.array(found) <= 0.05) == pytest.approx(0.05, abs=0.035)


@given(st.permutations(range(7)), st.integers(0, 50))
def test_neither_order_nor_names_change_a_single_bit(order, seed):
    values, weights = random_case(seed)
    straight = global_moran(values, weights, permutations=99, rng=1)
    shuffled = global_moran(
        values.iloc[order], weights.reordered(values.index[order[::-1]]), permutations=99, rng=1
    )
    names = dict(zip(values.index, ["9", "北京", "", "=1", "<b>", "a'b", "0"], strict=True))
    renamed_ids = weights.ids.map(names)
    renamed = global_moran(
        values.rename(index=names), Weights(renamed_ids, weights.matrices), permutations=99, rng=1
    )
    for other in (shuffled, renamed):
        pd.testing.assert_frame_equal(other.tidy(), straight.tidy(), check_exact=True)
        pd.testing.assert_series_equal(other.simulated, straight.simulated, check_exact=True)


@given(
    arrays(float, 7, elements=st.floats(-100, 100)),
    st.floats(1e-3, 1e3),
    st.floats(-1e3, 1e3),
    st.floats(1e-3, 1e3),
)
def test_units_of_values_and_weights_do_not_matter(numbers, factor, shift, scale):
    assume(np.ptp(numbers) > 0.1)
    _, weights = random_case(2)
    values = pd.Series(numbers, weights.ids)
    straight = global_moran(values, weights, permutations=0)
    moved = global_moran(
        factor * values + shift, Weights(weights.ids, (weights.matrix * scale,)), permutations=0
    )
    assert moved.statistic == pytest.approx(straight.statistic, rel=1e-6, abs=1e-9)
    assert moved.variance == pytest.approx(straight.variance, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("factor", [1e-200, 1e200, -1e150])
def test_extreme_units_do_not_overflow(factor):
    values, weights = random_case(4)
    straight = global_moran(values, weights, permutations=0)
    assert global_moran(values * factor, weights, permutations=0).statistic == pytest.approx(
        straight.statistic, rel=1e-9
    )


def test_shuffled_series_and_a_graph_are_paired_by_label():
    # esda.Moran pairs a Series with a Graph by position.
    values, weights = random_case(5)
    graph, shuffled = weights.to_graph(), values.sample(frac=1.0, random_state=3)
    expected = global_moran(values, weights, permutations=0).statistic
    assert global_moran(shuffled, graph, permutations=0).statistic == pytest.approx(expected)
    assert global_moran(shuffled, weights.to_w(), permutations=0).statistic == pytest.approx(
        expected
    )


def test_the_weights_of_the_caller_stay_as_they_are():
    # esda.Moran row-standardises the caller's W in place.
    old = W({0: [1, 2], 1: [0], 2: [0, 1], 3: [0]}, silence_warnings=True)
    before, values = old.sparse.toarray(), pd.Series([1.0, 2.0, 4.0, 3.0])
    kept = values.copy()
    global_moran(values, old, permutations=99, rng=1)
    assert old.transform.upper() == "O"
    assert np.array_equal(old.sparse.toarray(), before)
    pd.testing.assert_series_equal(values, kept)


def test_missing_values_are_an_error_not_a_number():
    # esda gives I = nan with p_sim = 0.1.
    values, weights = random_case(1)
    values.iloc[2] = np.nan
    with pytest.raises(PanelError, match=r"y: 1 values are missing.*'c2'"):
        global_moran(values, weights)


def test_the_same_seed_gives_the_same_p_and_is_stored():
    # esda.Moran knows no seed.
    values, weights = random_case(6)
    first = global_moran(values, weights, permutations=99, rng=5)
    assert first.configuration.seed == 5
    fresh = global_moran(values, weights, permutations=99)
    again = global_moran(values, weights, permutations=99, rng=fresh.configuration.seed)
    assert again.p_permutation == fresh.p_permutation
    assert again.simulated.equals(fresh.simulated)
    assert global_moran(values, weights, permutations=0).configuration.seed is None


def test_islands_are_kept_counted_and_stated():
    line = pd.DataFrame(0.0, NAMES, NAMES)
    for left, right in itertools.pairwise(NAMES[:5]):
        line.loc[left, right] = line.loc[right, left] = 1.0
    values = pd.Series(np.arange(7.0) ** 2, NAMES)
    result = global_moran(values, line, permutations=99, rng=1)
    z = (values - values.mean()).to_numpy()
    assert result.statistic == pytest.approx(7 / 8 * 2 * (z[:4] @ z[1:5]) / (z @ z))
    assert (result.n, result.n_islands) == (7, 2)
    assert "kept" in result.configuration.options["islands"]


@pytest.mark.parametrize("constant", [0.0, 5.0, 0.1 + 0.2])
def test_constant_values_are_refused(constant):
    _, weights = random_case(1)
    values = pd.Series(constant, weights.ids, name="gdp")
    values.iloc[0] = 0.3 if constant not in (0.0, 5.0) else constant  # constant but for rounding
    with pytest.raises(EstimationError, match="gdp is constant"):
        global_moran(values, weights)


def test_too_few_cities_no_links_and_wrong_labels_are_refused():
    values, weights = random_case(1)
    with pytest.raises(EstimationError, match="3 cities are too few"):
        global_moran(values[:3], weights.subset(values.index[:3]))
    with pytest.raises(WeightsError, match="No city has a neighbour"):
        global_moran(values, Weights(weights.ids, (sparse.csr_array((7, 7)),)))
    with pytest.raises(AlignmentError, match="only in y: 'x'"):
        global_moran(values.rename({"c0": "x"}), weights)
    with pytest.raises(AlignmentError, match="never by position"):
        global_moran(values.to_numpy(), weights)


@pytest.mark.parametrize(
    "options",
    [{"permutations": 98}, {"permutations": 1e3}, {"permutations": True}, {"alternative": "both"}],
)
def test_wrong_options_are_refused(options):
    values, weights = random_case(1)
    with pytest.raises(ConfigError):
        global_moran(values, weights, **options)


def test_us_metros(metros):
    income, places = metros
    assert len(places) == 274
    weights = knn_weights(places, k=6)
    # The published figures take neighbours in degrees of longitude and latitude.
    planar = Graph.build_knn(
        gpd.GeoSeries(gpd.points_from_xy(*places.T.to_numpy()), places.index), 6
    )
    for first, last, published in ((1980, 1982, 0.484), (1990, 1991, 0.317)):
        change = income[last] / income[first] - 1
        assert global_moran(change, planar, permutations=0).statistic == pytest.approx(
            published, abs=6e-4
        )
        result = global_moran(change, weights, rng=1)
        assert result.statistic == pytest.approx(published, abs=0.01)
        assert result.p_permutation == pytest.approx(1e-4)


def test_table_equals_single_calls_and_adjusts_over_all_rows():
    first, weights = random_case(1, n=20)
    frame = pd.DataFrame({"a": first, "b": random_case(9, n=20)[0], "c": np.arange(20.0)})
    kinds = {"as built": weights, "rows": weights.transformed("row")}
    result = global_moran_table(frame, kinds, permutations=199, rng=4)
    table = result.tidy()
    assert table.columns.tolist() == [
        "measure",
        "weights",
        "statistic",
        "expected",
        "z_score",
        "p_analytical",
        "p_permutation",
        "p_fdr",
        "n",
        "n_islands",
    ]
    assert len(table) == 6
    for row in table.itertuples():
        single = global_moran(frame[row.measure], kinds[row.weights], permutations=199, rng=4)
        assert (row.statistic, row.p_permutation) == (single.statistic, single.p_permutation)
    adjusted = stats.false_discovery_control(table["p_permutation"])
    assert table["p_fdr"].to_numpy() == pytest.approx(adjusted)
    analytical = global_moran_table(frame["a"], kinds, permutations=0).table
    assert analytical["p_permutation"].isna().all()
    assert analytical["p_fdr"].to_numpy() == pytest.approx(
        stats.false_discovery_control(analytical["p_analytical"])
    )
    with pytest.raises(ConfigError, match="mapping of name to weights"):
        global_moran_table(frame, {})
    with pytest.raises(ConfigError, match="column for each variable"):
        global_moran_table(frame[[]], kinds)
