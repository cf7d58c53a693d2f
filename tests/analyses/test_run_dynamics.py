"""Hot spots and dynamics of a study: the numbers of the library, in files and words."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from analyses.explorer_study import study_explorer
from analyses.export_qgis import attribute_tables, themes_and_layouts
from analyses.export_tables import study_tables
from analyses.findings import grouped_findings
from analyses.findings_dynamics import column_findings
from analyses.indices import kernel_densities, yearly_resilience
from analyses.layers import study_layers
from analyses.report_build import build_report
from analyses.report_content import render_report
from analyses.run import checked_area, run_study
from analyses.run_common import seed_of
from analyses.study_dynamics import YEARLY_RESILIENCE
from analyses.study_file import read_study, study_from_text
from shapefiles.geopackage import write_geopackage
from spatial.autocorrelation import (
    city_trends,
    emerging_hot_spots,
    global_moran_table,
    lisa_time_paths,
    lisa_transitions,
    local_getis_ord,
    local_panel,
    rank_tau,
    rank_theta,
    spatial_markov,
    standard_deviational_ellipses,
)
from spatial.errors import InterurbanError, PanelError

INCOME = "real_income_per_head"
SECTION = """
[dynamics]
permutations = 199
history_permutations = 99
markov_classes = 3
"""
_KNOWN: dict[str, object] = {}


def text_of(small_study, section: str = SECTION) -> str:
    """The small study without networks and models, which the dynamics do not need."""
    text = small_study.text.replace("permutations = 999", "permutations = 199")
    start, end = text.index('[[weights]]\nname = "gravity'), text.index("[autocorrelation]")
    text = text[:start] + text[end:]
    start, end = text.index("[[models]]"), text.index("[outputs]")
    return text[:start] + section + text[end:]


def run(small_study, section: str = SECTION, language: str | None = None):
    small_study.text = text_of(small_study, section)
    small_study.write()
    study = read_study(small_study.file, language=language)
    return run_study(study, folder=small_study.folder)


@pytest.fixture
def followed(small_study):
    if "followed" not in _KNOWN:
        _KNOWN["followed"] = run(small_study)
    return _KNOWN["followed"]


@pytest.fixture
def chinese(small_study):
    if "chinese" not in _KNOWN:
        _KNOWN["chinese"] = run(small_study, language="zh")
    return _KNOWN["chinese"]


class TestNumbers:
    def test_hot_spots_are_those_of_the_library(self, followed):
        assert list(followed.hot_spots) == list(followed.local)
        for (shock, measure), found in followed.hot_spots.items():
            apart = local_getis_ord(
                followed.measures[(shock, measure)],
                followed.weights["nearest 4"],
                permutations=199,
                rng=seed_of(5, f"hot spots {shock} {measure}"),
            )
            pd.testing.assert_frame_equal(found.table, apart.table)

    def test_yearly_resilience_is_the_gap_to_the_nation_of_the_study(self, followed):
        known = followed.dynamics.columns[YEARLY_RESILIENCE]
        panel = followed.area.panel
        gap = yearly_resilience(panel, INCOME, benchmark="all", by="population")["gap"]
        apart = gap.unstack("year").drop(columns=1988)
        pd.testing.assert_frame_equal(known.values, apart, check_names=False)
        wide = {name: panel[name].unstack("year") for name in (INCOME, "population")}
        nation = (wide[INCOME] * wide["population"]).sum() / wide["population"].sum()
        growth = np.log(wide[INCOME]).diff(axis=1) - np.log(nation).diff()
        np.testing.assert_allclose(known.values, 100 * growth[known.values.columns], atol=1e-8)

    def test_statistics_are_those_of_the_library(self, followed):
        known = followed.dynamics.columns[INCOME]
        weights, values = followed.weights["nearest 4"], followed.area.wide(INCOME)
        pd.testing.assert_frame_equal(known.values, values)

        def seed(task):
            return seed_of(5, f"dynamics {task} {INCOME}")

        moran = global_moran_table(
            values, {"nearest 4": weights}, permutations=199, rng=seed("moran")
        )
        local = local_panel(values, weights, permutations=199, rng=seed("lisa"))
        markov = spatial_markov(
            values, weights, classes=3, scope="by year", permutations=99, rng=seed("markov")
        )
        ranks = rank_tau(values, weights, permutations=99, rng=seed("ranks"))
        sizes = followed.area.cities["size"].astype(str)
        theta = rank_theta(values, sizes, permutations=99, rng=seed("shared ranks"))
        for found, apart in (
            (known.moran.table, moran.table),
            (known.local.table, local.table),
            (known.transitions.table, lisa_transitions(values, weights).table),
            (known.paths.table, lisa_time_paths(values, weights).table),
            (known.markov.counts, markov.counts),
            (known.markov_tests["space"].table, markov.homogeneity.table),
            (known.markov_tests["time"].table, markov.pooled.time_homogeneity(2).table),
            (known.markov_tests["order_1"].table, markov.pooled.order_test(1).table),
            (known.emerging.table, emerging_hot_spots(values, weights).table),
            (known.trends.table, city_trends(values).table),
            (known.ranks.table, ranks.table),
            (known.shared_ranks.table, theta.table),
            (known.densities.density, kernel_densities(followed.area.panel, INCOME).density),
        ):
            pd.testing.assert_frame_equal(found, apart, check_names=False)
        pd.testing.assert_series_equal(known.markov.p_permutation, markov.p_permutation)

    def test_the_ellipse_follows_the_weights_of_the_nation(self, followed):
        known = followed.dynamics.columns["population"]
        assert known.asked == {"ellipse"}
        apart = standard_deviational_ellipses(
            followed.area.wide("population"), followed.area.cities
        )
        pd.testing.assert_frame_equal(known.ellipses.table, apart.table)

    def test_another_task_does_not_move_the_numbers(self, small_study, followed):
        alone = run(small_study, SECTION + f'columns = "{INCOME}"\nlisa = false\nmarkov = false\n')
        known = alone.dynamics.columns[INCOME]
        assert known.markov is None
        pd.testing.assert_frame_equal(
            known.moran.table, followed.dynamics.columns[INCOME].moran.table
        )

    def test_city_years_in_one_table(self, followed):
        known = followed.dynamics.columns[INCOME]
        table = known.by_city_year()
        assert len(table) == known.values.size
        city, year = known.values.index[3], known.values.columns[2]
        assert table.loc[(city, year), "value"] == known.values.loc[city, year]
        assert table.loc[(city, year), "cluster"] == known.local.clusters().loc[city, year]
        assert table.loc[(city, year), "hot_spot_z"] == known.emerging.z_scores.loc[city, year]

    def test_shown_years_are_spread_over_the_period(self, followed):
        assert followed.dynamics.columns[INCOME].shown_years == (1988, 1991, 1993, 1996)
        assert followed.dynamics.columns[YEARLY_RESILIENCE].shown_years[0] == 1989


class TestWhatLeavesTheHouse:
    def test_every_table_is_there_with_worded_columns(self, followed):
        tables = study_tables(followed)
        for name in (
            "hot_spots", "moran_by_year", "lisa_counts", "lisa_by_year", "lisa_transitions",
            "lisa_transition_matrix", "lisa_moves", "time_paths", "markov", "markov_tests",
            "emerging_hot_spots", "trends", "rank_mobility", "densities", "ellipses",
        ):  # fmt: skip
            table = tables[name]
            assert table.title != f"table_{name}"
            assert len(table.flat()) > 0
            plain = [column for column, words in table.labels.items() if column == words]
            assert plain == [], name
        counts = tables["lisa_counts"].frame.loc[INCOME]
        kinds = ["high_high", "low_low", "high_low", "low_high", "not_significant", "isolated"]
        assert (counts[kinds].sum(axis=1) == len(followed.area.cities)).all()

    def test_layers_are_in_the_geopackage(self, followed, tmp_path):
        layers = study_layers(followed)
        tables = attribute_tables(followed)
        package = write_geopackage(tmp_path / "west.gpkg", layers.all(), attribute_tables=tables)
        hot = gpd.read_file(package, layer="hot_spots").set_index("city_id")
        found = followed.hot_spots[("1990-91", "resistance")].table["cluster"]
        assert hot["hot_spot_resistance_1990"].to_dict() == found.to_dict()
        cities = gpd.read_file(package, layer=f"dynamics_{INCOME}").set_index("city_id")
        known = followed.dynamics.columns[INCOME]
        assert cities["emerging"].to_dict() == known.emerging.table["cluster"].to_dict()
        assert cities["lisa_1991"].to_dict() == known.local.clusters()[1991].to_dict()
        np.testing.assert_allclose(
            cities["value_1991"].sort_index(), known.values[1991].sort_index()
        )
        ellipses = gpd.read_file(package, layer="ellipses_population")
        assert list(ellipses["year"]) == [str(year) for year in range(1988, 1997)]
        assert set(ellipses.geom_type) == {"MultiLineString"}  # one kind in the whole package
        assert len(gpd.read_file(package, layer="centres_population")) == 9
        assert len(gpd.read_file(package, layer="city_outlines")) == len(cities)
        years = gpd.read_file(package, layer=f"years_{INCOME}")
        assert len(years) == known.values.size

    def test_explorer_holds_hot_spots_and_dynamics(self, followed):
        variables = {one.title: one for one in study_explorer(followed).variables}
        hot = variables["Hot and cold spots: Resistance 1990–1991"]
        found = followed.hot_spots[("1990-91", "resistance")].table["cluster"]
        assert hot.values[""].to_dict() == found.to_dict()
        (yearly,) = [one for title, one in variables.items() if title.startswith("Yearly resil")]
        known = followed.dynamics.columns[YEARLY_RESILIENCE]
        assert list(yearly.values.columns) == list(known.years)
        assert yearly.clusters[1990].to_dict() == known.local.clusters()[1990].to_dict()
        assert any(title.startswith("Emerging hot spots") for title in variables)

    def test_one_set_of_classes_for_all_years(self, followed):
        styles = study_layers(followed).dynamics[INCOME].styles
        yearly = [style for style in styles if style.column.startswith("value_")]
        assert len(yearly) == 4
        assert len({style.bounds for style in yearly}) == 1
        assert len({tuple(one.colour for one in style.classes) for style in yearly}) == 1

    def test_themes_and_pages_show_what_is_there(self, followed):
        layers = study_layers(followed)
        themes, layouts = themes_and_layouts(followed, layers)
        styles = {
            f"{layer.table}/{style.name}" for layer in layers.all() for style in layer.styles
        } | {layer.table for layer in layers.all()}
        for theme in themes:
            assert set(theme.shown) <= styles, theme.name
        assert len({theme.name for theme in themes}) == len(themes)
        pages = " ".join(layout.name for layout in layouts)
        for words in ("Hot and cold spots: Resistance", "Emerging hot spots", "ellipses"):
            assert words in pages

    @pytest.mark.parametrize("language", ["followed", "chinese"])
    def test_report_in_both_languages(self, language, request):
        result = request.getfixturevalue(language)
        content = build_report(result)
        section = next(part for part in content.sections if part.key == "dynamics")
        assert [part.key for part in section.subsections] == [f"dynamics-{n}" for n in (1, 2, 3)]
        income = section.subsections[1]
        assert len(income.points) == 9
        assert len(income.tables) == 9
        page = render_report(content)
        cited = {"10.1111/j.1538-4632.2001.tb00444.x", "10.1111/j.1538-4632.1995.tb00912.x"}
        assert cited <= {work.doi for work in content.references}
        notes = [note for table in income.tables for note in table.notes]
        assert not [text for text in (*income.points, *notes) if "{" in text]
        if language == "chinese":
            assert "时空动态演化" in page
            assert "Emerging" not in "".join(income.points)

    def test_numbers_in_the_sentences_are_those_of_the_tables(self, followed):
        known = followed.dynamics.columns[INCOME]
        sentences = column_findings(followed, known)
        rows = known.moran.tidy()
        assert f"{rows['statistic'].max():.3f}" in sentences[0]
        assert f"{(rows['p_fdr'] < 0.05).sum()} of 9 years" in sentences[0]
        counts = known.emerging.cluster_counts()
        hot = counts[[word for word in counts.index if word.endswith("hot spot")]].sum()
        assert f"{hot} are emerging hot spots" in " ".join(sentences)
        assert any(
            "Hot" in text or "hot" in text
            for text in grouped_findings(followed)["Spatial autocorrelation"]
        )


class TestGaps:
    @pytest.fixture
    def gappy(self, small_study):
        panel = small_study.panel
        here = (panel["cbsa"] == "23420") & (panel["year"] == 1993)
        small_study.panel = panel.assign(pay=panel["population"].where(~here))
        small_study.text = small_study.text.replace(
            '"unemployment_insurance_per_head"]\nrequired',
            '"unemployment_insurance_per_head", "pay"]\nrequired',
        )
        return small_study

    def test_cities_with_gaps_are_left_out_and_named(self, gappy):
        result = run(gappy, SECTION + 'columns = "pay"\n')
        known = result.dynamics.columns["pay"]
        assert known.left_out == ("23420",)
        assert "23420" not in known.values.index
        entries = [e for e in result.area.passport.entries if e.subject == "passport_dynamics_gaps"]
        assert [(e.ids, e.remark) for e in entries] == [(("23420",), "pay")]
        assert any("1 cities with gaps left out" in text for text in result.warnings)
        layer = study_layers(result).dynamics["pay"]
        assert pd.isna(layer.data.loc["23420", "emerging"])
        page = render_report(build_report(result))
        assert "Fresno" in page
        checked = checked_area(result.study, gappy.folder).passport
        assert "passport_dynamics_gaps" in {entry.subject for entry in checked.entries}

    def test_or_refused_when_the_study_says_so(self, gappy):
        with pytest.raises(PanelError, match=r"'pay'.*23420.*incomplete"):
            run(gappy, SECTION + 'columns = "pay"\nincomplete = "error"\n')


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('columns = "populatoin"', ["[dynamics]", "'populatoin'", "nearest: 'population"]),
        ("years = [1980, 1990]", ["1980", "1988 to 1996"]),
        ("shown_years = [1990, 2005]", ["no year 2005", "1988 to 1996"]),
        ("shown_years = [1988, 1990]", ["'yearly resilience'", "1 of them", "1989"]),
        (
            f'columns = "{INCOME}"\nyears = [1988, 1989]',
            ["[dynamics] emerging_hot_spots", INCOME, "2 years"],
        ),
        ('years = [1988, 1989]', ["'yearly resilience'", "1 years"]),
        ('ellipse = "yearly resilience"', ["[dynamics] ellipse", "negative"]),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_key_and_column(small_study, lines, expected):
    with pytest.raises(InterurbanError) as caught:
        run(small_study, SECTION + lines + "\n")
    for words in expected:
        assert words in str(caught.value)


def test_nothing_asked_is_said(small_study):
    keys = (
        "moran moran_scatter lisa transitions time_paths markov emerging_hot_spots trends ranks "
        "densities ellipse maps"
    )
    lines = "".join(f"{key} = false\n" for key in keys.split())
    with pytest.raises(InterurbanError, match="asks for nothing"):
        run(small_study, SECTION + lines)


def test_without_section_and_hot_spots_nothing_is_computed(small_study):
    small_study.text = small_study.text.replace(
        "[autocorrelation]\n", "[autocorrelation]\nhot_spots = false\n"
    )
    result = run(small_study, "")
    assert result.dynamics is None
    assert result.hot_spots == {}
    assert "hot_spots" not in study_tables(result)
    assert "dynamics" not in {part.key for part in build_report(result).sections}


def test_two_years_are_enough_for_what_needs_two(small_study):
    lines = f'columns = "{INCOME}"\nyears = [1990, 1991]\nemerging_hot_spots = false\n'
    known = run(small_study, SECTION + lines + "trends = false\n").dynamics.columns[INCOME]
    assert set(known.markov_tests) == {"space", "order_0"}
    assert known.shown_years == (1990, 1991)
    assert len(known.moran.table) == 2


def test_hostile_column_names_are_written(small_study):
    name = '=1+1 & <b>"收入" 100%'
    small_study.panel = small_study.panel.assign(**{name: small_study.panel["population"]})
    small_study.text = small_study.text.replace(
        '"unemployment_insurance_per_head"]\nrequired',
        f'"unemployment_insurance_per_head", {name!r}]\nrequired',
    )
    result = run(small_study, SECTION + f"columns = {name!r}\n")
    layers = study_layers(result)
    assert layers.dynamics[name].table == "dynamics_1_1_b_100"
    page = render_report(build_report(result))
    assert "<b>" not in page
    assert study_tables(result)["trends"].frame.index[0][0] == name


def test_study_text_is_read_as_written(small_study):
    study = study_from_text(text_of(small_study), where="west")
    assert study.dynamics.markov_classes == 3
