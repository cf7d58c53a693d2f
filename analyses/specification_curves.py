"""The effect in focus of a model under other choices, told: tables, words, section, figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analyses.figure_plans import FigurePlan
from analyses.findings_spillovers import effect_decimals, focus_words, outcome_words
from analyses.layers_spillovers import model_slug
from analyses.report_content import ReportTable, Section
from analyses.report_words import Words, variable_label, words_of
from analyses.run_specification_curve import WHOLE
from shapefiles.figures import PlotOptions, specification_curve_plot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analyses.report_content import ReportFigure
    from analyses.results import ModelRun, StudyResult

SHOWN = 20
"""Models of the table in a report; the file holds all."""


def curve_table(model: ModelRun) -> pd.DataFrame:
    """List all models of a curve, the lowest spillover first."""
    assert model.curve is not None
    return model.curve.table.sort_values("indirect", kind="stable")


def curve_finding(result: StudyResult, model: ModelRun) -> str:
    """Say how the spillover of the regressor in focus spreads over all models."""
    if model.curve is None:
        return ""
    words, spread = words_of(result), model.curve.summary().to_dict("index")["indirect"]
    decimals = effect_decimals(float(spread["median"]))
    return words(
        "finding_curve",
        model=model.section.name,
        count=words.count(int(spread["models"])),
        variable=focus_words(result, model),
        outcome=outcome_words(result, model),
        low=words.signed(float(spread["lowest"]), decimals),
        median=words.signed(float(spread["median"]), decimals),
        high=words.signed(float(spread["highest"]), decimals),
        positive=words.percent(float(spread["share_positive"]), 0),
        both=words.percent(float(spread["share_positive_significant"]), 0),
        negative=words.percent(float(spread["share_negative_significant"]), 0),
    )


def curve_section(
    result: StudyResult, model: ModelRun, key: str, figures: Mapping[str, Sequence[ReportFigure]]
) -> Section:
    """Show the curve of a model: words, figure, spread, and the models at both ends."""
    words = words_of(result)
    return Section(
        f"{key}-curve",
        words("report_curve"),
        paragraphs=(curve_finding(result, model),),
        figures=tuple(figures.get(f"{key}-curve", ())),
        tables=(spread_table(result, model), models_table(result, model)),
    )


def spread_table(result: StudyResult, model: ModelRun) -> ReportTable:
    """Show how the effects spread over all models."""
    words, curve = words_of(result), model.curve
    assert curve is not None
    table = curve.summary()
    decimals = f"decimal{effect_decimals(float(table['median'].abs().median()))}"
    columns: dict[str, object] = {
        words("report_curve_effect"): [words(f"curve_kind_{kind}") for kind in table.index],
        words("report_curve_count"): table["models"].astype(int).to_numpy(),
    }
    formats = {}
    for name in ("lowest", "median", "highest"):
        columns[words(f"report_curve_{name}")] = table[name].to_numpy()
        formats[words(f"report_curve_{name}")] = decimals
    for name in ("share_positive", "share_positive_significant", "share_negative_significant"):
        columns[words(f"report_curve_{name}")] = table[name].to_numpy()
        formats[words(f"report_curve_{name}")] = "percent0"
    notes = [words("report_curve_note", covariance=covariance_words(words, model))]
    if curve.failures:
        notes.append(words("report_curve_failed", count=words.count(len(curve.failures))))
    return ReportTable(
        words(
            "report_curve_caption",
            model=model.section.name,
            variable=focus_words(result, model),
        ),
        pd.DataFrame(columns),
        formats=formats,
        notes=tuple(notes),
    )


def covariance_words(words: Words, model: ModelRun) -> str:
    """Wording of the standard errors of a curve."""
    assert model.curve is not None
    name = str(model.curve.configuration.options["covariance"])
    return words(f"covariance_{name}")


def models_table(result: StudyResult, model: ModelRun) -> ReportTable:
    """List the models with the lowest and the highest spillover."""
    words, curve = words_of(result), model.curve
    assert curve is not None
    table = curve.curve("indirect")
    half = SHOWN // 2
    cut = len(table) > SHOWN
    shown = pd.concat([table.iloc[:half], table.iloc[-half:]]) if cut else table
    wording = choice_words(result, model)
    decimals = f"decimal{effect_decimals(float(table['estimate'].abs().median()))}"
    heading = words("curve_kind_indirect")
    frame = pd.DataFrame(
        {
            words("curve_choice_formula"): [wording[str(w)] for w in shown["formula"]],
            words("curve_choice_weights"): shown["weights"].to_numpy(),
            words("curve_choice_specification"): [str(w).upper() for w in shown["specification"]],
            words("curve_choice_effects"): [
                words(f"effects_{str(w).replace('-', '_')}") for w in shown["effects"]
            ],
            heading: shown["estimate"].to_numpy(),
            words("report_std_error"): shown["std_error"].to_numpy(),
            words("column_p_value"): shown["p_value"].to_numpy(),
        }
    )
    formats = {heading: decimals, words("report_std_error"): decimals}
    return ReportTable(
        words("report_curve_models_caption", model=model.section.name),
        frame,
        formats=formats | {words("column_p_value"): "p"},
        notes=(
            words(
                "report_curve_models_note",
                shown=words.count(len(shown)),
                total=words.count(len(table)),
            ),
        ),
        rules=(half,) if cut else (),
    )


def choice_words(result: StudyResult, model: ModelRun) -> dict[str, str]:
    """Word the formulas of a curve: all regressors, or without which."""
    words, curve = words_of(result), model.curve
    assert curve is not None
    formulas = curve.configuration.options["formulas"]
    return {
        str(name): words("report_curve_all")
        if name == WHOLE
        else words("report_curve_without", variable=words.inside(variable_label(result, str(name))))
        for name in formulas
    }


def curve_figure(result: StudyResult, model: ModelRun, key: str) -> FigurePlan:
    """Plot the curve of the spillover of the regressor in focus."""
    words, curve = words_of(result), model.curve
    assert curve is not None
    caption = words("figure_curve", model=model.section.name, variable=focus_words(result, model))
    return FigurePlan(
        f"{key}-curve",
        f"specification_curve_{model_slug(result, model)}",
        caption,
        "",
        lambda: specification_curve_plot(
            curve,
            kind="indirect",
            choice_labels=choice_words(result, model),
            options=PlotOptions(title=caption, language=result.study.language, width="double"),
        ),
    )
