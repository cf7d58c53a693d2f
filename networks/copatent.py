"""Networks of joint patents (or papers): applicants of one patent in different cities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from networks.city_labels import city_index
from networks.records import memberships, records_in_words
from networks.types import LinkageNetwork
from spatial.options import (
    PatentCounting,
    PatentPairs,
    UnknownCities,
    UnnamedPlaces,
    checked_option,
)


def copatent_network(
    applicants: pd.DataFrame,
    cities: pd.DataFrame | pd.Index,
    *,
    patent: str = "patent",
    city: str = "city",
    counting: PatentCounting = "full",
    pairs: PatentPairs = "applicants",
    unknown: UnknownCities = "error",
    unnamed: UnnamedPlaces = "error",
    year: int | None = None,
) -> LinkageNetwork:
    r"""Link cities by patents that were applied for together.

    .. math:: f_{ab} = \sum_p c_p \, m_{ap} m_{bp}, \qquad
              f_{aa} = \sum_p c_p \, m_{ap} (m_{ap} - 1) / 2

    with m_ap the applicants of patent p in city a, and n_p all applicants of p. Joint papers and
    projects are counted in the same way.

    Parameters
    ----------
    applicants : pandas.DataFrame
        A row for each applicant of each patent.
    cities : pandas.DataFrame or pandas.Index of shape (n,)
    patent, city : str
        Column names.
    counting : {"full", "fractional"}
        c_p. ``full``: 1, each pair counts one. ``fractional``: 2 / (n_p (n_p - 1)), each patent
        counts one in all; partners outside the study or without a place have their part of it.
    pairs : {"applicants", "cities"}
        ``cities``: m is 1 where a patent has any applicant in the city, and n_p counts the cities;
        two firms of one city then count once, and nothing is inside a city.
    unknown : {"error", "drop"}
        Records of cities outside the study; dropped ones are counted.
    unnamed : {"error", "drop"}
        Records without a city or a patent; dropped ones are counted.
    year
        Carried by the network (year of application).

    Returns
    -------
    LinkageNetwork
        Undirected. ``inner`` holds f_aa, pairs inside a city. ``parameters`` counts ``patents``,
        ``joint_patents`` (two applicants or more) and records left out.

    Raises
    ------
    AlignmentError
        If columns are missing, or places unknown or missing and not to be dropped.

    Examples
    --------
    >>> rows = pd.DataFrame({"patent": [1, 1, 1, 2], "city": ["a", "a", "b", "b"]})
    >>> network = copatent_network(rows, pd.Index(["a", "b"]))
    >>> network.total_flow, network.inner.to_dict()
    (2.0, {'a': 1.0, 'b': 0.0})
    """
    ids = city_index(cities)
    checked_option(counting, PatentCounting, name="counting")
    checked_option(pairs, PatentPairs, name="pairs")
    found = memberships(applicants, ids, city=city, group=patent, unknown=unknown, unnamed=unnamed)
    table = found.table
    if pairs == "cities":
        table = sparse.csr_array(
            (np.ones(table.nnz), table.indices, table.indptr), shape=table.shape
        )
        partners = table.sum(axis=0) + found.outside
    else:
        partners = found.records.astype(float)
    factor = np.ones(len(partners))
    if counting == "fractional":
        ordered = partners * (partners - 1.0)
        factor = np.divide(2.0, ordered, out=np.zeros(len(partners)), where=ordered > 0)
    joint = sparse.csr_array((table * factor) @ table.T)
    own = joint.diagonal() - np.asarray((table * factor).sum(axis=1)).ravel()
    joint.setdiag(0.0)
    # Rounding of fractions differs between the two directions; their mean does not.
    joint = sparse.csr_array((joint + joint.T) / 2.0)
    parameters: dict[str, Any] = {
        "kind": "joint patents",
        "counting": counting,
        "pairs": pairs,
        "patents": len(found.groups),
        "joint_patents": int((partners > 1).sum()),
        **found.counts,
    }
    words = [
        f"Joint patents: {parameters['joint_patents']} of {len(found.groups)}, {counting} counting "
        f"of pairs of {pairs}",
        *records_in_words(found.counts),
    ]
    inner = pd.Series(np.maximum(own, 0.0) / 2.0, index=ids)
    return LinkageNetwork(
        ids, joint, False, "joint patents", year, "; ".join(words), parameters, inner
    )
