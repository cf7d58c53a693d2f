"""Sheets of cities: ranks, gaps, peers and partners, by brute force; the summary for policy."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from analyses.city_sheets import (
    LIGHTS,
    PARTNERS,
    PEERS,
    city_measures,
    city_peers,
    city_sheet,
    city_sheets,
    partner_matrices,
)
from analyses.report_content import render_report
from analyses.report_policy import city_report, policy_section
from analyses.run import run_study
from analyses.study_file import read_study
from spatial.errors import AlignmentError, ConfigError

SHOCK = "1990-91"


@pytest.fixture(scope="module")
def west(tmp_path_factory, new_small_study):
    study = new_small_study(tmp_path_factory.mktemp("sheets") / "study")
    file = study.write()
    return run_study(read_study(file), folder=file.parent)


class TestMeasures:
    def test_growth_gaps_and_ranks(self, west):
        income = west.area.wide("real_income_per_head")
        table = city_measures(west, SHOCK)
        growth = income[1994] / income[1990] - 1.0
        np.testing.assert_allclose(table["whole_growth"], growth.reindex(table.index), rtol=1e-12)
        levels = west.resilience.national.loc[SHOCK]
        nation = levels["end_value"].iloc[1] / levels["start_value"].iloc[0] - 1.0
        np.testing.assert_allclose(table["whole_gap"], 100 * (table["whole_growth"] - nation))
        for measure in ("resistance", "recovery", "whole"):
            gaps = table[f"{measure}_gap"]
            by_hand = [int((gaps > value).sum()) + 1 for value in gaps]
            assert table[f"{measure}_rank"].tolist() == by_hand
        group = west.area.cities["size"].reindex(table.index)
        for city in table.index[:5]:
            mates = table.loc[group == group[city], "whole_gap"]
            assert table.loc[city, "whole_rank_in_group"] == (mates > mates[city]).sum() + 1
            assert table.loc[city, "whole_group_size"] == len(mates)

    def test_lights_follow_both_phases(self, west):
        table = city_measures(west, SHOCK)
        better = (table["resistance_gap"] > 0).astype(int) + (table["recovery_gap"] > 0)
        assert table["light"].tolist() == [("red", "amber", "green")[count] for count in better]
        assert set(LIGHTS.values()) == {"green", "amber", "red"}

    def test_peers_by_brute_force(self, west):
        income = np.log(west.area.wide("real_income_per_head"))
        table = pd.DataFrame({"level": income[1990], "growth": (income[1990] - income[1988]) / 2})
        scaled = ((table - table.mean()) / table.std(ddof=1)).to_numpy()
        far = np.sqrt(((scaled[:, None, :] - scaled[None, :, :]) ** 2).sum(axis=2))
        np.fill_diagonal(far, np.inf)
        peers = city_peers(west, SHOCK)
        for at, city in enumerate(table.index):
            order = np.argsort(far[at])[:PEERS]
            assert list(peers.loc[city].index) == list(table.index[order])
            np.testing.assert_allclose(peers.loc[city]["distance"], far[at][order])
        growth = city_measures(west, SHOCK)["whole_growth"]
        shown = city_measures(west, SHOCK)["whole_growth_peers"]
        city = table.index[3]
        assert shown[city] == pytest.approx(growth[peers.loc[city].index].mean())

    def test_without_figures_there_is_no_light_and_no_peer(self, west):
        city = west.area.cities.index[2]
        known = west.resilience.table.copy()
        known.loc[(SHOCK, city), ["recovery_growth", "recovery_gap", "recovery_end"]] = np.nan
        panel = west.area.panel.copy()
        panel.loc[(city, 1990), "real_income_per_head"] = np.nan
        spoilt = dataclasses.replace(
            west,
            resilience=dataclasses.replace(west.resilience, table=known),
            area=dataclasses.replace(west.area, panel=panel),
        )
        sheets = city_sheets(spoilt)
        assert sheets.loc[city, "light"] == ""
        assert sheets.loc[city, "peers"] == ""
        assert pd.isna(sheets.loc[city, "whole_rank"])
        assert sheets["whole_ranked"].iloc[0] == len(sheets) - 1
        assert city_sheet(spoilt, city).peers.empty


class TestPartners:
    def test_matrices_say_who_receives_from_whom(self, west):
        matrices = partner_matrices(west)
        assert list(matrices) == ["spillovers", "gravity"]
        model = west.models["spillovers"]
        effects = model.effects.effect_matrix(model.focus)
        one, other = effects.index[0], effects.index[4]
        assert matrices["spillovers"].loc[one, other] == effects.loc[one, other]
        assert matrices["spillovers"].loc[one, one] == 0.0
        backbone = west.networks["gravity"].backbone
        flows = pd.DataFrame(backbone.flows.toarray(), backbone.cities, backbone.cities)
        assert matrices["gravity"].loc[one, other] == flows.loc[other, one]

    def test_one_city_and_the_table_agree(self, west):
        sheets, names = city_sheets(west), west.area.cities["short_name"]
        for city in sheets.index[:6]:
            sheet = city_sheet(west, city)
            index = sheet.partners.index
            for source in ("spillovers", "gravity"):
                for role in ("sender", "receiver"):
                    chosen = (index.get_level_values("source") == source) & (
                        index.get_level_values("role") == role
                    )
                    rows = sheet.partners[chosen]
                    assert "; ".join(rows["name"]) == sheets.loc[city, f"{role}s_{source}"]
                    assert len(rows) <= PARTNERS
                    assert rows["strength"].abs().is_monotonic_decreasing
            assert "; ".join(names[sheet.peers.index]) == sheets.loc[city, "peers"]
            assert sheet.phases.loc["whole", "gap"] == sheets.loc[city, "whole_gap"]

    def test_unknown_names_are_said(self, west):
        with pytest.raises(AlignmentError, match="'99999'"):
            city_sheet(west, "99999")
        with pytest.raises(ConfigError, match="'2008'"):
            city_sheet(west, west.area.cities.index[0], shock="2008")


class TestPolicy:
    @pytest.mark.parametrize("language", ["en", "zh"])
    def test_every_city_is_listed_once(self, west, language):
        study = west.study.model_copy(update={"language": language})
        section = policy_section(dataclasses.replace(west, study=study))
        listed = section.tables[0].frame
        comma = "; " if language == "en" else "、"
        names = [name for cell in listed.iloc[:, 3] if cell != "—" for name in cell.split(comma)]
        assert sorted(names) == sorted(west.area.cities["short_name"])
        assert listed.iloc[:, 2].sum() == len(west.area.cities)
        words = section.paragraphs[0]
        assert str(len(west.area.cities)) in words
        assert "*" not in words

    def test_the_furthest_behind_come_first(self, west):
        behind = policy_section(west).tables[1].frame
        assert behind["Gap, both"].is_monotonic_increasing
        sheets = city_sheets(west)
        assert behind["Gap, both"].iloc[0] == sheets[sheets["light"] == "red"]["whole_gap"].min()

    def test_the_page_marks_lights_by_colour_and_word(self, west):
        from analyses.report_content import ReportContent

        page = render_report(ReportContent("T", "en", sections=(policy_section(west),)))
        assert 'class="words brief mark red">Red</td>' in page

    @pytest.mark.parametrize("language", ["en", "zh"])
    def test_a_sheet_is_a_report(self, west, language):
        study = west.study.model_copy(update={"language": language})
        result = dataclasses.replace(west, study=study)
        city = west.area.cities.index[1]
        content = city_report(result, city)
        page = render_report(content)
        assert west.area.cities["short_name"][city] in content.title
        assert "None" not in page
        assert ">nan<" not in page
        assert len(content.sections[0].tables) == 4
