"""Small pieces of the embedded example, to be written in every format and spoilt in every way."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest

from shapefiles.example import example_files

# Bridgeport touches New Haven and New York; 01001 stands for ids that begin with a zero.
FEW = {
    "14860": "01001",
    "35300": "09009",
    "35620": "36061",
    "10180": "48441",
    "10740": "35001",
    "10420": "39153",
}


@pytest.fixture
def few_metros() -> gpd.GeoDataFrame:
    """Six metros with polygons; column ``id`` is text, partly with leading zeros."""
    cities = gpd.read_parquet(example_files()["cities"]).set_index("cbsa").loc[list(FEW)]
    cities.insert(0, "id", list(FEW.values()))
    return cities[["id", "name", "region", "longitude", "latitude", "geometry"]].reset_index(
        drop=True
    )


@pytest.fixture
def few_figures() -> pd.DataFrame:
    """Figures of the six metros in 1990 to 1993: columns id, year, population, income, region."""
    panel = pd.read_parquet(example_files()["panel"])
    panel = panel[panel["cbsa"].isin(FEW) & panel["year"].between(1990, 1993)]
    region = gpd.read_parquet(example_files()["cities"]).set_index("cbsa")["region"]
    return pd.DataFrame(
        {
            "id": panel["cbsa"].map(FEW),
            "year": panel["year"],
            "population": panel["population"],
            "income": panel["real_income_per_head"],
            "region": panel["cbsa"].map(region),
        }
    ).reset_index(drop=True)
