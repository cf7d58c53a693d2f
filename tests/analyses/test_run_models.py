"""The questions that a study asks of its models: the same numbers as the library gives apart."""

import numpy as np
import pandas as pd
import pytest

from analyses.run import run_study
from analyses.study_file import read_study
from spatial.errors import EstimationError, InterurbanError
from spatial.regression import (
    compare_weights,
    effects_by_group,
    fit_panel,
    specification_ladder,
    spillover_boundary,
)

FORMULA = "ln_income ~ np.log(unemployment_insurance_per_head) + np.log(population)"
FOCUS = "np.log(population)"
ASKED = f"""
weights = ["nearest 4", "gravity linkage"]
focus = "{FOCUS}"
ladder = true
compare_weights = ["nearest 4", "gravity linkage"]
specifications = ["sar", "sdm"]
effects_by = ["size"]
city_effects = true
boundary = {{ step_km = 400, last_km = 1200, version = ["outer", "ring"] }}
shock = {{ city = "Fresno, CA", size = -0.1 }}
"""
_KNOWN: dict[str, object] = {}


def with_model(small_study, lines: str, formula: str = FORMULA):
    old = 'formula = "ln_income ~ np.log(unemployment_insurance_per_head)"\nweights = "nearest 4"\n'
    assert old in small_study.text
    small_study.text = small_study.text.replace(old, f'formula = "{formula}"\n{lines}')
    small_study.write()
    return run_study(read_study(small_study.file), folder=small_study.folder)


@pytest.fixture
def asked(small_study):
    if "asked" not in _KNOWN:
        _KNOWN["asked"] = with_model(small_study, ASKED)
    return _KNOWN["asked"]


class TestAnswers:
    def test_every_weights_is_fitted(self, asked):
        model = asked.models["spillovers"]
        assert list(model.fits) == ["nearest 4", "gravity linkage"]
        for name, fit in model.fits.items():
            apart = fit_panel(FORMULA, asked.area.panel, asked.weights[name])
            pd.testing.assert_series_equal(fit.result.coefficients, apart.coefficients)
            pd.testing.assert_frame_equal(fit.effects.table, apart.effects().table)

    def test_ladder_is_that_of_the_library(self, asked):
        apart = specification_ladder(FORMULA, asked.area.panel, asked.weights["nearest 4"])
        assert asked.models["spillovers"].ladder.decision == apart.decision
        pd.testing.assert_frame_equal(asked.models["spillovers"].ladder.table, apart.table)

    def test_probabilities_are_those_of_the_library(self, asked):
        found = asked.models["spillovers"].comparison
        apart = compare_weights(
            FORMULA,
            asked.area.panel,
            {name: asked.weights[name] for name in ("nearest 4", "gravity linkage")},
            specifications=["sar", "sdm"],
            rng=found.configuration.seed,
        )
        pd.testing.assert_frame_equal(found.table, apart.table)
        assert found.probabilities.to_numpy().sum() == pytest.approx(1.0)

    def test_boundaries_are_those_of_the_library(self, asked):
        found = asked.models["spillovers"].boundaries
        assert list(found) == ["outer", "ring"]
        for version, sweep in found.items():
            apart = spillover_boundary(
                FORMULA,
                asked.area.panel,
                asked.area.cities,
                variable=FOCUS,
                bounds=(400, 800, 1200),
                version=version,
                covariance="cluster",
            )
            pd.testing.assert_frame_equal(sweep.table, apart.table)

    def test_groups_and_cities_follow_the_focus(self, asked):
        model = asked.models["spillovers"]
        sizes = asked.area.cities["size"].astype(str)
        apart = effects_by_group(model.result, FOCUS, sizes)
        pd.testing.assert_frame_equal(model.groups["size"].table, apart.table)
        indirect = model.effects.table.loc[FOCUS, "indirect"]
        assert model.cities["emitted"].mean() == pytest.approx(indirect)
        assert model.cities["received"].mean() == pytest.approx(indirect)

    def test_a_shock_hits_its_city_hardest_and_fades(self, asked):
        shock = asked.models["spillovers"].shock
        assert asked.area.cities.loc[shock.city, "name"] == "Fresno, CA"
        assert shock.table.index[0] == shock.city
        assert shock.table["distance_km"].iloc[0] == 0.0
        model, weights = asked.models["spillovers"].result, asked.weights["nearest 4"]
        matrix = weights.matrix.toarray()
        unit = (weights.ids == shock.city) * -0.1
        apart = np.linalg.solve(np.eye(len(unit)) - model.rho * matrix, unit)
        found = shock.table["effect"].reindex(weights.ids).to_numpy()
        np.testing.assert_allclose(found, apart, atol=1e-12)


@pytest.mark.parametrize(
    "lines",
    [
        'effects = "random"',
        'specification = "sac"',
        'effects = "correlated-random"\ncity_effects = true',
        'covariance = "cluster"\ncluster_by = "size"',
        'covariance = "driscoll-kraay"\nlags = 1',
        'covariance = "conley"\ncutoff_km = 300',
        'lagged = ["np.log(population)"]\nbias_correction = "transformation"',
    ],
)
def test_estimators_of_the_study_file_are_those_of_the_library(small_study, lines):
    result = with_model(small_study, f'weights = "nearest 4"\n{lines}\n')
    section = result.models["spillovers"].section
    options = {
        "size": {"groups": result.area.cities["size"]},
        "driscoll-kraay": {"lags": 1},
        "conley": {"distances": result.area.cities, "cutoff_km": 300.0},
    }
    apart = fit_panel(
        FORMULA,
        result.area.panel,
        result.weights["nearest 4"],
        specification=section.specification,
        effects=section.effects,
        covariance=section.covariance,
        covariance_options=options.get(section.cluster_by or section.covariance),
        bias_correction=section.bias_correction,
        lagged=section.lagged,
    )
    found = result.models["spillovers"].result
    pd.testing.assert_series_equal(found.coefficients, apart.coefficients)
    pd.testing.assert_frame_equal(found.covariance, apart.covariance)


@pytest.mark.parametrize(
    ("lines", "error", "expected"),
    [
        ('focus = "np.log(populatoin)"', EstimationError, ["nearest: 'np.log(population)"]),
        ('shock = { city = "Frenso", size = 1 }', EstimationError, ["nearest: 'Fresno'"]),
        ('shock = { city = "Fresno", size = 1, variable = "x" }', EstimationError, ["'x' is no"]),
        ("shock = { city = 'nowhere at all', size = 1 }", EstimationError, ["id or the name"]),
        ('lagged = ["populatoin"]', InterurbanError, ["populatoin"]),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_the_model(small_study, lines, error, expected):
    with pytest.raises(error) as caught:
        with_model(small_study, f'weights = "nearest 4"\n{lines}\n')
    for words in ("[[models]] 'spillovers'", *expected):
        assert words in str(caught.value)


def test_city_left_out_of_the_model_cannot_be_shocked(small_study):
    panel = small_study.panel
    here = (panel["cbsa"] == "23420") & (panel["year"] == 1993)
    assert here.any()
    small_study.panel = panel.assign(gaps=panel["population"].where(~here))
    small_study.text = small_study.text.replace(
        '"unemployment_insurance_per_head"]\nrequired',
        '"unemployment_insurance_per_head", "gaps"]\nrequired',
    )
    lines = 'weights = "nearest 4"\nincomplete = "drop"\n'
    with pytest.raises(EstimationError, match="figures have gaps"):
        with_model(
            small_study,
            lines + 'shock = { city = "23420", size = 1 }\n',
            "ln_income ~ np.log(gaps)",
        )
