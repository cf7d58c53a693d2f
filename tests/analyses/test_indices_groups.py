"""Groups of Chinese cities against facts of the schemes, and against the table of real cities."""

from __future__ import annotations

import pandas as pd
import pytest

from analyses.indices.groups import (
    SIZE_CLASSES,
    _scheme,
    assign_groups,
    group_schemes,
    size_classes,
)
from spatial.errors import AlignmentError, ConfigError, InputError, PanelError

# Counts that the sources state: provinces of the divisions, cities of the published plans.
PROVINCES = {
    "regions-three": {"east": 11, "centre": 8, "west": 12},
    "regions-four": {"east": 10, "centre": 6, "west": 12, "northeast": 3},
    "yangtze-belt": {"upper": 4, "middle": 3, "lower": 4},
}
PLANS = {
    "yangtze_delta": 26,
    "pearl_delta": 9,
    "chengdu_chongqing": 16,
    "middle_yangtze": 31,
    "shandong_peninsula": 16,
    "central_plains": 30,
    "harbin_changchun": 11,
    "hohhot_baotou_ordos_yulin": 4,
}


@pytest.fixture(scope="module")
def chinese(shared_folder):
    file = shared_folder / "data" / "china" / "cn_city_panel_2005_2016.csv"
    table = pd.read_csv(file, dtype={"code": str})
    return table.drop_duplicates("code").set_index("code")


class TestSchemes:
    @pytest.mark.parametrize("name", PROVINCES)
    def test_numbers_of_provinces(self, name):
        groups = _scheme(name)["groups"]
        assert {code: len(words["members"]) for code, words in groups.items()} == PROVINCES[name]
        members = [m for words in groups.values() for m in words["members"]]
        assert len(members) == len(set(members))

    def test_numbers_of_cities_in_published_plans(self):
        groups = _scheme("city-clusters")["groups"]
        assert len(groups) == 19
        for code, count in PLANS.items():
            assert len(groups[code]["members"]) + len(groups[code].get("partial", [])) == count

    def test_ranks(self):
        groups = _scheme("administrative-rank")["groups"]
        assert [len(words["members"]) for words in groups.values()] == [4, 15, 17]

    def test_all_are_read(self):
        assert set(group_schemes()) == {*PROVINCES, "administrative-rank", "city-clusters"}


class TestRealCities:
    def test_regions_by_code_and_by_name(self, chinese):
        by_code = assign_groups(chinese, "regions-four")
        by_name = assign_groups(chinese, "regions-four", province="province")
        pd.testing.assert_frame_equal(by_code.table, by_name.table)
        assert not by_code.unmatched
        own = chinese["region"].map(
            {"East": "east", "Central": "centre", "West": "west", "Northeast": "northeast"}
        )
        assert (by_code.single() == own).all()

    def test_ranks(self, chinese):
        found = assign_groups(chinese, "administrative-rank", name="name_cn")
        own = chinese["rank"].map(
            {
                "municipality": "municipality",
                "sub-provincial": "sub_provincial",
                "provincial capital": "capital",
                "prefecture-level": "ordinary",
            }
        )
        assert (found.single() == own).all()
        assert not found.absent

    def test_clusters_name_cities_that_exist(self, chinese):
        found = assign_groups(chinese, "city-clusters", name="name_cn", uncertain=True)
        # Not among the 287: younger prefecture-level cities, autonomous prefectures, counties.
        younger = {"儋州", "毕节", "海东", "吐鲁番", "哈密"}
        prefectures = {"延边", "黔东南", "黔南", "楚雄", "红河", "临夏", "海北", "黄南", "昌吉"}
        counties = {"仙桃", "潜江", "天门", "济源", "东方", "石河子", "五家渠"}
        assert set(found.absent) <= {*younger, *prefectures, *counties, "海南藏族自治州"}
        assert "540100" in found.unmatched
        with pytest.raises(ConfigError, match="several groups"):
            found.single()
        yuncheng = found.table.loc["140800", "group"]
        assert set(yuncheng) == {"central_plains", "guanzhong_plain"}


class TestMatching:
    CITIES = pd.DataFrame(
        {
            "name": ["重庆", "延边朝鲜族自治州", "海南藏族自治州", "温州市", "某地", None],
            "province": ["重庆市", "吉林", "青海省", "浙江省", "新疆维吾尔自治区", "外地"],
        },
        index=list("abcdef"),
    )

    def test_suffixes_and_autonomous_prefectures(self):
        found = assign_groups(self.CITIES, "city-clusters")
        assert found.table["group"].to_dict() == {
            "a": "chengdu_chongqing",
            "b": "harbin_changchun",
            "c": "lanzhou_xining",
        }
        assert found.table["membership"].to_list() == ["partial", "members", "partial"]
        assert found.unmatched == ("d", "e", "f")
        assert "d" in assign_groups(self.CITIES, "city-clusters", uncertain=True).table.index
        assert list(assign_groups(self.CITIES, "city-clusters", partial=False).table.index) == ["b"]

    def test_provinces_that_are_not_known_are_listed(self):
        found = assign_groups(self.CITIES, "regions-three", province="province")
        assert found.unmatched == ("f",)
        assert found.table.loc["e", "zh"] == "西部"

    def test_own_scheme(self, tmp_path):
        path = tmp_path / "own.toml"
        path.write_text(
            'by = "city"\n[groups.core]\nen = "Core"\nzh = "核心"\nmembers = ["重庆市"]\n',
            encoding="utf-8",
        )
        assert assign_groups(self.CITIES, path).single().to_dict() == {"a": "core"}
        path.write_text('by = "moon"\n', encoding="utf-8")
        with pytest.raises(ConfigError, match="by ="):
            assign_groups(self.CITIES, path)

    def test_bad_input(self):
        with pytest.raises(InputError, match="nearest: 'regions-four'"):
            assign_groups(self.CITIES, "region-four")
        with pytest.raises(PanelError, match="GB/T 2260"):
            assign_groups(self.CITIES, "regions-four")
        with pytest.raises(PanelError, match="'nam'"):
            assign_groups(self.CITIES, "city-clusters", name="nam")
        with pytest.raises(AlignmentError, match="'a'"):
            assign_groups(self.CITIES.rename(index={"b": "a"}), "city-clusters")


class TestSizes:
    def test_bounds_belong_to_the_class_above(self):
        bounds = pd.Series([10e6, 5e6, 3e6, 1e6, 0.5e6, 0.2e6])
        names = [code for code, _ in SIZE_CLASSES]
        assert size_classes(bounds).to_list() == names[:-1]
        assert size_classes(bounds - 1).to_list() == names[1:]
        assert size_classes(pd.Series([float("nan")])).isna().all()

    def test_bad_input(self):
        with pytest.raises(PanelError, match="negative"):
            size_classes(pd.Series([-1.0]))
        with pytest.raises(ConfigError, match="unit"):
            size_classes(pd.Series([1.0]), unit=0)
