"""Works on indices, inequality and the structure of networks that a report may cite."""

from __future__ import annotations

from analyses.report_content import Reference

INDEX_WORKS = {
    "barro1992": Reference(
        "Barro, R. J. & Sala-i-Martin, X. (1992). Convergence. Journal of Political Economy "
        "100(2), 223–251.",
        "10.1086/261816",
    ),
    "borgatti2000": Reference(
        "Borgatti, S. P. & Everett, M. G. (2000). Models of core/periphery structures. Social "
        "Networks 21(4), 375–395.",
        "10.1016/S0378-8733(99)00019-2",
    ),
    "breiger1975": Reference(
        "Breiger, R. L., Boorman, S. A. & Arabie, P. (1975). An algorithm for clustering "
        "relational data with applications to social network analysis and comparison with "
        "multidimensional scaling. Journal of Mathematical Psychology 12(3), 328–383.",
        "10.1016/0022-2496(75)90028-0",
    ),
    "burt1976": Reference(
        "Burt, R. S. (1976). Positions in networks. Social Forces 55(1), 93–122.",
        "10.2307/2577097",
    ),
    "chen2012": Reference(
        "Chen, G. & Chen, J. (2012). Interindustry coagglomeration with spatial continuity: based "
        "on the study on coagglomeration between the secondary and tertiary industries. "
        "Management World (4), 82–100."
    ),
    "dagum1997": Reference(
        "Dagum, C. (1997). A new approach to the decomposition of the Gini income inequality "
        "ratio. Empirical Economics 22, 515–531.",
        "10.1007/BF01205777",
    ),
    "deng1982": Reference(
        "Deng, J. (1982). Control problems of grey systems. Systems & Control Letters 1(5), "
        "288–294.",
        "10.1016/S0167-6911(82)80025-X",
    ),
    "diakoulaki1995": Reference(
        "Diakoulaki, D., Mavrotas, G. & Papayannakis, L. (1995). Determining objective weights in "
        "multiple criteria problems: the CRITIC method. Computers & Operations Research 22(7), "
        "763–770.",
        "10.1016/0305-0548(94)00059-H",
    ),
    "hwang1981": Reference(
        "Hwang, C.-L. & Yoon, K. (1981). Multiple Attribute Decision Making: Methods and "
        "Applications. Berlin: Springer.",
        "10.1007/978-3-642-48318-9",
    ),
    "krackhardt1988b": Reference(
        "Krackhardt, D. & Stern, R. N. (1988). Informal networks and organizational crises: an "
        "experimental simulation. Social Psychology Quarterly 51(2), 123–140.",
        "10.2307/2786835",
    ),
    "krugman1991": Reference("Krugman, P. (1991). Geography and Trade. Cambridge, MA: MIT Press."),
    "mazziotta2016": Reference(
        "Mazziotta, M. & Pareto, A. (2016). On a generalized non-compensatory composite index for "
        "measuring socio-economic phenomena. Social Indicators Research 127(3), 983–1003.",
        "10.1007/s11205-015-0998-2",
    ),
    "oecd2008": Reference(
        "OECD & JRC (2008). Handbook on Constructing Composite Indicators: Methodology and User "
        "Guide. Paris: OECD Publishing.",
        "10.1787/9789264043466-en",
    ),
    "saisana2005": Reference(
        "Saisana, M., Saltelli, A. & Tarantola, S. (2005). Uncertainty and sensitivity analysis "
        "techniques as tools for the quality assessment of composite indicators. Journal of the "
        "Royal Statistical Society A 168(2), 307–323.",
        "10.1111/j.1467-985X.2005.00350.x",
    ),
    "schneider2011": Reference(
        "Schneider, C. M., Moreira, A. A., Andrade, J. S., Havlin, S. & Herrmann, H. J. (2011). "
        "Mitigation of malicious attacks on networks. Proceedings of the National Academy of "
        "Sciences 108(10), 3838–3841.",
        "10.1073/pnas.1009440108",
    ),
    "shannon1948": Reference(
        "Shannon, C. E. (1948). A mathematical theory of communication. Bell System Technical "
        "Journal 27(3), 379–423.",
        "10.1002/j.1538-7305.1948.tb01338.x",
    ),
    "shorrocks1980": Reference(
        "Shorrocks, A. F. (1980). The class of additively decomposable inequality measures. "
        "Econometrica 48(3), 613–625.",
        "10.2307/1913126",
    ),
    "simonsohn2020": Reference(
        "Simonsohn, U., Simmons, J. P. & Nelson, L. D. (2020). Specification curve analysis. "
        "Nature Human Behaviour 4(11), 1208–1214.",
        "10.1038/s41562-020-0912-z",
    ),
    "theil1967": Reference(
        "Theil, H. (1967). Economics and Information Theory. Amsterdam: North-Holland."
    ),
    "wang2021": Reference(
        "Wang, S., Kong, W., Ren, L., Zhi, D. & Dai, B. (2021). Research on misuses and "
        "modification of coupling coordination degree model in China. Journal of Natural "
        "Resources 36(3), 793–810.",
        "10.31497/zrzyxb.20210319",
    ),
}
"""Works by key."""
