"""Systems of indicators: the files of the package, files of users, and what is wrong with some."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pandas as pd
import pytest

from analyses.indices import (
    Indicator,
    composite_index,
    coupling_coordination,
    indicator_systems,
    read_indicator_system,
)
from spatial.errors import ConfigError, InputError

SMALL = """
name = "mine"
en = "My index"
zh = "我的指数"
[dimensions.d]
en = "Digital"
zh = "数字"
[[indicators]]
code = "phones"
en = "Phones"
zh = "电话"
dimension = "d"
[[indicators]]
code = "price"
column = "price_of_data"
en = "Price"
zh = "价格"
direction = "interval"
interval = [1, 2]
"""


def panel_of(system):
    rng = np.random.default_rng(1)
    index = pd.MultiIndex.from_product([list("ABCDEF"), [2019, 2020]], names=["city", "year"])
    columns = [indicator.column for indicator in system]
    common = rng.normal(size=(12, 1))
    return pd.DataFrame(10 + common + rng.random((12, len(columns))), index=index, columns=columns)


class TestShipped:
    def test_the_systems_asked_for(self):
        assert {
            "digital-economy-zhao-2020",
            "internet-huang-2019",
            "digital-economy-extended",
            "resilience-three-dimensions",
            "technology-market",
            "green-innovation",
            "innovation-infrastructure",
            "digital-industrialisation",
            "digital-real-integration",
            "intelligent-facilities",
        } == set(indicator_systems())

    @pytest.mark.parametrize("name", indicator_systems())
    def test_complete_in_both_languages_and_computable(self, name):
        system = read_indicator_system(name)
        assert system.name == name
        assert system.source
        for language in ("en", "zh"):
            table = system.definitions(language)
            words = table[["dimension", "name", "unit", "source", "formula"]]
            assert (words.map(str.strip) != "").all(axis=None)
        chinese = "".join(system.definitions("zh")["name"])
        assert any("一" <= character <= "鿿" for character in chinese)
        result = composite_index(panel_of(system), system, method=system.method)
        assert result.scores.notna().all()
        assert set(result.dimensions.columns) == set(system.dimensions)

    def test_a_code_means_the_same_everywhere(self):
        seen = {}
        for name in indicator_systems():
            for entry in read_indicator_system(name).entries:
                facts = (
                    entry.en,
                    entry.zh,
                    entry.unit_en,
                    entry.formula,
                    entry.indicator.direction,
                )
                assert seen.setdefault(entry.code, facts) == facts

    def test_huang_is_zhao_without_finance(self):
        zhao = [i.column for i in read_indicator_system("digital-economy-zhao-2020")]
        huang = [i.column for i in read_indicator_system("internet-huang-2019")]
        assert zhao == [*huang, "digital_finance"]

    def test_two_systems_couple(self):
        system = read_indicator_system("digital-real-integration")
        panel = panel_of(system)
        scores = pd.DataFrame(
            {
                name: composite_index(
                    panel, [i for i in system if i.dimension == name], method="equal"
                ).scores
                for name in system.dimensions
            }
        )
        assert coupling_coordination(scores).table["coordination"].between(0, 1).all()


class TestFilesOfUsers:
    def write(self, folder, text):
        path = folder / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def test_read_and_use(self, tmp_path):
        system = read_indicator_system(self.write(tmp_path, SMALL))
        assert list(system) == [
            Indicator("phones", dimension="d"),
            Indicator("price_of_data", "interval", interval=(1.0, 2.0)),
        ]
        assert system.method == "entropy"
        assert system[-1].column == "price_of_data"
        assert len(system[:1]) == 1
        renamed = read_indicator_system(tmp_path / "mine.toml", columns={"phones": "tel"})
        assert renamed[0].column == "tel"

    def test_a_copy_of_a_shipped_file(self, tmp_path):
        file = resources.files("analyses.indices").joinpath("data/systems/technology-market.toml")
        path = self.write(tmp_path, file.read_text(encoding="utf-8"))
        assert read_indicator_system(path) == read_indicator_system("technology-market")

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ('zh = "电话"\n', "", "missing: 'zh'"),
            ('column = "price_of_data"', 'colum = "x"', "nearest: 'column'"),
            ('code = "price"', 'code = "phones"', "twice: 'phones'"),
            ('dimension = "d"', 'dimension = "e"', "'e'"),
            ("interval = [1, 2]", "interval = [1]", "low and a high"),
            ('direction = "interval"', 'direction = "up"', "positive"),
            ('name = "mine"', 'name = "mine"\nmethod = "magic"', "entropy"),
        ],
    )
    def test_what_is_wrong_is_named(self, tmp_path, old, new, message):
        with pytest.raises(ConfigError, match=message):
            read_indicator_system(self.write(tmp_path, SMALL.replace(old, new)))

    def test_no_such_system_and_no_toml(self, tmp_path):
        with pytest.raises(InputError, match="nearest: 'internet-huang-2019'"):
            read_indicator_system("internet-huang-2018")
        with pytest.raises(InputError, match="TOML"):
            read_indicator_system(self.write(tmp_path, "name = "))
        with pytest.raises(ConfigError, match="'gone'"):
            read_indicator_system("technology-market", columns={"gone": "x"})
