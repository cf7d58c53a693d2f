"""One door to all methods: what fit_panel and fit_cross_section hand on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatial.errors import ConfigError
from spatial.regression import fit_cross_section, fit_panel, fit_spatial_gmm, fit_spatial_iv


def ring(n):
    ids = [f"c{i:02d}" for i in range(n)]
    step = np.roll(np.eye(n), 1, axis=1)
    return pd.DataFrame((step + step.T) / 2, ids, ids)


@pytest.fixture
def panel():
    rng, W, frames = np.random.default_rng(1), ring(40), []
    S = np.linalg.inv(np.eye(40) - 0.4 * W.to_numpy())
    for year in range(4):
        x, z = rng.normal(size=(2, 40))
        table = {"city": W.index, "year": year, "y": S @ (x + rng.normal(size=40)), "x": x, "z": z}
        frames.append(pd.DataFrame(table))
    return pd.concat(frames, ignore_index=True), W


def same(left, right):
    pd.testing.assert_series_equal(left.coefficients, right.coefficients)
    pd.testing.assert_frame_equal(left.covariance, right.covariance)
    assert type(left) is type(right)


def test_panels(panel):
    options = {"city": "city", "year": "year"}
    given = {"endogenous": ["x"], "instruments": ["z"]}
    same(
        fit_panel("y ~ x", *panel, specification="sar", method="s2sls", method_options=given),
        fit_spatial_iv("y ~ x", *panel, **options, **given),
    )
    same(
        fit_panel("y ~ x", *panel, specification="sdm", method="s2sls", covariance="cluster"),
        fit_spatial_iv("y ~ x", *panel, specification="sdm", covariance="cluster", **options),
    )
    same(
        fit_panel("y ~ x", *panel, specification="sac", method="s2sls", covariance="sandwich"),
        fit_spatial_gmm("y ~ x", *panel, **options),
    )
    same(
        fit_panel("y ~ x", *panel, specification="sar", method="gmm", effects="city"),
        fit_spatial_gmm(
            "y ~ x",
            *panel,
            specification="sar",
            estimator="gmm",
            covariance="classical",
            effects="city",
            **options,
        ),
    )
    same(
        fit_panel("y ~ x", *panel, specification="sar", method="qml"),
        fit_panel("y ~ x", *panel, specification="sar", covariance="sandwich"),
    )


def test_cross_sections(panel):
    data, W = panel
    table = data[data["year"] == 0].set_index("city")
    same(
        fit_cross_section("y ~ x", table, W, specification="sar", method="s2sls"),
        fit_spatial_iv("y ~ x", table, W),
    )
    same(
        fit_cross_section("y ~ x", table, W, specification="sem", method="s2sls"),
        fit_spatial_gmm("y ~ x", table, W, specification="sem", covariance="classical"),
    )
    same(
        fit_cross_section("y ~ x", table, W, specification="sar", method="qml"),
        fit_cross_section("y ~ x", table, W, specification="sar", covariance="sandwich"),
    )


def test_refusals(panel):
    with pytest.raises(ConfigError, match="'s2sls'"):
        fit_panel("y ~ x", *panel, method="2sls")
    with pytest.raises(ConfigError, match="'endogenous'"):
        fit_panel("y ~ x", *panel, method_options={"endogenous": ["x"]})
    with pytest.raises(ConfigError, match="'instrument'"):
        fit_panel("y ~ x", *panel, method="s2sls", method_options={"instrument": ["z"]})
    with pytest.raises(ConfigError, match="log_determinant"):
        fit_panel("y ~ x", *panel, method="gmm", log_determinant="eigenvalues")
    with pytest.raises(ConfigError, match="'random'"):
        fit_panel("y ~ x", *panel, method="gmm", specification="sar", effects="random")
    with pytest.raises(ConfigError, match="'cluster'"):
        fit_panel("y ~ x", *panel, method="gmm", specification="sar", covariance="cluster")
    with pytest.raises(ConfigError, match="error_weights"):
        fit_panel("y ~ x", *panel, method="s2sls", specification="sar", error_weights=panel[1])
