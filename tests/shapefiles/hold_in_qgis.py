"""Keep a layer open in QGIS while somebody else writes its file, and obey commands.

Run with the Python that QGIS uses: python3 hold_in_qgis.py GEOPACKAGE TABLE FOLDER. Then write
lines to its input: ``read``, ``begin`` (leave a cursor open), ``end``, ``edit``, ``save`` or
``quit``; each is answered by one line.
"""

from __future__ import annotations

import os
import sys


def main():
    """Open the layer and answer until told to quit."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from qgis.core import QgsApplication, QgsProject, QgsVectorLayer

    path, table, folder = sys.argv[1:4]
    QgsApplication.setPrefixPath(os.environ.get("QGIS_PREFIX_PATH", "/usr"), True)
    application = QgsApplication([], True, folder)
    application.initQgis()
    layer = QgsVectorLayer(f"{path}|layername={table}", table, "ogr")
    QgsProject.instance().addMapLayer(layer)
    cursor = None
    print("ready" if layer.isValid() else "invalid", flush=True)
    for line in sys.stdin:
        command = line.strip()
        answer = "done"
        if command == "read":
            answer = str(sum(1 for _ in layer.getFeatures()))
        elif command == "begin":
            cursor = layer.getFeatures()
            next(cursor)
        elif command == "end":
            cursor.close()
        elif command == "edit":
            layer.startEditing()
            first = next(layer.getFeatures())
            layer.changeAttributeValue(first.id(), layer.fields().indexOf("name"), "by hand")
        elif command == "save":
            answer = "saved" if layer.commitChanges() else "refused"
        elif command == "quit":
            break
        print(answer, flush=True)
    os._exit(0)  # Qt objects of QGIS may crash while the interpreter ends.


if __name__ == "__main__":
    main()
