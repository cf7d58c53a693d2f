"""Modified and digital gravity: the formula pair by pair, equal incomes, zero scores."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import (
    digital_distances,
    digital_gravity_network,
    economic_distances,
    flow_network,
    gravity_network,
    modified_gravity_network,
    modified_gravity_sensitivity,
)
from spatial.coordinates import great_circle_km
from spatial.errors import AlignmentError, ConfigError, PanelError

EXACT = 1e-9  # roots and powers in another order


def make_cities(seed=1, n=9):
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"c{number}" for number in rng.permutation(n)])
    area = pd.DataFrame(
        {"longitude": rng.uniform(100, 120, n), "latitude": rng.uniform(22, 42, n)}, index=ids
    )
    factors = pd.DataFrame(rng.lognormal(3, 1, (n, 3)), ids, ["people", "output", "score"])
    return area, factors, pd.Series(rng.lognormal(10, 0.5, n), ids, name="income")


def by_hand(area, factors, score, income, one, other, decay=2.0, floor=0.0):
    km = great_circle_km(*area.loc[one], *area.loc[other])
    share = score[one] / (score[one] + score[other])
    roots = (factors.loc[one].prod() * factors.loc[other].prod()) ** (1 / factors.shape[1])
    gap = 1.0 if income is None else max(abs(income[one] - income[other]), floor)
    return share * roots / (km / gap) ** decay if gap else 0.0


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), decay=st.sampled_from([1.0, 2.0]), two=st.booleans())
def test_every_pair_by_hand(seed, decay, two):
    area, factors, income = make_cities(seed)
    factors = factors[["people", "score"]] if two else factors
    shuffled = factors.sample(frac=1, random_state=1)
    made = modified_gravity_network(
        area, shuffled, score=factors["score"], income=income.iloc[::-1], decay=decay
    )
    assert made.directed
    for row in made.to_frame().itertuples(index=False):
        wanted = by_hand(
            area, factors, factors["score"], income, row.origin, row.destination, decay
        )
        assert row.flow == pytest.approx(wanted, rel=EXACT)
    assert made.n_links == len(area) * (len(area) - 1)


def test_shares_of_both_directions_add_up():
    area, factors, income = make_cities()
    made = modified_gravity_network(area, factors, score=factors["score"], income=income)
    table, score = made.to_matrix(), factors["score"]
    assert table.loc["c1", "c2"] / table.loc["c2", "c1"] == pytest.approx(
        score["c1"] / score["c2"], rel=EXACT
    )


def test_equal_incomes():
    area, factors, income = make_cities()
    income["c3"] = income["c5"]
    options = {"score": factors["score"], "income": income}
    plain = modified_gravity_network(area, factors, **options)
    assert plain.to_matrix().loc["c3", "c5"] == 0.0
    assert plain.parameters["pairs_of_equal_income"] == 2
    assert "ordered pairs of equal income, which have no link: 2" in plain.description
    floored = modified_gravity_network(
        area, factors, economic_distance="floored", floor=100.0, **options
    )
    wanted = by_hand(area, factors, factors["score"], income, "c3", "c5", floor=100.0)
    assert floored.to_matrix().loc["c3", "c5"] == pytest.approx(wanted, rel=EXACT)
    bare = modified_gravity_network(area, factors, score=factors["score"], economic_distance="none")
    wanted = by_hand(area, factors, factors["score"], None, "c3", "c5")
    assert bare.to_matrix().loc["c3", "c5"] == pytest.approx(wanted, rel=EXACT)


def test_the_default_floor_is_recorded():
    area, factors, income = make_cities()
    made = modified_gravity_network(
        area, factors, score=factors["score"], income=income, economic_distance="floored"
    )
    gaps = np.abs(income.to_numpy()[:, None] - income.to_numpy())
    assert made.parameters["floor"] == pytest.approx(np.quantile(gaps[gaps > 0], 0.05))


def test_two_scores_of_zero_share_alike():
    area, factors, income = make_cities()
    score = factors["score"].copy()
    score[["c1", "c2"]] = 0.0
    masses = factors[["people"]]
    table = modified_gravity_network(area, masses, score=score, income=income).to_matrix()
    assert table.loc["c1", "c2"] == pytest.approx(table.loc["c2", "c1"]) != 0.0
    assert table.loc["c1", "c3"] == 0.0
    assert table.loc["c3", "c1"] > 0.0


def test_hours_as_distance():
    area, factors, income = make_cities()
    rng = np.random.default_rng(3)
    hours = pd.DataFrame(rng.uniform(1, 9, (9, 9)), area.index, area.index)
    hours.loc["c0", "c1"] = np.nan
    made = modified_gravity_network(
        area.index,
        factors,
        score=factors["score"],
        income=income,
        cost=hours,
        cost_unit="hours",
        missing_cost="drop",
    )
    assert made.n_links == 71
    assert made.parameters["pairs_without_cost"] == 1
    assert "cost in hours / difference of income" in made.description


def test_sensitivity_compares_the_three_choices():
    area, factors, income = make_cities(4, 30)
    found = modified_gravity_sensitivity(area, factors, score=factors["score"], income=income)
    assert found.table.index.tolist() == ["difference", "floored", "none"]
    assert found.jaccard.loc["difference", "none"] < 1.0
    with pytest.raises(ConfigError, match="economic_distance is what is varied"):
        modified_gravity_sensitivity(
            area, factors, score=factors["score"], income=income, economic_distance="none"
        )


def test_bad_input():
    area, factors, income = make_cities()
    score = factors["score"]
    with pytest.raises(ConfigError, match="needs income"):
        modified_gravity_network(area, factors, score=score)
    with pytest.raises(ConfigError, match="floor"):
        modified_gravity_network(
            area, factors, score=score, income=income, economic_distance="floored", floor=-1.0
        )
    with pytest.raises(ConfigError, match="All incomes are equal"):
        modified_gravity_network(
            area, factors, score=score, income=income * 0.0, economic_distance="floored"
        )
    with pytest.raises(PanelError, match=r"factor 'output': 1 values .* negative"):
        modified_gravity_network(
            area, factors.replace(factors.iloc[0, 1], -1.0), score=score, income=income
        )
    with pytest.raises(PanelError, match="score: 1 values"):
        modified_gravity_network(
            area, factors, score=score.where(score.index != "c1"), income=income
        )
    with pytest.raises(PanelError, match="a table with a row"):
        modified_gravity_network(area, factors[[]], score=score, income=income)
    with pytest.raises(AlignmentError, match="only in the cities"):
        modified_gravity_network(area, factors.iloc[1:], score=score, income=income)
    for option in ("decay", "constant"):
        with pytest.raises(ConfigError, match=option):
            modified_gravity_network(area, factors, score=score, income=income, **{option: -1.0})


def test_digital_gravity():
    area, factors, _ = make_cities()
    plain = digital_gravity_network(area, factors["score"])
    wanted = gravity_network(area, factors["score"], decay=1.0)
    assert np.array_equal(plain.flows.toarray(), wanted.flows.toarray())
    mixed = digital_gravity_network(
        area, factors["score"], economy=factors["output"].iloc[::-1], decay=0.5
    )
    mass = np.sqrt(factors["score"] * factors["output"])
    km = great_circle_km(*area.loc["c1"], *area.loc["c2"])
    assert mixed.to_matrix().loc["c1", "c2"] == pytest.approx(mass["c1"] * mass["c2"] / km**0.5)
    assert "sqrt(score x output)" in mixed.description


def test_economic_and_digital_distances_as_costs():
    area, factors, income = make_cities()
    gaps = economic_distances(income)
    assert gaps.loc["c1", "c2"] == abs(income["c1"] - income["c2"])
    negative = economic_distances(pd.Series([-1.0, 2.0], ["a", "b"]))
    assert negative.loc["a", "b"] == 3.0
    made = digital_gravity_network(area, factors["score"], cost=gaps, cost_unit="yuan a head")
    assert made.n_links == 36
    links = pd.DataFrame({"origin": ["c0"], "destination": ["c1"], "flow": [4.0]})
    bandwidth = flow_network(links, area)
    far = digital_distances(bandwidth)
    assert far.loc["c0", "c1"] == 0.25
    linked = digital_gravity_network(area, factors["score"], cost=far, missing_cost="drop")
    assert linked.n_links == 1
    with pytest.raises(PanelError, match="values"):
        economic_distances(pd.Series([1.0, np.nan]))
