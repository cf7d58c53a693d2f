"""The tables that a paper prints of a study, in the order of a paper."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.report_methods import weights_words
from analyses.report_words import names_of, words_of
from shapefiles.frame_tables import arranged, prepared, ranked
from shapefiles.journal_models import CellStyle, effects_table, regression_table
from shapefiles.journal_results import to_table
from shapefiles.journal_table import JournalTable
from shapefiles.result_layouts import layouts_of
from shapefiles.table_layouts import Layout
from spatial.regression import correlate_variables, describe_variables

if TYPE_CHECKING:
    from analyses.results import ModelRun, StudyResult

TOP = 10
"""Cities of a ranking."""

DIRECTED = ("out_degree", "in_degree", "out_strength", "in_strength")
UNDIRECTED = ("degree", "strength")
RANKING_COLUMNS = ("resistance_growth", "recovery_growth", "resistance", "recovery", "typology")
RANKED = ("resistance", "recovery")


def journal_tables(result: StudyResult) -> dict[str, JournalTable]:
    """Make the tables of a paper on a study.

    Descriptive statistics and correlations of the variables; resilience of nation, groups and
    cities; networks, their central cities and their correlations; spatial autocorrelation; choice
    of the model; models with all specifications, effects, other weights, groups, distances.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    dict of str to JournalTable
        Keys are short names of sheets, with their numbers: ``"01 descriptive"``.
    """
    maker = _Tables(result)
    parts = (maker.variables, maker.resilience, maker.networks, maker.autocorrelation, maker.models)
    made = [pair for part in parts for pair in part()]
    return {f"{at:02d} {key}": table for at, (key, table) in enumerate(made, start=1)}


Pair = tuple[str, JournalTable]


class _Tables:
    """The tables of one study, with its wordings."""

    def __init__(self, result: StudyResult) -> None:
        self.result, self.study = result, result.study
        columns = {str(name) for name in result.area.panel.columns}
        self.terms = {name: self.study.column_label(name) for name in columns}
        self.units = {name: self.study.column_label(name, with_unit=True) for name in columns}
        self.names = {str(key): str(name) for key, name in names_of(result).items()}
        groups = {str(one) for name in self.study.groups for one in result.area.cities[name]}
        self.values = {one: self.study.value_label(one) for one in groups}
        self.words = words_of(result)

    def table(
        self,
        results: Any,
        *,
        subject: str = "",
        labels: Mapping[str, str] | None = None,
        **more: Any,
    ) -> JournalTable:
        """Make a table with the wordings of the study, its subject behind the title."""
        table = to_table(
            results,
            language=self.study.language,
            labels={**self.values, **(labels or {})},
            **more,
        )
        return self.titled(table, subject)

    def titled(self, table: JournalTable, subject: str) -> JournalTable:
        """Add the subject to a title, where there is one."""
        if not subject:
            return table
        title = self.words("journal_title_subject", title=table.title, subject=subject)
        return replace(table, title=title)

    def variables(self) -> Iterator[Pair]:
        """Describe and correlate the variables of all models, on the rows that models use."""
        if not self.result.models:
            return
        columns: dict[str, None] = {}
        rows: pd.Index | None = None
        for model in self.result.models.values():
            columns |= dict.fromkeys(self._columns_of(model))
            used = model.result.fitted.index
            rows = used if rows is None else rows.union(used)
        panel = self.result.area.panel
        data = panel[panel.index.isin([] if rows is None else rows)][list(columns)]
        outcome = next(iter(columns)) if len(columns) > 1 else ""
        described = describe_variables(data, list(columns), outcome=outcome)
        yield "descriptive", self.table(described, labels=self.units)
        if len(columns) > 1:
            found = correlate_variables(data, list(columns))
            yield "correlations", self.table(found, labels=self.terms)

    def _columns_of(self, model: ModelRun) -> list[str]:
        """Columns of the panel in a formula, the outcome first."""
        known = {str(name) for name in self.result.area.panel.columns}
        return [word for word in re.findall(r"\w+", model.section.formula) if word in known]

    def resilience(self) -> Iterator[Pair]:
        """Print the nation's phases, the types, and the cities that held best and worst."""
        found = self.result.resilience
        yield "nation", self.table(found, part="nation")
        yield "types", self.table(found, part="types")
        layout = replace(layouts_of(found)["cities"], columns=RANKING_COLUMNS)
        style = CellStyle(self.study.language, labels=self.names)
        for shock in self.study.shocks:
            frame = prepared(found.of(shock.name), layout, self.study.language)
            frame = frame.rename_axis("city")
            for measure in RANKED:
                if measure not in frame or frame[measure].notna().sum() == 0:
                    continue
                top = ranked(frame.dropna(subset=[measure]), top=TOP, by=measure)
                word = self.words.inside(self.words(measure))
                title = self.words("title_ranking", measure=word, count=len(top))
                subject = shock.name if len(self.study.shocks) > 1 else ""
                table = arranged(top, layout, style, title=title)
                yield f"top {measure}", self.titled(table, subject)

    def networks(self) -> Iterator[Pair]:
        """Print structures side by side, central cities, communities, correlations."""
        analyses = self.result.networks
        if not analyses:
            return
        structures = {name: one.structure for name, one in analyses.items()}
        yield (
            "structure",
            self.table(structures if len(structures) > 1 else next(iter(structures.values()))),
        )
        style = CellStyle(self.study.language, labels=self.names)
        title = self.words("title_centralities")
        for name, one in analyses.items():
            chosen = DIRECTED if one.network.directed else UNDIRECTED
            layout = Layout(columns=(*chosen, "closeness", "betweenness", "eigenvector"))
            frame = prepared(one.centralities.table, layout, self.study.language)
            by = "betweenness" if "betweenness" in frame else str(frame.columns[0])
            top = ranked(frame.rename_axis("city"), top=TOP, by=by)
            yield "central cities", self.titled(arranged(top, layout, style, title=title), name)
        pairs = {
            (first, second): one
            for (first, second, compared), one in self.result.correlations.items()
            if compared == "strength"
        }
        if pairs:
            yield "network correlations", self._correlations(pairs)

    def _correlations(self, pairs: Mapping[tuple[str, str], Any]) -> JournalTable:
        rows = {pair: (one.correlation, one.p_value) for pair, one in pairs.items()}
        index = pd.MultiIndex.from_tuples(list(rows), names=["first", "second"])
        frame = pd.DataFrame(list(rows.values()), index=index, columns=["correlation", "p_value"])
        frame.attrs["names"] = tuple(dict.fromkeys(one for pair in pairs for one in pair))
        layout = Layout(
            arrangement="triangle", value="correlation", p="p_value", corner="column_network"
        )
        style = CellStyle(self.study.language)
        return arranged(frame, layout, style, title=self.words("title_qap_correlations"))

    def autocorrelation(self) -> Iterator[Pair]:
        """Print Moran's I of every measure with every weights, clusters and the weights."""
        reports = dict(self.result.weights_reports)
        if reports:
            table = self.table(reports if len(reports) > 1 else next(iter(reports.values())))
            dropped = self.words("column_description")  # told in words of the study instead
            rows = tuple(row for row in table.rows if row.cells[0] != dropped)
            yield "weights", replace(table, rows=rows, notes=self._weights_notes(tuple(reports)))
        measures = {
            f"{measure}, {shock}": self._measure(shock, measure)
            for shock, measure in self.result.local
        }
        yield "Moran", self.table(self.result.moran, labels=measures)
        counts = {
            self._measure(shock, measure): local.table["cluster"].value_counts()
            for (shock, measure), local in self.result.local.items()
        }
        if counts:
            categories = next(iter(self.result.local.values())).categories
            frame = pd.DataFrame(counts).reindex(list(categories)).dropna(how="all")
            frame = frame.fillna(0).astype(int).rename_axis("cluster")
            layout = Layout(arrangement="rows")
            style = CellStyle(self.study.language)
            title = self.words("title_local_moran_classes")
            yield "clusters", arranged(frame, layout, style, title=title)

    def _measure(self, shock: str, measure: str) -> str:
        return self.words("journal_measure_of_shock", shock=shock, measure=self.words(measure))

    def _weights_notes(self, names: Sequence[str]) -> tuple[str, ...]:
        """Say how weights were made."""
        known = [name for name in dict.fromkeys(names) if name in self.result.weights]
        stop = self.words("journal_full_stop")
        return tuple(
            self.words("method_named", name=name, text=weights_words(self.result, name)) + stop
            for name in known
        )

    def models(self) -> Iterator[Pair]:
        """Print tests, specifications, models, effects, other weights, groups, distances."""
        for name, model in self.result.models.items():
            subject = name if len(self.result.models) > 1 else ""
            yield from self._choice(model, subject)
        everything = {name: model.result for name, model in self.result.models.items()}
        leading = [model.section.main_weights for model in self.result.models.values()]
        yield "models", self._regression(everything, leading, "title_models", effects=False)
        effects = {
            name: model.effects for name, model in self.result.models.items() if model.effects
        }
        if effects:
            shown = effects if len(effects) > 1 else next(iter(effects.values()))
            yield (
                "effects",
                effects_table(
                    shown,
                    language=self.study.language,
                    labels=self.terms,
                    title=self.words("title_effects"),
                ),
            )
        for name, model in self.result.models.items():
            subject = name if len(self.result.models) > 1 else ""
            yield from self._robustness(model, subject)

    def _choice(self, model: ModelRun, subject: str) -> Iterator[Pair]:
        """Print the tests that choose, and the same model in all specifications."""
        if model.ladder is not None:
            yield "specification tests", self.table(model.ladder, subject=subject)
        if model.comparison is not None:
            fits = {
                specification.upper(): fit
                for (weights, specification), fit in model.comparison.results.items()
                if weights == model.section.main_weights
            }
            if fits:
                leading = [model.section.main_weights] * len(fits)
                table = self._regression(fits, leading, "title_baseline")
                yield "baseline", self.titled(table, subject)
            yield (
                "weights choice",
                self.table(model.comparison, part="probabilities", subject=subject),
            )

    def _robustness(self, model: ModelRun, subject: str) -> Iterator[Pair]:
        """Print other weights, groups and distances."""
        if model.alternatives:
            fits = {name: fit.result for name, fit in model.fits.items()}
            table = self._regression(fits, tuple(fits), "title_weights_robustness")
            yield "other weights", self.titled(table, subject)
        for group, found in model.groups.items():
            told = self.words.or_plain(f"group_{group}", group)
            focus = self.terms.get(model.focus, model.focus)
            inside = self.words("report_list_comma").join(
                one for one in (subject, focus, told) if one
            )
            yield f"groups {group}", self.table(found, subject=inside)
        for version, sweep in model.boundaries.items():
            told = self.words.or_plain(f"boundary_version_{version}", version)
            inside = self.words("report_list_comma").join(one for one in (subject, told) if one)
            yield f"boundary {version}", self.table(sweep, subject=inside)

    def _regression(
        self,
        fits: Mapping[str, Any],
        weights: Sequence[str],
        title: str,
        *,
        effects: bool = True,
    ) -> JournalTable:
        return regression_table(
            fits,
            language=self.study.language,
            labels=self.terms,
            title=self.words(title),
            weights=weights,
            notes=self._weights_notes(weights),
            effects=effects,
        )
