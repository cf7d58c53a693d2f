"""Networks from link tables, and every way such a table can be wrong."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import flow_network
from spatial.errors import AlignmentError, ConfigError, WeightsError

CITIES = pd.Index(["01", "02", "03", "04"])


def links(*rows):
    return pd.DataFrame(rows, columns=["origin", "destination", "flow"])


def test_row_sends_to_column_and_all_cities_stay():
    made = flow_network(links(("01", "02", 3), ("03", "02", 4)), CITIES, unit="trains", year=2015)
    table = made.to_matrix()
    assert table.loc["01", "02"] == 3
    assert table.loc["02", "01"] == 0
    assert list(made.isolates) == ["04"]
    assert (made.unit, made.year, made.directed) == ("trains", 2015, True)


def test_cities_may_be_a_table():
    area = pd.DataFrame({"name": list("wxyz")}, index=CITIES)
    assert flow_network(links(("01", "02", 3)), area).cities.equals(CITIES)


def test_self_flows_are_kept_apart_and_counted():
    made = flow_network(links(("01", "01", 7), ("01", "02", 3)), CITIES)
    assert made.parameters["self_links"] == 1
    assert made.parameters["self_flow"] == 7
    assert made.n_links == 1
    assert "flows of cities to themselves, kept apart: 1 (sum 7)" in made.description


def test_unknown_cities():
    table = links(("01", "02", 3), ("99", "02", 5), ("01", "98", 1))
    with pytest.raises(AlignmentError, match=r"2 links name 2 cities .*'99', '98'.*unknown='drop'"):
        flow_network(table, CITIES)
    made = flow_network(table, CITIES, unknown="drop")
    assert (made.n_links, made.parameters["unknown_links"]) == (1, 2)
    assert made.parameters["unknown_flow"] == 6
    assert "links with cities outside the study, dropped: 2 (sum 6)" in made.description


def test_ids_of_another_type_get_a_remedy():
    table = pd.DataFrame({"origin": [110000], "destination": [120000], "flow": [1.0]})
    with pytest.raises(AlignmentError, match=r"agree when read as text.*astype"):
        flow_network(table, pd.Index(["110000", "120000"]))


def test_repeated_links():
    table = links(("01", "02", 3), ("01", "02", 4))
    with pytest.raises(WeightsError, match=r"\('01', '02'\).*duplicates='sum'"):
        flow_network(table, CITIES)
    made = flow_network(table, CITIES, duplicates="sum")
    assert made.total_flow == 7
    assert made.parameters["summed_rows"] == 1


@pytest.mark.parametrize("wrong", [-1, np.nan, np.inf, "many"])
def test_unusable_flows_name_the_pair(wrong):
    with pytest.raises(WeightsError, match=r"1 flows in column 'flow'.*\('03', '02'\)"):
        flow_network(links(("01", "02", 3), ("03", "02", wrong)), CITIES)


def test_undirected_pairs_once_or_twice_the_same():
    once = flow_network(links(("01", "02", 3)), CITIES, directed=False)
    twice = flow_network(links(("01", "02", 3), ("02", "01", 3)), CITIES, directed=False)
    assert once.flows.toarray().tolist() == twice.flows.toarray().tolist()
    assert once.n_links == 1


@pytest.mark.parametrize("other", [4, 0])
def test_undirected_pairs_with_two_values_are_refused(other):
    table = links(("01", "02", 3), ("02", "01", other))
    with pytest.raises(WeightsError, match=r"different values: \('01', '02'\).*symmetrised"):
        flow_network(table, CITIES, directed=False)


def test_missing_places_and_columns():
    with pytest.raises(AlignmentError, match="no origin or no destination, in rows 1"):
        flow_network(links(("01", "02", 3), (None, "02", 1)), CITIES)
    with pytest.raises(AlignmentError, match="lacks columns 'trips'; it has 'origin'"):
        flow_network(links(("01", "02", 3)), CITIES, flow="trips")
    with pytest.raises(AlignmentError, match="appear more than once"):
        flow_network(links(("01", "02", 3)), pd.Index(["01", "01"]))
    with pytest.raises(AlignmentError, match="cities must be a table"):
        flow_network(links(("01", "02", 3)), ["01", "02"])
    with pytest.raises(ConfigError, match="'remove' is not known"):
        flow_network(links(("01", "02", 3)), CITIES, unknown="remove")


def test_links_without_a_place_are_counted():
    table = links(("01", "02", 3), (None, "02", 1), ("01", None, 4), ("99", "02", 5))
    with pytest.raises(AlignmentError, match="1 links name 1 cities .*'99'"):
        flow_network(table, CITIES, unnamed="drop")
    made = flow_network(table, CITIES, unnamed="drop", unknown="drop")
    assert (made.parameters["unnamed_links"], made.parameters["unnamed_flow"]) == (2, 5.0)
    assert (made.parameters["unknown_links"], made.parameters["unknown_flow"]) == (1, 5.0)
    assert "links without an origin or a destination, dropped: 2 (sum 5)" in made.description
    with pytest.raises(ConfigError, match="unnamed='keep'"):
        flow_network(table, CITIES, unnamed="keep")


def test_zero_flows_make_no_link_but_are_counted():
    made = flow_network(links(("01", "02", 0), ("02", "03", 2)), CITIES)
    assert (made.n_links, made.parameters["zero_links"]) == (1, 1)


def test_an_empty_table_makes_a_network_of_isolates():
    made = flow_network(links(), CITIES)
    assert (made.n_links, len(made.isolates)) == (0, 4)


def test_the_table_stays_as_it_is():
    table = links(("01", "01", 7), ("01", "02", 3))
    before = table.copy(deep=True)
    flow_network(table, CITIES)
    pd.testing.assert_frame_equal(table, before)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_rows_and_cities_in_any_order_give_the_same_network(make_network, seed):
    first = make_network(seed)
    table = first.to_frame()
    rng = np.random.default_rng(seed)
    shuffled = table.sample(frac=1, random_state=seed)
    cities = first.cities[rng.permutation(first.n)]
    again = flow_network(shuffled, cities).reordered(first.cities)
    pd.testing.assert_frame_equal(again.to_matrix(), first.to_matrix())


def test_links_of_which_none_fits_are_refused_even_when_strangers_may_be_dropped():
    cities = pd.DataFrame(index=pd.Index(["10180", "10420"], name="cbsa"))
    links = pd.DataFrame({"a": [10180, 10420], "b": [10420, 10180], "f": [1.0, 2.0]})
    with pytest.raises(AlignmentError, match="None of the 2 links"):
        flow_network(links, cities, origin="a", destination="b", flow="f", unknown="drop")


def test_a_network_says_what_it_is_in_one_line():
    cities = pd.DataFrame(index=list("xy"))
    links = pd.DataFrame({"a": ["x"], "b": ["y"], "f": [1.0]})
    network = flow_network(
        links, cities, origin="a", destination="b", flow="f", unit="persons", year=2007
    )
    assert repr(network).startswith("<LinkageNetwork of 2 cities, 1 directed links, persons, 2007")
    assert repr(network.to_weights(reading="receive")).startswith("<Weights of 2 cities, 1 links")
