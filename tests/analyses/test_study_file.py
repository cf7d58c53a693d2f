"""Study files: good ones are read, bad ones are named by key, allowed values, nearest spelling."""

import pytest

from analyses.study_file import read_study, study_from_text
from spatial.errors import ConfigError, InputError

GOOD = """
title = "A study"
seed = 7

[cities]
file = "cities.gpkg"
id = "code"

[panel]
file = "panel.csv"
city = "code"
year = "year"

[resilience]
outcome = "jobs"

[[shocks]]
name = "crisis"
resistance = [2008, 2009]
recovery = [2009, 2011]

[[weights]]
name = "nearest"
kind = "knn"
k = 4

[[networks]]
name = "gravity"
kind = "gravity"
mass = "jobs"
year = 2008

[[models]]
name = "spillovers"
formula = "jobs ~ digital"
weights = "nearest"
"""


def test_defaults_and_references():
    study = study_from_text(GOOD)
    assert study.focus == "crisis"
    assert study.local_weights == "nearest"
    assert study.models[0].specification == "sdm"
    assert study.models[0].effects == "two-way"
    assert study.networks[0].decay == 2.0


def test_overrides():
    study = study_from_text(GOOD, language="zh", seed=11)
    assert (study.language, study.seed) == ("zh", 11)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('id = "code"', 'id = "code"\nidd = "x"', ["cities.idd", "unknown key", "nearest: 'id'"]),
        ('kind = "knn"', 'kind = "kn"', ["weights[1].kind = 'kn'", "'knn'", "'contiguity'"]),
        ('kind = "knn"\nk = 4', 'k = 4', ["weights[1]", "'kind' is needed"]),
        ("k = 4", "k = 0", ["weights[1].k = 0", "greater than or equal to 1"]),
        ("k = 4", "kk = 4", ["weights[1].kk", "unknown key", "nearest: 'k'"]),
        ('id = "code"', "", ["cities.id", "needed"]),
        ("seed = 7", 'seed = 7\nlanguage = "fr"', ["language = 'fr'", "'en', 'zh'"]),
        ('outcome = "jobs"', 'outcome = "jobs"\nnational = "weigthed mean"',
         ["resilience.national", "nearest: 'weighted mean'"]),
        ('outcome = "jobs"', 'outcome = "jobs"\nnational = "weighted mean"', ["'by' goes with"]),
        ('weights = "nearest"', 'weights = "nearst"', ["nearest: 'nearest'", "[[models]]"]),
        ('weights = "nearest"', 'weights = "nearest"\nspecification = "spdm"',
         ["models[1].specification = 'spdm'", "nearest: 'sdm'"]),
        ("resistance = [2008, 2009]", "resistance = [2008]", ["shocks[1].resistance"]),
        ("seed = 7", "seed = 7\n[outputs]\nname = '../../evil'", ["outputs.name", "file name"]),
        ("seed = 7", "seed = 7 7", ["no valid TOML"]),
    ],
)  # fmt: skip
def test_mistakes_are_named(old, new, expected):
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if "[outputs]" in new:  # a table ends the top of a TOML file, so put it last
        text = GOOD + "\n[outputs]\nname = '../../evil'\n"
    with pytest.raises(ConfigError) as caught:
        study_from_text(text, where="my.toml")
    for words in expected:
        assert words in str(caught.value)


def test_every_mistake_is_told_at_once():
    text = GOOD.replace("k = 4", "k = 0").replace('id = "code"', 'idd = "code"', 1)
    with pytest.raises(ConfigError) as caught:
        study_from_text(text)
    message = str(caught.value)
    assert message.count("\n  - ") == 3  # k, unknown idd, missing id


def test_same_name_twice():
    with pytest.raises(ConfigError, match="used more than once"):
        study_from_text(GOOD + '\n[[weights]]\nname = "nearest"\nkind = "knn"\n')


def test_linkage_of_unknown_network():
    text = GOOD + '\n[[weights]]\nname = "link"\nkind = "linkage"\nnetwork = "gravty"\n'
    with pytest.raises(ConfigError, match="nearest: 'gravity'"):
        study_from_text(text)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="interurban new"):
        read_study(tmp_path / "no.toml")


def test_binary_file(tmp_path):
    file = tmp_path / "study.toml"
    file.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="cannot be read"):
        read_study(file)


def test_labels_in_both_languages():
    text = GOOD + '\n[columns.jobs]\nen = "Jobs"\nzh = "就业"\nunit = "persons"\nunit_zh = "人"\n'
    assert study_from_text(text).column_label("jobs", with_unit=True) == "Jobs (persons)"
    assert study_from_text(text, language="zh").column_label("jobs", with_unit=True) == "就业 (人)"
    assert study_from_text(text).column_label("other") == "other"


def test_figures_in_formats_of_print_and_the_number_of_the_base_map():
    outputs = '\n[outputs]\nfigures = ["svg", "pdf", "tiff"]\napproval_number = "GS(2019)1822"\n'
    study = study_from_text(GOOD + outputs)
    assert study.outputs.figures == ("svg", "pdf", "tiff")
    assert study.outputs.approval_number == "GS(2019)1822"
    with pytest.raises(ConfigError, match="add 'png' or 'svg'"):
        study_from_text(GOOD + '\n[outputs]\nfigures = ["pdf"]\n')
