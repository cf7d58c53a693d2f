"""Coupling coordination against worked values, another program and laws."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analyses.indices.coupling import COORDINATION_CLASSES, coupling_coordination
from shapefiles.language import label
from spatial.errors import ConfigError, PanelError

PRINTED = 6e-7
REFERENCE = 1e-9


@pytest.mark.parametrize(
    ("scores", "coupling", "coordination", "revised"),
    [
        ([0.4, 0.6], 0.979796, 0.699927, 0.730297),
        ([0.2, 0.5, 0.8], 0.861774, 0.656420, 0.487002),
    ],
)
def test_worked_values(scores, coupling, coordination, revised):
    table = pd.DataFrame([scores]).rename(columns=str)
    row = coupling_coordination(table).table.iloc[0]
    assert row["coupling"] == pytest.approx(coupling, abs=PRINTED)
    assert row["coordination"] == pytest.approx(coordination, abs=PRINTED)
    row = coupling_coordination(table, form="revised").table.iloc[0]
    assert row["coupling"] == pytest.approx(revised, abs=PRINTED)


@pytest.mark.parametrize(
    ("key", "systems", "weights", "form"),
    [
        ("coupling_2_equal", 2, None, "standard"),
        ("coupling_3_equal", 3, None, "standard"),
        ("coupling_4_equal", 4, None, "standard"),
        ("coupling_3_w_.5_.3_.2", 3, [0.5, 0.3, 0.2], "standard"),
        ("coupling_3_adjusted", 3, None, "revised"),
    ],
)
def test_another_program(shared_folder, key, systems, weights, form):
    folder = shared_folder / "reference" / "14_ewm_topsis_coupling"
    expected = json.loads((folder / "expected.json").read_text())[key]
    scores = pd.read_csv(folder / "subsystems_0.05_0.95.csv").iloc[:, :systems]
    share = None if weights is None else dict(zip(scores, weights, strict=True))
    table = coupling_coordination(scores, weights=share, form=form).table
    for column, letter in (("coupling", "C"), ("development", "T"), ("coordination", "D")):
        assert table[column].to_numpy() == pytest.approx(expected[letter], rel=REFERENCE)


@given(hnp.arrays(float, st.tuples(st.integers(1, 5), st.integers(2, 5)), elements=st.floats(0, 1)))
def test_everything_lies_between_zero_and_one(values):
    table = pd.DataFrame(values).rename(columns=str)
    for form in ("standard", "revised"):
        found = coupling_coordination(table, form=form).table
        assert found[["coupling", "development", "coordination"]].ge(-1e-12).all().all()
        assert found[["coupling", "development", "coordination"]].le(1 + 1e-12).all().all()


@given(st.floats(0.01, 1), st.integers(2, 6))
def test_equal_systems_couple_fully(score, n):
    table = pd.DataFrame([[score] * n]).rename(columns=str)
    for form in ("standard", "revised"):
        row = coupling_coordination(table, form=form).table.iloc[0]
        assert row["coupling"] == pytest.approx(1)
        assert row["coordination"] == pytest.approx(np.sqrt(score))


def test_ten_classes():
    # Equal systems: coordination is the root of the score.
    edges = pd.DataFrame({"a": [(k / 10) ** 2 for k in range(11)]}).assign(b=lambda t: t["a"])
    table = coupling_coordination(edges).table
    assert table["level"].to_list() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]
    assert table["coordination_class"].iloc[-1] == COORDINATION_CLASSES[-1]


def test_pace_zero_and_missing():
    scores = pd.DataFrame({"a": [0.2, 0.5, 0.0, np.nan], "b": [0.5, 0.5, 0.9, 0.1]})
    table = coupling_coordination(scores).table
    assert table["pace"].to_list() == ["lag", "in_step", "lag", ""]
    assert table["coordination"].iloc[2] == 0
    assert table.iloc[3][["coupling", "coordination"]].isna().all()
    assert table["coordination_class"].iloc[3] is None or pd.isna(
        table["coordination_class"].iloc[3]
    )


def test_bad_input():
    with pytest.raises(PanelError, match=r"\[0, 1\].*'y'"):
        coupling_coordination(pd.DataFrame({"a": [0.1, 2.0], "b": 0.5}, index=["x", "y"]))
    with pytest.raises(PanelError, match="two or more"):
        coupling_coordination(pd.DataFrame({"a": [0.1]}))
    with pytest.raises(PanelError, match="missing"):
        coupling_coordination(pd.DataFrame({"a": [np.nan], "b": [np.nan]}))
    with pytest.raises(ConfigError, match="every system"):
        coupling_coordination(pd.DataFrame({"a": [0.1], "b": [0.2]}), weights={"a": 1})
    with pytest.raises(ConfigError, match="standard"):
        coupling_coordination(pd.DataFrame({"a": [0.1], "b": [0.2]}), form="standart")


def test_classes_have_wordings_in_both_languages():
    for code in COORDINATION_CLASSES:
        assert label(f"class_{code}", "en") != label(f"class_{code}", "zh")
