"""Gravity networks against the formula written out, and every unusable mass or cost."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import networks.gravity
from networks import cost_matrix, gravity_network
from spatial.errors import AlignmentError, ConfigError, GeometryError, PanelError, WeightsError

EXACT = 1e-12  # the same few operations in floating point

PLACES = {
    "Bonn": (7.10, 50.73),
    "Ulm": (9.99, 48.40),
    "Jena": (11.59, 50.93),
    "Kiel": (10.13, 54.32),
}
MASSES = pd.Series({"Bonn": 330.0, "Ulm": 126.0, "Jena": 111.0, "Kiel": 247.0}, name="people")


@pytest.fixture
def cities():
    frame = pd.DataFrame(PLACES, index=["x", "y"]).T
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["x"], frame["y"]), crs=4326)


@pytest.fixture
def hours():
    values = np.array([[0, 4, 3, 5], [4, 0, 3, 7], [3, 3, 0, 4], [5, 7, 4, 0]], dtype=float)
    return pd.DataFrame(values, index=list(PLACES), columns=list(PLACES))


def kilometres(one, other):
    """Spherical law of cosines: another formula than the one used."""
    (lon_a, lat_a), (lon_b, lat_b) = np.radians(PLACES[one]), np.radians(PLACES[other])
    inner = np.sin(lat_a) * np.sin(lat_b) + np.cos(lat_a) * np.cos(lat_b) * np.cos(lon_a - lon_b)
    return 6371.0088 * np.arccos(inner)


def test_great_circle_gravity(cities):
    made = gravity_network(cities, MASSES, decay=1.5, constant=2.0, unit="index", year=2011)
    table = made.to_matrix()
    for one in PLACES:
        for other in PLACES:
            wanted = (
                0.0
                if one == other
                else 2.0 * MASSES[one] * MASSES[other] / kilometres(one, other) ** 1.5
            )
            assert table.loc[one, other] == pytest.approx(wanted, rel=1e-9)
    assert not made.directed
    assert (made.unit, made.year) == ("index", 2011)
    assert made.description.startswith(
        "Gravity network: flow = 2 x origin people^1 x destination people^1"
    )
    assert "great-circle distance in km" in made.description


def test_labels_decide_not_positions(cities):
    straight = gravity_network(cities, MASSES)
    shuffled = gravity_network(cities, MASSES.iloc[::-1])
    moved = gravity_network(cities.iloc[::-1], MASSES).reordered(cities.index)
    assert np.array_equal(straight.flows.toarray(), shuffled.flows.toarray())
    np.testing.assert_allclose(straight.flows.toarray(), moved.flows.toarray(), rtol=EXACT)


def test_exponents_and_destination_masses_give_direction(cities):
    made = gravity_network(cities, MASSES, origin_exponent=0.5, destination_exponent=0.8, decay=1.0)
    assert made.directed
    wanted = MASSES["Ulm"] ** 0.5 * MASSES["Kiel"] ** 0.8 / kilometres("Ulm", "Kiel")
    assert made.to_matrix().loc["Ulm", "Kiel"] == pytest.approx(wanted, rel=1e-9)
    jobs = pd.Series({"Kiel": 5.0, "Jena": 6.0, "Ulm": 7.0, "Bonn": 8.0}, name="jobs")
    other = gravity_network(cities, MASSES, destination_masses=jobs, decay=0.0)
    assert other.directed
    assert other.to_matrix().loc["Jena", "Bonn"] == pytest.approx(111.0 * 8.0, rel=EXACT)
    assert other.parameters["destination_masses"] == "jobs"
    assert not gravity_network(cities, MASSES, destination_masses=MASSES.copy()).directed


def test_a_cost_table_in_any_order(cities, hours):
    shuffled = hours.sample(frac=1, random_state=1, axis=0).sample(frac=1, random_state=2, axis=1)
    made = gravity_network(cities, MASSES, cost=shuffled, cost_unit="hours", decay=2.0)
    assert made.to_matrix().loc["Bonn", "Kiel"] == pytest.approx(330.0 * 247.0 / 25.0, rel=EXACT)
    assert not made.directed
    assert "cost in hours" in made.description
    by_index = gravity_network(cities.index, MASSES, cost=shuffled)
    assert np.array_equal(by_index.flows.toarray(), made.flows.toarray())


def test_asymmetric_costs_give_direction(cities, hours):
    hours.loc["Bonn", "Kiel"] = 6.0
    made = gravity_network(cities, MASSES, cost=hours)
    assert made.directed
    table = made.to_matrix()
    assert table.loc["Bonn", "Kiel"] == pytest.approx(330.0 * 247.0 / 36.0, rel=EXACT)
    assert table.loc["Kiel", "Bonn"] == pytest.approx(330.0 * 247.0 / 25.0, rel=EXACT)


def test_rounding_in_a_cost_table_is_no_direction(cities, hours):
    hours.loc["Bonn", "Kiel"] = 5.0 * (1.0 + 1e-14)
    assert not gravity_network(cities, MASSES, cost=hours).directed


@pytest.mark.parametrize("wrong", [0.0, np.nan, np.inf])
def test_zero_or_missing_costs(cities, hours, wrong):
    hours.loc["Bonn", "Kiel"] = hours.loc["Kiel", "Bonn"] = wrong
    with pytest.raises(WeightsError, match=r"2 pairs.*\('Bonn', 'Kiel'\).*missing_cost='drop'"):
        gravity_network(cities, MASSES, cost=hours)
    made = gravity_network(cities, MASSES, cost=hours, missing_cost="drop")
    assert made.n_links == 5
    assert made.parameters["pairs_without_cost"] == 2
    assert "ordered pairs without a positive cost, which have no link: 2" in made.description
    assert not made.directed


def test_a_cost_missing_one_way_gives_direction(cities, hours):
    hours.loc["Bonn", "Kiel"] = np.nan
    made = gravity_network(cities, MASSES, cost=hours, missing_cost="drop")
    assert made.directed
    assert made.n_links == 11


def test_negative_costs_are_always_refused(cities, hours):
    hours.loc["Bonn", "Kiel"] = -1.0
    for policy in ("error", "drop"):
        with pytest.raises(WeightsError, match=r"negative: \('Bonn', 'Kiel'\)"):
            gravity_network(cities, MASSES, cost=hours, missing_cost=policy)


def test_the_diagonal_of_a_cost_table_does_not_matter(cities, hours):
    filled = hours + np.diag([np.nan, -3.0, 0.0, 8.0])
    one, other = (gravity_network(cities, MASSES, cost=table) for table in (hours, filled))
    assert np.array_equal(one.flows.toarray(), other.flows.toarray())


def test_cities_at_one_point(cities):
    cities.loc["Ulm", "geometry"] = cities.loc["Bonn", "geometry"]
    with pytest.raises(GeometryError, match="'Bonn', 'Ulm'"):
        gravity_network(cities, MASSES)
    made = gravity_network(cities, MASSES, missing_cost="drop")
    assert made.n_links == 5
    assert made.parameters["pairs_without_cost"] == 2


def test_mass_zero_gives_no_link_and_is_counted(cities):
    made = gravity_network(cities, MASSES.where(MASSES.index != "Ulm", 0.0), origin_exponent=-1.0)
    assert list(made.isolates) == ["Ulm"]
    assert made.parameters["cities_without_mass"] == 1
    assert "cities of mass zero, which have no link: 1" in made.description


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_unusable_masses_are_named(cities, wrong):
    with pytest.raises(PanelError, match=r"masses: 1 values .* 'Ulm'"):
        gravity_network(cities, MASSES.where(MASSES.index != "Ulm", wrong))


def test_other_cities_are_refused(cities, hours):
    with pytest.raises(AlignmentError, match="only in the cities: 'Kiel'"):
        gravity_network(cities, MASSES.drop("Kiel"))
    with pytest.raises(AlignmentError, match="the columns of cost"):
        gravity_network(cities, MASSES, cost=hours.drop(columns="Kiel"))
    with pytest.raises(AlignmentError, match=r"labelled|Series"):
        gravity_network(cities, MASSES.to_numpy())
    with pytest.raises(WeightsError, match="square labelled table"):
        gravity_network(cities, MASSES, cost=hours.to_numpy())
    with pytest.raises(WeightsError, match="coordinates"):
        gravity_network(cities.index, MASSES)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("decay", -1.0),
        ("decay", np.nan),
        ("constant", 0.0),
        ("origin_exponent", np.inf),
        ("missing_cost", "skip"),
    ],
)
def test_options_out_of_range(cities, option, value):
    with pytest.raises(ConfigError, match=option):
        gravity_network(cities, MASSES, **{option: value})


def test_inputs_stay_as_they_are(cities, hours):
    before = hours.copy(deep=True), MASSES.copy(deep=True), cities.copy(deep=True)
    gravity_network(cities, MASSES, cost=hours)
    pd.testing.assert_frame_equal(hours, before[0])
    pd.testing.assert_series_equal(MASSES, before[1])
    assert cities.equals(before[2])


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    decay=st.floats(0.0, 3.0),
    factor=st.floats(0.01, 100.0),
)
def test_laws_of_scale_and_blocks(seed, decay, factor):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 15))
    area = pd.DataFrame(
        {"longitude": rng.uniform(-180, 180, n), "latitude": rng.uniform(-80, 80, n)}
    )
    masses = pd.Series(rng.lognormal(size=n))
    whole = gravity_network(area, masses, decay=decay)
    scaled = gravity_network(area, masses * factor, decay=decay)
    np.testing.assert_allclose(scaled.flows.toarray(), factor**2 * whole.flows.toarray(), rtol=1e-9)
    with pytest.MonkeyPatch.context() as patch:  # one row at a time gives the same numbers
        patch.setattr(networks.gravity, "CELLS_IN_A_BLOCK", 1)
        by_row = gravity_network(area, masses, decay=decay)
    assert np.array_equal(by_row.flows.toarray(), whole.flows.toarray())


def test_cost_matrix_from_pairs():
    pairs = pd.DataFrame({"a": ["x", "y"], "b": ["y", "z"], "hours": [2.0, 3.0]})
    ids = pd.Index(["x", "y", "z"])
    table = cost_matrix(pairs, ids, origin="a", destination="b", cost="hours")
    assert table.loc["x", "y"] == 2.0
    assert np.isnan(table.loc["y", "x"])
    assert np.diag(table).tolist() == [0.0, 0.0, 0.0]
    both = cost_matrix(pairs, ids, origin="a", destination="b", cost="hours", directed=False)
    assert both.loc["y", "x"] == 2.0
    assert np.isnan(both.loc["x", "z"])


def test_cost_matrix_bad_input():
    ids = pd.Index(["x", "y"])
    names = {"origin": "a", "destination": "b", "cost": "hours"}
    wrong = pd.DataFrame({"a": ["x", "x"], "b": ["y", "y"], "hours": [2.0, 3.0]})
    with pytest.raises(WeightsError, match=r"given twice: \('x', 'y'\)"):
        cost_matrix(wrong, ids, **names)
    with pytest.raises(WeightsError, match="negative or not numbers"):
        cost_matrix(wrong.head(1).assign(hours=-1.0), ids, **names)
    with pytest.raises(WeightsError, match="negative or not numbers"):
        cost_matrix(wrong.head(1).assign(hours="slow"), ids, **names)
    with pytest.raises(AlignmentError, match="'z'"):
        cost_matrix(wrong.head(1).assign(b="z"), ids, **names)
    strange = wrong.assign(b=["y", "z"])
    assert cost_matrix(strange, ids, unknown="drop", **names).loc["x", "y"] == 2.0
    with pytest.raises(AlignmentError, match="None of the 1 links"):
        cost_matrix(strange.tail(1), ids, unknown="drop", **names)
    empty = wrong.head(1).assign(hours=np.nan)
    assert np.isnan(cost_matrix(empty, ids, **names).loc["x", "y"])
