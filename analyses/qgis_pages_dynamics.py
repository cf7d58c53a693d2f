"""Pages and themes of hot spots and of the dynamics of columns in the QGIS project of a study."""

from __future__ import annotations

from analyses.layers import StudyLayers, measure_titles
from analyses.layers_dynamics import dynamics_maps, yearly_cluster_style, yearly_style
from analyses.qgis_page import Page
from analyses.results import StudyResult
from analyses.results_dynamics import ColumnDynamics
from analyses.words_dynamics import hot_spot_method
from shapefiles.language import label
from shapefiles.layers import Layer
from shapefiles.qgis_project import Theme


def dynamics_pages(result: StudyResult, layers: StudyLayers) -> list[Page]:
    """Hot spots of every measure, maps over the years, and ellipses with their centres."""
    language, pages = result.study.language, []
    for key, about in measure_titles(result).items():
        if key in result.hot_spots:
            title = label("title_hot_spots", language, measure=about)
            method = hot_spot_method(result)
            pages.append(Page(name=title, shown=(f"hot_spots/{title}",), method=method))
    for known, layer in _followed(result, layers):
        pages += [
            Page(
                name=found.title,
                shown=(f"{layer.table}/{found.style.name}",),
                method=found.method,
            )
            for found in dynamics_maps(result, known)
        ]
    for centres, ellipses in zip(layers.ellipses[::2], layers.ellipses[1::2], strict=True):
        quiet = (layers.outlines.table,) if layers.outlines is not None else ()
        shown = (centres.table, ellipses.table, *quiet)
        pages.append(Page(name=ellipses.title, shown=shown, method=ellipses.abstract))
    return pages


def dynamics_themes(result: StudyResult, layers: StudyLayers) -> list[Theme]:
    """Themes of single years, which need no page of their own."""
    themes = []
    for known, layer in _followed(result, layers):
        yearly = []
        if "maps" in known.asked:
            yearly += [yearly_style(result, known, year) for year in known.shown_years]
        if known.local is not None:
            yearly += [yearly_cluster_style(result, known, year) for year in known.shown_years]
        themes += [Theme(name=one.name, shown=(f"{layer.table}/{one.name}",)) for one in yearly]
    return themes


def _followed(result: StudyResult, layers: StudyLayers) -> list[tuple[ColumnDynamics, Layer]]:
    """Columns that are followed, with their layers."""
    if result.dynamics is None:
        return []
    return [(result.dynamics.columns[name], layer) for name, layer in layers.dynamics.items()]
