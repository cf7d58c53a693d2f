"""Two-stage least squares as a three-line table: first stages, second stage, and their tests."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from shapefiles.journal_models import CellStyle
from shapefiles.journal_table import BodyRow, ColumnKind, HeadCell, JournalTable, single
from shapefiles.number_texts import MISSING, number_text, p_text
from spatial.regression import SpatialIVResult
from spatial.regression.first_stage import first_stage_estimates


def two_stage_table(
    result: SpatialIVResult, style: CellStyle, *, title: str = "", notes: Sequence[str] = ()
) -> JournalTable:
    """Print the first stage of every endogenous regressor beside the second stage.

    Rows: estimates with stars and brackets; then F of the excluded instruments, partial R2, and
    tests of overidentifying restrictions with their p-values.

    Parameters
    ----------
    result : SpatialIVResult
    style : CellStyle
    title : str
    notes : sequence of str

    Returns
    -------
    JournalTable
    """
    first = first_stage_estimates(result)
    second = result.tidy()
    columns = [*first.values(), second]
    terms = list(dict.fromkeys(str(one) for table in columns for one in table.index))
    terms = [
        *(one for one in terms if one in second.index),
        *(t for t in terms if t not in second.index),
    ]
    rows: list[BodyRow] = []
    for term in terms:
        pairs = [
            style.pair(table.loc[[term]].iloc[0]) if term in table.index else ("", "")
            for table in columns
        ]
        rows.append(BodyRow((style.term(term), *(pair[0] for pair in pairs))))
        rows.append(BodyRow(("", *(pair[1] for pair in pairs))))
    rows += _facts(result, list(first), style)
    numbers: list[ColumnKind] = ["number"] * len(columns)
    words: list[ColumnKind] = ["words"]
    stages = HeadCell(style.word("head_first_stage"), len(first))
    return JournalTable(
        head=(
            (HeadCell(""), stages, HeadCell(style.word("head_second_stage"))),
            single(
                [
                    style.word("column_variable"),
                    *(style.term(name) for name in first),
                    style.term(str(result.glance()["outcome"])),
                ]
            ),
        ),
        rows=tuple(rows),
        kinds=(*words, *numbers),
        title=title,
        notes=(style.reading, style.word("journal_stars"), *notes),
        language=style.language,
    )


def _facts(result: SpatialIVResult, names: Sequence[str], style: CellStyle) -> list[BodyRow]:
    """F, partial R2 and tests of the instruments, the second stage last."""
    table = result.first_stage
    lines = [
        (
            style.word(f"column_{fact}"),
            [style.number(table.loc[name, fact], 2 if "f" in fact else 3) for name in names],
            "",
        )
        for fact in ("f", "robust_f", "conditional_f", "partial_r2")
        if fact in table.columns
    ]
    for test, row in result.instrument_tests.iterrows():
        text = (
            MISSING
            if pd.isna(row["statistic"])
            else f"{style.number(row['statistic'])} ({p_text(row['p_value'])})"
        )
        word = style.word("journal_test_with_p", test=str(test))
        lines.append((word, [""] * len(names), text))
    observed = number_text(len(result.residuals), 0, style.language)
    lines.append((style.word("journal_n_observations"), [observed] * len(names), observed))
    return [
        BodyRow((word, *cells, last), rule=at == 0) for at, (word, cells, last) in enumerate(lines)
    ]
