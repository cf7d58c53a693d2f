"""Wordings that layers, figures, tables and texts of the dynamics share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses.layers_base import table_slugs
from analyses.study_dynamics import YEARLY_RESILIENCE
from shapefiles.language import label
from spatial.autocorrelation import ISOLATED

if TYPE_CHECKING:
    from analyses.results import StudyResult
    from analyses.results_dynamics import ColumnDynamics
    from analyses.study import Study
    from spatial.options import Language

COMPASS = ("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest")


def column_words(study: Study, column: str, *, with_unit: bool = False) -> str:
    """Wording of a column that is followed, the user's first.

    Parameters
    ----------
    study : Study
    column : str
        Of the panel, or ``YEARLY_RESILIENCE``.
    with_unit : bool

    Returns
    -------
    str
    """
    if column != YEARLY_RESILIENCE or column in study.columns:
        return study.column_label(column, with_unit=with_unit)
    key = "dynamics_yearly_resilience_unit" if with_unit else "dynamics_yearly_resilience"
    return label(key, study.language)


def column_slug(result: StudyResult, known: ColumnDynamics) -> str:
    """Name of a column in tables and files: ASCII, the same in every language."""
    assert result.dynamics is not None
    return table_slugs(list(result.dynamics.columns), other="column")[known.column]


def compass_words(degrees: float, language: Language) -> str:
    """Word for a direction in degrees clockwise from north.

    Examples
    --------
    >>> compass_words(250.0, "en"), compass_words(359.0, "zh")
    ('west', '北')
    """
    return label(f"compass_{COMPASS[round(degrees / 45.0) % 8]}", language)


def quarter_words(quarter: str, language: Language) -> str:
    """Wording of the direction of a path: "Both up" and so on."""
    if quarter == ISOLATED:
        return label("lisa_isolated", language)
    return label("path_" + quarter.lower().replace(",", "").replace(" ", "_"), language)


def trend_words(trend: str, language: Language) -> str:
    """Wording of a trend: increasing, decreasing, none."""
    return label("trend_" + trend.lower().replace(" ", "_"), language)


def period_words(known: ColumnDynamics, language: Language) -> str:
    """First and last year of a column."""
    return label("report_years", language, first=known.years[0], last=known.years[-1])


def hot_spot_method(result: StudyResult) -> str:
    """Say in one sentence how hot and cold spots of resilience were found."""
    options = result.study.autocorrelation
    return label(
        "method_hot_spots_short",
        result.study.language,
        weights=result.study.local_weights,
        permutations=options.permutations,
        correction=label(f"correction_{options.correction}", result.study.language),
    )


def dynamics_method(result: StudyResult, key: str) -> str:
    """Say in one sentence how a map or figure of the dynamics was made."""
    study, section = result.study, result.study.dynamics
    assert section is not None
    options = study.autocorrelation
    return label(
        f"method_short_{key}",
        study.language,
        weights=study.dynamics_weights,
        permutations=section.permutations or options.permutations,
        correction=label(f"correction_{options.correction}", study.language),
        alpha=f"{options.alpha:g}",
        window=section.window,
    )
