"""Models with rho and lambda: R, brute force, derivatives of the full likelihood, laws."""

from __future__ import annotations

import contextlib
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from spatial.errors import AlignmentError, ConfigError, EstimationError
from spatial.regression import compare_weights, effect_tests, fit_cross_section, fit_panel
from spatial.regression import joint_traces as joint_traces_module
from spatial.regression.dependence import (
    Dependence,
    joint_scores,
    likelihood_scores,
    with_covariance,
)
from spatial.regression.estimation import Problem
from spatial.regression.information import information_matrix
from spatial.regression.joint_estimation import ScoreParts, _information, joint_likelihood
from spatial.regression.joint_traces import joint_quadratic
from spatial.regression.multiplier import Traces
from spatial.regression.robust_covariance import (
    cluster_score_variance,
    joint_cluster_variance,
    joint_moment_variance,
    moment_score_variance,
)
from spatial.regression.spatial_lag import SpatialLag
from spatial.regression.specification_tests import REDUCTIONS
from spatial.weights.types import Weights, as_weights

EXACT = 1e-8  # the same arithmetic in another order
SAME = 1e-6  # two searches stop at the same root of the score
BRUTE = 1e-4  # a general optimiser without derivatives finds a flat maximum to about this
HEIGHT = 1e-8  # and its height to about the square of that
DIFFERENCES = 1e-5  # central differences of a smooth function
R_COEFFICIENT = 2e-5  # the optimiser of spatialreg stops at singular convergence
R_LIKELIHOOD = 1e-9
COMBINED = ["sac", "gns"]
EFFECTS = ["pooled", "city", "year", "two-way"]
FORMULA = "y ~ a + b"


def identifiers(n):
    return [f"c{i:02d}" for i in range(n)]


def weights_frame(ids, seed, *, row=True):
    rng = np.random.default_rng(seed)
    n = len(ids)
    dense = rng.uniform(0.2, 1.0, (n, n)) * (rng.uniform(size=(n, n)) < 0.5)
    dense += np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)
    np.fill_diagonal(dense, 0.0)
    dense /= dense.sum(axis=1, keepdims=True) if row else dense.sum(axis=1).max()
    return pd.DataFrame(dense, index=ids, columns=ids)


def make(n=7, years=4, seed=0, *, row=True, rho=0.4, lambda_=0.3, noise=1.0):
    """Panel with city and year effects whose errors spread by other weights."""
    rng = np.random.default_rng(seed)
    ids = identifiers(n)
    weights = weights_frame(ids, seed, row=row)
    W, M = weights.to_numpy(), other_weights(n, row=row).to_numpy()
    S, R = np.linalg.inv(np.eye(n) - rho * W), np.linalg.inv(np.eye(n) - lambda_ * M)
    city, period = rng.normal(size=n), rng.normal(size=(years, 1))
    a, b = rng.normal(size=(years, n)) + city, rng.normal(size=(years, n))
    mean = a - 0.5 * b + 0.3 * a @ W.T + city + period
    y = (mean + noise * rng.normal(size=(years, n)) @ R.T) @ S.T
    index = pd.MultiIndex.from_product([range(2000, 2000 + years), ids], names=["year", "city"])
    table = pd.DataFrame({"y": y.ravel(), "a": a.ravel(), "b": b.ravel()}, index=index)
    return table.reset_index(), weights


def dummies(effects, n, years):
    city, period = np.tile(np.eye(n), (years, 1)), np.repeat(np.eye(years), n, axis=0)
    return {
        "pooled": np.ones((n * years, 1)),
        "city": city,
        "year": period,
        "two-way": np.hstack([city, period[:, 1:]]),
    }[effects]


def other_weights(n, seed=99, *, row=True):
    return weights_frame(identifiers(n), seed, row=row)


def yearly_weights(frames):
    matrices = tuple(as_weights(frame).matrix for frame in frames.values())
    ids = next(iter(frames.values())).index
    return Weights(ids=ids, matrices=matrices, years=pd.Index(list(frames)))


def stacked(panel, weights):
    ordered = panel.set_index(["year", "city"]).sort_index()
    rows = pd.MultiIndex.from_product([sorted(panel["year"].unique()), weights.index])
    ordered = ordered.reindex(rows)
    return ordered["y"].to_numpy(), ordered[["a", "b"]].to_numpy()


def full_likelihood(panel, W, M, specification, effects):
    """Concentrated log-likelihood on the full NT x NT system with explicit dummies."""
    n, years = len(W), panel["year"].nunique()
    y, X = stacked(panel, W)
    by_year = np.kron(np.eye(years), W.to_numpy())
    errors = np.kron(np.eye(years), M.to_numpy())
    if specification == "gns":
        X = np.hstack([X, by_year @ X])
    Z = np.hstack([X, dummies(effects, n, years)])

    def value(pair):
        A, B = np.eye(len(y)) - pair[0] * by_year, np.eye(len(y)) - pair[1] * errors
        left, right = B @ A @ y, B @ Z
        e = left - right @ np.linalg.lstsq(right, left, rcond=None)[0]
        s2 = e @ e / len(e)
        jacobian = np.linalg.slogdet(A)[1] + np.linalg.slogdet(B)[1]
        return jacobian - 0.5 * len(e) * (np.log(2 * np.pi * s2) + 1)

    return value


def brute_force(value, intervals):
    """Best of searches from a grid of starts."""
    grids = [np.linspace(low, high, 9)[1:-1] for low, high in intervals]
    starts = sorted(itertools.product(*grids), key=lambda pair: -value(pair))[:4]

    def negative(pair):
        inside = all(low < x < high for x, (low, high) in zip(pair, intervals, strict=True))
        return -value(pair) if inside else np.inf

    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 2000}
    found = [
        optimize.minimize(negative, start, method="Nelder-Mead", options=options)
        for start in starts
    ]
    best = min(found, key=lambda one: one.fun)
    return best.x, -best.fun


@pytest.mark.parametrize(("specification", "effects"), list(itertools.product(COMBINED, EFFECTS)))
@pytest.mark.parametrize("row", [True, False])
def test_likelihood_is_the_brute_force_maximum(specification, effects, row):
    panel, weights = make(n=6, years=5, seed=11, row=row)
    other = other_weights(6, row=row)
    result = fit_panel(
        FORMULA,
        panel,
        weights,
        specification=specification,
        effects=effects,
        bias_correction=False,
        error_weights=other,
    )
    value = full_likelihood(panel, weights, other, specification, effects)
    pair, height = brute_force(value, [result.rho_interval, result.lambda_interval])
    np.testing.assert_allclose(result.log_likelihood, height, rtol=HEIGHT)
    np.testing.assert_allclose([result.rho, result.lambda_], pair, atol=BRUTE)
    if effects == "city":
        e = result.residuals
        np.testing.assert_allclose(result.uncorrected["sigma2"], np.mean(e**2), rtol=EXACT)


@pytest.mark.parametrize("specification", ["sem", "sdem"])
@pytest.mark.parametrize("effects", ["pooled", "city", "two-way", "random"])
def test_error_models_use_the_weights_of_the_errors(specification, effects):
    panel, weights = make(n=7, years=5, seed=3)
    other = other_weights(7)
    options = {"specification": specification, "effects": effects, "bias_correction": False}
    result = fit_panel(FORMULA, panel, weights, error_weights=other.iloc[::-1, ::-1], **options)
    # The same model with the weights of the errors as weights, and W for the regressors.
    same = fit_panel(FORMULA, panel, other, regressor_weights=weights, **options)
    pd.testing.assert_frame_equal(result.tidy(), same.tidy(), rtol=SAME)
    np.testing.assert_allclose(result.log_likelihood, same.log_likelihood, rtol=EXACT)
    np.testing.assert_allclose(result.residuals, same.residuals, atol=1e-8)
    pd.testing.assert_frame_equal(result.effects().table, same.effects().table, rtol=1e-5)
    np.testing.assert_allclose(
        result.predict(multiplier=False).values, same.predict(multiplier=False).values, rtol=1e-7
    )
    np.testing.assert_allclose(
        result.shock("c02", 1.0).sort_index(), same.shock("c02", 1.0).sort_index(), rtol=1e-6
    )


def test_weights_of_the_errors_are_checked():
    panel, weights = make()
    other = other_weights(7)
    for specification in ("ols", "slx", "sar", "sdm"):
        with pytest.raises(ConfigError, match="error_weights"):
            fit_panel(FORMULA, panel, weights, specification=specification, error_weights=other)
    strange = other.rename(index={"c00": "x"}, columns={"c00": "x"})
    with pytest.raises(AlignmentError, match="x"):
        fit_panel(FORMULA, panel, weights, specification="sac", error_weights=strange)
    unequal = other_weights(7, row=False)
    with pytest.raises(EstimationError, match="not row-normalised"):
        fit_panel(FORMULA, panel, weights, specification="sac", error_weights=unequal)
    frames = {2000 + t: other_weights(7, t) for t in range(4)}
    with pytest.raises(EstimationError, match="same weights in all years"):
        fit_panel(
            FORMULA, panel, weights, specification="sac", error_weights=yearly_weights(frames)
        )


# spatialreg 1.2-6, Columbus, W queen contiguity and M 4 nearest neighbours, both row-normalised:
#   W <- mat2listw(A, style="W")
#   M <- nb2listw(knn2nb(knearneigh(cbind(d$X, d$Y), k=4)), style="W")
#   sacsarlm(CRIME ~ INC + HOVAL, d, W, listw2=M, type="sac" or "sacmixed", method="eigen",
#            control=list(opt_control=list(rel.tol=1e-15, x.tol=1e-12)))
#   impacts(fit, listw=W); errorsarlm(CRIME ~ INC + HOVAL, d, M, method="eigen")
TWO_WEIGHTS = {
    "sac": (
        [58.682439311208, -1.029717133799, -0.229717264941, -0.119147436451, 0.733215045523],
        [8.942980161795, 0.292618899313, 0.079446314470, 0.240223795181, 0.123162393039],
        72.928451453762,
        -178.345582814526,
        [[-1.032863770715, 0.1127730835898], [-0.230419241049, 0.0251582919919]],
    ),
    "gns": (
        [
            *[72.2976782447521, -1.0968420206856, -0.2303238224023],
            *[-0.5254802452368, -0.0264220692649, -0.2061375587373, 0.7158067011574],
        ],
        [
            *[21.6197163381115, 0.2949891405421, 0.0806765078845],
            *[0.7301934065153, 0.1982658373771, 0.3102666940928, 0.1441503026671],
        ],
        72.3090152912053,
        -178.0468103040268,
        [[-1.083783136066, -0.2612726199468], [-0.231242294421, 0.0183761169212]],
    ),
}


def columbus(shared_folder):
    folder = shared_folder / "reference" / "03_columbus_crosssection"
    data, links = pd.read_csv(folder / "columbus.csv"), pd.read_csv(folder / "w_pairs.csv")
    ids = pd.Index([f"n{number:02d}" for number in range(1, len(data) + 1)])
    dense = np.zeros((len(data), len(data)))
    dense[links["i"] - 1, links["j"] - 1] = 1.0
    places = data[["X", "Y"]].to_numpy()
    gap = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(gap, np.inf)
    near = np.zeros_like(dense)
    near[np.repeat(np.arange(len(data)), 4), np.argsort(gap, axis=1)[:, :4].ravel()] = 0.25
    W = pd.DataFrame(dense / dense.sum(axis=1, keepdims=True), ids, ids)
    return data.set_index(ids), W, pd.DataFrame(near, ids, ids)


@pytest.mark.parametrize("specification", COMBINED)
def test_two_weights_agree_with_spatialreg(shared_folder, specification):
    data, W, M = columbus(shared_folder)
    result = fit_cross_section(
        "CRIME ~ INC + HOVAL", data, W, specification=specification, error_weights=M
    )
    coefficients, errors, sigma2, likelihood, impacts = TWO_WEIGHTS[specification]
    assert result.log_likelihood >= likelihood - 1e-9
    np.testing.assert_allclose(result.log_likelihood, likelihood, rtol=R_LIKELIHOOD)
    np.testing.assert_allclose(result.coefficients, coefficients, rtol=R_COEFFICIENT, atol=1e-6)
    np.testing.assert_allclose(result.standard_errors, errors, rtol=R_COEFFICIENT)
    np.testing.assert_allclose(result.sigma2, sigma2, rtol=R_COEFFICIENT)
    table = result.effects().table[["direct", "indirect"]]
    np.testing.assert_allclose(table, impacts, rtol=1e-4)


def test_error_model_of_other_weights_agrees_with_spatialreg(shared_folder):
    data, W, M = columbus(shared_folder)
    result = fit_cross_section("CRIME ~ INC + HOVAL", data, W, specification="sem", error_weights=M)
    wanted = [56.010136976508, -1.033481021927, -0.236433461480, 0.680601255557]
    errors = [5.773736733648, 0.295931790331, 0.080841532487, 0.106861790711]
    np.testing.assert_allclose(result.coefficients, wanted, rtol=R_COEFFICIENT)
    np.testing.assert_allclose(result.standard_errors, errors, rtol=R_COEFFICIENT)
    np.testing.assert_allclose(result.log_likelihood, -178.454293669388, rtol=R_LIKELIHOOD)


def expected_likelihood(theta, truth, Z, W, M):
    """E of the log-likelihood at theta when the data have the parameters truth; dense, years 1."""
    n, k = Z.shape
    eye = np.eye(n)

    def parts(values):
        return values[:k], eye - values[k] * W, eye - values[k + 1] * M, values[k + 2]

    delta0, A0, B0, s0 = parts(truth)
    delta, A, B, s = parts(theta)
    ratio = B @ A @ np.linalg.inv(A0)
    noise, mean = ratio @ np.linalg.inv(B0), ratio @ (Z @ delta0) - B @ Z @ delta
    jacobian = np.linalg.slogdet(A)[1] + np.linalg.slogdet(B)[1]
    return (
        jacobian
        - 0.5 * n * np.log(2 * np.pi * s)
        - (s0 * np.vdot(noise, noise) + mean @ mean) / (2 * s)
    )


def hessian(function, point, step=2e-4):
    size = len(point)
    steps = np.diag(step * np.maximum(np.abs(point), 0.5))
    result = np.empty((size, size))
    for i, j in itertools.product(range(size), repeat=2):
        d, c = steps[i], steps[j]
        result[i, j] = (
            function(point + d + c)
            - function(point + d - c)
            - function(point - d + c)
            + function(point - d - c)
        ) / (4 * d[i] * c[j])
    return result


@pytest.mark.parametrize("same", [True, False])
def test_information_is_the_expected_hessian(same):
    rng = np.random.default_rng(2)
    n = 8
    ids = identifiers(n)
    W = weights_frame(ids, 1, row=False)
    M = W if same else other_weights(n, row=False)
    table = pd.DataFrame(rng.normal(size=(n, 3)), ids, ["y", "a", "b"])
    result = fit_cross_section(
        "y ~ a", table, W, specification="sac", error_weights=None if same else M
    )
    theta = np.append(result.coefficients, result.sigma2)
    Z = np.column_stack([np.ones(n), table["a"]])
    found = -hessian(
        lambda point: expected_likelihood(point, theta, Z, W.to_numpy(), M.to_numpy()), theta
    )
    wanted = np.linalg.inv(found)[:-1, :-1]
    np.testing.assert_allclose(result.covariance, wanted, rtol=1e-4, atol=1e-6)


def test_information_of_the_transformation_is_that_of_transformed_data():
    panel, weights = make(n=6, years=4, seed=9)
    other = other_weights(6)
    result = fit_panel(
        FORMULA,
        panel,
        weights,
        specification="sac",
        bias_correction="transformation",
        error_weights=other,
    )

    def orthonormal(m):
        return np.linalg.eigh(np.eye(m) - np.full((m, m), 1 / m))[1][:, 1:]

    Fn, Ft = orthonormal(6), orthonormal(4)
    moved = {
        name: (Fn.T @ panel.pivot_table(index="city", columns="year", values=name) @ Ft)
        .to_numpy()
        .ravel("F")
        for name in ("y", "a", "b")
    }
    W, M = (np.kron(np.eye(3), Fn.T @ one.to_numpy() @ Fn) for one in (weights, other))
    Z = np.column_stack([moved["a"], moved["b"]])
    m = len(Z)

    def value(pair):
        A, B = np.eye(m) - pair[0] * W, np.eye(m) - pair[1] * M
        left, right = B @ A @ moved["y"], B @ Z
        e = left - right @ np.linalg.lstsq(right, left, rcond=None)[0]
        jacobian = np.linalg.slogdet(A)[1] + np.linalg.slogdet(B)[1]
        return jacobian - 0.5 * m * (np.log(2 * np.pi * e @ e / m) + 1)

    pair, height = brute_force(value, [(-1.2, 1.0), (-1.2, 1.0)])
    np.testing.assert_allclose(result.log_likelihood, height, rtol=HEIGHT)
    np.testing.assert_allclose([result.rho, result.lambda_], pair, atol=BRUTE)
    theta = np.append(result.coefficients, result.sigma2)
    found = -hessian(lambda point: expected_likelihood(point, theta, Z, W, M), theta)
    wanted = np.linalg.inv(found)[:-1, :-1]
    np.testing.assert_allclose(result.covariance, wanted, rtol=1e-4, atol=1e-6)


def problem_of(result):
    return Problem(
        result.design,
        result.specification,
        result.effects_type,
        result.bias_correction,
        "information",
        result.estimate.Z,
        result.estimate.regressors,
    )


@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("row", [True, False])
@pytest.mark.parametrize("correction", ["none", "transformation"])
def test_score_is_the_derivative_of_the_likelihood(effects, row, correction):
    if correction == "transformation" and not row:
        return
    panel, weights = make(n=7, years=4, seed=4, row=row)
    result = fit_panel(
        FORMULA,
        panel,
        weights,
        specification="gns",
        effects=effects,
        bias_correction=correction,
        error_weights=other_weights(7, row=row),
    )
    likelihood = joint_likelihood(problem_of(result), *result.estimate.determinants)
    for pair in ([0.2, -0.3], [-0.5, 0.4], [0.0, 0.0]):
        point, step = np.array(pair), 1e-5
        slopes = [
            (likelihood.value(point + d) - likelihood.value(point - d)) / (2 * step)
            for d in np.eye(2) * step
        ]
        np.testing.assert_allclose(likelihood.score(point), slopes, rtol=DIFFERENCES, atol=1e-6)
        _, residuals = likelihood.solution(point)
        packed = likelihood.fit(float(np.vdot(residuals, residuals)))
        jacobian = sum(likelihood.log_jacobian(j, point[j]) for j in range(2))
        np.testing.assert_allclose(likelihood.value(point), packed + jacobian, rtol=1e-10)
    top = np.array([result.uncorrected["rho"], result.uncorrected["lambda"]])
    assert np.abs(likelihood.score(top)).max() < 1e-5


@pytest.mark.parametrize("effects", EFFECTS)
def test_one_parameter_at_zero_is_the_model_without_it(effects):
    panel, weights = make(n=8, years=5, seed=7)
    other = other_weights(8)
    options = {"effects": effects, "bias_correction": False}
    large = fit_panel(FORMULA, panel, weights, specification="sac", error_weights=other, **options)
    likelihood = joint_likelihood(problem_of(large), *large.estimate.determinants)
    lag = fit_panel(FORMULA, panel, weights, specification="sar", **options)
    error = fit_panel(FORMULA, panel, weights, specification="sem", error_weights=other, **options)
    at_lag, at_error = np.array([lag.rho, 0.0]), np.array([0.0, error.lambda_])
    np.testing.assert_allclose(likelihood.value(at_lag), lag.log_likelihood, rtol=1e-10)
    np.testing.assert_allclose(likelihood.value(at_error), error.log_likelihood, rtol=1e-10)
    assert abs(likelihood.score(at_lag)[0]) < 1e-5
    assert abs(likelihood.score(at_error)[1]) < 1e-5
    delta, _ = likelihood.solution(at_lag)
    np.testing.assert_allclose(delta, lag.estimate.delta, rtol=1e-8)
    # Information without the row and column of lambda.
    theta = np.concatenate([lag.estimate.delta, [lag.rho, 0.0, lag.sigma2]])
    information = _information(problem_of(large), likelihood, theta)
    kept = [place for place in range(len(theta)) if place != len(theta) - 2]
    covariance = np.linalg.inv(information[np.ix_(kept, kept)])[:-1, :-1]
    np.testing.assert_allclose(covariance, lag.covariance, rtol=1e-7)


@settings(max_examples=6)
@given(seed=st.integers(0, 10_000))
def test_larger_models_fit_better(seed):
    panel, weights = make(n=8, years=4, seed=seed % 200)
    other = other_weights(8, seed % 7 + 50)
    options = {"effects": "city", "bias_correction": False}
    heights = {}
    for specification in ("ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns"):
        errors = other if specification in ("sem", "sdem", "sac", "gns") else None
        # A model whose maximum is at the border has no height to compare.
        with contextlib.suppress(EstimationError):
            heights[specification] = fit_panel(
                FORMULA,
                panel,
                weights,
                specification=specification,
                error_weights=errors,
                **options,
            ).log_likelihood
    pairs = [("gns", "sac"), ("gns", "sdm"), ("gns", "sdem"), ("sac", "sar"), ("sac", "sem")]
    for large, small in pairs:
        if large in heights and small in heights:
            assert heights[large] >= heights[small] - 1e-7


@pytest.mark.parametrize("effects", ["pooled", "city", "two-way"])
@pytest.mark.parametrize("specification", COMBINED)
def test_scaled_weights_scale_both_parameters(specification, effects):
    panel, weights = make(n=8, years=5, seed=6)
    other = other_weights(8)
    options = {"specification": specification, "effects": effects, "bias_correction": False}
    first = fit_panel(FORMULA, panel, weights, error_weights=other, **options)
    second = fit_panel(FORMULA, panel, weights * 3.0, error_weights=other * 0.5, **options)
    np.testing.assert_allclose(second.rho, first.rho / 3.0, rtol=1e-5)
    np.testing.assert_allclose(second.lambda_, first.lambda_ / 0.5, rtol=1e-5)
    np.testing.assert_allclose(second.log_likelihood, first.log_likelihood, rtol=1e-9)
    np.testing.assert_allclose(
        second.standard_errors["rho"], first.standard_errors["rho"] / 3.0, rtol=1e-5
    )
    pd.testing.assert_frame_equal(
        first.effects().table, second.effects().table, rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("effects", EFFECTS)
def test_shuffled_and_relabelled_panels_give_the_same_numbers(effects):
    panel, weights = make(n=8, years=4, seed=5)
    other = other_weights(8)
    rng = np.random.default_rng(3)
    options = {"specification": "gns", "effects": effects, "bias_correction": "variance"}
    first = fit_panel(FORMULA, panel, weights, error_weights=other, **options)
    shuffled = panel.sample(frac=1.0, random_state=1)
    order, again = rng.permutation(weights.index), rng.permutation(weights.index)
    names = {name: f"town {k}" for k, name in zip(rng.permutation(8), weights.index, strict=True)}
    second = fit_panel(
        FORMULA,
        shuffled.assign(city=shuffled["city"].map(names)),
        weights.loc[order, order].rename(index=names, columns=names),
        error_weights=other.loc[again, again].rename(index=names, columns=names),
        **options,
    )
    pd.testing.assert_frame_equal(first.tidy(), second.tidy(), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(first.residuals, second.residuals.loc[panel.index], atol=1e-6)


@pytest.mark.parametrize("effects", EFFECTS)
def test_predictions_and_shocks_add_up(effects):
    panel, weights = make(n=8, years=4, seed=8)
    other = other_weights(8)
    result = fit_panel(
        FORMULA, panel, weights, specification="gns", effects=effects, error_weights=other
    )
    np.testing.assert_allclose(result.fitted + result.residuals, panel["y"], rtol=1e-10)
    near = result.predict(multiplier=False).values
    if effects in ("pooled", "city"):  # effects of years are recovered before filtering
        np.testing.assert_allclose(near, result.fitted, rtol=1e-7, atol=1e-8)
    same = result.predict(panel.sample(frac=1.0, random_state=1), multiplier=False).values
    np.testing.assert_allclose(same.loc[panel.index], near, rtol=1e-9)
    eye = np.eye(8)
    multiplier = np.linalg.inv(eye - result.rho * weights.to_numpy())
    filtered = multiplier @ np.linalg.inv(eye - result.lambda_ * other.to_numpy())
    hit = result.shock("c03", 2.0).reindex(weights.index)
    np.testing.assert_allclose(hit, 2.0 * filtered[:, 3], rtol=1e-8)
    beta, theta = result.coefficients["a"], result.coefficients["W a"]
    matrix = multiplier @ (beta * eye + theta * weights.to_numpy())
    effects_found = result.effects()
    np.testing.assert_allclose(effects_found.effect_matrix("a"), matrix, rtol=1e-8, atol=1e-10)
    table = effects_found.table
    np.testing.assert_allclose(table.loc["a", "direct"], np.trace(matrix) / 8, rtol=1e-8)
    np.testing.assert_allclose(table.loc["a", "total"], matrix.sum() / 8, rtol=1e-8)


@pytest.mark.parametrize("specification", COMBINED)
def test_delta_errors_are_numerical_gradients_and_simulation_agrees(specification):
    panel, weights = make(n=20, years=6, seed=12, noise=0.03)
    other = other_weights(20)
    result = fit_panel(
        FORMULA, panel, weights, specification=specification, effects="city", error_weights=other
    )
    W, eye = weights.to_numpy(), np.eye(20)
    names = list(result.coefficients.index)

    def indirect(values):
        named = dict(zip(names, values, strict=True))
        inner = named["a"] * eye + named.get("W a", 0.0) * W
        matrix = np.linalg.solve(eye - named["rho"] * W, inner)
        return (matrix.sum() - np.trace(matrix)) / 20

    point = result.coefficients.to_numpy()
    gradient = [
        (indirect(point + d) - indirect(point - d)) / 2e-5 for d in np.eye(len(point)) * 1e-5
    ]
    wanted = np.sqrt(gradient @ result.covariance.to_numpy() @ gradient)
    table = result.effects().table
    np.testing.assert_allclose(table.loc["a", "indirect_se"], wanted, rtol=1e-5)
    drawn = result.effects(inference="simulation", draws=4000, rng=1).table
    np.testing.assert_allclose(drawn.loc["a", "direct_se"], table.loc["a", "direct_se"], rtol=0.15)


def test_sparse_traces_are_dense_traces(monkeypatch):
    n = 120
    rng = np.random.default_rng(1)
    ids = identifiers(n)
    frames = []
    for k in (3, 5):
        dense = np.zeros((n, n))
        for i in range(n):
            dense[i, (i + rng.choice(np.r_[-8:0, 1:9], k, replace=False)) % n] = 1.0 / k
        frames.append(as_weights(pd.DataFrame(dense, ids, ids)).matrix)
    W, M = frames
    lag, error_lag = SpatialLag((W,), 3), SpatialLag((M,), 3)

    class Traced:
        def __init__(self, matrix):
            self.matrix = matrix.toarray()

        def gain(self, rho):
            return self.matrix @ np.linalg.inv(np.eye(n) - rho * self.matrix)

        def first_trace(self, rho):
            return 3 * np.trace(self.gain(rho))

        def second_trace(self, rho):
            return 3 * np.trace(self.gain(rho) @ self.gain(rho))

    for errors, matrix in ((error_lag, M), (lag, W)):
        determinants = (Traced(W), Traced(matrix))
        dense_found, first = joint_quadratic(lag, errors, determinants, 0.4, -0.3)
        with monkeypatch.context() as patch:
            patch.setattr(joint_traces_module, "DENSE_CITIES", 0)
            patch.setattr(joint_traces_module, "prefers_dense", lambda _: False)
            sparse_found, again = joint_quadratic(lag, errors, determinants, 0.4, -0.3)
        np.testing.assert_allclose(sparse_found, dense_found, rtol=1e-9)
        np.testing.assert_allclose(first, again)


def parts_of_score(seed=1, years=3, n=7):
    """Two linear-quadratic forms with any matrices, and residuals."""
    rng = np.random.default_rng(seed)
    Z, e = rng.normal(size=(years, n, 2)), rng.normal(size=(years, n))
    signals = (rng.normal(size=(years, n)), rng.normal(size=(years, n)))
    gains = tuple((rng.normal(size=(n, n)),) for _ in range(2))
    return Z, e, signals, gains


def test_variance_of_two_scores_by_polarisation():
    # The variance of a sum of two scores is that of one score with the summed matrix and signal.
    Z, e, (g, h), ((P,), (Q,)) = parts_of_score()
    years, n, _ = Z.shape
    s2 = 1.3
    both = joint_cluster_variance(Z, (g, h), e, ((P,), (Q,)), s2)
    one = cluster_score_variance(Z, g + h, e, (P + Q,), s2)
    fold = np.zeros((4, 5))
    fold[[0, 1, 2, 2, 3], [0, 1, 2, 3, 4]] = 1.0
    np.testing.assert_allclose(fold @ both @ fold.T, one, rtol=1e-10)
    d, c = (np.tile(np.diag(one), (years, 1)) for one in (P, Q))
    zero = np.zeros((5, 5))
    both = joint_moment_variance(zero, Z, (g, h), (d, c), s2, 0.4, 0.7)
    one = moment_score_variance(np.zeros((4, 4)), Z, g + h, d + c, s2, 0.4, 0.7)
    np.testing.assert_allclose(fold @ both @ fold.T, one, rtol=1e-10)
    single = moment_score_variance(np.zeros((4, 4)), Z, g, d, s2, 0.4, 0.7)
    kept = [0, 1, 2, 4]
    np.testing.assert_allclose(both[np.ix_(kept, kept)], single, rtol=1e-10)
    traces = Traces(0.3, 0.5, 0.9)
    wanted = information_matrix(Z, g, traces, s2, years * n)
    assert wanted.shape == (4, 4)


def test_robust_covariances_of_both_parameters():
    panel, weights = make(n=12, years=6, seed=4)
    other = other_weights(12)
    options = {"specification": "gns", "effects": "city", "error_weights": other}
    plain = fit_panel(FORMULA, panel, weights, **options)
    for kind in ("sandwich", "cluster"):
        fitted = fit_panel(FORMULA, panel, weights, covariance=kind, **options)
        assert np.linalg.eigvalsh(fitted.covariance)[0] > 0
        np.testing.assert_allclose(fitted.coefficients, plain.coefficients)
    again = with_covariance(plain, "cluster")
    assert (again.standard_errors > 0).all()
    kraay = fit_panel(FORMULA, panel, weights, covariance="driscoll-kraay", **options)
    assert (kraay.standard_errors > 0).all()


@pytest.mark.parametrize("kind", ["cluster", "driscoll-kraay", "conley"])
def test_variance_of_dependent_scores_by_polarisation(kind):
    Z, e, (g, h), ((P,), (Q,)) = parts_of_score()
    n, rng = Z.shape[1], np.random.default_rng(5)
    kernel = np.exp(-np.abs(np.subtract.outer(np.arange(n), np.arange(n))))
    given = Dependence(
        kind,
        codes=rng.integers(0, 3, n) if kind == "cluster" else None,
        kernel=kernel if kind == "conley" else None,
        lags=0 if kind == "cluster" else 1,
    )
    parts = ScoreParts(np.zeros((0, 0)), Z, (g, h), e, ((P,), (Q,)))
    both = given.variance(joint_scores(parts, 1.0))
    both[2:4, 2:4] += given.shared_variance(e, parts.gains)
    one = given.variance(likelihood_scores(Z, g + h, e, (P + Q,), 1.0))
    one[2, 2] += given.pair_variance(e, (P + Q,))
    fold = np.zeros((4, 5))
    fold[[0, 1, 2, 2, 3], [0, 1, 2, 3, 4]] = 1.0
    np.testing.assert_allclose(fold @ both @ fold.T, one, rtol=1e-9)


def test_one_matrix_for_both_is_said_to_be_weak():
    panel, weights = make(n=10, years=6, seed=1, rho=0.3)
    shared = fit_panel(FORMULA, panel, weights, specification="sac", effects="city")
    assert any("weakly identified" in note for note in shared.notes)
    explicit = fit_panel(
        FORMULA, panel, weights, specification="sac", effects="city", error_weights=weights * 2.0
    )
    assert any("weakly identified" in note for note in explicit.notes)
    np.testing.assert_allclose(explicit.lambda_ * 2.0, shared.lambda_, rtol=1e-4)
    general = fit_panel(FORMULA, panel, weights, specification="gns", effects="city")
    assert any("very weakly" in note for note in general.notes)
    apart = fit_panel(
        FORMULA,
        panel,
        weights,
        specification="sac",
        effects="city",
        error_weights=other_weights(10),
    )
    assert not any("weakly identified" in note for note in apart.notes)


def test_two_hills_of_one_height_are_reported():
    # Without regressors rho and lambda can be swapped: (I - rho W)(I - lambda W) commutes.
    ids, eye = identifiers(60), np.eye(60)
    W = (np.roll(eye, 1, axis=1) + np.roll(eye, -1, axis=1)) / 2
    weights = pd.DataFrame(W, ids, ids)
    noise = np.random.default_rng(0).normal(size=60)
    y = np.linalg.solve(eye - 0.6 * W, np.linalg.solve(eye + 0.5 * W, noise))
    result = fit_cross_section("y ~ 1", pd.DataFrame({"y": y}, ids), weights, specification="sac")
    assert any("second hill" in note for note in result.notes)
    note = next(note for note in result.notes if "second hill" in note)
    assert f"rho = {result.lambda_:.3f}"[:-1] in note


@pytest.mark.parametrize("specification", ["sac", "gns"])
def test_reductions(specification):
    panel, weights = make(n=12, years=6, seed=2)
    other = other_weights(12)
    options = {"effects": "city"}
    result = fit_panel(
        FORMULA, panel, weights, specification=specification, error_weights=other, **options
    )
    table = result.reduction_tests().table
    for smaller in REDUCTIONS[specification]:
        name = f"{specification.upper()} to {smaller.upper()}"
        errors = other if smaller in ("sem", "sdem", "sac") else None
        fitted = fit_panel(
            FORMULA, panel, weights, specification=smaller, error_weights=errors, **options
        )
        ratio = 2.0 * (result.log_likelihood - fitted.log_likelihood)
        np.testing.assert_allclose(table.loc[(name, "LR"), "statistic"], ratio, atol=1e-6)
        df = 2 if smaller == "sac" else 1
        assert table.loc[(name, "Wald"), "df"] == df
        if df == 1:
            lost = "lambda" if smaller in ("sar", "sdm") else "rho"
            z = result.z_values[lost]
            np.testing.assert_allclose(table.loc[(name, "Wald"), "statistic"], z**2, rtol=1e-8)
    assert (table["statistic"] > -1e-6).all()
    assert "city effects" in effect_tests(result).table.index


def test_lee_yu_and_transformation_agree_in_large_panels():
    n, years = 120, 12
    ids = identifiers(n)
    rng = np.random.default_rng(0)
    frames = []
    for _ in range(2):
        frame = pd.DataFrame(0.0, index=ids, columns=ids)
        for i in range(n):
            frame.iloc[i, (i + rng.choice(np.r_[-8:0, 1:9], 5, replace=False)) % n] = 0.2
        frames.append(frame)
    panel = drawn_panel(rng, *frames, years=years, rho=0.4, lambda_=0.3)
    fits = [
        fit_panel(
            "y ~ a",
            panel,
            frames[0],
            specification="sac",
            error_weights=frames[1],
            bias_correction=correction,
        )
        for correction in ("lee-yu", "transformation", "none")
    ]
    gap = (fits[0].coefficients - fits[1].coefficients).abs()
    assert (gap < 0.1 * fits[0].standard_errors).all()
    np.testing.assert_allclose(fits[0].sigma2, fits[1].sigma2, rtol=2e-3)
    raw = (fits[2].coefficients - fits[1].coefficients).abs()[["rho", "lambda"]]
    assert (gap[["rho", "lambda"]] < raw).all()


def drawn_panel(rng, W, M, *, years, rho, lambda_, beta=1.0):
    n = len(W)
    eye = np.eye(n)
    S = np.linalg.inv(eye - rho * W.to_numpy())
    R = np.linalg.inv(eye - lambda_ * M.to_numpy())
    city, period = rng.normal(size=n), rng.normal(size=years)
    a = rng.normal(size=(years, n)) + 0.5 * city
    mean = beta * a + city + period[:, None]
    y = (mean + rng.normal(size=(years, n)) @ R.T) @ S.T
    index = pd.MultiIndex.from_product([range(years), W.index], names=["year", "city"])
    return pd.DataFrame({"y": y.ravel(), "a": a.ravel()}, index=index)


@pytest.mark.parametrize("correction", ["lee-yu", "transformation"])
def test_estimates_are_centred_on_the_truth(correction):
    n, years, draws = 40, 6, 40
    rng = np.random.default_rng(7)
    ids, eye = identifiers(n), np.eye(n)
    W = pd.DataFrame((np.roll(eye, 3, axis=1) + np.roll(eye, -7, axis=1)) / 2, ids, ids)
    M = pd.DataFrame((np.roll(eye, 1, axis=1) + np.roll(eye, -1, axis=1)) / 2, ids, ids)
    found, errors = [], []
    for _ in range(draws):
        panel = drawn_panel(rng, W, M, years=years, rho=0.4, lambda_=0.3)
        result = fit_panel(
            "y ~ a",
            panel,
            W,
            specification="sac",
            error_weights=M,
            bias_correction=correction,
        )
        found.append(np.append(result.coefficients, result.sigma2))
        errors.append(result.standard_errors)
    found, truth = np.array(found), np.array([1.0, 0.4, 0.3, 1.0])
    centre = found.mean(axis=0) - truth
    chance = found.std(axis=0, ddof=1) / np.sqrt(draws)
    # Four standard errors of chance, and the bias of higher order that corrections leave.
    assert (np.abs(centre) < 4.0 * chance + 0.01).all()
    ratio = np.mean(errors, axis=0) / found[:, :3].std(axis=0, ddof=1)
    assert ((ratio > 0.75) & (ratio < 1.3)).all()


def test_border_is_refused():
    ids = identifiers(12)
    weights = pd.DataFrame((np.ones((12, 12)) - np.eye(12)) / 11, ids, ids)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(12, 2)) + 50.0, ids, ["y", "a"])
    with pytest.raises(EstimationError, match=r"border|positive definite"):
        fit_cross_section("y ~ a - 1", table, weights, specification="gns")


def test_what_is_not_made_is_refused():
    panel, weights = make(n=8, years=4)
    for effects in ("random", "correlated-random"):
        with pytest.raises(EstimationError, match="random effects"):
            fit_panel(FORMULA, panel, weights, specification="sac", effects=effects)
    with pytest.raises(ConfigError, match="posterior"):
        compare_weights(FORMULA, panel, {"w": weights}, specifications=["sar", "sac"])
    with pytest.raises(EstimationError, match="'sdm', 'sac' or 'gns'"):
        fit_panel(FORMULA, panel, weights, specification="sem").reduction_tests()
    with pytest.raises(EstimationError, match="transformation"):
        fit_panel(
            FORMULA,
            panel,
            weights,
            specification="sac",
            bias_correction="transformation",
            covariance="cluster",
        )


def test_tables_show_both_parameters():
    panel, weights = make(n=8, years=5, seed=3)
    result = fit_panel(FORMULA, panel, weights, specification="gns", error_weights=other_weights(8))
    assert list(result.coefficients.index) == ["a", "b", "W a", "W b", "rho", "lambda"]
    assert list(result.uncorrected.index) == [*result.coefficients.index, "sigma2"]
    facts = result.glance()
    assert facts["log_determinant"] == facts["error_log_determinant"] == "eigenvalues"
    assert "lambda" in result.summary()
    assert result.n_parameters == 6 + 1 + 8 + 5 - 1
    assert result.configuration.options["error_weights"]
    assert sum("searched in" in note for note in result.notes) == 2
