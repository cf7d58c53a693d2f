"""The conformance document: every group within its tolerance, written the same way twice."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def scripts():
    """The script and its modules, importable as they are when it runs."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        yield importlib.import_module("conformance")
    finally:
        sys.path.remove(str(ROOT / "scripts"))


@pytest.fixture(scope="module")
def comparison(scripts):
    return importlib.import_module("conformance_cases.comparison")


@pytest.fixture(scope="module")
def cases(scripts, shared_folder):
    return list(scripts.run_cases(shared_folder / "reference"))


def test_every_group_is_within_its_tolerance(cases):
    assert cases
    for case in cases:
        assert case.groups, case.title
        for group in case.groups:
            assert group.count > 0, (case.title, group.name)
            assert group.largest < group.tolerance.limit, (case.title, group.name)
        assert case.compared <= case.numbers, case.title


def test_the_document_is_written(scripts, cases, shared_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("INTERURBAN_SHARED", str(shared_folder))
    monkeypatch.setattr(scripts, "run_cases", lambda folder: iter(cases))
    path = tmp_path / "conformance.md"
    assert scripts.main(["--output", str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    assert text == scripts.document(cases)
    assert str(shared_folder) not in text
    assert "**missed**" not in text
    for case in cases:
        assert f"## {case.title}\n" in text
        for line in (*case.sources, *case.not_compared):
            assert f"- {line}\n" in text


def test_the_committed_document_is_up_to_date(scripts, cases):
    """Titles, sources and groups; errors in the last digits differ between processors."""
    text = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    for case in cases:
        assert f"## {case.title}\n" in text, "run make conformance"
        for group in case.groups:
            assert f"| {group.name} | {group.count} |" in text, "run make conformance"


def test_without_the_folder_a_sentence_says_what_to_do(scripts, tmp_path, monkeypatch):
    monkeypatch.setenv("INTERURBAN_SHARED", str(tmp_path / "nowhere"))
    with pytest.raises(SystemExit, match="set INTERURBAN_SHARED"):
        scripts.main(["--output", str(tmp_path / "conformance.md")])
    assert not (tmp_path / "conformance.md").exists()


def test_errors_are_relative_unless_the_reference_is_zero(comparison):
    found = comparison.Comparison(
        {"relative": 0.1, "absolute": comparison.Tolerance(0.1, absolute=True), "empty": 0.1}
    )
    found.add("relative", [2.0, -202.0, 0.01], [2.0, -200.0, 0.0])
    found.add_labelled(
        "absolute", pd.Series({"b": 3.0, "a": 1.0}), {"A": 1.5, "b": 3.0}, {"A": "a"}
    )
    relative, absolute, empty = found.groups()
    assert (relative.count, relative.largest) == (3, pytest.approx(0.01))
    assert relative.passed
    assert (absolute.count, absolute.largest) == (2, 0.5)
    assert not absolute.passed
    assert empty.count == 0
    assert not empty.passed


def test_missing_numbers_fail(comparison):
    found = comparison.Comparison({"group": 0.1})
    found.add("group", [np.nan, 1.0], [1.0, 1.0])
    assert found.groups()[0].largest == np.inf
    found.add_labelled("group", pd.Series({"a": 1.0}), {"b": 1.0})
    assert found.groups()[0].count == 3
    with pytest.raises(ValueError, match="1 numbers against 2"):
        found.add("group", 1.0, [1.0, 2.0])


def test_a_missed_tolerance_is_shown_and_ends_with_status_one(
    scripts, comparison, tmp_path, monkeypatch, capsys
):
    (tmp_path / "reference").mkdir()
    group = comparison.Group("values", 2, 0.25, comparison.Tolerance(0.1))
    case = comparison.Case("A case", ("A book",), "a program", (group,), (), 5)
    monkeypatch.setenv("INTERURBAN_SHARED", str(tmp_path))
    monkeypatch.setattr(scripts, "run_cases", lambda folder: iter([case]))
    path = tmp_path / "conformance.md"
    assert scripts.main(["--output", str(path)]) == 1
    text = path.read_text(encoding="utf-8")
    assert "| values | 2 | 2.5e-01 **missed** | 1.0e-01 |" in text
    assert "| A case | 5 | 2 | 1 | 0 |" in text
    assert "A case: values: 2.5e-01 against 1.0e-01" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "words"), [(0.0, "0"), (3e-15, "< 1e-13"), (2.34e-11, "2.3e-11"), (np.inf, "inf")]
)
def test_errors_are_rounded(scripts, error, words):
    assert scripts.error_in_words(error) == words


def test_numbers_of_a_reference_file_are_counted(comparison):
    assert comparison.count_numbers({"a": [1, 2.5, None, "x"], "b": {"c": True, "d": 3}}) == 3
