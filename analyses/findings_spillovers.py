"""What the questions asked of a spillover model gave, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyses.report_words import (
    Words,
    group_label,
    short_names_of,
    variable_label,
    words_of,
)

if TYPE_CHECKING:
    from analyses.results import CityShock, ModelRun, StudyResult
    from spatial.regression import GroupEffects, SpecificationLadder, SpilloverBoundary

NAMED = 3
"""Cities named in a sentence."""

ALIKE = 0.25
"""Spread of what cities receive, relative to its mean, below which it is called much the same."""

NEARLY_ONE = 0.999
"""Probabilities above are said to be over this one."""


def question_findings(result: StudyResult, model: ModelRun, *, choices: bool = True) -> list[str]:
    """Say what every question asked of a model gave, one after the other.

    Parameters
    ----------
    result : StudyResult
    model : ModelRun
    choices : bool
        Say which specification and weights the tests choose; key findings leave that to the section
        on spillovers.

    Returns
    -------
    list of str
        Sentences in the language of the study; none for questions that were not asked.
    """
    found = [
        *([ladder_finding(result, model), weights_finding(result, model)] if choices else []),
        *boundary_findings(result, model),
        *group_findings(result, model),
        cities_finding(result, model),
        shock_finding(result, model),
    ]
    return [sentence for sentence in found if sentence]


def outcome_words(result: StudyResult, model: ModelRun) -> str:
    """Wording of the outcome of a model, for the inside of a sentence."""
    left = model.section.formula.partition("~")[0].strip()
    return words_of(result).inside(variable_label(result, left))


def focus_words(result: StudyResult, model: ModelRun) -> str:
    """Wording of the regressor in focus, for the inside of a sentence."""
    return words_of(result).inside(variable_label(result, model.focus))


def ladder_finding(result: StudyResult, model: ModelRun) -> str:
    """Say which specification the tests choose, and whether it is the one told."""
    if model.ladder is None:
        return ""
    words, section = words_of(result), model.section
    decision = model.ladder.decision
    key = str(decision)
    if decision == "sdm" and not both_rejected(model.ladder):
        key += "_conflict"
    told = words(
        f"finding_ladder_{key}",
        model=section.name,
        alpha=words.percent(ladder_level(model.ladder), 0),
    )
    if section.specification == decision:
        return told
    return words.sentences(told, words("finding_ladder_other", used=section.specification.upper()))


def ladder_level(ladder: SpecificationLadder) -> float:
    """Level of the tests."""
    return float(ladder.configuration.options["alpha"])


def both_rejected(ladder: SpecificationLadder) -> bool:
    """Say whether the reductions to SAR and to SEM are both rejected, by LR or Wald."""
    rejected = ladder.table["rejected"]["Durbin model"]
    return all(
        bool(rejected[f"LR SDM to {kind}"] or rejected[f"Wald SDM to {kind}"])
        for kind in ("SAR", "SEM")
    )


def probability_words(words: Words, value: float) -> str:
    """Write a posterior probability; nobody needs its tenth digit.

    Examples
    --------
    >>> probability_words(Words("en"), 0.62), probability_words(Words("en"), 0.99999)
    ('62.0%', 'over 99.9%')
    """
    if value > NEARLY_ONE:
        return words("report_over", value=words.percent(NEARLY_ONE))
    if value < 1 - NEARLY_ONE:
        return words("report_under", value=words.percent(1 - NEARLY_ONE))
    return words.percent(value)


def weights_finding(result: StudyResult, model: ModelRun) -> str:
    """Say which weights and specification are the most probable, and whether the model has them."""
    comparison = model.comparison
    if comparison is None:
        return ""
    words, section = words_of(result), model.section
    table = comparison.table["probability"]
    weights, specification = comparison.best
    told = words(
        "finding_weights_choice",
        model=section.name,
        count=words.count(len(table)),
        specification=specification.upper(),
        weights=weights,
        probability=probability_words(words, float(table[comparison.best])),
    )
    used = (section.main_weights, section.specification)
    if used == comparison.best:
        return told
    values = {"specification": used[1].upper(), "weights": used[0]}
    if used not in table.index or np.isnan(table[used]):
        return words.sentences(told, words("finding_weights_choice_untried", **values))
    probability = probability_words(words, float(table[used]))
    other = words("finding_weights_choice_other", **values, probability=probability)
    return words.sentences(told, other)


def boundary_findings(result: StudyResult, model: ModelRun) -> list[str]:
    """Say how far the spillover of the regressor in focus reaches, for each version."""
    return [_boundary(result, model, sweep) for sweep in model.boundaries.values()]


def _boundary(result: StudyResult, model: ModelRun, sweep: SpilloverBoundary) -> str:
    words, table = words_of(result), sweep.table
    first, last = float(table.index[0]), float(table.index[-1])
    values = {
        "lead": words(f"finding_boundary_lead_{sweep.version}", model=model.section.name),
        "variable": focus_words(result, model),
        "first": words.number(first, 0),
    }
    if sweep.boundary is None:
        parts = [words("finding_boundary_none", **values)]
    elif sweep.boundary == first:
        parts = [words("finding_boundary_first", **values)]
    else:
        reached = words.number(sweep.boundary, 0)
        parts = [words("finding_boundary_run", **values, boundary=reached)]
    if sweep.boundary is not None and sweep.half_decay is not None:
        parts.append(words("finding_boundary_half", half=words.number(sweep.half_decay, 0)))
    elif sweep.boundary is not None and sweep.version != "inner":
        parts.append(words("finding_boundary_no_half", last=words.number(last, 0)))
    return words.sentences(*parts, _again(words, sweep))


def _again(words: Words, sweep: SpilloverBoundary) -> str:
    """Say that distances beyond the unbroken run are significant, and with which sign."""
    table = sweep.table
    beyond = table.index > (sweep.boundary or 0.0)
    later = table[beyond & (table["indirect_p"] < sweep.alpha).to_numpy()]
    if later.empty:
        return ""
    if sweep.boundary is None:
        return words(
            "finding_boundary_only",
            count=words.count(len(later)),
            total=words.count(int(beyond.sum()) - 1),
        )
    turned = int((np.sign(later["indirect"]) != np.sign(table["indirect"].iloc[0])).sum())
    return words(
        "finding_boundary_again_sign" if turned else "finding_boundary_again",
        count=words.count(len(later)),
        total=words.count(int(beyond.sum())),
        last=words.number(float(later.index[-1]), 0),
        turned=words.count(turned),
    )


def received_table(effects: GroupEffects) -> pd.DataFrame:
    """Tell what an average city of a group receives from all cities of a group, with inference.

    Returns
    -------
    pandas.DataFrame
        Index: (sender, receiver); columns value, error, p.
    """
    table = effects.table
    # The sum over the senders is the mean pair times the senders a receiver has, itself excepted.
    senders = table["received"] / table["mean"].where(table["mean"] != 0.0)
    return pd.DataFrame(
        {
            "value": table["received"],
            "error": (table["mean_se"] * senders).abs(),
            "p": table["mean_p"],
        }
    )


def group_findings(result: StudyResult, model: ModelRun) -> list[str]:
    """Say how much of a spillover stays inside groups, and the largest between two."""
    words = words_of(result)
    found = []
    for group, effects in model.groups.items():
        indirect = effects.table["indirect"]
        senders = indirect.index.get_level_values("sender")
        inside = senders == indirect.index.get_level_values("receiver")
        values = {
            "model": model.section.name,
            "grouping": words.inside(group_label(result, group)),
            "variable": focus_words(result, model),
        }
        shown = indirect[indirect.abs() > 1e-9 * indirect.abs().max()]
        if shown.empty or (shown.gt(0).any() and shown.lt(0).any()):
            told = words("finding_groups_mixed", **values)
        else:
            share = float(indirect[inside].sum() / indirect.sum())
            told = words("finding_groups_share", **values, share=words.percent(share, 0))
        between = received_table(effects)[~inside].dropna()
        if not between.empty:
            at = int(between["value"].abs().to_numpy().argmax())
            row = between.iloc[at]
            sender, receiver = between.index[at]
            told = words.sentences(
                told,
                words(
                    "finding_groups_between",
                    sender=sender,
                    receiver=receiver,
                    outcome=outcome_words(result, model),
                    value=words.signed(row["value"], effect_decimals(row["value"])),
                    p=words.p(row["p"]),
                ),
            )
        found.append(words.sentences(told, doubt(result, model, model.focus)))
    return found


def doubt(result: StudyResult, model: ModelRun, variable: str | None) -> str:
    """Say that the average spillover behind a pattern is not significant; nothing where it is.

    Parameters
    ----------
    result : StudyResult
    model : ModelRun
    variable : str or None
        A regressor; None for the outcome, which spreads by rho or lambda.

    Returns
    -------
    str
    """
    words = words_of(result)
    if variable is not None and model.effects is not None:
        p_value = float(model.effects.table["indirect_p"].loc[variable])
        about = words.inside(variable_label(result, variable))
    else:
        p_values = model.result.p_values
        spatial = [p_values[name] for name in ("rho", "lambda") if name in p_values.index]
        p_value = float(min(spatial, default=np.nan))
        about = outcome_words(result, model)
    if not p_value >= result.study.autocorrelation.alpha:
        return ""
    return words("finding_doubt", variable=about, p=words.p(p_value))


def effect_decimals(value: float) -> int:
    """Decimals with which an effect shows at least two digits, from three up to six.

    Examples
    --------
    >>> effect_decimals(0.25), effect_decimals(-0.0017), effect_decimals(0.0)
    (3, 4, 3)
    """
    size = abs(float(value))
    if size == 0.0 or not np.isfinite(size):
        return 3
    return int(np.clip(1 - np.floor(np.log10(size)), 3, 6))


def cities_finding(result: StudyResult, model: ModelRun) -> str:
    """Say which cities pass most on, and whether cities differ in what they receive."""
    if model.cities is None:
        return ""
    words, names = words_of(result), short_names_of(result)
    emitted = model.cities["emitted"]
    top = emitted.loc[emitted.abs().sort_values(ascending=False, kind="stable").index[:NAMED]]
    decimals = effect_decimals(float(emitted.abs().median()))
    told = words(
        "finding_cities",
        model=model.section.name,
        cities=words.listing([str(names[city]) for city in top.index]),
        variable=focus_words(result, model),
        outcome=outcome_words(result, model),
        low=words.signed(float(top.min()), decimals),
        high=words.signed(float(top.max()), decimals),
        median=words.signed(float(emitted.median()), decimals),
    )
    told = words.sentences(told, doubt(result, model, model.focus))
    if not received_alike(result, model):
        return told
    received = model.cities["received"]
    alike = words(
        "finding_cities_received",
        low=words.signed(float(received.min()), 4),
        high=words.signed(float(received.max()), 4),
    )
    return words.sentences(told, alike)


def received_alike(result: StudyResult, model: ModelRun) -> bool:
    """Say whether all cities receive much the same because the rows of the weights sum to one.

    What a city receives then differs only by the feedback of its own change, whatever the links.
    """
    if model.cities is None or result.weights[model.section.main_weights].transform != "row":
        return False
    received = model.cities["received"][model.cities["received"] != 0.0]
    spread = float(received.max() - received.min())
    return bool(received.empty or spread < ALIKE * abs(float(received.mean())))


def shock_words(result: StudyResult, model: ModelRun, shock: CityShock) -> dict[str, str]:
    """Words that every sentence about a shock needs."""
    words = words_of(result)
    variable = shock.variable or model.section.formula.partition("~")[0].strip()
    return {
        "model": model.section.name,
        "city": str(short_names_of(result)[shock.city]),
        "variable": words.inside(variable_label(result, variable)),
        "size": words.signed(shock.size, max(1, -int(np.floor(np.log10(abs(shock.size)))))),
        "outcome": outcome_words(result, model),
    }


def others_hit(shock: CityShock) -> pd.DataFrame:
    """List the other cities that are hit, with their share in all that goes to others.

    Returns
    -------
    pandas.DataFrame
        Index: city, the hardest hit first; columns effect, distance_km, share (of the sum of
        absolute effects) and reached (the shares so far).
    """
    others = shock.table.drop(index=shock.city)
    sizes = others["effect"].abs()
    total = float(sizes.sum())
    if total == 0.0:
        return others.iloc[:0].assign(share=0.0, reached=0.0)
    return others.assign(share=sizes / total, reached=sizes.cumsum() / total)


def shock_finding(result: StudyResult, model: ModelRun) -> str:
    """Say what a shock does to its own city and to the others, and where half of it goes."""
    shock = model.shock
    if shock is None:
        return ""
    words, names = words_of(result), short_names_of(result)
    others = others_hit(shock)
    own, rest = float(shock.table["effect"].loc[shock.city]), float(others["effect"].sum())
    told = words(
        "finding_shock",
        **shock_words(result, model, shock),
        own=words.signed(own, effect_decimals(own)),
        others=words.signed(rest, effect_decimals(rest)),
    )
    if others.empty:
        return words.sentences(told, words("finding_shock_alone"))
    unsure = doubt(result, model, shock.variable)
    half = others.iloc[: int((others["reached"] < 0.5).sum()) + 1]
    hit = words(
        "finding_shock_hit",
        cities=words.listing([str(names[city]) for city in others.index[:NAMED]]),
        half=words.count(len(half)),
        distance=words.number(float(half["distance_km"].max()), 0),
    )
    return words.sentences(told, hit, unsure)
