"""Classes of recovery against their definitions, and changes over a crisis window."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.indices.recovery_classes import RECOVERY_CLASSES, crisis_change, recovery_classes
from shapefiles.language import label
from spatial.errors import PanelError

YEARS = range(2005, 2013)


def panel(paths):
    index = pd.MultiIndex.from_product([list(paths), YEARS], names=["city", "year"])
    return pd.DataFrame(
        {"jobs": np.concatenate([np.asarray(p, float) for p in paths.values()])}, index
    )


def brute_force(path, last_peak):
    values = dict(zip(YEARS, path, strict=True))
    top = max(v for y, v in values.items() if y <= last_peak)
    year = max(y for y, v in values.items() if y <= last_peak and v == top)
    later = {y: v for y, v in values.items() if y > year}
    if all(v >= top for v in later.values()):
        return "RS"
    low = min(y for y, v in later.items() if v == min(later.values()))
    if any(v >= top for y, v in later.items() if y > low):
        return "RC"
    return "NR2" if low == max(later) else "NR1"


@given(st.lists(st.integers(1, 9), min_size=8, max_size=8))
def test_definition(path):
    table = recovery_classes(panel({"a": path}), "jobs", peak=(2005, 2007), end=2012).table
    assert table.loc["a", "class"] == brute_force(path, 2007)
    assert table.loc["a", "class"] in RECOVERY_CLASSES
    assert table.loc["a", "resilient"] == (table.loc["a", "class"] in ("RS", "RC"))
    assert (table.loc["a", "fall"] == 0) == (table.loc["a", "class"] == "RS")


def test_numbers_of_a_city():
    row = (
        recovery_classes(
            panel({"a": [8, 10, 10, 7, 6, 9, 10, 11]}), "jobs", peak=(2005, 2007), end=2012
        )
        .tidy()
        .loc["a"]
    )
    assert row["peak_year"] == 2007
    assert row["trough_year"] == 2009
    assert row["fall"] == pytest.approx(0.4)
    assert row["recovery_year"] == 2011
    assert row["class"] == "RC"


def test_crisis_change():
    rows = panel({"a": [1, 2, 3, 4, 5, 6, 7, 8], "b": [2, 1, 1, 1, 1, 1, 1, 1]})
    logs = crisis_change(rows, "jobs", start=2005, end=2012)
    assert logs.to_list() == pytest.approx([np.log(8), -np.log(2)])
    plain = crisis_change(rows.iloc[::-1], "jobs", start=2005, end=2012, logarithm=False)
    assert plain[["a", "b"]].to_list() == [7.0, -1.0]


@pytest.mark.parametrize(
    ("peak", "end", "words"),
    [
        ((2007, 2005), 2012, "run forward"),
        ((2005, 2012), 2012, "run forward"),
        ((2005, 2007), 2020, "no year 2020"),
    ],
)
def test_wrong_windows(peak, end, words):
    with pytest.raises(PanelError, match=words):
        recovery_classes(panel({"a": range(1, 9)}), "jobs", peak=peak, end=end)


def test_unfit_levels():
    rows = panel({"a": range(1, 9), "b": range(1, 9)})
    rows.loc[("b", 2008), "jobs"] = np.nan
    with pytest.raises(PanelError, match="missing or not positive for 'b'"):
        recovery_classes(rows, "jobs", peak=(2005, 2007), end=2012)
    # Only the ends of the window are needed for a change.
    assert crisis_change(rows, "jobs", start=2005, end=2012).notna().all()
    with pytest.raises(PanelError, match="forward"):
        crisis_change(rows, "jobs", start=2012, end=2005)


def test_every_class_has_a_wording():
    for code in RECOVERY_CLASSES:
        assert label(f"recovery_class_{code}", "en") != label(f"recovery_class_{code}", "zh")
