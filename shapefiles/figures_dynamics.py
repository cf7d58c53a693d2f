"""Figures of dynamics: spatial Markov matrices, emerging hot spots, ellipses and their centres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter, MaxNLocator

from shapefiles.classification import written_number
from shapefiles.figures_labels import place_names
from shapefiles.figures_page import (
    BODY_SIZE,
    INK,
    MUTED,
    PlotOptions,
    column_width_mm,
    finish,
    house_style,
    line_height_mm,
    plot_axes,
)
from shapefiles.figures_series import DASHES
from shapefiles.language import label
from shapefiles.map_sheet import MapOptions
from shapefiles.maps import category_map
from shapefiles.palettes import sequential_colours
from shapefiles.styles import emerging_hot_spot_style
from spatial.alignment import require_same_cities
from spatial.coordinates import city_positions

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

_DIGITS = "0123456789−+,.–%()=<>: "
_PATH = "#cc3311"
_ARROW: dict[str, Any] = {
    "arrowstyle": "-|>",
    "color": _PATH,
    "linewidth": 0.9,
    "mutation_scale": 5.0,
    "shrinkA": 0.0,
    "shrinkB": 0.0,
}
_CELL_MM = 6.6
_MARGIN_MM = 14.0
_REST_MM = 19.0


def spatial_markov_plot(
    markov: Any, *, options: PlotOptions | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the transition matrices of a spatial Markov chain side by side as heat maps.

    Parameters
    ----------
    markov : SpatialMarkov
        See ``spatial.autocorrelation.spatial_markov``.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        The matrix of all cities, then one for each class of the neighbours; the note tells the
        test that the neighbours do not matter. Cells without observations stay white.
    """
    options = options or PlotOptions()
    language = options.language
    blocks = {label("markov_all", language): markov.pooled.probabilities.to_numpy()}
    for lag in markov.ergodic.index:
        word = label("markov_lag_class", language, value=lag)
        blocks[word] = markov.probabilities.loc[lag].to_numpy()
    classes = [str(one) for one in markov.pooled.counts.index]
    across = label("axis_markov_to", language, steps=markov.pooled.steps)
    down, note = label("axis_markov_from", language), _tests_in_words(markov, language)
    texts = [across, down, note, options.title, options.note, *blocks, *classes, _DIGITS]
    with house_style(language, texts) as families:
        size = len(classes)
        room = column_width_mm(options.width) - _MARGIN_MM
        per_row = int(np.clip(room // _CELL_MM // (size + 1), 1, len(blocks)))
        rows = -(-len(blocks) // per_row)
        pitch = size + 1.7  # a heading above each matrix, class numbers below
        cell = room / (per_row * (size + 1.0))
        aspect = (rows * pitch * cell + _REST_MM) / column_width_mm(options.width)
        ax = plot_axes(ax, options, aspect=aspect, families=families)
        ramp = LinearSegmentedColormap.from_list("markov", sequential_colours(9, "blue"))
        for at, (word, shares) in enumerate(blocks.items()):
            column, row = at % per_row, at // per_row
            corner = column * (size + 1.0), row * pitch
            _matrix(ax, shares, corner, ramp, word, classes, first=column == 0)
        ax.set_xlim(-0.8, per_row * (size + 1.0) - 1.0)
        ax.set_ylim(rows * pitch - 0.9, -0.9)
        ax.set_aspect("equal")
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.set_xlabel(across)
        ax.set_ylabel(down)
        finish(ax, options, families, note)
    return ax


def _matrix(
    ax: Axes,
    shares: np.ndarray,
    corner: tuple[float, float],
    ramp: Any,
    title: str,
    classes: list[str],
    *,
    first: bool,
) -> None:
    """Draw one matrix, its upper left corner at ``corner``."""
    x, y = corner
    size = len(classes)
    edges = np.arange(size + 1.0)
    ax.pcolormesh(
        x + edges,
        y + edges,
        np.ma.masked_invalid(shares),
        cmap=ramp,
        vmin=0.0,
        vmax=1.0,
        edgecolors="#ffffff",
        linewidth=0.6,
        gid=f"matrix-{title}",
    )
    ax.text(x + size / 2.0, y - 0.3, title, ha="center", va="bottom", fontsize=BODY_SIZE, color=INK)
    for at, word in enumerate(classes):
        below: dict[str, Any] = {
            "ha": "center",
            "va": "top",
            "fontsize": BODY_SIZE - 1.0,
            "color": MUTED,
        }
        ax.text(x + at + 0.5, y + size + 0.12, word, **below)
        if first:
            beside: dict[str, Any] = {**below, "ha": "right", "va": "center"}
            ax.text(x - 0.15, y + at + 0.5, word, **beside)
    for (row, column), share in np.ndenumerate(shares):
        if np.isfinite(share):
            ax.text(
                x + column + 0.5,
                y + row + 0.5,
                written_number(float(share), 2) if share > 0.0 else "0",
                ha="center",
                va="center",
                fontsize=BODY_SIZE - 1.5,
                color="#ffffff" if share > 0.55 else INK,
            )


def _tests_in_words(markov: Any, language: Any) -> str:
    row = markov.homogeneity.table.loc["LR"]
    permuted = ""
    if markov.permutations:
        permuted = label("markov_permuted", language, p=_level(markov.p_permutation["LR"]))
    return label(
        "markov_tests",
        language,
        statistic=written_number(float(row["statistic"]), 1),
        df=int(row["df"]),
        p=_level(row["p_value"]),
        permuted=permuted,
    )


def _level(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {written_number(float(p_value), 3)}"


def emerging_hot_spot_map(
    cities: gpd.GeoDataFrame,
    found: Any,
    *,
    options: MapOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the classes of an emerging hot spot analysis; the legend holds those that occur.

    Parameters
    ----------
    cities : geopandas.GeoDataFrame of shape (n, ...)
    found : EmergingHotSpots
        See ``spatial.autocorrelation.emerging_hot_spots``.
    options, ax
        As for `shapefiles.maps.category_map`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    options = options or MapOptions()
    words = found.table["cluster"]
    require_same_cities(cities.index, words.index, left_name="cities", right_name="the hot spots")
    style = emerging_hot_spot_style(
        words,
        column="cluster",
        title=label("emerging_legend", options.language),
        geometry="point" if (cities.geom_type == "Point").all() else "polygon",
        language=options.language,
    )
    return category_map(cities, words, style=style, options=options, ax=ax)


def ellipse_plot(
    found: Any,
    cities: Any,
    *,
    years: Sequence[Any] | None = None,
    options: PlotOptions | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw standard deviational ellipses over the cities, and the path of their centre.

    Parameters
    ----------
    found : EllipsePath
        See ``spatial.autocorrelation.standard_deviational_ellipses``.
    cities : geopandas.GeoDataFrame or pandas.DataFrame
        Positions as ``spatial.coordinates.city_positions`` reads them.
    years : sequence, optional
        Ellipses to draw; the first and the last year by default.
    options : PlotOptions, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        In degrees, a degree of longitude as wide as at the middle of the cities. The arrow of the
        path points to the last year; the note tells how far the centre moved.
    """
    options = options or PlotOptions()
    language, table = options.language, found.table
    drawn = list(dict.fromkeys([table.index[0], table.index[-1]] if years is None else years))
    outlines = {year: found.outline(year) for year in drawn}
    positions = city_positions(cities, distinct=False)
    words = {year: label("ellipse_year", language, year=year) for year in drawn}
    path = label("ellipse_path", language, first=table.index[0], last=table.index[-1])
    note = label(
        "ellipse_moved",
        language,
        total=written_number(found.total_moved, 0),
        net=written_number(found.net_moved, 0),
    )
    across, up = label("axis_longitude", language), label("axis_latitude", language)
    texts = [across, up, path, note, options.title, options.note, *words.values(), _DIGITS]
    colours = sequential_colours(max(len(drawn), 2) + 1, "blue")[1:]
    with house_style(language, texts) as families:
        stretch = 1.0 / np.cos(np.radians(positions.latitude.mean()))
        spans = np.ptp(positions.longitude), np.ptp(positions.latitude) * stretch
        ratio = float(np.clip(spans[1] / max(spans[0], 1e-9), 0.3, 1.3))
        width, single = column_width_mm(options.width), options.width == "single"
        rest = _REST_MM + line_height_mm(BODY_SIZE) * (len(words) + 1 if single else 1)
        aspect = ((width - _MARGIN_MM) * ratio + rest) / width
        ax = plot_axes(ax, options, aspect=aspect, families=families)
        ax.scatter(
            positions.longitude, positions.latitude, s=2.5, color="#bdbdbd", linewidths=0, zorder=1
        )
        dashes = (*DASHES[1 : len(drawn)][::-1], "-")  # the last year is drawn through
        looks = zip(colours, dashes, strict=False)
        for (colour, dash), (year, line) in zip(looks, outlines.items(), strict=False):
            ax.plot(
                line["longitude"],
                line["latitude"],
                color=colour,
                linestyle=dash,
                linewidth=1.1,
                label=words[year],
                zorder=2,
                gid=f"ellipse-{year}",
            )
        ax.plot(
            table["longitude"],
            table["latitude"],
            color=_PATH,
            linewidth=0.9,
            label=path,
            zorder=3,
            gid="centre-path",
        )
        last = table[["longitude", "latitude"]].to_numpy()[-2:]
        if len(table) > 1:
            ax.annotate("", xy=last[-1], xytext=last[0], arrowprops=_ARROW, zorder=4)
        ax.set_aspect(stretch)
        ax.set_xlabel(across)
        ax.set_ylabel(up)
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            borderaxespad=0.2,
            ncols=1 if single else 3,
            fontsize=BODY_SIZE,
            handlelength=3.0,
        )
        finish(ax, options, families, note)
    return ax


def centre_path_plot(
    found: Any, *, options: PlotOptions | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the path of the weighted mean centre alone, large, with years beside it.

    Parameters
    ----------
    found : EllipsePath
        See ``spatial.autocorrelation.standard_deviational_ellipses``.
    options : PlotOptions, optional
        ``labelled``: how many years are written, the first and the last always.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    options = options or PlotOptions()
    language, table = options.language, found.table
    note = label(
        "ellipse_moved",
        language,
        total=written_number(found.total_moved, 0),
        net=written_number(found.net_moved, 0),
    )
    across, up = label("axis_longitude", language), label("axis_latitude", language)
    points = table[["longitude", "latitude"]].to_numpy()
    written = np.unique(
        np.linspace(0, len(table) - 1, max(options.labelled, 2)).round().astype(int)
    )
    years = [str(year) for year in table.index]
    texts = [across, up, note, options.title, options.note, *years, _DIGITS]
    with house_style(language, texts) as families:
        ax = plot_axes(ax, options, aspect=0.8, families=families)
        ax.plot(points[:, 0], points[:, 1], color=_PATH, linewidth=0.9, zorder=2, gid="centre-path")
        ax.scatter(
            points[:, 0], points[:, 1], s=9.0, color=_PATH, linewidths=0, zorder=3, gid="centres"
        )
        if len(points) > 1:
            ax.annotate("", xy=points[-1], xytext=points[-2], arrowprops=_ARROW, zorder=4)
        # A degree of longitude as wide as it is there; room for the years on the right.
        ax.margins(0.12)
        ax.set_aspect(1.0 / np.cos(np.radians(points[:, 1].mean())), adjustable="datalim")
        ax.set_xlabel(across)
        ax.set_ylabel(up)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(nbins=5))
            axis.set_major_formatter(FuncFormatter(lambda value, _: written_number(value, 2)))
        finish(ax, options, families, note)
        # The first and the last year come first, so that they surely find a place.
        order = list(dict.fromkeys([written[0], written[-1], *written]))
        steps = [points[:-1] + share * np.diff(points, axis=0) for share in (0.25, 0.5, 0.75)]
        crowd = np.vstack([points, *steps])
        names = place_names(
            ax,
            points[order, 0],
            points[order, 1],
            [years[at] for at in order],
            radii=1.7,
            families=families,
            obstacles=np.column_stack([crowd, np.full(len(crowd), 1.0)]),
            leaders=True,
        )
        for text in names.values():
            text.set_in_layout(False)
    return ax
