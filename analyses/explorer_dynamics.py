"""Hot spots and dynamics of a study as variables of its explorer page."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analyses.explorer_content import ExplorerVariable
from analyses.layers import measure_titles, short_names
from analyses.layers_dynamics import (
    dynamics_maps,
    hot_spot_map_style,
    yearly_cluster_style,
    yearly_style,
)
from analyses.results import StudyResult
from analyses.study_dynamics import YEARLY_RESILIENCE
from analyses.words_dynamics import column_words, dynamics_method, hot_spot_method
from shapefiles.language import label


def hot_spot_variables(result: StudyResult) -> Iterator[ExplorerVariable]:
    """Yield the hot and cold spots of every measure of resilience."""
    language, suffix = result.study.language, short_names(result)
    for key, about in measure_titles(result).items():
        if key not in result.hot_spots:
            continue
        title = label("title_hot_spots", language, measure=about)
        yield ExplorerVariable(
            title=title,
            group=label("explorer_group_resilience", language),
            values=_one_column(result, result.hot_spots[key].table["cluster"]),
            style=hot_spot_map_style(result, key, title, suffix[key[0]]),
            note=hot_spot_method(result),
        )


def dynamics_variables(result: StudyResult) -> Iterator[ExplorerVariable]:
    """Yield yearly resilience with its clusters, and the maps of every column that is followed."""
    if result.dynamics is None:
        return
    language, ids = result.study.language, result.area.cities.index
    group = label("group_layers_dynamics", language)
    for known in result.dynamics.columns.values():
        # Other columns of the panel are on the page with the clusters of its own weights.
        if known.column == YEARLY_RESILIENCE:
            same = known.local is not None and result.dynamics.weights == result.study.local_weights
            years = {year: int(year) for year in known.values.columns}
            yield ExplorerVariable(
                title=column_words(result.study, known.column, with_unit=True),
                group=group,
                values=known.values.rename(columns=years).reindex(ids),
                style=yearly_style(result, known),
                yearly=True,
                clusters=known.local.clusters().rename(columns=years).reindex(ids)
                if known.local is not None and same
                else None,
                cluster_style=yearly_cluster_style(result, known) if same else None,
                note=dynamics_method(result, "lisa") if same else "",
            )
        for item in dynamics_maps(result, known):
            yield ExplorerVariable(
                title=item.title,
                group=group,
                values=_one_column(result, item.values),
                style=item.style,
                note=item.method,
            )


def _one_column(result: StudyResult, values: pd.Series) -> pd.DataFrame:
    return values.reindex(result.area.cities.index).to_frame("")
