"""Whatever names a study file has: files stay in the output folder, none replaces another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.export import run_and_write
from analyses.layers_base import SLUG_LENGTH, table_slugs
from analyses.output_folder import RUN_RECORD, output_folder
from analyses.study_file import study_from_text
from shapefiles.file_names import distinct_names, is_reserved
from spatial.errors import ConfigError, ExportError

NAMES = [
    "../x",
    "../../etc/passwd",
    "/absolute",
    "C:\\Windows",
    "..",
    "...",
    "CON",
    "con",
    "nul.txt",
    "LPT1",
    "trailing dots...",
    " blanks ",
    "n" * 300,
    "n" * 301,
    "网络" * 150,
    "Case",
    "case",
    "a b",
    "a-b",
    "a/b",
    "a:b",
    "tab\there",
    "café",
    "cafe\u0301",
    "😀",
    "*?<>|",
    "\u202eevil",
]


def study_with(names: list[str], text: str):
    parts = "".join(
        f'[[weights]]\nname = "{_toml(name)}"\nkind = "knn"\nk = {at + 1}\n'
        for at, name in enumerate(names)
    )
    return study_from_text(text.replace("[autocorrelation]", parts + "\n[autocorrelation]"))


def _toml(name: str) -> str:
    return name.replace("\\", "\\\\").replace("\t", "\\t")


def check_file_name(name: str) -> None:
    assert re.fullmatch(r"[^\x00-\x1f<>:\"/\\|?*]+", name)
    assert name not in {".", ".."}
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))
    assert not is_reserved(name)
    assert len(f"links_{name}.graphml".encode()) <= 255


class TestSlugs:
    def test_names_of_a_study(self, small_study):
        study = study_with(NAMES, small_study.text)
        slugs = [study.slug_of(name) for name in NAMES]
        for slug in slugs:
            check_file_name(slug)
        assert len({slug.casefold() for slug in slugs}) == len(slugs)

    def test_plain_names_keep_theirs(self, small_study):
        study = study_with(["queen", "nearest 6", "铁路"], small_study.text)
        assert [study.slug_of(name) for name in ("queen", "nearest 6", "铁路", "gravity")] == [
            "queen",
            "nearest_6",
            "铁路",
            "gravity",
        ]

    @given(st.lists(st.text(min_size=1, max_size=80), unique=True, max_size=30))
    def test_tables_have_names_of_their_own(self, names):
        slugs = table_slugs(names)
        assert list(slugs) == names
        assert len(set(slugs.values())) == len(names)
        for slug in slugs.values():
            assert re.fullmatch(r"[a-z0-9_]+", slug)
            assert len(slug) <= SLUG_LENGTH

    @given(st.lists(st.text(max_size=60), unique=True, max_size=30))
    def test_any_names_give_distinct_file_names(self, keys):
        names = distinct_names(keys, limit=50, forbidden=r"[^\w.-]+", ending="_{}", strip=" ._'")
        assert len({name.casefold() for name in names.values()}) == len(keys)
        for name in names.values():
            check_file_name(name)


class TestStudyFile:
    @pytest.mark.parametrize(
        "name",
        [
            "../x",
            "a/b",
            "a\\b",
            "/x",
            "..",
            "",
            " ",
            "x" * 300,
            "CON",
            "nul",
            "aux.b",
            "end.",
            "a b",
        ],
    )
    def test_the_name_of_the_outputs(self, small_study, name):
        text = small_study.text.replace('name = "west"', f"name = '{name}'")
        with pytest.raises(ConfigError, match="outputs.name"):
            study_from_text(text)

    def test_wordings_that_meet(self, small_study):
        text = small_study.text + '\n[values."nearest 4"]\nen = "w"\n[values."gravity linkage"]\n'
        with pytest.raises(ConfigError, match=r"\[values\].*weights.*'w'"):
            study_from_text(text + 'en = "w"\n')

    def test_a_template_that_is_missing_stops_before_the_work(self, small_study):
        small_study.text = small_study.text.replace(
            'name = "west"', 'name = "west"\nreport_template = "../nowhere.j2"'
        )
        output = small_study.folder.parent / "results"
        with pytest.raises(ExportError, match="nowhere.j2"):
            run_and_write(small_study.write(), output, progress=pytest.fail)
        assert not output.exists()


class TestRun:
    def test_nothing_leaves_the_folder_and_nothing_is_lost(self, small_study, monkeypatch):
        """Weights, network and model with names that climb; the output folder is a link."""
        for old, new in (
            ('name = "nearest 4"', 'name = "../../evil"'),
            ('weights = "nearest 4"', 'weights = "../../evil"'),
            ('name = "gravity linkage"', 'name = "CON"'),
            ('name = "gravity"', 'name = "/absolute/network"'),
            ('network = "gravity"', 'network = "/absolute/network"'),
            ('name = "spillovers"', 'name = "..\\\\model"'),
            ('name = "1990-91"', 'name = "../shock"'),
        ):
            assert old in small_study.text
            small_study.text = small_study.text.replace(old, new)
        file = small_study.write()
        root = small_study.folder.parent
        (root / "real").mkdir()
        (root / "link").symlink_to(root / "real", target_is_directory=True)
        before = _files(root)
        run_and_write(file, root / "link")
        assert (root / "link").is_symlink()
        made = _files(root) - before
        assert made
        assert all(path.is_relative_to(root / "real") for path in made)
        for path in made:
            check_file_name(path.name)
        names = {path.relative_to(root / "real").as_posix() for path in made}
        assert {
            "weights/evil.gal",
            "weights/_CON.gwt",
            "networks/absolute_network.graphml",
        } <= names
        assert {"tables/model_model.csv", "figures/effects_model.png", RUN_RECORD} <= names


def _files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if path.is_file() and "link" not in path.parts}


class TestOutputFolder:
    def test_a_link_stays_a_link(self, tmp_path):
        (tmp_path / "real").mkdir()
        (tmp_path / "real" / RUN_RECORD).write_text("old")
        (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
        with output_folder(tmp_path / "link", overwrite=True) as folder:
            (folder / RUN_RECORD).write_text("new")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "real" / RUN_RECORD).read_text() == "new"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]

    def test_a_link_to_nowhere_is_followed(self, tmp_path):
        (tmp_path / "link").symlink_to(tmp_path / "later")
        with output_folder(tmp_path / "link") as folder:
            (folder / RUN_RECORD).write_text("new")
        assert (tmp_path / "later" / RUN_RECORD).read_text() == "new"
