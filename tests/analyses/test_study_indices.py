"""Indices, inequality and network questions of a study against direct calls, and their faults."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analyses.derive import derive_column
from analyses.export_tables import study_tables
from analyses.indices.agglomeration import location_quotients, specialisation
from analyses.indices.coagglomeration import collaborative_agglomeration
from analyses.indices.composite import composite_index
from analyses.indices.convergence import beta_convergence
from analyses.indices.coupling import coupling_coordination
from analyses.indices.indicators import Indicator
from analyses.indices.inequality import dagum_gini, inequality, theil_by_groups
from analyses.indices.sensitivity import sensitivity
from analyses.layers import study_layers
from analyses.layers_maps import study_maps
from analyses.report_build import build_report
from analyses.run import run_study
from analyses.run_common import seed_of
from analyses.run_indices import spread_years
from analyses.run_inequality import measure_inequality
from analyses.shared_columns import base_columns, shared_in_models, shared_in_resilience
from analyses.study_file import read_study, study_from_text
from networks.backbones import disparity_backbone
from networks.concor import concor
from networks.core_periphery import core_periphery
from networks.gravity import gravity_network
from networks.robustness import robustness
from shapefiles.language import known_labels
from spatial.errors import ConfigError, InterurbanError, PanelError
from spatial.regression import specification_curve

SECTIONS = """
[[derived]]
name = "share"
kind = "share"
of = "real_income"
by = "whole"

[[derived]]
name = "ln_strain"
kind = "log"
of = "strain"

[[indices]]
name = "strain"
kind = "composite"
rescale = true
draws = 200
years = [1990, 1996]
indicators = [
  { column = "unemployment_insurance_per_head", dimension = "work" },
  { column = "income_maintenance_per_head", dimension = "poverty" },
  { column = "real_income_per_head", direction = "negative", dimension = "poverty" },
]

[[indices]]
name = "wealth"
kind = "composite"
method = "given"
sensitivity = false
indicators = [
  { column = "real_income_per_head", weight = 3 },
  { column = "density", weight = 1 },
]

[[indices]]
name = "quotient"
kind = "location_quotient"
of = "part"
by = "whole"

[[indices]]
name = "together"
kind = "collaborative_agglomeration"
of = ["part", "other"]
by = "whole"

[[indices]]
name = "special"
kind = "specialisation"
sectors = ["part", "other", "third"]

[[indices]]
name = "both"
kind = "coupling"
of = ["strain", "wealth"]

[[maps]]
kind = "bivariate"
columns = ["strain", "resistance"]
year = 1990

[[maps]]
kind = "index"
column = "real_income_per_head"
years = [1990, 1996]

[inequality]
columns = ["real_income_per_head", "wealth"]
group = "size"
by = "population"
convergence = true
"""


def with_sections(study, *, networks=True):
    """Add sectors to the panel, and every section of this module to the study."""
    panel = study.panel.copy()
    panel["part"] = (panel["population"] * 0.1).round()
    panel["other"] = (panel["population"] * panel["share_aged_20_29"] / 100).round()
    panel["third"] = panel["population"] - panel["part"] - panel["other"]
    panel["whole"] = panel["population"]
    study.panel = panel
    columns = '"income_maintenance_per_head", "density", "part", "other", "third", "whole"'
    text = study.text.replace(
        '"unemployment_insurance_per_head"]', f'"unemployment_insurance_per_head", {columns}]', 1
    )
    text = text.replace("\n[resilience]\n", f"{SECTIONS}\n[resilience]\n", 1)
    if networks:
        text = text.replace(
            'mass = "population"\nyear = 1990\n',
            'mass = "population"\nyear = 1990\nalpha = 0.3\nyears = [1988, 1993, 1996]\n'
            'blocks = 4\ncore = true\nrobustness = true\nchord = "size"\n',
        )
    study.text = text
    study.write()
    return study


@pytest.fixture(scope="module")
def run(tmp_path_factory, new_small_study):
    """One run for all tests that only look at it."""
    study = with_sections(new_small_study(tmp_path_factory.mktemp("indices") / "study"))
    return run_study(read_study(study.file), folder=study.folder)


def text_of(sections) -> str:
    said = []
    for section in sections:
        said += [section.title, *section.paragraphs, *section.points]
        for table in section.tables:
            said += [table.caption, *map(str, table.frame.columns), *table.notes]
        said.append(text_of(section.subsections))
    return "\n".join(said)


def test_a_study_gives_what_direct_calls_give(run):
    panel = run.area.panel
    indicators = [
        Indicator("unemployment_insurance_per_head", dimension="work"),
        Indicator("income_maintenance_per_head", dimension="poverty"),
        Indicator("real_income_per_head", "negative", dimension="poverty"),
    ]
    strain = composite_index(panel, indicators, rescale=True)
    pd.testing.assert_series_equal(panel["strain"], strain.scores.rename("strain"))
    tested = sensitivity(strain, panel, draws=200, rng=seed_of(5, "index strain"))
    pd.testing.assert_frame_equal(run.indices["strain"].sensitivity.ranks, tested.ranks)
    pd.testing.assert_frame_equal(run.indices["strain"].sensitivity.methods, tested.methods)
    assert run.indices["strain"].years == (1990, 1996)

    wealth = composite_index(
        panel,
        [Indicator("real_income_per_head"), Indicator("density")],
        method="given",
        weights={"real_income_per_head": 3.0, "density": 1.0},
    )
    pd.testing.assert_series_equal(panel["wealth"], wealth.scores.rename("wealth"))
    assert run.indices["wealth"].sensitivity is None
    assert run.indices["wealth"].years == (1988, 1991, 1993, 1996)

    both = coupling_coordination(panel[["strain", "wealth"]]).table["coordination"]
    pd.testing.assert_series_equal(panel["both"], both.rename("both"))
    later = derive_column(panel, kind="log", of="strain")
    pd.testing.assert_series_equal(panel["ln_strain"], later, check_names=False)


def test_sector_indices_of_a_study_are_those_of_employment_tables(run):
    panel = run.area.panel
    sectors = panel[["part", "other", "third"]].astype(float)
    quotients = location_quotients(sectors)
    np.testing.assert_allclose(panel["quotient"], quotients["part"])
    pair = collaborative_agglomeration(sectors, "part", "other")
    np.testing.assert_allclose(panel["together"], pair["collaborative_agglomeration"])
    np.testing.assert_allclose(panel["special"], specialisation(sectors)["krugman"])


def test_inequality_of_a_study_is_that_of_its_column(run):
    found = run.inequality["real_income_per_head"]
    values = run.area.panel["real_income_per_head"].astype(float)
    weights = run.area.panel["population"].astype(float)
    cities = values.index.get_level_values("city")
    groups = pd.Series(run.area.cities["size"].reindex(cities).to_numpy(), index=values.index)
    pd.testing.assert_frame_equal(found.table, inequality(values, weights=weights))
    pd.testing.assert_frame_equal(found.theil, theil_by_groups(values, groups, weights=weights))
    pd.testing.assert_frame_equal(found.dagum.table, dagum_gini(values, groups).table)
    beta = beta_convergence(values.to_frame(), "real_income_per_head", start=1988, end=1996)
    pd.testing.assert_frame_equal(found.beta.table, beta.table)
    zero = run.area.panel["wealth"].copy()
    zero.iloc[0] = 0.0  # as the lowest of a min-max score: it has no logarithm
    area = replace(run.area, panel=run.area.panel.assign(wealth=zero))
    lowest = measure_inequality(run.study, area)["wealth"]
    assert lowest.beta is None
    assert [remark.key for remark in lowest.remarks] == ["remark_convergence_zero"]


def test_network_questions_of_a_study_are_those_of_its_networks(run):
    analysis = run.networks["gravity"]
    asked, links = analysis.questions, analysis.backbone.binary()
    pd.testing.assert_series_equal(
        asked.blocks.membership, concor(links, splits=2).membership, check_names=False
    )
    core = core_periphery(links, restarts=2, rng=seed_of(5, "core gravity"))
    pd.testing.assert_frame_equal(asked.core.table, core.table)
    degree = robustness(analysis.backbone, order="degree")
    pd.testing.assert_frame_equal(asked.robustness["degree"].curve, degree.curve)
    assert set(asked.robustness) == {"random", "degree", "strength", "betweenness"}


def test_years_of_a_network_share_the_unit_of_the_mapped_one(run):
    asked = run.networks["gravity"].questions.years
    cities = run.area.cities
    figures = run.area.panel["population"].astype(float)
    plain = {
        year: gravity_network(cities, figures.xs(year, level="year"), decay=2.0)
        for year in (1988, 1990, 1993, 1996)
    }
    mean = plain[1990].flows.sum() / (plain[1990].n * (plain[1990].n - 1))
    assert asked.years == (1988, 1993, 1996)
    for year in asked.years:
        np.testing.assert_allclose(
            asked.sequence[year].flows.toarray(), plain[year].flows.toarray() / mean
        )
        kept = disparity_backbone(asked.sequence[year], alpha=0.3).network
        assert asked.measures.loc[year, "n_links"] == kept.n_links
    assert list(asked.changes.index) == [(1988, 1993), (1993, 1996), (1988, 1996)]
    overall = asked.changes.loc[(1988, 1996)]
    assert overall["kept"] + overall["appeared"] == asked.measures.loc[1996, "n_links"]


def test_flows_of_groups_add_up_to_the_network(run):
    analysis = run.networks["gravity"]
    groups, network = analysis.questions.groups, analysis.network
    members = run.area.cities["size"].reindex(network.cities)
    matrix = network.to_matrix()
    for one in groups.flows.index:
        for other in groups.flows.index:
            cells = matrix.loc[(members == one).to_numpy(), (members == other).to_numpy()]
            share = 0.5 if one == other else 1.0  # undirected pairs inside a group count once
            assert groups.flows.loc[one, other] == pytest.approx(share * cells.to_numpy().sum())
    between = groups.between()
    inside = float(np.diag(groups.flows).sum())
    assert between["flow"].sum() + inside == pytest.approx(network.total_flow)
    assert groups.inside_share == pytest.approx(inside / network.total_flow)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sections_are_told_in_both_languages(run, language):
    result = replace(run, study=run.study.model_copy(update={"language": language}))
    content = build_report(result)
    keys = {section.key for section in content.sections}
    assert "indices" in keys
    said = text_of(content.sections)
    placeholders = [line for line in said.split("\n") if "{" in line]
    assert placeholders == []
    assert {"en": "Core and periphery", "zh": "核心—边缘结构"}[language] in said
    titles = dict(content.findings)
    assert any(
        "strain" in sentence
        for sentence in titles[{"en": "Indices of cities", "zh": "城市综合指数"}[language]]
    )
    works = " ".join(item.text for item in content.references).lower()
    for author in ("Dagum", "Breiger", "Borgatti", "Schneider", "Shannon", "Saisana", "Barro"):
        assert author.lower() in works


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tables_have_words_for_every_column(run, language):
    result = replace(run, study=run.study.model_copy(update={"language": language}))
    tables = study_tables(result)
    expected = {
        "index_strain", "indicators_strain", "index_sensitivity_strain", "index_ranks_strain",
        "coupling_both", "inequality", "theil", "theil_groups", "dagum", "dagum_groups",
        "dagum_pairs", "sigma_convergence", "beta_convergence", "network_years_gravity",
        "network_changes_gravity", "links_by_year_gravity", "block_roles_gravity",
        "block_density_gravity", "robustness_gravity", "group_flows_gravity",
    }  # fmt: skip
    assert expected <= set(tables)
    for name in expected:
        table = tables[name]
        same = {"t"}  # the statistic has this name in English
        unworded = [c for c, word in table.labels.items() if c == word and c not in same]
        assert unworded == [], name
        assert not table.title.startswith("table_")
    assert {"block", "core", "coreness"} <= set(tables["cities_gravity"].frame.columns)


def test_layers_hold_indices_and_links_by_year(run):
    layers = study_layers(run)
    data = layers.indices.data
    column = run.area.panel["strain"].xs(1996, level="year").reindex(data.index)
    pd.testing.assert_series_equal(data["strain_1996"], column, check_names=False)
    styles = {style.column: style for style in layers.indices.styles}
    bounds = [
        [
            (one.lower, one.upper)
            for one in styles[f"strain_{year}"].classes
            if one.lower is not None
        ]
        for year in (1990, 1996)
    ]
    assert bounds[0] == bounds[1]
    lines = layers.yearly_links["gravity"].data
    counts = lines.groupby("year").size()
    links = run.networks["gravity"].questions.years.measures["n_links"]
    assert counts.to_dict() == links.astype(int).to_dict()
    points = layers.points["gravity"].data
    assert set(points["core"]) == {"core", "periphery"}


def test_named_maps_show_columns_and_measures(run):
    both, years = study_maps(run)
    strain = run.area.panel["strain"].xs(1990, level="year").reindex(run.area.cities.index)
    pd.testing.assert_series_equal(both.values["map1_first"], strain, check_names=False)
    measure = run.measures[("1990-91", "resistance")].reindex(run.area.cities.index)
    pd.testing.assert_series_equal(both.values["map1_second"], measure, check_names=False)
    assert both.styles[0].kind == "bivariate"
    assert years.years == (1990, 1996)
    classes = [[(one.lower, one.upper) for one in style.classes] for style in years.styles]
    assert classes[0] == classes[1]
    layer = study_layers(run).maps
    assert {"map1_first", "map1_second", "map2_1990", "map2_1996"} <= set(layer.data.columns)
    faulty = run.study.model_copy(
        update={"maps": (run.study.maps[0].model_copy(update={"columns": ("strian", "both")}),)}
    )
    with pytest.raises(PanelError, match=r"maps\[1\]: the panel has no column 'strian'"):
        study_maps(replace(run, study=faulty))


def test_the_curve_of_a_model_is_that_of_a_direct_call(small_study):
    study = with_sections(small_study, networks=False)
    study.text = study.text.replace(
        "ln_income ~ np.log(unemployment_insurance_per_head)",
        "ln_income ~ strain + np.log(population)",
    ).replace(
        'weights = "nearest 4"\n',
        'weights = "nearest 4"\nspecification_curve = { specifications = ["sar", "slx"], '
        'weights = ["nearest 4", "gravity linkage"] }\n',
    )
    study.write()
    found = run_study(read_study(study.file), folder=study.folder)
    model = found.models["spillovers"]
    formula = "ln_income ~ strain + np.log(population)"
    direct = specification_curve(
        {"all": formula, "np.log(population)": "ln_income ~ strain"},
        found.area.panel[["ln_income", "strain", "population"]],
        {name: found.weights[name] for name in ("nearest 4", "gravity linkage")},
        variable="strain",
        specifications=("sdm", "sar", "slx"),
        effects=("two-way", "city"),
        bias_correction="lee-yu",
    )
    pd.testing.assert_frame_equal(model.curve.table, direct.table)
    main = model.curve.table[model.curve.table["main"]].iloc[0]
    assert main["indirect"] == pytest.approx(model.effects.table.loc["strain", "indirect"])
    assert "specification_curve_spillovers" in study_tables(found)
    said = text_of(build_report(found).sections)
    assert f"over {len(direct.curve('indirect'))} models" in said
    assert [row[1] for row in shared_in_models(found)] == ["strain"]


def test_shared_columns_are_found(run):
    assert base_columns(run.study, "both") == {
        "unemployment_insurance_per_head", "income_maintenance_per_head", "real_income_per_head",
        "density",
    }  # fmt: skip
    assert dict(shared_in_resilience(run))["strain"] == {"real_income_per_head"}
    assert list(shared_in_models(run)) == []
    said = "\n".join(
        point for section in build_report(run).sections if section.key == "limits"
        for part in section.subsections for point in part.points
    )  # fmt: skip
    assert "partly by construction" in said


def test_every_wording_of_directions_and_roles_exists():
    known = known_labels()
    for word in ("positive", "negative", "moderate", "interval", "reciprocal"):
        assert f"direction_{word}" in known
    for role in ("net_beneficiary", "bidirectional_spillover", "broker", "net_spillover"):
        assert f"block_role_{role}" in known


INDEX = '[[indices]]\nname = "x"\nkind = "composite"\nindicators = [{ column = "population" }, '

FAULTS = {
    "one indicator": (
        '[[indices]]\nname = "x"\nkind = "composite"\nindicators = [{ column = "population" }]',
        "indices[1].indicators",
    ),
    "kind": ('[[indices]]\nname = "x"\nkind = "composit"', "nearest: 'composite'"),
    "no fault": (INDEX + '{ column = "real_income" }]', None),
    "name in formulas": (
        INDEX.replace('"x"', '"my index"') + '{ column = "real_income" }]',
        "becomes a column of formulas",
    ),
    "column twice": (INDEX + '{ column = "population" }]', "twice"),
    "weights of experts": (
        INDEX + '{ column = "real_income", weight = 2 }]',
        "finds its weights itself",
    ),
    "weights lacking": (
        INDEX + '{ column = "real_income", weight = 2 }]\nmethod = "given"',
        "without the key 'weight': 'population'",
    ),
    "target": (
        INDEX + '{ column = "real_income", direction = "moderate" }]',
        "key 'target' goes with direction = 'moderate'",
    ),
    "combine": (INDEX + '{ column = "real_income" }]\nmethod = "combined"', "key 'combine'"),
    "sector twice": (
        '[[indices]]\nname = "x"\nkind = "collaborative_agglomeration"\nof = ["a", "a"]\nby = "b"',
        "one sector twice",
    ),
    "coupling weights": (
        '[[indices]]\nname = "x"\nkind = "coupling"\nof = ["a", "b"]\nweights = [1]',
        "1 numbers for 2 columns",
    ),
    "name of a derived column": (
        INDEX.replace('"x"', '"ln_income"') + '{ column = "real_income" }]',
        "is a [[derived]] column",
    ),
    "unknown group": ('[inequality]\ncolumns = "population"\ngroup = "region"', "[groups]"),
    "unknown shock": (
        '[[maps]]\nkind = "bivariate"\ncolumns = ["population", "resistance"]\nshock = "2008"',
        "maps[1]: shock",
    ),
    "map years": ('[[maps]]\nkind = "index"\ncolumn = "population"\nyears = []', "maps[1].years"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_sections_are_named(fault, study_text):
    extra, said = FAULTS[fault]
    text = study_text.replace("\n[resilience]\n", f"\n{extra}\n\n[resilience]\n", 1)
    if said is None:
        assert study_from_text(text).indices[0].name == "x"
        return
    with pytest.raises(ConfigError) as error:
        study_from_text(text)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("year = 1990\n", "year = 1990\nyears = [1990]\n", "two or more"),
        ("year = 1990\n", "year = 1990\nblocks = 3\n", "blocks"),
        ("year = 1990\n", 'year = 1990\nchord = "region"\n', "[groups]"),
        ('weights = "nearest 4"\n', 'weights = "nearest 4"\nspecification = "sem"\n'
         "specification_curve = true\n", "spillovers in the mean"),
        ('weights = "nearest 4"\n', 'weights = "nearest 4"\n'
         'specification_curve = { weights = ["nearest 5"] }\n', "specification_curve.weights"),
    ],
)  # fmt: skip
def test_faults_of_networks_and_curves_are_named(before, after, said, study_text):
    head, tail = study_text.rsplit(before, 1)
    with pytest.raises(ConfigError) as error:
        study_from_text(head + after + tail)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('of = "part"\nby = "whole"', 'of = "whole"\nby = "part"', "'by' must be the whole"),
        ('of = "part"\nby', 'of = "patr"\nby', "nearest: 'part'"),
        ("years = [1990, 1996]", "years = [1990, 2001]", "2001"),
        ('name = "quotient"', 'name = "density"', "is a column of the panel"),
        ('of = ["strain", "wealth"]', 'of = ["strain", "population"]', "'both': Scores of systems"),
        ('columns = ["real_income_per_head", "wealth"]', 'columns = "real_incom"', "[inequality]"),
    ],
)
def test_faults_of_figures_are_named(small_study, before, after, said):
    study = with_sections(small_study, networks=False)
    assert before in study.text
    study.text = study.text.replace(before, after, 1)
    study.write()
    with pytest.raises(InterurbanError) as error:
        run_study(read_study(study.file), folder=study.folder)
    assert said in str(error.value)


def test_years_of_a_network_must_be_in_the_panel(small_study):
    study = with_sections(small_study)
    study.text = study.text.replace("years = [1988, 1993, 1996]", "years = [1988, 1999]")
    study.write()
    with pytest.raises(PanelError, match="year 1999 is not in the panel"):
        run_study(read_study(study.file), folder=study.folder)


def test_cities_with_gaps_are_told(small_study):
    study = with_sections(small_study, networks=False)
    gap = study.panel["cbsa"] == study.panel["cbsa"].iloc[0]
    study.panel.loc[gap & (study.panel["year"] == 1990), ["part", "density"]] = np.nan
    study.text = study.text.replace("sensitivity = false", 'sensitivity = false\nmissing = "keep"')
    study.text = study.text.replace('"whole"]', '"whole"]\nincomplete = "keep"', 1)
    study.write()
    found = run_study(read_study(study.file), folder=study.folder)
    assert found.indices["quotient"].remarks[0].key == "remark_sectors_missing"
    assert found.indices["wealth"].remarks[0].key == "remark_index_missing"
    lost = found.inequality["wealth"].remarks[0]
    assert lost.values["cities"] == [study.panel["cbsa"].iloc[0]]
    assert found.inequality["wealth"].n == len(found.area.cities) - 1


def test_mapped_years_are_spread():
    assert spread_years([2005]) == (2005,)
    assert spread_years(list(range(2000, 2010))) == (2000, 2003, 2006, 2009)
