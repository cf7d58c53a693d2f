"""A GeoPackage that is open elsewhere is never damaged by writing it again."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import box

from shapefiles.geopackage import Layer, write_geopackage
from shapefiles.styles import outline_style
from spatial.errors import ExportError


def cities(count: int) -> Layer:
    data = gpd.GeoDataFrame(
        {"name": [f"city {i}" for i in range(count)]},
        geometry=[box(i, 0, i + 1, 1) for i in range(count)],
        crs="EPSG:4326",
        index=[f"{i:03d}" for i in range(count)],
    )
    return Layer(table="cities", title="Cities", data=data, styles=(outline_style(title="x"),))


def sound_count(path: Path) -> int:
    """Number of cities of a file that SQLite finds whole."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return database.execute("SELECT count(*) FROM cities").fetchone()[0]


class Session:
    """A program that has a file open and obeys."""

    def __init__(self, *command: object):
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""}
        self.process = subprocess.Popen(
            [*map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        assert self.process.stdout is not None
        self.first = self.process.stdout.readline().strip()

    def __call__(self, command: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)


@pytest.fixture
def qgis(tmp_path):
    """A session of QGIS with the layer of a fresh GeoPackage, and the file."""
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else shutil.which("python3")
    path = write_geopackage(tmp_path / "data" / "a.gpkg", [cities(5)])
    script = Path(__file__).with_name("hold_in_qgis.py")
    session = Session(python, script, path, "cities", tmp_path / "profile")
    if session.first != "ready":
        session.close()
        pytest.skip("QGIS with its Python module is not installed (Debian: qgis python3-qgis)")
    yield session, path
    session.close()


@pytest.mark.qgis
def test_a_layer_on_the_screen_of_qgis_keeps_the_old_file(qgis):
    session, path = qgis
    assert session("read") == "5"
    write_geopackage(path, [cities(9)])
    assert sound_count(path) == 9
    assert session("read") in ("5", "9")
    session.close()
    assert [one.name for one in path.parent.iterdir()] == ["a.gpkg"]
    assert sound_count(path) == 9


@pytest.mark.qgis
def test_a_file_that_qgis_is_reading_is_refused(qgis):
    session, path = qgis
    before = path.read_bytes()
    session("begin")
    with pytest.raises(ExportError, match="open in another program"):
        write_geopackage(path, [cities(9)])
    assert path.read_bytes() == before
    session("end")
    assert session("read") == "5"


@pytest.mark.qgis
def test_edits_in_qgis_cannot_damage_the_new_file(qgis):
    session, path = qgis
    session("edit")
    try:
        write_geopackage(path, [cities(9)])
    except ExportError:  # also right: QGIS holds a lock
        assert session("save") == "saved"
        assert sound_count(path) == 5
        return
    assert session("save") == "refused"
    session.close()
    assert sound_count(path) == 9
    assert [one.name for one in path.parent.iterdir()] == ["a.gpkg"]


WRITE_AHEAD = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode = WAL")
database.execute("UPDATE gpkg_contents SET description = 'x'")
print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "crash":
        import os
        os._exit(1)
    print(database.execute("SELECT max(description) FROM gpkg_contents").fetchone()[0], flush=True)
"""


def test_an_idle_program_with_a_log_is_refused(tmp_path):
    path = write_geopackage(tmp_path / "a.gpkg", [cities(5)])
    session = Session(sys.executable, "-c", WRITE_AHEAD, path)
    assert session.first == "ready"
    with pytest.raises(ExportError, match="open in another program"):
        write_geopackage(path, [cities(9)])
    assert session("read") == "x"
    session.close()
    assert sound_count(path) == 5
    write_geopackage(path, [cities(9)])
    assert sound_count(path) == 9


def test_the_log_of_a_crashed_program_does_not_meet_the_new_file(tmp_path):
    path = write_geopackage(tmp_path / "a.gpkg", [cities(5)])
    session = Session(sys.executable, "-c", WRITE_AHEAD, path)
    session("crash")
    session.close()
    assert path.with_name("a.gpkg-wal").exists()
    write_geopackage(path, [cities(9)])
    assert sound_count(path) == 9
    assert [one.name for one in tmp_path.iterdir()] == ["a.gpkg"]


def test_a_log_without_its_file_is_removed(tmp_path):
    path = write_geopackage(tmp_path / "a.gpkg", [cities(5)])
    session = Session(sys.executable, "-c", WRITE_AHEAD, path)
    session("crash")
    session.close()
    path.unlink()
    write_geopackage(path, [cities(9)])
    assert sound_count(path) == 9
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT max(name) FROM cities").fetchone() == ("city 8",)


def test_a_program_that_opens_the_file_meanwhile_is_seen(tmp_path, monkeypatch):
    """The old file is looked at again right before it is replaced."""
    from shapefiles import geopackage

    path = write_geopackage(tmp_path / "a.gpkg", [cities(5)])
    write_rows, sessions = geopackage.write_layer_rows, []

    def slow(*arguments):
        sessions.append(Session(sys.executable, "-c", WRITE_AHEAD, path))
        write_rows(*arguments)

    monkeypatch.setattr(geopackage, "write_layer_rows", slow)
    with pytest.raises(ExportError, match="open in another program"):
        write_geopackage(path, [cities(9)])
    sessions[0].close()
    assert sound_count(path) == 5
    assert [one.name for one in tmp_path.iterdir()] == ["a.gpkg"]
