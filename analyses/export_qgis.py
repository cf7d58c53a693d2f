"""The GeoPackage and the QGIS project of a study, side by side."""

from __future__ import annotations

from pathlib import Path

from analyses.layers import StudyLayers
from analyses.qgis_pages import lisa_method, themes_and_layouts
from analyses.qgis_tables import attribute_tables, joins, relations
from analyses.results import StudyResult
from shapefiles.geopackage import Provenance, write_geopackage
from shapefiles.map_insets import MapInset
from shapefiles.qgis_project import write_qgis_project

__all__ = ["attribute_tables", "lisa_method", "themes_and_layouts", "write_qgis"]


def write_qgis(result: StudyResult, layers: StudyLayers, folder: Path) -> tuple[Path, Path]:
    """Write ``NAME.gpkg`` and ``NAME.qgz`` side by side.

    Parameters
    ----------
    result : StudyResult
    layers : StudyLayers
        Of the same result.
    folder : Path

    Returns
    -------
    (Path, Path)
        GeoPackage and project.
    """
    study = result.study
    tables = attribute_tables(result)
    themes, layouts = themes_and_layouts(result, layers)
    provenance = Provenance(
        author=study.outputs.author,
        source=study.source_note(),
        licence=study.outputs.licence,
        keywords=(study.titled(), *(column for column in study.groups)),
        language=study.language,
    )
    package = write_geopackage(
        folder / f"{study.outputs.name}.gpkg",
        layers.all(),
        attribute_tables=tables,
        title=study.titled(),
        abstract=study.source_note(),
        provenance=provenance,
    )
    project = write_qgis_project(
        folder / f"{study.outputs.name}.qgz",
        package.name,
        layers.all(),
        themes,
        layouts,
        attribute_tables=tables,
        relations=relations(result, layers),
        joins=joins(result, layers),
        title=study.titled(),
        abstract=study.source_note(),
        provenance=provenance,
        cities=result.area.cities,
        insets=[MapInset(**window.model_dump()) for window in study.insets],
        language=study.language,
    )
    return package, project
