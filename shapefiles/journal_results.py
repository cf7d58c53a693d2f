"""Every result as a three-line table: models side by side, statistics column by column."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pandas as pd

from shapefiles.frame_tables import arranged, frame_table, prepared, ranked
from shapefiles.journal_models import CellStyle, effects_table, regression_table
from shapefiles.journal_panels import block_of_tests, panels, record_table, stacked_frames
from shapefiles.journal_stages import two_stage_table
from shapefiles.journal_table import JournalTable
from shapefiles.language import known_labels
from shapefiles.result_layouts import layouts_of
from shapefiles.table_cells import code_of, column_cells, column_words, is_number
from shapefiles.table_layouts import Layout
from spatial.errors import ConfigError, listed, nearest_spelling
from spatial.options import Language
from spatial.regression import DynamicEffectsResult, EffectsResult, ModelComparison, SpatialIVResult
from spatial.results import Result

__all__ = ["frame_table", "table_parts", "to_table"]


def to_table(
    results: Result | Sequence[Result] | Mapping[str, Result],
    *,
    part: str = "",
    language: Language = "en",
    title: str = "",
    decimals: int = 3,
    labels: Mapping[str, str] | None = None,
    top: int | None = None,
    by: str = "",
    notes: Sequence[str] = (),
    **options: Any,
) -> JournalTable:
    """Make the three-line table of a result, or of several side by side.

    Parameters
    ----------
    results : Result, or sequence or mapping of str to Result
        Fitted models give ``regression_table``, effects ``effects_table``; results that have one
        value for each row (network structure, validity of weights) stand side by side, a column
        each; others of one kind are stacked; tests of several kinds come as panels of one table.
    part : str
        Which table of the result: one of ``table_parts(result)``; by default its first.
    language : {"en", "zh"}
    title : str
        By default what the dictionary calls the table.
    decimals : int
        Large numbers have fewer; p-values, years and counts have their own.
    labels : mapping of str to str, optional
        Wording of variables, columns, and names of cities for their ids
        (``area.cities["name"].to_dict()``).
    top : int, optional
        Print so many rows only, the largest by the column ``by``, with their rank.
    by : str
        Column that ranks the rows, largest first.
    notes : sequence of str
        Further sentences below the table.
    **options
        Further options of ``regression_table`` or ``effects_table``: ``brackets``, ``controls``,
        ``effects``, ``weights``, ``facts``.

    Returns
    -------
    JournalTable

    Raises
    ------
    ConfigError
        If there is nothing to print, or an option does not fit the kind of result.

    Examples
    --------
    >>> from networks import centralities, network_from_matrix
    >>> flows = pd.DataFrame([[0, 3, 1], [2, 0, 0], [1, 0, 0]], list("abc"), list("abc"))
    >>> table = to_table(
    ...     centralities(network_from_matrix(flows)), top=1, by="out_strength", labels={"a": "Ulm"}
    ... )
    >>> table.rows[0].cells[:2]
    ('1', 'Ulm')
    """
    named = _named(results)
    members = list(named.values())
    layout = _layout(members[0], part)
    style = CellStyle(language, decimals, labels=labels or {})
    alike = len({type(one) for one in members}) == 1 or all(map(_is_fit, members))
    chosen = title if title or not alike else _title(members, part, style)
    common: dict[str, Any] = {
        "language": language,
        "title": chosen,
        "decimals": decimals,
        "labels": labels,
        "notes": notes,
    }
    if layout.arrangement == "stages" and len(members) == 1:
        _refuse(top=top, by=by)
        return two_stage_table(
            cast("SpatialIVResult", members[0]), style, title=chosen, notes=notes
        )
    if layout.arrangement == "fits" and all(map(_is_fit, members)):
        _refuse(top=top, by=by)
        return _fits(results, named, **common, **options)
    if options:
        raise ConfigError(
            f"Options {listed(options)} are for fitted models and effects; "
            f"{type(members[0]).__name__} has no use for them."
        )
    if len({type(one).__name__ for one in members}) > 1 and not part:
        _refuse(top=top, by=by)
        return block_of_tests(named, style, title=chosen, notes=notes)
    return _statistics(named, layout, style, title=chosen, notes=notes, top=top, by=by)


def table_parts(result: Result) -> tuple[str, ...]:
    """Name the tables of a result: what ``to_table`` takes as ``part``, the usual one first.

    Parameters
    ----------
    result : Result

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from spatial.autocorrelation import markov_chain
    >>> panel = pd.DataFrame({2010: [1, 2, 3, 4], 2011: [2, 1, 3, 4]}, list("abcd"))
    >>> table_parts(markov_chain(panel, classes=[2.5]))[:3]
    ('probabilities', 'counts', 'passage')
    """
    return tuple(layouts_of(result))


def _statistics(
    named: Mapping[str, Result],
    layout: Layout,
    style: CellStyle,
    *,
    title: str,
    notes: Sequence[str],
    top: int | None,
    by: str,
) -> JournalTable:
    """Lay out results that are no fitted models."""
    first = next(iter(named.values()))
    frames = {
        name: prepared(layout.frame(one), layout, style.language) for name, one in named.items()
    }
    single_value = all(list(frame.columns) == ["value"] for frame in frames.values())
    if layout.arrangement == "record" or (single_value and layout.arrangement == "rows"):
        _refuse(top=top, by=by)
        return record_table(named, frames, layout, style, title=title, notes=notes)
    told = (*_facts(named, frames, layout, style), *notes)
    if len(named) == 1:
        frame = ranked(next(iter(frames.values())), top=top, by=by)
        return arranged(frame, layout, style, title=title, notes=told)
    if layout.arrangement == "rows":
        frame = ranked(stacked_frames(frames), top=top, by=by)
        return arranged(frame, layout, style, title=title, notes=told)
    _refuse(top=top, by=by)
    tables = {name: arranged(frame, layout, style) for name, frame in frames.items()}
    return panels(tables, title=title, notes=told, of_what=type(first).__name__)


def _fits(
    results: Result | Sequence[Result] | Mapping[str, Result],
    named: Mapping[str, Result],
    **options: Any,
) -> JournalTable:
    """Put fitted models or effects side by side."""
    members = list(named.values())
    if isinstance(results, ModelComparison):
        return regression_table(results, **options)
    if all(isinstance(one, EffectsResult | DynamicEffectsResult) for one in members):
        return effects_table(dict(named) if len(members) > 1 else members[0], **options)
    models = dict(named) if isinstance(results, Mapping) else members
    return regression_table(models, **options)


def _is_fit(result: Result) -> bool:
    if isinstance(result, EffectsResult | DynamicEffectsResult | ModelComparison):
        return True
    return hasattr(result, "coefficients") and hasattr(result, "glance")


def _layout(result: Result, part: str) -> Layout:
    known = layouts_of(result)
    if not part:
        first = next(iter(known.values()))
        if _is_fit(result) and first.arrangement != "fits":
            return Layout(arrangement="fits")  # a model that the layouts do not name
        return first
    if part not in known:
        raise ConfigError(
            f"{type(result).__name__} has no table {part!r}{nearest_spelling(part, known)}; "
            f"it has {listed(known)}."
        )
    return known[part]


def _title(members: Sequence[Result], part: str, style: CellStyle) -> str:
    """Title of the dictionary for the table of a result, empty for an unknown one."""
    result = members[0]
    chosen = code_of(part or next(iter(layouts_of(result))))
    stems = [f"title_{code_of(_spaced(kind.__name__))}" for kind in type(result).__mro__]
    keys = [*(f"{stem}_{chosen}" for stem in stems), *stems, f"title_{chosen}"]
    return next((style.word(key) for key in keys if key in known_labels()), "")


def _spaced(name: str) -> str:
    """Part the words of a class name.

    Examples
    --------
    >>> _spaced("DagumGini"), _spaced("SpatialIVResult"), _spaced("JTests")
    ('Dagum Gini', 'Spatial IV Result', 'J Tests')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)


def _named(results: Result | Sequence[Result] | Mapping[str, Result]) -> dict[str, Result]:
    if isinstance(results, Result):
        return {"": results}
    if isinstance(results, Mapping):
        several = {str(name): one for name, one in results.items()}
    else:
        several = {f"({at})": one for at, one in enumerate(results, start=1)}
    if not several:
        raise ConfigError("There is no result to print.")
    strange = [type(one).__name__ for one in several.values() if not isinstance(one, Result)]
    if strange:
        raise ConfigError(f"{listed(strange)} are no results; give results with a tidy table.")
    return several


def _refuse(*, top: int | None, by: str) -> None:
    if top is not None or by:
        raise ConfigError("top= and by= rank rows of statistics; this table has none to rank.")


def _facts(
    named: Mapping[str, Result],
    frames: Mapping[str, pd.DataFrame],
    layout: Layout,
    style: CellStyle,
) -> tuple[str, ...]:
    """Say below the table the numbers that a result holds beside its frame."""
    shown = {str(one) for frame in frames.values() for one in (*frame.columns, *frame.index.names)}
    sentences: dict[str, str] = {}
    for name, result in named.items():
        fields = (
            getattr(result, "__dataclass_fields__", {}) if layout.facts is None else layout.facts
        )
        told = []
        for field_name in fields:
            value = getattr(result, field_name, None)
            if field_name in shown or not is_number(value) or pd.isna(value):
                continue
            text = column_cells(field_name, [value], style, alike=False)[0]
            text = re.sub(r"(\.\d*?)0+$", r"\1", text).rstrip(".")
            words = column_words(field_name, style)
            told.append(style.word("method_named", name=words, text=text))
        if told:
            sentences[name] = style.word("report_list_semicolon").join(told)
    stop = style.word("journal_full_stop")
    if len(sentences) == len(named) and len(set(sentences.values())) == 1:
        return (next(iter(sentences.values())) + stop,)
    return tuple(f"{name} {text}{stop}".lstrip() for name, text in sentences.items())
