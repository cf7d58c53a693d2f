"""Panels with gaps: the balanced route, dummies, linearmodels and a simulation as oracles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, sparse

from spatial.errors import AlignmentError, ConfigError, EstimationError, PanelError
from spatial.regression import fit_panel, fit_unbalanced_panel
from spatial.weights.types import Weights

# Both routes climb the same likelihood; the root of its score is found to 1e-14 in rho.
SAME = 1e-9
# Nelder-Mead on the likelihood with all dummies stops earlier.
SEARCHED = 1e-5
EFFECTS = ("pooled", "city", "year", "two-way")


def chain(n: int) -> pd.DataFrame:
    ids = [f"c{i:02d}" for i in range(n)]
    near = np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)
    near += np.roll(np.eye(n), 3, axis=1)
    return pd.DataFrame(near / near.sum(axis=1, keepdims=True), ids, ids)


def simulated(
    n: int, years: int, rng: np.random.Generator, *, rho: float = 0.4, keep: float = 1.0
) -> pd.DataFrame:
    """Outcomes of the model with gaps: only observed neighbours act."""
    weights = chain(n)
    rows = pd.MultiIndex.from_product([range(2000, 2000 + years), weights.index])
    table = pd.DataFrame(rng.normal(size=(len(rows), 2)), columns=["a", "b"])
    table["year"], table["city"] = rows.get_level_values(0), rows.get_level_values(1)
    here = rng.random((years, n)) < keep
    level = rng.normal(size=n)[None, :] + rng.normal(size=years)[:, None]
    a, b = (table[name].to_numpy().reshape(years, n) for name in ("a", "b"))
    y = np.full((years, n), np.nan)
    for t in range(years):
        cut = weights.to_numpy()[np.ix_(here[t], here[t])]
        sums = cut.sum(axis=1, keepdims=True)
        cut = np.divide(cut, sums, out=np.zeros_like(cut), where=sums > 0)
        mean = level[t] + 1.0 * a[t] - 0.5 * b[t]
        noise = rng.normal(size=here[t].sum())
        inner = mean[here[t]] + cut @ (0.6 * a[t][here[t]] - 0.2 * b[t][here[t]]) + noise
        y[t, here[t]] = np.linalg.solve(np.eye(len(cut)) - rho * cut, inner)
    table["y"] = y.ravel()
    return table


@pytest.fixture(scope="module")
def gappy():
    return simulated(12, 7, np.random.default_rng(5), keep=0.85)


@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("specification", ["ols", "slx", "sar", "sdm"])
def test_without_gaps_it_is_the_balanced_route(specification, effects):
    data = simulated(10, 6, np.random.default_rng(2))
    weights = chain(10)
    years = pd.Index(sorted(data["year"].unique()))
    # Weights that change by year, so that both routes let the fixed effects reach W y.
    turned = weights.to_numpy().T / weights.to_numpy().T.sum(axis=1, keepdims=True)
    blocks = [sparse.csr_array(turned if t % 2 else weights.to_numpy()) for t in range(len(years))]
    yearly = Weights(weights.index, tuple(blocks), "row", years=years)
    options = {"specification": specification, "effects": effects}
    lags = specification in ("sar", "sdm")
    # Here the information does not count the year that city effects use up: "direct" there.
    for covariance in ("information",) if lags else ("information", "cluster"):
        same = "direct" if lags else covariance
        balanced = fit_panel(
            "y ~ a + b", data, yearly, bias_correction="variance", covariance=same, **options
        )
        result = fit_unbalanced_panel("y ~ a + b", data, yearly, covariance=covariance, **options)
        pd.testing.assert_series_equal(result.coefficients, balanced.coefficients, rtol=SAME)
        pd.testing.assert_frame_equal(result.covariance, balanced.covariance, rtol=1e-7)
        np.testing.assert_allclose(result.sigma2, balanced.sigma2, rtol=SAME)
        np.testing.assert_allclose(result.log_likelihood, balanced.log_likelihood, rtol=SAME)
        np.testing.assert_allclose(result.residuals, balanced.residuals, atol=1e-9)
        for kind, values in balanced.fixed_effects.items():
            np.testing.assert_allclose(result.fixed_effects[kind][values.index], values, atol=1e-8)
        pd.testing.assert_frame_equal(
            result.effects().table, balanced.effects().table, rtol=1e-6, atol=1e-9
        )
        assert result.aic == pytest.approx(balanced.aic, rel=SAME)
    assert "0 of 60 city-years are missing" in result.notes[0]


@pytest.mark.parametrize("effects", EFFECTS)
def test_dummies_by_brute_force(gappy, effects):
    result = fit_unbalanced_panel("y ~ a + b", gappy, chain(12), effects=effects)
    table = gappy.dropna().sort_values(["year", "city"])
    weights, blocks = chain(12), []
    for _, group in table.groupby("year"):
        part = weights.loc[group["city"], group["city"]].to_numpy()
        sums = part.sum(axis=1, keepdims=True)
        blocks.append(np.divide(part, sums, out=np.zeros_like(part), where=sums > 0))
    W = sparse.block_diag(blocks).toarray()
    X, y = table[["a", "b"]].to_numpy(), table["y"].to_numpy()
    parts = [X, W @ X]
    if effects in ("pooled",):
        parts.insert(0, np.ones((len(y), 1)))
    if effects in ("city", "two-way"):
        parts.append(pd.get_dummies(table["city"]).to_numpy(float))
    if effects in ("year", "two-way"):
        years = pd.get_dummies(table["year"]).to_numpy(float)
        parts.append(years[:, 1:] if effects == "two-way" else years)
    Z = np.column_stack(parts)

    def solved(rho):
        delta = np.linalg.lstsq(Z, y - rho * W @ y, rcond=None)[0]
        e = y - rho * W @ y - Z @ delta
        return delta, e

    def minus(rho):
        e = solved(rho)[1]
        fit = -0.5 * len(y) * (np.log(2 * np.pi * e @ e / len(y)) + 1)
        return -(fit + np.linalg.slogdet(np.eye(len(y)) - rho * W)[1])

    found = optimize.minimize_scalar(minus, bounds=(-0.99, 0.99), method="bounded")
    delta, e = solved(found.x)
    assert result.rho == pytest.approx(found.x, abs=SEARCHED)
    assert result.log_likelihood == pytest.approx(-found.fun, abs=1e-8)
    k = len(result.coefficients) - 1
    np.testing.assert_allclose(result.coefficients.to_numpy()[:k], delta[:k], atol=10 * SEARCHED)
    np.testing.assert_allclose(result.residuals.loc[table.index].to_numpy(), e, atol=20 * SEARCHED)
    # Effects: averages over cells of the full multiplier.
    S = np.linalg.inv(np.eye(len(y)) - result.rho * W)
    b, theta = result.coefficients["a"], result.coefficients["W a"]
    M = S @ (b * np.eye(len(y)) + theta * W)
    effects_table = result.effects().table.loc["a"]
    assert effects_table["direct"] == pytest.approx(np.trace(M) / len(y), rel=1e-10)
    assert effects_table["total"] == pytest.approx(M.sum() / len(y), rel=1e-10)
    matrix = result.effects().effect_matrix("a")
    np.testing.assert_allclose(matrix.to_numpy(), M, atol=1e-12)


@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("specification", ["ols", "slx"])
def test_least_squares_are_linearmodels(gappy, effects, specification):
    panel = pytest.importorskip("linearmodels.panel")
    result = fit_unbalanced_panel(
        "y ~ a + b", gappy, chain(12), specification=specification, effects=effects
    )
    table = gappy.dropna().set_index(["city", "year"])
    X = table[["a", "b"]].copy()
    if effects == "pooled":
        X.insert(0, "const", 1.0)
    if specification == "slx":
        for name in ("a", "b"):
            wide = table[name].unstack("year").reindex(chain(12).index)
            W = chain(12).to_numpy()
            here = wide.notna().to_numpy().astype(float)
            lagged = (W @ wide.fillna(0.0).to_numpy()) / np.where(W @ here > 0, W @ here, 1.0)
            row, column = (X.index.get_level_values(level) for level in ("city", "year"))
            place = wide.index.get_indexer(row), wide.columns.get_indexer(column)
            X[f"W {name}"] = lagged[place]
    options = {"entity_effects": effects in ("city", "two-way")}
    options["time_effects"] = effects in ("year", "two-way")
    oracle = panel.PanelOLS(table["y"], X, **options).fit()
    np.testing.assert_allclose(result.coefficients, oracle.params[result.coefficients.index])
    np.testing.assert_allclose(result.standard_errors, oracle.std_errors[result.coefficients.index])
    clustered = fit_unbalanced_panel(
        "y ~ a + b",
        gappy,
        chain(12),
        specification=specification,
        effects=effects,
        covariance="cluster",
    )
    raw = panel.PanelOLS(table["y"], X, **options).fit(
        cov_type="clustered",
        cluster_entity=True,
        debiased=False,
        group_debias=False,
        auto_df=False,
        count_effects=False,
    )
    np.testing.assert_allclose(clustered.standard_errors, raw.std_errors[result.coefficients.index])


def test_a_tenth_missing_at_random_leaves_estimates_unbiased():
    rng = np.random.default_rng(11)
    runs = [
        fit_unbalanced_panel("y ~ a + b", simulated(40, 8, rng, keep=0.9), chain(40))
        for _ in range(12)
    ]
    found = pd.DataFrame([run.coefficients for run in runs])
    truth = pd.Series({"a": 1.0, "b": -0.5, "W a": 0.6, "W b": -0.2, "rho": 0.4})
    error = found.std() / np.sqrt(len(runs))
    # The two-way bias of rho, of the order 1 / N = 0.025, is not corrected.
    assert ((found.mean() - truth).abs() < 4 * error + 0.03).all()
    stated = np.mean([run.standard_errors.to_numpy() for run in runs], axis=0)
    np.testing.assert_allclose(found.std(), stated, rtol=0.8)


def test_order_of_rows_and_absent_rows_do_not_matter(gappy):
    reference = fit_unbalanced_panel("y ~ a + b", gappy, chain(12))
    shuffled = gappy.sample(frac=1.0, random_state=1)
    dropped = gappy.dropna()
    indexed = gappy.set_index(["city", "year"])
    for data in (shuffled, dropped, indexed):
        again = fit_unbalanced_panel("y ~ a + b", data, chain(12).sample(frac=1.0, random_state=2))
        pd.testing.assert_series_equal(again.coefficients, reference.coefficients, rtol=SAME)
        assert len(again.residuals) == len(data)
    missing = gappy["y"].isna().sum()
    assert (
        f"{missing} of {len(gappy)} city-years are missing (0 without a row" in reference.notes[0]
    )
    assert reference.residuals.isna().sum() == missing
    assert int(reference.missing["missing"].sum()) == missing
    levels = reference.fixed_effects["city"].reindex(gappy["city"]).to_numpy()
    levels = levels + reference.fixed_effects["year"].reindex(gappy["year"]).to_numpy()
    known = gappy["y"].notna().to_numpy()
    assert np.mean(levels[known]) == pytest.approx(0.0, abs=1e-10)


def test_simulated_effects_agree_with_the_delta_method(gappy):
    result = fit_unbalanced_panel("y ~ a + b", gappy, chain(12), effects="city")
    delta = result.effects().table
    drawn = result.effects(inference="simulation", draws=4000, rng=1).table
    np.testing.assert_allclose(drawn["direct_se"], delta["direct_se"], rtol=0.15)
    assert {"estimate", "std_error", "z", "p_value", "low", "high"} == set(result.tidy().columns)
    assert result.glance()["n_observations"] == gappy["y"].notna().sum()
    assert "unbalanced" in result.summary()


def test_refusals(gappy):
    weights = chain(12)

    def refuse(error, pattern, data=gappy, formula="y ~ a", w=weights, **options):
        with pytest.raises(error, match=pattern):
            fit_unbalanced_panel(formula, data, w, **options)

    refuse(ConfigError, "errors filtered", specification="sem")
    refuse(ConfigError, "Lee and Yu need the same cities", bias_correction="lee-yu")
    refuse(ConfigError, "'cluster'", covariance="conley")
    refuse(ConfigError, "groups= is for", groups=pd.Series(1, index=weights.index))
    infinite = gappy.copy()
    infinite.loc[infinite["y"].first_valid_index(), "a"] = np.inf
    refuse(PanelError, "'a' has 1, in 1 cities", infinite)
    refuse(
        PanelError,
        "Cities 'c03' have no complete row",
        gappy[gappy["city"] != "c03"].pipe(
            lambda d: pd.concat([d, gappy[gappy["city"] == "c03"].assign(y=np.nan)])
        ),
    )
    refuse(AlignmentError, "only in the weights: 'c03'", gappy[gappy["city"] != "c03"])
    refuse(
        PanelError,
        "Years 2003 have no complete row",
        gappy.assign(y=gappy["y"].where(gappy["year"] != 2003)),
    )
    early = gappy["city"] < "c06"
    apart = gappy[early == (gappy["year"] < 2003)]
    refuse(EstimationError, "2 groups without a common", apart.dropna())
    with pytest.raises(PanelError, match="fit_unbalanced_panel"):
        fit_panel("y ~ a", gappy.dropna(), weights)
