"""The explorer page in headless Chromium: real clicks and keys, numbers against Python."""

import dataclasses
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from analyses.explorer_content import ExplorerContent, ExplorerVariable
from analyses.explorer_page import write_explorer, write_explorer_page
from analyses.run import run_study
from analyses.study_file import read_study
from shapefiles.language import label
from shapefiles.styles import choropleth_style, sized_point_style
from spatial.autocorrelation import global_moran, local_moran
from spatial.weights import knn_weights

pytestmark = pytest.mark.browser
SHIFT = 8
LAG_TOLERANCE = 2e-5  # the page holds six digits of a value
_KNOWN: dict[str, object] = {}

HOSTILE = (
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=2>",
    "<!-- comment",
    "\u2028 line \u2029 separator",
    "\"double\" 'single' `back`",
    "A & B &amp; C &lt;",
    "=HYPERLINK(\"http://x\")",
    "+1", "-2", "@SUM(A1)",
    "${window.hacked=3}", "{{ 7 * 7 }}", "{count}", "%s %d %",
    "اسم المدينة \u202e gnirts", "武汉市🚄", "Zürich–São José", "_under_score_", "\\u003c\\n",
    "x" * 300,
)  # fmt: skip


POINTS_OF_THE_PLOT = """(() => {
  const moran = explorer.moranOf(explorer.data.variables[0], 0);
  const scales = explorer.plotScales(moran);
  const box = document.querySelector('#scatter').getBoundingClientRect();
  const points = [...moran.z.keys()].map(at => [scales.x(moran.z[at]), scales.y(moran.lag[at])]);
  return { left: box.left, top: box.top, points };
})()"""

NAMELESS_CONTROLS = """(() => {
  const all = document.querySelectorAll('button, input, select, canvas:not([aria-hidden])');
  const named = one => one.getAttribute('aria-label') || one.textContent.trim()
    || (one.labels && one.labels.length);
  return [...all].filter(one => !named(one)).map(one => one.outerHTML);
})()"""

TIMES_OF_FRAMES = """(() => {
  const took = (act, count) => {
    const times = [];
    for (let at = 0; at < count; at++) {
      act(at);
      const began = performance.now();
      explorer.flush();
      times.push(performance.now() - began);
    }
    return Math.min(...times.slice(1));
  };
  const top = document.querySelector('#map-top'), slider = document.querySelector('#year');
  const key = name =>
    top.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
  const year = at => {
    slider.value = String(at % 8);
    slider.dispatchEvent(new Event('input'));
  };
  return { pan: took(at => key(at % 2 ? 'ArrowLeft' : 'ArrowRight'), 12), year: took(year, 17) };
})()"""


@pytest.fixture
def west(small_study):
    if "west" not in _KNOWN:
        small_study.text = small_study.text.replace(
            'weights = "nearest 4"\n\n[outputs]',
            'weights = "nearest 4"\ncity_effects = true\n\n[outputs]',
        )
        small_study.write()
        _KNOWN["west"] = run_study(read_study(small_study.file), folder=small_study.folder)
    return _KNOWN["west"]


def spoken(result, language):
    study = result.study.model_copy(update={"language": language})
    return dataclasses.replace(result, study=study)


@pytest.fixture(params=["en", "zh"])
def language(request):
    return request.param


@pytest.fixture
def page(browser, west, tmp_path_factory, language):
    """The page of the small study, opened afresh; nothing may be complained about at the end."""
    if language not in _KNOWN:
        path = tmp_path_factory.mktemp(language) / "explorer.html"
        _KNOWN[language] = write_explorer(spoken(west, language), path)
    browser.open(_KNOWN[language])
    yield browser
    assert browser.complaints == []
    assert [
        one for one in browser.requests if not one.startswith(("file:", "data:", "blob:"))
    ] == []


def city_number(page, city):
    return page.value(f"explorer.data.cities.ids.indexOf({json.dumps(city)})")


def city_point(page, number):
    """Where the seat of a city is in the window."""
    return page.value(
        f"(() => {{ const box = document.querySelector('#map-top').getBoundingClientRect();"
        f"const [x, y] = explorer.onScreen({number}); return [box.left + x, box.top + y]; }})()"
    )


def selected(page):
    return set(
        page.value("[...explorer.state.selected.keys()].filter(at => explorer.state.selected[at])")
    )


def choose_variable(page, title):
    """Choose by the keyboard, as the list of variables lets one."""
    page.value("document.querySelector('#variable').focus()")
    options = page.value("[...document.querySelectorAll('#variable option')].map(one => one.text)")
    steps = options.index(title) - page.value("explorer.state.variable")
    for _ in range(abs(steps)):
        page.press("ArrowDown" if steps > 0 else "ArrowUp")
    assert page.value("document.querySelector('#variable').selectedOptions[0].text") == title


class TestNumbers:
    def test_scatter_has_the_numbers_of_python(self, page, west):
        ids = page.value("explorer.data.cities.ids")
        found = page.value(
            "(() => { const m = explorer.moranOf(explorer.data.variables[0], 0);"
            "return [[...m.z], [...m.lag], m.statistic]; })()"
        )
        local = west.local[("1990-91", "resistance")]
        table = local.table.loc[ids]
        np.testing.assert_allclose(found[0], table["standardised"], atol=LAG_TOLERANCE)
        np.testing.assert_allclose(found[1], table["lag"], atol=LAG_TOLERANCE)
        assert found[2] == pytest.approx(local.global_statistic, abs=LAG_TOLERANCE)
        assert f"{local.global_statistic:.3f}" in page.text("#statistic")

    def test_every_year_has_its_own_statistic(self, page, west):
        at = page.value("explorer.data.variables.findIndex(one => one.years.length > 1)")
        wide = west.area.wide("real_income_per_head")
        for column, year in enumerate(wide.columns):
            found = page.value(
                f"explorer.moranOf(explorer.data.variables[{at}], {column}).statistic"
            )
            expected = global_moran(wide[year], west.weights["nearest 4"], permutations=0)
            assert found == pytest.approx(expected.statistic, abs=LAG_TOLERANCE)

    def test_areas_have_the_colour_of_their_class(self, page):
        drawn = page.value(
            "(() => { const { data, view, onScreen } = explorer; const found = [];"
            "const pen = document.querySelector('#map-base').getContext('2d');"
            "const one = data.variables[0];"
            "for (let at = 0; at < data.cities.ids.length; at++) {"
            "  const [x, y] = onScreen(at).map(v => Math.round(v * view.dots));"
            "  const [r, g, b] = pen.getImageData(x, y, 1, 1).data;"
            "  const hex = '#' + [r, g, b].map(v => v.toString(16).padStart(2, '0')).join('');"
            "  found.push(hex === one.style.classes[one.classes[0][at]].colour.toLowerCase()); }"
            "return found; })()"
        )
        # A border, or a seat outside of its simplified area, may be hit here and there.
        assert np.mean(drawn) > 0.85
        page.complaints[:] = [one for one in page.complaints if "willReadFrequently" not in one]


class TestControls:
    def test_slider_follows_the_keys(self, page, west):
        choose_variable(page, "real_income_per_head")
        last = west.area.years[-1]
        assert page.text("#year-shown") == str(last)
        page.value("document.querySelector('#year').focus()")
        page.press("ArrowLeft")
        page.press("ArrowLeft")
        assert page.text("#year-shown") == str(last - 2)
        assert page.value("document.querySelector('#year').getAttribute('aria-valuetext')") == str(
            last - 2
        )
        values = west.area.wide("real_income_per_head")[last - 2].sort_values(ascending=False)
        first = page.value("document.querySelector('#table tbody tr[data-city] th').textContent")
        assert first == west.area.cities.loc[values.index[0], "name"]
        assert str(last - 2) in page.text("#legend h3")

    def test_play_goes_on_by_itself_and_stops(self, page, west):
        choose_variable(page, "real_income_per_head")
        page.click("#play")
        assert page.text("#year-shown") == str(west.area.years[0])
        page.value("new Promise(done => setTimeout(done, 2100))")
        assert int(page.text("#year-shown")) >= west.area.years[0] + 1
        page.click("#play")
        shown = page.text("#year-shown")
        page.value("new Promise(done => setTimeout(done, 1100))")
        assert page.text("#year-shown") == shown

    def test_variables_without_years_have_no_slider(self, page):
        assert page.value("document.querySelector('#year').disabled")
        assert (
            page.value("getComputedStyle(document.querySelector('#time')).visibility") == "hidden"
        )

    def test_clusters_and_legend(self, page, west, language):
        page.click("#modes label:nth-child(2)")
        clusters = west.local[("1990-91", "resistance")].table["cluster"]
        counts = page.value(
            "Object.fromEntries([...document.querySelectorAll('#legend li')].map(row =>"
            "[row.querySelector('.words').textContent, +row.querySelector('.count').textContent]))"
        )
        assert (
            counts[label("lisa_not_significant", language)] == (clusters == "Not significant").sum()
        )
        assert counts[label("lisa_high_high", language)] == (clusters == "High-High").sum()
        page.click("#legend li:last-child button")
        assert len(selected(page)) == (clusters == "Not significant").sum()

    def test_links_are_drawn_and_listed(self, page, west):
        before = page.value("document.querySelector('#map-base').toDataURL()")
        page.value("document.querySelector('#network').focus()")
        page.press("ArrowDown")
        assert page.value("explorer.state.network") == 0
        assert page.value("document.querySelector('#map-base').toDataURL()") != before
        backbone = west.networks["gravity"].backbone
        city = backbone.to_frame()["origin"].iloc[0]
        number = city_number(page, city)
        flows = pd.DataFrame(backbone.flows.toarray(), backbone.cities, backbone.cities)
        strongest = flows[city].sort_values(ascending=False)
        page.click(tuple(city_point(page, number)))
        assert page.value("explorer.state.city") == number
        short = west.area.cities["short_name"]
        names = page.value(
            "[...document.querySelectorAll('#city details')].slice(-2, -1)"
            ".flatMap(one => [...one.querySelectorAll('.cities button')].map(b => b.textContent))"
        )
        assert names[0] in (
            short[strongest.index[0]],
            west.area.cities.loc[strongest.index[0], "name"],
        )
        assert len(names) == min(8, int((strongest > 0).sum()))


class TestCities:
    def test_search_by_keyboard_opens_the_card(self, page, west, language):
        cities = west.area.cities
        city = cities.index[7]
        page.click("#search")
        page.type(str(cities.loc[city, "name"])[:5].upper())
        assert (
            page.value("document.querySelector('#search').getAttribute('aria-expanded')") == "true"
        )
        page.press("Enter")
        number = page.value("explorer.state.city")
        assert (
            str(cities["name"].iloc[number])
            .lower()
            .startswith(str(cities.loc[city, "name"])[:5].lower())
        )
        name = cities["name"].iloc[number]
        assert page.text("#city-title") == name
        assert page.text("#live").startswith(name)
        effects = west.models["spillovers"].cities.loc[cities.index[number]]
        card = page.text("#city")
        assert label("explorer_effect_emitted", language) in card
        assert f"{abs(effects['own']):.4f}"[:5] in card
        page.press("Escape")  # in the search field: empties it
        assert page.value("document.querySelector('#search').value") == ""
        page.value("document.activeElement.blur()")
        page.press("Escape")
        assert page.value("explorer.state.city") == -1

    def test_search_by_id_and_without_a_match(self, page, west):
        page.click("#search")
        page.type("zzzzqqq")
        assert page.value("document.querySelectorAll('#found [role=option]').length") == 0
        page.press("Escape")
        city = west.area.cities.index[3]
        page.type(city)
        page.press("Enter")
        assert page.value("explorer.state.city") == 3

    def test_click_on_the_map_and_a_tip(self, page, west):
        number = int(np.argmax(west.area.cities.geometry.to_crs(5070).area))
        x, y = city_point(page, number)
        page.mouse("mouseMoved", x, y)
        page.settle()
        name = west.area.cities["name"].iloc[number]
        assert not page.value("document.querySelector('#tip').hidden")
        assert name in page.text("#tip")
        page.click((x, y))
        assert page.text("#city-title") == name
        assert page.value("document.querySelector('#table tr.chosen th').textContent") == name


class TestBrushing:
    def test_rectangle_in_the_plot_selects_everywhere(self, page, west):
        inside = page.value(POINTS_OF_THE_PLOT)
        points = np.array(inside["points"])
        low, high = np.quantile(points, 0.25, axis=0), np.quantile(points, 0.8, axis=0)
        expected = set(np.flatnonzero(((points >= low) & (points <= high)).all(axis=1)).tolist())
        assert len(expected) >= 3
        shift = np.array([inside["left"], inside["top"]])
        page.drag(tuple(low + shift), tuple(high + shift))
        assert selected(page) == expected
        values = west.measures[("1990-91", "resistance")].iloc[sorted(expected)]
        told = page.text("#selection")
        decimals = page.value("explorer.data.variables[0].decimals")
        assert str(len(expected)) in told
        assert f"{abs(values.mean()):.{decimals}f}" in told
        page.click("#only-selected")
        assert page.value("document.querySelector('#table').getAttribute('aria-rowcount')") == str(
            len(expected) + 1
        )
        page.click("#clear")
        assert selected(page) == set()
        assert not page.value("document.querySelector('#only-selected').checked")

    def test_rectangle_in_the_map_and_escape(self, page, west):
        n = len(west.area.cities)
        points = np.array([city_point(page, at) for at in range(n)])
        low, high = points.min(axis=0) - 3, np.median(points, axis=0)
        expected = set(np.flatnonzero(((points >= low) & (points <= high)).all(axis=1)).tolist())
        page.drag(tuple(low), tuple(high), keys=SHIFT)
        assert selected(page) == expected
        rows = page.value(
            "[...document.querySelectorAll('#table tr.selected')].map(row => +row.dataset.city)"
        )
        assert set(rows) <= expected
        page.press("Escape")
        assert selected(page) == set()

    def test_tool_for_rectangles_and_shift_click(self, page):
        page.click("#box")
        x, y = page.middle("#map-top")
        page.drag((x - 250, y - 180), (x + 250, y + 180))
        assert selected(page)
        page.click("#box")
        page.press("Escape")
        page.click(tuple(city_point(page, 5)), keys=SHIFT)
        assert len(selected(page)) == 1
        page.click(tuple(city_point(page, 5)), keys=SHIFT)
        assert selected(page) == set()

    def test_quadrants_are_buttons(self, page, west):
        table = west.local[("1990-91", "resistance")].table
        page.click("#quadrants button:nth-child(1)")
        assert len(selected(page)) == (table["quadrant"] == "High-High").sum()
        page.click("#quadrants button:nth-child(2)", keys=SHIFT)
        assert len(selected(page)) == table["quadrant"].isin(["High-High", "Low-Low"]).sum()

    def test_table_by_keyboard(self, page):
        page.value("document.querySelector('#table tbody input').focus()")
        page.press(" ")
        page.press("ArrowDown")
        page.press(" ")
        assert len(selected(page)) == 2
        rows = "document.querySelectorAll('#table tbody tr[data-city]')"
        order = page.value(f"[...{rows}].map(row => +row.dataset.city)")
        assert selected(page) == set(order[:2])
        page.click("#table tbody tr[data-city]:nth-of-type(6) input", keys=SHIFT)
        assert selected(page) == set(order[:5])
        page.value(f"{rows}[2].querySelector('button').focus()")
        page.press("Enter")
        assert page.value("explorer.state.city") == order[2]
        page.press("End")
        last = page.value("document.activeElement.closest('tr').getAttribute('aria-rowindex')")
        assert int(last) == page.value("explorer.data.cities.ids.length") + 1

    def test_sorting_by_name(self, page, west):
        page.click("#table thead [data-key=name]")
        first = page.value("document.querySelector('#table tbody tr[data-city] th').textContent")
        assert first == min(west.area.cities["name"])
        assert (
            page.value("document.querySelector('#table [aria-sort]').getAttribute('aria-sort')")
            == "ascending"
        )

    def test_csv_holds_the_selection(self, page, west):
        page.click("#quadrants button:nth-child(1)")
        lines = page.value("explorer.csvText()").strip().split("\r\n")
        assert len(lines) == len(selected(page)) + 1
        assert all(
            city in " ".join(west.area.cities.index)
            for city in (line.split('"')[1] for line in lines[1:])
        )
        page.click("#export")


class TestMap:
    def test_zoom_pan_and_reset(self, page):
        page.value("document.querySelector('#map-top').focus()")
        home = page.value("[explorer.view.scale, explorer.view.x]")
        page.press("+", text="+")
        page.press("ArrowRight")
        assert page.value("explorer.view.scale") > home[0]
        x, y = page.middle("#map-top")
        page.send("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=-240)
        page.settle()
        zoomed = page.value("[explorer.view.scale, explorer.view.x]")
        assert zoomed[0] > 1.4 * home[0]
        page.drag((x, y), (x + 50, y + 20))
        assert page.value("explorer.view.x") == pytest.approx(zoomed[1] + 50, abs=1)
        page.click("#zoom-home")
        assert page.value("[explorer.view.scale, explorer.view.x]") == pytest.approx(home)

    @pytest.mark.parametrize(("width", "height"), [(1024, 700), (420, 800)])
    def test_narrow_windows_lose_nothing(self, page, width, height):
        page.resize(width, height)
        page.settle()
        page.settle()
        assert page.value("document.documentElement.scrollWidth") <= width
        for part in ("#map", "#scatter", "#city", "#rows", "#legend"):
            box = page.value(
                f"(() => {{ const b = document.querySelector('{part}').getBoundingClientRect();"
                "return [b.left, b.right, b.height]; })()"
            )
            assert box[0] >= 0
            assert box[1] <= width
            assert box[2] > 60


class TestNames:
    def test_everything_has_a_name_for_those_who_do_not_see_it(self, page):
        nameless = page.value(NAMELESS_CONTROLS)
        assert nameless == []
        assert page.value("document.documentElement.lang")[:2] in ("en", "zh")

    def test_hostile_names_are_only_text(self, browser, tmp_path):
        ids = [f"{at:02d}" for at in range(len(HOSTILE))]
        cells = [
            shapely.box(10 + at % 5, 40 + at // 5, 11 + at % 5, 41 + at // 5)
            for at in range(len(ids))
        ]
        cities = gpd.GeoDataFrame({"name": HOSTILE}, geometry=cells, index=ids, crs="EPSG:4326")
        values = pd.DataFrame({"": np.arange(len(ids), dtype=float)}, index=ids)
        style = choropleth_style(values[""], column="x", title=HOSTILE[0])
        variable = ExplorerVariable(title=HOSTILE[0], group=HOSTILE[1], values=values, style=style)
        content = ExplorerContent(
            title=HOSTILE[2] + HOSTILE[0],
            language="en",
            cities=cities,
            variables=(variable,),
            groups={HOSTILE[5]: pd.Series(HOSTILE[::-1], index=ids)},
            weights=knn_weights(cities, k=3),
            weights_name=HOSTILE[0],
            source=HOSTILE[1],
            notes=HOSTILE,
        )
        browser.open(write_explorer_page(content, tmp_path / "hostile.html"))
        assert browser.value("explorer.data.cities.names") == list(HOSTILE)
        for at in range(len(ids)):
            browser.click("#search")
            browser.type(ids[at])
            browser.press("Enter")
            assert browser.text("#city-title") == HOSTILE[at]
        browser.click("#about")
        assert HOSTILE[1] in browser.text("#about-body")
        assert browser.value("window.hacked === undefined")
        assert browser.value("document.querySelectorAll('img, script:not([id])').length") <= 1
        assert browser.value("document.title") == HOSTILE[2] + HOSTILE[0]
        csv = browser.value("explorer.csvText()")
        assert '"\'=HYPERLINK(""http://x"")"' in csv
        assert browser.complaints == []


def test_many_cities_stay_fluid(browser, tmp_path):
    """3,000 units, eight years: a movement or a change of year takes no noticeable time."""
    side, years = (60, 50), range(2010, 2018)
    cells = [shapely.box(80 + 0.5 * i, 20 + 0.5 * j, 80.5 + 0.5 * i, 20.5 + 0.5 * j)
             for i in range(side[0]) for j in range(side[1])]  # fmt: skip
    ids = pd.Index([f"u{at}" for at in range(len(cells))])
    cities = gpd.GeoDataFrame({"name": ids}, geometry=cells, index=ids, crs="EPSG:4326")
    random = np.random.default_rng(1)
    steps = random.normal(0, 0.3, (len(ids), len(years))).cumsum(axis=1)
    values = pd.DataFrame(
        steps + random.normal(0, 1, (len(ids), 1)), index=ids, columns=list(years)
    )
    circles = values[[2010]].abs().set_axis(["size"], axis=1)
    content = ExplorerContent(
        title="3,000 units",
        language="en",
        cities=cities,
        variables=(
            ExplorerVariable(
                title="Value", group="A", values=values, yearly=True,
                style=choropleth_style(values[2010], column="v", title="Value"),
            ),
            ExplorerVariable(
                title="Size", group="B", values=circles,
                style=sized_point_style(circles["size"], column="size", title="Size"),
            ),
        ),
        weights=knn_weights(cities, k=6),
        weights_name="nearest 6",
    )  # fmt: skip
    path = write_explorer_page(content, tmp_path / "many.html")
    assert path.stat().st_size < 3_000_000
    browser.open(path)
    local = local_moran(values[2017], content.weights, permutations=99, rng=1, correction="none")
    found = browser.value("explorer.moranOf(explorer.data.variables[0], 7).statistic")
    assert found == pytest.approx(local.global_statistic, abs=LAG_TOLERANCE)
    times = browser.value(TIMES_OF_FRAMES)
    # A quiet laptop takes a tenth of this; the machine of the tests may be busy.
    assert times["pan"] < 250
    assert times["year"] < 250
    rows = browser.value("document.querySelectorAll('#table tbody tr').length")
    assert rows < 60
    assert browser.complaints == []
