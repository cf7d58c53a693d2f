"""What the explorer page holds, against the results it was made of."""

import base64
import dataclasses
import hashlib
import json
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from analyses.explorer_content import ExplorerContent, ExplorerVariable
from analyses.explorer_data import explorer_data, shortened_column
from analyses.explorer_page import render_explorer, script_safe_json, write_explorer
from analyses.explorer_study import named_columns, strongest_pairs, study_explorer
from analyses.run import run_study
from analyses.study_file import read_study
from shapefiles.style_json import CLASS_SIGNS
from shapefiles.styles import choropleth_style
from spatial.autocorrelation import local_moran
from spatial.errors import AlignmentError, ConfigError

_KNOWN: dict[str, object] = {}
MEGABYTE = 1_000_000


@pytest.fixture
def west(small_study):
    """Results of the small study with spillovers of single cities; computed once."""
    if "west" not in _KNOWN:
        small_study.text = small_study.text.replace(
            'weights = "nearest 4"\n\n[outputs]',
            'weights = "nearest 4"\ncity_effects = true\n\n[outputs]',
        )
        assert "city_effects" in small_study.text
        small_study.write()
        _KNOWN["west"] = run_study(read_study(small_study.file), folder=small_study.folder)
        _KNOWN["content"] = study_explorer(_KNOWN["west"])
    return _KNOWN["west"]


@pytest.fixture
def content(west):
    return _KNOWN["content"]


def squares(names, **more):
    """A grid of squares with one variable."""
    side = int(np.ceil(np.sqrt(len(names))))
    cells = [shapely.box(10 + i, 40 + j, 11 + i, 41 + j) for i in range(side) for j in range(side)]
    ids = pd.Index([f"{at:03d}" for at in range(len(names))])
    cities = gpd.GeoDataFrame(
        {"name": names}, geometry=cells[: len(names)], index=ids, crs="EPSG:4326"
    )
    values = pd.DataFrame({"": np.arange(len(names), dtype=float)}, index=ids)
    variable = ExplorerVariable(
        title="Number",
        group="Numbers",
        values=values,
        style=choropleth_style(values[""], column="x", title="Number"),
    )
    given = {"title": "Squares", "language": "en", "cities": cities, "variables": (variable,)}
    return ExplorerContent(**(given | more))


def test_values_classes_and_clusters_are_those_of_the_study(west, content):
    told = explorer_data(content)
    ids = list(west.area.cities.index)
    assert told["cities"]["ids"] == ids
    first, variable = told["variables"][0], content.variables[0]
    resistance = west.measures[("1990-91", "resistance")].reindex(ids)
    np.testing.assert_allclose(first["values"][0], resistance, rtol=1e-5, atol=1e-6)
    positions = [CLASS_SIGNS.index(sign) for sign in first["classes"][0]]
    assert positions == variable.style.class_of(resistance).tolist()
    clusters = west.local[("1990-91", "resistance")].table["cluster"].reindex(ids)
    style = variable.cluster_style
    assert style is not None
    found = [CLASS_SIGNS.index(sign) for sign in first["clusters"]["classes"][0]]
    assert found == style.class_of(clusters).tolist()
    table = west.moran.table
    row = table[(table["measure"] == "resistance, 1990-91") & (table["weights"] == "nearest 4")]
    assert first["p"] == [pytest.approx(float(row["p_permutation"].iloc[0]))]


def test_yearly_variables_have_one_set_of_classes_and_their_own_clusters(west, content):
    outcome = next(one for one in content.variables if one.yearly)
    assert outcome.title == "real_income_per_head"
    wide = west.area.wide("real_income_per_head")
    pd.testing.assert_frame_equal(outcome.values, wide.astype(float), check_names=False)
    assert outcome.style.bounds[0] <= wide.min().min()
    assert outcome.style.bounds[-1] >= wide.max().max()
    assert outcome.clusters is not None
    year = wide.columns[-1]
    options = west.study.autocorrelation
    again = local_moran(
        wide[year],
        west.weights["nearest 4"],
        permutations=options.permutations,
        correction=options.correction,
        alpha=options.alpha,
        rng=np.random.default_rng(0),
    ).table
    # Quadrants do not depend on chance; where both draws mark a city, the cluster is its quadrant.
    marked = outcome.clusters[year].isin(["High-High", "Low-Low", "Low-High", "High-Low"])
    assert (outcome.clusters[year][marked] == again["quadrant"][marked]).all()
    assert abs(int(marked.sum()) - int((again["cluster"] != "Not significant").sum())) <= 3


def test_only_columns_that_the_study_names(west):
    columns = named_columns(west)
    assert columns[0] == "real_income_per_head"
    assert {"ln_income", "unemployment_insurance_per_head"} <= set(columns)
    assert "population" not in columns
    assert "real_income" not in columns


def test_a_year_with_gaps_has_values_but_no_clusters(west):
    area = west.area
    panel = area.panel.copy()
    panel.loc[(area.cities.index[0], 1990), "real_income_per_head"] = np.nan
    gappy = dataclasses.replace(west, area=dataclasses.replace(area, panel=panel))
    content = study_explorer(gappy)
    outcome = next(one for one in content.variables if one.yearly)
    assert outcome.clusters is not None
    assert 1990 not in outcome.clusters.columns
    told = next(one for one in explorer_data(content)["variables"] if one["years"])
    at = told["years"].index(1990)
    assert told["clusters"]["classes"][at] == ""
    assert told["values"][at][0] is None
    assert told["style"]["classes"][CLASS_SIGNS.index(told["classes"][at][0])]["missing"]


def test_spillovers_are_the_strongest_of_the_effect_matrix(west, content):
    model = west.models["spillovers"]
    assert model.effects is not None
    matrix = model.effects.effect_matrix(model.focus)
    pairs = content.spillovers[0].pairs
    for row in pairs.itertuples():
        assert row.effect == pytest.approx(matrix.loc[row.destination, row.origin])
    city = matrix.columns[3]
    sent = matrix[city].drop(city).abs().nlargest(8).index
    received = matrix.loc[city].drop(city).abs().nlargest(8).index
    assert set(sent) <= set(pairs.loc[pairs["origin"] == city, "destination"])
    assert set(received) <= set(pairs.loc[pairs["destination"] == city, "origin"])
    assert not pairs.duplicated(["origin", "destination"]).any()
    assert len(strongest_pairs(model, most=1)) <= 2 * len(matrix)
    totals = content.spillovers[0].totals
    others = matrix.to_numpy() - np.diag(np.diag(matrix))
    np.testing.assert_allclose(totals["emitted"], others.sum(axis=0))
    np.testing.assert_allclose(totals["received"], others.sum(axis=1))


def test_weights_and_links_are_told_by_position(west, content):
    told = explorer_data(content)
    ids = told["cities"]["ids"]
    weights = west.weights["nearest 4"]
    matrix = pd.DataFrame(weights.matrix.toarray(), weights.ids, weights.ids).loc[ids, ids]
    for row, (others, entries) in enumerate(
        zip(told["weights"]["neighbours"], told["weights"]["entries"], strict=True)
    ):
        assert others == np.flatnonzero(matrix.iloc[row]).tolist()
        np.testing.assert_allclose(entries, matrix.iloc[row, others].iloc[0], rtol=1e-9)
    network = told["networks"][0]
    backbone = west.networks["gravity"].backbone
    frame = backbone.to_frame()
    ends = zip(frame["origin"], frame["destination"], strict=True)
    links = dict(zip(ends, frame.iloc[:, 2], strict=True))
    assert len(network["from"]) == len(links)
    for start, end, weight in zip(network["from"], network["to"], network["weights"], strict=True):
        assert weight == pytest.approx(links[(ids[start], ids[end])], rel=1e-5)
    assert network["weights"] == sorted(network["weights"])


def test_shortened_numbers_keep_small_values_and_small_differences():
    values = pd.Series([1e9 + at / 7 for at in range(50)] + [np.nan])
    short = shortened_column(values)
    assert short[-1] is None
    np.testing.assert_allclose(short[:-1], values[:-1], rtol=0, atol=1e-5 * values.std())
    mixed = pd.Series([123456789.123, 0.000123456, 0.0, -5.25])
    assert shortened_column(mixed)[1:] == [0.000123456, 0, -5.25]


def test_the_page_allows_its_own_script_and_style_only(content):
    page = render_explorer(content)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    policy = policy.replace("&#39;", "'")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)[1]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    for rule, text in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert "innerHTML" not in script
    assert not re.search(r"\beval\b|fetch\(|XMLHttpRequest|import\(", script)
    assert " style=" not in page.replace(script, "").replace(style, "").split('id="data"')[0]
    without_data = re.sub(r'id="data">.*?</script>', "", page, flags=re.DOTALL)
    addresses = set(re.findall(r"https?://[^\s'\"<>)]+", without_data))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_hostile_text_stays_text_in_the_data():
    names = ["</script><script>alert(1)</script>", "<!--", "\u2028\u2029", "\ud800", "A & B", "\"'"]
    text = script_safe_json(names)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == names
    text.encode("utf-8")


def test_small_page_without_study_weights_or_networks(tmp_path):
    content = squares([f"City {at}" for at in range(9)])
    told = explorer_data(content)
    assert told["weights"] is None
    assert told["networks"] == told["spillovers"] == []
    assert told["variables"][0]["decimals"] == 0
    assert len(render_explorer(content)) < 200_000


def test_size_of_a_study_page(west, tmp_path):
    path = write_explorer(west, tmp_path / "explorer.html")
    assert path.stat().st_size < MEGABYTE


def test_faults_are_said():
    with pytest.raises(ConfigError, match="no variables"):
        squares(["a", "b"], variables=())
    good = squares(["a", "b"])
    with pytest.raises(AlignmentError, match="'Number'"):
        squares(["a", "b", "c"], variables=good.variables)
    values = pd.DataFrame({2001: [1.0], 2000: [2.0]}, index=["000"])
    style = choropleth_style(values[2001], column="x", title="X")
    with pytest.raises(ConfigError, match="ascend"):
        ExplorerVariable(title="X", group="", values=values, style=style, yearly=True)
    with pytest.raises(ConfigError, match="2 columns"):
        ExplorerVariable(title="X", group="", values=values, style=style)
    with pytest.raises(AlignmentError, match="group"):
        squares(["a", "b"], groups={"Region": pd.Series(["x"], index=["000"])})
