"""The methods of a study in words, made from its configuration, with the works cited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses.methods_dynamics import HOT_SPOT_WORKS, dynamics_methods, hot_spot_text
from analyses.report_content import Section
from analyses.report_equations import (
    gravity_equation,
    hot_spot_equation,
    model_equations,
    moran_equation,
    resistance_equation,
)
from analyses.report_methods_indices import methods_of_indices
from analyses.report_words import aggregate_label, outcome_label, variable_label, words_of

if TYPE_CHECKING:
    from analyses.results import ModelRun, NetworkAnalysis, StudyResult


def methods_section(result: StudyResult) -> tuple[Section, tuple[str, ...]]:
    """Describe what was done.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    section : Section
    cited : tuple of str
        Keys of ``report_references.WORKS``.
    """
    words = words_of(result)
    parts = [_resilience(result), _weights(result), _autocorrelation(result)]
    cited = ["martin2012", "martin2016", "faggian2018", "moran1950", "anselin1995"]
    if result.study.autocorrelation.correction == "fdr" or len(result.weights) > 1:
        cited.append("benjamini1995")
    if result.hot_spots:
        cited += HOT_SPOT_WORKS
    dynamics, dynamics_works = dynamics_methods(result)
    if dynamics is not None:
        parts.append(dynamics)
        cited += dynamics_works
    if result.networks:
        parts.insert(1, _networks(result))
        cited += [
            "freeman1978",
            "bonacich1972",
            "latora2001",
            "krackhardt1994",
            "serrano2009",
            "traag2019",
        ]
    if result.correlations:
        cited.append("krackhardt1988")
    if result.models:
        parts.append(_models(result))
        cited.append("lesage2009")
        cited += [work for word, work in QUESTION_WORKS.items() if _asked(result, word)]
        if any(_corrected(model) for model in result.models.values()):
            cited.append("leeyu2010")
    more, works_of_indices = methods_of_indices(result)
    parts[1:1] = more
    cited += works_of_indices
    section = Section("methods", words("report_methods"), subsections=tuple(parts))
    return section, tuple(cited)


def _resilience(result: StudyResult) -> Section:
    words, section = words_of(result), result.study.resilience
    phases = words.listing(
        [
            words(
                "method_phase",
                shock=shock.name,
                resistance=words.years(shock.resistance),
                recovery=words.years(shock.recovery),
            )
            for shock in result.study.shocks
        ]
    )
    text = words.sentences(
        words("method_outcome", outcome=words.inside(outcome_label(result)), phases=phases),
        words("method_ratio", aggregate=aggregate_label(result)),
        words("method_sensitivity"),
        words(f"method_typology_{section.typology}"),
        words("method_tolerance", tolerance=words.percent(section.tolerance, 2)),
    )
    return Section(
        "methods-resilience",
        words("report_resilience"),
        paragraphs=(text,),
        equations=(resistance_equation(result),),
    )


def _networks(result: StudyResult) -> Section:
    words = words_of(result)
    items = [network_words(result, item) for item in result.networks.values()]
    text = [words("method_backbones"), words("method_centralities"), words("method_communities")]
    if result.correlations:
        permutations = next(iter(result.correlations.values())).permutations
        text.append(words("method_qap", permutations=words.count(permutations)))
    return Section(
        "methods-networks",
        words("report_networks"),
        paragraphs=(words.sentences(*text),),
        points=tuple(items),
        equations=tuple(gravity_equation(result, decay) for decay in _decays(result)),
    )


def _decays(result: StudyResult) -> tuple[str, ...]:
    """Decays of the gravity networks, each once."""
    gravity = [item for item in result.study.networks if item.kind == "gravity"]
    return tuple(dict.fromkeys(f"{item.decay:g}" for item in gravity))


def network_words(result: StudyResult, analysis: NetworkAnalysis) -> str:
    """Describe how a network was made."""
    words, study = words_of(result), result.study
    section = next(item for item in study.networks if item.name == analysis.name)
    if section.kind == "observed":
        return words(
            "method_network_observed",
            network=section.name,
            file=section.file,
            flow=section.flow,
            unit=section.unit or words("report_no_unit"),
            year=f"{section.year}" if section.year is not None else words("report_no_year"),
        )
    masses = [section.mass] if isinstance(section.mass, str) else list(section.mass)
    mass = words.listing([words.inside(study.column_label(name)) for name in masses])
    if section.cost is None:
        cost = words("method_cost_distance")
    else:
        cost = words("method_cost_table", column=section.cost.column, unit=section.cost.unit)
    return words(
        "method_network_gravity" if len(masses) == 1 else "method_network_gravity_mean",
        network=section.name,
        mass=mass,
        year=section.year,
        cost=cost,
        decay=f"{section.decay:g}",
    )


def _weights(result: StudyResult) -> Section:
    words = words_of(result)
    points = tuple(
        words("method_named", name=name, text=weights_words(result, name))
        for name in result.weights
    )
    return Section(
        "methods-weights",
        words("report_weights_methods"),
        paragraphs=(words("method_weights"),),
        points=points,
    )


def weights_words(result: StudyResult, name: str) -> str:
    """Describe how weights were made."""
    words = words_of(result)
    section = next(item for item in result.study.weights if item.name == name)
    if section.kind == "contiguity":
        text = words(f"method_weights_{section.rule}", order=section.order)
    elif section.kind == "knn":
        text = words("method_weights_knn", k=section.k)
    elif section.kind == "inverse_distance":
        cutoff = result.weights[name].parameters.get("cutoff_km", section.cutoff_km)
        rate = f"{section.rate_per_km:g}" if section.rate_per_km is not None else ""
        text = words(
            f"method_weights_{section.decay}",
            power=f"{section.power:g}",
            rate=rate,
            cutoff="—" if cutoff is None else words.number(cutoff, 0),
        )
    else:
        text = words(f"method_weights_{section.reading}", network=section.network)
    transform = words(f"transform_{section.transform.replace('-', '_')}")
    return words("method_with_transform", text=text, transform=transform)


def _autocorrelation(result: StudyResult) -> Section:
    words, settings = words_of(result), result.study.autocorrelation
    text = words(
        "method_autocorrelation",
        permutations=words.count(settings.permutations),
        weights=result.study.local_weights,
        correction=words(f"correction_{settings.correction}"),
        alpha=words.percent(settings.alpha, 0),
    )
    return Section(
        "methods-autocorrelation",
        words("report_autocorrelation"),
        paragraphs=tuple(filter(None, (text, hot_spot_text(result)))),
        equations=(
            moran_equation(result),
            *((hot_spot_equation(result),) if result.hot_spots else ()),
        ),
    )


def _models(result: StudyResult) -> Section:
    words = words_of(result)
    points = tuple(model_words(result, model) for model in result.models.values())
    general = words.sentences(words("method_models"), words("method_effects"))
    asked = [words(f"method_{word}") for word in QUESTIONS if _asked(result, word)]
    return Section(
        "methods-models",
        words("report_spillovers"),
        paragraphs=tuple(filter(None, (general, words.sentences(*asked)))),
        points=points,
        equations=tuple(
            one for model in result.models.values() for one in model_equations(result, model)
        ),
    )


QUESTIONS = {"ladder": "ladder", "weights_choice": "comparison", "boundary": "boundaries"}
"""Words of questions asked of models, with the attribute that holds the answer."""

QUESTION_WORKS = {"ladder": "elhorst2014", "weights_choice": "lesage2014"}


def _asked(result: StudyResult, question: str) -> bool:
    """Whether a question was asked of some model."""
    return any(bool(getattr(model, QUESTIONS[question])) for model in result.models.values())


def _corrected(model: ModelRun) -> bool:
    """Whether a correction of Lee and Yu was used."""
    return model.result.bias_correction in ("lee-yu", "transformation")


def model_words(result: StudyResult, model: ModelRun) -> str:
    """Describe a model: equation, weights, effects, correction, years."""
    words, section = words_of(result), model.section
    return words(
        "method_model",
        model=section.name,
        specification=words(f"specification_{section.specification}"),
        formula=formula_words(result, section.formula),
        weights=section.main_weights,
        effects=words(f"effects_{section.effects.replace('-', '_')}"),
        correction=words(f"bias_{model.result.bias_correction.replace('-', '_')}"),
        years=words.years(model.years),
    )


def formula_words(result: StudyResult, formula: str) -> str:
    """Write a formula with the wordings of its columns where each side is a plain sum."""
    left, _, right = formula.partition("~")
    named = " + ".join(variable_label(result, term) for term in right.split("+"))
    return f"{variable_label(result, left)} ~ {named}"
