"""Networks from search indices: how often people in one city look for another."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from networks.dyads import DyadTable, dyad_cities, dyad_values
from networks.types import LinkageNetwork
from spatial.errors import ConfigError, WeightsError, listed
from spatial.options import SearchForm, SearchScale, checked_option


def search_index_network(
    searches: DyadTable,
    *,
    form: SearchForm = "product",
    scale: SearchScale = "none",
    below_threshold: float = 0.0,
    year: int | None = None,
) -> LinkageNetwork:
    r"""Link cities by mutual searches.

    .. math:: R_{ij} = a_{ij} a_{ji}, \qquad \sqrt{a_{ij} a_{ji}}, \qquad \text{or } a_{ij}

    with a_ij what people in city i search for city j, scaled or not.

    Parameters
    ----------
    searches : LinkageNetwork or pandas.DataFrame of shape (n, n)
        Daily mean index, row searches for column; the diagonal is not used.
    form : {"product", "root", "asymmetric"}
        ``product`` is the usual one; ``root`` has the unit of the index; ``asymmetric`` keeps the
        directions (attention sent by i to j).
    scale : {"none", "origin", "destination", "total"}
        Divide a_ij by all searches of i for others, by all searches for j, or by all: a platform
        that grows, or that people of one city use more, then makes no linkage. Cities without
        searches stay without links, and are counted.
    below_threshold : float
        Indices below the reporting threshold come as 0; this small value takes their place.
    year
        Carried by the network.

    Returns
    -------
    LinkageNetwork
        Undirected, unless ``asymmetric``.

    Raises
    ------
    AlignmentError
        If rows and columns differ.
    WeightsError
        If indices are negative or missing.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame([[0, 6], [2, 0]], index=["a", "b"], columns=["a", "b"])
    >>> search_index_network(table).total_flow
    12.0
    """
    checked_option(form, SearchForm, name="form")
    checked_option(scale, SearchScale, name="scale")
    if not (np.isfinite(below_threshold) and below_threshold >= 0):
        raise ConfigError(
            f"below_threshold={below_threshold!r}: a finite number, zero or positive, is needed."
        )
    ids = dyad_cities(searches, what="the searches")
    a = dyad_values(searches, ids, what="the searches")
    bad = np.asarray((~np.isfinite(a) | (a < 0)).any(axis=1))
    if bad.any():
        raise WeightsError(
            f"Search indices in the rows of {listed(ids[bad])} are negative or missing; correct "
            "them, or set what lies below the reporting threshold to 0."
        )
    apart = ~np.eye(len(ids), dtype=bool)
    filled = apart & (a == 0)
    a[filled] = below_threshold
    empty = int((a.sum(axis=1) == 0).sum())
    a = _scaled(a, scale)
    if form != "asymmetric":
        a = a * a.T if form == "product" else np.sqrt(a * a.T)
    words = {"product": "a_ij x a_ji", "root": "sqrt(a_ij x a_ji)", "asymmetric": "a_ij"}[form]
    remarks = [f"Search index network: {words}, a divided by {scale}"]
    if below_threshold:
        remarks.append(f"zero cells set to {below_threshold:g}: {int(filled.sum())}")
    if empty:
        remarks.append(f"cities that search for no other: {empty}")
    parameters = {
        "kind": "search index",
        "form": form,
        "scale": scale,
        "below_threshold": below_threshold,
        "zero_cells": int(filled.sum()),
        "cities_without_searches": empty,
    }
    return LinkageNetwork(
        ids,
        sparse.csr_array(a),
        form == "asymmetric",
        "search index" if scale == "none" else "share of searches",
        year,
        "; ".join(remarks),
        parameters,
    )


def _scaled(a: np.ndarray, scale: SearchScale) -> np.ndarray:
    if scale == "none":
        return a
    totals = {
        "origin": a.sum(axis=1, keepdims=True),
        "destination": a.sum(axis=0, keepdims=True),
        "total": a.sum(keepdims=True),
    }[scale]
    return np.divide(a, totals, out=np.zeros_like(a), where=totals > 0)
