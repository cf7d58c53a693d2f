"""Inter-city linkage networks: building, thinning, measuring and comparing them."""

from networks.aligned_partitions import AlignedPartitions, align_partitions
from networks.backbone_comparison import (
    BackboneComparison,
    compare_backbones,
    threshold_sweep,
)
from networks.backbone_nulls import (
    doubly_stochastic_backbone,
    lans_backbone,
    marginal_likelihood_backbone,
)
from networks.backbone_rules import (
    absolute_backbone,
    dominant_flow_backbone,
    noise_corrected_backbone,
    quantile_backbone,
    spanning_tree_backbone,
    top_links_backbone,
)
from networks.backbone_skeletons import planar_backbone, salience_backbone
from networks.backbones import Backbone, disparity_backbone, row_mean_backbone
from networks.cascade import Cascade, cascade_sweep, load_cascade
from networks.centrality import Centralities, centralities
from networks.changes import NetworkChange, network_change
from networks.city_clusters import (
    ClusterStructure,
    RankSize,
    cluster_structure,
    functional_polycentricity,
    openness,
    primacy,
    rank_size,
)
from networks.communities import Communities, communities, modularity
from networks.concor import BlockModel, block_model, concor
from networks.contagion import threshold_contagion
from networks.conversion import network_from_igraph, network_to_igraph
from networks.copatent import copatent_network
from networks.core_periphery import CorePeriphery, core_periphery
from networks.costs import cost_matrix
from networks.debt_rank import DebtRank, debt_rank, distress_propagation
from networks.estimated_gravity import EstimatedGravity, estimated_gravity
from networks.flow_records import (
    flow_network_from_records,
    network_sequence_from_records,
)
from networks.flows import flow_network
from networks.granger import GrangerNetwork, granger_network
from networks.gravity import gravity_network
from networks.gravity_backbone import GravityBackbone, gravity_backbone
from networks.interlocking import gross_connectivity, interlocking_network
from networks.lines import link_lines
from networks.link_robustness import link_robustness
from networks.model_spillovers import propagate_spillovers, spillover_network
from networks.modified_gravity import (
    digital_distances,
    digital_gravity_network,
    economic_distances,
    modified_gravity_network,
    modified_gravity_sensitivity,
)
from networks.ownership import ownership_network
from networks.partitions import (
    CommunityStability,
    community_stability,
    partition_agreement,
    resolution_sweep,
)
from networks.plausibility import LinkageWarning
from networks.polygon_grid import cities_of_points
from networks.prestige import katz_centrality, pagerank
from networks.propagation import input_output_propagation, linear_propagation
from networks.qap import QapCorrelation, qap_correlation
from networks.qap_matrix import QapCorrelations, qap_correlations
from networks.qap_regression import QapRegression, qap_regression
from networks.radiation import intervening_opportunities_network, radiation_network
from networks.rail import RailChange, rail_change, rail_network
from networks.recovery import recovery
from networks.robustness import Robustness, robustness, vulnerability
from networks.search_index import search_index_network
from networks.sequence import NetworkSequence, network_sequence
from networks.shock_paths import ShockPath
from networks.small_world import RichClub, SmallWorld, assortativity, rich_club, small_world
from networks.structure import NetworkStructure, structure
from networks.structure_resilience import (
    StructureResilience,
    structure_resilience,
    structure_resilience_change,
)
from networks.types import LinkageNetwork, network_from_matrix, network_from_networkx
from networks.urban_flow import UrbanFlow, urban_flow

__all__ = [
    "AlignedPartitions",
    "Backbone",
    "BackboneComparison",
    "BlockModel",
    "Cascade",
    "Centralities",
    "ClusterStructure",
    "Communities",
    "CommunityStability",
    "CorePeriphery",
    "DebtRank",
    "EstimatedGravity",
    "GrangerNetwork",
    "GravityBackbone",
    "LinkageNetwork",
    "LinkageWarning",
    "NetworkChange",
    "NetworkSequence",
    "NetworkStructure",
    "QapCorrelation",
    "QapCorrelations",
    "QapRegression",
    "RailChange",
    "RankSize",
    "RichClub",
    "Robustness",
    "ShockPath",
    "SmallWorld",
    "StructureResilience",
    "UrbanFlow",
    "absolute_backbone",
    "align_partitions",
    "assortativity",
    "block_model",
    "cascade_sweep",
    "centralities",
    "cities_of_points",
    "cluster_structure",
    "communities",
    "community_stability",
    "compare_backbones",
    "concor",
    "copatent_network",
    "core_periphery",
    "cost_matrix",
    "debt_rank",
    "digital_distances",
    "digital_gravity_network",
    "disparity_backbone",
    "distress_propagation",
    "dominant_flow_backbone",
    "doubly_stochastic_backbone",
    "economic_distances",
    "estimated_gravity",
    "flow_network",
    "flow_network_from_records",
    "functional_polycentricity",
    "granger_network",
    "gravity_backbone",
    "gravity_network",
    "gross_connectivity",
    "input_output_propagation",
    "interlocking_network",
    "intervening_opportunities_network",
    "katz_centrality",
    "lans_backbone",
    "linear_propagation",
    "link_lines",
    "link_robustness",
    "load_cascade",
    "marginal_likelihood_backbone",
    "modified_gravity_network",
    "modified_gravity_sensitivity",
    "modularity",
    "network_change",
    "network_from_igraph",
    "network_from_matrix",
    "network_from_networkx",
    "network_sequence",
    "network_sequence_from_records",
    "network_to_igraph",
    "noise_corrected_backbone",
    "openness",
    "ownership_network",
    "pagerank",
    "partition_agreement",
    "planar_backbone",
    "primacy",
    "propagate_spillovers",
    "qap_correlation",
    "qap_correlations",
    "qap_regression",
    "quantile_backbone",
    "radiation_network",
    "rail_change",
    "rail_network",
    "rank_size",
    "recovery",
    "resolution_sweep",
    "rich_club",
    "robustness",
    "row_mean_backbone",
    "salience_backbone",
    "search_index_network",
    "small_world",
    "spanning_tree_backbone",
    "spillover_network",
    "structure",
    "structure_resilience",
    "structure_resilience_change",
    "threshold_contagion",
    "threshold_sweep",
    "top_links_backbone",
    "urban_flow",
    "vulnerability",
]
