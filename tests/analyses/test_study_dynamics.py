"""What a study file may ask of space and time: wishes are read, mistakes are named."""

import pytest

from analyses.run_dynamics import asked_columns
from analyses.study_dynamics import YEARLY_RESILIENCE
from analyses.study_file import study_from_text
from spatial.errors import ConfigError
from tests.analyses.test_study_models import TEXT


def study_of(lines: str, *, language: str | None = None, **changes: str):
    text = TEXT
    for old, new in changes.items():
        text = text.replace(old, new)
    return study_from_text(text + lines, where="my.toml", language=language)


def test_without_the_section_nothing_is_followed():
    study = study_of("")
    assert study.dynamics is None
    assert asked_columns(study) == {}
    assert study.autocorrelation.hot_spots


def test_defaults_follow_resilience_and_the_outcome():
    asked = asked_columns(study_of("[dynamics]\n"))
    assert asked["moran"] == asked["maps"] == (YEARLY_RESILIENCE, "jobs")
    assert asked["ellipse"] == ("jobs",)  # the nation is the sum of the cities


@pytest.mark.parametrize(
    ("lines", "key", "expected"),
    [
        ('columns = "jobs"', "lisa", ("jobs",)),
        ("markov = false", "markov", ()),
        ('trends = ["jobs", "pay"]', "trends", ("jobs", "pay")),
        ('ellipse = "people"', "ellipse", ("people",)),
        ("ellipse = true\ncolumns = ['a', 'b']", "ellipse", ("a", "b")),
        ("ellipse = false", "ellipse", ()),
    ],
)
def test_each_key_is_for_all_columns_for_none_or_for_some(lines, key, expected):
    assert asked_columns(study_of(f"[dynamics]\n{lines}\n"))[key] == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('weights = "neares"', ["[dynamics] weights = 'neares'", "nearest: 'nearest'"]),
        ("trend = true", ["dynamics.trend: unknown key", "nearest: 'trends'"]),
        ("lisa = 3", ["dynamics.lisa", "true, false, or the columns"]),
        ("years = [2012, 2008]", ["first and a later last year"]),
        ("years = [2008, 2012]\nshown_years = [2007, 2010]", ["[2007]", "outside"]),
        ("shown_years = [2010, 2009]", ["rise"]),
        ("shown_years = [2010]", ["2 to 6 years"]),
        ("markov_classes = 1", ["dynamics.markov_classes"]),
        ("permutations = 10", ["dynamics.permutations"]),
        ('markov_scope = "each year"', ["'by year'", "'pooled'"]),
    ],
)
def test_mistakes_are_named(lines, expected):
    with pytest.raises(ConfigError) as caught:
        study_of(f"[dynamics]\n{lines}\n")
    for words in expected:
        assert words in str(caught.value)


def test_names_are_those_of_the_language():
    lines = '[dynamics]\nweights = "far"\n[values]\nfar = { zh = "反距离" }\n'
    assert study_of(lines, language="zh").dynamics_weights == "反距离"
    assert study_of(lines).dynamics_weights == "far"


def test_plain_values_for_the_run_record(recwarn):
    plain = study_of('[dynamics]\ntrends = "jobs"\nlisa = false\n').plain()["dynamics"]
    assert plain["trends"] == ["jobs"]
    assert plain["lisa"] is False
    assert not recwarn.list
