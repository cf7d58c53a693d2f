"""Works that the methods of a study rest on."""

from __future__ import annotations

from collections.abc import Iterable

from analyses.references_indices import INDEX_WORKS
from analyses.report_citations import reference_in
from analyses.report_content import Reference
from spatial.options import Language

WORKS = {
    "anderson1957": Reference(
        "Anderson, T. W. & Goodman, L. A. (1957). Statistical inference about Markov chains. "
        "Annals of Mathematical Statistics 28(1), 89–110.",
        "10.1214/aoms/1177707039",
    ),
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
    "bickenbach2003": Reference(
        "Bickenbach, F. & Bode, E. (2003). Evaluating the Markov property in studies of economic "
        "convergence. International Regional Science Review 26(3), 363–392.",
        "10.1177/0160017603253789",
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
    "getis1992": Reference(
        "Getis, A. & Ord, J. K. (1992). The analysis of spatial association by use of distance "
        "statistics. Geographical Analysis 24(3), 189–206.",
        "10.1111/j.1538-4632.1992.tb00261.x",
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
    "lefever1926": Reference(
        "Lefever, D. W. (1926). Measuring geographic concentration by means of the standard "
        "deviational ellipse. American Journal of Sociology 32(1), 88–94.",
        "10.1086/214027",
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
    "mann1945": Reference(
        "Mann, H. B. (1945). Nonparametric tests against trend. Econometrica 13(3), 245–259.",
        "10.2307/1907187",
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
    "ord1995": Reference(
        "Ord, J. K. & Getis, A. (1995). Local spatial autocorrelation statistics: distributional "
        "issues and an application. Geographical Analysis 27(4), 286–306.",
        "10.1111/j.1538-4632.1995.tb00912.x",
    ),
    "rey2001": Reference(
        "Rey, S. J. (2001). Spatial empirics for economic growth and convergence. Geographical "
        "Analysis 33(3), 195–214.",
        "10.1111/j.1538-4632.2001.tb00444.x",
    ),
    "rey2004": Reference(
        "Rey, S. J. (2004). Spatial dependence in the evolution of regional income distributions. "
        "In: Getis, A., Mur, J. & Zoller, H. G. (eds), Spatial Econometrics and Spatial "
        "Statistics, 194–213. Basingstoke: Palgrave Macmillan."
    ),
    "rey2011": Reference(
        "Rey, S. J., Murray, A. T. & Anselin, L. (2011). Visualizing regional income distribution "
        "dynamics. Letters in Spatial and Resource Sciences 4(1), 81–90.",
        "10.1007/s12076-010-0048-2",
    ),
    "rey2014": Reference(
        "Rey, S. J. (2014). Fast algorithms for a space-time concordance measure. Computational "
        "Statistics 29(3–4), 799–811.",
        "10.1007/s00180-013-0461-2",
    ),
    "sen1968": Reference(
        "Sen, P. K. (1968). Estimates of the regression coefficient based on Kendall's tau. "
        "Journal of the American Statistical Association 63(324), 1379–1389.",
        "10.1080/01621459.1968.10480934",
    ),
    "serrano2009": Reference(
        "Serrano, M. Á., Boguñá, M. & Vespignani, A. (2009). Extracting the multiscale backbone "
        "of complex weighted networks. Proceedings of the National Academy of Sciences 106(16), "
        "6483–6488.",
        "10.1073/pnas.0808904106",
    ),
    "silverman1986": Reference(
        "Silverman, B. W. (1986). Density Estimation for Statistics and Data Analysis. London: "
        "Chapman & Hall.",
        "10.1201/9781315140919",
    ),
    "traag2019": Reference(
        "Traag, V. A., Waltman, L. & van Eck, N. J. (2019). From Louvain to Leiden: guaranteeing "
        "well-connected communities. Scientific Reports 9, 5233.",
        "10.1038/s41598-019-41695-z",
    ),
    "yuill1971": Reference(
        "Yuill, R. S. (1971). The standard deviational ellipse: an updated tool for spatial "
        "description. Geografiska Annaler B 53(1), 28–39.",
        "10.2307/490885",
    ),
}
"""Works by key; only those cited in a report are listed there."""


def works(keys: Iterable[str], language: Language = "en") -> tuple[Reference, ...]:
    """Return works by their keys, each once, by the alphabet, in the style of a language."""
    known = WORKS | INDEX_WORKS
    return tuple(reference_in(known[key], language) for key in sorted(set(keys)))
