"""The sweep over distances: each point is the plain model, and known reaches are found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from shapefiles.example import example_area
from spatial.coordinates import great_circle_km
from spatial.errors import ConfigError, EstimationError, WeightsError
from spatial.regression import fit_panel, spillover_boundary
from spatial.regression.boundary import half_decay

N, YEARS = 40, 8
IDS = [f"c{i}" for i in range(N)]
SAME = 1e-9  # the same numbers by the same estimator, W built in another way


def places(seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"longitude": rng.uniform(105, 115, N), "latitude": rng.uniform(25, 35, N)}, index=IDS
    )


def km_between(cities) -> pd.DataFrame:
    lon, lat = cities["longitude"].to_numpy(), cities["latitude"].to_numpy()
    return pd.DataFrame(great_circle_km(lon[:, None], lat[:, None], lon, lat), IDS, IDS)


def panel(km, *, reach=np.inf, theta=2.0, seed=1) -> pd.DataFrame:
    """Spillovers of x over inverse distance, up to a reach and no farther."""
    rng = np.random.default_rng(seed)
    d = km.to_numpy() + np.diag(np.full(N, np.inf))
    W = 1 / d
    W = np.where(d <= reach, W, 0.0) / np.abs(np.linalg.eigvalsh(W)).max()
    frames = []
    for year in range(YEARS):
        x = rng.normal(size=N)
        y = x + theta * W @ x + 0.1 * rng.normal(size=N) + year
        frames.append(pd.DataFrame({"city": IDS, "year": year, "y": y, "x": x}))
    return pd.concat(frames, ignore_index=True).sample(frac=1.0, random_state=2)


KM = km_between(places())
DATA = panel(KM)


@pytest.mark.parametrize("version", ["outer", "inner", "ring"])
@pytest.mark.parametrize("scale", ["spectral", "base-rows", "row"])
def test_each_point_is_the_plain_model(version, scale):
    found = spillover_boundary(
        "y ~ x", DATA, places(), variable="x", bounds=[300, 500], version=version, scale=scale
    )
    d = KM.to_numpy() + np.diag(np.full(N, np.nan))
    full = np.nan_to_num(1 / d)
    keep = {"outer": d >= 500, "inner": d <= 500, "ring": (d > 300) & (d <= 500)}[version]
    W = np.where(keep, full, 0.0)
    if scale == "spectral":
        W = W / np.abs(np.linalg.eigvals(full)).max()
    elif scale == "base-rows":
        W = W / full.sum(axis=1, keepdims=True)
    else:
        sums = W.sum(axis=1, keepdims=True)
        W = np.divide(W, sums, out=np.zeros_like(W), where=sums > 0)
    fit = fit_panel("y ~ x", DATA, pd.DataFrame(W, IDS, IDS), bias_correction="variance")
    expected, row = fit.effects().table.loc["x"], found.table.loc[500.0]
    for name in ("indirect", "indirect_se", "indirect_p", "indirect_low", "direct", "total"):
        assert row[name] == pytest.approx(expected[name], rel=SAME, abs=1e-12)
    assert row["rho"] == pytest.approx(fit.rho, rel=SAME)
    assert row["links"] == keep.sum()
    assert row["isolates"] == (keep.sum(axis=1) == 0).sum()


def test_versions_meet_where_all_links_count():
    low, high = KM.to_numpy()[KM.to_numpy() > 0].min() / 2, KM.to_numpy().max() * 2
    common = {"variable": "x", "effects": "city"}
    outer = spillover_boundary("y ~ x", DATA, KM, bounds=[low], version="outer", **common)
    inner = spillover_boundary("y ~ x", DATA, KM, bounds=[high], version="inner", **common)
    ring = spillover_boundary("y ~ x", DATA, KM, bounds=[high], version="ring", **common)
    values = [one.table["indirect"].iloc[0] for one in (outer, inner, ring)]
    np.testing.assert_allclose(values, values[0], rtol=SAME)
    bounds = [200, 400, 600, high]
    rings = spillover_boundary("y ~ x", DATA, KM, bounds=bounds, version="ring", **common)
    assert rings.table["links"].sum() == N * (N - 1)


def test_the_unit_of_distance_does_not_matter():
    minutes = KM * 0.75
    first = spillover_boundary("y ~ x", DATA, KM, variable="x", bounds=[200, 400])
    second = spillover_boundary(
        "y ~ x", DATA, minutes, variable="x", bounds=[150, 300], unit="minutes"
    )
    np.testing.assert_allclose(first.table["indirect"], second.table["indirect"], rtol=1e-8)
    assert second.unit == "minutes"


def test_a_known_reach_is_found_by_rings():
    data = panel(KM, reach=400, theta=4.0)
    found = spillover_boundary(
        "y ~ x", data, KM, variable="x", bounds=range(200, 900, 100), version="ring"
    )
    assert found.boundary == 400
    assert (found.table.loc[:400, "indirect_p"] < 0.05).all()
    assert (found.table["p_fdr"] >= found.table["indirect_p"] - 1e-15).all()
    # links left out of the model leave their traces, but the ring after the reach is not found
    assert found.table.loc[500, "indirect_p"] > 0.05
    assert found.last_significant >= found.boundary
    assert 200 < found.half_decay < 300


def test_isolates_are_counted_dropped_to_city_effects_or_end_the_sweep():
    d = KM.to_numpy()
    far = np.sort(d.max(axis=1))[2] + 1  # two or three cities have no partner beyond
    common = {"variable": "x", "bounds": [100, far]}
    flagged = spillover_boundary("y ~ x", DATA, KM, **common)
    assert flagged.table["isolates"].tolist() == [0, 3]
    assert flagged.table["effects_type"].tolist() == ["two-way", "two-way"]
    assert any("without links" in note for note in flagged.notes)
    dropped = spillover_boundary("y ~ x", DATA, KM, isolates="city", **common)
    assert dropped.table["effects_type"].tolist() == ["two-way", "city"]
    stopped = spillover_boundary("y ~ x", DATA, KM, isolates="stop", **common)
    assert stopped.table["indirect"].notna().tolist() == [True, False]
    assert "ended" in stopped.table["note"].iloc[1]
    # Lee and Yu's correction is not made where rows do not sum to one: said, not computed
    refused = spillover_boundary("y ~ x", DATA, KM, scale="row", bias_correction=True, **common)
    assert refused.table["indirect"].notna().tolist() == [True, False]
    assert refused.table["note"].iloc[1]
    with pytest.raises(EstimationError, match="No distance"):
        spillover_boundary("y ~ x", DATA, KM, variable="x", bounds=[1e5])


def test_half_decay():
    steps = np.array([100.0, 200.0, 300.0])
    assert half_decay(steps, np.array([-4.0, -3.0, -1.0])) == 250.0
    assert half_decay(steps, np.array([4.0, np.nan, 0.0])) == 200.0
    assert half_decay(steps, np.array([4.0, 3.0, 2.5])) is None
    assert half_decay(steps, np.array([np.nan, 3.0, 1.0])) is None
    assert half_decay(steps, np.array([4.0, -1.0, 1.0])) == pytest.approx(140.0)


def test_wrong_options_are_named():
    for wrong in (
        {"bounds": []},
        {"bounds": [300, 200]},
        {"bounds": [100], "power": 0},
        {"bounds": [100], "alpha": 2},
        {"bounds": [100], "specification": "sem"},
        {"bounds": [100], "version": "middle"},
        {"bounds": [100], "variable": "z"},
    ):
        with pytest.raises(ConfigError):
            spillover_boundary("y ~ x", DATA, KM, **{"variable": "x", **wrong})
    with pytest.raises(WeightsError, match="zero or negative"):
        spillover_boundary("y ~ x", DATA, KM * 0.0, variable="x", bounds=[100])


def test_real_cities():
    area = example_area()
    columns = [c for c in area.panel.select_dtypes("number") if (area.panel[c] > 0).all()][:2]
    data = np.log(area.panel[columns]).set_axis(["y", "x"], axis=1)
    city, year = data.index.names
    found = spillover_boundary(
        "y ~ x", data, area.cities, variable="x", bounds=[100, 400, 800], city=city, year=year
    )
    assert found.table["indirect"].notna().sum() >= 2
    assert (found.table["links"].diff().dropna() < 0).all()
