"""Digital industry, its company with manufacturing, and the resilience of Chinese cities.

    python china.py DATA OUTPUT

DATA holds `cn_city_panel_2005_2016.csv` (code, year, employment in 19 sectors, region, rank, seat)
and `cn_prefectures_simplified.geojson`. The page beside this file says what comes out and why a
specialist would believe it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd

from analyses.indices import (
    Shock,
    collaborative_agglomeration,
    location_quotients,
    resilience,
)
from shapefiles.figures_page import save_figure
from shapefiles.map_insets import MapInset
from shapefiles.map_sheet import MapOptions
from shapefiles.maps import choropleth_map, lisa_map, top_names
from spatial.autocorrelation import (
    global_moran_table,
    lisa_transitions,
    local_moran,
    panel_moran,
)
from spatial.weights import knn_weights

SHOCKS = [
    Shock("crisis", resistance=(2008, 2009), recovery=(2009, 2011)),
    Shock("new normal", resistance=(2012, 2015), recovery=(2015, 2016)),
]
SEA = MapInset(west=106.0, south=2.5, east=123.0, north=24.0, title="South China Sea Islands")


def read(data: Path) -> tuple[gpd.GeoDataFrame, pd.DataFrame, gpd.GeoDataFrame]:
    """Read cities with all years, their panel of employment, and all prefectures."""
    panel = pd.read_csv(data / "cn_city_panel_2005_2016.csv", dtype={"code": str})
    sectors = [name for name in panel if name.startswith("emp_") and name != "emp_private"]
    panel = panel.dropna(subset=["emp_total", "emp_manuf", "emp_ict"])
    years = panel.groupby("code")["year"].nunique()
    panel = panel[panel["code"].isin(years.index[years == years.max()])]
    shapes = gpd.read_file(data / "cn_prefectures_simplified.geojson")
    shapes = shapes.assign(code=shapes["code"].astype(str)).set_index("code")
    last = panel[panel["year"] == panel["year"].max()].set_index("code")
    kept = shapes.index.intersection(last.index)
    cities = shapes.loc[kept].assign(
        name=last.loc[kept, "name_en"],
        name_cn=last.loc[kept, "name_cn"],
        region=last.loc[kept, "region"],
        rank=last.loc[kept, "rank"],
        population=last.loc[kept, "pop_register"],
        longitude=last.loc[kept, "lon"],
        latitude=last.loc[kept, "lat"],
    )
    table = panel[panel["code"].isin(kept)].rename(columns={"code": "city"})
    return cities, table.set_index(["city", "year"])[sectors], shapes


def main(data: Path, output: Path) -> None:
    """Compute, print and draw."""
    output.mkdir(parents=True, exist_ok=True)
    cities, panel, shapes = read(data)
    print(f"{len(cities)} cities, {panel.index.get_level_values('year').nunique()} years")
    sectors = panel.drop(columns="emp_total").fillna(0.0)
    quotients = location_quotients(sectors)
    ict = quotients["emp_ict"].unstack("year")
    company = collaborative_agglomeration(sectors, "emp_ict", "emp_manuf")
    together = company.iloc[:, -1].unstack("year")
    print("Location quotient of ICT, 2012:")
    print(ict[2012].sort_values(ascending=False).head(8).to_frame().join(cities["name"]))
    print("ICT with manufacturing, mean by region:")
    print(together.groupby(cities["region"]).mean()[[2005, 2012, 2016]].round(3))

    shocks = resilience(panel, "emp_total", shocks=SHOCKS, national="sum")
    table = shocks.tidy()
    print(table.head(3).T)
    report_groups(table, cities)

    weights = knn_weights(cities, k=5)
    print(global_moran_table(ict, {"5 nearest": weights}, rng=1).tidy().round(4).to_string())
    print(panel_moran(ict, weights, rng=1).tidy().round(4).T)
    moves = lisa_transitions(ict[[2005, 2012]], weights)
    print(moves.tidy().T)

    options = MapOptions(context=shapes, whole_context=True, insets=(SEA,))
    shown = ict[2012].rename("Location quotient")
    ax = choropleth_map(
        cities,
        shown,
        options=_titled(options, "ICT employment, 2012", top_names(cities, shown, 8)),
    )
    save_figure(ax, output / "china_ict_location", formats=("png",))
    fall = table.xs("new normal", level="shock")["resistance"].reindex(cities.index)
    clusters = local_moran(fall.clip(*fall.quantile([0.01, 0.99])), weights, rng=1)
    print(clusters.cluster_counts())
    ax = lisa_map(
        cities, clusters, options=_titled(options, "Clusters of resistance, 2012-2015", None)
    )
    save_figure(ax, output / "china_resistance_clusters", formats=("png",))


def report_groups(table: pd.DataFrame, cities: gpd.GeoDataFrame) -> None:
    """Print median resistance by region, administrative rank and size."""
    for shock, part in table.reset_index().groupby("shock"):
        values = part.set_index("city")["resistance"].dropna()
        print(f"\n{shock}: median resistance by region, rank and size")
        joined = cities.loc[values.index].assign(value=values)
        print(joined.groupby("region")["value"].median().round(3))
        print(joined.groupby("rank")["value"].median().round(3))
        size = pd.qcut(joined["population"], 3, labels=["small", "middle", "large"])
        print(joined.groupby(size, observed=True)["value"].median().round(3))


def _titled(options: MapOptions, title: str, labels: pd.Series | None) -> MapOptions:
    return MapOptions(
        title=title,
        labels=labels,
        context=options.context,
        whole_context=options.whole_context,
        insets=options.insets,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
