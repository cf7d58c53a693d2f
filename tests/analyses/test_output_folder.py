"""Output folders: whole or not at all, and nobody's files are lost."""

import pytest

from analyses.output_folder import RUN_RECORD, output_folder
from spatial.errors import ExportError


def names(folder):
    return sorted(item.name for item in folder.iterdir())


def test_new_folder(tmp_path):
    with output_folder(tmp_path / "deep" / "results") as folder:
        (folder / RUN_RECORD).write_text("{}")
        assert not (tmp_path / "deep" / "results").exists()
    assert names(tmp_path / "deep") == ["results"]
    assert names(tmp_path / "deep" / "results") == [RUN_RECORD]


def test_existing_folder_is_refused_without_overwrite(tmp_path):
    target = tmp_path / "results"
    target.mkdir()
    (target / RUN_RECORD).write_text("old")
    with pytest.raises(ExportError, match="--overwrite"), output_folder(target):
        pass
    assert (target / RUN_RECORD).read_text() == "old"


def test_foreign_folder_is_never_replaced(tmp_path):
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "chapter.docx").write_text("years of work")
    with pytest.raises(ExportError, match="no results of interurban"):
        with output_folder(target, overwrite=True):
            pass
    assert names(target) == ["chapter.docx"]


def test_overwrite_replaces_everything(tmp_path):
    target = tmp_path / "results"
    target.mkdir()
    (target / RUN_RECORD).write_text("old")
    (target / "stale.png").write_text("old")
    with output_folder(target, overwrite=True) as folder:
        (folder / RUN_RECORD).write_text("new")
    assert names(target) == [RUN_RECORD]
    assert (target / RUN_RECORD).read_text() == "new"
    assert names(tmp_path) == ["results"]


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_failure_leaves_old_results_whole(tmp_path, fault):
    target = tmp_path / "results"
    target.mkdir()
    (target / RUN_RECORD).write_text("old")
    with pytest.raises(fault), output_folder(target, overwrite=True) as folder:
        (folder / "half.txt").write_text("half")
        raise fault
    assert names(tmp_path) == ["results"]
    assert names(target) == [RUN_RECORD]


def test_inputs_inside_the_folder_are_protected(tmp_path):
    target = tmp_path / "results"
    target.mkdir()
    (target / RUN_RECORD).write_text("old")
    (target / "panel.csv").write_text("data")
    with pytest.raises(ExportError, match="panel.csv"):
        with output_folder(target, overwrite=True, inputs=[target / "panel.csv"]):
            pass
    assert (target / "panel.csv").exists()


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "results").write_text("a file")
    with pytest.raises(ExportError, match="is a file"), output_folder(tmp_path / "results"):
        pass


def test_an_empty_folder_may_be_used(tmp_path):
    (tmp_path / "results").mkdir()
    with output_folder(tmp_path / "results") as folder:
        (folder / RUN_RECORD).write_text("{}")
    assert names(tmp_path) == ["results"]
