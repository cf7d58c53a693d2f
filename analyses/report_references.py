"""Works that the methods of a study rest on."""

from __future__ import annotations

from collections.abc import Iterable

from analyses.references_indices import INDEX_WORKS
from analyses.report_content import Reference

WORKS = {
    "anselin1995": Reference(
        "Anselin, L. (1995). Local indicators of spatial association—LISA. Geographical "
        "Analysis 27(2), 93–115.",
        "10.1111/j.1538-4632.1995.tb00338.x",
    ),
    "benjamini1995": Reference(
        "Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate: a practical "
        "and powerful approach to multiple testing. Journal of the Royal Statistical Society B "
        "57(1), 289–300.",
        "10.1111/j.2517-6161.1995.tb02031.x",
    ),
    "bonacich1972": Reference(
        "Bonacich, P. (1972). Factoring and weighting approaches to status scores and clique "
        "identification. Journal of Mathematical Sociology 2(1), 113–120.",
        "10.1080/0022250X.1972.9989806",
    ),
    "elhorst2014": Reference(
        "Elhorst, J. P. (2014). Spatial Econometrics: From Cross-Sectional Data to Spatial "
        "Panels. Heidelberg: Springer.",
        "10.1007/978-3-642-40340-8",
    ),
    "faggian2018": Reference(
        "Faggian, A., Gemmiti, R., Jaquet, T. & Santini, I. (2018). Regional economic "
        "resilience: the experience of the Italian local labor systems. Annals of Regional "
        "Science 60(2), 393–410.",
        "10.1007/s00168-017-0822-9",
    ),
    "freeman1978": Reference(
        "Freeman, L. C. (1978). Centrality in social networks: conceptual clarification. Social "
        "Networks 1(3), 215–239.",
        "10.1016/0378-8733(78)90021-7",
    ),
    "krackhardt1988": Reference(
        "Krackhardt, D. (1988). Predicting with networks: nonparametric multiple regression "
        "analysis of dyadic data. Social Networks 10(4), 359–381.",
        "10.1016/0378-8733(88)90004-4",
    ),
    "krackhardt1994": Reference(
        "Krackhardt, D. (1994). Graph theoretical dimensions of informal organizations. In: "
        "Carley, K. & Prietula, M. (eds), Computational Organization Theory, 89–111. Hillsdale: "
        "Lawrence Erlbaum."
    ),
    "latora2001": Reference(
        "Latora, V. & Marchiori, M. (2001). Efficient behavior of small-world networks. Physical "
        "Review Letters 87(19), 198701.",
        "10.1103/PhysRevLett.87.198701",
    ),
    "leeyu2010": Reference(
        "Lee, L. & Yu, J. (2010). Estimation of spatial autoregressive panel data models with "
        "fixed effects. Journal of Econometrics 154(2), 165–185.",
        "10.1016/j.jeconom.2009.08.001",
    ),
    "lesage2009": Reference(
        "LeSage, J. & Pace, R. K. (2009). Introduction to Spatial Econometrics. Boca Raton: CRC "
        "Press.",
        "10.1201/9781420064254",
    ),
    "lesage2014": Reference(
        "LeSage, J. P. (2014). Spatial econometric panel data model specification: a Bayesian "
        "approach. Spatial Statistics 9, 122–145.",
        "10.1016/j.spasta.2014.02.002",
    ),
    "martin2012": Reference(
        "Martin, R. (2012). Regional economic resilience, hysteresis and recessionary shocks. "
        "Journal of Economic Geography 12(1), 1–32.",
        "10.1093/jeg/lbr019",
    ),
    "martin2016": Reference(
        "Martin, R., Sunley, P., Gardiner, B. & Tyler, P. (2016). How regions react to "
        "recessions: resilience and the role of economic structure. Regional Studies 50(4), "
        "561–585.",
        "10.1080/00343404.2015.1136410",
    ),
    "moran1950": Reference(
        "Moran, P. A. P. (1950). Notes on continuous stochastic phenomena. Biometrika "
        "37(1/2), 17–23.",
        "10.1093/biomet/37.1-2.17",
    ),
    "serrano2009": Reference(
        "Serrano, M. Á., Boguñá, M. & Vespignani, A. (2009). Extracting the multiscale backbone "
        "of complex weighted networks. Proceedings of the National Academy of Sciences 106(16), "
        "6483–6488.",
        "10.1073/pnas.0808904106",
    ),
    "traag2019": Reference(
        "Traag, V. A., Waltman, L. & van Eck, N. J. (2019). From Louvain to Leiden: guaranteeing "
        "well-connected communities. Scientific Reports 9, 5233.",
        "10.1038/s41598-019-41695-z",
    ),
}
"""Works by key; only those cited in a report are listed there."""


def works(keys: Iterable[str]) -> tuple[Reference, ...]:
    """Return works by their keys, each once, in the order of the alphabet."""
    known = WORKS | INDEX_WORKS
    return tuple(known[key] for key in sorted(set(keys)))
