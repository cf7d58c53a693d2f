"""The report on what was asked of a model: sentences and tables against the results."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from analyses.export_qgis import attribute_tables, themes_and_layouts
from analyses.export_tables import study_tables
from analyses.figures_spillovers import spillover_figures
from analyses.findings_spillovers import (
    boundary_findings,
    cities_finding,
    group_findings,
    ladder_finding,
    others_hit,
    question_findings,
    received_table,
    shock_finding,
    weights_finding,
)
from analyses.layers import study_layers
from analyses.layers_spillovers import spillover_maps
from analyses.report_build import build_report
from analyses.report_content import render_report
from analyses.run import run_study
from analyses.study_file import read_study
from shapefiles.language import known_labels, label

FOCUS = "np.log(population)"
ASKED = f"""formula = "ln_income ~ np.log(unemployment_insurance_per_head) + {FOCUS}"
weights = ["nearest 4", "gravity linkage"]
focus = "{FOCUS}"
ladder = true
compare_weights = ["nearest 4", "gravity linkage"]
specifications = ["sar", "sdm"]
effects_by = ["size"]
city_effects = true
boundary = {{ step_km = 400, last_km = 1200, version = ["outer", "inner", "ring"] }}
shock = {{ city = "Fresno", size = -0.1 }}
"""
_KNOWN: dict[str, object] = {}


@pytest.fixture
def asked(small_study):
    """A study that asks everything, computed once."""
    if "asked" not in _KNOWN:
        old = (
            'formula = "ln_income ~ np.log(unemployment_insurance_per_head)"\n'
            'weights = "nearest 4"\n'
        )
        assert old in small_study.text
        small_study.text = small_study.text.replace(old, ASKED)
        small_study.write()
        _KNOWN["asked"] = run_study(read_study(small_study.file), folder=small_study.folder)
    return _KNOWN["asked"]


def in_language(result, language):
    study = result.study.model_copy(update={"language": language})
    return dataclasses.replace(result, study=study)


def changed(result, **answers):
    model = dataclasses.replace(result.models["spillovers"], **answers)
    return dataclasses.replace(result, models={"spillovers": model}), model


class TestSentences:
    @pytest.mark.parametrize("language", ["en", "zh"])
    def test_every_question_is_answered_in_words(self, asked, language):
        told = question_findings(in_language(asked, language), asked.models["spillovers"])
        assert len(told) == 1 + 1 + 3 + 1 + 1 + 1
        for sentence in told:
            assert not re.search(r"\{\w+\}|\bnan\b|None", sentence)
            if language == "zh":
                assert "模型" in sentence

    def test_nothing_is_said_of_what_was_not_asked(self, asked):
        result, model = changed(
            asked,
            ladder=None,
            comparison=None,
            boundaries={},
            groups={},
            cities=None,
            shock=None,
            alternatives={},
        )
        assert question_findings(result, model) == []
        keys = [part.key for part in build_report(result).sections if part.key == "spillovers"]
        page = render_report(build_report(result))
        assert keys == ["spillovers"]
        assert "Elhorst" not in page
        assert "spillovers-1-ladder" not in page

    @pytest.mark.parametrize(
        ("decision", "rejections", "words"),
        [
            ("sdm", (True, True), "both its reductions"),
            ("sdm", (False, False), "do not agree"),
            ("sar", (False, True), "spatial lag model (SAR)"),
            ("sem", (True, False), "spatial error model (SEM)"),
            ("ols", (True, True), "no spatial model"),
        ],
    )
    def test_the_decision_decides_the_words(self, asked, decision, rejections, words):
        ladder = asked.models["spillovers"].ladder
        table = ladder.table.copy()
        for kind, rejected in zip(("SAR", "SEM"), rejections, strict=True):
            for test in ("LR", "Wald"):
                table.loc[("Durbin model", f"{test} SDM to {kind}"), "rejected"] = rejected
        ladder = dataclasses.replace(ladder, decision=decision, table=table)
        told = ladder_finding(*changed(asked, ladder=ladder))
        assert words in told
        assert ("study file asks for SDM all the same" in told) == (decision != "sdm")

    def test_the_most_probable_weights_are_named(self, asked):
        comparison = asked.models["spillovers"].comparison
        told = weights_finding(asked, asked.models["spillovers"])
        weights, specification = comparison.best
        assert f"{specification.upper()} with {weights}" in told
        assert "of 4 combinations" in told
        other = dataclasses.replace(comparison, best=("gravity linkage", "sar"))
        told = weights_finding(*changed(asked, comparison=other))
        assert "The model reported here is another one, SDM with nearest 4" in told

    def test_a_boundary_is_told_as_it_is(self, asked):
        model = asked.models["spillovers"]
        sweep = model.boundaries["ring"]
        table = sweep.table.assign(indirect=[2.0, 0.5, -1.0], indirect_p=[0.01, 0.5, 0.01])
        ring = dataclasses.replace(sweep, table=table, boundary=400.0, half_decay=666.7)
        (told,) = boundary_findings(*changed(asked, boundaries={"ring": ring}))
        assert "significant at 400 km, no longer at the next distance" in told
        assert "at about 667 km" in told
        assert "opposite sign at 1" in told
        none = dataclasses.replace(ring, boundary=None, table=table.assign(indirect_p=0.5))
        (told,) = boundary_findings(*changed(asked, boundaries={"ring": none}))
        assert told.endswith("not significant at the first distance, 400 km.")

    def test_patterns_that_rest_on_nothing_are_doubted(self, asked):
        model = asked.models["spillovers"]
        for p_value, doubted in ((0.5, True), (0.001, False)):
            table = model.effects.table.copy()
            table.loc[FOCUS, "indirect_p"] = p_value
            effects = dataclasses.replace(model.effects, table=table)
            result, other = changed(asked, effects=effects)
            for told in (cities_finding(result, other), *group_findings(result, other)):
                assert ("cannot be told from zero" in told) == doubted

    def test_half_of_a_shock_is_counted(self, asked):
        model = asked.models["spillovers"]
        others = others_hit(model.shock)
        assert others["share"].sum() == pytest.approx(1.0)
        half = int((others["reached"] < 0.5).sum()) + 1
        told = shock_finding(asked, model)
        assert f"{half} cities, none farther than" in told
        assert told.count("Fresno") == 1

    def test_what_groups_receive_keeps_its_z(self, asked):
        effects = asked.models["spillovers"].groups["size"]
        table = received_table(effects).dropna()
        expected = effects.table["mean_z"].reindex(table.index)
        np.testing.assert_allclose(table["value"].abs() / table["error"], expected.abs(), rtol=1e-9)


class TestReport:
    @pytest.mark.parametrize("language", ["en", "zh"])
    def test_each_question_has_its_part(self, asked, language):
        content = build_report(in_language(asked, language))
        part = next(item for item in content.sections if item.key == "spillovers")
        keys = [item.key for item in part.subsections[0].subsections]
        assert keys == [
            f"spillovers-1-{word}"
            for word in (
                "ladder", "weights-choice", "boundary", "group-effects", "single-cities", "shock",
            )
        ]  # fmt: skip
        for item in part.subsections[0].subsections:
            assert item.paragraphs
            assert item.tables
        page = render_report(content)
        assert "Elhorst" in page
        if language == "zh":
            for key in known_labels():
                if key.startswith("ladder_") and label(key, "en") != label(key, "zh"):
                    assert label(key, "en") not in page

    def test_numbers_of_the_tables_are_those_of_the_results(self, asked):
        model = asked.models["spillovers"]
        content = build_report(asked)
        part = next(item for item in content.sections if item.key == "spillovers")
        side = part.tables[0].frame
        assert side.shape[1] == 3
        rho = side[side["Term"].str.startswith("ρ")].iloc[0]
        for column, fit in zip(side.columns[1:], model.fits.values(), strict=True):
            shown = float(re.match(r"−?[\d.]+", rho[column])[0].replace("−", "-"))
            assert shown == pytest.approx(fit.result.rho, abs=5e-4)
        ladder = part.subsections[0].subsections[0].tables[0].frame
        np.testing.assert_array_equal(ladder["χ²"], model.ladder.table["statistic"])
        assert set(ladder["At 5%"]) <= {"rejected", "not rejected"}

    def test_every_answer_is_a_table_file(self, asked):
        tables = study_tables(asked)
        names = [
            f"{kind}_spillovers"
            for kind in (
                "ladder", "weights_choice", "boundary", "group_effects", "city_effects", "shock",
                "effects_by_weights",
            )
        ]  # fmt: skip
        assert {*names, "models"} <= set(tables)
        for name in [*names, "models"]:
            table = tables[name]
            assert table.title
            assert table.title != name
            for column in table.flat().columns:
                assert column in table.labels
                assert column == "z" or table.labels[column] != column
        assert "LM: no spatial lag" in set(tables["ladder_spillovers"].frame["meaning"])
        shock = tables["shock_spillovers"].frame
        model = asked.models["spillovers"]
        pd.testing.assert_series_equal(shock["effect"], model.shock.table["effect"])
        assert shock["name"].iloc[0] == "Fresno, CA"


class TestMaps:
    def test_layer_holds_every_city_and_its_maps(self, asked):
        layers = study_layers(asked)
        layer = layers.spillovers["spillovers"]
        model = asked.models["spillovers"]
        assert layer in layers.all()
        assert len(layer.data) == len(asked.area.cities)
        emitted = layer.data["emitted"].reindex(model.cities.index)
        np.testing.assert_array_equal(emitted, model.cities["emitted"])
        # Rows of the weights sum to one: what is received is no map, but it is an attribute.
        assert [item.kind for item in spillover_maps(asked, model)] == ["emitted", "shock"]
        assert "received" in layer.data
        themes, layouts = themes_and_layouts(asked, layers)
        shown = [name for theme in themes for name in theme.shown if "spillovers_" in name]
        assert len(shown) == 2
        assert len(themes) == len(layouts)

    def test_tables_without_geometry_travel_along(self, asked):
        names = [table.table for table in attribute_tables(asked)]
        assert {"ladder", "weights_choice", "boundary", "group_effects"} <= set(names)
        assert "shock" not in names

    def test_a_gain_and_a_loss_have_their_own_colours(self, asked):
        model = asked.models["spillovers"]
        gain = dataclasses.replace(
            model.shock, table=model.shock.table.assign(effect=-model.shock.table["effect"])
        )
        kinds = {}
        for name, shock in (("loss", model.shock), ("gain", gain)):
            result, other = changed(asked, shock=shock)
            style = spillover_maps(result, other)[-1].style
            kinds[name] = [one.colour for one in style.classes]
        assert kinds["loss"] == kinds["gain"][::-1]

    @pytest.mark.parametrize("language", ["en", "zh"])
    def test_figures_are_planned_once_each(self, asked, language):
        plans = list(spillover_figures(in_language(asked, language)))
        assert [plan.stem for plan in plans] == [
            "effects_spillovers",
            "effects_by_weights_spillovers",
            "boundary_outer_spillovers",
            "boundary_inner_spillovers",
            "boundary_ring_spillovers",
            "map_emitted_spillovers",
            "map_shock_spillovers",
        ]
        assert plans[1].draw() is not None
