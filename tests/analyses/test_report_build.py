"""The report of a small real study: sentences against numbers computed apart, both languages."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from analyses.findings import grouped_findings, headline_findings
from analyses.report_build import build_report
from analyses.report_citations import reference_in
from analyses.report_content import ReportFigure, render_report, write_report
from analyses.report_references import WORKS
from analyses.report_warnings import extreme_warnings, study_warnings
from analyses.run import run_study
from analyses.study_file import read_study
from shapefiles.language import known_labels, label

FLIGHTS = """
[[networks]]
name = "flights"
kind = "observed"
file = "links.csv"
origin = "a"
destination = "b"
flow = "n"
unit = "airlines"
backbone = "row_mean"
"""
_KNOWN: dict[str, object] = {}


@pytest.fixture
def west(small_study):
    """Results of the small study, with a second network; computed once."""
    if "west" not in _KNOWN:
        ids = small_study.cities["cbsa"].tolist()
        pairs = [(ids[i], ids[j], 1 + (i * j) % 5) for i in range(20) for j in range(20) if i != j]
        small_study.text = small_study.text.replace(
            "[autocorrelation]", FLIGHTS + "\n[autocorrelation]"
        )
        small_study.write()
        links = pd.DataFrame(pairs, columns=["a", "b", "n"])
        links.to_csv(small_study.folder / "links.csv", index=False)
        _KNOWN["west"] = run_study(read_study(small_study.file), folder=small_study.folder)
    return _KNOWN["west"]


def spoken(result, language):
    study = result.study.model_copy(update={"language": language})
    return dataclasses.replace(result, study=study)


def text_of(page: str) -> str:
    words = []

    class Reader(HTMLParser):
        def handle_data(self, data):
            words.append(data)

    Reader(convert_charrefs=True).feed(page)
    return "".join(words)


def income_growth(result, first, last):
    """Growth of cities and nation straight from the panel."""
    panel = result.area.panel.reset_index()
    wide = panel.pivot(index="city", columns="year", values="real_income_per_head")
    people = panel.pivot(index="city", columns="year", values="population")
    nation = {year: np.average(wide[year], weights=people[year]) for year in (first, last)}
    return wide[last] / wide[first] - 1, nation[last] / nation[first] - 1


class TestFindings:
    def test_resilience_sentences_hold_the_numbers_of_the_panel(self, west):
        cities, nation = income_growth(west, 1990, 1991)
        sentence = headline_findings(west)[0]
        movement = "fell by" if nation < 0 else "rose by"
        assert f"{movement} {abs(nation):.2%}" in sentence
        assert f"in {(cities < 0).sum()} of {len(cities)} cities" in sentence
        better = (cities > nation).sum()
        assert f"{better} cities ({better / len(cities):.0%}) did better" in sentence
        best = west.area.cities.loc[cities.idxmax(), "short_name"]
        assert f"mildest in {best} (" in headline_findings(west)[2]

    def test_types_add_up(self, west):
        sentence = next(text for text in headline_findings(west) if "both resistant" in text)
        numbers = [int(word) for word in re.findall(r"(?<![\d(])(\d+)(?![\d%])", sentence)]
        assert sum(numbers) == len(west.area.cities)

    def test_every_sentence_exists_in_both_languages(self, west):
        english, chinese = headline_findings(west), headline_findings(spoken(west, "zh"))
        assert len(english) == len(chinese)
        assert all(re.search(r"[\u4e00-\u9fff]", sentence) for sentence in chinese)
        assert not any(re.search(r"[\u4e00-\u9fff]", sentence) for sentence in english)
        assert not any("{" in sentence for sentence in english + chinese)

    def test_network_sentence_names_the_strongest_city(self, west):
        strength = west.networks["gravity"].centralities.table["strength"]
        hub = west.area.cities.loc[strength.idxmax(), "short_name"]
        groups = grouped_findings(west)
        assert groups["Linkage networks"][0].startswith(f'Network "gravity": {hub}')

    def test_significance_decides_the_wording(self, west):
        table = west.moran.table
        for p_value, words in ((0.001, "each significantly positive"), (0.9, "no spatial auto")):
            moran = dataclasses.replace(
                west.moran, table=table.assign(p_fdr=p_value, statistic=0.3)
            )
            told = headline_findings(dataclasses.replace(west, moran=moran))
            assert sum(words in sentence for sentence in told) == 2
        some = table.assign(p_fdr=np.where(table["weights"] == "nearest 4", 0.001, 0.9))
        moran = dataclasses.replace(west.moran, table=some)
        told = headline_findings(dataclasses.replace(west, moran=moran))
        assert sum("only with the weights nearest 4" in sentence for sentence in told) == 2

    @pytest.mark.parametrize(
        ("direct", "indirect", "words"),
        [
            (0.01, 0.01, "summed over all other cities"),
            (0.01, 0.5, "the spillover to other cities is not significant"),
            (0.5, 0.01, "the association inside a city is not significant"),
            (0.5, 0.5, "neither the direct effect"),
        ],
    )
    def test_effects_are_called_significant_only_when_they_are(self, west, direct, indirect, words):
        model = west.models["spillovers"]
        table = model.effects.table.assign(direct_p=direct, indirect_p=indirect)
        effects = dataclasses.replace(model.effects, table=table)
        changed = {"spillovers": dataclasses.replace(model, effects=effects)}
        told = headline_findings(dataclasses.replace(west, models=changed))
        assert words in told[-1]
        # Income and insurance are both in logarithms: an elasticity.
        assert "%" in told[-1]

    def test_rho_that_is_not_significant_is_said_so(self, west):
        model = west.models["spillovers"]
        covariance = model.result.covariance * 1e6
        result = dataclasses.replace(model.result, covariance=covariance)
        changed = {"spillovers": dataclasses.replace(model, result=result)}
        told = headline_findings(dataclasses.replace(west, models=changed))
        assert any("no significant association" in sentence for sentence in told)


class TestReport:
    @pytest.mark.parametrize("language", ["en", "zh"])
    def test_sections_in_their_order(self, west, language):
        content = build_report(spoken(west, language))
        assert [section.key for section in content.sections] == [
            "policy",
            "resilience",
            "networks",
            "autocorrelation",
            "spillovers",
            "weights",
            "passport",
            "methods",
            "limits",
            "run",
        ]
        page = text_of(render_report(content))
        assert content.title in page
        assert not re.search(r"\{\w+\}|\bnan\b|None", page)

    def test_chinese_report_has_no_english_wording(self, west):
        study = west.study.model_copy(
            update={"language": "zh", "title": "西部", "title_zh": "西部", "columns": {}}
        )
        page = text_of(render_report(build_report(dataclasses.replace(west, study=study))))
        for key in sorted(known_labels()):
            english = label(key, "en")
            if key.startswith(("report_", "finding_", "method_", "limit_")) and len(english) > 25:
                assert english not in page

    def test_numbers_in_the_tables_are_those_of_the_results(self, west):
        content = build_report(west)
        spill = next(section for section in content.sections if section.key == "spillovers")
        frame = spill.subsections[0].tables[0].frame
        rho = frame.loc[frame["Term"].str.startswith("ρ")].iloc[0]
        expected = west.models["spillovers"].result.coefficients["rho"]
        assert float(rho["Estimate"].rstrip("*").replace("−", "-")) == pytest.approx(
            expected, abs=5e-5
        )
        effects = spill.subsections[0].tables[1].frame
        indirect = west.models["spillovers"].effects.table["indirect"].iloc[0]
        shown = effects["Indirect"].iloc[0].partition(" ")[0].rstrip("*").replace("−", "-")
        assert float(shown) == pytest.approx(indirect, abs=5e-5)

    def test_rankings_hold_both_ends(self, west):
        content = build_report(west)
        (section,) = [one for one in content.sections if one.key == "resilience"]
        resilience = section.subsections[0].tables[0].frame
        growth, _ = income_growth(west, 1990, 1991)
        ranks = resilience["Rank"].tolist()
        assert ranks == [*range(1, 11), *range(len(growth) - 9, len(growth) + 1)]
        assert resilience["Growth"].is_monotonic_decreasing
        assert resilience["Growth"].iloc[0] == pytest.approx(growth.max(), abs=1e-12)

    def test_every_work_cited_is_listed_and_the_other_way_round(self, west):
        content = build_report(west)
        page = text_of(render_report(dataclasses.replace(content, references=())))
        listed = {work.text for work in content.references}
        for key, work in WORKS.items():
            author = work.text.partition(",")[0]
            year = re.search(r"\d{4}", key)[0]
            cited = re.search(rf"{author}[^();]*\(?{year}", page) is not None
            assert cited == (reference_in(work, "en").text in listed), key

    def test_hostile_names_reach_no_markup(self, west):
        evil = '<script>alert("&")</script>'
        cities = west.area.cities.assign(name=evil, short_name=evil)
        area = dataclasses.replace(west.area, cities=cities)
        study = west.study.model_copy(update={"title": evil, "source": evil})
        page = render_report(build_report(dataclasses.replace(west, area=area, study=study)))
        assert "<script" not in page
        assert evil in text_of(page)

    def test_study_without_networks_and_models(self, west):
        bare = dataclasses.replace(west, networks={}, correlations={}, models={})
        keys = [section.key for section in build_report(bare).sections]
        assert "networks" not in keys
        assert "spillovers" not in keys
        assert not any("Krackhardt" in work.text for work in build_report(bare).references)

    def test_figures_come_in_their_sections(self, west):
        wide = ReportFigure("Wide", b"x", "image/png", "A", width=180)
        narrow = ReportFigure("Narrow", b"x", "image/png", "A", width=90)
        content = build_report(west, figures={"maps": [narrow, wide], "spillovers": [narrow]})
        assert content.sections[1].key == "maps"
        assert [item.caption for item in content.sections[1].figures] == ["Wide", "Narrow"]

    def test_input_is_not_changed(self, west):
        before = west.resilience.table.copy(deep=True)
        build_report(west)
        pd.testing.assert_frame_equal(west.resilience.table, before)


class TestWarnings:
    def test_each_code_has_its_wording(self):
        codes = ("empty", "islands", "components", "dense", "row_distance", "hub", "complex")
        assert {f"warning_{code}" for code in codes} <= known_labels()

    def test_weights_warn_in_both_languages(self, west):
        reports = {
            name: dataclasses.replace(
                report, warnings=("x", "y"), warning_codes=("islands", "dense")
            )
            for name, report in west.weights_reports.items()
        }
        changed = dataclasses.replace(west, weights_reports=reports)
        assert any("receive from nobody" in text for text in study_warnings(changed))
        assert any("没有邻居" in text for text in study_warnings(spoken(changed, "zh")))

    def test_growth_far_out_is_named(self, west):
        assert extreme_warnings(west) == []
        table = west.resilience.table.copy()
        table.iloc[3, table.columns.get_loc("resistance_growth")] = 4.5
        resilience = dataclasses.replace(west.resilience, table=table)
        told = extreme_warnings(dataclasses.replace(west, resilience=resilience))
        city = west.area.cities.loc[table.index[3][1], "short_name"]
        assert len(told) == 1
        assert f"{city} (450.0%)" in told[0]

    def test_flags_of_the_nation_are_sentences(self, west):
        national = west.resilience.national.assign(flag="nation_flat_in_resistance")
        resilience = dataclasses.replace(west.resilience, national=national)
        told = study_warnings(dataclasses.replace(west, resilience=resilience))
        assert any("hardly changed" in text for text in told)


CHROMIUM = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)


def browse(folder, *arguments):
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        f"--user-data-dir={folder / 'profile'}",
        *map(str, arguments),
    ]
    return subprocess.run(command, capture_output=True, timeout=120, check=True)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("language", ["en", "zh"])
class TestInBrowser:
    def test_page_is_drawn_wide_and_narrow(self, west, tmp_path, language):
        path = write_report(build_report(spoken(west, language)), tmp_path / "report.html")
        for width in (1200, 500):
            shot = tmp_path / f"{width}.png"
            browse(tmp_path, f"--screenshot={shot}", f"--window-size={width},1600", path.as_uri())
            with Image.open(shot) as picture:
                pixels = np.asarray(picture.convert("L"))
            assert pixels.shape[1] == width
            inked = np.flatnonzero((pixels < 200).any(axis=0))
            # The page uses its width, and text keeps a margin at both edges.
            assert inked.min() >= 8
            assert width * 0.8 < inked.max() <= width - 8

    def test_page_prints_on_a4(self, west, tmp_path, language):
        path = write_report(build_report(spoken(west, language)), tmp_path / "report.html")
        pdf = tmp_path / "report.pdf"
        browse(tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", path.as_uri())
        data = pdf.read_bytes()
        boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", data)
        assert len(boxes) >= 5
        for width, height in boxes:
            # A4 in points is 595.3 x 841.9; Chromium rounds.
            assert float(width) == pytest.approx(595, abs=1.5)
            assert float(height) == pytest.approx(842, abs=1.5)
