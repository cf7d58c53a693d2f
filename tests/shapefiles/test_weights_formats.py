"""Weights go through every format and come back the same; libpysal reads and writes them too."""

from __future__ import annotations

import struct

import libpysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.io import loadmat, savemat

from shapefiles.weights_files import write_gal, write_gwt
from shapefiles.weights_readers import read_weights
from shapefiles.weights_writers import (
    write_mat,
    write_matrix_csv,
    write_matrix_excel,
    write_swm,
)
from spatial.errors import AlignmentError, ConfigError, ExportError, InputError, WeightsError
from spatial.weights import Weights, weights_by_year

WRITERS = {
    ".gwt": write_gwt,
    ".swm": write_swm,
    ".mat": write_mat,
    ".csv": write_matrix_csv,
    ".xlsx": write_matrix_excel,
}
PLAIN = ["7", "12", "3", "2147483647", "40"]
HARD = ["01001", "北京市", "New York, NY", 'say "hi"', "a;b"]


def weights_of(ids, seed=0, *, island=False) -> Weights:
    rng = np.random.default_rng(seed)
    n = len(ids)
    dense = rng.random((n, n)) * (rng.random((n, n)) < 0.6)
    dense[:, 0] = rng.random(n)
    dense[0, 1] = 1 / 3
    np.fill_diagonal(dense, 0.0)
    if island:
        dense[2, :] = dense[:, 2] = 0.0
    return Weights(pd.Index(ids), (sparse.csr_array(dense),))


def same(read: Weights, written: Weights) -> None:
    assert list(read.ids) == [str(city) for city in written.ids]
    # a workbook holds 16 significant digits, all other formats hold the number itself
    rtol = 1e-15 if read.description.endswith(".xlsx") else 0.0
    np.testing.assert_allclose(read.matrix.toarray(), written.matrix.toarray(), rtol=rtol, atol=0)


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("ids", [PLAIN, HARD], ids=["plain", "hard"])
@pytest.mark.parametrize("island", [False, True])
def test_round_trips_keep_every_digit(ending, ids, island, tmp_path):
    written = weights_of(ids, island=island)
    path = WRITERS[ending](written, tmp_path / f"w{ending}")
    same(read_weights(path, ids=ids), written)
    if not (ending == ".gwt" and island and ids is PLAIN):
        read = read_weights(path)
        same(read.reordered(pd.Index(ids)), written)
        assert read.direction == "row receives from column"
        assert path.name in read.description


@given(st.integers(0, 10_000))
def test_gal_round_trip(seed):
    import tempfile
    from pathlib import Path

    written = weights_of(HARD, seed, island=True).transformed("binary")
    with tempfile.TemporaryDirectory() as folder:
        read = read_weights(write_gal(written, Path(folder) / "w.gal"))
    same(read, written)
    assert read.transform == "binary"


@pytest.mark.parametrize("ending", WRITERS)
def test_rows_that_sum_to_one_are_recognised_and_order_is_the_callers(ending, tmp_path):
    written = weights_of(PLAIN).transformed("row")
    path = WRITERS[ending](written, tmp_path / f"w{ending}")
    turned = read_weights(path, ids=[int(city) for city in reversed(PLAIN)])
    assert turned.transform == "row"
    assert list(turned.ids) == [int(city) for city in reversed(PLAIN)]
    np.testing.assert_allclose(
        turned.matrix.toarray(), written.matrix.toarray()[::-1, ::-1], rtol=1e-15
    )
    if ending != ".mat":
        with pytest.raises(AlignmentError, match="'99'"):
            read_weights(path, ids=[*PLAIN[:-1], "99"])


def test_libpysal_reads_what_is_written(tmp_path):
    written = weights_of(PLAIN, island=True)
    read = libpysal.io.open(str(write_swm(written, tmp_path / "w.swm")), "r").read()
    order = [int(city) for city in PLAIN]
    dense, ids = read.full()
    at = [ids.index(city) for city in order]
    np.testing.assert_array_equal(dense[np.ix_(at, at)], written.matrix.toarray())
    content = loadmat(write_mat(written, tmp_path / "w.mat", variable="Wd"))
    np.testing.assert_array_equal(content["Wd"].toarray(), written.matrix.toarray())
    assert [cell[0] for cell in content["ids"][:, 0]] == PLAIN


@pytest.mark.parametrize("ending", [".gal", ".gwt", ".swm", ".mat"])
def test_what_libpysal_writes_is_read(ending, tmp_path):
    written = weights_of([1, 2, 3, 4, 5])
    if ending == ".gal":
        written = written.transformed("binary")
    path = tmp_path / f"w{ending}"
    file = libpysal.io.open(str(path), "w")
    file.write(written.to_w())
    file.close()
    read = read_weights(path, ids=[1, 2, 3, 4, 5])
    # libpysal writes .gwt with six digits
    np.testing.assert_allclose(read.matrix.toarray(), written.matrix.toarray(), rtol=1e-5)


def test_the_columbus_gal_of_geoda(shared_folder):
    path = shared_folder / "reference" / "03_columbus_crosssection" / "columbus.gal"
    ours = read_weights(path)
    theirs = libpysal.io.open(str(path), "r").read()
    assert ours.n == theirs.n == 49
    table = ours.to_frame()
    for city, near in theirs.neighbors.items():
        assert set(table.loc[table["focal"] == city, "neighbor"]) == set(near)


def test_the_new_swm_layout_with_one_weight_for_a_row(tmp_path):
    header = b"VERSION@10.1;UNIQUEID@FID;SPATIALREFNAME@X;FIXEDWEIGHTS@True\n"
    body = struct.pack("<2i", 3, 1)
    body += struct.pack("<2i2idd", 1, 2, 2, 3, 0.5, 2.0)
    body += struct.pack("<2i", 2, 0)
    body += struct.pack("<2iidd", 3, 1, 1, 1.0, 1.0)
    path = tmp_path / "new.swm"
    path.write_bytes(header + body)
    read = read_weights(path)
    assert list(read.ids) == ["1", "2", "3"]
    np.testing.assert_array_equal(read.matrix.toarray(), [[0, 0.5, 0.5], [0, 0, 0], [1, 0, 0]])
    path.write_bytes((header + body)[:-3])
    with pytest.raises(InputError, match="complete"):
        read_weights(path)


def test_bare_matrices_need_ids(tmp_path):
    dense = np.array([[0, 1.5, 0], [2, 0, 0.25], [0, 1, 0]])
    np.savetxt(tmp_path / "bare.txt", dense)
    savemat(tmp_path / "bare.mat", {"A": dense, "x": np.zeros((3, 1))})
    for name in ("bare.txt", "bare.mat"):
        read = read_weights(tmp_path / name, ids=["a", "b", "c"])
        np.testing.assert_array_equal(read.matrix.toarray(), dense)
        with pytest.raises(InputError, match="ids="):
            read_weights(tmp_path / name)
    savemat(tmp_path / "two.mat", {"A": dense, "B": dense.T})
    with pytest.raises(InputError, match="variable="):
        read_weights(tmp_path / "two.mat", ids="abc")
    read = read_weights(tmp_path / "two.mat", ids="abc", variable="B")
    np.testing.assert_array_equal(read.matrix.toarray(), dense.T)
    with pytest.raises(ConfigError, match="'C'"):
        read_weights(tmp_path / "two.mat", ids="abc", variable="C")


def test_a_pandas_table_with_another_column_order_is_matched_by_label(tmp_path):
    written = weights_of(HARD)
    frame = pd.DataFrame(written.matrix.toarray(), HARD, HARD).loc[:, HARD[::-1]]
    frame.to_csv(tmp_path / "w.csv", float_format="%.17g")
    same(read_weights(tmp_path / "w.csv"), written)
    for city in HARD:
        frame.loc[city, city] = np.nan
    frame.to_csv(tmp_path / "w.csv", float_format="%.17g")
    same(read_weights(tmp_path / "w.csv"), written)
    frame.to_excel(tmp_path / "w.xlsx", sheet_name="first")
    same(read_weights(tmp_path / "w.xlsx", sheet="first"), written)
    with pytest.raises(ConfigError, match="sheet"):
        read_weights(tmp_path / "w.xlsx", sheet="other")
    frame.iloc[0, 0] = np.nan
    frame.to_csv(tmp_path / "w.csv")
    with pytest.raises(InputError, match="write 0"):
        read_weights(tmp_path / "w.csv")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("w.gal", "0 2 x y\na 1\nb\n", "announces 2 cities"),
        ("w.gal", "0 1 x y\na 2\nb\n", "lists 1"),
        ("w.gal", "0 1 x y\na 1\nz\n", "'z'"),
        ("w.gal", "hello\n", "does not begin"),
        ("w.gwt", "0 3 x y\na b 1\nb a 1\n", "islands"),
        ("w.gwt", "0 2 x y\na b one\n", "damaged"),
        ("w.gwt", "0 2 x y\na b 1\na b 2\n", "more than once"),
        ("w.mat", "no matlab", "MATLAB"),
        ("w.csv", "a,b\n1,2,3\n", "square"),
        ("w.xlsx", "no workbook", "Excel"),
        ("w.docx", "x", "known endings"),
    ],
)
def test_damaged_files_are_named(name, text, said, tmp_path):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_weights(path)


def test_entries_that_are_no_weights_are_refused(tmp_path):
    (tmp_path / "w.csv").write_text(",a,b\na,0,-1\nb,1,0\n")
    with pytest.raises(WeightsError, match="negative"):
        read_weights(tmp_path / "w.csv")


def test_writers_are_deterministic_check_their_ending_and_take_a_year(tmp_path):
    one, two = weights_of(PLAIN, 1), weights_of(PLAIN, 2)
    moving = weights_by_year({2001: one, 2002: two})
    for ending, writer in WRITERS.items():
        first = writer(moving, tmp_path / f"a{ending}", year=2002)
        second = writer(two, tmp_path / f"b{ending}")
        assert first.read_bytes() == second.read_bytes()
        with pytest.raises(ExportError, match="ending"):
            writer(one, tmp_path / "w.wrong")
    with pytest.raises(ExportError, match="variable"):
        write_mat(one, tmp_path / "w.mat", variable="1W")
