"""Fitted models and their effects as three-line tables, several side by side."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from shapefiles.journal_table import (
    BodyRow,
    HeadCell,
    JournalTable,
    single,
    spanned,
    words_then_numbers,
)
from shapefiles.language import known_labels, label
from shapefiles.number_texts import MISSING, number_text, p_text
from spatial.errors import ConfigError, listed
from spatial.options import Language, TableBrackets, checked_option
from spatial.regression.comparison_table import (
    COEFFICIENT,
    KINDS,
    ModelComparison,
    compare,
    significance_stars,
)
from spatial.results import Result

FACT_LINES = {
    "n_observations": 0,
    "n_cities": 0,
    "r_squared": 3,
    "log_likelihood": 2,
    "sigma2": 4,
}
"""Lines below the coefficients that are printed by default, with their decimals."""

MORE_LINES = {"n_years": 0, "aic": 1, "bic": 1, "r_squared_within": 3, "corr2": 3}
"""Lines that are printed when asked for."""

LONGEST_WEIGHTS = 18
"""Characters of a name of weights that fit into a column; longer ones become W1, W2 and a note."""

KNOWN_TERMS = (
    *("rho", "lambda", "tau", "eta", "const", "intercept", "constant"),
    *("initial_level", "log_distance"),
)
"""Terms that the dictionary words, spaces as underscores."""

CITY_EFFECTS, YEAR_EFFECTS = ("city", "two-way"), ("year", "two-way")
RANDOM_EFFECTS = ("random", "correlated-random")


def telling_decimals(estimate: float, decimals: int) -> int:
    """Add decimals to an estimate that would be printed as zero, until two digits tell.

    Examples
    --------
    >>> telling_decimals(0.5, 3), telling_decimals(-0.000417, 3)
    (3, 5)
    """
    if not 0 < abs(estimate) < 0.5 * 10.0**-decimals:
        return decimals
    return min(1 - math.floor(math.log10(abs(estimate))), 9)


_POWERS = str.maketrans("23456789", "²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class CellStyle:
    """How estimates are written.

    Attributes
    ----------
    language : {"en", "zh"}
    decimals : int
        Of estimates and of what stands in brackets.
    brackets : {"standard error", "z", "p"}
    labels : mapping of str to str
        Wording of variables; the others keep their names.
    """

    language: Language = "en"
    decimals: int = 3
    brackets: TableBrackets = "standard error"
    labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked_option(self.language, Language, name="language")
        checked_option(self.brackets, TableBrackets, name="brackets")
        if isinstance(self.decimals, bool) or not 0 <= self.decimals <= 9:
            raise ConfigError(f"decimals={self.decimals!r}: give a whole number from 0 to 9.")

    def word(self, key: str, **values: object) -> str:
        """Wording of a key of the dictionary."""
        return label(key, self.language, **values)

    def number(self, value: object, decimals: int | None = None) -> str:
        """Write a number."""
        return number_text(value, self.decimals if decimals is None else decimals, self.language)

    def pair(self, row: pd.Series) -> tuple[str, str]:
        """Write an estimate with its stars, and what stands in brackets below it."""
        if pd.isna(row["estimate"]):
            return "", ""
        if row["estimate"] == 0 and not row["std_error"] > 0:
            return MISSING, ""  # nothing was estimated: a model without spillovers
        decimals = telling_decimals(float(row["estimate"]), self.decimals)
        below = {
            "standard error": lambda: self.number(row["std_error"], decimals),
            "z": lambda: self.number(row["estimate"] / row["std_error"], 2),
            "p": lambda: p_text(row["p_value"]),
        }[self.brackets]()
        stars = significance_stars(row["p_value"])
        return self.number(row["estimate"], decimals) + stars, f"({below})"

    def term(self, term: str) -> str:
        """Write the name of a term: a spatial lag with W in front, a parameter by its sign."""
        if term in self.labels:
            return self.labels[term]
        if term.replace(" ", "_") in KNOWN_TERMS:
            return self.word(f"journal_term_{term.replace(' ', '_')}")
        lag = re.fullmatch(r"W([2-9]?) (.+)", term)
        if lag:  # a higher power of W makes instruments
            power = "W" + lag[1].translate(_POWERS)
            words = self.word("report_term_lag", variable=self.term(lag[2]))
            return words.replace("W", power, 1)
        logarithm = re.fullmatch(r"(?:np\.)?log\((\w+)\)", term)
        if logarithm:
            return self.word("journal_term_log", variable=self.term(logarithm[1]))
        return term

    @property
    def reading(self) -> str:
        """Sentence on brackets and stars."""
        return self.word(f"journal_brackets_{self.brackets.replace(' ', '_')}")


def regression_table(
    results: ModelComparison | Sequence[Result] | Mapping[str, Result],
    *,
    language: Language = "en",
    title: str = "",
    decimals: int = 3,
    brackets: TableBrackets = "standard error",
    labels: Mapping[str, str] | None = None,
    controls: Sequence[str] = (),
    effects: bool = True,
    weights: Sequence[str] = (),
    facts: Sequence[str] = tuple(FACT_LINES),
    notes: Sequence[str] = (),
) -> JournalTable:
    """Put fitted models side by side as a journal prints them.

    Rows: coefficients with stars and, below them, brackets; direct, indirect and total effects;
    then controls, fixed effects, weights, and the facts of fit.

    Parameters
    ----------
    results : ModelComparison, or sequence or mapping of str to fitted models
        As ``spatial.regression.compare`` takes them.
    language : {"en", "zh"}
    title : str
    decimals : int
    brackets : {"standard error", "z", "p"}
        What stands in brackets below an estimate.
    labels : mapping of str to str, optional
        Wording of variables (and of the outcome).
    controls : sequence of str
        Variables that are not printed, with their spatial lags and effects; a row says which
        models have them.
    effects : bool
        Print direct, indirect and total effects of models with spillovers.
    weights : sequence of str
        Name of the weights of each model; by default as the models tell.
    facts : sequence of str
        Lines of fit: keys of ``FACT_LINES`` and ``MORE_LINES``.
    notes : sequence of str
        Further sentences below the table.

    Returns
    -------
    JournalTable

    Raises
    ------
    ConfigError
        If a control, a fact or the number of weights fits no model.
    """
    style = CellStyle(language, decimals, brackets, labels or {})
    known = FACT_LINES | MORE_LINES
    strange = [name for name in facts if name not in known]
    if strange:
        raise ConfigError(f"Facts {listed(strange)} are not known; use some of {listed(known)}.")
    comparison = results if isinstance(results, ModelComparison) else compare(results)
    estimates = comparison.estimates
    terms = [str(one) for one in estimates.index.get_level_values("term").unique()]
    absent = [one for one in controls if one not in terms and f"W {one}" not in terms]
    if absent:
        raise ConfigError(f"Controls {listed(absent)} are in no model; the terms: {listed(terms)}.")
    hidden = {name for one in controls for name in (one, f"W {one}")}
    shown = estimates[~estimates.index.get_level_values("term").isin(hidden)]
    rows = list(_estimate_rows(shown, comparison.models, style, effects=effects))
    names, described = _weights_names(results, comparison, weights, style)
    rows += _fact_rows(comparison, style, facts=facts, controls=controls, weights=names)
    told = comparison.facts.reindex(["outcome"])[list(comparison.models)].iloc[0]
    outcomes = ["" if pd.isna(one) else style.term(str(one)) for one in told]
    return JournalTable(
        head=(
            (HeadCell(""), *spanned(outcomes)),
            single([style.word("column_variable"), *comparison.models]),
        ),
        rows=tuple(rows),
        kinds=words_then_numbers(len(comparison.models)),
        title=title,
        notes=(style.reading, style.word("journal_stars"), *described, *notes),
        language=language,
    )


def effects_table(
    results: Result | Mapping[str, Result],
    *,
    language: Language = "en",
    title: str = "",
    decimals: int = 3,
    brackets: TableBrackets = "standard error",
    labels: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> JournalTable:
    """Print direct, indirect and total effects in columns, grouped by model.

    Parameters
    ----------
    results : EffectsResult, DynamicEffectsResult, or mapping of str to such results
    language, title, decimals, brackets, labels, notes
        See ``regression_table``.

    Returns
    -------
    JournalTable
    """
    style = CellStyle(language, decimals, brackets, labels or {})
    several = isinstance(results, Mapping)
    tables = (
        {str(name): one.tidy() for name, one in results.items()}
        if isinstance(results, Mapping)
        else {"": results.tidy()}
    )
    variables = list(
        dict.fromkeys(
            str(one) for table in tables.values() for one in table.index.get_level_values(0)
        )
    )
    rows: list[BodyRow] = []
    for variable in variables:
        pairs = [
            style.pair(table.loc[[key]].iloc[0]) if key in table.index else ("", "")
            for table in tables.values()
            for key in ((variable, kind) for kind in KINDS)
        ]
        rows.append(BodyRow((style.term(variable), *(pair[0] for pair in pairs))))
        rows.append(BodyRow(("", *(pair[1] for pair in pairs))))
    kinds = [style.word(f"report_effect_{kind}") for _ in tables for kind in KINDS]
    bottom = single([style.word("column_variable"), *kinds])
    groups = (HeadCell(""), *(HeadCell(name, len(KINDS)) for name in tables))
    return JournalTable(
        head=(groups, bottom) if several else (bottom,),
        rows=tuple(rows),
        kinds=words_then_numbers(len(kinds)),
        title=title,
        notes=(style.reading, style.word("journal_stars"), *notes),
        language=language,
    )


def _estimate_rows(
    estimates: pd.DataFrame, models: Sequence[str], style: CellStyle, *, effects: bool
) -> Iterator[BodyRow]:
    parts = (COEFFICIENT, *KINDS) if effects else (COEFFICIENT,)
    have = set(estimates.index.get_level_values("part"))
    for part in parts:
        if part not in have:
            continue
        own = estimates.xs(part, level="part")
        if part != COEFFICIENT:
            heading = style.word(f"journal_panel_{part}")
            yield BodyRow((heading, *("" for _ in models)), rule=True, panel=True)
        for term in own.index.get_level_values("term").unique():
            pairs = [
                style.pair(own.loc[(model, term)]) if (model, term) in own.index else ("", "")
                for model in models
            ]
            yield BodyRow((style.term(str(term)), *(pair[0] for pair in pairs)))
            yield BodyRow(("", *(pair[1] for pair in pairs)))


def _weights_names(
    results: ModelComparison | Sequence[Result] | Mapping[str, Result],
    comparison: ModelComparison,
    given: Sequence[str],
    style: CellStyle,
) -> tuple[list[str], list[str]]:
    """Name the weights of each model, and describe those whose words are long."""
    models = comparison.models
    if given:
        if len(given) != len(models):
            raise ConfigError(f"weights has {len(given)} names for {len(models)} models.")
        return list(given), []
    if isinstance(results, ModelComparison):
        return [], []
    fits: Iterable[Result] = results.values() if isinstance(results, Mapping) else results
    spatial = comparison.facts.loc["specification"] != "ols"
    told = [
        fit.configuration.weights if spatial[model] else ""
        for model, fit in zip(models, fits, strict=True)
    ]
    different = list(dict.fromkeys(text for text in told if text))
    if not different:
        return [], []
    if all(len(text) <= LONGEST_WEIGHTS for text in different):
        return [text or MISSING for text in told], []
    short = {text: f"W{at}" for at, text in enumerate(different, start=1)}
    described = [style.word("method_named", name=name, text=text) for text, name in short.items()]
    return [short.get(text, MISSING) for text in told], described


def _fact_rows(
    comparison: ModelComparison,
    style: CellStyle,
    *,
    facts: Sequence[str],
    controls: Sequence[str],
    weights: Sequence[str],
) -> list[BodyRow]:
    yes, no = style.word("journal_yes"), style.word("journal_no")
    table, models = comparison.facts, list(comparison.models)
    lines: list[tuple[str, list[str]]] = []
    if controls:
        coefficients = comparison.estimates.xs(COEFFICIENT, level="part").index
        lagged = [name for one in controls for name in (one, f"W {one}")]
        have = [any((model, one) in coefficients for one in lagged) for model in models]
        said = [yes if one else no for one in have]
        lines.append((style.word("journal_controls"), said))
    effects = table.loc["effects", models] if "effects" in table.index else None
    if effects is not None:
        random = style.word("journal_random")
        of_cities = [
            random if one in RANDOM_EFFECTS else (yes if one in CITY_EFFECTS else no)
            for one in effects
        ]
        lines.append((style.word("report_city_effects"), of_cities))
        of_years = [yes if one in YEAR_EFFECTS else no for one in effects]
        lines.append((style.word("report_year_effects"), of_years))
    if weights:
        lines.append((style.word("journal_weights"), list(weights)))
    decimals = FACT_LINES | MORE_LINES
    for name in facts:
        if name in table.index:
            row = pd.to_numeric(table.loc[[name], models].iloc[0])
            values = ["" if math.isnan(one) else style.number(one, decimals[name]) for one in row]
            key = f"journal_{name}"
            lines.append((style.word(key if key in known_labels() else f"fit_{name}"), values))
    return [BodyRow((name, *values), rule=at == 0) for at, (name, values) in enumerate(lines)]
