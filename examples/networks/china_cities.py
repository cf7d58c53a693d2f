"""Cities of China and how their maps are drawn, shared by the examples."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from shapefiles.map_insets import MapInset
from shapefiles.map_sheet import MapOptions

SOUTH_CHINA_SEA = MapInset(
    west=106.0, south=2.5, east=123.0, north=24.0, title="South China Sea Islands"
)


def read_china(data: Path, year: int) -> tuple[gpd.GeoDataFrame, pd.DataFrame, gpd.GeoDataFrame]:
    """Prefecture cities with names and seats, their figures in a year, and all prefectures."""
    panel = pd.read_csv(data / "cn_city_panel_2005_2016.csv", dtype={"code": str})
    panel = panel[panel["year"] == year].set_index("code")
    shapes = gpd.read_file(data / "cn_prefectures_simplified.geojson")
    shapes = shapes.assign(code=shapes["code"].astype(str)).set_index("code")
    kept = shapes.index.intersection(panel.index)
    here = panel.loc[kept]
    cities = shapes.loc[kept].assign(
        name=here["name_en"], longitude=here["lon"], latitude=here["lat"]
    )
    return cities, here, shapes


def page(shapes: gpd.GeoDataFrame, title: str, labels: pd.Series, note: str = "") -> MapOptions:
    """Options of a map of the whole country."""
    return MapOptions(
        title=title,
        note=note,
        labels=labels,
        context=shapes,
        whole_context=True,
        insets=(SOUTH_CHINA_SEA,),
    )
