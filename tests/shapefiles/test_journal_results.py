"""Three-line tables of results: what stands in which cell, in both languages."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks import network_from_matrix, qap_correlation, structure
from shapefiles.journal_results import frame_table, to_table
from shapefiles.journal_table import BodyRow, HeadCell, JournalTable, single
from spatial.autocorrelation import global_moran, local_moran
from spatial.errors import ConfigError, ExportError
from spatial.regression import (
    compare,
    fit_cross_section,
    fit_dynamic_panel,
    fit_panel,
    specification_ladder,
)
from spatial.regression.comparison_table import ModelComparison
from spatial.results import Configuration, Result

IDS = list("abcdefghij")


@pytest.fixture(scope="module")
def ring() -> pd.DataFrame:
    return pd.DataFrame(
        np.roll(np.eye(10), 1, 1) / 2 + np.roll(np.eye(10), -1, 1) / 2, index=IDS, columns=IDS
    )


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    index = pd.MultiIndex.from_product([IDS, range(2000, 2008)], names=["city", "year"])
    values = np.random.default_rng(1).normal(size=(80, 3))
    return pd.DataFrame(values, index=index, columns=["growth", "skill", "price"])


@pytest.fixture(scope="module")
def fits(ring, panel):
    return {
        "ols": fit_panel("growth ~ skill", panel, ring, specification="ols", effects="city"),
        "sdm": fit_panel(
            "growth ~ skill + price", panel, ring, specification="sdm", effects="two-way"
        ),
        "cross": fit_cross_section(
            "growth ~ skill", panel.xs(2000, level="year"), ring, specification="sar"
        ),
        "dynamic": fit_dynamic_panel("growth ~ skill", panel, ring),
    }


def by_label(table: JournalTable) -> dict[str, tuple[str, ...]]:
    return {row.cells[0]: row.cells[1:] for row in table.rows if row.cells[0]}


def known_comparison() -> ModelComparison:
    keys = [
        ("(1)", "coefficient", "income"),
        ("(2)", "coefficient", "income"),
        ("(2)", "coefficient", "W income"),
        ("(2)", "coefficient", "rho"),
    ]
    estimates = pd.DataFrame(
        {
            "estimate": [-0.85949, 1234.5678, 0.0004, 0.25],
            "std_error": [0.0204, 617.2839, 0.0002, 0.5],
            "p_value": [0.0001, 0.0456, 0.0999, 0.617],
        },
        index=pd.MultiIndex.from_tuples(keys, names=["model", "part", "term"]),
    )
    facts = pd.DataFrame(
        {
            "(1)": ["sales", "ols", "city", 1380, 0.8961, -12.344],
            "(2)": ["sales", "sdm", "random", 1380, np.nan, 1661.7],
        },
        index=[
            "outcome",
            "specification",
            "effects",
            "n_observations",
            "r_squared",
            "log_likelihood",
        ],
    )
    return ModelComparison(
        configuration=Configuration(function="compare"), estimates=estimates, facts=facts, notes=()
    )


class TestRegressionTable:
    def test_cells_of_known_numbers(self):
        table = to_table(known_comparison(), weights=("", "contiguity"))
        rows = [row.cells for row in table.rows]
        assert rows[:8] == [
            ("income", "−0.859***", "1,234.568**"),
            ("", "(0.020)", "(617.284)"),
            ("W × income", "", "0.00040*"),  # never 0.000 with a star
            ("", "", "(0.00020)"),
            ("ρ (W × outcome)", "", "0.250"),
            ("", "", "(0.500)"),
            ("City effects", "YES", "RANDOM"),
            ("Year effects", "NO", "NO"),
        ]
        assert by_label(table)["Spatial weights W"] == ("", "contiguity")
        assert by_label(table)["N"] == ("1,380", "1,380")
        assert by_label(table)["R²"] == ("0.896", "")
        assert by_label(table)["Log-L"] == ("−12.34", "1,661.70")
        assert [(cell.text, cell.span) for cell in table.head[0]] == [("", 1), ("sales", 2)]

    def test_chinese_conventions(self):
        table = to_table(
            known_comparison(), language="zh", brackets="z", decimals=4, labels={"income": "收入"}
        )
        rows = [row.cells for row in table.rows]
        assert rows[0] == ("收入", "−0.8595***", "1234.5678**")  # no thousands separator
        assert rows[1] == ("", "(−42.13)", "(2.00)")
        assert by_label(table)["W×收入"] == ("", "0.0004*")
        assert by_label(table)["城市固定效应"][0] == "是"
        assert by_label(table)["年份固定效应"] == ("否", "否")
        assert table.notes[0] == "括号内为z值。"

    def test_p_in_brackets(self):
        table = to_table(known_comparison(), brackets="p")
        assert table.rows[1].cells == ("", "(< 0.001)", "(0.046)")

    def test_every_printed_number_is_the_estimate(self, fits):
        comparison = compare(fits)
        table = to_table(fits)
        rows = iter(table.rows)
        parts = {"Direct effects": "direct", "Indirect effects": "indirect"}
        part, checked = "coefficient", 0
        for row in rows:
            if row.panel:
                part = parts.get(row.cells[0], "total")
                continue
            if row.cells[0] not in ("skill", "price", "W × skill"):
                continue
            term = row.cells[0].replace("× ", "")
            for model, text in zip(fits, row.cells[1:], strict=True):
                if (model, part, term) not in comparison.estimates.index:
                    assert text == ""
                elif text != "—":
                    value = float(text.rstrip("*").replace("−", "-"))
                    estimate = comparison.estimates.loc[(model, part, term), "estimate"]
                    assert value == pytest.approx(estimate, abs=0.0005000001)
                    checked += 1
        assert checked >= 4 + 2 + 2 + 9

    def test_controls_are_one_row(self, fits):
        table = to_table(fits, controls=["price"])
        assert by_label(table)["Controls"] == ("NO", "YES", "NO", "NO")
        assert not [row for row in table.rows if "price" in row.cells[0]]

    def test_no_spillover_is_no_estimate(self, fits):
        table = to_table([fits["ols"]])
        at = next(i for i, row in enumerate(table.rows) if row.cells[0] == "Indirect effects")
        assert table.rows[at + 1].cells == ("skill", "—")

    def test_long_weights_become_notes(self, fits):
        configuration = dataclasses.replace(
            fits["sdm"].configuration, weights="4 nearest neighbours by road, row-normalised"
        )
        renamed = dataclasses.replace(fits["sdm"], configuration=configuration)
        table = to_table([fits["ols"], renamed])
        assert by_label(table)["Spatial weights W"] == ("—", "W1")
        assert "W1: 4 nearest neighbours by road, row-normalised" in table.notes

    @pytest.mark.parametrize(
        ("options", "word"),
        [
            ({"controls": ["age"]}, "age"),
            ({"facts": ["f_test"]}, "f_test"),
            ({"weights": ["one"]}, "2 models"),
            ({"brackets": "t"}, "brackets"),
            ({"decimals": 12}, "decimals"),
            ({"language": "fr"}, "language"),
        ],
    )
    def test_wrong_options(self, options, word):
        with pytest.raises(ConfigError, match=word):
            to_table(known_comparison(), **options)


class TestEffects:
    def test_groups_of_columns(self, fits):
        table = to_table({"static": fits["sdm"].effects(), "dynamic": fits["dynamic"].effects()})
        assert [(cell.text, cell.span) for cell in table.head[0]] == [
            ("", 1),
            ("static", 3),
            ("dynamic", 3),
        ]
        expected = fits["sdm"].effects().tidy().loc[("price", "total"), "estimate"]
        text = by_label(table)["price"][2]
        assert float(text.rstrip("*").replace("−", "-")) == pytest.approx(expected, abs=0.00051)
        assert by_label(table)["price"][3:] == ("", "", "")

    def test_one_result_needs_no_groups(self, fits):
        table = to_table(fits["sdm"].effects(), language="zh")
        assert [cell.text for cell in table.head[-1]] == ["变量", "直接效应", "间接效应", "总效应"]
        assert len(table.head) == 1


class TestStatistics:
    def test_ladder(self, ring, panel):
        ladder = specification_ladder("growth ~ skill", panel, ring)
        table = to_table(ladder, language="zh")
        tidy = ladder.tidy()
        assert len(table.rows) == len(tidy)
        assert [row.cells[0] for row in table.rows].count("") == len(tidy) - 3  # three steps
        assert float(table.rows[2].cells[2].rstrip("*")) == pytest.approx(
            tidy["statistic"].iloc[2], abs=0.00051
        )

    def test_structure_side_by_side(self):
        flows = pd.DataFrame(1.0 - np.eye(4), list("abcd"), list("abcd"))
        told = structure(network_from_matrix(flows))
        table = to_table({"2010": told, "2020": told}, language="zh")
        assert [cell.text for cell in table.head[0]] == ["指标", "2010", "2020"]
        assert by_label(table)["城市数"] == ("4", "4")
        assert by_label(table)["网络密度"] == ("1.000", "1.000")

    def test_moran_and_qap(self, ring, panel):
        moran = global_moran(panel.xs(2000, level=1)["growth"], ring, permutations=99, rng=1)
        table = to_table(moran, language="zh")
        assert all(not cell.text.isascii() for cell in table.head[0])  # every heading is worded
        flows = np.arange(16.0).reshape(4, 4) * (1.0 - np.eye(4))
        network = network_from_matrix(pd.DataFrame(flows, list("abcd"), list("abcd")))
        worded = to_table(qap_correlation(network, network, permutations=99, rng=1), language="zh")
        name, correlation = worded.rows[0].cells[:2]
        assert name == "皮尔逊相关系数"
        assert correlation.rstrip("*") == "1.000"

    def test_names_of_cities_are_never_translated(self):
        frame = pd.DataFrame(
            {"value": [1.0, 2.0]}, index=pd.Index(["resistance", "density"], name="city")
        )
        table = frame_table(frame, language="zh")
        assert [row.cells[0] for row in table.rows] == ["resistance", "density"]

    def test_local_statistics_say_their_counts(self, ring, panel):
        local = local_moran(panel.xs(2000, level=1)["growth"], ring, permutations=99, rng=1)
        table = to_table(local)
        assert len(table.rows) == 10
        assert any("Permutations: 99" in note for note in table.notes)

    def test_small_numbers_keep_their_digits(self):
        frame = pd.DataFrame({"pair": [1.234e-7, -5e-9]}, index=pd.Index(["a", "b"], name="city"))
        assert [row.cells[1] for row in frame_table(frame).rows] == ["1.23×10⁻⁷", "−5.00×10⁻⁹"]

    @given(
        st.lists(
            st.one_of(
                st.floats(),
                st.none(),
                st.booleans(),
                st.integers(-(10**9), 10**9),
                st.text(max_size=5),
                st.lists(st.integers(0, 5), max_size=3),
            ),
            min_size=1,
            max_size=6,
        )
    )
    def test_any_value_gives_text(self, values):
        frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
        table = frame_table(frame, language="zh")
        assert len(table.rows) == len(values)
        assert all(isinstance(text, str) for row in table.rows for text in row.cells)
        assert not any(text.startswith("-0.") for row in table.rows for text in row.cells[1:])


class TestFaults:
    def test_nothing_to_print(self):
        with pytest.raises(ConfigError, match="no result"):
            to_table([])

    def test_no_results(self):
        with pytest.raises(ConfigError, match="'str' are no results"):
            to_table(["a"])

    def test_options_of_models(self):
        @dataclasses.dataclass(frozen=True)
        class One(Result):
            configuration: Configuration

            def tidy(self) -> pd.DataFrame:
                return pd.DataFrame({"value": [1.0]}, index=["n"])

        with pytest.raises(ConfigError, match="controls"):
            to_table(One(Configuration(function="one")), controls=["x"])

    def test_uneven_tables(self):
        with pytest.raises(ExportError, match="does not cover"):
            JournalTable((single(["a"]),), (), ("words", "number"))
        with pytest.raises(ExportError, match="has not 1 cells"):
            JournalTable(((HeadCell("a"),),), (BodyRow(("x", "y")),), ("words",))
        with pytest.raises(ExportError, match="at least one column"):
            JournalTable((), (), ())
