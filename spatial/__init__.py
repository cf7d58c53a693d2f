"""The numeric ground floor: weights, autocorrelation and spillover regressions of city systems.

Nothing heavy is imported here; import the room you need, for example
``from spatial.weights import knn_weights``.
"""
