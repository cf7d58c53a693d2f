"""Spatial weights from files: ``.gal``, ``.gwt``, ``.swm``, ``.mat``, a matrix in CSV or Excel."""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from shapefiles.read_encoding import decoded_text
from shapefiles.read_files import existing_file
from shapefiles.read_values import is_missing
from shapefiles.weights_files import IDS_ENDING
from spatial.alignment import require_same_cities
from spatial.errors import ConfigError, InputError, listed
from spatial.options import Transform
from spatial.weights.types import Weights

Link = tuple[str, str, float]
UNIT_SUM = 1e-9
"""Row sums of a file with nine decimals or more miss one by less."""


def read_weights(
    path: str | Path,
    *,
    ids: Iterable[object] | None = None,
    variable: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
) -> Weights:
    """Read spatial weights; the ending tells the format.

    =====================  ======================================================================
    ``.gal``               GeoDa: who receives from whom; all weights are one
    ``.gwt``               GeoDa: receiver, sender, weight. GeoDa itself writes **distances** there
                           for distance and nearest-neighbour weights: look before using them
    ``.swm``               ArcGIS, old and new layout; ids are whole numbers
    ``.mat``               MATLAB up to 7.2: a square matrix, full or sparse
    ``.csv .tsv .txt``     a matrix with ids in the first row and the first column, or bare
    ``.xlsx .xlsm``        the same on a sheet
    =====================  ======================================================================

    Parameters
    ----------
    path : str or Path
    ids : iterable, optional
        City ids. For labelled files: those expected, in the order wanted, matched by their text
        (so 5 finds "5"); a ``.gwt`` file with islands needs them. For bare matrices: the ids of
        the rows in their order.
    variable : str, optional
        Name of the matrix in a ``.mat`` file; not needed when there is only one square one.
    sheet : str, optional
        Sheet of a workbook; the first by default.
    encoding : str, optional
        Of text files; recognised when not given.

    Returns
    -------
    Weights
        Row receives from column: row, first id of a pair and origin are the receiver, as GeoDa
        and ArcGIS mean it. Marked as ``binary`` where all entries are one, as ``row`` where all
        rows with neighbours sum to one.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another kind, or holds no ids and none are given.
    AlignmentError
        If the cities of the file are not those expected.
    WeightsError
        If the entries are no weights (negative, not finite, on the diagonal).

    Notes
    -----
    Where a ``.ids.csv`` file lies beside, as ``write_gal`` and its kin leave one when city ids
    cannot stand in the format, the numbers of the file are turned back into city ids.
    """
    file = existing_file(path, what="weights")
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise InputError(
            f"{file.name} is no weights file that can be read: {file.suffix or 'no ending'}; "
            f"known endings are {listed(_READERS)}."
        )
    wanted = None if ids is None else pd.Index(list(ids))
    asked = Asked(file, wanted, variable, sheet, encoding)
    known, matrix = reader(asked)
    if wanted is not None and known is not wanted:
        require_same_cities(
            pd.Index([str(city) for city in wanted]), known, left_name="ids", right_name=file.name
        )
        order = known.get_indexer(pd.Index([str(city) for city in wanted]))
        known, matrix = wanted, sparse.csr_array(matrix[order][:, order])
    return Weights(
        known,
        (matrix,),
        _scale_of(matrix),
        f"file {file.name}",
        {"kind": "file", "file": file.name},
    )


@dataclass(frozen=True)
class Asked:
    """What the caller asked for."""

    file: Path
    ids: pd.Index | None
    variable: str | None
    sheet: str | None
    encoding: str | None


Reader = Callable[[Asked], tuple[pd.Index, sparse.csr_array]]


def _scale_of(matrix: sparse.csr_array) -> Transform:
    if matrix.nnz and (matrix.data == 1.0).all():
        return "binary"
    sums = matrix.sum(axis=1)
    filled = np.diff(matrix.indptr) > 0
    return "row" if filled.any() and np.abs(sums[filled] - 1.0).max() < UNIT_SUM else "none"


def _from_links(
    file: Path, cities: Sequence[str], links: Sequence[Link]
) -> tuple[pd.Index, sparse.csr_array]:
    """Build the matrix of labelled links, with numbers turned back into ids where need be."""
    known = pd.Index(list(cities))
    if not known.is_unique:
        raise InputError(
            f"{file.name} lists cities twice: {listed(known[known.duplicated()].unique())}."
        )
    receiver = known.get_indexer(pd.Index([link[0] for link in links], dtype=object))
    sender = known.get_indexer(pd.Index([link[1] for link in links], dtype=object))
    strange = {link[1] for link, at in zip(links, sender, strict=True) if at < 0}
    strange |= {link[0] for link, at in zip(links, receiver, strict=True) if at < 0}
    if strange:
        raise InputError(
            f"{file.name} names neighbours that are no cities of the weights: "
            f"{listed(sorted(strange))}."
        )
    pairs = receiver.astype(np.int64) * len(known) + sender
    if len(np.unique(pairs)) < len(pairs):
        raise InputError(f"{file.name} lists the same pair of cities more than once.")
    entries = np.array([link[2] for link in links], dtype=float)
    shape = (len(known), len(known))
    return _original_ids(file, known), sparse.csr_array((entries, (receiver, sender)), shape)


def _original_ids(file: Path, known: pd.Index) -> pd.Index:
    beside = file.with_name(file.name + IDS_ENDING)
    if not beside.is_file():
        return known
    table = pd.read_csv(beside, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    numbers = dict(zip(table.iloc[:, 0], table.iloc[:, 1], strict=True))
    if set(numbers) != set(known):
        raise InputError(
            f"{beside.name} does not belong to {file.name}: their numbers differ. Write the "
            "weights again, or move the table away."
        )
    return pd.Index([numbers[city] for city in known], dtype=object)


def _lines(asked: Asked) -> list[list[str]]:
    file = asked.file
    text, _ = decoded_text(file.read_bytes(), what=file.name, encoding=asked.encoding)
    return [line.split() for line in text.splitlines() if line.strip()]


def _header_count(file: Path, lines: list[list[str]]) -> int:
    """Read the number of cities of a GeoDa header: ``n`` or ``0 n layer id_field``."""
    first = lines[0] if lines else [""]
    word = first[1] if len(first) > 1 else first[0]
    if not word.isdecimal():
        raise InputError(
            f"{file.name} does not begin as a weights file of GeoDa (0 n layer id_field), but "
            f"with {' '.join(first)!r}."
        )
    return int(word)


def _read_gal(asked: Asked) -> tuple[pd.Index, sparse.csr_array]:
    file = asked.file
    lines = _lines(asked)
    count, at = _header_count(file, lines), 1
    cities: list[str] = []
    links: list[Link] = []
    while at < len(lines):
        if len(lines[at]) != 2 or not lines[at][1].isdecimal():
            raise InputError(
                f"{file.name} is damaged at {' '.join(lines[at])!r}: a city and its number of "
                "neighbours were expected."
            )
        city, wanted = lines[at][0], int(lines[at][1])
        near: list[str] = []
        at += 1
        while len(near) < wanted and at < len(lines):
            near += lines[at]
            at += 1
        if len(near) != wanted:
            raise InputError(
                f"{file.name} announces {wanted} neighbours of city {city!r} and lists {len(near)}."
            )
        cities.append(city)
        links += [(city, other, 1.0) for other in near]
    _require_count(file, len(cities), count)
    return _from_links(file, cities, links)


def _read_gwt(asked: Asked) -> tuple[pd.Index, sparse.csr_array]:
    file = asked.file
    lines = _lines(asked)
    count = _header_count(file, lines)
    links: list[Link] = []
    for words in lines[1:]:
        try:
            receiver, sender, weight = words
            links.append((receiver, sender, float(weight)))
        except ValueError as error:
            raise InputError(
                f"{file.name} is damaged at {' '.join(words)!r}: two ids and a weight were "
                "expected."
            ) from error
    beside = file.with_name(file.name + IDS_ENDING)
    named = list(dict.fromkeys(city for link in links for city in link[:2]))
    if beside.is_file():
        table = pd.read_csv(beside, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        named = table.iloc[:, 0].tolist()
    elif asked.ids is not None:
        # only a complete list may add the islands; other lists are reported by the caller
        expected = [str(city) for city in asked.ids]
        if set(named) <= set(expected) and len(expected) == count:
            named = expected
    if len(named) < count and asked.ids is None:
        raise InputError(
            f"{file.name} has {count} cities and names {len(named)}: the others are islands, which "
            "the format does not name. Give the ids of all cities as ids=."
        )
    _require_count(file, len(named), count)
    return _from_links(file, named, links)


def _require_count(file: Path, found: int, announced: int) -> None:
    if found != announced:
        raise InputError(f"{file.name} announces {announced} cities and holds {found}.")


def _read_swm(asked: Asked) -> tuple[pd.Index, sparse.csr_array]:
    file = asked.file
    stream = io.BytesIO(file.read_bytes())
    header = stream.readline().decode("utf-8", errors="replace").strip()
    facts = dict(
        item.split("@", 1)
        for item in header.split(";")
        if header.startswith("VERSION@") and "@" in item
    )
    fixed = facts.get("FIXEDWEIGHTS", "").strip().upper() == "TRUE"
    cities: list[str] = []
    links: list[Link] = []
    try:
        count, _ = _unpacked(stream, "<2i")
        for _ in range(int(count)):
            city, near = (int(number) for number in _unpacked(stream, "<2i"))
            cities.append(str(city))
            if near <= 0:
                continue
            others = _unpacked(stream, f"<{near}i")
            weights = _unpacked(stream, "<d") * near if fixed else _unpacked(stream, f"<{near}d")
            _unpacked(stream, "<d")  # the sum before rows were scaled
            links += [
                (str(city), str(int(other)), float(weight))
                for other, weight in zip(others, weights, strict=True)
            ]
    except (struct.error, OverflowError, MemoryError) as error:
        raise InputError(
            f"{file.name} is no complete .swm file of ArcGIS: it ends before its last city."
        ) from error
    return _from_links(file, cities, links)


def _unpacked(stream: io.BytesIO, layout: str) -> tuple[float, ...]:
    size = struct.calcsize(layout)
    return struct.unpack(layout, stream.read(size))


def _read_mat(asked: Asked) -> tuple[pd.Index, sparse.csr_array]:
    file = asked.file
    try:
        content = loadmat(file, spmatrix=False)
    except NotImplementedError as error:
        raise InputError(
            f"{file.name} is a MATLAB file of version 7.3; save it by save('{file.name}', 'W', "
            "'-v7')."
        ) from error
    except (ValueError, TypeError, OSError, MatReadError) as error:
        raise InputError(f"{file.name} is no MATLAB file: {error}.") from error
    square = {
        name: value
        for name, value in content.items()
        if not name.startswith("__") and _is_square_matrix(value)
    }
    name = asked.variable
    if name is not None and name not in square:
        raise ConfigError(
            f"variable={name!r} is no square matrix of {file.name}; there are {listed(square)}."
        )
    if name is None and len(square) != 1:
        raise InputError(
            f"{file.name} holds {len(square)} square matrices ({listed(square)}); name one as "
            "variable=."
        )
    matrix = sparse.csr_array(square[name or next(iter(square))], dtype=float)
    matrix.eliminate_zeros()
    if "ids" in content:
        cities = [str(np.squeeze(cell)) for cell in np.ravel(content["ids"])]
        return pd.Index(cities, dtype=object), matrix
    return _bare_ids(file, asked.ids, matrix.shape[0]), matrix


def _is_square_matrix(value: object) -> bool:
    shape: tuple[int, ...] = getattr(value, "shape", ())
    kind = getattr(getattr(value, "dtype", None), "kind", "O")
    return len(shape) == 2 and shape[0] == shape[1] and shape[0] > 0 and kind in "biuf"


def _bare_ids(file: Path, ids: pd.Index | None, n: int) -> pd.Index:
    if ids is None:
        raise InputError(
            f"{file.name} holds a matrix without city ids; give them in the order of its rows as "
            "ids=."
        )
    if len(ids) != n:
        raise InputError(f"{file.name} has {n} rows, but {len(ids)} ids were given.")
    return ids


def _read_text_matrix(asked: Asked) -> tuple[pd.Index, sparse.csr_array]:
    file = asked.file
    text, _ = decoded_text(file.read_bytes(), what=file.name, encoding=asked.encoding)
    first = next((line for line in text.splitlines() if line.strip()), "")
    mark = max(",;\t ", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark, skipinitialspace=mark == " ")
    cells = [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    return _from_cells(file, cells, asked.ids)


def _read_excel_matrix(asked: Asked) -> tuple[pd.Index, sparse.csr_array]:
    file = asked.file
    from zipfile import BadZipFile

    try:
        with pd.ExcelFile(file, engine="openpyxl") as book:
            names, sheet = [str(name) for name in book.sheet_names], asked.sheet
            if sheet is not None and sheet not in names:
                raise ConfigError(f"{file.name} has no sheet {sheet!r}; it has {listed(names)}.")
            table = pd.read_excel(
                book,
                sheet_name=sheet or names[0],
                header=None,
                dtype=object,
                keep_default_na=False,
            )
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(f"{file.name} is no Excel workbook: {error}.") from error
    cells = [[_text(cell) for cell in row] for row in table.to_numpy(dtype=object)]
    return _from_cells(file, [row for row in cells if any(row)], asked.ids)


def _text(cell: object) -> str:
    if is_missing(cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # numbers used as ids come as 5.0
    return repr(float(cell)) if isinstance(cell, float) else str(cell).strip()


def _from_cells(
    file: Path, cells: list[list[str]], ids: pd.Index | None
) -> tuple[pd.Index, sparse.csr_array]:
    """Labelled when there is one row and one column more than numbers; else bare."""
    widths = {len(row) for row in cells}
    n = len(cells)
    if len(widths) != 1 or widths != {n} or n < 2:
        raise InputError(
            f"{file.name} is no square matrix: {n} rows of {listed(sorted(widths))} cells. Rows "
            "and columns need the same cities, with or without their ids."
        )
    # A bare matrix has as many rows as there are ids; a labelled one has one more.
    if ids is not None and len(ids) == n:
        return ids, _numbers(file, cells, ids)
    if ids is None and _is_number(cells[0][0]) and float(cells[0][0]) == 0.0:
        _bare_ids(file, None, n)
    rows = pd.Index([row[0] for row in cells[1:]], dtype=object)
    columns = pd.Index(cells[0][1:], dtype=object)
    require_same_cities(
        rows, columns, left_name=f"rows of {file.name}", right_name=f"columns of {file.name}"
    )
    order = columns.get_indexer(rows)
    body = [[row[1:][at] for at in order] for row in cells[1:]]
    return rows, _numbers(file, body, rows)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _numbers(file: Path, cells: list[list[str]], ids: pd.Index) -> sparse.csr_array:
    for at, row in enumerate(cells):
        row[at] = row[at] or "0"  # an empty diagonal is usual; other empty cells are not
        wrong = [ids[j] for j, cell in enumerate(row) if not _is_number(cell)]
        if wrong:
            raise InputError(
                f"{file.name}: the row of city {ids[at]!r} is empty or no number in the columns "
                f"{listed(wrong)}; write 0 where there is no link."
            )
    return sparse.csr_array(np.array(cells, dtype=float))


_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        ".gal": _read_gal,
        ".gwt": _read_gwt,
        ".swm": _read_swm,
        ".mat": _read_mat,
        ".csv": _read_text_matrix,
        ".tsv": _read_text_matrix,
        ".txt": _read_text_matrix,
        ".xlsx": _read_excel_matrix,
        ".xlsm": _read_excel_matrix,
    }
)
