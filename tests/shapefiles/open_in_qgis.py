"""Open a GeoPackage or a project in QGIS, as a user would, and print what is found as JSON.

Run with the Python that QGIS uses: python3 open_in_qgis.py FILE FOLDER_FOR_PICTURES
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def describe_layer(layer):
    """Say what a user sees of a layer: fields, classes, features without a symbol."""
    from qgis.core import (
        QgsExpressionContext,
        QgsExpressionContextUtils,
        QgsRenderContext,
    )

    found = {
        "name": layer.name(),
        "valid": layer.isValid(),
        "features": layer.featureCount(),
        "spatial": layer.isSpatial(),
        "fields": [field.name() for field in layer.fields()],
        "aliases": {field.name(): field.alias() for field in layer.fields() if field.alias()},
        "title": layer.metadata().title(),
        "crs": layer.crs().authid(),
        "keywords": layer.metadata().keywords(),
        "licences": layer.metadata().licenses(),
        "language": layer.metadata().language(),
        "extents": len(layer.metadata().extent().spatialExtents()),
        "joins": [join.prefix() for join in layer.vectorJoins()],
    }
    if layer.isValid() and layer.vectorJoins():
        # A joined field that is NULL for every feature was not found by its id.
        names = [
            f.name() for i, f in enumerate(layer.fields()) if layer.fields().fieldOrigin(i) == 2
        ]
        rows = [[feature[name] for name in names] for feature in layer.getFeatures()]
        found["joined"] = {
            name: sum(row[at] not in (None, "") and str(row[at]) != "NULL" for row in rows)
            for at, name in enumerate(names)
        }
    if not layer.isValid() or not layer.isSpatial():
        return found
    renderer = layer.renderer().clone()
    found["renderer"] = renderer.type()
    found["legend"] = [item.label() for item in renderer.legendSymbolItems()]
    keys = {item.ruleKey(): item.label() for item in renderer.legendSymbolItems()}
    context = QgsRenderContext()
    scopes = QgsExpressionContextUtils.globalProjectLayerScopes(layer)
    context.setExpressionContext(QgsExpressionContext(scopes))
    renderer.startRender(context, layer.fields())
    classes, lacking = {}, 0
    for feature in layer.getFeatures():
        context.expressionContext().setFeature(feature)
        if not renderer.willRenderFeature(feature, context):
            lacking += 1
            continue
        # The root rule of a rule renderer reports itself too; it is no entry of the legend.
        shown = renderer.legendKeysForFeature(feature, context)
        labels = {keys[key] for key in shown if key in keys}
        classes[str(feature[found["fields"][1]]) if len(found["fields"]) > 1 else feature.id()] = (
            sorted(labels)
        )
    renderer.stopRender(context)
    found["classes"], found["without_symbol"] = classes, lacking
    temporal = layer.temporalProperties()
    if temporal.isActive():
        years = sorted({feature["year"] for feature in layer.getFeatures()})
        wanted = [years[0], years[len(years) // 2], years[-1]]
        found["temporal"] = {
            "mode": int(temporal.mode()),
            "field": temporal.startField(),
            "drawn": {year: drawn_in(layer, year) for year in wanted},
        }
    found["labelled"] = bool(layer.labelsEnabled() and layer.labeling())
    if found["labelled"]:
        settings = layer.labeling().settings()
        found["label_field"] = settings.fieldName
        found["label_font"] = settings.format().font().family()
    setup = {f.name(): layer.editorWidgetSetup(i).type() for i, f in enumerate(layer.fields())}
    found["widgets"] = {name: kind for name, kind in setup.items() if kind}
    return found


def open_geopackage(path):
    """Load every table with its default style, and list its other styles."""
    from qgis.core import QgsProviderRegistry, QgsVectorLayer

    layers = []
    for sub in QgsProviderRegistry.instance().querySublayers(path):
        if sub.name() == "layer_styles":
            continue
        layer = QgsVectorLayer(sub.uri(), sub.name(), "ogr")
        found = describe_layer(layer)
        related, _, names, _, _ = layer.listStylesInDatabase()
        found["styles"] = list(names)[:related]  # then follow those of other tables
        layers.append(found)
    return {"layers": layers}


def picture_is_blank(image):
    """Tell whether a picture has one colour only."""
    first = image.pixel(0, 0)
    across, down = max(image.width() // 200, 1), max(image.height() // 200, 1)
    return all(
        image.pixel(x, y) == first
        for x in range(0, image.width(), across)
        for y in range(0, image.height(), down)
    )


def open_project(path, folder):
    """Load a project, describe it, and print its layouts to pictures."""
    from qgis.core import QgsLayoutExporter, QgsProject

    project = QgsProject.instance()
    opened = project.read(path)
    themes = project.mapThemeCollection()
    tree = project.layerTreeRoot()
    result = {
        "opened": opened,
        "title": project.title(),
        "crs_valid": project.crs().isValid(),
        "crs": project.crs().description(),
        "ellipsoid": project.ellipsoid(),
        "in_tree": [node.layer() is not None for node in tree.findLayers()],
        "groups": [group.name() for group in tree.findGroups()],
        "visible": [n.name() for n in tree.findLayers() if n.isVisible()],
        "layers": [describe_layer(layer) for layer in project.mapLayers().values()],
        "themes": {
            name: [layer.name() for layer in themes.mapThemeVisibleLayers(name)]
            for name in themes.mapThemes()
        },
        "relations": {
            r.name(): r.isValid() for r in project.relationManager().relations().values()
        },
        "time": describe_time(project),
        "view": not project.viewSettings().defaultViewExtent().isEmpty(),
        "layouts": {},
    }
    for number, layout in enumerate(project.layoutManager().printLayouts()):
        settings = QgsLayoutExporter.ImageExportSettings()
        settings.dpi = 60
        picture = str(Path(folder) / f"layout_{number}.png")
        done = QgsLayoutExporter(layout).exportToImage(picture, settings)
        result["layouts"][layout.name()] = describe_layout(layout, picture, done)
        if layout.atlas().enabled():
            pages = print_atlas(layout, Path(folder) / f"atlas_{number}")
            result["layouts"][layout.name()]["atlas"] = pages
    return result


def print_atlas(layout, folder):
    """Name every page of an atlas; print the first, the middle and the last ones to pictures."""
    from qgis.core import QgsLayoutExporter

    folder.mkdir(parents=True, exist_ok=True)
    atlas, pages = layout.atlas(), []
    settings = QgsLayoutExporter.ImageExportSettings()
    settings.dpi = 60
    atlas.beginRender()
    count = atlas.count()
    printed = {0, 1, count // 2, count - 1}
    for number in range(count):
        atlas.seekTo(number)
        page = {"page": atlas.nameForPage(number), "file": atlas.currentFilename()}
        if number in printed:
            picture = str(folder / f"{number:03d}.png")
            done = QgsLayoutExporter(layout).exportToImage(picture, settings)
            page |= describe_layout(layout, picture, done)
        pages.append(page)
    atlas.endRender()
    return pages


def describe_time(project):
    """Say what the temporal controller finds: range and step of the project."""
    limits = project.timeSettings().temporalRange()
    return [
        limits.begin().toString("yyyy-MM-dd HH:mm:ss"),
        limits.end().toString("yyyy-MM-dd HH:mm:ss"),
        project.timeSettings().timeStep(),
        int(project.timeSettings().timeStepUnit()),
        project.readEntry("TemporalControllerWidget", "/StartDateTime")[0],
        project.readNumEntry("TemporalControllerWidget", "/NavigationMode")[0],
    ]


def drawn_in(layer, year):
    """Draw a temporal layer in one year with the temporal controller's range.

    Returns the number of features that pass its filter, their years, and the colours painted.
    """
    from qgis.core import (
        QgsDateTimeRange,
        QgsFeatureRequest,
        QgsMapRendererCustomPainterJob,
        QgsMapSettings,
        QgsVectorLayerTemporalContext,
    )
    from qgis.PyQt.QtCore import QDate, QDateTime, QSize, QTime
    from qgis.PyQt.QtGui import QColor, QImage, QPainter

    begin = QDateTime(QDate(year, 1, 1), QTime(0, 0))
    limits = QgsDateTimeRange(begin, begin.addYears(1), True, False)
    context = QgsVectorLayerTemporalContext()
    context.setLayer(layer)
    test = layer.temporalProperties().createFilterString(context, limits)
    rows = list(layer.getFeatures(QgsFeatureRequest().setFilterExpression(test)))
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setExtent(layer.extent())
    settings.setOutputSize(QSize(240, 160))
    settings.setFlag(QgsMapSettings.Antialiasing, False)
    settings.setFlag(QgsMapSettings.DrawLabeling, False)
    settings.setBackgroundColor(QColor("white"))
    settings.setIsTemporal(True)
    settings.setTemporalRange(limits)
    image = QImage(settings.outputSize(), QImage.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    job = QgsMapRendererCustomPainterJob(settings, painter)
    job.start()
    job.waitForFinished()
    painter.end()
    colours = {}
    for x in range(image.width()):
        for y in range(image.height()):
            name = image.pixelColor(x, y).name()
            colours[name] = colours.get(name, 0) + 1
    return {
        "features": len(rows),
        "years": sorted({row["year"] for row in rows}),
        "colours": colours,
    }


def describe_layout(layout, picture, done):
    """Say what a printed page holds and whether everything lies on it."""
    from qgis.core import (
        QgsLayoutExporter,
        QgsLayoutItemLabel,
        QgsLayoutItemLegend,
        QgsLayoutItemMap,
        QgsLayoutItemPicture,
        QgsLayoutItemScaleBar,
    )
    from qgis.PyQt.QtGui import QImage

    page = layout.pageCollection().page(0).rect()
    image = QImage(picture)
    scale = image.width() / page.width()

    def of(kind):
        return [item for item in layout.items() if isinstance(item, kind)]

    def cut(item):
        box = (item.pos().x() + 1, item.pos().y() + 1, item.rect().width() - 2)
        left, top, width = (int(value * scale) for value in box)
        return image.copy(left, top, width, int((item.rect().height() - 2) * scale))

    outside = []
    for item in [*of(QgsLayoutItemMap), *of(QgsLayoutItemLegend), *of(QgsLayoutItemScaleBar)]:
        right, bottom = item.pos().x() + item.rect().width(), item.pos().y() + item.rect().height()
        if right > page.width() + 0.5 or bottom > page.height() + 0.5:
            outside.append([item.id(), right, bottom])
    from qgis.core import QgsExpression

    legends, legend_texts = [], []
    for legend in of(QgsLayoutItemLegend):
        nodes = legend.model().rootGroup().findLayers()
        legends.append([node.name() for node in nodes])
        # As the page shows them: QGIS evaluates what stands between [% and %].
        shown = [node.customProperty("legend/title-label") or node.name() for node in nodes]
        context = legend.createExpressionContext()
        texts = [QgsExpression.replaceExpressionText(text, context) for text in shown]
        legend_texts.append([" ".join(text.split()) for text in texts])
    return {
        "picture": picture,
        "exported": done == QgsLayoutExporter.Success,
        "blank_maps": [m.id() for m in of(QgsLayoutItemMap) if picture_is_blank(cut(m))],
        "maps": {
            m.id(): [m.followVisibilityPresetName(), m.crs().description()]
            for m in of(QgsLayoutItemMap)
        },
        "legends": legends,
        "legend_texts": legend_texts,
        "linked": [legend.linkedMap() is not None for legend in of(QgsLayoutItemLegend)],
        "scale_bars": [
            [b.linkedMap() is not None, b.unitsPerSegment(), b.rect().width()]
            for b in of(QgsLayoutItemScaleBar)
        ],
        "scale": next((m.scale() for m in of(QgsLayoutItemMap) if m.id() == "main_map"), None),
        "hidden": [m.id() for m in of(QgsLayoutItemMap) if m.excludeFromExports()],
        "texts": {label.id(): label.currentText() for label in of(QgsLayoutItemLabel)},
        "pictures": len(of(QgsLayoutItemPicture)),
        "outside": outside,
    }


def main():
    """Open the file named on the command line."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from qgis.core import QgsApplication, QgsSettings

    path, folder = sys.argv[1], sys.argv[2]
    QgsApplication.setPrefixPath(os.environ.get("QGIS_PREFIX_PATH", "/usr"), True)
    application = QgsApplication([], True, folder)
    application.initQgis()
    QgsSettings().setValue("qgis/walForSqlite3", False)
    found = open_geopackage(path) if path.endswith(".gpkg") else open_project(path, folder)
    Path(folder, "found.json").write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)  # Qt objects of QGIS may crash while the interpreter ends.


if __name__ == "__main__":
    main()
