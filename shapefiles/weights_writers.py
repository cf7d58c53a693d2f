"""Spatial weights for other programs: CSV, Excel, MATLAB ``.mat``, ArcGIS ``.swm``."""

from __future__ import annotations

import csv
import datetime
import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter
from scipy import sparse
from scipy.io import savemat

from shapefiles.atomic import atomic_file, write_text_atomically
from shapefiles.weights_files import RECORD, checked_path, write_with_ids
from spatial.errors import ExportError
from spatial.weights.types import Weights, as_weights

CORNER = "receiver \\ sender"
_EXCEL_COLUMNS = 16_383
_MATLAB_HEADER = 116
_LARGEST_ID = 2**31 - 1
# A fixed date: the same weights give the same bytes.
_CREATED = datetime.datetime(2000, 1, 1)


def write_matrix_csv(weights: Any, path: str | Path, *, year: object = None) -> Path:
    """Write the full matrix with ids in the first row and the first column.

    Parameters
    ----------
    weights : Weights, libpysal Graph or W, labelled table
        Row receives from column.
    path : str or Path
        Ending .csv.
    year : optional
        Which year, where the weights change by year.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If the ending differs, or the file cannot be written.
    """
    known, matrix = _matrix_of(weights, year)
    target = checked_path(path, ".csv")
    text = io.StringIO(newline="")
    broken = any("\r" in str(city) for city in known.ids)  # quoted by nobody else
    writer = csv.writer(
        text, lineterminator="\n", quoting=csv.QUOTE_ALL if broken else csv.QUOTE_MINIMAL
    )
    writer.writerow([CORNER, *map(str, known.ids)])
    for city, row in _dense_rows(known, matrix):
        writer.writerow([city, *("0" if value == 0.0 else repr(value) for value in row)])
    return write_text_atomically(target, text.getvalue(), encoding="utf-8-sig")


def write_matrix_excel(weights: Any, path: str | Path, *, year: object = None) -> Path:
    """Write the full matrix on one sheet ``W``; ids are texts, so that 01001 keeps its zero.

    Excel keeps 16 significant digits, one fewer than a number has.

    Parameters
    ----------
    weights, path, year
        As for :func:`write_matrix_csv`; the ending is .xlsx.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If the ending differs, there are more cities than columns, or the file cannot be written.
    """
    known, matrix = _matrix_of(weights, year)
    target = checked_path(path, ".xlsx")
    if known.n > _EXCEL_COLUMNS:
        raise ExportError(
            f"{known.n} cities do not fit on a sheet of {_EXCEL_COLUMNS + 1} columns; write .csv, "
            ".mat or .gwt."
        )
    options = {"constant_memory": True}
    with atomic_file(target) as temporary, xlsxwriter.Workbook(str(temporary), options) as book:
        book.set_properties({"created": _CREATED})
        sheet = book.add_worksheet("W")
        sheet.freeze_panes(1, 1)
        sheet.write_string(0, 0, CORNER)
        for at, city in enumerate(known.ids):
            sheet.write_string(0, at + 1, str(city))
        for at, (city, row) in enumerate(_dense_rows(known, matrix)):
            sheet.write_string(at + 1, 0, city)
            for column, value in enumerate(row):
                sheet.write_number(at + 1, column + 1, value)
    return target


def write_mat(weights: Any, path: str | Path, *, variable: str = "W", year: object = None) -> Path:
    """Write a sparse matrix and the cell array ``ids`` for MATLAB (version 5 of the format).

    Parameters
    ----------
    weights, path, year
        As for :func:`write_matrix_csv`; the ending is .mat.
    variable : str
        Name of the matrix in MATLAB.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If the ending or the name of the variable does not do, or the file cannot be written.
    """
    known, matrix = _matrix_of(weights, year)
    target = checked_path(path, ".mat")
    usable = variable.isascii() and variable.isidentifier() and len(variable) <= 31
    if not usable or variable.startswith("_") or variable == "ids":
        raise ExportError(
            f"variable={variable!r} is no name for a matrix in MATLAB beside 'ids'; use letters, "
            "digits and underscores, a letter first, at most 31."
        )
    cells = np.empty((known.n, 1), dtype=object)
    cells[:, 0] = [str(city) for city in known.ids]
    stream = io.BytesIO()
    savemat(stream, {variable: sparse.csc_matrix(matrix), "ids": cells}, oned_as="column")
    content = bytearray(stream.getvalue())
    # The header is free text that scipy fills with the time of writing.
    content[:_MATLAB_HEADER] = b"MATLAB 5.0 MAT-file, spatial weights".ljust(_MATLAB_HEADER)
    with atomic_file(target) as temporary:
        temporary.write_bytes(bytes(content))
    return target


def write_swm(
    weights: Any, path: str | Path, *, id_field: str = "city_id", year: object = None
) -> Path:
    """Write weights for the spatial statistics tools of ArcGIS.

    Parameters
    ----------
    weights, path, year
        As for :func:`write_matrix_csv`; the ending is .swm.
    id_field : str
        Field of the layer that holds the ids.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        If the ending differs, or the file cannot be written.

    Notes
    -----
    ArcGIS joins by whole numbers. Where the ids are others (letters, leading zeros), cities are
    numbered 1..n in the order of the weights, the field is ``record``, and ``NAME.swm.ids.csv``
    beside the file tells which number is which city.
    """
    known, matrix = _matrix_of(weights, year)
    target = checked_path(path, ".swm")
    texts = [str(city) for city in known.ids]
    table = None
    if all(_is_whole(text) for text in texts):
        numbers, field = [int(text) for text in texts], id_field
    else:
        numbers, field = list(range(1, known.n + 1)), RECORD
        table = pd.DataFrame({RECORD: numbers, "city_id": texts})
    if any(mark in field for mark in ";@\n"):
        raise ExportError(f"id_field={field!r} must not hold ';', '@' or a line break.")
    keys = np.array(numbers, dtype="<i4")
    parts = [f"{field};UNKNOWN\n".encode(), struct.pack("<2i", known.n, known.transform == "row")]
    for row in range(known.n):
        span = slice(matrix.indptr[row], matrix.indptr[row + 1])
        near, values = keys[matrix.indices[span]], matrix.data[span].astype("<f8")
        parts.append(struct.pack("<2i", numbers[row], len(near)))
        if len(near):
            parts += [near.tobytes(), values.tobytes(), struct.pack("<d", values.sum())]
    return write_with_ids(target, b"".join(parts), table)


def _is_whole(text: str) -> bool:
    return (
        text.isdecimal() and text.isascii() and str(int(text)) == text and int(text) <= _LARGEST_ID
    )


def _matrix_of(weights: Any, year: object) -> tuple[Weights, sparse.csr_array]:
    known = as_weights(weights)
    return known, known.matrix_of(year) if known.years is not None else known.matrix


def _dense_rows(weights: Weights, matrix: sparse.csr_array) -> Iterator[tuple[str, list[float]]]:
    """Give id and entries of one city after the other, never the whole matrix."""
    for at, city in enumerate(weights.ids):
        row = np.zeros(weights.n)
        span = slice(matrix.indptr[at], matrix.indptr[at + 1])
        row[matrix.indices[span]] = matrix.data[span]
        yield str(city), row.tolist()
