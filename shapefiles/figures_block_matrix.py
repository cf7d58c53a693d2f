"""The matrices of a block model: links sorted by block, densities and image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap

from networks.types import LinkageNetwork
from shapefiles.classification import written_number
from shapefiles.figures_blocks import block_order, block_words
from shapefiles.figures_labels import NAME_LIMIT
from shapefiles.figures_page import (
    BODY_SIZE,
    HAIRLINE,
    INK,
    MUTED,
    PlotOptions,
    column_width_mm,
    column_word,
    finish,
    house_style,
    middle_cut,
    plot_axes,
    text_width_mm,
)
from shapefiles.figures_panels import panel_mosaic, panel_title
from shapefiles.fonts import plain_text
from shapefiles.language import label
from shapefiles.palettes import sequential_colours
from spatial.alignment import require_same_cities
from spatial.options import checked_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BlockCells = Literal["links", "strength"]

_DIGITS = "0123456789−,.–() "
_DARK = 0.6
"""Densities above this share of the highest stand on a dark ground and are written in white."""

_SEPARATOR = "#cc3311"
_GAP_MM = 7.0
_NAME_MM = {"single": 15.0, "double": 26.0}
_REST_MM = 21.0
_MOST_ROWS = {"single": 25, "double": 38}
"""With more cities their names would touch."""


def block_matrix_plot(
    blocks: Any,
    network: LinkageNetwork,
    *,
    cells: BlockCells = "links",
    names: pd.Series | None = None,
    block_labels: Mapping[Any, str] | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the links sorted by block, with lines between blocks, and the density and image matrix.

    Parameters
    ----------
    blocks : networks.BlockModel
    network : LinkageNetwork
        Of the cities of the blocks.
    cells : {"links", "strength"}
        Links as black cells, or strengths from pale to dark by their rank.
    names : pandas.Series, optional
        Index: city ids; written at the rows where there is room.
    block_labels : mapping, optional
        Block -> wording; "Block 1" ... if None.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Its ``child_axes`` are the sorted matrix, the densities and the image. Within a block the
        strongest cities come first.

    Raises
    ------
    AlignmentError
        If the network has other cities than the blocks.
    """
    options = options or PlotOptions()
    checked_option(cells, BlockCells, name="cells")
    language = options.language
    require_same_cities(
        network.cities, blocks.membership.index, left_name="the network", right_name="the blocks"
    )
    order = block_order(blocks.membership, network.sent + network.received)
    flows = network.reordered(order).flows.toarray()
    words = {block: block_words(block, block_labels, language) for block in blocks.roles.index}
    heading = label(f"block_matrix_{'links' if cells == 'links' else 'strengths'}", language)
    headings = {
        "cells": heading,
        "density": label("block_matrix_density", language),
        "image": label("block_matrix_image", language),
    }
    known = {} if names is None else names.reindex(order).dropna().to_dict()
    rows = [plain_text(known.get(city, city), limit=NAME_LIMIT) for city in order]
    notes = _notes(blocks, flows, cells, language)
    texts = [*notes, *headings.values(), *words.values(), options.title, options.note, _DIGITS]
    with house_style(language, [*texts, *rows]) as families:
        room = _NAME_MM[column_word(options.width)]
        words = {block: middle_cut(word, room, families) for block, word in words.items()}
        rows = rows if len(rows) <= _MOST_ROWS[column_word(options.width)] else []
        sides = _Sides.of(options, list(words.values()), rows, families)
        ax = plot_axes(ax, options, aspect=sides.aspect, families=families)
        panels = panel_mosaic(
            ax,
            options,
            families,
            sides.layout,
            widths=sides.widths,
            heights=sides.heights,
            gap_mm=(sides.gap, _GAP_MM),
        )
        _sorted_matrix(panels["cells"], flows, blocks, cells)
        short = _that_fit(list(words.values()), blocks, sides.big, families)
        _along_top(panels["cells"], blocks, short)
        _beside(panels["cells"], rows, INK)
        cell = sides.small / len(words)
        decimals = next((d for d in (3, 2) if _number_width(d, families) < cell), None)
        _small_matrix(panels["density"], blocks.density, decimals=decimals)
        _small_matrix(panels["image"], blocks.image, decimals=0, image=True)
        for name, text in headings.items():
            if name != "cells":
                _beside(panels[name], list(words.values()), MUTED)
            panel_title(panels[name], text, pad=13.0 if name in sides.layout[0] else 3.0)
        finish(ax, options, families, *notes)
    return ax


@dataclass(frozen=True)
class _Sides:
    """Sides of the panels and gaps, mm."""

    layout: Sequence[Sequence[str]]
    widths: Sequence[float]
    heights: Sequence[float]
    big: float
    small: float
    gap: float
    aspect: float

    @classmethod
    def of(
        cls, options: PlotOptions, words: list[str], rows: list[str], families: Sequence[str]
    ) -> _Sides:
        width = column_width_mm(options.width)
        gap = 3.0 + max(text_width_mm(word, families=families) for word in words)
        names = [text_width_mm(row, families=families) for row in rows]
        frame = width - 3.0 - max([gap, *(name + 2.0 for name in names)])
        if column_word(options.width) == "single":
            layout = [["cells", "cells"], ["density", "image"]]
            small = (frame - gap) / 2.0
            big, aspect = frame, (frame + _GAP_MM + small + _REST_MM) / width
            return cls(layout, (1.0, 1.0), (big, small), big, small, gap, aspect)
        small = (frame - gap - _GAP_MM) / 3.0
        big = 2.0 * small + _GAP_MM
        layout = [["cells", "density"], ["cells", "image"]]
        return cls(layout, (big, small), (1.0, 1.0), big, small, gap, (big + _REST_MM) / width)


def _notes(blocks: Any, flows: np.ndarray, cells: str, language: Any) -> list[str]:
    overall = written_number(blocks.overall_density, 3)
    notes = [label("block_matrix_note", language, density=overall)]
    positive = flows[flows > 0]
    if cells == "strength" and len(positive):
        decimals = 0 if (positive == positive.round()).all() else 2
        low, high = (written_number(float(v), decimals) for v in (positive.min(), positive.max()))
        notes.append(label("block_matrix_strength_note", language, low=low, high=high))
    return notes


def _sorted_matrix(
    panel: Axes,
    flows: np.ndarray,
    blocks: Any,
    cells: str,
) -> None:
    n = len(flows)
    shown = np.ma.masked_equal(flows > 0, False).astype(float)
    ramp: Any = ListedColormap([INK])
    if cells == "strength":
        ranks = pd.Series(flows[flows > 0]).rank(method="average")
        shares = np.zeros(flows.shape)
        shares[flows > 0] = ranks.to_numpy() / max(len(ranks), 1)
        shown = np.ma.masked_where(flows <= 0, shares)
        ramp = ListedColormap(sequential_colours(64, "blue"))
    panel.imshow(
        shown,
        cmap=ramp,
        vmin=0.0,
        vmax=1.0,
        interpolation="nearest",
        extent=(0.0, n, n, 0.0),
        gid="block-cells",
    )
    sizes = blocks.roles["cities"].to_numpy(dtype=int)
    edges = np.cumsum(sizes)
    for edge in edges[:-1]:
        panel.axhline(edge, color=_SEPARATOR, linewidth=0.8, zorder=3, gid="separator")
        panel.axvline(edge, color=_SEPARATOR, linewidth=0.8, zorder=3, gid="separator")
    _frame(panel, n)


def _frame(panel: Axes, n: int) -> None:
    panel.set(xlim=(0.0, n), ylim=(n, 0.0))
    panel.set_aspect("equal", anchor="NW")
    panel.set_xticks([])
    panel.set_yticks([])
    panel.spines[["top", "right"]].set_visible(True)


def _along_top(panel: Axes, blocks: Any, words: Sequence[str]) -> None:
    """Write the names of blocks over the middle of their columns."""
    sizes = blocks.roles["cities"].to_numpy(dtype=float)
    for at, text in zip(np.cumsum(sizes) - sizes / 2.0, words, strict=True):
        if text:
            panel.annotate(
                text,
                (at, 1.0),
                (0.0, 2.0),
                xycoords=panel.get_xaxis_transform(),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=BODY_SIZE,
                color=MUTED,
                annotation_clip=False,
                gid="block-name",
            )


def _that_fit(
    words: Sequence[str], blocks: Any, width_mm: float, families: Sequence[str]
) -> list[str]:
    """Return each name if it fits over its block, else nothing."""
    shares = blocks.roles["cities"] / blocks.roles["cities"].sum()
    return [
        text if text_width_mm(text, families=families) + 1.0 <= share * width_mm else ""
        for text, share in zip(words, shares, strict=True)
    ]


def _beside(panel: Axes, rows: Sequence[str], colour: str) -> None:
    """Write names at the left of the rows 0, 1, ... of a matrix."""
    for at, text in enumerate(rows):
        panel.annotate(
            text,
            (0.0, at + 0.5),
            (-2.5, 0.0),
            xycoords=panel.get_yaxis_transform(),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=BODY_SIZE,
            color=colour,
            annotation_clip=False,
            gid="row-name",
        )


def _number_width(decimals: int, families: Sequence[str]) -> float:
    """Return the width of a density with some room around it, mm."""
    return text_width_mm(written_number(0.0, decimals), families=families) + 1.0


def _small_matrix(
    panel: Axes, table: pd.DataFrame, *, decimals: int | None, image: bool = False
) -> None:
    """Draw densities or the image, the number in each cell where it fits (decimals not None)."""
    values, n = table.to_numpy(dtype=float), len(table)
    highest = float(np.nanmax(values, initial=0.0)) or 1.0
    ramp: Any = (
        ListedColormap(["#ffffff", "#595959"])
        if image
        else ListedColormap(sequential_colours(64, "blue"))
    )
    panel.pcolormesh(
        np.arange(n + 1.0),
        np.arange(n + 1.0),
        np.ma.masked_invalid(values),
        cmap=ramp,
        vmin=0.0,
        vmax=1.0 if image else highest,
        edgecolors=HAIRLINE if image else "#ffffff",
        linewidth=0.4,
        gid="block-image" if image else "block-density",
    )
    for (row, column), value in np.ndenumerate(values if decimals is not None else values[:0]):
        dark = value > (0.5 if image else _DARK * highest)
        panel.text(
            column + 0.5,
            row + 0.5,
            "–" if np.isnan(value) else written_number(float(value), decimals or 0),
            ha="center",
            va="center",
            fontsize=BODY_SIZE,
            color="#ffffff" if dark else INK,
        )
    _frame(panel, n)
