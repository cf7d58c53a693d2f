"""Radiation and intervening opportunities: worked example, identities, brute force."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import intervening_opportunities_network, radiation_network
from spatial.errors import ConfigError, PanelError, WeightsError

EXACT = 1e-9  # sums in another order

MASSES = pd.Series({"a": 100.0, "b": 50.0, "c": 30.0, "d": 20.0}, name="people")
DISTANCES = pd.DataFrame(
    [[0, 1, 2, 4], [1, 0, 3, 5], [2, 3, 0, 6], [4, 5, 6, 0]],
    index=list("abcd"),
    columns=list("abcd"),
    dtype=float,
)


def random_case(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    ids = pd.Index([f"c{number}" for number in rng.permutation(n)])
    # Whole hours: many ties.
    cost = pd.DataFrame(rng.integers(1, 6, (n, n)).astype(float), ids, ids)
    return cost, pd.Series(rng.lognormal(3, 1, n), ids)


def test_worked_example():
    """Rows sum to one minus the share of the city in all mass."""
    made = radiation_network(
        MASSES.index, MASSES, trips=MASSES * 0 + 1, cost=DISTANCES, finite=False
    )
    np.testing.assert_allclose(made.to_matrix().sum(axis=1), [0.5, 0.75, 0.85, 0.9], rtol=EXACT)
    # From c: a is nearest, then b. p = 30 * 50 / ((30 + 100)(30 + 50 + 100)).
    assert made.to_matrix().loc["c", "b"] == pytest.approx(1500 / (130 * 180), rel=EXACT)


def test_finite_system_sends_its_trips():
    made = radiation_network(MASSES.index, MASSES, cost=DISTANCES)
    np.testing.assert_allclose(made.to_matrix().sum(axis=1), MASSES, rtol=EXACT)
    assert made.directed
    assert "people sent by masses people" in made.description


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_brute_force_with_ties_and_the_identity(seed):
    cost, masses = random_case(seed)
    ones = masses * 0 + 1
    found = radiation_network(cost.index, masses, trips=ones, cost=cost, finite=False).to_matrix()
    for one in cost.index:
        for other in cost.index.drop(one):
            before = [
                city
                for city in cost.index.drop([one, other])
                if (cost.loc[one, city], city) < (cost.loc[one, other], other)
            ]
            m, t, s = masses[one], masses[other], masses[before].sum()
            wanted = m * t / ((m + s) * (m + t + s))
            assert found.loc[one, other] == pytest.approx(wanted, rel=EXACT)
    identity = 1 - masses / masses.sum()
    np.testing.assert_allclose(found.sum(axis=1), identity, rtol=EXACT)


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_relabelling_permutes_and_units_do_not_matter(seed):
    cost, masses = random_case(seed)
    order = cost.index[::-1]
    straight = radiation_network(cost.index, masses, cost=cost).to_matrix()
    turned = radiation_network(order, masses, cost=cost * 60.0).to_matrix()
    np.testing.assert_allclose(turned.loc[cost.index, cost.index], straight, rtol=EXACT)


def test_mass_zero_sends_and_receives_nothing():
    masses = MASSES.where(MASSES.index != "b", 0.0)
    table = radiation_network(MASSES.index, masses, cost=DISTANCES).to_matrix()
    assert (table.loc["b"] == 0).all()
    assert (table["b"] == 0).all()


def test_unreachable_cities_leave_the_rest_whole():
    cost = DISTANCES.copy()
    cost.loc["a", "d"] = np.nan
    with pytest.raises(WeightsError, match=r"\('a', 'd'\)"):
        radiation_network(MASSES.index, MASSES, cost=cost)
    made = radiation_network(MASSES.index, MASSES, cost=cost, missing_cost="drop")
    np.testing.assert_allclose(made.to_matrix().sum(axis=1), MASSES, rtol=EXACT)
    assert made.to_matrix().loc["a", "d"] == 0
    assert "which have no link: 1" in made.description


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), absorption=st.floats(1e-4, 2.0))
def test_intervening_opportunities_by_hand(seed, absorption):
    cost, masses = random_case(seed)
    found = intervening_opportunities_network(
        cost.index, masses, absorption=absorption, trips=masses * 0 + 1, cost=cost
    ).to_matrix()
    for one in cost.index:
        others = sorted(cost.index.drop(one), key=lambda city, one=one: (cost.loc[one, city], city))
        behind = np.concatenate([[0.0], np.cumsum(masses[others])])
        left = np.exp(-absorption * behind)
        wanted = (left[:-1] - left[1:]) / (1 - left[-1])
        np.testing.assert_allclose(found.loc[one, others], wanted, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=EXACT)


def test_great_circle_order():
    area = pd.DataFrame({"longitude": [0.0, 1.0, 3.0], "latitude": 0.0}, index=list("xyz"))
    masses = pd.Series(1.0, index=area.index)
    table = radiation_network(area, masses, finite=False).to_matrix()
    assert table.loc["x", "y"] == pytest.approx(1 / 2)
    assert table.loc["x", "z"] == pytest.approx(1 / (2 * 3))


def test_bad_input():
    with pytest.raises(PanelError, match="masses"):
        radiation_network(MASSES.index, -MASSES, cost=DISTANCES)
    with pytest.raises(PanelError, match="trips"):
        radiation_network(MASSES.index, MASSES, trips=-MASSES, cost=DISTANCES)
    with pytest.raises(ConfigError, match="absorption"):
        intervening_opportunities_network(MASSES.index, MASSES, absorption=0.0, cost=DISTANCES)
