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
    LinkageNetwork,
    centralities,
    communities,
    community_stability,
    compare_backbones,
    concor,
    disparity_backbone,
    marginal_likelihood_backbone,
    network_sequence,
    rich_club,
    robustness,
    row_mean_backbone,
    salience_backbone,
    top_links_backbone,
)
from shapefiles.figures import (
    PlotOptions,
    block_diagram,
    chord_plot,
    robustness_plot,
    save_figure,
)
from shapefiles.map_sheet import MapOptions
from shapefiles.maps import network_map, top_names

STATES = {
    "New England": "CT ME MA NH RI VT",
    "Middle Atlantic": "NJ NY PA",
    "East North Central": "IL IN MI OH WI",
    "West North Central": "IA KS MN MO NE ND SD",
    "South Atlantic": "DE FL GA MD NC SC VA WV DC",
    "East South Central": "AL KY MS TN",
    "West South Central": "AR LA OK TX",
    "Mountain": "AZ CO ID MT NV NM UT WY",
    "Pacific": "AK CA HI OR WA",
}
DIVISIONS = {state: name for name, states in STATES.items() for state in states.split()}


def main(data: Path, output: Path) -> None:
    """Build, thin, measure and shock the network; write tables and figures."""
    output.mkdir(parents=True, exist_ok=True)
    cities = gpd.read_file(data / "us_metros_2003def_simplified.geojson").set_index("cbsa")
    cities.index = cities.index.astype(int)
    cities["state"] = cities["name"].str.extract(r", ([A-Z]{2})")[0]
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
    draw_groups(network, cities, output)


def draw_groups(network: LinkageNetwork, cities: gpd.GeoDataFrame, output: Path) -> None:
    """Draw the flows between census divisions, and the blocks of the 100 largest areas."""
    division = cities["state"].map(DIVISIONS)
    placed = network.subset(division.index[division.notna()].intersection(network.cities))
    ax = chord_plot(
        placed,
        groups=division.loc[placed.cities],
        options=PlotOptions(width="double", title="Migration between census divisions, 2007"),
    )
    save_figure(ax, output / "us_migration_chord", formats=("png",), dpi=150)
    largest = (network.sent + network.received).nlargest(100).index
    strong = row_mean_backbone(network.subset(largest)).network
    title = "Blocks of the 100 largest metropolitan areas by migration, 2007"
    ax = block_diagram(concor(strong.binary()), options=PlotOptions(width="double", title=title))
    save_figure(ax, output / "us_migration_blocks", formats=("png",), dpi=150)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
