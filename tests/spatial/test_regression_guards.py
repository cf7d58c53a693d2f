"""Bad input is refused by a sentence that names cities, years, columns and the remedy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from spatial.errors import (
    AlignmentError,
    ConfigError,
    EstimationError,
    PanelError,
    WeightsError,
)
from spatial.regression import fit_panel, lm_tests
from spatial.weights.types import Weights

N, YEARS = 8, 5
CITIES = [f"c{i}" for i in range(N)]


@pytest.fixture
def weights():
    dense = (np.roll(np.eye(N), 1, axis=1) + np.roll(np.eye(N), -1, axis=1)) / 2
    return pd.DataFrame(dense, CITIES, CITIES)


@pytest.fixture
def panel():
    rng = np.random.default_rng(1)
    index = pd.MultiIndex.from_product([range(2010, 2010 + YEARS), CITIES], names=["year", "city"])
    table = pd.DataFrame(rng.normal(size=(N * YEARS, 3)), index=index, columns=["y", "a", "b"])
    return table.reset_index()


def refuse(error, pattern, formula, panel, weights, **options):
    with pytest.raises(error, match=pattern):
        fit_panel(formula, panel, weights, **options)


def test_cities_that_differ(panel, weights):
    renamed = weights.rename(index={"c0": "x0"}, columns={"c0": "x0"})
    with pytest.raises(AlignmentError) as caught:
        fit_panel("y ~ a", panel, renamed)
    message = str(caught.value)
    assert "only in the data: 'c0'" in message
    assert "only in the weights: 'x0'" in message
    assert "Select the common cities" in message
    assert "rebuild" in message


def test_ids_that_differ_by_type(panel, weights):
    numbers = {name: i for i, name in enumerate(CITIES)}
    data = panel.assign(city=panel["city"].map(numbers))
    text = weights.rename(index=lambda c: str(numbers[c]), columns=lambda c: str(numbers[c]))
    refuse(AlignmentError, "type integer .* type string", "y ~ a", data, text)


def test_duplicate_city_years(panel, weights):
    twice = pd.concat([panel, panel.iloc[[3]]])
    refuse(PanelError, r"\('c3', 2010\)", "y ~ a", twice, weights)


def test_missing_keys(panel, weights):
    panel.loc[4, "city"] = None
    refuse(PanelError, "1 rows have no city", "y ~ a", panel, weights)


def test_missing_values_by_column_and_city(panel, weights):
    panel.loc[2, "a"] = np.nan
    panel.loc[5, "b"] = np.inf
    with pytest.raises(PanelError) as caught:
        fit_panel("y ~ a + b", panel, weights)
    assert "'a' has 1, in 1 cities ('c2')" in str(caught.value)
    assert "'b' has 1, in 1 cities ('c5')" in str(caught.value)
    # Columns outside the model may have gaps.
    fit_panel("y ~ a", panel.assign(a=panel["a"].fillna(0.0)), weights)


def test_missing_values_made_by_the_formula(panel, weights):
    panel["a"] = panel["a"].abs()
    panel.loc[2, "a"] = 0.0
    refuse(PanelError, r"np.log\(a\).*'c2'", "y ~ np.log(a)", panel, weights)


def test_unbalanced_panels_name_the_gaps(panel, weights):
    gappy = panel.drop(index=[0, 9])
    with pytest.raises(PanelError) as caught:
        fit_panel("y ~ a", gappy, weights)
    assert "('c0', 2010)" in str(caught.value)
    assert "('c1', 2011)" in str(caught.value)
    assert "rebuild the weights" in str(caught.value)


def test_one_year_is_no_panel(panel, weights):
    one = panel[panel["year"] == 2010]
    refuse(PanelError, "at least two", "y ~ a", one, weights, effects="pooled")


@pytest.mark.parametrize("formula", ["y ~ a + b + c", "y ~ a + I(a * 2)"])
def test_collinear_regressors_are_named(panel, weights, formula):
    panel["c"] = panel["a"] - 2 * panel["b"]
    refuse(EstimationError, "collinear.*combination of", formula, panel, weights)


def test_regressors_absorbed_by_effects_are_named(panel, weights):
    panel["area"] = panel["city"].map({c: i + 1.0 for i, c in enumerate(CITIES)})
    panel["price"] = panel["year"] - 2000.0
    refuse(EstimationError, "'area'", "y ~ a + area", panel, weights, effects="city")
    refuse(EstimationError, "'price'", "y ~ a + price", panel, weights, effects="year")
    refuse(EstimationError, "'area'.*'price'", "y ~ a + area + price", panel, weights)
    fit_panel("y ~ a + area", panel, weights, effects="year")
    fit_panel("y ~ a + area + price", panel, weights, effects="pooled", specification="sar")
    # What all cities share is its own spatial lag.
    refuse(EstimationError, "'W price'.*'price'", "y ~ a + price", panel, weights, effects="pooled")


def test_lagged_regressors_that_repeat_others_are_named(panel):
    # With all cities equal neighbours W x is minus x within a year.
    dense = (np.ones((N, N)) - np.eye(N)) / (N - 1)
    everyone = pd.DataFrame(dense, CITIES, CITIES)
    refuse(EstimationError, "'W a'|'a'", "y ~ a", panel, everyone)


@pytest.mark.parametrize("effects", ["year", "two-way"])
@pytest.mark.parametrize("specification", ["sar", "sem", "sdm", "sdem"])
def test_islands_and_year_effects(panel, weights, effects, specification):
    weights.loc["c3"] = 0.0
    options = {"effects": effects, "specification": specification}
    with pytest.raises(EstimationError) as caught:
        fit_panel("y ~ a", panel, weights, **options)
    message = str(caught.value)
    assert "'c3'" in message
    for remedy in ("attach_islands", "variance", "effects='city'", "bias_correction=False"):
        assert remedy in message
    for remedy in ("variance", False):
        result = fit_panel("y ~ a", panel, weights, bias_correction=remedy, **options)
        assert np.isfinite(result.standard_errors).all()
        assert any("1 islands" in note for note in result.notes)


def test_islands_do_not_matter_without_year_effects(panel, weights):
    weights.loc["c3"] = 0.0
    for specification in ("sar", "sem", "sdm"):
        fit_panel("y ~ a", panel, weights, effects="city", specification=specification)
    fit_panel("y ~ a", panel, weights, specification="slx")


@pytest.mark.parametrize("correction", [True, "transformation"])
def test_weights_that_are_not_row_normalised(panel, weights, correction):
    refuse(
        EstimationError,
        r"row sums from 2 to 2.*transformed\('row'\)",
        "y ~ a",
        panel,
        weights * 2,
        bias_correction=correction,
    )
    fit_panel("y ~ a", panel, weights * 2, bias_correction="variance")


def test_constant_outcomes(panel, weights):
    refuse(EstimationError, "'y' is constant", "y ~ a", panel.assign(y=3.0), weights)
    by_city = panel["city"].map({c: i + 1.0 for i, c in enumerate(CITIES)})
    refuse(EstimationError, "no variation left", "y ~ a", panel.assign(y=by_city), weights)


def test_an_outcome_in_disguise(panel, weights):
    panel["copy"] = (2 * panel["y"]).round(6)
    for specification in ("ols", "sar"):
        refuse(
            EstimationError,
            "reproduce the outcome|border",
            "y ~ copy",
            panel,
            weights,
            specification=specification,
        )


def test_rho_at_the_border(panel, weights):
    # A common trend without noise: every city is the mean of its neighbours.
    trend = np.exp(0.5 * (panel["year"] - 2000))
    panel["y"] = trend + 1e-7 * panel["y"]
    refuse(
        EstimationError,
        "border.*year effects",
        "y ~ a",
        panel,
        weights,
        specification="sar",
        effects="city",
    )


def test_weights_without_links(panel, weights):
    refuse(
        WeightsError, "no link", "y ~ a", panel, weights * 0, specification="sar", effects="city"
    )


def test_negative_weights_and_own_neighbours(panel, weights):
    refuse(WeightsError, "negative", "y ~ a", panel, -weights)
    refuse(WeightsError, "diagonal", "y ~ a", panel, weights + np.eye(N))


def test_more_parameters_than_observations(panel, weights):
    two = panel[panel["year"] < 2012]
    wide = two.assign(**{f"x{i}": np.random.default_rng(i).normal(size=len(two)) for i in range(7)})
    formula = "y ~ " + " + ".join(f"x{i}" for i in range(7))
    refuse(
        EstimationError, "degree of freedom|regressors", formula, wide, weights, specification="sar"
    )


def test_changing_weights_that_lack_a_year(panel, weights):
    matrix = sparse.csr_array(weights.to_numpy())
    changing = Weights(pd.Index(CITIES), (matrix,) * 2, years=pd.Index([2010, 2011]))
    refuse(WeightsError, "2012", "y ~ a", panel, changing)
    years = pd.Index(range(2010, 2010 + YEARS))
    changing = Weights(pd.Index(CITIES), (matrix,) * YEARS, years=years)
    refuse(
        EstimationError, "same weights in all years", "y ~ a", panel, changing, specification="sem"
    )
    refuse(
        EstimationError,
        "same weights in all years",
        "y ~ a",
        panel,
        changing,
        bias_correction="transformation",
    )


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"specification": "durbin"}, "'sdm'"),
        ({"effects": "both"}, "'two-way'"),
        ({"bias_correction": "leeyu"}, "nearest: 'lee-yu'"),
        ({"log_determinant": "fast"}, "'sparse-lu'"),
        ({"lagged": ["z"]}, "choose from 'a'"),
        ({"city": "town"}, "neither a column nor an index level"),
        ({"year": "yaer"}, "nearest: 'year'"),
    ],
)
def test_wrong_options_name_the_right_ones(panel, weights, options, word):
    refuse(ConfigError, word, "y ~ a", panel, weights, **options)


@pytest.mark.parametrize(
    ("formula", "word"),
    [
        ("a + b", "no outcome"),
        ("y ~ a +", "cannot be read"),
        ("y ~ aa", "nearest: 'a'|not in the data"),
        ("y ~ lag(a)", "mix cities"),
        ("y + a ~ b", "2 columns"),
        ("y ~ nosuch(a)", "'nosuch'"),
    ],
)
def test_wrong_formulas(panel, weights, formula, word):
    refuse(ConfigError, word, formula, panel, weights)


def test_names_of_parameters_are_reserved(panel, weights):
    refuse(ConfigError, "'rho'", "y ~ rho", panel.rename(columns={"a": "rho"}), weights)


def test_numbers_written_as_text(panel, weights):
    refuse(
        PanelError,
        "'a' hold numbers written as text",
        "y ~ a",
        panel.assign(a=panel["a"].astype(str)),
        weights,
    )


def test_groups_are_welcome(panel, weights):
    panel["region"] = panel["city"].map(lambda c: "east" if c < "c4" else "west")
    result = fit_panel("y ~ a + region", panel, weights, effects="year", specification="sar")
    assert "region[T.west]" in result.coefficients.index


def test_weights_of_unknown_kind(panel):
    refuse(WeightsError, "Cannot read weights", "y ~ a", panel, np.eye(N))


def test_data_that_are_no_table(weights):
    with pytest.raises(PanelError, match="DataFrame"):
        fit_panel("y ~ a", [1, 2], weights)


def test_lagrange_tests_check_as_well(panel, weights):
    with pytest.raises(PanelError, match="not balanced"):
        lm_tests("y ~ a", panel.drop(index=0), weights)
    with pytest.raises(EstimationError, match="'sdm'"):
        fit_panel("y ~ a", panel, weights, specification="sar").reduction_tests()
