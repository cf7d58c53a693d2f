"""The interlocking network against sums over firms, its corrections, and bad records."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import gross_connectivity, interlocking_network
from spatial.errors import AlignmentError, ConfigError, PanelError

CITIES = pd.Index(["a", "b", "c", "d", "e"])


def offices(seed, firms=6, cities=CITIES):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        rng.integers(0, 6, (len(cities), firms)) * (rng.random((len(cities), firms)) < 0.6),
        index=pd.Index(cities, name="city"),
        columns=[f"f{k}" for k in range(firms)],
    )
    return table, table.reset_index().melt("city", var_name="firm", value_name="service")


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    correction=st.sampled_from(["none", "newman", "equal"]),
    seated=st.booleans(),
)
def test_against_sums_over_firms(seed, correction, seated):
    table, records = offices(seed)
    table = table.loc[:, (table > 0).any()]
    records = records[records["firm"].isin(table.columns)]
    seats = table.idxmax() if seated else None
    found = interlocking_network(records, CITIES, correction=correction, headquarters=seats)
    expected = pd.DataFrame(0.0, CITIES, CITIES)
    for firm in table.columns:
        v = table[firm]
        served = v.index[v > 0]
        pairs = [
            (a, b) for a, b in itertools.permutations(served, 2) if not seated or a == seats[firm]
        ]
        total = sum(v[a] * v[b] for a, b in pairs) / (1 if seated else 2)
        scale = {
            "none": 1.0,
            "newman": 1.0 / (len(served) - 1) if len(served) > 1 else 0.0,
            "equal": 1.0 / total if total else 0.0,
        }[correction]
        for a, b in pairs:
            expected.loc[a, b] += scale * v[a] * v[b]
    np.testing.assert_allclose(found.to_matrix(), expected, rtol=1e-12)
    assert found.directed == seated
    assert found.parameters["firms_in_one_city"] == ((table > 0).sum() == 1).sum()
    if correction == "equal":
        assert found.total_flow == pytest.approx(((table > 0).sum() > 1).sum())


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 100))
def test_scale_and_order(seed, factor):
    _, records = offices(seed)
    first = interlocking_network(records, CITIES, correction="newman")
    shuffled = records.sample(frac=1, random_state=seed)
    again = interlocking_network(shuffled, CITIES[::-1], correction="newman")
    np.testing.assert_allclose(again.reordered(CITIES).to_matrix(), first.to_matrix())
    scaled = records.assign(service=records["service"] * factor)
    larger = interlocking_network(scaled, CITIES, correction="newman")
    np.testing.assert_allclose(larger.to_matrix(), factor**2 * first.to_matrix())
    equal = [interlocking_network(r, CITIES, correction="equal") for r in (records, scaled)]
    np.testing.assert_allclose(equal[1].to_matrix(), equal[0].to_matrix(), rtol=1e-9)


def test_gross_connectivity():
    table, records = offices(3)
    found = gross_connectivity(interlocking_network(records, CITIES))
    v = table.to_numpy(dtype=float)
    expected = [(v[a] * v).sum() - (v[a] ** 2).sum() for a in range(len(CITIES))]
    np.testing.assert_allclose(found["gross"], expected)
    assert found["relative"].max() == 1.0
    assert found["share"].sum() == pytest.approx(1.0)
    nothing = interlocking_network(records.iloc[:0], CITIES)
    assert gross_connectivity(nothing)["relative"].isna().all()


def test_shared_firms_without_service_values():
    records = pd.DataFrame({"city": list("abcab"), "firm": list("xxxyy")})
    found = interlocking_network(records, CITIES, service=None)
    assert found.to_matrix().loc["a", "b"] == 2.0
    assert found.to_matrix().loc["a", "c"] == 1.0


def test_bad_records():
    _, records = offices(1)
    with pytest.raises(PanelError, match=r"given twice in a city: \('a', 'f0'\)"):
        interlocking_network(pd.concat([records, records.iloc[:1]]), CITIES)
    with pytest.raises(PanelError, match="values in column 'service' are negative"):
        interlocking_network(records.assign(service=-1), CITIES)
    with pytest.raises(AlignmentError, match="'e'.*unknown='drop'"):
        interlocking_network(records, CITIES[:4])
    nameless = records.assign(city=records["city"].mask(records.index == 2))
    with pytest.raises(AlignmentError, match="1 of 30 records have no 'city'.*in rows 2"):
        interlocking_network(nameless, CITIES)
    with pytest.raises(ConfigError, match="correction='size'"):
        interlocking_network(records, CITIES, correction="size")
    found = interlocking_network(nameless, CITIES[:4], unknown="drop", unnamed="drop")
    assert (found.parameters["unnamed_records"], found.parameters["unknown_records"]) == (1, 6)
    assert "records without a place or a group, dropped: 1 of 30" in found.description


def test_headquarters_are_checked():
    records = pd.DataFrame({"city": list("ab"), "firm": list("xx"), "service": [1, 2]})
    with pytest.raises(AlignmentError, match="it lacks 'x'"):
        interlocking_network(records, CITIES, headquarters=pd.Series({"y": "a"}))
    with pytest.raises(AlignmentError, match="'x' have no service value"):
        interlocking_network(records, CITIES, headquarters=pd.Series({"x": "c"}))
    abroad = interlocking_network(records, CITIES, headquarters=pd.Series({"x": "Paris"}))
    assert abroad.n_links == 0


def test_firms_of_chinese_cities(shared_folder):
    path = shared_folder / "data/china/cn_firm_links_hightech_pre2008.csv"
    links = pd.read_csv(path, dtype={"from_code": str, "to_code": str})
    links = links.dropna(subset=["from_code", "to_code"])
    # A city serves a sector as strongly as it has links in it: sectors stand in for firms.
    values = links.groupby(["from_code", "sector"])["n_firm_links"].sum().reset_index()
    cities = pd.Index(sorted(values["from_code"].unique()))
    found = interlocking_network(
        values, cities, city="from_code", firm="sector", service="n_firm_links"
    )
    v = values.pivot_table(index="from_code", columns="sector", values="n_firm_links").fillna(0.0)
    joint = v.to_numpy() @ v.to_numpy().T
    np.testing.assert_allclose(found.sent, joint.sum(axis=1) - np.diag(joint))
    assert gross_connectivity(found)["relative"].max() == 1.0
