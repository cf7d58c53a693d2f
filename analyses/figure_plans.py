"""What a figure of a study is before it is drawn, and the options that all its maps share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from analyses.layers_base import label_rank
from analyses.results import StudyResult
from shapefiles.map_insets import MapInset
from shapefiles.map_sheet import MapOptions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES_ON_MAP = 12


@dataclass(frozen=True)
class FigurePlan:
    """One figure of a study.

    Attributes
    ----------
    section : str
        Section of the report.
    stem : str
        File name without ending.
    caption, note : str
    draw : callable
        Draws it and returns the axes, or the figure of several maps.
    """

    section: str
    stem: str
    caption: str
    note: str
    draw: Callable[[], Axes | Figure]


def map_options(result: StudyResult, title: str) -> MapOptions:
    """Options of a map of a study: source, language, background, insets, names."""
    study = result.study
    windows = [MapInset(**item.model_dump()) for item in study.insets]
    return MapOptions(
        title=title,
        source=study.source_note(),
        note=study.outputs.map_note,
        approval=study.outputs.approval_number,
        language=study.language,
        context=result.background,
        whole_context=study.background is not None and study.background.whole,
        insets=windows or "auto",
        labels=names_on_map(result, label_rank(result)),
    )


def names_on_map(result: StudyResult, rank: pd.Series) -> pd.Series:
    """Short names of the cities that come first in a ranking."""
    order = rank.dropna().sort_values(ascending=False, kind="stable").index[:NAMES_ON_MAP]
    return result.area.cities["short_name"].loc[order]
