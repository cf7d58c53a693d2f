"""Files: reading and checking, GeoPackage, QGIS projects, maps, graph and weights files."""
