"""Formulas that name levels of the index, such as the year of a panel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatial.regression import fit_panel, fit_unbalanced_panel


@pytest.fixture
def panel():
    rng = np.random.default_rng(5)
    ids = [f"c{at}" for at in range(9)]
    ring = pd.DataFrame(np.roll(np.eye(9), 1, 1) / 2 + np.roll(np.eye(9), -1, 1) / 2, ids, ids)
    rows = pd.MultiIndex.from_product([range(2010, 2016), ids], names=["year", "city"])
    table = pd.DataFrame(rng.normal(size=(54, 2)), rows, ["growth", "skill"])
    return table, ring


def test_years_of_the_index_are_dummies_with_their_own_names(panel):
    table, ring = panel
    found = fit_panel("growth ~ skill + C(year)", table, ring, specification="sar", effects="city")
    same = fit_panel(
        "growth ~ skill + C(year)",
        table.reset_index(),
        ring,
        specification="sar",
        effects="city",
    )
    assert "C(year)[T.2011]" in found.coefficients.index
    # The same arrays, the same arithmetic.
    pd.testing.assert_series_equal(found.coefficients, same.coefficients, rtol=1e-12)


def test_prediction_knows_the_years_too(panel):
    table, ring = panel
    found = fit_panel("growth ~ skill + C(year)", table, ring, specification="sar", effects="city")
    whole = found.predict().table.iloc[:, 0]
    again = found.predict(table).table.iloc[:, 0]
    np.testing.assert_allclose(again.sort_index(), whole.sort_index(), rtol=1e-9)


def test_panels_with_gaps_know_the_years_too(panel):
    table, ring = panel
    gaps = table.copy()
    gaps.iloc[3, 0] = np.nan
    found = fit_unbalanced_panel(
        "growth ~ skill + C(year)", gaps, ring, specification="sar", effects="city"
    )
    assert "C(year)[T.2011]" in found.coefficients.index
