"""Tables of the spillover models of a study, for files: one frame for each question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analyses.findings_spillovers import received_table
from analyses.specification_curves import curve_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyses.results import ModelRun, StudyResult

PAIR = {
    "mean": "pair_effect",
    **{f"mean_{part}": f"pair_effect_{part}" for part in ("se", "z", "p", "low", "high")},
}


def question_tables(model: ModelRun) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the tables of what was asked of a model.

    Parameters
    ----------
    model : ModelRun

    Yields
    ------
    kind : str
        ``ladder``, ``weights_choice``, ``boundary``, ``group_effects``, ``city_effects``,
        ``shock``, ``specification_curve`` or ``effects_by_weights``.
    table : pandas.DataFrame
    """
    if model.alternatives:
        yield "effects_by_weights", effects_by_weights(model)
    if model.ladder is not None:
        yield "ladder", model.ladder.tidy()
    if model.comparison is not None:
        yield "weights_choice", model.comparison.tidy()
    if model.boundaries:
        yield "boundary", boundary_table(model)
    if model.groups:
        yield "group_effects", group_table(model)
    if model.cities is not None:
        yield "city_effects", model.cities.rename_axis("city")
    if model.shock is not None:
        yield "shock", model.shock.table
    if model.curve is not None:
        yield "specification_curve", curve_table(model)


def effects_by_weights(model: ModelRun) -> pd.DataFrame:
    """Stack the effects of a model with each of its weights."""
    parts = {
        name: fit.effects.tidy() for name, fit in model.fits.items() if fit.effects is not None
    }
    if not parts:
        fits = {name: fit.result.tidy() for name, fit in model.fits.items()}
        return pd.concat(fits, names=["weights"])
    return pd.concat(parts, names=["weights"])


def boundary_table(model: ModelRun) -> pd.DataFrame:
    """Stack the sweeps of a model."""
    parts = {version: sweep.tidy() for version, sweep in model.boundaries.items()}
    table = pd.concat(parts, names=["version", "bound_km"])
    return table.rename(columns={"lower": "lower_km", "upper": "upper_km"})


def group_table(model: ModelRun) -> pd.DataFrame:
    """Stack the effects between groups, with the standard error of what a group receives."""
    parts = {}
    for group, effects in model.groups.items():
        table = effects.tidy()
        at = list(table.columns).index("received") + 1
        table.insert(at, "received_se", received_table(effects)["error"])
        parts[group] = table.rename(columns=PAIR)
    return pd.concat(parts, names=["grouping"])


def models_table(result: StudyResult) -> pd.DataFrame:
    """Stack the coefficients of every model with each of its weights."""
    parts = {
        (name, weights): fit.result.tidy()
        for name, model in result.models.items()
        for weights, fit in model.fits.items()
    }
    return pd.concat(parts, names=["model", "weights"])


def fitted_count(result: StudyResult) -> int:
    """Count models, each with each of its weights."""
    return sum(len(model.fits) for model in result.models.values())
