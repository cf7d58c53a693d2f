"""MRQAP against R sna, statsmodels and refits one by one; uniform p-values under the null."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from networks import qap_correlation, qap_regression
from networks.glm import fit_glm
from spatial.errors import AlignmentError, ConfigError, EstimationError

REFERENCE = 1e-9  # printed with 15 digits
DRAWS_1000 = 0.03  # p-values of 1,000 draws
DRAWS_200 = 0.07  # p-values of 200 draws
ITERATED = 1e-5  # R stops its iterations earlier


def tables(seed, n=9, k=2, symmetric=False, missing=0.0):
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"c{number}" for number in rng.permutation(n)])
    made = []
    for _ in range(k + 1):
        values = rng.normal(3.0, 1.0, (n, n))
        values = values + values.T if symmetric else values
        gaps = rng.random((n, n)) < missing
        made.append(pd.DataFrame(values, ids, ids).mask(gaps | gaps.T if symmetric else gaps))
    return made[0], {f"x{place}": table for place, table in enumerate(made[1:])}


def cells(table, order=None):
    values = table.to_numpy()
    values = values if order is None else values[np.ix_(order, order)]
    return values[~np.eye(len(values), dtype=bool)]


@pytest.fixture(scope="module")
def three(managers):
    return managers["advice"], {"friend": managers["friend"], "report": managers["report"]}


@pytest.mark.parametrize(
    ("null", "key"), [("double-semi-partialling", "netlm_qapspp"), ("outcome", "netlm_qapy")]
)
def test_reference_least_squares(three, managers_expected, null, key):
    wanted = managers_expected[key]
    found = qap_regression(*three, null=null, permutations=2999, rng=5)
    np.testing.assert_allclose(found.table["coefficient"], wanted["coef"], rtol=REFERENCE)
    np.testing.assert_allclose(found.table["statistic"], wanted["tstat"], rtol=REFERENCE)
    assert found.r_squared == pytest.approx(wanted["r2"], rel=REFERENCE)
    np.testing.assert_allclose(found.table["p_value"], wanted["pgreqabs"], atol=DRAWS_1000)
    np.testing.assert_allclose(found.table["p_greater"], wanted["pgreq"], atol=DRAWS_1000)
    np.testing.assert_allclose(found.table["p_less"], wanted["pleeq"], atol=DRAWS_1000)
    assert found.n_cells == 420


def test_reference_logit(three, managers_expected):
    wanted = managers_expected["netlogit"]
    found = qap_regression(*three, family="logit", permutations=49, rng=5)
    np.testing.assert_allclose(found.table["coefficient"], wanted["coef"], rtol=ITERATED)
    # R works its standard errors out one iteration before its coefficients.
    np.testing.assert_allclose(found.table["std_error"], wanted["se"], rtol=1e-3)
    ones, zeros = 190, 230
    null_deviance = -2 * (ones * np.log(ones / 420) + zeros * np.log(zeros / 420))
    wanted_share = 1 - wanted["deviance"] / null_deviance
    assert found.r_squared == pytest.approx(wanted_share, rel=1e-6)


def test_reference_logit_p_values(three, managers_expected):
    found = qap_regression(*three, family="logit", permutations=999, rng=5)
    assert found.table.loc["report", "p_value"] < 0.02
    assert found.permutations == 999


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_statsmodels_agrees(symmetric, missing):
    sm = pytest.importorskip("statsmodels.api")
    outcome, regressors = tables(3, n=12, k=3, symmetric=symmetric, missing=missing)
    found = qap_regression(outcome, regressors, permutations=3, rng=1)
    named = {"y": outcome, **regressors}
    stack = pd.DataFrame({name: table.to_numpy().ravel() for name, table in named.items()})
    rows, columns = np.divmod(np.arange(144), 12)
    stack = stack[(rows < columns) if symmetric else (rows != columns)].dropna()
    fit = sm.OLS(stack["y"], sm.add_constant(stack[list(regressors)])).fit()
    np.testing.assert_allclose(found.table["coefficient"], fit.params, rtol=1e-9)
    np.testing.assert_allclose(found.table["std_error"], fit.bse, rtol=1e-9)
    assert found.r_squared == pytest.approx(fit.rsquared)
    assert found.adjusted_r_squared == pytest.approx(fit.rsquared_adj)
    assert found.n_cells == len(stack)
    z_scored = (stack - stack.mean()) / stack.std()
    beta = sm.OLS(z_scored["y"], z_scored[list(regressors)]).fit().params
    np.testing.assert_allclose(found.table["standardised"].iloc[1:], beta, rtol=1e-9)


def t_of(design, y, share=1.0):
    coefficient, *_ = np.linalg.lstsq(design, y, rcond=None)
    left = ((y - design @ coefficient) ** 2).sum() * share
    spread = left / (len(y) * share - design.shape[1]) * np.diag(np.linalg.inv(design.T @ design))
    return coefficient / np.sqrt(spread / share)


def p_values_one_by_one(outcome, regressors, null, permutations, seed, share):
    """Refit every permutation by least squares."""
    rng, n = np.random.default_rng(seed), len(outcome)
    orders = [np.arange(n), *(rng.permutation(n) for _ in range(permutations))]
    columns = [np.ones(n * (n - 1)), *(cells(table) for table in regressors.values())]
    design, statistics = np.column_stack(columns), []
    ones = pd.DataFrame(np.ones((n, n)))
    squares = [ones, *regressors.values()]
    for order in orders:
        if null == "outcome":
            statistics.append(t_of(design, cells(outcome, order), share))
            continue
        row = []
        for place in range(len(columns)):
            others = np.delete(design, place, axis=1)
            gamma, *_ = np.linalg.lstsq(others, columns[place], rcond=None)
            rest = [table for at, table in enumerate(squares) if at != place]
            residual = squares[place].to_numpy() - sum(
                weight * table.to_numpy() for weight, table in zip(gamma, rest, strict=True)
            )
            changed = design.copy()
            changed[:, place] = cells(pd.DataFrame(residual), order)
            row.append(t_of(changed, cells(outcome), share)[place])
        statistics.append(row)
    found = np.array(statistics)
    hits = np.abs(found[1:]) >= np.abs(found[0]) * (1 - 1e-9)
    return found[0], (1 + hits.sum(axis=0)) / (1 + permutations)


@pytest.mark.parametrize("null", ["double-semi-partialling", "outcome"])
@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), symmetric=st.booleans())
def test_p_values_one_by_one(null, seed, symmetric):
    outcome, regressors = tables(seed, symmetric=symmetric)
    found = qap_regression(outcome, regressors, null=null, permutations=40, rng=seed)
    share = 0.5 if symmetric else 1.0
    statistic, p_value = p_values_one_by_one(outcome, regressors, null, 40, seed, share)
    np.testing.assert_allclose(found.table["statistic"], statistic, rtol=1e-7)
    np.testing.assert_allclose(found.table["p_value"], p_value, atol=1e-12)


@pytest.mark.parametrize("null", ["double-semi-partialling", "outcome"])
def test_one_missing_cell_barely_changes_the_answer(null):
    """The way for missing cells and the quick way are different code."""
    outcome, regressors = tables(8, n=15, k=2)
    whole = qap_regression(outcome, regressors, null=null, permutations=99, rng=2)
    gappy = outcome.copy()
    gappy.iloc[0, 1] = np.nan
    part = qap_regression(gappy, regressors, null=null, permutations=99, rng=2)
    assert part.n_cells == whole.n_cells - 1
    np.testing.assert_allclose(part.table["p_value"], whole.table["p_value"], atol=0.1)


def test_one_regressor_tells_the_same_as_the_correlation(managers):
    """With a single regressor t is monotone in r, so both tests count the same hits."""
    one, other = managers["advice"], managers["friend"]
    by_r = qap_correlation(one, other, permutations=299, rng=9)
    by_t = qap_regression(
        one, {"friend": other}, null="double-semi-partialling", permutations=299, rng=9
    )
    assert by_t.table.loc["friend", "standardised"] == pytest.approx(by_r.correlation)
    assert by_t.table.loc["friend", "p_value"] == by_r.p_value
    assert by_t.r_squared == pytest.approx(by_r.correlation**2)


def test_fit_as_a_whole_has_a_p_value_when_the_outcome_is_permuted(three):
    found = qap_regression(*three, null="outcome", permutations=99, rng=1)
    assert found.p_r_squared == 0.01
    assert np.isnan(qap_regression(*three, permutations=9, rng=1).p_r_squared)


@pytest.mark.parametrize("family", ["logit", "poisson"])
def test_statsmodels_agrees_on_other_families(family):
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(6)
    n = 20
    x = rng.normal(size=(n, n))
    rate = np.exp(0.3 + 0.5 * x)
    y = rng.poisson(rate) if family == "poisson" else (rng.random((n, n)) < rate / (1 + rate))
    ids = pd.RangeIndex(n)
    outcome, regressor = pd.DataFrame(y.astype(float), ids, ids), pd.DataFrame(x, ids, ids)
    found = qap_regression(outcome, {"x": regressor}, family=family, permutations=39, rng=1)
    model = sm.Poisson if family == "poisson" else sm.Logit
    fit = model(cells(outcome), sm.add_constant(cells(regressor))).fit(disp=0, tol=1e-12)
    np.testing.assert_allclose(found.table["coefficient"], fit.params, rtol=1e-6)
    np.testing.assert_allclose(found.table["std_error"], fit.bse, rtol=1e-6)
    assert found.r_squared == pytest.approx(fit.prsquared, rel=1e-6)
    assert found.table.loc["x", "p_value"] < 0.1
    by_outcome = qap_regression(
        outcome, {"x": regressor}, family=family, null="outcome", permutations=39, rng=1
    )
    assert by_outcome.table.loc["x", "p_value"] == 0.025


def test_a_separated_outcome_has_no_logit():
    design = np.column_stack([np.ones(6), np.arange(6.0)])
    assert fit_glm(design, np.array([0.0, 0, 0, 1, 1, 1]), "logit") is None
    assert fit_glm(design * [1.0, 0.0], np.array([0.0, 1, 0, 1, 0, 1]), "logit") is None


def test_p_values_are_uniform_though_regressors_are_correlated():
    """The outcome depends on x0, which is correlated with x1: p of x1 stays uniform."""
    rng = np.random.default_rng(77)
    ids, p_values = pd.RangeIndex(10), []
    for _ in range(200):
        first, noise, other = (rng.normal(size=(10, 10)) for _ in range(3))
        second = first + noise
        outcome = 2 * first + other
        frames = [pd.DataFrame(values, ids, ids) for values in (outcome, first, second)]
        found = qap_regression(
            frames[0], {"x0": frames[1], "x1": frames[2]}, permutations=99, rng=rng
        )
        p_values.append(found.table.loc["x1", "p_value"])
    assert stats.kstest(p_values, "uniform").pvalue > 0.001


def test_labels_decide_and_seeds_repeat(three):
    outcome, regressors = three
    shuffled = {
        name: network.reordered(network.cities[::-1]) for name, network in regressors.items()
    }
    one = qap_regression(outcome, regressors, permutations=49, rng=3)
    other = qap_regression(outcome, shuffled, permutations=49, rng=3)
    pd.testing.assert_frame_equal(one.tidy(), other.tidy())
    assert one.configuration.seed == 3
    assert one.configuration.options["regressors"] == ["friend", "report"]


def test_bad_input(three):
    outcome, regressors = three
    ones = outcome.to_matrix() * 0.0 + 1.0
    with pytest.raises(EstimationError, match="'flat'"):
        qap_regression(outcome, {**regressors, "flat": ones})
    twin = regressors["friend"].to_matrix() * 2.0
    with pytest.raises(EstimationError, match="'friend', 'twin'"):
        qap_regression(outcome, {**regressors, "twin": twin})
    with pytest.raises(EstimationError, match="same value in every cell"):
        qap_regression(ones, regressors)
    with pytest.raises(EstimationError, match="0 and 1"):
        qap_regression(outcome.to_matrix() * 2, regressors, family="logit")
    with pytest.raises(EstimationError, match="zero or more"):
        qap_regression(-outcome.to_matrix(), regressors, family="poisson")
    small = outcome.subset(outcome.cities[:2])
    with pytest.raises(EstimationError, match="cannot carry"):
        qap_regression(
            small, {name: table.subset(small.cities) for name, table in regressors.items()}
        )
    with pytest.raises(AlignmentError, match="regressor 'friend'"):
        qap_regression(outcome, {"friend": small})
    with pytest.raises(ConfigError, match="no regressor"):
        qap_regression(outcome, {})
    with pytest.raises(ConfigError, match="'intercept'"):
        qap_regression(outcome, {"intercept": regressors["friend"]})
    with pytest.raises(ConfigError, match="permutations"):
        qap_regression(outcome, regressors, permutations=0)
    with pytest.raises(ConfigError, match="null='x' is not known"):
        qap_regression(outcome, regressors, null="x")
