"""Gravity weights by hand, and the columns, global and variance-stabilising scales."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spatial.coordinates import great_circle_km
from spatial.errors import AlignmentError, ConfigError, WeightsError
from spatial.weights import as_weights, gravity_weights, inverse_distance_weights

EXACT = 1e-12
NAMES = list("abcdef")
matrices = arrays(float, (6, 6), elements=st.one_of(st.just(0.0), st.floats(1e-3, 1e3))).map(
    lambda m: m - np.diag(np.diag(m))
)

# spdep: nb2listw(nb, glist = g, style = "C") and "S", of the matrix below, row by row
MATRIX = np.array([[0, 2, 0, 1], [3, 0, 1, 0], [0, 5, 0, 4], [1, 0, 2, 0]], dtype=float)
SPDEP = {
    "global": [
        0.421052631578947,
        0.210526315789474,
        0.631578947368421,
        0.210526315789474,
        1.052631578947368,
        0.842105263157895,
        0.210526315789474,
        0.421052631578947,
    ],
    "variance-stabilising": [
        0.668261391411076,
        0.334130695705538,
        0.708798242207894,
        0.236266080735965,
        0.583417501568285,
        0.466734001254628,
        0.334130695705538,
        0.668261391411076,
    ],
}


@pytest.fixture
def cities():
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {"longitude": rng.uniform(100, 110, 6), "latitude": rng.uniform(25, 35, 6)}, index=NAMES
    )


@pytest.fixture
def masses():
    return pd.Series(np.random.default_rng(2).uniform(1, 9, 6), NAMES, name="population")


def test_by_hand(cities, masses):
    weights = gravity_weights(
        cities, masses.sample(frac=1.0, random_state=3), cutoff_km=5000, transform="none"
    )
    M = masses / masses.mean()
    for i in NAMES:
        for j in NAMES:
            if i == j:
                continue
            km = great_circle_km(*cities.loc[i], *cities.loc[j])
            got = weights.matrix[NAMES.index(i), NAMES.index(j)]
            assert got == pytest.approx(M[i] * M[j] / float(km) ** 2, rel=1e-9)
    assert weights.description.startswith("gravity of population: inverse distance (power 2)")
    assert weights.parameters["kind"] == "gravity"


def test_equal_masses_leave_distance(cities):
    equal = pd.Series(7.0, NAMES)
    for decay in ({"power": 1.5}, {"decay": "exponential", "rate_per_km": 0.01}):
        left = gravity_weights(cities, equal, transform="none", **decay)
        right = inverse_distance_weights(cities, transform="none", **decay)
        np.testing.assert_allclose(left.matrix.toarray(), right.matrix.toarray(), rtol=EXACT)


def test_laws(cities, masses):
    own = gravity_weights(cities, masses, transform="none").matrix.toarray()
    unit = gravity_weights(cities, masses * 1e6, transform="none").matrix.toarray()
    np.testing.assert_allclose(own, unit, rtol=EXACT)
    np.testing.assert_allclose(own, own.T, rtol=EXACT)
    order = NAMES[::-1]
    moved = gravity_weights(cities.loc[order], masses, transform="none").reordered(pd.Index(NAMES))
    np.testing.assert_allclose(moved.matrix.toarray(), own, rtol=EXACT)
    root = gravity_weights(cities, masses, mass_power=0.5, transform="none").matrix.toarray()
    squared = gravity_weights(cities, np.sqrt(masses), transform="none").matrix.toarray()
    np.testing.assert_allclose(root / root[root > 0].max(), squared / squared[squared > 0].max())
    assert gravity_weights(cities, masses).transform == "spectral"


def test_panels_of_masses_are_averaged(cities, masses):
    rows = pd.MultiIndex.from_product([NAMES, [2010, 2011]], names=["city", "year"])
    values = np.tile([1.0, 3.0], 6) * np.repeat(masses.to_numpy(), 2)
    panel = pd.Series(values, rows, name="population")
    both = gravity_weights(cities, panel, transform="none").matrix.toarray()
    first = gravity_weights(cities, panel, years=[2010], transform="none")
    np.testing.assert_allclose(both, first.matrix.toarray(), rtol=EXACT)
    assert "mean of 1 year 2010" in first.description


def test_islands_and_refusals(cities, masses):
    far = pd.concat([cities, pd.DataFrame({"longitude": [140.0], "latitude": [0.0]}, ["z"])])
    heavy = pd.concat([masses, pd.Series({"z": 5.0})]).rename("population")
    assert list(gravity_weights(far, heavy, cutoff_km=2000).islands) == ["z"]
    joined = gravity_weights(far, heavy, cutoff_km=2000, islands="nearest")
    assert len(joined.islands) == 0
    with pytest.raises(WeightsError, match="'b'"):
        gravity_weights(cities, masses.where(masses.index != "b", -1.0))
    with pytest.raises(AlignmentError, match="'f'"):
        gravity_weights(cities, masses.drop("f"))
    with pytest.raises(ConfigError, match="mass_power"):
        gravity_weights(cities, masses, mass_power=0)


def dense(matrix, transform):
    table = pd.DataFrame(matrix, NAMES[: len(matrix)], NAMES[: len(matrix)])
    return as_weights(table).transformed(transform).matrix.toarray()


@pytest.mark.parametrize("transform", list(SPDEP))
def test_scales_are_spdep(transform):
    got = dense(MATRIX, transform)
    np.testing.assert_allclose(got[MATRIX > 0], SPDEP[transform], rtol=1e-12)


def test_variance_stabilising_is_libpysal():
    from libpysal.weights import WSP

    weights = as_weights(pd.DataFrame((MATRIX > 0) * 1.0, NAMES[:4], NAMES[:4]))
    theirs = WSP(weights.matrix, id_order=NAMES[:4]).to_W()
    theirs.transform = "v"
    ours = weights.transformed("variance-stabilising").matrix.toarray()
    np.testing.assert_allclose(ours, theirs.sparse.toarray(), rtol=EXACT)


@given(matrices)
def test_sums(matrix):
    assume(matrix.any())
    columns = dense(matrix, "column").sum(axis=0)
    np.testing.assert_allclose(columns, (matrix.sum(axis=0) > 0).astype(float), atol=EXACT)
    np.testing.assert_allclose(dense(matrix, "column"), dense(matrix.T, "row").T, rtol=EXACT)
    for transform in ("global", "variance-stabilising"):
        np.testing.assert_allclose(dense(matrix, transform).sum(), 6.0, rtol=1e-9)
    lengths = (dense(matrix, "variance-stabilising") ** 2).sum(axis=1)
    filled = lengths[matrix.any(axis=1)]
    np.testing.assert_allclose(filled, filled[0], rtol=1e-9)


def test_a_lost_scale_is_not_invented():
    table = as_weights(pd.DataFrame(MATRIX, NAMES[:4], NAMES[:4]))
    column = table.transformed("column")
    assert column.description.endswith("columns sum to one")
    with pytest.raises(WeightsError, match="scaled before"):
        column.transformed("row")
    again = table.transformed("row").transformed("variance-stabilising")
    direct = table.transformed("variance-stabilising")
    np.testing.assert_allclose(again.matrix.toarray(), direct.matrix.toarray(), rtol=EXACT)
    assert table.transformed("global").transformed("row").transform == "row"
