"""Tables of global statistics: every cell is the single call, the correction runs over all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from spatial.autocorrelation import (
    autocorrelation_table,
    global_geary,
    global_getis_ord,
    global_moran,
)
from spatial.errors import AlignmentError, ConfigError, EstimationError

EXACT = 1e-12  # the same computation


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(0)
    names = [f"c{at}" for at in range(30)]
    values = pd.DataFrame(rng.uniform(1, 2, (30, 2)), names, ["growth", "depth"])
    values["growth"] += np.arange(30)
    places = np.arange(30)
    line = (np.abs(places[:, None] - places) == 1).astype(float)
    ring = (rng.uniform(size=(30, 30)) < 0.2) * (1.0 - np.eye(30))
    weights = {
        "line": pd.DataFrame(line, names, names),
        "linkage": pd.DataFrame(ring, names, names),
    }
    return values, weights


@pytest.mark.parametrize("permutations", [0, 199])
def test_cells_equal_single_calls(case, permutations):
    values, weights = case
    found = autocorrelation_table(
        values,
        weights,
        statistics=("moran", "geary", "getis-ord"),
        permutations=permutations,
        rng=4,
    )
    assert len(found.table) == 12
    single = {"Moran's I": global_moran, "Geary's C": global_geary, "Getis-Ord G": global_getis_ord}
    for row in found.table.itertuples():
        alone = single[row.kind](
            values[row.measure], weights[row.weights], permutations=permutations, rng=4
        )
        for number in ("statistic", "expected", "variance", "z_score", "p_analytical"):
            assert getattr(row, number) == pytest.approx(getattr(alone, number), rel=EXACT)
        if permutations:
            assert row.p_permutation == alone.p_permutation
    raw = found.table["p_permutation" if permutations else "p_analytical"]
    adjusted = stats.false_discovery_control(raw)
    assert found.table["p_adjusted"].to_numpy() == pytest.approx(adjusted, rel=EXACT)
    assert found.n_significant == (adjusted <= 0.05).sum() > 0
    assert found.n_significant_raw == (raw <= 0.05).sum()
    assert found.configuration.seed == (4 if permutations else None)


def test_yekutieli_is_stricter_and_few_permutations_are_named(case):
    values, weights = case
    options = {"permutations": 199, "rng": 1}
    plain = autocorrelation_table(values, weights, **options)
    strict = autocorrelation_table(values, weights, correction="by", **options)
    assert (strict.table["p_adjusted"] >= plain.table["p_adjusted"]).all()
    # 8 tests, BY: the smallest p of 1/200 times 8 (1 + 1/2 + ... + 1/8) / 0.05 is 2.2 tests.
    assert "fewer than 3 tests cannot be significant after BY" in strict.warnings[0]
    with pytest.raises(EstimationError, match=r"over 8 tests needs .* at least 159 perm"):
        autocorrelation_table(values, weights, correction="bonferroni", permutations=99)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"statistics": ()}, "sequence of different words"),
        ({"statistics": "moran"}, "sequence of different words"),
        ({"statistics": ("moran", "moran")}, "sequence of different words"),
        ({"statistics": ("morann",)}, "nearest: 'moran'"),
        ({"correction": "holm"}, "'by'"),
        ({"alpha": 1.5}, "alpha"),
        ({"permutations": 10}, "at least 99"),
    ],
)
def test_wrong_options_are_named(case, options, message):
    with pytest.raises(ConfigError, match=message):
        autocorrelation_table(*case, **options)


def test_bad_input(case):
    values, weights = case
    with pytest.raises(ConfigError, match="mapping"):
        autocorrelation_table(values, {})
    with pytest.raises(ConfigError, match="column"):
        autocorrelation_table(values.iloc[:, :0], weights)
    with pytest.raises(AlignmentError, match="c29"):
        autocorrelation_table(values.iloc[:-1], weights, permutations=0)
    with pytest.raises(EstimationError, match="negative"):
        autocorrelation_table(values - 5, weights, statistics=("getis-ord",), permutations=0)
