"""What a study file may ask of a spillover model: wrong wishes are named, right ones are read."""

import pytest

from analyses.study_file import study_from_text
from analyses.study_models import BoundarySection
from spatial.errors import ConfigError

TEXT = """
title = "A study"
title_zh = "研究"

[cities]
file = "cities.gpkg"
id = "code"

[panel]
file = "panel.csv"
city = "code"
year = "year"

[groups]
region = "region"

[resilience]
outcome = "jobs"

[[shocks]]
name = "crisis"
resistance = [2008, 2009]
recovery = [2009, 2011]

[[weights]]
name = "nearest"
kind = "knn"

[[weights]]
name = "far"
kind = "inverse_distance"

[[models]]
name = "spillovers"
formula = "jobs ~ digital"
weights = "nearest"
"""


def model_of(lines: str, *, weights: str = '"nearest"', language: str | None = None):
    text = TEXT.replace('weights = "nearest"', f"weights = {weights}") + lines
    return study_from_text(text, where="my.toml", language=language).models[0]


def test_nothing_is_asked_by_default():
    model = model_of("")
    assert (model.weights, model.main_weights) == (("nearest",), "nearest")
    assert (model.bias_correction, model.covariance) == ("lee-yu", "information")
    assert not any((model.ladder, model.city_effects, model.compare_weights, model.effects_by))
    assert model.boundary is model.shock is model.focus is None


def test_everything_may_be_asked():
    model = model_of(
        """
covariance = "cluster"
cluster_by = "region"
lagged = ["digital"]
bias_correction = false
focus = "digital"
ladder = true
compare_weights = ["far", "nearest"]
specifications = ["sdm", "sar"]
effects_by = ["region"]
city_effects = true
boundary = { step_km = 50, last_km = 200, version = ["outer", "ring"] }
shock = { city = "001", size = -0.1 }
""",
        weights='["nearest", "far"]',
    )
    assert model.weights == ("nearest", "far")
    assert model.bias_correction == "none"
    assert model.boundary.distances() == (50.0, 100.0, 150.0, 200.0)
    assert model.boundary.version == ("outer", "ring")
    assert model.shock.size == -0.1


def test_names_are_worded_in_the_language():
    words = '\n[values]\nnearest = { zh = "最近邻" }\nfar = { zh = "反距离" }\n'
    model = model_of(
        'compare_weights = ["far"]\n' + words, weights='["nearest", "far"]', language="zh"
    )
    assert model.weights == ("最近邻", "反距离")
    assert model.compare_weights == ("反距离",)


@pytest.mark.parametrize(
    ("lines", "weights", "expected"),
    [
        ("", '["nearest", "fer"]', ["weights = 'fer'", "nearest: 'far'", "[[models]]"]),
        ("", '["far", "far"]', ["weights", "more than once"]),
        ("", "[]", ["models[1].weights", "at least 1"]),
        ('compare_weights = ["nearst"]', '"nearest"', ["compare_weights", "nearest: 'nearest'"]),
        ('compare_weight = ["far"]', '"far"', ["unknown key", "nearest: 'compare_weights'"]),
        ('effects_by = ["size"]', '"far"', ["effects_by = 'size'", "[groups]", "known: 'region'"]),
        ('effects_by = ["regoin"]', '"far"', ["effects_by", "nearest: 'region'"]),
        ('cluster_by = "region"', '"far"', ["'cluster_by' goes with covariance = 'cluster'"]),
        ('covariance = "conley"', '"far"', ["'conley' needs the key 'cutoff_km'"]),
        ("lags = 2", '"far"', ["'lags' goes with covariance = 'driscoll-kraay' or 'conley'"]),
        ('covariance = "driscol"', '"far"', ["nearest: 'driscoll-kraay'"]),
        ('effects = "random"\nladder = true', '"far"', ["'ladder' needs effects", "'two-way'"]),
        ('specification = "sem"\ncity_effects = true', '"far"', ["'city_effects'", "sdm"]),
        ("boundary = { stepkm = 50 }", '"far"', ["boundary.stepkm", "nearest: 'step_km'"]),
        ("boundary = { step_km = 2000 }", '"far"', ["last_km = 1000 lies before", "2000 km"]),
        ("boundary = { step_km = 1 }", '"far"', ["1000 distances are too many", "step_km"]),
        ('boundary = { version = "oter" }', '"far"', ["boundary.version", "nearest: 'outer'"]),
        ('shock = { city = "001" }', '"far"', ["shock.size", "needed"]),
        ('shock = { city = "001", size = 0 }', '"far"', ["shock.size", "hits nobody"]),
        ('bias_correction = "leeyu"', '"far"', ["bias_correction", "nearest: 'lee-yu'"]),
    ],
)
def test_mistakes_are_named(lines, weights, expected):
    with pytest.raises(ConfigError) as caught:
        model_of(lines, weights=weights)
    for words in expected:
        assert words in str(caught.value)


def test_distances_reach_the_last_one():
    sweep = BoundarySection(step_km=0.1, first_km=0.2, last_km=0.7)
    assert sweep.distances() == pytest.approx((0.2, 0.3, 0.4, 0.5, 0.6, 0.7))
