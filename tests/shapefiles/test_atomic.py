"""Files appear whole or not at all."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shapefiles.atomic import (
    atomic_file,
    export_moment,
    refuse_open_database,
    write_text_atomically,
)
from spatial.errors import ExportError


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail():
        with atomic_file(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_successful_write_makes_folders_and_replaces(tmp_path):
    target = tmp_path / "new" / "deep" / "城市.txt"
    assert write_text_atomically(target, "一\n") == target
    assert target.read_bytes() == "一\n".encode()
    write_text_atomically(target, "b")
    assert [path.name for path in target.parent.iterdir()] == ["城市.txt"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="cannot be written"):
        write_text_atomically(tmp_path / "file" / "a.txt", "x")


def test_new_files_are_readable_as_usual(tmp_path):
    path = write_text_atomically(tmp_path / "a.txt", "x")
    (tmp_path / "b.txt").write_text("x")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "b.txt").stat().st_mode)


def test_a_database_open_in_another_program_is_refused(tmp_path):
    path = tmp_path / "a.gpkg"
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE t (x)")
        other.commit()
        other.execute("SELECT * FROM t").fetchall()
        with pytest.raises(ExportError, match=r"a\.gpkg is open in another program"):
            refuse_open_database(path)
    refuse_open_database(path)


def test_a_database_being_written_is_refused(tmp_path):
    path = tmp_path / "a.gpkg"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE t (x)")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ExportError, match="close the project"):
            refuse_open_database(path)


def test_what_is_no_database_may_be_replaced(tmp_path):
    refuse_open_database(tmp_path / "absent.gpkg")
    (tmp_path / "text.gpkg").write_text("no database at all, but long enough to be one " * 10)
    refuse_open_database(tmp_path / "text.gpkg")
    with pytest.raises(ExportError, match="folder"):
        refuse_open_database(tmp_path)


def test_the_time_of_an_export(monkeypatch):
    given = datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=8)))
    assert export_moment(given) == given
    assert export_moment(given).tzinfo is UTC
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert export_moment() == datetime(1970, 1, 2, tzinfo=UTC)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    with pytest.raises(ExportError, match="'soon'"):
        export_moment()
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert abs(export_moment() - datetime.now(UTC)) < timedelta(seconds=10)
