"""Specialisation, concentration and plants: textbook answers and tables of German regions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyses.indices.agglomeration import (
    concentration,
    location_quotients,
    lorenz_gini,
    specialisation,
)
from analyses.indices.convergence import beta_convergence, sigma_convergence
from analyses.indices.inequality import inequality
from analyses.indices.plants import ellison_glaeser
from conformance_cases.comparison import (
    Case,
    Comparison,
    Tolerance,
    count_numbers,
    expected_numbers,
)

INDUSTRIES = slice(1, 16)
"""Rows of the Goettingen table that are industries; the row before them is the total."""

PLANT_COLUMNS = ["ellison_glaeser", "raw_concentration", "z_score", "plants", "plant_herfindahl"]
TABLES: dict[str, Any] = {"spec_table": specialisation, "conc_table": concentration}

QUOTIENTS = "Location quotients"
SPECIALISATION = "Krugman and Gini indices of specialisation and concentration"
HERFINDAHL = "Herfindahl index, normalised, equivalent number"
GINI = "Gini, plain and weighted, Theil, coefficient of variation"
CONVERGENCE = "Beta and sigma convergence of German counties"
REGIONS = "German states and industries: Hoover, Gini, Krugman"
PLANTS = "Ellison-Glaeser: gamma, raw concentration, z, plants, Herfindahl"
PRINTED = "Values as printed in textbooks, in units of their last digit"

# Stated precision of the reference, lost in part by the regressions of convergence; printed
# values to half a unit of their last digit.
TOLERANCES: dict[str, float | Tolerance] = {
    QUOTIENTS: 1e-9,
    SPECIALISATION: 1e-9,
    HERFINDAHL: 1e-9,
    GINI: 1e-9,
    REGIONS: 1e-9,
    PLANTS: 1e-9,
    CONVERGENCE: 1e-8,
    PRINTED: Tolerance(0.5, absolute=True),
}


def case(reference: Path) -> Case:
    """Compare the indices that both programs have."""
    folder = reference / "12_regional_indices_REAT"
    expected = expected_numbers(folder)
    found = Comparison(TOLERANCES)
    done = [
        *compare_quotients(found, folder, expected),
        *compare_specialisation(found, folder, expected),
        *compare_inequality(found, expected),
        *compare_regions(found, folder, expected),
        *compare_plants(found, folder, expected),
        *compare_convergence(found, folder, expected),
    ]
    rest = [key for key in expected if key not in done]
    return Case(
        title="Regional indices, textbooks and German regions",
        sources=(
            "Farhauer, O. and Kroell, A. (2013). Standorttheorien: Regional- und "
            "Stadtoekonomik in Theorie und Praxis. Springer Gabler.",
            "Doersam, P. (2004). Wirtschaftsstatistik anschaulich dargestellt. PD-Verlag.",
            "Wieland, T. (2019). REAT: a regional economic analysis toolbox for R. REGION 6(3), "
            "R1-R57. https://doi.org/10.18335/region.v6i3.267",
        ),
        programs="R REAT; textbooks where it says printed",
        groups=found.groups(),
        not_compared=(
            f"{len(done)} of {len(expected)} entries are compared. The others ({', '.join(rest)}) "
            "have no counterpart here yet, or none that takes the inputs as they are given.",
            "Ellison-Glaeser of one industry: its source does not say to which regions the totals "
            "belong; of the two orders (first seen, by name) the one that fits is taken.",
            "The other numbers of the reference file are the inputs of its entries.",
        ),
        numbers=count_numbers(expected),
    )


def compare(found: Comparison, group: str, ours: Any, entry: Any) -> None:
    """Compare with the program and, where a book prints the value, with the book."""
    found.add(group, ours, entry["value"])
    printed = entry.get("published")
    if isinstance(printed, int | float | str):
        unit = 10 ** len(str(printed).partition(".")[2])
        found.add(PRINTED, np.ravel(ours)[0] * unit, float(printed) * unit)


def one_row(values: Any) -> pd.DataFrame:
    """Return a city by sectors table with a single city."""
    return pd.DataFrame([values]).rename(columns=str).astype(float)


def read_goettingen(folder: Path) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return the city by industries, the nation, and the totals of both."""
    rows = pd.read_csv(folder / "Goettingen.csv")
    industries = rows.iloc[INDUSTRIES].set_index("WZ2008_Code")
    return industries[["Goettingen2017"]].T, industries["BRD2017"], rows.iloc[0]


def compare_quotients(found: Comparison, folder: Path, expected: Any) -> tuple[str, ...]:
    """Compare location quotients; totals exceed the industries, so a rest completes them."""
    given = expected["locq_FK"]["inputs"]
    city = pd.DataFrame({"x": [given["e_ij"]], "rest": [given["e_j"] - given["e_ij"]]})
    nation = pd.Series({"x": given["e_i"], "rest": given["e"] - given["e_i"]})
    ours = location_quotients(city.astype(float), reference=nation.astype(float))
    compare(found, QUOTIENTS, ours["x"].iloc[0], expected["locq_FK"])
    city, nation, totals = read_goettingen(folder)
    industries = list(city.columns)
    city = city.assign(rest=totals["Goettingen2017"] - city.sum(axis=1))
    nation = pd.concat([nation, pd.Series({"rest": totals["BRD2017"] - nation.sum()})])
    quotients = location_quotients(city, reference=nation).iloc[0][industries]
    compare(found, QUOTIENTS, quotients, expected["locq_Goettingen2017"])
    return "locq_FK", "locq_Goettingen2017"


def compare_specialisation(found: Comparison, folder: Path, expected: Any) -> tuple[str, ...]:
    """Compare indices of one economy against another."""
    city, nation, _ = read_goettingen(folder)
    row = specialisation(city, reference=nation).iloc[0]
    compare(found, SPECIALISATION, row["krugman"], expected["krugman_spec_Goettingen2017"])
    compare(found, SPECIALISATION, row["gini_quotients"], expected["gini_spec_Goettingen2017"])
    given = expected["krugman_spec_FK"]["inputs"]
    city = one_row(given["a"])
    row = specialisation(city, reference=pd.Series(given["b"], city.columns)).iloc[0]
    compare(found, SPECIALISATION, row["krugman"], expected["krugman_spec_FK"])
    given = expected["gini_spec_FK"]["inputs"]
    city = one_row(given["e_ij"])
    row = specialisation(city, reference=pd.Series(given["e_i"], city.columns)).iloc[0]
    compare(found, SPECIALISATION, row["gini_quotients"], expected["gini_spec_FK"])
    given = expected["gini_conc_FK"]["inputs"]
    sector = pd.DataFrame({"x": given["e_ij"]})
    row = concentration(sector, totals=pd.Series(given["e_j"])).iloc[0]
    compare(found, SPECIALISATION, row["gini_quotients"], expected["gini_conc_FK"])
    return (
        *("krugman_spec_Goettingen2017", "gini_spec_Goettingen2017", "krugman_spec_FK"),
        *("gini_spec_FK", "gini_conc_FK"),
    )


def compare_inequality(found: Comparison, expected: Any) -> tuple[str, ...]:
    """Compare indices of single lists; the reference's variation divides by n - 1, ours by n."""
    herfindahl = {
        "herf_sales": "herfindahl",
        "herf_gdp": "herfindahl",
        "herf_sales_norm": "herfindahl_normalised",
        "herf_sales_equiv": "equivalent_number",
    }
    for key, column in herfindahl.items():
        row = specialisation(one_row(expected[key]["inputs"]["x"])).iloc[0]
        compare(found, HERFINDAHL, row[column], expected[key])
    ginis = ("gini_sales", "gini_gdp", "gini_income_weighted")
    for key in ginis:
        values = np.asarray(expected[key]["inputs"]["x"], dtype=float)
        shares = np.asarray(expected[key]["inputs"].get("weights", np.ones(len(values))), float)
        compare(found, GINI, lorenz_gini(values * shares, shares), expected[key])
    incomes = pd.Series(expected["theil_regincome"]["inputs"]["x"], dtype=float)
    row = inequality(incomes).iloc[0]
    compare(found, GINI, row["theil_l"], expected["theil_regincome"])
    products = pd.Series(expected["cv_gdp"]["inputs"]["x"], dtype=float)
    n = len(products)
    spread = inequality(products).iloc[0]["variation"] * np.sqrt(n / (n - 1))
    compare(found, GINI, spread, expected["cv_gdp"])
    return (*herfindahl, *ginis, "theil_regincome", "cv_gdp")


def compare_regions(found: Comparison, folder: Path, expected: Any) -> tuple[str, ...]:
    """Compare tables; the reference takes Krugman's index against the mean of the others."""
    rows = pd.read_csv(folder / "G.regions.industries.csv")
    table = rows.pivot_table(index="region_code", columns="ind_code", values="emp_all")
    for key, measure in TABLES.items():
        wanted = expected[key]["value"]
        hoover, gini, krugman = np.array(wanted["matrix"], dtype=float).T
        ours = measure(table).loc[wanted["rows"]]
        found.add(REGIONS, ours["hoover"], hoover)
        found.add(REGIONS, ours["gini_quotients"], gini)
        others = measure(table, benchmark="mean of others").loc[wanted["rows"]]
        found.add(REGIONS, others["krugman"], krugman)
    return tuple(TABLES)


def compare_plants(found: Comparison, folder: Path, expected: Any) -> tuple[str, ...]:
    """Compare Ellison-Glaeser indices; one source sorts its totals by the names of regions."""
    entry = expected["ellison_glaeser_FK"]
    regions, sizes = entry["inputs"]["region_of_firm"], entry["inputs"]["e_ik"]
    plants = pd.DataFrame({"region": regions, "employment": sizes, "industry": "x"})
    totals = [
        pd.Series(entry["inputs"]["e_j"], index=names)
        for names in (list(dict.fromkeys(regions)), sorted(set(regions)))
    ]
    readings = [ellison_glaeser(plants, totals=total)[PLANT_COLUMNS].iloc[0] for total in totals]
    gamma = entry["value"][0][0]
    compare(found, PLANTS, min(readings, key=lambda row: abs(row.iloc[0] - gamma)), entry)
    wanted = expected["ellison_a2_FK2014"]["value"]
    table = ellison_glaeser(pd.read_csv(folder / "FK2014_EGC.csv"), employment="emp_firm")
    found.add(PLANTS, table.loc[wanted["rows"], PLANT_COLUMNS], wanted["matrix"])
    return "ellison_glaeser_FK", "ellison_a2_FK2014"


def compare_convergence(found: Comparison, folder: Path, expected: Any) -> tuple[str, ...]:
    """Compare convergence; the deviation of the reference divides by n, ours by n - 1."""
    rows = pd.read_csv(folder / "G.counties.gdppc.csv").set_index("region").rename_axis("city")
    years = {year: rows[f"gdppc{year}"] for year in (2010, 2014)}
    panel = pd.concat(years, names=["year"]).rename("gdp").to_frame()
    beta = beta_convergence(panel, "gdp", start=2010, end=2014)
    wanted = expected["beta_convergence_ols_counties"]["value"]
    alpha, slope, speed, half_life = wanted["matrix"]
    found.add(CONVERGENCE, beta.table, [alpha, slope])
    # The reference takes -ln(1 + b)/T though its growth is of a year already; ours is
    # -ln(1 + bT)/T, so that the formula of the reference is applied to our coefficient here.
    printed = -np.log1p(beta.table["estimate"].to_numpy()[1]) / (2014 - 2010)
    found.add(CONVERGENCE, [printed, np.log(2) / printed], [speed[0], half_life[0]])
    found.add(CONVERGENCE, beta.r_squared, wanted["modelstat"][0])
    sigma = sigma_convergence(panel, "gdp")["log_deviation"] * np.sqrt((beta.n - 1) / beta.n)
    found.add(CONVERGENCE, sigma, expected["sigma_convergence_sdlog"]["value"][:2])
    return "beta_convergence_ols_counties", "sigma_convergence_sdlog"
