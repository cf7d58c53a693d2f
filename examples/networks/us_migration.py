"""Who moves where: migration between US metropolitan areas, 2005-2008.

    python us_migration.py DATA OUTPUT

DATA holds `us_metro_migration_od_2005_2008.csv` (year, orig, dest, exemptions) and
`us_metros_2003def_simplified.geojson` (cbsa, name, polygons).
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd

from networks import (
    centralities,
    communities,
    community_stability,
    compare_backbones,
    disparity_backbone,
    marginal_likelihood_backbone,
    network_sequence,
    rich_club,
    robustness,
    salience_backbone,
    top_links_backbone,
)
from shapefiles.figures_page import save_figure
from shapefiles.figures_robustness import robustness_plot
from shapefiles.map_sheet import MapOptions
from shapefiles.maps import network_map, top_names


def main(data: Path, output: Path) -> None:
    """Build, thin, measure and shock the network; write tables and figures."""
    output.mkdir(parents=True, exist_ok=True)
    cities = gpd.read_file(data / "us_metros_2003def_simplified.geojson").set_index("cbsa")
    cities.index = cities.index.astype(int)
    cities["name"] = cities["name"].str.replace(r"[-,].*", "", regex=True)  # first city of the name
    moves = pd.read_csv(data / "us_metro_migration_od_2005_2008.csv")
    years = network_sequence(
        moves,
        cities,
        origin="orig",
        destination="dest",
        flow="exemptions",
        unknown="drop",
        unit="persons",
    )
    network = years[2007]
    print(network)
    print("Correlation of years:\n", years.correlations().round(3))

    backbones = {
        "disparity": disparity_backbone(network, alpha=0.01),
        "marginal likelihood": marginal_likelihood_backbone(network, alpha=1e-6),
        "three strongest": top_links_backbone(network, k=3),
        "salience": salience_backbone(network),
    }
    print("Backbones:\n", compare_backbones(backbones).tidy().round(3))

    measures = centralities(network, measures="all")
    named = measures.table.join(cities["name"])
    print(named.nlargest(8, "strength")[["name", "in_strength", "out_strength", "betweenness"]])
    groups = communities(network, rng=1)
    print(f"{len(groups.sizes)} communities, modularity {groups.modularity:.3f}")
    print(community_stability(network, runs=10, rng=1).tidy().round(3).head())
    print(rich_club(top_links_backbone(network, k=10).network, nulls=10, rng=1).tidy().tail(3))
    named.to_csv(output / "us_migration_centralities.csv")

    shown = backbones["three strongest"].network
    strength = measures.table["strength"]
    ax = network_map(
        cities,
        shown,
        sizes=strength,
        options=MapOptions(
            title="Migration between US metropolitan areas, 2007: three strongest destinations",
            source="Internal Revenue Service; own calculation",
            labels=top_names(cities, strength, 12),
        ),
    )
    save_figure(ax, output / "us_migration_network", formats=("png",))
    curves = {
        "strength": robustness(shown, order="strength"),
        "betweenness": robustness(shown, order="betweenness"),
        "random": robustness(shown, order="random", replications=30, rng=1),
    }
    save_figure(robustness_plot(curves), output / "us_migration_robustness", formats=("png",))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
