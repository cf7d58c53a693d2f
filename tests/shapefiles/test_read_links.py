"""Link tables: ids as text, flows as numbers, everything else left to the network."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from shapefiles.example import example_files
from shapefiles.read_links import read_links
from shapefiles.sources import LinksSource
from spatial.errors import AlignmentError, InputError, PanelError


@pytest.fixture
def links() -> pd.DataFrame:
    """Read the first air links of the example as text."""
    return pd.read_csv(example_files()["air_links"], dtype=str).head(20)


def _source(path: Path, **keys: str) -> LinksSource:
    names = {"origin": "origin", "destination": "destination", "flow": "airlines", **keys}
    return LinksSource("air", path, **names)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_every_format(tmp_path: Path, links: pd.DataFrame, kind: str) -> None:
    file = tmp_path / f"links.{kind}"
    table = links.assign(origin="0" + links["origin"]).astype({"airlines": int})
    getattr(table, {"csv": "to_csv", "xlsx": "to_excel", "parquet": "to_parquet"}[kind])(
        file, index=False
    )
    read, source = read_links(_source(file))
    assert list(read.columns) == ["origin", "destination", "airlines"]
    assert read["origin"].tolist() == table["origin"].tolist()
    assert read["airlines"].tolist() == table["airlines"].tolist()
    assert (source.role, source.rows) == ("air", 20)


def test_missing_flows_stay_missing(tmp_path: Path, links: pd.DataFrame) -> None:
    links.loc[3, "airlines"] = ""
    links.to_csv(tmp_path / "links.csv", index=False)
    assert read_links(_source(tmp_path / "links.csv"))[0]["airlines"].isna().sum() == 1


def test_unusable_links(tmp_path: Path, links: pd.DataFrame) -> None:
    file = tmp_path / "links.csv"
    links.to_csv(file, index=False)
    with pytest.raises(InputError, match=r"no column 'airline' \(nearest: 'airlines'\)"):
        read_links(_source(file, flow="airline"))
    with pytest.raises(InputError, match="three different columns"):
        read_links(_source(file, destination="origin"))
    with pytest.raises(AlignmentError, match=r"ids differ only by leading zeros"):
        read_links(_source(file), cities="0" + links["origin"])
    links.assign(airlines="many").to_csv(file, index=False)
    with pytest.raises(InputError, match="'airlines' is not numeric: it holds 'many'"):
        read_links(_source(file))
    links.assign(origin="").to_csv(file, index=False)
    with pytest.raises(PanelError, match="20 rows have no id"):
        read_links(_source(file))
