"""Hausman's test: published value of least squares, equivalence of forms, refusal of no numbers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from spatial.errors import ConfigError, EstimationError
from spatial.regression import fit_panel, hausman_test
from spatial.regression.hausman import quadratic_difference
from spatial.regression.random_effects import LagParts
from spatial.regression.within import quasi_within, within

FORMULA = "logc ~ logp + logy"
PUBLISHED = 1e-8  # plm, double precision
# plm's residual variances by Swamy and Arora carry its own degrees of freedom; six digits survive.
DIFFERENCE = 1e-6


@pytest.fixture(scope="module")
def cigar(shared_folder):
    folder = shared_folder / "reference" / "01_cigar_panel_spatial"
    panel = pd.read_csv(folder / "cigar.csv")
    ids = panel["state"].iloc[:46]
    binary = np.loadtxt(folder / "W46_binary.csv", delimiter=",")
    weights = pd.DataFrame(binary / binary.sum(axis=1, keepdims=True), index=ids, columns=ids)
    return panel, weights, json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def fit(cigar, specification, effects):
    panel, weights, _ = cigar
    return fit_panel(
        FORMULA, panel, weights, city="state", specification=specification, effects=effects
    )


def made(link, *, n=40, years=6, seed=1):
    rng = np.random.default_rng(seed)
    ids = [f"c{i}" for i in range(n)]
    ring = pd.DataFrame(
        (np.roll(np.eye(n), 1, 1) + np.roll(np.eye(n), -1, 1)) / 2, index=ids, columns=ids
    )
    mu = rng.normal(size=n)
    x = rng.normal(size=(years, n)) + link * mu
    levels = x + mu + 0.5 * rng.normal(size=(years, n))
    y = np.linalg.solve(np.eye(n) - 0.3 * ring.to_numpy(), levels.T).T
    rows = pd.MultiIndex.from_product([range(years), ids], names=["year", "city"])
    return pd.DataFrame({"y": y.ravel(), "x": x.ravel()}, index=rows), ring


def test_published_statistic_at_swamy_and_arora_variances(cigar):
    """plm's random effects are these quasi-demeaned least squares at its theta."""
    _, _, expected = cigar
    published = expected["R_plm"]
    design = fit(cigar, "ols", "city").design
    Z, _ = design.regressors(durbin=False, constant=True)
    phi = 1.0 - published["random.individual"]["theta"]
    parts = LagParts(design.y, design.lag(design.y), Z)
    delta, sum_of_squares = parts.split(0.0).solution(phi)
    np.testing.assert_allclose(
        delta, list(published["random.individual"]["estimate"].values()), rtol=PUBLISHED
    )
    quasi = quasi_within(Z, phi).reshape(-1, 3)
    random = np.linalg.inv(quasi.T @ quasi) * sum_of_squares / (quasi.shape[0] - 3)
    np.testing.assert_allclose(
        np.sqrt(np.diag(random)),
        list(published["random.individual"]["se"].values()),
        rtol=PUBLISHED,
    )
    inside = within(Z[:, :, 1:], "city").reshape(-1, 2)
    y = within(design.y, "city").ravel()
    beta = np.linalg.lstsq(inside, y)[0]
    rest = y - inside @ beta
    fixed = np.linalg.inv(inside.T @ inside) * (rest @ rest) / (y.size - 46 - 2)
    d, difference = beta - delta[1:], fixed - random[1:, 1:]
    magnitude = abs(d @ np.linalg.solve(difference, d))
    assert magnitude == pytest.approx(published["hausman"]["statistic"], rel=DIFFERENCE)
    if np.linalg.eigvalsh(difference)[0] <= 0.0:
        assert np.isnan(quadratic_difference(d, difference))


def test_forms_are_one_at_the_same_variances(cigar):
    """Mundlak's Wald statistic is Hausman's with sigma2 and phi of the larger model."""
    result = fit(cigar, "ols", "correlated-random")
    test = hausman_test(result)
    design, phi = result.design, result.phi
    Z, _ = design.regressors(durbin=False, constant=True)
    parts = LagParts(design.y, design.lag(design.y), Z)
    delta, _ = parts.split(0.0).solution(phi)
    quasi = quasi_within(Z, phi).reshape(-1, 3)
    inside = within(Z[:, :, 1:], "city").reshape(-1, 2)
    beta = np.linalg.lstsq(inside, within(design.y, "city").ravel())[0]
    difference = result.sigma2 * (
        np.linalg.inv(inside.T @ inside) - np.linalg.inv(quasi.T @ quasi)[1:, 1:]
    )
    hausman = quadratic_difference(beta - delta[1:], difference)
    assert test.table.loc["Mundlak", "statistic"] == pytest.approx(hausman, rel=1e-6)
    assert test.table.loc["Mundlak", "df"] == 2


def test_least_squares_uses_the_difference(cigar):
    test = hausman_test(fit(cigar, "ols", "random"))
    assert test.form == "Hausman"
    assert test.df == 2
    assert list(test.coefficients.index) == ["logp", "logy"]
    assert bool(test.table.loc["Hausman", "used"])
    assert test.p_value == test.table.loc["Hausman", "p_value"]


def test_a_difference_that_is_not_positive_definite_gives_no_number(cigar):
    """R's sphtest prints the absolute value of a negative statistic instead."""
    test = hausman_test(fit(cigar, "sem", "city"))
    assert test.form == "Mundlak"
    assert np.isnan(test.table.loc["Hausman", "statistic"])
    assert np.isnan(test.table.loc["Hausman", "p_value"])
    assert "not positive definite" in test.reason
    assert test.df == 2
    assert test.statistic >= 0.0


@pytest.mark.parametrize("specification", ["ols", "slx", "sar", "sem", "sdm", "sdem"])
def test_correlated_effects_are_found_and_others_are_not(specification):
    for link, rejected in ((1.0, True), (0.0, False)):
        data, ring = made(link)
        result = fit_panel("y ~ x", data, ring, specification=specification, effects="random")
        test = hausman_test(result)
        assert (test.table.loc["Mundlak", "p_value"] < 0.01) == rejected
        lag = specification in ("sar", "sdm")
        durbin = specification in ("slx", "sdm", "sdem")
        assert test.table.loc["Hausman", "df"] == 1 + lag + durbin
        assert test.table.loc["Mundlak", "df"] == 1 + durbin


def test_the_start_does_not_matter():
    data, ring = made(0.3)
    tables = [
        hausman_test(fit_panel("y ~ x", data, ring, effects=effects)).table
        for effects in ("city", "random", "correlated-random")
    ]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])


def test_other_effects_and_steady_regressors_are_refused():
    data, ring = made(0.0)
    with pytest.raises(ConfigError, match="two-way"):
        hausman_test(fit_panel("y ~ x", data, ring))
    data["coast"] = (data.index.get_level_values("city") < "c2").astype(float)
    result = fit_panel("y ~ coast", data, ring, specification="ols", effects="random")
    with pytest.raises(EstimationError):
        hausman_test(result)
