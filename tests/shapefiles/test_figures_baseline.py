"""Pictures of small plots against stored ones, by tolerance.

The plots are drawn into axes that fill the page, and compared without words: fonts and their
rasterisation differ between machines, lines and areas do not. To make the pictures again after a
wanted change, set INTERURBAN_WRITE_BASELINES=1 for one run and look at them.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Wedge
from matplotlib.text import Text
from PIL import Image
from scipy import sparse

from networks import LinkageNetwork, block_model
from shapefiles.figures import (
    block_diagram,
    block_matrix_plot,
    chord_plot,
    density_ridges_plot,
    inequality_plot,
    specification_curve_plot,
)
from shapefiles.figures_page import figure_bytes, new_figure

BASELINE = Path(__file__).parent / "baseline"
WRITE = os.environ.get("INTERURBAN_WRITE_BASELINES") == "1"

TOLERATED = 6.0
"""Root mean square of differences of grey values (0 to 255). Versions of the rasteriser move edges
by part of a pixel (about 2); other data give more than 12."""

PAGE_MM = (80.0, 80.0)
DPI = 76


def network(seed: int):
    random = np.random.default_rng(seed)
    block = np.repeat([1, 2, 3], [8, 6, 4])
    likely = np.where(block[:, None] == block, 0.8, 0.1)
    likely[block[:, None] + 1 == block] = 0.6 if seed else 0.0
    matrix = random.integers(1, 60, likely.shape) * (random.random(likely.shape) < likely)
    np.fill_diagonal(matrix, 0)
    ids = pd.Index([f"c{i}" for i in range(len(block))], name="city")
    found = LinkageNetwork(ids, sparse.csr_array(matrix.astype(float)), True)
    return found, pd.Series(block, ids)


def draw(kind: str, ax, *, other: bool):
    random = np.random.default_rng(9 if other else 4)
    names = {1: "A", 2: "B", 3: "C"}
    if kind == "block_diagram":
        return block_diagram(block_model(*network(0 if other else 1)), block_labels=names, ax=ax)
    if kind == "block_matrix":
        found, blocks = network(0 if other else 1)
        return block_matrix_plot(block_model(found, blocks), found, block_labels=names, ax=ax)
    if kind == "chord":
        flows = random.integers(0, 90, (6, 6)).astype(float)
        return chord_plot(pd.DataFrame(flows, [*"abcdef"], [*"abcdef"]), ax=ax)
    if kind == "ridges":
        grid = np.linspace(-3.0, 6.0, 120)
        shift = -0.3 if other else 0.4
        table = {y: np.exp(-0.5 * (grid - shift * y) ** 2) for y in range(6)}
        return density_ridges_plot(pd.DataFrame(table, index=grid), ax=ax)
    if kind == "inequality":
        years = range(2000, 2008)
        parts = pd.DataFrame(random.uniform(0.05, 0.25, (8, 3)), years, _SOURCES)
        gini = parts.sum(axis=1)
        shares = parts.div(gini, axis=0).mul(100.0).add_suffix("_share")
        return inequality_plot(parts.assign(gini=gini).join(shares), ax=ax)
    estimate = random.normal(0.2, 0.4, 30)
    table = {"estimate": estimate, "low": estimate - 0.3, "high": estimate + 0.3}
    table |= {"p_value": np.where(np.abs(estimate) > 0.3, 0.01, 0.5), "main": np.arange(30) == 7}
    table |= {"weights": random.choice(["near", "far"], 30), "sample": random.choice([*"ab"], 30)}
    return specification_curve_plot(pd.DataFrame(table), ax=ax)


_SOURCES = ["within", "between", "transvariation"]


def picture_of(kind: str, *, other: bool = False) -> np.ndarray:
    """Draw a plot into axes that fill the page; hide words."""
    figure = new_figure(*PAGE_MM)
    ax = draw(kind, figure.add_axes((0.0, 0.0, 1.0, 1.0)), other=other)
    if kind == "chord":  # the ring leaves room for names, which differs between fonts
        radius = max(part.r for part in ax.patches if isinstance(part, Wedge))
        ax.set(xlim=(-radius, radius), ylim=(-radius, radius))
    for text in figure.findobj(Text):
        text.set_visible(False)
    for axes in (ax, *ax.child_axes):
        legend = axes.get_legend()
        if legend is not None:
            legend.remove()
        for line in axes.lines:
            line.set_visible(line.get_gid() != "leader")
    return np.asarray(Image.open(BytesIO(figure_bytes(figure, "png", dpi=DPI))).convert("RGB"))


def root_mean_square(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.sqrt(((first.astype(float) - second.astype(float)) ** 2).mean()))


KINDS = ("block_diagram", "block_matrix", "chord", "inequality", "ridges", "specifications")


@pytest.mark.parametrize("kind", KINDS)
def test_plots_look_as_stored(kind):
    picture = picture_of(kind)
    path = BASELINE / f"plot_{kind}.png"
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture).quantize(64).save(path, optimize=True)
    assert path.stat().st_size < 30_000
    stored = np.asarray(Image.open(path).convert("RGB"))
    assert stored.shape == picture.shape
    assert root_mean_square(stored, picture) < TOLERATED
    other = picture_of(kind, other=True)
    assert root_mean_square(stored, other) > 2 * TOLERATED  # the tolerance sees a wrong plot
