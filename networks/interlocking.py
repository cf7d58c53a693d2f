"""The interlocking network of cities: firms with offices in several cities join them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from networks.city_labels import city_index
from networks.records import memberships, records_in_words
from networks.types import LinkageNetwork
from spatial.errors import AlignmentError, PanelError, listed
from spatial.options import FirmCorrection, UnknownCities, UnnamedPlaces, checked_option


def interlocking_network(
    offices: pd.DataFrame,
    cities: pd.DataFrame | pd.Index,
    *,
    city: str = "city",
    firm: str = "firm",
    service: str | None = "service",
    correction: FirmCorrection = "none",
    headquarters: pd.Series | None = None,
    unknown: UnknownCities = "error",
    unnamed: UnnamedPlaces = "error",
    unit: str = "",
    year: int | None = None,
) -> LinkageNetwork:
    r"""Link cities by the firms that serve both.

    .. math:: R_{ab} = \sum_f c_f \, v_{af} v_{bf}, \qquad a \ne b

    with v_af the service value (0 to 5, say) of firm f in city a.

    Parameters
    ----------
    offices : pandas.DataFrame
        A row for each firm and city (given once); a table cities x firms becomes this by
        ``table.reset_index().melt("city", var_name="firm", value_name="service")``.
    cities : pandas.DataFrame or pandas.Index of shape (n,)
    city, firm : str
        Column names.
    service : str or None
        Column of service values, zero or positive. None: 1 where the firm is.
    correction : {"none", "newman", "equal"}
        c_f. ``none``: 1, as in the original, so that a firm in m cities makes m (m - 1) / 2 links
        and large firms rule. ``newman``: 1 / (m - 1), each office shares its value among the
        others. ``equal``: 1 over the sum of all products of the firm, so that each firm counts the
        same.
    headquarters : pandas.Series, optional
        City of the headquarters, index: firms. With it only products of headquarters and other
        offices count, and the network is directed, from headquarters to offices.
    unknown : {"error", "drop"}
        Records of cities outside the study; dropped ones are counted.
    unnamed : {"error", "drop"}
        Records without a city or a firm; dropped ones are counted.
    unit, year
        Carried by the network.

    Returns
    -------
    LinkageNetwork
        ``parameters`` counts records left out and ``firms_in_one_city``, which link nothing.
        Gross network connectivity is its strength: ``gross_connectivity``.

    Raises
    ------
    AlignmentError
        If columns are missing, cities are unknown, or a firm has no headquarters where it is.
    PanelError
        If service values are unusable, or a firm is given twice in a city.

    References
    ----------
    Taylor (2001), Specification of the world city network, Geographical Analysis 33, 181-194.
    Newman (2001), Scientific collaboration networks II, Physical Review E 64, 016132, for the
    weight 1 / (m - 1).
    """
    ids = city_index(cities)
    checked_option(correction, FirmCorrection, name="correction")
    found = memberships(
        offices, ids, city=city, group=firm, value=service, unknown=unknown, unnamed=unnamed
    )
    _require_once(offices, city, firm)
    table = found.table.copy()
    table.eliminate_zeros()
    offices_of = np.bincount(table.indices, minlength=len(found.groups))
    if headquarters is None:
        sending = table
    else:
        sending = _headquarters_only(table, headquarters, found.groups, ids)
    scale = _firm_factors(table, sending, offices_of, correction, headquarters is not None)
    flows = sparse.csr_array((sending * scale) @ table.T)
    flows.setdiag(0.0)
    if headquarters is None:
        flows = sparse.csr_array((flows + flows.T) / 2.0)
    parameters: dict[str, Any] = {
        "kind": "interlocking",
        "firms": len(found.groups),
        "firms_in_one_city": int((offices_of == 1).sum()),
        "correction": correction,
        "service": service,
        **found.counts,
    }
    words = [
        f"Interlocking network of {len(found.groups)} firms: "
        f"{'products of service values' if service else 'shared firms'}, correction {correction}"
        + ("" if headquarters is None else ", from headquarters to offices"),
        *records_in_words(found.counts),
    ]
    if parameters["firms_in_one_city"]:
        words.append(f"firms in one city only: {parameters['firms_in_one_city']}")
    return LinkageNetwork(
        ids, flows, headquarters is not None, unit, year, "; ".join(words), parameters
    )


def gross_connectivity(network: LinkageNetwork) -> pd.DataFrame:
    r"""Return the gross connectivity of cities, :math:`\sum_b R_{ab}`.

    Parameters
    ----------
    network : LinkageNetwork
        Of a directed one, what is sent and received counts.

    Returns
    -------
    pandas.DataFrame of shape (n, 3)
        ``gross``; ``relative`` (share of the largest); ``share`` (of the sum). In the order of the
        network; NaN shares where there are no links.

    Examples
    --------
    >>> offices = pd.DataFrame(
    ...     {"city": list("abac"), "firm": list("xxyy"), "service": [3, 2, 1, 1]}
    ... )
    >>> network = interlocking_network(offices, pd.Index(["a", "b", "c"]))
    >>> gross_connectivity(network)["gross"].to_dict()
    {'a': 7.0, 'b': 6.0, 'c': 1.0}
    """
    gross = network.sent if not network.directed else network.sent + network.received
    largest = gross.max() if gross.max() > 0 else np.nan
    return pd.DataFrame(
        {"gross": gross, "relative": gross / largest, "share": gross / (gross.sum() or np.nan)}
    )


def _require_once(offices: pd.DataFrame, city: str, firm: str) -> None:
    known = offices.dropna(subset=[city, firm])
    again = known.duplicated([city, firm])
    if again.any():
        pairs = known.loc[again, [city, firm]].itertuples(index=False, name=None)
        raise PanelError(
            f"{int(again.sum())} firms are given twice in a city: {listed(pairs)}; keep the "
            "largest service value, or add the values up, before."
        )


def _headquarters_only(
    table: sparse.csr_array, headquarters: pd.Series, firms: pd.Index, ids: pd.Index
) -> sparse.csr_array:
    """Service values of headquarters alone; firms seated outside the study send nothing."""
    lacking = firms.difference(headquarters.dropna().index, sort=False)
    if len(lacking) or not headquarters.index.is_unique:
        raise AlignmentError(
            f"headquarters= must name one city for each firm; it lacks {listed(lacking)}."
            if len(lacking)
            else "headquarters= names firms more than once; keep one city for each."
        )
    seat = ids.get_indexer(pd.Index(headquarters.reindex(firms)))
    here = table.tocoo()
    rows, columns = here.coords
    kept = rows == seat[columns]
    empty = np.setdiff1d(np.flatnonzero(seat >= 0), columns[kept])
    if len(empty):
        raise AlignmentError(
            f"Firms {listed(firms[empty])} have no service value in the city of their "
            "headquarters; add the record."
        )
    return sparse.csr_array((here.data[kept], (rows[kept], columns[kept])), shape=table.shape)


def _firm_factors(
    table: sparse.csr_array,
    sending: sparse.csr_array,
    offices_of: np.ndarray,
    correction: FirmCorrection,
    directed: bool,
) -> np.ndarray:
    if correction == "none":
        return np.ones(table.shape[1])
    if correction == "newman":
        divisor = offices_of - 1.0
    else:
        products = sending.sum(axis=0) * table.sum(axis=0) - sending.multiply(table).sum(axis=0)
        # A firm in one city has no products; rounding of its difference counts as none.
        divisor = np.where(offices_of > 1, products if directed else products / 2.0, 0.0)
    return np.divide(1.0, divisor, out=np.zeros(len(divisor)), where=divisor > 0)
