"""Local Getis-Ord, Geary, join counts, LOSH and bivariate Moran: R, esda, enumeration, laws."""

from __future__ import annotations

import itertools
import json
import warnings

import numpy as np
import pandas as pd
import pytest
from esda import LOSH, G_Local, Geary_Local, Geary_Local_MV, Join_Counts_Local, Moran_Local_BV
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

from spatial.autocorrelation import (
    HOT_SPOT_CLASSES,
    ISOLATED,
    NOT_SIGNIFICANT,
    bivariate_moran,
    global_geary,
    hot_spot_classes,
    local_bivariate_moran,
    local_geary,
    local_getis_ord,
    local_join_counts,
    local_moran,
    losh,
)
from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError, WeightsError
from spatial.weights import Weights, as_weights

REFERENCE = 1e-9  # the reference case carries 15 digits and promises this
ORACLE = 1e-9  # the same formula in another program
PRINTED = 1e-10  # numbers printed with twelve digits
CHANCE = 5.0  # standard errors that a simulated share may be off

QUICK = {"permutations": 99, "correction": "none", "rng": 3}
ANALYTICAL = {"inference": "analytical", "permutations": 0}


def random_case(seed: int, n: int = 20, *, equal: bool = False) -> tuple[pd.DataFrame, Weights]:
    """Two variables and asymmetric weights without islands."""
    rng = np.random.default_rng(seed)
    matrix = (rng.uniform(size=(n, n)) < 0.3) * (1.0 - np.eye(n))
    matrix[np.arange(n), (np.arange(n) + 1) % n] = 1.0
    if not equal:
        matrix *= rng.uniform(0.1, 1, (n, n))
    names = pd.Index([f"c{at}" for at in range(n)])
    values = pd.DataFrame(rng.normal(size=(n, 2)), names, ["own", "other"])
    return values, Weights(names, (sparse.csr_array(matrix),))


def grid_weights(side: int) -> Weights:
    names = pd.Index([f"r{row}c{column}" for row in range(side) for column in range(side)])
    step = sparse.diags_array([np.ones(side - 1)] * 2, offsets=[-1, 1], shape=(side, side))
    matrix = sparse.kron(step, sparse.eye_array(side)) + sparse.kron(sparse.eye_array(side), step)
    return Weights(names, (sparse.csr_array(matrix),))


@pytest.fixture(scope="module")
def columbus(shared_folder) -> tuple[pd.DataFrame, Weights]:
    case = shared_folder / "reference/06_spatial_autocorrelation"
    table = pd.read_csv(case / "columbus.csv").set_index("POLYID")
    pairs = pd.read_csv(case / "columbus_w_pairs.csv")
    ones = sparse.csr_array((np.ones(len(pairs)), (pairs["i"] - 1, pairs["j"] - 1)), (49, 49))
    return table, as_weights(ones, ids=table.index)


STATISTICS = {
    "G*": lambda v, w, **o: local_getis_ord(v["own"], w, **o),
    "G": lambda v, w, **o: local_getis_ord(v["own"], w, star=False, **o),
    "geary": lambda v, w, **o: local_geary(v["own"], w, **o),
    "geary of two": local_geary,
    "losh": lambda v, w, **o: losh(v["own"], w, **o),
    "bivariate": lambda v, w, **o: local_bivariate_moran(v["own"], v["other"], w, **o),
    "join counts": lambda v, w, **o: local_join_counts(v["own"] > 0, w, **o),
}

SKEWED = ("geary", "geary of two", "losh")
"""Whose two-sided p-value is twice the smaller tail."""


# --- other programs


@pytest.mark.parametrize("style", ["W", "B"])
def test_columbus_equals_r(columbus, shared_folder, style):
    table, binary = columbus
    weights = binary.transformed("row") if style == "W" else binary
    case = shared_folder / "reference/06_spatial_autocorrelation/expected.json"
    expected = json.loads(case.read_text())[f"columbus_CRIME_{style}"]
    star = local_getis_ord(table["CRIME"], weights, **ANALYTICAL).table["statistic"]
    plain = local_getis_ord(table["CRIME"], weights, star=False, **ANALYTICAL).table["statistic"]
    assert star.to_numpy() == pytest.approx(expected["localGstar"], rel=REFERENCE)
    assert plain.to_numpy() == pytest.approx(expected["localG"], rel=REFERENCE)
    # R divides the sum of squares by n - 1.
    share = 48 / 49
    one = local_geary(table["CRIME"], weights, **QUICK).table["statistic"]
    three = local_geary(table[["CRIME", "HOVAL", "INC"]], weights, **QUICK).table["statistic"]
    assert one.to_numpy() * share == pytest.approx(expected["localC"], rel=REFERENCE)
    assert three.to_numpy() * share == pytest.approx(expected["localC_multivariate"], rel=REFERENCE)


@pytest.mark.parametrize("star", [True, False])
def test_getis_ord_equals_esda(columbus, star):
    table, weights = columbus
    ours = local_getis_ord(table["CRIME"], weights, star=star, **ANALYTICAL).table
    theirs = G_Local(
        table["CRIME"].to_numpy(), weights.to_w(), transform="B", star=star, permutations=0
    )
    assert ours["z_score"].to_numpy() == pytest.approx(theirs.Zs, rel=ORACLE)


@pytest.mark.filterwarnings("ignore")  # esda uses pandas in its old ways
def test_geary_equals_esda(columbus):
    table, binary = columbus
    weights = binary.transformed("row")
    one = local_geary(table["CRIME"], weights, **QUICK).table["statistic"]
    theirs = Geary_Local(connectivity=weights.to_w(), permutations=0).fit(table["CRIME"])
    assert one.to_numpy() == pytest.approx(theirs.localG, rel=ORACLE)
    two = local_geary(table[["CRIME", "INC"]], weights, **QUICK).table["statistic"]
    theirs = Geary_Local_MV(connectivity=weights.to_w(), permutations=0).fit(
        [table["CRIME"].to_numpy(), table["INC"].to_numpy()]
    )
    assert two.to_numpy() == pytest.approx(theirs.localG, rel=ORACLE)


def test_bivariate_moran_equals_esda(columbus):
    table, binary = columbus
    weights = binary.transformed("row")
    ours = local_bivariate_moran(table["CRIME"], table["INC"], weights, **QUICK).table
    theirs = Moran_Local_BV(
        table["CRIME"].to_numpy(), table["INC"].to_numpy(), weights.to_w(), permutations=0
    )
    # esda divides by n - 1 where the definition has n.
    assert ours["statistic"].to_numpy() == pytest.approx(theirs.Is * 49 / 48, rel=ORACLE)


@pytest.mark.slow  # esda compiles
def test_join_counts_equal_esda(columbus):
    table, weights = columbus
    high = table["CRIME"] > table["CRIME"].mean()
    ours = local_join_counts(high, weights, category=True, permutations=0).table
    theirs = Join_Counts_Local(connectivity=weights.to_w(), permutations=0).fit(high.astype(int))
    joined = np.where(high, ours["statistic"], 0.0)
    assert joined == pytest.approx(theirs.LJC, rel=ORACLE)
    assert ours["p_value"].isna().equals(~high)


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_losh_equals_esda(columbus, power):
    table, binary = columbus
    weights = binary.transformed("row")
    ours = losh(
        table["CRIME"],
        weights,
        power=power,
        inference="chi-square",
        alternative="greater",
        permutations=0,
    ).table
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = LOSH(weights.to_w(), inference="chi-square").fit(table["CRIME"], a=power)
    assert ours["statistic"].to_numpy() == pytest.approx(theirs.Hi, rel=ORACLE)
    assert ours["variance"].to_numpy() == pytest.approx(theirs.VarHi, rel=ORACLE)
    if power == 2.0:
        assert ours["p_value"].to_numpy() == pytest.approx(theirs.pval, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("style", ["W", "B"])
def test_losh_equals_r(columbus, style):
    # spdep 1.2-7: LOSH.cs(columbus$CRIME, nb2listw(nb, style = style)), rows 1, 17, 49 and sums.
    table, binary = columbus
    weights = binary.transformed("row") if style == "W" else binary
    ours = losh(
        table["CRIME"], weights, inference="chi-square", alternative="greater", permutations=0
    ).table
    rows = ours.iloc[[0, 16, 48]]
    known = {
        "statistic": [0.187284073789, 2.446852784693, 0.238376432814, 52.2298772817],
        "variance": [2.995780616639, 1.954693735680, 1.954693735680, 72.3133989958],
        "local_mean": [24.714267500000, 18.091045333333, 27.212005666667, 1709.0433803206],
        "p_value": [0.562924178856, 0.117072571531, 0.630931432573, 22.0829067596],
    }
    for column, numbers in known.items():
        found = [*rows[column], ours[column].sum()]
        assert found == pytest.approx(numbers, rel=PRINTED)


# --- complete enumeration


def enumerated(values: pd.DataFrame, weights: Weights, kind: str, city: int) -> tuple[float, float]:
    """Mean of a statistic over all conditional permutations, and its exact two-sided p-value."""
    matrix, n = weights.matrix.toarray(), weights.n
    z = ((values - values.mean()) / values.std(ddof=0)).to_numpy()
    row, others = matrix[city], [at for at in range(n) if at != city]
    known = values["own"].to_numpy()

    def statistic(places: list[int]) -> float:
        if kind == "geary":
            return float(row @ (z[city, 0] - z[places, 0]) ** 2)
        if kind == "geary of two":
            return float(row @ ((z[city] - z[places]) ** 2).mean(axis=1))
        if kind == "bivariate":
            return float(z[city, 0] * (row @ z[places, 1]))
        if kind == "losh":
            residual = (known - matrix @ known / matrix.sum(axis=1)) ** 2
            return float(row @ residual[places] / residual.mean() / row.sum())
        if kind == "join counts":
            return float(row @ ((known[places] > 0) == (known[city] > 0)))
        return float(row @ z[places, 0])  # Getis-Ord, up to factors

    found = []
    for order in itertools.permutations(others):
        places = list(order)
        places.insert(city, city)
        found.append(statistic(places))
    permuted, seen = np.array(found), statistic(list(range(n)))
    if kind in SKEWED:
        tails = (permuted <= seen + 1e-9).mean(), (permuted >= seen - 1e-9).mean()
        return permuted.mean(), float(min(1.0, 2 * min(tails)))
    distance = abs(seen - permuted.mean())
    return permuted.mean(), float((np.abs(permuted - permuted.mean()) >= distance - 1e-9).mean())


@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize("kind", list(STATISTICS))
def test_p_values_and_expectations_equal_complete_enumeration(kind, equal):
    permutations = 4999
    values, weights = random_case(5, 7, equal=equal)
    found = STATISTICS[kind](
        values, weights, permutations=permutations, correction="none", rng=2
    ).table
    for at, city in enumerate(values.index):
        mean, exact = enumerated(values, weights, kind, at)
        # A doubled tail has twice the standard error of its half.
        spread = np.sqrt(exact * (2 - exact) if kind in SKEWED else exact * (1 - exact))
        slack = CHANCE * spread / np.sqrt(permutations) + 2 / permutations
        if kind == "join counts" and equal:
            slack = ORACLE
        assert found.loc[city, "p_value"] == pytest.approx(exact, abs=slack)
        if kind not in ("G*", "G", "losh"):
            assert found.loc[city, "expected"] == pytest.approx(mean, rel=ORACLE, abs=ORACLE)


def test_geary_variance_equals_complete_enumeration():
    values, weights = random_case(8, 7)
    found = local_geary(values, weights, **QUICK).table
    z = ((values - values.mean()) / values.std(ddof=0)).to_numpy()
    for at, city in enumerate(values.index):
        row = weights.matrix[[at]].toarray().ravel()
        row = np.delete(row, at)
        distances = np.delete(((z - z[at]) ** 2).mean(axis=1), at)
        all_of_them = np.array([row @ order for order in itertools.permutations(distances)])
        spread = (found.loc[city, "statistic"] - found.loc[city, "expected"]) / all_of_them.std()
        assert found.loc[city, "z_score"] == pytest.approx(spread, rel=ORACLE)


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_one_sided_join_counts_agree_between_exact_and_simulated(alternative):
    values, weights = random_case(3, 30, equal=True)
    classes = values["own"] > 0
    exact = local_join_counts(classes, weights, alternative=alternative, permutations=0).table
    # Weights of a row that differ by a rounding are simulated instead.
    nearly = weights.matrix.copy()
    nearly.data = 1.0 + 1e-12 * np.random.default_rng(0).uniform(size=nearly.nnz)
    simulated = local_join_counts(
        classes,
        Weights(weights.ids, (nearly,)),
        alternative=alternative,
        permutations=9999,
        rng=1,
    ).table
    p = exact["p_value"].to_numpy()
    slack = CHANCE * np.sqrt(p * (1 - p) / 9999) + 2e-4
    assert (np.abs(simulated["p_value"].to_numpy() - p) <= slack).all()


# --- laws


@pytest.mark.parametrize("seed", range(3))
def test_local_statistics_sum_to_the_global_one(seed):
    values, weights = random_case(seed)
    s0, n = weights.matrix.sum(), weights.n
    geary = local_geary(values["own"], weights, **QUICK).table["statistic"].sum()
    whole = global_geary(values["own"], weights, permutations=0).statistic
    assert geary == pytest.approx(2 * s0 * n / (n - 1) * whole, rel=ORACLE)
    pair = local_bivariate_moran(values["own"], values["other"], weights, **QUICK).table
    both = bivariate_moran(values["own"], values["other"], weights, permutations=0).statistic
    assert pair["statistic"].sum() == pytest.approx(s0 * both, rel=ORACLE)
    several = local_geary(values, weights, **QUICK).table["statistic"]
    single = [local_geary(values[name], weights, **QUICK).table["statistic"] for name in values]
    assert several.to_numpy() == pytest.approx(np.mean(single, axis=0), rel=ORACLE)


def test_getis_ord_without_itself_is_the_z_score_of_local_moran():
    values, weights = random_case(1)
    options = {"permutations": 199, "correction": "none", "rng": 5}
    plain = local_getis_ord(values["own"], weights, star=False, **options).table
    moran = local_moran(values["own"], weights, **options).table
    sign = np.sign(moran["standardised"])
    assert (sign * plain["z_score"]).to_numpy() == pytest.approx(moran["z_score"].to_numpy())
    assert plain["p_value"].equals(moran["p_value"])
    same = local_bivariate_moran(values["own"], values["own"], weights, **options).table
    assert same["statistic"].to_numpy() == pytest.approx(moran["statistic"].to_numpy())
    assert same["p_value"].equals(moran["p_value"])


@pytest.mark.parametrize("kind", list(STATISTICS))
@settings(max_examples=8)
@given(order=st.permutations(range(20)), seed=st.integers(0, 30))
def test_neither_order_nor_names_change_a_single_bit(kind, order, seed):
    values, weights = random_case(seed)
    straight = STATISTICS[kind](values, weights, **QUICK).table
    moved = STATISTICS[kind](
        values.iloc[order], weights.reordered(values.index[order[::-1]]), **QUICK
    ).table
    pd.testing.assert_frame_equal(moved, straight.iloc[order], check_exact=True)
    if kind != "join counts":  # whose ties have no order but that of the names
        names = {city: f"x{99 - at}" for at, city in enumerate(values.index)}
        renamed = STATISTICS[kind](
            values.rename(names), Weights(weights.ids.map(names), weights.matrices), **QUICK
        ).table
        pd.testing.assert_frame_equal(
            renamed.reset_index(drop=True), straight.reset_index(drop=True), check_exact=True
        )


@pytest.mark.parametrize("kind", [kind for kind in STATISTICS if kind != "join counts"])
@settings(max_examples=10)
@given(st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_units_do_not_matter(kind, factor, shift):
    values, weights = random_case(3)
    straight = STATISTICS[kind](values, weights, **QUICK).table
    moved = STATISTICS[kind](values * factor + shift, weights, **QUICK).table
    for column in ("statistic", "z_score", "p_value"):
        assert moved[column].to_numpy() == pytest.approx(
            straight[column].to_numpy(), rel=1e-6, abs=1e-7
        )
    assert moved["cluster"].equals(straight["cluster"])


def test_row_scale_does_not_change_getis_ord():
    values, weights = random_case(4)
    scaled = weights.transformed("row")
    for star in (True, False):
        ours = local_getis_ord(values["own"], weights, star=star, **ANALYTICAL).table
        same = local_getis_ord(values["own"], scaled, star=star, **ANALYTICAL).table
        assert same["z_score"].to_numpy() == pytest.approx(ours["z_score"].to_numpy(), rel=ORACLE)


@pytest.mark.parametrize("kind", ["geary", "geary of two", "losh"])
@pytest.mark.parametrize("equal", [True, False])
def test_p_values_are_calibrated_without_a_pattern(kind, equal):
    rounds, n = 120, 30
    _, weights = random_case(11, n, equal=equal)
    rng = np.random.default_rng(2)
    p_values = np.empty((rounds, n))
    for at in range(rounds):
        values = pd.DataFrame(rng.normal(size=(n, 2)), weights.ids, ["own", "other"])
        found = STATISTICS[kind](values, weights, permutations=199, correction="none", rng=rng)
        p_values[at] = found.table["p_value"]
    # Residuals of overlapping neighbourhoods are only nearly exchangeable.
    allowed = 0.02 if kind == "losh" else 0.015
    assert (p_values <= 0.05).mean() == pytest.approx(0.05, abs=allowed)
    if kind != "losh":
        worst = min(stats.kstest(p_values[:, city], "uniform").pvalue for city in range(n))
        assert worst > 1e-3 / n  # thirty tests at once


# --- what the categories say


def test_planted_hot_and_cold_spots_are_found():
    weights = grid_weights(12)
    field = np.random.default_rng(0).normal(size=(12, 12))
    field[:4, :4] += 6.0
    field[-4:, -4:] -= 6.0
    values = pd.Series(field.ravel(), weights.ids)
    found = local_getis_ord(values, weights, rng=1)
    counts = found.cluster_counts()
    assert counts.index.tolist() == [*HOT_SPOT_CLASSES, NOT_SIGNIFICANT, ISOLATED]
    assert counts.sum() == 144
    assert found.table.loc["r1c1", "cluster"] == "Hot spot 99%"
    assert found.table.loc["r10c10", "cluster"] == "Cold spot 99%"
    at_95 = counts[["Hot spot 99%", "Hot spot 95%", "Cold spot 95%", "Cold spot 99%"]].sum()
    assert at_95 == found.n_significant <= found.n_significant_raw
    alike = local_geary(values, weights, rng=1)
    assert alike.table.loc["r1c1", "cluster"] == "High-High"
    assert alike.table.loc["r10c10", "cluster"] == "Low-Low"


def test_classes_of_confidence_include_their_limits():
    p = np.array([0.01, 0.0101, 0.05, 0.1, 0.11, np.nan])
    words = hot_spot_classes(np.ones(6, dtype=bool), p)
    assert [word[-3:] for word in words[:4]] == ["99%", "95%", "95%", "90%"]
    assert words[4:].tolist() == [NOT_SIGNIFICANT] * 2
    # 1.65, 1.96 and 2.58, as they are known.
    p = 2 * stats.norm.sf([1.65, 1.97, 2.58])
    assert [word[-3:] for word in hot_spot_classes(np.zeros(3, bool), p)] == ["90%", "95%", "99%"]


def test_spread_and_classes_are_located():
    weights = grid_weights(12)
    rng = np.random.default_rng(1)
    scale = np.where(np.arange(144) % 12 < 6, 0.1, 3.0)
    values = pd.Series(rng.normal(size=144) * scale, weights.ids)
    found = losh(values, weights, correction="none", alternative="greater", rng=1).table
    assert set(found.loc[scale < 1, "cluster"]) <= {"Even", NOT_SIGNIFICANT, "Uneven"}
    assert (found.loc[scale > 1, "cluster"] == "Uneven").sum() > 10
    assert (found["cluster"] == "Uneven")[scale < 1].sum() <= 6  # beside the border
    checked = pd.Series(np.where(np.arange(144) % 12 < 6, "west", "east"), weights.ids)
    joins = local_join_counts(checked, weights, correction="none", permutations=0)
    inner = joins.table.loc["r5c2"]
    assert (inner["statistic"], inner["class"]) == (4.0, "west")
    # All four neighbours are among the 71 of 143 others; none would be nearer to the mean, 1.99.
    chance = stats.hypergeom(143, 71, 4).pmf(4)
    assert inner["p_value"] == pytest.approx(chance, rel=ORACLE)


# --- bad input


@pytest.mark.parametrize("kind", list(STATISTICS))
def test_islands_are_excluded_counted_and_labelled(kind):
    values, weights = random_case(6, 30)
    padded = sparse.block_diag([weights.matrix, sparse.csr_array((1, 1))])
    ids = weights.ids.append(pd.Index(["far away"]))
    with_island = pd.concat([values, pd.DataFrame({"own": 9.0, "other": 1.0}, ["far away"])])
    found = STATISTICS[kind](with_island, Weights(ids, (sparse.csr_array(padded),)), **QUICK)
    row = found.table.loc["far away"]
    assert row["cluster"] == ISOLATED
    assert row[["statistic", "p_value", "p_adjusted"]].isna().all()
    assert (found.n, found.n_islands) == (31, 1)
    assert found.cluster_counts()[ISOLATED] == 1
    assert found.table["p_value"].notna().sum() == 30


@pytest.mark.parametrize("kind", list(STATISTICS))
def test_inputs_stay_as_they_are_and_results_say_how_they_were_made(kind, capsys):
    values, weights = random_case(6)
    before, matrix = values.copy(deep=True), weights.matrix.copy()
    found = STATISTICS[kind](values, weights, permutations=999, rng=7)
    pd.testing.assert_frame_equal(values, before)
    assert (weights.matrix != matrix).nnz == 0
    assert found.configuration.seed == 7
    assert found.configuration.options["correction"] == "fdr"
    assert found.tidy().equals(found.table)
    assert set(found.table["cluster"]) <= set(found.categories)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("kind", [kind for kind in STATISTICS if kind != "join counts"])
def test_too_few_permutations_are_named(kind):
    values, weights = random_case(6)
    needed = 799 if kind in SKEWED else 399
    with pytest.raises(EstimationError, match=rf"at least {needed} permutations"):
        STATISTICS[kind](values, weights, permutations=99, correction="bonferroni")
    warned = STATISTICS[kind](values, weights, permutations=199, correction="by", rng=1).warnings
    assert "cannot be significant after BY" in warned[0]


@pytest.mark.parametrize("kind", list(STATISTICS))
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"permutations": 5}, "at least 99"),
        ({"correction": "holm"}, "'bonferroni'"),
        ({"alpha": 0.0}, "alpha"),
    ],
)
def test_wrong_options_are_named(kind, options, message):
    with pytest.raises(ConfigError, match=message):
        STATISTICS[kind](*random_case(0), **options)


@pytest.mark.parametrize("kind", list(STATISTICS))
def test_labels_and_gaps_are_named(kind):
    values, weights = random_case(0)
    with pytest.raises(AlignmentError, match="c19"):
        STATISTICS[kind](values.iloc[:-1], weights, **QUICK)
    if kind != "join counts":
        gap = values.astype(float)
        gap.loc["c4", "own"] = np.nan
        with pytest.raises(PanelError, match="c4"):
            STATISTICS[kind](gap, weights, **QUICK)
        with pytest.raises(EstimationError, match="constant"):
            STATISTICS[kind](values.assign(own=1.0), weights, **QUICK)
    empty = Weights(weights.ids, (sparse.csr_array((20, 20)),))
    with pytest.raises(WeightsError, match="No city has a neighbour"):
        STATISTICS[kind](values, empty, **QUICK)


def test_what_single_statistics_refuse():
    values, weights = random_case(0)
    with pytest.raises(ConfigError, match="power"):
        losh(values["own"], weights, power=0.0)
    with pytest.raises(ConfigError, match="'chi-square'"):
        losh(values["own"], weights, inference="bootstrap")
    with pytest.raises(ConfigError, match="'analytical'"):
        local_getis_ord(values["own"], weights, inference="normal")
    with pytest.raises(ConfigError, match="more than once"):
        local_geary(values[["own", "own"]], weights)
    with pytest.raises(ConfigError, match="column"):
        local_geary(values.iloc[:, :0], weights)
    with pytest.raises(EstimationError, match="All cities belong to the class"):
        local_join_counts(values["own"] > -99, weights)
    with pytest.raises(ConfigError, match="No city is of the class"):
        local_join_counts(values["own"] > 0, weights, category="high")
    with pytest.raises(ConfigError, match="simulated"):
        local_join_counts(values["own"] > 0, weights, permutations=0)
    alternating = pd.Series(np.tile([0.0, 1.0], 18), grid_weights(6).ids)
    pairs = pd.Series(np.arange(36) // 6 % 2 + alternating.to_numpy(), alternating.index)
    ring = np.roll(np.eye(36), 1, axis=1) + np.roll(np.eye(36), -1, axis=1)
    even = Weights(alternating.index, (sparse.csr_array(ring),))
    with pytest.raises(EstimationError, match="spread cannot differ"):
        losh(alternating, even)
    assert pairs.nunique() == 3


def test_residuals_of_a_straight_line_are_refused():
    names = pd.Index(list("abcdef"))
    matrix = np.zeros((6, 6))
    for at in range(1, 5):
        matrix[at, [at - 1, at + 1]] = 1.0
    weights = Weights(names, (sparse.csr_array(matrix),))
    with pytest.raises(EstimationError, match="nothing scatters"):
        losh(pd.Series(np.arange(6.0), names), weights)


def test_losh_leaves_out_neighbours_without_a_residual():
    values, weights = random_case(2, 12)
    matrix = weights.matrix.tolil()
    matrix[3, :] = 0.0  # receives from nobody, but others still list it
    cut = Weights(weights.ids, (sparse.csr_array(matrix),))
    found = losh(values["own"], cut, **QUICK).table
    known = matrix.toarray()
    mean = known @ values["own"].to_numpy() / np.where(known.sum(axis=1) > 0, known.sum(axis=1), 1)
    power = (values["own"].to_numpy() - mean) ** 2
    known[:, 3] = 0.0
    rest = np.arange(12) != 3
    expected = (known @ power)[rest] / known.sum(axis=1)[rest] / power[rest].mean()
    assert found["statistic"].to_numpy()[rest] == pytest.approx(expected, rel=ORACLE)
    assert found.loc["c3", "cluster"] == ISOLATED
