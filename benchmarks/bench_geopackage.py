"""Big layers in a GeoPackage with styles, beside a plain write by pyogrio of the same table.

Usage: ``python benchmarks/bench_geopackage.py [--large]``. Ours also writes styles, aliases,
metadata and text categories, and streams its rows; pyogrio writes the bare table. ``--large`` is a
million features. Both go to the same disk; seconds are processor time.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from common import Row, large_asked, named, peak_megabytes, report, seconds, table_head

from shapefiles.geopackage import Layer, write_geopackage
from shapefiles.layers import middle_of_year
from shapefiles.style_types import GeometryKind
from shapefiles.styles import categorised_style, choropleth_style, outline_style

CORNERS = 24
"""Corners of each polygon."""


def features(n: int, kind: GeometryKind) -> gpd.GeoDataFrame:
    """Return n points or polygons with an id, a name, two numbers and a category."""
    random = np.random.default_rng(1)
    x, y = random.uniform(70.0, 130.0, n), random.uniform(20.0, 50.0, n)
    shapes = shapely.points(x, y)
    if kind == "polygon":
        angles = np.linspace(0.0, 2.0 * np.pi, CORNERS, endpoint=False)
        ring = np.stack([np.cos(angles), np.sin(angles)], axis=-1) * 0.05
        shapes = shapely.polygons(np.stack([x, y], axis=-1)[:, None, :] + ring)
    return gpd.GeoDataFrame(
        {
            "name": [f"city {i}" for i in range(n)],
            "value": random.normal(size=n),
            "count": random.integers(0, 100, n),
            "kind": random.choice(["high", "low", "other"], n),
        },
        geometry=shapes,
        crs="EPSG:4326",
        index=pd.Index([f"{i:07d}" for i in range(n)], name="city_id"),
    )


def measure(n: int, kind: GeometryKind, folder: Path) -> Row:
    """Write n features both ways."""
    data = features(n, kind)
    styles = (
        choropleth_style(
            data["value"], column="value", title="Value", scheme="quantiles", geometry=kind
        ),
        categorised_style(data["kind"], column="kind", title="Kind", geometry=kind),
    )
    layer = Layer(table="big", title="Big", data=data, styles=styles)
    plain = data.reset_index()

    def theirs() -> None:
        target = folder / "plain.gpkg"
        target.unlink(missing_ok=True)
        pyogrio.write_dataframe(plain, target, layer="big", driver="GPKG")

    def ours() -> None:
        write_geopackage(folder / "styled.gpkg", [layer])

    return Row(
        work=f"{kind}s with 2 styles to a GeoPackage",
        n=n,
        peer=named("pyogrio", "write_dataframe, no styles"),
        ours=seconds(ours),
        theirs=seconds(theirs),
        peak=peak_megabytes(ours),
        peer_peak=peak_megabytes(theirs),
    )


def measure_panel(cities: int, years: int, folder: Path) -> Row:
    """Write a panel of polygons as a view, and by pyogrio with the polygons of every year."""
    data = features(cities, "polygon")
    panel = data.loc[np.tile(data.index, years)]
    panel["year"] = np.repeat(np.arange(2000, 2000 + years), cities)
    panel["moment"] = middle_of_year(panel["year"])
    base = Layer(table="base", title="Base", data=data, styles=(outline_style(title="Base"),))
    style = choropleth_style(panel["value"], column="value", title="Value", scheme="quantiles")
    layer = Layer(
        table="panel", title="P", data=panel, styles=(style,), time="moment", shapes_of="base"
    )
    plain = panel.reset_index()

    def theirs() -> None:
        target = folder / "plain.gpkg"
        target.unlink(missing_ok=True)
        pyogrio.write_dataframe(plain, target, layer="panel", driver="GPKG")

    def ours() -> None:
        write_geopackage(folder / "styled.gpkg", [layer, base])

    return Row(
        work="panel of polygons: view, peer repeats polygons",
        n=f"{cities} x {years}",
        peer=named("pyogrio", "write_dataframe, no styles"),
        ours=seconds(ours),
        theirs=seconds(theirs),
        peak=peak_megabytes(ours),
        peer_peak=peak_megabytes(theirs),
    )


def main() -> None:
    """Print the table."""
    n = 1_000_000 if large_asked(__doc__) else 200_000
    table_head()
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("point", "polygon"):
            report(measure(n, kind, Path(folder)))  # type: ignore[arg-type]
        report(measure_panel(3_000, 20, Path(folder)))


if __name__ == "__main__":
    main()
