"""Spatial weights as GeoDa and PySAL read them: ``.gal`` (who) and ``.gwt`` (who and how much)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from shapefiles.atomic import atomic_file, atomic_files
from shapefiles.tables import csv_text
from spatial.errors import ExportError
from spatial.weights.types import Weights, as_weights

RECORD = "record"
"""Name of the id field when cities are numbered, because their ids cannot stand in the file."""

IDS_ENDING = ".ids.csv"
"""Ending, after the name of the file, of the table that tells which number is which city."""


def write_gal(
    weights: Any,
    path: str | Path,
    *,
    layer: str = "cities",
    id_field: str = "city_id",
    year: object = None,
) -> Path:
    """Write who receives from whom; the strengths are not part of the format.

    The first line is ``0 n layer id_field``, as GeoDa wants it; then two lines for each city,
    islands with 0 neighbours included.

    Parameters
    ----------
    weights : Weights, libpysal Graph or W
        Row i receives from column j: the neighbours of i are the columns of row i.
    path : str or Path
    layer : str
        Name of the layer that the weights belong to.
    id_field : str
        Field of that layer that holds the city ids.
    year : optional
        Which year, where the weights change by year.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If the ending is not .gal, or the file cannot be written.

    Notes
    -----
    Both formats part ids by spaces. Where an id holds a space or is empty, cities are numbered
    1..n in the order of the weights, the id field is ``record``, and ``NAME.gal.ids.csv`` beside
    the file tells which number is which city.
    """
    known = as_weights(weights)
    target = checked_path(path, ".gal")
    keys, field, table = _keys(known, id_field)
    matrix = known.matrix_of(year) if known.years is not None else known.matrix
    lines = [_header(known, layer, field)]
    for row, key in enumerate(keys):
        neighbours = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        lines += [f"{key} {len(neighbours)}", " ".join(keys[column] for column in neighbours)]
    return write_with_ids(target, ("\n".join(lines) + "\n").encode(), table)


def write_gwt(
    weights: Any,
    path: str | Path,
    *,
    layer: str = "cities",
    id_field: str = "city_id",
    year: object = None,
) -> Path:
    """Write who receives from whom, and the weight of each pair, with all its digits.

    The first line is ``0 n layer id_field``; then ``i j weight``, a line for each pair. Islands
    have no line: a reader knows them only from the layer.

    Parameters
    ----------
    weights, path, layer, id_field, year
        As for :func:`write_gal`; the ending is .gwt.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If the ending is not .gwt, or the file cannot be written.
    """
    known = as_weights(weights)
    target = checked_path(path, ".gwt")
    keys, field, table = _keys(known, id_field)
    matrix = (known.matrix_of(year) if known.years is not None else known.matrix).tocoo()
    rows, columns = matrix.coords
    lines = [_header(known, layer, field)]
    lines += [
        f"{keys[row]} {keys[column]} {float(weight)!r}"
        for row, column, weight in zip(rows, columns, matrix.data, strict=True)
    ]
    return write_with_ids(target, ("\n".join(lines) + "\n").encode(), table)


def checked_path(path: str | Path, ending: str) -> Path:
    """Return the path when it has the ending of its format, else raise."""
    target = Path(path)
    if target.suffix.lower() != ending:
        raise ExportError(f"{target.name}: this kind of weights file needs the ending {ending}.")
    return target


def _header(weights: Weights, layer: str, field: str) -> str:
    def one_word(text: str) -> str:
        return re.sub(r"[\s\"']+", "_", text.strip()) or "cities"

    return f"0 {weights.n} {one_word(layer)} {one_word(field)}"


def _keys(weights: Weights, id_field: str) -> tuple[list[str], str, pd.DataFrame | None]:
    """Return what stands for each city, the field that holds it, and which number is which city."""
    texts = [str(city) for city in weights.ids]
    usable = all(text and not re.search(r"[\s\x00-\x1f\"]", text) for text in texts)
    if usable and len(set(texts)) == len(texts):
        return texts, id_field, None
    numbers = [str(number) for number in range(1, weights.n + 1)]
    return numbers, RECORD, pd.DataFrame({RECORD: numbers, "city_id": texts})


def write_with_ids(target: Path, content: bytes, table: pd.DataFrame | None) -> Path:
    """Write a file and, where cities are numbered, the table of numbers beside it: both or none.

    Parameters
    ----------
    target : Path
    content : bytes
    table : pandas.DataFrame, optional
        Columns ``record`` and ``city_id``. Without it, a table of an earlier run goes.

    Returns
    -------
    Path
    """
    beside = target.with_name(target.name + IDS_ENDING)
    if table is None:
        with atomic_file(target) as temporary:
            temporary.write_bytes(content)
        beside.unlink(missing_ok=True)  # of an earlier run with other ids
        return target
    with atomic_files(target, beside) as (temporary, temporary_beside):
        temporary.write_bytes(content)
        temporary_beside.write_bytes(csv_text(table).encode("utf-8-sig"))
    return target
