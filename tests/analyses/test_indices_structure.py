"""Industrial structure against hand values and laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.indices.industrial_structure import industrial_structure
from spatial.errors import AlignmentError, PanelError

SECTORS = ["one", "two", "three"]


def table(*rows):
    return pd.DataFrame(rows, columns=SECTORS, dtype=float)


def test_by_hand():
    found = industrial_structure(table((10, 40, 50)), table((20, 30, 50)))
    theil = 0.1 * np.log(0.5) + 0.4 * np.log(4 / 3) + 0.5 * np.log(1.0)
    assert found["upgrading"][0] == 1.25
    assert found["structure_level"][0] == pytest.approx(0.1 + 0.8 + 1.5)
    assert found["theil"][0] == pytest.approx(theil)
    assert found["rationality"][0] == pytest.approx(1 / theil)


@settings(max_examples=30)
@given(
    st.lists(st.floats(0.1, 100), min_size=3, max_size=3),
    st.lists(st.floats(0.1, 100), min_size=3, max_size=3),
    st.floats(0.01, 100),
)
def test_laws(made, work, scale):
    one = industrial_structure(table(made), table(work)).iloc[0]
    two = industrial_structure(scale * table(made), table(work) / scale).iloc[0]
    assert one["theil"] >= 0
    assert 1 <= one["structure_level"] <= 3
    assert two["theil"] == pytest.approx(one["theil"], abs=1e-9)
    even = industrial_structure(table(made), 3 * table(made)).iloc[0]
    assert even["theil"] == pytest.approx(0, abs=1e-12)


def test_zeros_and_gaps():
    made = table((0, 4, 6), (1, 0, 9), (1, 2, np.nan))
    work = table((5, 4, 6), (1, 1, 8), (1, 1, 1))
    found = industrial_structure(made, work)
    whole = 10 / 15
    wanted = 0.4 * np.log(1 / whole) + 0.6 * np.log(1 / whole)
    assert found["theil"][0] == pytest.approx(wanted)
    assert np.isnan(found["upgrading"][1])
    assert found.iloc[2].isna().all()
    assert np.isnan(industrial_structure(table((1, 1, 1)), table((0, 1, 1)))["theil"][0])


def test_alignment_by_labels():
    made, work = table((10, 40, 50), (5, 5, 5)), table((20, 30, 50), (1, 2, 3))
    moved = work.loc[[1, 0], ["three", "one", "two"]]
    pd.testing.assert_frame_equal(
        industrial_structure(made, moved), industrial_structure(made, work)
    )
    with pytest.raises(AlignmentError, match="'four'"):
        industrial_structure(made, work.rename(columns={"one": "four"}))
    with pytest.raises(PanelError, match="no value added"):
        industrial_structure(table((0, 0, 0)))
    with pytest.raises(PanelError, match="negative"):
        industrial_structure(table((-1, 2, 3)))
    with pytest.raises(PanelError, match="two or more"):
        industrial_structure(made[["one"]])
