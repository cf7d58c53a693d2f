"""Where high-tech firms link Chinese cities: headquarters and branches before 2008.

    python china_firms.py DATA OUTPUT

DATA holds `cn_firm_links_hightech_pre2008.csv` (sector, from_code, to_code, n_firm_links),
`cn_city_panel_2005_2016.csv` and `cn_prefectures_simplified.geojson`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from china_cities import page, read_china

from networks import (
    LinkageNetwork,
    centralities,
    concor,
    core_periphery,
    flow_network,
    qap_regression,
    structure,
    structure_resilience,
)
from shapefiles.figures_page import save_figure
from shapefiles.maps import network_map, top_names
from spatial.coordinates import city_positions, great_circle_km

YEAR = 2007


def main(data: Path, output: Path) -> None:
    """Build the network, find its core and blocks, and test what explains it."""
    output.mkdir(parents=True, exist_ok=True)
    cities, panel, shapes = read_china(data, YEAR)
    links = pd.read_csv(data / "cn_firm_links_hightech_pre2008.csv")
    for end in ("from_code", "to_code"):
        links[end] = links[end].map(lambda code: "" if np.isnan(code) else f"{int(code)}")
        links[end] = links[end].replace("", None)
    network = flow_network(
        links,
        cities,
        origin="from_code",
        destination="to_code",
        flow="n_firm_links",
        duplicates="sum",
        unknown="drop",
        unnamed="drop",
        unit="firm links",
    )
    print(network, dict(network.parameters))
    linked = network.subset(network.cities[(network.sent + network.received) > 0])

    print(structure(linked).tidy())
    print(structure_resilience(linked).tidy())
    measures = centralities(linked, measures="all").table.join(cities["name"])
    print(measures.nlargest(8, "strength")[["name", "out_strength", "in_strength", "betweenness"]])
    core = core_periphery(linked, rng=1)
    inside = core.table.index[core.table["core"]]
    print(f"Core (fit {core.correlation:.2f}):", ", ".join(cities.loc[inside, "name"]))
    print(concor(linked).tidy())

    explain(linked, panel)
    strength = measures["strength"].reindex(cities.index).fillna(0.0)
    ax = network_map(
        cities,
        network,
        sizes=strength,
        options=page(
            shapes,
            "High-tech firm links between Chinese cities before 2008",
            top_names(cities, strength, 10),
        ),
    )
    save_figure(ax, output / "china_firm_links", formats=("png",))


def explain(network: LinkageNetwork, panel: pd.DataFrame) -> None:
    """Regress links on distance, same region and size by MRQAP (Poisson)."""
    ids = network.cities
    here = panel.loc[ids]
    at = city_positions(here.rename(columns={"lon": "longitude", "lat": "latitude"}))
    kilometres = great_circle_km(
        at.longitude[:, None], at.latitude[:, None], at.longitude, at.latitude
    )
    region = here["region"].to_numpy()
    size = np.log(here["emp_total"].to_numpy())
    tables = {
        "ln distance": np.log1p(kilometres),
        "same region": (region[:, None] == region).astype(float),
        "size of both": size[:, None] + size,
    }
    regressors = {name: pd.DataFrame(table, ids, ids) for name, table in tables.items()}
    fitted = qap_regression(
        network, regressors, family="poisson", null="outcome", permutations=999, rng=1
    )
    print(fitted.tidy().round(4))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
