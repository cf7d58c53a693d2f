"""Every way to misuse a regression is refused by a named error that tells offenders and remedy."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from spatial.errors import (
    AlignmentError,
    ConfigError,
    EstimationError,
    InterurbanError,
    PanelError,
    WeightsError,
)
from spatial.regression import (
    compare_weights,
    cross_section_dependence,
    effects_by_group,
    effects_by_order,
    effects_by_ring,
    fit_cross_section,
    fit_dynamic_panel,
    fit_panel,
    fit_spatial_iv,
    lm_tests,
    spillover_boundary,
    variance_inflation,
)
from spatial.weights.types import Weights

N, YEARS = 12, 8
CITIES = [f"c{i:02d}" for i in range(N)]


def ring() -> pd.DataFrame:
    dense = (np.roll(np.eye(N), 1, axis=1) + np.roll(np.eye(N), -1, axis=1)) / 2
    return pd.DataFrame(dense, CITIES, CITIES)


def city_years() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = pd.MultiIndex.from_product([range(2010, 2010 + YEARS), CITIES], names=["year", "city"])
    values = rng.normal(size=(len(rows), 3))
    return pd.DataFrame(values, index=rows, columns=["y", "a", "b"]).reset_index()


def positions(cities: Any) -> pd.DataFrame:
    turn = 2 * np.pi * np.arange(len(cities)) / len(cities)
    places = {"longitude": 10 + np.cos(turn), "latitude": 50 + np.sin(turn)}
    return pd.DataFrame(places, index=pd.Index(cities))


def one_year(data: pd.DataFrame) -> pd.DataFrame:
    if "year" not in data:
        return data
    return data[(data["year"] == 2010).to_numpy()].drop(columns="year")


def boundary(formula: str, data: pd.DataFrame, weights: Any, **options: Any) -> Any:
    places = positions(weights.index)
    return spillover_boundary(formula, data, places, variable="a", bounds=(60, 120), **options)


Entry = Callable[..., Any]
PANEL: dict[str, Entry] = {
    "panel": fit_panel,
    "dynamic": fit_dynamic_panel,
    "iv": lambda f, d, w, **k: fit_spatial_iv(f, d, w, year="year", **k),
    "lm": lm_tests,
    "compare": lambda f, d, w, **k: compare_weights(f, d, {"w": w}, year="year", **k),
    "boundary": boundary,
}
CROSS: dict[str, Entry] = {
    "cross": lambda f, d, w, **k: fit_cross_section(f, one_year(d), w, city="city", **k),
}
EVERY = {**PANEL, **CROSS}
# Those that read the weights from the caller, and those with two-way effects and unit rows.
WITH_WEIGHTS = {name: call for name, call in EVERY.items() if name != "boundary"}

Case = tuple[str, pd.DataFrame, pd.DataFrame, type[InterurbanError], tuple[str, ...]]


def changed(**columns: Any) -> pd.DataFrame:
    """City-years with columns put in; a function gets the table."""
    table = city_years()
    return table.assign(**columns)


def at(column: str, row: int, value: Any) -> pd.DataFrame:
    table = city_years()
    table[column] = table[column].astype(object) if isinstance(value, str) else table[column]
    table.loc[row, column] = value
    return table


def by_city(table: pd.DataFrame) -> pd.Series:
    return table["city"].map({city: i + 1.0 for i, city in enumerate(CITIES)})


def renamed(weights: pd.DataFrame, old: str, new: str) -> pd.DataFrame:
    return weights.rename(index={old: new}, columns={old: new})


def data_cases() -> dict[str, Case]:
    """Return faults of the table, whatever the model."""
    w, d = ring(), city_years()
    return {
        "other cities": (
            "y ~ a",
            d,
            renamed(w, "c00", "x0"),
            AlignmentError,
            ("only in", "'c00'", "'x0'", "Select the common cities in both, or rebuild"),
        ),
        "more cities in the weights": (
            "y ~ a",
            d[d["city"] != "c03"],
            w,
            AlignmentError,
            ("only in the weights: 'c03'", "Select the common cities in both, or rebuild"),
        ),
        "ids with blanks": (
            "y ~ a",
            d.assign(city=d["city"] + " "),
            w,
            AlignmentError,
            ("differ only by blanks", "str.strip()"),
        ),
        "missing city": ("y ~ a", at("city", 4, None), w, PanelError, ("1 rows have no city",)),
        "missing value": (
            "y ~ a",
            at("a", 4, np.nan),
            w,
            PanelError,
            ("'a' has 1, in 1 cities ('c04')", "drop these cities or years"),
        ),
        "infinite value": ("y ~ a", at("a", 4, np.inf), w, PanelError, ("'a' has 1", "'c04'")),
        "infinite by formula": (
            "y ~ np.log(np.abs(a))",
            at("a", 4, 0.0),
            w,
            PanelError,
            ("np.log(np.abs(a))", "'c04'"),
        ),
        "numbers as text": (
            "y ~ a",
            d.assign(a=d["a"].astype(str)),
            w,
            PanelError,
            ("'a' hold numbers written as text", "pandas.to_numeric"),
        ),
        "numbers and text": (
            "y ~ a",
            at("a", 4, "n.a."),
            w,
            PanelError,
            ("'a' holds numbers and, in 1 rows, text ('n.a.'; cities 'c04')", "errors='coerce'"),
        ),
        "text of each row": (
            "y ~ t",
            d.assign(t=[f"row {i}" for i in range(len(d))]),
            w,
            PanelError,
            ("'t' is text with", "different values"),
        ),
        "text outcome": (
            "t ~ a",
            d.assign(t=["u", "v", "w"] * (len(d) // 3)),
            w,
            ConfigError,
            ("makes 3 columns", "one column of numbers"),
        ),
        "dates": (
            "y ~ a",
            d.assign(a=pd.Timestamp("2010-01-01")),
            w,
            PanelError,
            ("'a' holds dates", "convert it to numbers"),
        ),
        "complex numbers": ("y ~ a", d.assign(a=d["a"] + 1j), w, PanelError, ("complex",)),
        "column twice": (
            "y ~ a",
            pd.concat([d, d[["a"]]], axis=1),
            w,
            PanelError,
            ("'a' appear more than once",),
        ),
        "no rows": ("y ~ a", d.iloc[:0], w, PanelError, ("no rows",)),
        "no city column": (
            "y ~ a",
            d.rename(columns={"city": "cty"}),
            w,
            ConfigError,
            ("city='city' is neither", "nearest: 'cty'"),
        ),
        "constant outcome": (
            "y ~ a",
            d.assign(y=3.0),
            w,
            EstimationError,
            ("outcome 'y' is constant",),
        ),
        "collinear": (
            "y ~ a + b + c",
            d.assign(c=d["a"] - 2 * d["b"]),
            w,
            EstimationError,
            ("collinear", "'c'", "'a'", "'b'", "Leave one of them out"),
        ),
        "outcome on the right": (
            "y ~ a + y",
            d,
            w,
            ConfigError,
            ("'y'", "right-hand side", "leave it out"),
        ),
        "outcome transformed on the right": (
            "y ~ a + np.exp(y)",
            d,
            w,
            ConfigError,
            ("'y'", "right-hand side"),
        ),
        "unknown column": (
            "y ~ a + bb",
            d,
            w,
            ConfigError,
            ("'bb' (nearest: 'b')", "known: ", "'y', 'a', 'b'"),
        ),
        "unknown function": ("y ~ logg(a)", d, w, ConfigError, ("'logg'", "np.log")),
        "broken formula": ("y ~ a +* b", d, w, ConfigError, ("cannot be read", "a +* b")),
        "formula of parts": ("y ~ a | b", d, w, ConfigError, ("several parts",)),
        "no outcome": ("a + b", d, w, ConfigError, ("no outcome",)),
        "all columns": ("y ~ .", d, w, ConfigError, ("name the regressors",)),
        "no text": (None, d, w, ConfigError, ("must be text", "NoneType")),  # type: ignore[dict-item]
        "lag in a formula": ("y ~ lag(a)", d, w, ConfigError, ("mix cities", "shift(1)")),
        "name of a parameter": (
            "y ~ rho",
            d.rename(columns={"a": "rho"}),
            w,
            ConfigError,
            ("'rho'", "rename"),
        ),
        "name of the constant": (
            "y ~ const",
            d.rename(columns={"a": "const"}),
            w,
            ConfigError,
            ("'const'", "rename"),
        ),
        "one city": ("y ~ a", d[d["city"] == "c00"], w.iloc[:1, :1], AlignmentError, ("'c00'",)),
    }


def panel_cases() -> dict[str, Case]:
    """Faults that only panels have."""
    w, d = ring(), city_years()
    return {
        "city-year twice": (
            "y ~ a",
            pd.concat([d, d.iloc[[3]]]),
            w,
            PanelError,
            ("('c03', 2010)", "Keep one row"),
        ),
        "gaps": (
            "y ~ a",
            d.drop(index=[0, 19]),
            w,
            PanelError,
            ("('c00', 2010)", "('c07', 2011)", "cities concerned: 'c00', 'c07'", "drop these"),
        ),
        "years of several types": (
            "y ~ a",
            d.assign(year=[str(v) if i % 2 else v for i, v in enumerate(d["year"])]),
            w,
            PanelError,
            ("several types (int, str)", "astype(int)"),
        ),
        "absorbed by cities": (
            "y ~ a + area",
            d.assign(area=by_city(d)),
            w,
            EstimationError,
            ("'area'", "absorbed by the fixed effects", "Leave them out"),
        ),
        "absorbed by years": (
            "y ~ a + price",
            d.assign(price=d["year"] - 2000.0),
            w,
            EstimationError,
            ("'price'", "absorbed"),
        ),
        "outcome without change": (
            "y ~ a",
            d.assign(y=by_city(d)),
            w,
            EstimationError,
            ("'y' has no variation left", "fewer fixed effects"),
        ),
        "no year column": (
            "y ~ a",
            d.rename(columns={"year": "yaer"}),
            w,
            ConfigError,
            ("year='year' is neither", "nearest: 'yaer'"),
        ),
    }


def weights_cases() -> dict[str, Case]:
    """Faults of the weights."""
    w, d = ring(), city_years()
    return {
        "negative weights": ("y ~ a", d, -w, WeightsError, ("'c00'", "negative", "zero or")),
        "own neighbours": (
            "y ~ a",
            d,
            w + np.diag([1.0] + [0.0] * (N - 1)),
            WeightsError,
            ("'c00'", "neighbours of themselves", "set the diagonal to zero"),
        ),
        "missing weights": ("y ~ a", d, w.mask(w > 0.2), WeightsError, ("missing or infinite",)),
        "unlabelled weights": ("y ~ a", d, w.to_numpy(), WeightsError, ("Cannot read weights",)),
        "labels that differ by axis": (
            "y ~ a",
            d,
            w.rename(columns={"c00": "x"}),
            InterurbanError,
            ("'x'",),
        ),
    }


def refused(call: Entry, case: Case, **options: Any) -> None:
    formula, data, weights, error, words = case
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(error) as caught:
            call(formula, data, weights, **options)
    for word in words:
        assert word in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("entry", EVERY)
@pytest.mark.parametrize("name", data_cases())
def test_faults_of_the_table(name, entry):
    case = data_cases()[name]
    if entry == "cross" and name == "missing city":
        case = (*case[:3], InterurbanError, ("no city",))
    refused(EVERY[entry], case)


@pytest.mark.parametrize("entry", PANEL)
@pytest.mark.parametrize("name", panel_cases())
def test_faults_of_panels(name, entry):
    case = panel_cases()[name]
    if entry == "lm" and name.startswith("absorbed"):
        case = (*case[:3], EstimationError, ("absorbed by the fixed effects",))
    refused(PANEL[entry], case)


@pytest.mark.parametrize("entry", WITH_WEIGHTS)
@pytest.mark.parametrize("name", weights_cases())
def test_faults_of_weights(name, entry):
    refused(WITH_WEIGHTS[entry], weights_cases()[name])


def test_city_twice_in_a_cross_section():
    data = one_year(city_years())
    with pytest.raises(PanelError, match=r"'c03'.*fit_panel"):
        fit_cross_section("y ~ a", pd.concat([data, data.iloc[[3]]]), ring(), city="city")


@pytest.mark.parametrize("call", [fit_panel, fit_dynamic_panel])
def test_islands_with_two_way_effects(call):
    weights = ring()
    weights.loc["c03"] = 0.0
    with pytest.raises(EstimationError) as caught:
        call("y ~ a", city_years(), weights)
    for word in ("'c03'", "attach_islands", "k-nearest", "effects='city'"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("call", "years", "word"),
    [
        (fit_panel, 1, "at least two"),
        (fit_dynamic_panel, 3, "at least 4"),
        (PANEL["iv"], 1, "at least two"),
        (PANEL["compare"], 1, "at least two"),
        (boundary, 1, "at least two"),
        (lm_tests, 1, "no variation left"),
    ],
)
def test_too_few_years(call, years, word):
    data = city_years()
    with pytest.raises(InterurbanError, match=word):
        call("y ~ a", data[data["year"] < 2010 + years], ring())


def test_more_regressors_than_a_short_panel_carries():
    rng = np.random.default_rng(2)
    data = city_years()
    data = data[data["year"] < 2012].copy()
    for j in range(13):
        data[f"x{j}"] = rng.normal(size=len(data))
    formula = "y ~ " + " + ".join(f"x{j}" for j in range(13))
    for call in (fit_panel, PANEL["iv"], PANEL["compare"]):
        with pytest.raises(EstimationError, match=r"observations|collinear"):
            call(formula, data, ring(), specification="sdm") if call is fit_panel else call(
                formula, data, ring()
            )


@pytest.mark.parametrize("specification", ["sar", "sem", "sdm", "sdem"])
def test_rho_at_the_border(specification):
    # A trend that all cities share, with next to no noise: each is the mean of its neighbours.
    data = city_years()
    data["y"] = np.exp(0.5 * (data["year"] - 2000)) + 1e-7 * data["y"]
    with pytest.raises(EstimationError) as caught:
        fit_panel("y ~ a", data, ring(), specification=specification, effects="city")
    for word in ("border of its valid interval (-1, 1)", "year effects", "other weights"):
        assert word in str(caught.value)


def test_dynamics_at_the_border():
    data = city_years()
    data["y"] = np.exp(0.5 * (data["year"] - 2000)) + 1e-7 * data["y"]
    options = {"specification": "sar", "effects": "city"}
    with pytest.raises(EstimationError, match="'eta' is a combination of 'tau'"):
        fit_dynamic_panel("y ~ a", data, ring(), **options)
    with pytest.raises(EstimationError, match="reproduce the outcome"):
        fit_dynamic_panel("y ~ a", data, ring(), lags="time", **options)


def test_two_way_effects_where_everybody_is_a_neighbour():
    # Then W x is minus x over N - 1 within a year: neither lag can be told from the regressor.
    dense = (np.ones((N, N)) - np.eye(N)) / (N - 1)
    everyone = pd.DataFrame(dense, CITIES, CITIES)
    with pytest.raises(EstimationError, match="collinear"):
        fit_panel("y ~ a", city_years(), everyone)


def test_spatial_lags_that_the_formula_already_has():
    data = city_years().assign(**{"W a": lambda d: d["b"]})
    with pytest.raises(ConfigError, match="'W a'.*spatial lag"):
        fit_panel("y ~ a + `W a`", data, ring())
    fit_panel("y ~ a + `W a`", data, ring(), specification="sar")


def test_formulas_without_regressors():
    with pytest.raises(EstimationError, match="no regressor"):
        fit_panel("y ~ 1", city_years(), ring(), specification="sar")
    result = fit_panel("y ~ 1", city_years(), ring(), specification="sar", effects="pooled")
    assert list(result.coefficients.index) == ["const", "rho"]


def test_years_of_weights_that_lack_one_of_the_data():
    matrix = sparse.csr_array(ring().to_numpy())
    weights = Weights(pd.Index(CITIES), (matrix,) * 2, years=pd.Index([2010, 2011]))
    for name in ("panel", "lm", "iv", "compare"):
        with pytest.raises(WeightsError, match="2012"):
            PANEL[name]("y ~ a", city_years(), weights)
    with pytest.raises(InterurbanError, match=r"2012|same weights in all years"):
        fit_dynamic_panel("y ~ a", city_years(), weights)


# What is welcome ---------------------------------------------------------------------------------


def same_estimates(data: pd.DataFrame, formula: str = "y ~ a + b", **options: Any) -> None:
    reference = fit_panel("y ~ a + b", city_years(), ring())
    result = fit_panel(formula, data, ring(), **options)
    np.testing.assert_allclose(result.coefficients, reference.coefficients, rtol=1e-12)


@pytest.mark.parametrize(
    "years",
    [
        lambda y: y.astype(float),
        lambda y: y.astype(str),
        lambda y: pd.to_datetime(y.astype(str), format="%Y"),
        lambda y: pd.PeriodIndex(y.astype(str), freq="Y"),
        lambda y: y.astype("category"),
        lambda y: y.astype("int16"),
    ],
    ids=["float", "text", "time", "period", "category", "short"],
)
def test_years_of_any_type(years):
    data = city_years()
    same_estimates(data.assign(year=years(data["year"])))


def test_any_index_and_any_order():
    data = city_years()
    same_estimates(data.set_index(pd.Index([0] * len(data))))
    same_estimates(data.sample(frac=1.0, random_state=3))
    same_estimates(data.set_index(["city", "year"]))
    same_estimates(data.set_index("city", drop=False))
    same_estimates(data.assign(city=data["city"].astype("category")))


@pytest.mark.parametrize("name", ["产出", "y y", "y's", 'y"q', "y-1", "y(1)"])
def test_names_of_any_kind(name):
    data = city_years().rename(columns={"y": name, "a": f"{name} 2"})
    same_estimates(data, f"`{name}` ~ `{name} 2` + b")
    if name == "产出":
        data = data.rename(columns={f"{name} 2": "数字经济", "city": "城市", "year": "年份"})
        same_estimates(data, "产出 ~ 数字经济 + b", city="城市", year="年份")
        dynamic = fit_dynamic_panel("产出 ~ 数字经济", data, ring(), city="城市", year="年份")
        assert list(dynamic.coefficients.index) == ["tau", "eta", "数字经济", "W 数字经济", "rho"]


def test_transformations_and_groups():
    data = city_years()
    data["region"] = np.where(data["city"] < "c05", "east", "west")
    data["p"] = np.exp(data["a"])
    same_estimates(data, "y ~ np.log(p) + b")
    crossed = fit_panel("y ~ C(region):a + b", data, ring(), specification="sar")
    assert "C(region)[T.west]:a" in crossed.coefficients.index or any(
        "west" in name for name in crossed.coefficients.index
    )
    flagged = fit_panel("y ~ a + flag", data.assign(flag=data["b"] > 0), ring())
    assert any(name.startswith("flag") for name in flagged.coefficients.index)


def test_lagged_may_be_one_name():
    names = fit_panel("y ~ a + b", city_years(), ring(), lagged="a").coefficients.index
    assert "W a" in names
    assert "W b" not in names


def test_lagrange_tests_where_lags_are_spanned():
    # With two cities W x is minus x: a lag and an error cannot be told apart, and only that.
    cities = CITIES[:2]
    data = city_years()
    data = data[data["city"].isin(cities)]
    table = lm_tests("y ~ a", data, pd.DataFrame([[0.0, 1.0], [1.0, 0.0]], cities, cities)).table
    robust = table.index.get_level_values("test").str.startswith("robust")
    effects = table.index.get_level_values("effects")
    assert table.loc[robust & (effects == "two-way"), "statistic"].isna().all()
    assert table.loc[~robust, "statistic"].notna().all()


# Numbers and options -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted():
    return fit_panel("y ~ a + b", city_years(), ring())


GROUPS = pd.Series(["east"] * 5 + ["west"] * 7, index=CITIES)


@pytest.mark.parametrize(
    ("call", "error", "word"),
    [
        (lambda r: r.shock("zz", 1.0), EstimationError, "'zz' is no city"),
        (lambda r: r.shock(["c00", "zz"], 1.0), EstimationError, "'zz' is no city"),
        (lambda r: r.shock("c00", "much"), ConfigError, "size='much' must be a number"),
        (lambda r: r.shock({"c00": np.nan}), ConfigError, "size of 'c00'"),
        (lambda r: r.shock("c00", 1.0, "c"), EstimationError, "choose from 'a', 'b'"),
        (lambda r: r.effects(inference="simulation", draws=1), ConfigError, "at least 2"),
        (lambda r: r.effects(inference="simulation", draws=9.5), ConfigError, "whole number"),
        (lambda r: r.effects(inference="bootstrap"), ConfigError, "'simulation'"),
        (lambda r: effects_by_order(r, order=1.5), ConfigError, "whole number"),
        (
            lambda r: effects_by_ring(r, "a", positions(CITIES), bounds_km=100),
            ConfigError,
            "sequence of positive numbers",
        ),
        (lambda r: effects_by_group(r, "a", GROUPS.iloc[:5]), AlignmentError, "'c05'"),
        (
            lambda r: r.with_covariance("cluster", groups=pd.Series("all", index=CITIES)),
            InterurbanError,
            "one group",
        ),
        (lambda r: cross_section_dependence([1.0]), AlignmentError, "set_index"),  # type: ignore[arg-type]
        (lambda r: r.predict([1.0]), PanelError, "DataFrame"),
        (
            lambda r: r.predict(city_years().drop(columns="y"), multiplier=False),
            PanelError,
            "needs the outcome 'y'",
        ),
    ],
)
def test_arguments_of_what_follows_a_fit(fitted, call, error, word):
    with pytest.raises(error, match=word):
        call(fitted)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"covariance": "cluster", "covariance_options": {"grups": GROUPS}}, "nearest: 'groups'"),
        ({"covariance": "cluster", "covariance_options": [GROUPS]}, "must be a mapping"),
        ({"covariance": "cluster", "covariance_options": {"groups": "prov"}}, "no column"),
        ({"covariance": "conley"}, "needs distances="),
        ({"covariance": "driscoll-kraay", "covariance_options": {"lags": 1.5}}, "whole number"),
        ({"covariance": "information", "covariance_options": {"lags": 1}}, "takes no"),
        ({"bias_correction": "leeyu"}, "nearest: 'lee-yu'"),
        ({"lagged": ["z"]}, "choose from 'a'"),
    ],
)
def test_options_of_panels(options, word):
    with pytest.raises(ConfigError, match=word):
        fit_panel("y ~ a", city_years(), ring(), **options)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"bounds": 100}, "must be a sequence"),
        ({"bounds": (100, 50)}, "that rise"),
        ({"power": "one"}, "power='one'"),
        ({"alpha": 2}, "alpha=2"),
        ({"variable": "z"}, "choose from 'a'"),
        ({"specification": "sem"}, "no spillovers"),
    ],
)
def test_options_of_the_boundary(options, word):
    chosen = {"variable": "a", "bounds": (60, 120)} | options
    with pytest.raises(ConfigError, match=word):
        spillover_boundary("y ~ a", city_years(), positions(CITIES), **chosen)


def test_weights_to_compare_need_names():
    with pytest.raises(ConfigError, match="mapping of name to weights"):
        compare_weights("y ~ a", city_years(), [ring()])  # type: ignore[arg-type]


@pytest.mark.parametrize("specification", ["sar", "slx"])
def test_groups_may_be_a_column(specification):
    data = city_years().assign(region=lambda d: d["city"].map(GROUPS))
    options = {"specification": specification, "covariance": "cluster"}
    named = fit_panel("y ~ a", data, ring(), covariance_options={"groups": "region"}, **options)
    given = fit_panel("y ~ a", data, ring(), covariance_options={"groups": GROUPS}, **options)
    pd.testing.assert_frame_equal(named.covariance, given.covariance)
    indexed = data.set_index(["city", "year"])
    again = fit_panel("y ~ a", indexed, ring(), covariance_options={"groups": "region"}, **options)
    pd.testing.assert_frame_equal(named.covariance, again.covariance)
    cross = one_year(data).set_index("city")
    one = fit_cross_section(
        "y ~ a", cross, ring(), covariance_options={"groups": "region"}, **options
    )
    assert np.isfinite(one.standard_errors).all()
    moving = data.copy()
    moving.loc[0, "region"] = "north"
    with pytest.raises(AlignmentError, match="'c00' change their group"):
        fit_panel("y ~ a", moving, ring(), covariance_options={"groups": "region"}, **options)


def test_shocks_to_several_cities_add_up(fitted):
    for variable in (None, "a"):
        one, two = (fitted.shock(city, 1.0, variable) for city in ("c00", "c05"))
        both = fitted.shock(["c00", "c05"], 2.0, variable)
        np.testing.assert_allclose(both, (2 * one + 2 * two)[both.index], atol=1e-14)
        scaled = fitted.shock({"c00": 1.0, "c05": -3.0}, variable=variable)
        np.testing.assert_allclose(scaled, (one - 3 * two)[scaled.index], atol=1e-14)


def test_diagnostics_take_dynamic_panels():
    result = fit_dynamic_panel("y ~ a", city_years(), ring())
    pd.testing.assert_frame_equal(
        cross_section_dependence(result).table, cross_section_dependence(result.panel).table
    )
    assert "tau" in variance_inflation(result).table.index
