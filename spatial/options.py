"""Every option that takes one of a few words, and the check that names the right ones."""

from __future__ import annotations

from typing import Any, Literal, get_args

from spatial.errors import ConfigError, nearest_spelling

Transform = Literal[
    "none",
    "binary",
    "row",
    "column",
    "global",
    "variance-stabilising",
    "spectral",
    "min-max",
    "doubly-stochastic",
]
ContiguityRule = Literal["queen", "rook"]
DistanceDecay = Literal["power", "exponential"]
IslandPolicy = Literal["keep", "nearest", "error"]
KernelFunction = Literal["uniform", "triangular", "epanechnikov", "quartic", "gaussian"]
NestedKind = Literal["product", "wealth", "convex"]
BoundaryVersion = Literal["outer", "inner", "ring"]
BoundaryScale = Literal["spectral", "base-rows", "row"]
IsolatesInSweep = Literal["flag", "city", "stop"]
Specification = Literal["ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns"]
AbsorbedEffects = Literal["pooled", "city", "year", "two-way"]
Effects = Literal["pooled", "city", "year", "two-way", "random", "correlated-random"]
DynamicLags = Literal["time", "space-time", "both"]
DynamicCovariance = Literal["information", "direct", "sandwich", "cluster"]
UnbalancedCovariance = Literal["information", "cluster"]
UnitRootTest = Literal["ips", "llc"]
Deterministic = Literal["none", "constant", "trend"]
LagChoice = Literal["aic", "bic"]
BiasCorrection = Literal["none", "variance", "lee-yu", "transformation"]
Covariance = Literal["information", "direct", "sandwich", "cluster"]
PanelCovariance = Literal[
    "information", "direct", "sandwich", "cluster", "driscoll-kraay", "conley"
]
DependentCovariance = Literal["cluster", "driscoll-kraay", "conley"]
InstrumentalSpecification = Literal["ols", "slx", "sar", "sdm"]
LagSpecification = Literal["sar", "sdm"]
InstrumentalCovariance = Literal["classical", "robust", "cluster", "driscoll-kraay", "conley"]
MomentSpecification = Literal["sar", "sdm", "sem", "sdem", "sac", "gns"]
MomentCovariance = Literal["classical", "robust"]
EstimationMethod = Literal["ml", "qml", "s2sls", "gmm"]
GeneralisedMoments = Literal["gm", "gs2sls", "gmm"]
DistanceKernel = Literal["bartlett", "uniform", "epanechnikov"]
LogDeterminantMethod = Literal["automatic", "eigenvalues", "sparse-lu", "chebyshev", "stochastic"]
Inference = Literal["delta", "simulation"]
Alternative = Literal["two-sided", "greater", "less"]
PointScale = Literal["standardised", "relative", "none"]
ClassScope = Literal["pooled", "by year"]
EmptyClass = Literal["missing", "stay"]
LagCuts = Literal["own", "same"]
HotSpotReference = Literal["window", "all years"]
EllipseAxes = Literal["one deviation", "root two"]
JoinSampling = Literal["without replacement", "free"]
MultipleTesting = Literal["none", "fdr", "by", "bonferroni"]
GlobalMeasure = Literal["moran", "geary", "getis-ord"]
HotSpotInference = Literal["permutation", "analytical"]
LocalMeasure = Literal["moran", "getis-ord", "geary", "losh"]
HeteroscedasticityInference = Literal["permutation", "chi-square"]
MissingCost = Literal["error", "drop"]
GravityBackboneRule = Literal["top", "row-mean"]
UnknownCities = Literal["error", "drop"]
DuplicateLinks = Literal["error", "sum"]
UnnamedPlaces = Literal["error", "drop"]
RecordEngine = Literal["duckdb", "spark"]
GravityCovariance = Literal["two-way", "origin", "destination", "pair", "robust"]
FirmCorrection = Literal["none", "newman", "equal"]
OwnershipStrength = Literal["count", "share"]
OwnershipChains = Literal["direct", "cumulated", "ultimate"]
SearchForm = Literal["product", "root", "asymmetric"]
SearchScale = Literal["none", "origin", "destination", "total"]
PatentCounting = Literal["full", "fractional"]
PatentPairs = Literal["applicants", "cities"]
RailMeasure = Literal["frequency", "time"]
Differencing = Literal["none", "first", "unit-root"]
GrangerStrength = Literal["F", "binary"]
Symmetrisation = Literal["max", "min", "mean", "sum", "product", "mutual"]
LinkEnds = Literal["either", "both"]
LinkSide = Literal["send", "receive"]
PathCost = Literal["inverse", "hops"]
CommunityAlgorithm = Literal["leiden", "louvain"]
CentralityMeasure = Literal[
    "degree",
    "strength",
    "closeness",
    "harmonic",
    "betweenness",
    "eigenvector",
    "katz",
    "pagerank",
    "hits",
    "structural holes",
    "k-core",
    "weighted k-core",
    "strength core",
    "dominance",
    "recursive",
    "hub dependence",
    "entropy",
    "community roles",
]
RowMeanDivisor = Literal["n-1", "n"]
EconomicDistance = Literal["difference", "floored", "none"]
QapNull = Literal["double-semi-partialling", "outcome"]
QapFamily = Literal["linear", "logit", "poisson"]
ConcorDiagonal = Literal["exclude", "mean", "zero"]
CoreLinks = Literal["full", "ignored"]
RemovalOrder = Literal["random", "degree", "strength", "betweenness"]
RobustnessMeasure = Literal["giant_component", "connectivity", "efficiency"]
LinkRemovalOrder = Literal["random", "strongest", "weakest"]
TransmissionShares = Literal["sent", "received"]
InputOutputForm = Literal["leontief", "ghosh"]
ContagionMeasure = Literal["strength", "links"]
SpilloverSign = Literal["uniform", "positive", "negative", "absolute"]
TableBrackets = Literal["standard error", "z", "p"]
ReportFormat = Literal["html", "docx", "pdf"]
JournalFormat = Literal["docx", "xlsx", "tex", "html", "md"]
VectorFormat = Literal["shapefile", "geojson", "geoparquet", "flatgeobuf"]
GraphFormat = Literal["graphml", "gexf", "pajek", "ucinet"]
WeightsFormat = Literal["gal", "gwt", "swm"]
Language = Literal["en", "zh"]
UnmatchedPolicy = Literal["error", "drop"]
IncompletePolicy = Literal["keep", "drop", "error"]
ColumnWidth = Literal["single", "double"]
NationalAggregate = Literal["sum", "mean", "weighted mean"]
TypologyCut = Literal["benchmark", "median"]
IndicatorDirection = Literal["positive", "negative", "moderate", "interval", "reciprocal"]
CompositeMethod = Literal[
    "entropy",
    "critic",
    "variation",
    "scatter-degree",
    "pca",
    "topsis",
    "entropy-topsis",
    "equal",
    "given",
    "ahp",
    "combined",
    "mazziotta-pareto",
    "grey-relational",
]
CorrelationMethod = Literal["pearson", "spearman"]
WeightCombination = Literal["product", "convex"]
ImbalancePenalty = Literal["downward", "upward"]
Standardisation = Literal[
    "min-max", "min-max by year", "min-max base year", "z-score", "mean-100", "vector", "none"
]
StudyTemplate = Literal["china-cities"]
MissingIndicator = Literal["error", "keep", "renormalise"]
CouplingForm = Literal["standard", "revised"]
SectorBenchmark = Literal["all", "others", "mean of others"]
CollaborativeVariant = Literal["quality and height", "quality", "quality and half height"]
PairCounterfactual = Literal["all sites", "both industries"]
PairCounting = Literal["automatic", "exact", "grid"]
RelatednessForm = Literal["minimum", "association", "cosine", "jaccard"]
BenchmarkCities = Literal["all", "others"]
AdaptabilitySeries = Literal["growth", "deviation"]
ScoreScale = Literal["z-score", "min-max"]


def checked_option(value: object, options: Any, *, name: str) -> str:
    """Return ``value`` when it is one of the words of a ``Literal``, else raise.

    Parameters
    ----------
    value : object
        What the caller gave.
    options : typing.Literal
        The alias that lists the allowed words.
    name : str
        Name of the argument, for the message.

    Returns
    -------
    str

    Raises
    ------
    ConfigError
        If ``value`` is no allowed word; the message lists them and the nearest spelling.

    Examples
    --------
    >>> checked_option("row", Transform, name="transform")
    'row'
    """
    allowed = get_args(options)
    if value not in allowed:
        words = ", ".join(repr(word) for word in allowed)
        hint = nearest_spelling(str(value), allowed)
        raise ConfigError(f"{name}={value!r} is not known{hint}; use one of {words}.")
    return str(value)
