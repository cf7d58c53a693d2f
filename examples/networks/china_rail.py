"""What high-speed rail changed between Chinese cities: hours by train, about 2007 and in 2017.

    python china_rail.py DATA OUTPUT

DATA holds `cn_travel_time_rail_285.csv` (orig, dest, hours_before_hsr, hours_with_hsr),
`cn_city_panel_2005_2016.csv` and `cn_prefectures_simplified.geojson`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from china_cities import page, read_china

from networks import (
    centralities,
    communities,
    cost_matrix,
    gravity_network,
    network_change,
    partition_agreement,
    qap_correlation,
    top_links_backbone,
)
from shapefiles.figures_page import save_figure
from shapefiles.maps import choropleth_map, network_map, top_names

YEAR = 2007
FASTEST = 0.2
"""Hours; eight pairs of the file are given as zero, which is an error."""


def main(data: Path, output: Path) -> None:
    """Compare hours, and the gravity networks that they make of the same cities."""
    output.mkdir(parents=True, exist_ok=True)
    cities, panel, shapes = read_china(data, YEAR)
    hours = pd.read_csv(data / "cn_travel_time_rail_285.csv", dtype={"orig": str, "dest": str})
    hours = hours[hours["orig"].isin(cities.index) & hours["dest"].isin(cities.index)]
    hours = hours[hours["orig"] != hours["dest"]]
    cities = cities.loc[cities.index.intersection(pd.Index(hours["orig"].unique()))]
    people = panel.loc[cities.index, "pop_register"]
    networks, costs = {}, {}
    for word in ("before", "with"):
        column = f"hours_{word}_hsr"
        usable = hours[hours[column] > FASTEST]
        costs[word] = cost_matrix(usable, cities, origin="orig", destination="dest", cost=column)
        networks[word] = gravity_network(
            cities,
            people,
            cost=costs[word],
            cost_unit="hours",
            missing_cost="drop",
            decay=2.0,
            year=2007 if word == "before" else 2017,
        )
    print(qap_correlation(networks["before"], networks["with"], permutations=999, rng=1).tidy())
    change = network_change(networks["before"], networks["with"])
    print(change.tidy().head())

    ratio = costs["before"].where(costs["before"] > 0) / costs["with"]
    gained = ratio.median(axis=1).rename("Times faster")
    print("Times faster, median over destinations:")
    print(gained.describe().round(2))
    named = gained.to_frame().join(cities["name"])
    print(named.nlargest(8, gained.name), named.nsmallest(8, gained.name))
    groups = {word: communities(network, rng=1) for word, network in networks.items()}
    agreement = partition_agreement(groups["before"].membership, groups["with"].membership)
    print({word: len(group.sizes) for word, group in groups.items()}, agreement)

    ax = choropleth_map(
        cities,
        gained,
        options=page(
            shapes,
            "How many times faster trains are, 2017 against 2007",
            top_names(cities, gained, 8),
            "Median over all destinations.",
        ),
    )
    save_figure(ax, output / "china_rail_gain", formats=("png",))
    strength = centralities(networks["with"]).table["strength"]
    ax = network_map(
        cities,
        top_links_backbone(networks["with"], k=2).network,
        sizes=strength,
        options=page(
            shapes,
            "Gravity by rail hours, 2017: the two strongest links of each city",
            top_names(cities, strength, 10),
        ),
    )
    save_figure(ax, output / "china_rail_network", formats=("png",))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
