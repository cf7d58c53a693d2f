"""Inter-city linkage networks: building, thinning, measuring and comparing them."""

from networks.backbones import Backbone, disparity_backbone, row_mean_backbone
from networks.centrality import Centralities, centralities
from networks.communities import Communities, communities, modularity
from networks.costs import cost_matrix
from networks.flows import flow_network
from networks.gravity import gravity_network
from networks.lines import link_lines
from networks.qap import QapCorrelation, qap_correlation
from networks.structure import NetworkStructure, structure
from networks.types import LinkageNetwork, network_from_matrix, network_from_networkx

__all__ = [
    "Backbone",
    "Centralities",
    "Communities",
    "LinkageNetwork",
    "NetworkStructure",
    "QapCorrelation",
    "centralities",
    "communities",
    "cost_matrix",
    "disparity_backbone",
    "flow_network",
    "gravity_network",
    "link_lines",
    "modularity",
    "network_from_matrix",
    "network_from_networkx",
    "qap_correlation",
    "row_mean_backbone",
    "structure",
]
