"""Local statistics of panels: every year is the single call, in whatever shape the panel comes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from spatial.autocorrelation import local_geary, local_getis_ord, local_moran, local_panel, losh
from spatial.errors import ConfigError, PanelError, WeightsError
from spatial.weights import Weights

SINGLE = {
    "moran": local_moran,
    "getis-ord": local_getis_ord,
    "geary": local_geary,
    "losh": losh,
}
QUICK = {"permutations": 199, "correction": "none", "rng": 4}


@pytest.fixture(scope="module")
def case() -> tuple[pd.DataFrame, Weights]:
    rng = np.random.default_rng(0)
    names = pd.Index([f"c{at}" for at in range(25)], name="city")
    values = pd.DataFrame(rng.normal(size=(25, 3)), names, [2008, 2009, 2010])
    matrices = []
    for _ in range(3):
        linked = (rng.uniform(size=(25, 25)) < 0.15) * (1.0 - np.eye(25))
        linked[:20, 20] = 1.0
        linked[24] = 0.0
        linked[:, 24] = 0.0
        matrices.append(sparse.csr_array(linked))
    return values, Weights(names, tuple(matrices), years=values.columns)


@pytest.mark.parametrize("kind", list(SINGLE))
def test_years_equal_single_calls(case, kind):
    values, weights = case
    found = local_panel(values, weights, statistic=kind, **QUICK)
    for year in values.columns:
        alone = SINGLE[kind](
            values[year], Weights(weights.ids, (weights.matrix_of(year),)), **QUICK
        )
        part = found.table.xs(year, level="year")
        pd.testing.assert_frame_equal(part, alone.table, check_exact=True)
        row = found.years.loc[year]
        assert row["n_significant"] == alone.n_significant
        assert row["Isolated"] == row["n_islands"] == alone.n_islands >= 1
        assert row[list(found.categories)].sum() == 25
    assert found.clusters().shape == (25, 3)
    assert found.configuration.seed == 4


def test_shape_and_order_of_the_panel_do_not_matter(case):
    values, weights = case
    fixed = Weights(weights.ids, (weights.matrices[0],))
    wide = local_panel(values, fixed, **QUICK).table
    long = values.rename_axis(columns="year").T.unstack().sample(frac=1, random_state=0)
    found = local_panel(long.swaplevel(), fixed, **QUICK).table
    pd.testing.assert_frame_equal(found.reindex(wide.index), wide, check_exact=True)


def test_warnings_name_their_years_once(case):
    values, weights = case
    fixed = Weights(weights.ids, (weights.matrices[0],))
    found = local_panel(values, fixed, permutations=199, rng=1)
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("2008, 2009, 2010: With 199 permutations")
    assert found.configuration.options["correction"] == "fdr within each year"


def test_bad_panels(case):
    values, weights = case
    gap = values.copy()
    gap.loc["c3", 2009] = np.nan
    with pytest.raises(PanelError, match="c3 2009"):
        local_panel(gap, weights, **QUICK)
    with pytest.raises(WeightsError, match="2011"):
        local_panel(values.rename(columns={2010: 2011}), weights, **QUICK)
    with pytest.raises(ConfigError, match="nearest: 'geary'"):
        local_panel(values, weights, statistic="gearys")
