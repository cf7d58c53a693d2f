"""Every result has a table worded in both languages: one of each kind, on the embedded example."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import networks as nw
import spatial.autocorrelation as ac
import spatial.regression as rg
from analyses import indices as ix
from shapefiles.example import example_area
from shapefiles.journal_results import table_parts, to_table
from shapefiles.journal_table import JournalTable
from shapefiles.result_layouts import LAYOUTS
from spatial.errors import ConfigError
from spatial.regression.first_stage import first_stage_estimates
from spatial.results import Result, table_maker
from spatial.weights import Weights, knn_weights, weights_report

FORMULA = "np.log(real_income_per_head) ~ np.log(population) + share_aged_20_29"
SHOCK = ix.Shock("1990-91", resistance=(1990, 1991), recovery=(1991, 1994))
YEARS = range(1985, 1997)


@cache
def cities() -> pd.DataFrame:
    """Twenty-four metros in one region."""
    every = example_area().cities
    return every[every["region"] == "Midwest"].iloc[:24].sort_index()


@cache
def panel() -> pd.DataFrame:
    full = example_area().panel
    at, year = (full.index.get_level_values(name) for name in ("city", "year"))
    return full[at.isin(cities().index) & year.isin(YEARS)].sort_index()


@cache
def weights() -> Weights:
    return knn_weights(cities(), k=4)


@cache
def income() -> pd.Series:
    return panel()["real_income_per_head"]


def by_year(*years: int) -> pd.DataFrame:
    return income().unstack("year")[list(years or YEARS)]


@cache
def growth() -> pd.Series:
    table = by_year()
    return (table[1994] / table[1990] - 1.0).rename("growth")


def population() -> pd.Series:
    return panel()["population"].xs(1990, level="year")


@cache
def network() -> nw.LinkageNetwork:
    return nw.gravity_network(cities(), population(), decay=2.0)


@cache
def later_network() -> nw.LinkageNetwork:
    return nw.gravity_network(cities(), panel()["population"].xs(1996, level="year"), decay=2.0)


@cache
def backbone() -> nw.Backbone:
    return nw.disparity_backbone(network(), alpha=0.2)


@cache
def sdm() -> rg.PanelResult:
    return rg.fit_panel(FORMULA, panel(), weights())


@cache
def dynamic() -> rg.DynamicPanelResult:
    return rg.fit_dynamic_panel(FORMULA, panel(), weights())


@cache
def instrumented() -> rg.SpatialIVResult:
    return rg.fit_spatial_iv(
        FORMULA + " + income_maintenance_per_head",
        panel(),
        weights(),
        city="city",
        year="year",
        effects="two-way",
        endogenous=["income_maintenance_per_head"],
        instruments=["unemployment_insurance_per_head", "share_aged_10_19"],
    )


@cache
def composite() -> ix.CompositeIndex:
    indicators = [
        ix.Indicator("real_income_per_head", "positive", "wealth", unit="US$", source="BEA"),
        ix.Indicator("density", "positive", "wealth", unit="persons/km²", source="Census"),
        ix.Indicator("unemployment_insurance_per_head", "negative", "risk", unit="US$"),
        ix.Indicator("share_aged_20_29", "positive", "risk", unit="%", source="Census"),
    ]
    return ix.composite_index(panel(), indicators)


def sectors() -> pd.DataFrame:
    shares = panel()[["share_aged_10_19", "share_aged_20_29"]] / 100
    jobs = shares.mul(panel()["population"], axis=0)
    return jobs.assign(others=panel()["population"] - jobs.sum(axis=1))


def plants() -> pd.DataFrame:
    table = cities()[["longitude", "latitude"]].copy()
    table["industry"] = np.where(np.arange(len(table)) % 2, "steel", "care")
    return table.reset_index(drop=True)


def services(faster: float = 1.0) -> pd.DataFrame:
    ids = list(cities().index[:6])
    rows = [
        (a, b, (1.0 + abs(i - j)) / faster)
        for i, a in enumerate(ids)
        for j, b in enumerate(ids)
        if i != j
    ]
    return pd.DataFrame(rows, columns=["origin", "destination", "hours"])


def rails(faster: float = 1.0) -> nw.LinkageNetwork:
    return nw.rail_network(
        services(faster), cities().iloc[:6], measure="time", hours="hours", year=2000
    )


def judgements() -> pd.DataFrame:
    items = ["net", "jobs", "finance"]
    return pd.DataFrame([[1, 2, 4], [1 / 2, 1, 2], [1 / 4, 1 / 2, 1]], items, items)


def cycle() -> pd.Series:
    logs = np.log(income())
    return (logs - logs.groupby(level="city").transform("mean")).rename("cycle")


def decomposition() -> pd.DataFrame:
    parts = {
        city: ix.hodrick_prescott_filter(series.droplevel("city"), smoothing=6.25)
        for city, series in income().groupby(level="city")
    }
    return pd.concat(parts, names=["city"])


def dagum() -> ix.DagumGini:
    values = income()[income().index.get_level_values("year").isin([1990, 1991])]
    sizes = cities()["size"].reindex(values.index.get_level_values("city"))
    return ix.dagum_gini(values, sizes.set_axis(values.index))


def few() -> nw.LinkageNetwork:
    some = list(cities().index[:8])
    return nw.row_mean_backbone(network().subset(pd.Index(some))).network


def few_classes() -> pd.Series:
    return pd.Series(np.where(growth() > growth().median(), "fast", "slow"), growth().index)


def murders() -> tuple[pd.Series, pd.Series]:
    table = panel().xs(1990, level="year")
    return table["murders"], table["population"]


FAST = {"permutations": 99, "rng": 1}

MAKERS: dict[str, Callable[[], Result]] = {
    "AnalyticHierarchy": lambda: ix.analytic_hierarchy(judgements()),
    "ClubConvergence": lambda: ix.club_convergence(panel(), "real_income_per_head"),
    "CompositeIndex": composite,
    "BetaConvergence": lambda: ix.beta_convergence(
        panel(), "real_income_per_head", start=1985, end=1996
    ),
    "CounterfactualPaths": lambda: ix.panel_counterfactual(
        FORMULA, panel(), weights(), before=1992, simulations=20, rng=1
    ),
    "CouplingCoordination": lambda: ix.coupling_coordination(composite().dimensions),
    "CycleResilience": lambda: ix.cycle_resilience(decomposition(), peak=1990, end=1994),
    "DistanceDensity": lambda: ix.duranton_overman(
        plants(), "steel", simulations=39, steps=5, rng=1
    ),
    "GroupAssignment": lambda: ix.assign_groups(
        pd.DataFrame({"name": ["郑州市", "运城市", "拉萨市"]}, index=["a", "b", "c"]),
        "city-clusters",
    ),
    "DagumGini": dagum,
    "KernelDensities": lambda: ix.kernel_densities(panel(), "real_income_per_head", points=16),
    "RelativeConcentration": lambda: ix.marcon_puech(
        plants(), "steel", radii=[50, 100, 200], simulations=39, rng=1
    ),
    "Persistence": lambda: ix.shock_persistence(cycle(), cycle().groupby(level="year").mean()),
    "RecoveryClasses": lambda: ix.recovery_classes(
        panel(), "real_income_per_head", peak=(1989, 1990), end=1994
    ),
    "ResilienceResult": lambda: ix.resilience(
        panel(), "real_income_per_head", shocks=[SHOCK], national="mean"
    ),
    "CompositeSensitivity": lambda: ix.sensitivity(
        composite(), panel(), methods=["equal", "critic"], draws=20, rng=1
    ),
    "ShiftShareResilience": lambda: ix.shift_share_resilience(sectors(), shocks=[SHOCK]),
    "BigSmallCoordination": lambda: ix.big_small_coordination(
        by_year(1990, 1991).rename(columns=str),
        population() > population().median(),
        network=network(),
    ),
    "SpatialGini": lambda: ix.spatial_gini(by_year()[1990], weights(), **FAST),
    "AlignedPartitions": lambda: nw.align_partitions(
        {
            1990: nw.communities(network(), rng=1).membership,
            1996: nw.communities(later_network(), rng=1).membership,
        }
    ),
    "BackboneComparison": lambda: nw.compare_backbones(
        {"disparity": backbone(), "row mean": nw.row_mean_backbone(network())}
    ),
    "Backbone": backbone,
    "Cascade": lambda: nw.load_cascade(backbone().network, cities().index[0]),
    "Centralities": lambda: nw.centralities(backbone().network),
    "NetworkChange": lambda: nw.network_change(
        backbone().network, nw.disparity_backbone(later_network(), alpha=0.2).network
    ),
    "ClusterStructure": lambda: nw.cluster_structure(network(), population()),
    "RankSize": lambda: nw.rank_size(population()),
    "Communities": lambda: nw.communities(network(), rng=1),
    "BlockModel": lambda: nw.concor(backbone().network),
    "CorePeriphery": lambda: nw.core_periphery(few(), restarts=1, permutations=1, rng=1),
    "DebtRank": lambda: nw.debt_rank(network()),
    "EstimatedGravity": lambda: nw.estimated_gravity(
        nw.radiation_network(cities(), population()), cities=cities()
    ),
    "GrangerNetwork": lambda: nw.granger_network(income(), lags=1),
    "GravityBackbone": lambda: nw.gravity_backbone(cities(), population(), top=3),
    "CommunityStability": lambda: nw.community_stability(network(), runs=5, rng=1),
    "QapCorrelation": lambda: nw.qap_correlation(network(), later_network(), **FAST),
    "QapCorrelations": lambda: nw.qap_correlations(
        {"1990": network(), "1996": later_network(), "kept": backbone().network}, **FAST
    ),
    "QapRegression": lambda: nw.qap_regression(network(), {"1996": later_network()}, **FAST),
    "RailChange": lambda: nw.rail_change(rails(), rails(2.0)),
    "Robustness": lambda: nw.robustness(backbone().network),
    "ShockPath": lambda: nw.linear_propagation(network(), cities().index[0], steps=3),
    "RichClub": lambda: nw.rich_club(backbone().network, nulls=3, rng=1),
    "SmallWorld": lambda: nw.small_world(backbone().network, nulls=3, rng=1),
    "NetworkStructure": lambda: nw.structure(backbone().network),
    "StructureResilience": lambda: nw.structure_resilience(backbone().network, rng=1),
    "UrbanFlow": lambda: nw.urban_flow(sectors().xs(1990, level="year"), by_year()[1990]),
    "AutocorrelationTable": lambda: ac.autocorrelation_table(
        by_year(1990, 1991), {"nearest 4": weights()}, **FAST
    ),
    "Correlogram": lambda: ac.order_correlogram(growth(), weights(), orders=2, **FAST),
    "EllipsePath": lambda: ac.standard_deviational_ellipses(by_year(1990, 1996), cities()),
    "EmergingHotSpots": lambda: ac.emerging_hot_spots(by_year(), weights()),
    "Geodetector": lambda: ac.geodetector(growth(), cities()[["size"]].assign(half=few_classes())),
    "GlobalGeary": lambda: ac.global_geary(growth(), weights(), **FAST),
    "GlobalMoran": lambda: ac.global_moran(growth(), weights(), **FAST),
    "MoranTable": lambda: ac.global_moran_table(
        by_year(1990, 1991), {"nearest 4": weights()}, **FAST
    ),
    "GlobalStatistic": lambda: ac.global_getis_ord(growth() - growth().min(), weights(), **FAST),
    "JoinCounts": lambda: ac.join_counts(few_classes(), weights(), **FAST),
    "LocalMoran": lambda: ac.local_moran(growth(), weights(), **FAST),
    "LocalPanel": lambda: ac.local_panel(by_year(1990, 1991), weights(), **FAST),
    "LocalStatistic": lambda: ac.local_getis_ord(growth(), weights(), **FAST),
    "MarkovChain": lambda: ac.markov_chain(by_year(), relative=True),
    "HomogeneityTest": lambda: ac.markov_homogeneity(
        {"east": pd.DataFrame([[40, 10], [5, 45]]), "west": pd.DataFrame([[20, 30], [5, 45]])}
    ),
    "PanelMoran": lambda: ac.panel_moran(by_year(), weights(), **FAST),
    "SpaceTimeMoran": lambda: ac.space_time_moran(by_year(1990, 1991, 1992), weights(), **FAST),
    "RankMobility": lambda: ac.rank_tau(by_year(1990, 1991, 1992), weights(), **FAST),
    "EmpiricalBayesRates": lambda: ac.empirical_bayes_rates(*murders()),
    "SpatialMarkov": lambda: ac.spatial_markov(
        by_year(), weights(), relative=True, classes=3, **FAST
    ),
    "LisaTimePaths": lambda: ac.lisa_time_paths(by_year(), weights()),
    "LisaTransitions": lambda: ac.lisa_transitions(by_year(), weights()),
    "Trends": lambda: ac.city_trends(by_year()),
    "SpilloverBoundary": lambda: rg.spillover_boundary(
        FORMULA, panel(), cities(), variable="share_aged_20_29", bounds=[200, 300, 400], unit="km"
    ),
    "SpecificationCurve": lambda: rg.specification_curve(
        {"基准": FORMULA}, panel(), {"nearest 4": weights()}, variable="share_aged_20_29"
    ),
    "WeightsComparison": lambda: rg.compare_weights(
        FORMULA,
        panel(),
        {"nearest 4": weights(), "nearest 6": knn_weights(cities(), k=6)},
        specifications=["sar", "sem"],
        permutations=19,
        rng=1,
    ),
    "ModelComparison": lambda: rg.compare({"SDM": sdm(), "(2)": dynamic()}),
    "CrossSectionDependence": lambda: rg.cross_section_dependence(sdm()),
    "VariableDescription": lambda: rg.describe_variables(
        panel(), ["real_income_per_head", "density", "murders"], outcome="real_income_per_head"
    ),
    "VariableCorrelations": lambda: rg.correlate_variables(
        panel(), ["real_income_per_head", "density", "murders"]
    ),
    "VarianceInflation": lambda: rg.variance_inflation(sdm()),
    "DynamicEffectsResult": lambda: dynamic().effects(),
    "DynamicPanelResult": dynamic,
    "StabilityTest": lambda: dynamic().stability,
    "GroupEffects": lambda: rg.effects_by_group(sdm(), "share_aged_20_29", cities()["size"]),
    "OrderEffects": lambda: rg.effects_by_order(sdm(), order=2),
    "RingEffects": lambda: rg.effects_by_ring(
        sdm(), "share_aged_20_29", cities(), bounds_km=[200, 400]
    ),
    "EffectTests": lambda: rg.effect_tests(
        rg.fit_panel(FORMULA, panel(), weights(), effects="random", specification="sar")
    ),
    "EffectsResult": lambda: sdm().effects(),
    "HausmanTest": lambda: rg.hausman_test(
        rg.fit_panel(FORMULA, panel(), weights(), specification="sar", effects="random")
    ),
    "JTests": lambda: rg.j_tests(
        FORMULA,
        panel(),
        {"nearest 4": weights(), "nearest 6": knn_weights(cities(), k=6)},
        bootstrap=19,
        rng=1,
    ),
    "SpecificationLadder": lambda: rg.specification_ladder(FORMULA, panel(), weights()),
    "Prediction": lambda: rg.predict(sdm()),
    "ResidualMoran": lambda: rg.residual_moran(sdm(), **FAST),
    "PanelResult": sdm,
    "SpatialGMMResult": lambda: rg.fit_spatial_gmm(
        FORMULA, panel(), weights(), city="city", year="year", effects="two-way"
    ),
    "SpatialIVResult": instrumented,
    "LagrangeTests": lambda: rg.lm_tests(FORMULA, panel(), weights()),
    "ReductionTests": lambda: rg.reduction_tests(sdm()),
    "UnbalancedPanelResult": lambda: rg.fit_unbalanced_panel(FORMULA, panel().iloc[3:], weights()),
    "PanelUnitRoot": lambda: rg.panel_unit_root(income()),
    "WeakInstruments": lambda: instrumented().weak_instruments(),
    "WeightsReport": lambda: weights_report(weights()),
}


@cache
def made(name: str) -> Result:
    return MAKERS[name]()


def result_classes() -> dict[str, type[Result]]:
    """Every class of results of the public packages."""
    for package in (nw, ac, rg, ix, importlib.import_module("spatial.weights")):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)

    def below(kind: type[Result]) -> Iterator[type[Result]]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    packages = ("spatial.", "networks.", "analyses.indices.")
    return {one.__name__: one for one in below(Result) if one.__module__.startswith(packages)}


# Names that come from the data here; everything else is the dictionary's.
DATA_WORDS = {
    "np.log(real_income_per_head)": "收入",
    "real_income_per_head": "收入",
    "population": "人口",
    "share_aged_20_29": "青年比重",
    "share_aged_10_19": "少年比重",
    "density": "密度",
    "unemployment_insurance_per_head": "失业保险",
    "income_maintenance_per_head": "救济",
    "murders": "命案",
    "others": "其他",
    "growth": "增长",
    "net": "网络",
    "jobs": "就业",
    "finance": "金融",
    "wealth": "富裕",
    "risk": "风险",
    "persons/km²": "人/平方千米",
    "US$": "美元",
    "BEA": "经济分析局",
    "Census": "普查局",
    "Large": "大",
    "Medium": "中",
    "Small": "小",
    "fast": "快",
    "slow": "慢",
    "half": "快慢",
    "size": "规模",
    "kept": "保留网络",
    "nearest 4": "最近4个",
    "nearest 6": "最近6个",
    "disparity": "差异",
    "row mean": "行均值",
    "a": "甲",
    "b": "乙",
    "dynamic": "动态模型",
    "east": "东",
    "west": "西",
}
# What Chinese papers leave in Latin letters, and class numbers, years, ids and intervals.
LATIN = re.compile(
    r"N|n|F|I{1,3}|IV|0|R²|σ²|ρ|τ|AIC|BIC|Log-L|LR|Q|(\(\d+\) )?(OLS|SLX|SAR|SEM|SDM|SDEM|SAC)|"
    r"[\d\W]+|[τρηω()+−<>.\d ]+"
)


def worded(text: str) -> bool:
    """Whether a heading or name is Chinese, or of the kind that stays in Latin letters."""
    return not text or bool(re.search(r"[\u4e00-\u9fff]", text)) or bool(LATIN.fullmatch(text))


def raw(text: str) -> bool:
    """Whether an English heading looks like the name of a column."""
    return bool(re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+( \(%\))?", text))


def words_of(table: JournalTable) -> list[str]:
    heads = [cell.text for row in table.head for cell in row]
    names = [
        cell
        for row in table.rows
        for kind, cell in zip(table.kinds, row.cells, strict=True)
        if kind == "words"
    ]
    return [*heads, *names]


class TestEveryResult:
    def test_none_is_forgotten(self):
        classes = result_classes()
        assert set(MAKERS) == set(classes), "give MAKERS one of each kind of result"
        assert set(LAYOUTS) == set(classes), "give result_layouts a layout of each kind of result"

    @pytest.mark.parametrize("name", MAKERS)
    def test_worded_in_both_languages(self, name):
        result = made(name)
        for part in table_parts(result):
            english = to_table(result, part=part)
            assert english.title, (name, part)
            strange = [one for one in words_of(english) if raw(one) and one not in DATA_WORDS]
            assert not strange, (name, part, strange)
            chinese = to_table(result, part=part, language="zh", labels=DATA_WORDS)
            strange = [one for one in (chinese.title, *words_of(chinese)) if not worded(one)]
            assert not strange, (name, part, strange)
            assert len(chinese.rows) == len(english.rows)

    @pytest.mark.parametrize("name", MAKERS)
    def test_numbers_are_finished(self, name):
        result = made(name)
        for part in table_parts(result):
            table = to_table(result, part=part)
            for row in table.rows:
                for kind, cell in zip(table.kinds, row.cells, strict=True):
                    if kind == "words":
                        continue
                    assert not re.search(r"nan|inf\b|None|-\d", cell), (name, part, row)
                    assert not re.search(r"\d\.\d{7}", cell), (name, part, row)


class TestLayouts:
    def test_markov_is_a_matrix(self):
        table = to_table(made("MarkovChain"), language="zh")
        assert [(cell.text, cell.span) for cell in table.head[0]][-1] == ("t+1期类型", 4)
        chain = made("MarkovChain")
        for row, (_, values) in zip(table.rows, chain.probabilities.iterrows(), strict=True):
            assert [float(one) for one in row.cells[2:]] == pytest.approx(list(values), abs=5e-4)

    def test_qap_is_a_lower_triangle(self):
        table = to_table(made("QapCorrelations"))
        found = made("QapCorrelations").table["correlation"]
        assert table.rows[0].cells[1:] == ("1.000", "", "")
        shown = [float(table.rows[2].cells[at].rstrip("*")) for at in (1, 2)]
        expected = [found[("1990", "kept")], found[("1996", "kept")]]
        assert shown == pytest.approx(expected, abs=5e-4)

    def test_blocks_name_their_members(self):
        table = to_table(made("BlockModel"), labels=dict(cities()["name"]))
        model = made("BlockModel")
        members = table.rows[0].cells[1]
        first = model.membership[model.membership == 1].index
        assert all(cities().loc[one, "name"] in members for one in first)
        share = model.roles["internal_share"].iloc[0]
        assert float(table.rows[0].cells[7]) == pytest.approx(100 * share, abs=0.005)

    def test_two_stages(self):
        result = made("SpatialIVResult")
        table = to_table(result, part="two stages", labels=DATA_WORDS, language="zh")
        assert [(cell.text, cell.span) for cell in table.head[0]][1:] == [
            ("第一阶段", 2),
            ("第二阶段", 1),
        ]
        equation = result.equation
        expected = np.linalg.lstsq(equation.H, equation.A[:, -1], rcond=None)[0]
        first = first_stage_estimates(result)["rho"]
        assert first["estimate"].to_numpy() == pytest.approx(expected)
        # With one restriction on each, the F of the excluded instruments is the first stage's own.
        fit = equation.A[:, -1] - equation.H @ expected
        own = equation.H[:, : int((~equation.is_endogenous).sum())]
        less = equation.A[:, -1] - own @ np.linalg.lstsq(own, equation.A[:, -1], rcond=None)[0]
        free = equation.free + equation.A.shape[1] - equation.H.shape[1]
        count = equation.H.shape[1] - own.shape[1]
        f = (less @ less - fit @ fit) / count / (fit @ fit / free)
        assert result.first_stage.loc["rho", "f"] == pytest.approx(f)
        line = next(row for row in table.rows if row.cells[0] == "F值")
        assert float(line.cells[2]) == pytest.approx(f, abs=0.006)

    def test_top_cities(self):
        names = dict(cities()["name"])
        table = to_table(made("Centralities"), top=10, by="betweenness", labels=names)
        best = made("Centralities").table["betweenness"].idxmax()
        assert len(table.rows) == 10
        assert table.rows[0].cells[:2] == ("1", names[best])

    def test_moran_by_year(self):
        years = {
            str(year): ac.global_moran(by_year()[year], weights(), **FAST) for year in (1990, 1991)
        }
        table = to_table(years)
        assert [row.cells[0] for row in table.rows] == ["1990", "1991"]
        assert table.flat_head()[1:5] == ("Moran’s I", "E(I)", "SD", "z score")

    def test_tests_of_several_kinds_in_panels(self):
        table = to_table(
            {"Ladder": made("SpecificationLadder"), "Random effects": made("HausmanTest")}
        )
        panels = [row.cells[0] for row in table.rows if row.panel]
        assert panels == ["Ladder", "Random effects"]
        assert table.width == 4

    def test_estimates_have_errors_below(self):
        table = to_table(made("OrderEffects"), decimals=4)
        tidy = made("OrderEffects").tidy()
        value = float(table.rows[0].cells[2].rstrip("*").replace("−", "-"))
        assert value == pytest.approx(tidy["direct"].iloc[0], abs=5e-5)
        assert table.rows[1].cells[2] == f"({tidy['direct_se'].iloc[0]:.4f})"

    @pytest.mark.parametrize(
        ("options", "word"),
        [
            ({"part": "degree"}, "degrees"),
            ({"top": 0, "by": "density"}, "top"),
            ({"top": 3, "by": "densty"}, "density"),
        ],
    )
    def test_wrong_options(self, options, word):
        with pytest.raises(ConfigError, match=word):
            to_table(made("RichClub"), **options)

    def test_results_of_kinds_that_do_not_fit(self):
        with pytest.raises(ConfigError, match="one by one"):
            to_table([made("RichClub"), made("MarkovChain")])


class TestMethod:
    def test_every_result_finds_its_table(self, monkeypatch):
        folder = Path(__file__).resolve().parents[2]
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        ((name, value),) = project["entry-points"]["interurban.tables"].items()
        entry = importlib.metadata.EntryPoint(name, value, "interurban.tables")
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: (entry,))
        table_maker.cache_clear()
        assert made("RichClub").to_table(language="zh").title == "富人俱乐部系数"
        table_maker.cache_clear()

    def test_nobody_makes_tables(self, monkeypatch):
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: ())
        table_maker.cache_clear()
        with pytest.raises(ConfigError, match="pip install"):
            made("RichClub").to_table()
        table_maker.cache_clear()

    def test_a_table_writes_and_shows_itself(self, tmp_path):
        table = to_table(made("RichClub"))
        assert table.write(tmp_path / "table.md").read_text(encoding="utf-8") == str(table)
        assert "<caption>Rich club</caption>" in table._repr_html_()
