"""Figures of hot spots and dynamics: maps, Moran by year, paths, chains, densities, ellipses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from analyses.figure_plans import FigurePlan, map_options
from analyses.layers_dynamics import (
    DynamicsMap,
    dynamics_maps,
    hot_spot_map_style,
    yearly_style,
)
from analyses.results import StudyResult
from analyses.results_dynamics import ColumnDynamics
from analyses.words_dynamics import column_slug, column_words, dynamics_method, hot_spot_method
from shapefiles.figures import (
    PlotOptions,
    centre_path_plot,
    density_ridges_plot,
    ellipse_plot,
    moran_scatter_years,
    moran_years_plot,
    spatial_markov_plot,
    time_paths_plot,
)
from shapefiles.language import label
from shapefiles.map_panels import yearly_lisa_maps, yearly_maps
from shapefiles.map_sheet import MapOptions
from shapefiles.maps import category_map, choropleth_map, hot_spot_map

DRAWN_PATHS = 7
"""Paths in one plot: as many as there are colours that differ."""

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class _YearOfPanel:
    """Local Moran statistics of one year, as the scatter plot reads them."""

    table: pd.DataFrame
    global_statistic: float


def hot_spot_figures(
    result: StudyResult, titles: dict[tuple[str, str], str], suffix: dict[str, str]
) -> Iterator[FigurePlan]:
    """List the maps of hot and cold spots of resilience.

    Parameters
    ----------
    result : StudyResult
    titles : dict of (str, str) to str
        Measure and years in words.
    suffix : dict of str to str
        Ending of file names by shock.
    """
    cities, language = result.area.cities, result.study.language
    for key, about in titles.items():
        if key not in result.hot_spots:
            continue
        title = label("title_hot_spots", language, measure=about)
        style = hot_spot_map_style(result, key, title, suffix[key[0]])
        yield FigurePlan(
            "autocorrelation",
            f"hot_spots_{key[1]}_{suffix[key[0]]}",
            title,
            hot_spot_method(result),
            lambda k=key, s=style, t=title: hot_spot_map(  # type: ignore[misc]
                cities, result.hot_spots[k], style=s, options=map_options(result, t)
            ),
        )


def dynamics_figures(result: StudyResult) -> Iterator[FigurePlan]:
    """List the figures of every column that is followed, in the order of the report."""
    if result.dynamics is None:
        return
    for at, known in enumerate(result.dynamics.columns.values(), start=1):
        yield from _Plans(result, known, f"dynamics-{at}").all()


class _Plans:
    """Makes the plans of one column: captions, file names, options."""

    def __init__(self, result: StudyResult, known: ColumnDynamics, section: str) -> None:
        self.result, self.known, self.section = result, known, section
        self.slug = column_slug(result, known)
        self.language = result.study.language
        self.about = column_words(result.study, known.column)

    def all(self) -> Iterator[FigurePlan]:
        """Yield every figure that was asked for."""
        known = self.known
        if "moran" in known.asked:
            yield self._plot("moran_years", self._moran)
        if "maps" in known.asked:
            yield self._plot("value_years", self._yearly_values)
        if "lisa" in known.asked:
            yield self._plot("lisa_years", self._yearly_clusters, method="lisa")
        if "moran_scatter" in known.asked:
            yield self._plot("moran_scatter_years", self._scatter)
        for item in dynamics_maps(self.result, known):
            yield self._map(item)
        if known.paths is not None:
            yield self._plot("time_paths", self._paths)
        if known.markov is not None:
            yield self._plot("markov", self._markov)
        if known.densities is not None:
            yield self._plot("densities", self._densities)
        if known.ellipses is not None:
            yield self._plot("ellipse", self._ellipse)
            yield self._plot("centre_path", self._centre)

    def _caption(self, kind: str) -> str:
        years = self.known.years
        return label(
            f"figure_{kind}",
            self.language,
            column=self.about,
            years=label("report_years", self.language, first=years[0], last=years[-1]),
        )

    def _options(self, kind: str, *, wide: bool = False) -> PlotOptions:
        return PlotOptions(
            title=self._caption(kind),
            language=self.language,
            width="double" if wide else "single",
        )

    def _plot(
        self, kind: str, draw: Callable[[], Axes | Figure], *, method: str = ""
    ) -> FigurePlan:
        return FigurePlan(
            self.section,
            f"{kind}_{self.slug}",
            self._caption(kind),
            dynamics_method(self.result, method or kind),
            draw,
        )

    def _map(self, item: DynamicsMap) -> FigurePlan:
        draw = choropleth_map if item.kind == "length" else category_map
        return FigurePlan(
            self.section,
            f"map_{item.kind}_{self.slug}",
            item.title,
            item.method,
            lambda: draw(
                self.result.area.cities,
                item.values,
                style=item.style,
                options=map_options(self.result, item.title),
            ),
        )

    def _moran(self) -> Axes:
        assert self.known.moran is not None
        table = self.known.moran.tidy().set_index("measure")
        return moran_years_plot(
            table.assign(p_value=table["p_fdr"]).set_axis(list(self.known.years)),
            alpha=self.result.study.autocorrelation.alpha,
            options=self._options("moran_years", wide=True),
        )

    def _map_options(self, kind: str) -> MapOptions:
        # Names would hide the small maps.
        return replace(map_options(self.result, self._caption(kind)), labels=None)

    def _yearly_values(self) -> Figure:
        cities = self.result.area.cities
        return yearly_maps(
            cities,
            self.known.values.reindex(cities.index),
            years=self.known.shown_years,
            style=yearly_style(self.result, self.known),
            options=self._map_options("value_years"),
        )

    def _yearly_clusters(self) -> Figure:
        assert self.known.local is not None
        cities = self.result.area.cities
        return yearly_lisa_maps(
            cities,
            self.known.local.clusters().reindex(cities.index),
            years=self.known.shown_years,
            options=self._map_options("lisa_years"),
        )

    def _scatter(self) -> Axes:
        assert self.known.local is not None
        assert self.known.moran is not None
        slopes = self.known.moran.tidy().set_index("measure")["statistic"]
        table = self.known.local.table
        years = table.index.get_level_values("year")
        return moran_scatter_years(
            {
                year: _YearOfPanel(table[years == year].droplevel("year"), float(slopes[year]))
                for year in self.known.shown_years
            },
            names=self.result.area.cities["short_name"],
            options=replace(self._options("moran_scatter_years", wide=True), labelled=3),
        )

    def _paths(self) -> Axes:
        return time_paths_plot(
            self.known.paths,
            names=self.result.area.cities["short_name"],
            options=replace(self._options("time_paths"), labelled=DRAWN_PATHS),
        )

    def _markov(self) -> Axes:
        return spatial_markov_plot(self.known.markov, options=self._options("markov", wide=True))

    def _densities(self) -> Axes:
        assert self.known.densities is not None
        return density_ridges_plot(
            self.known.densities.density,
            axis_label=column_words(self.result.study, self.known.column, with_unit=True),
            options=self._options("densities"),
        )

    def _ellipse(self) -> Axes:
        cities = self.result.area.cities.loc[self.known.values.index]
        return ellipse_plot(self.known.ellipses, cities, options=self._options("ellipse"))

    def _centre(self) -> Axes:
        return centre_path_plot(self.known.ellipses, options=self._options("centre_path"))
