"""Tables of several models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatial.errors import ConfigError
from spatial.regression import (
    compare,
    fit_cross_section,
    fit_dynamic_panel,
    fit_panel,
    fit_spatial_iv,
)

N, YEARS = 12, 6
IDS = [f"c{i:02d}" for i in range(N)]


@pytest.fixture(scope="module")
def weights():
    eye = np.eye(N)
    return pd.DataFrame((np.roll(eye, 1, 1) + np.roll(eye, -1, 1)) / 2, IDS, IDS)


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([range(2000, 2000 + YEARS), IDS], names=["year", "city"])
    table = pd.DataFrame(rng.normal(size=(N * YEARS, 2)), index, ["a", "b"])
    return table.assign(y=1.5 * table["a"] + rng.normal(size=len(table)))


@pytest.fixture(scope="module")
def fits(panel, weights):
    one_year = panel.xs(2003)
    return {
        "panel": fit_panel("y ~ a + b", panel, weights, specification="sdm"),
        "both": fit_panel("y ~ a", panel, weights, specification="sac", effects="city"),
        "dynamic": fit_dynamic_panel("y ~ a", panel, weights, specification="sar", effects="city"),
        "iv": fit_spatial_iv("y ~ a", one_year, weights),
        "cross": fit_cross_section("y ~ a", one_year, weights, specification="sem"),
    }


def test_long_table_holds_what_each_model_says(fits):
    table = compare(fits).tidy()
    assert list(table.columns) == ["estimate", "std_error", "p_value"]
    for name, result in fits.items():
        own = result.tidy()
        found = table.loc[(name, "coefficient")]
        pd.testing.assert_frame_equal(
            found.loc[own.index], own[table.columns], check_names=False, check_freq=False
        )
        effects = result.effects().tidy()
        for kind in ("direct", "indirect", "total"):
            wanted = effects.xs(kind, level="effect")[table.columns]
            found = table.loc[(name, kind)].loc[wanted.index]
            pd.testing.assert_frame_equal(found, wanted, check_names=False)


def test_wide_table_has_a_column_for_each_model(fits):
    comparison = compare(fits)
    wide = comparison.tidy(wide=True)
    assert list(wide.columns) == list(fits) == list(comparison.models)
    assert wide.index.is_unique
    rho = ("coefficient", "rho", "estimate")
    assert wide.loc[rho, "panel"] == fits["panel"].coefficients["rho"]
    assert (
        wide.loc[("coefficient", "lambda", "std_error"), "both"]
        == (fits["both"].standard_errors["lambda"])
    )
    assert np.isnan(wide.loc[rho, "cross"])
    facts = wide.loc["model"].droplevel("statistic")
    assert facts.loc["aic", "cross"] == fits["cross"].aic
    assert facts.loc["n_observations", "both"] == N * YEARS
    assert np.isnan(facts.loc["log_likelihood", "iv"])
    terms = list(dict.fromkeys(wide.loc["coefficient"].index.get_level_values(0)))
    assert terms[-2:] == ["rho", "lambda"]


def test_text_with_stars(fits):
    wide = compare(fits).tidy(wide=True, stars=True, digits=3)
    row = ("coefficient", "a", "estimate")
    result = fits["panel"]
    assert result.p_values["a"] < 0.01
    assert wide.loc[row, "panel"] == f"{result.coefficients['a']:.3f}***"
    error = result.standard_errors["a"]
    assert wide.loc[("coefficient", "a", "std_error"), "panel"] == f"({error:.3f})"
    assert wide.loc[("coefficient", "lambda", "estimate"), "panel"] == ""
    assert wide.loc[("coefficient", "lambda", "std_error"), "panel"] == ""
    assert wide.map(lambda cell: isinstance(cell, str)).all(axis=None)


def test_names_order_and_notes(panel, weights, fits):
    plain = [
        fit_panel("y ~ a", panel, weights, specification=word, bias_correction=correction)
        for word, correction in (("sar", True), ("sar", "transformation"))
    ]
    comparison = compare(plain, effects=False)
    assert comparison.models == ("(1) SAR", "(2) SAR")
    assert set(comparison.estimates.index.get_level_values("part")) == {"coefficient"}
    assert any("transformation" in note for note in comparison.notes)
    assert any("observations" in note for note in compare(fits).notes)
    assert compare([plain[0]]).notes == ()
    again = compare(plain, effects=False)
    pd.testing.assert_frame_equal(comparison.tidy(wide=True), again.tidy(wide=True))


def test_what_is_no_model_is_refused(fits):
    with pytest.raises(ConfigError, match="at least one"):
        compare([])
    with pytest.raises(ConfigError, match="several"):
        compare(fits["panel"])
    with pytest.raises(ConfigError, match="EffectsResult"):
        compare([fits["panel"].effects()])
    with pytest.raises(ConfigError, match="wide"):
        compare(fits).tidy(stars=True)
