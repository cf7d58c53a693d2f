"""The values of an explorer page as JSON: numbers no longer than they need to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analyses.explorer_content import (
    ExplorerContent,
    ExplorerNetwork,
    ExplorerSpillovers,
    ExplorerVariable,
)
from shapefiles.classification import needed_decimals
from shapefiles.language import known_labels, label
from shapefiles.style_json import NOT_DRAWN, class_signs, style_json
from shapefiles.web_map import WebMap, web_map
from spatial.weights import Weights

WORDS_PREFIX = "explorer_"
"""Labels that begin so are handed to the page."""

DIGITS = 6
"""Significant digits kept of each value, more where the spread of the variable needs them."""


def explorer_data(content: ExplorerContent) -> dict[str, Any]:
    """Turn the content of an explorer page into values that JSON holds.

    Parameters
    ----------
    content : ExplorerContent

    Returns
    -------
    dict
        What ``templates/explorer/data.js`` reads. Cities are named by their position.
    """
    cities = content.cities
    ids = cities.index
    names = cities["name"].astype(str)
    short = cities["short_name"].astype(str) if "short_name" in cities.columns else brief(names)
    rank = content.label_rank
    drawn = web_map(
        cities,
        context=content.context,
        whole_context=content.whole_context,
        windows=content.windows,
    )
    return {
        "language": content.language,
        "title": content.title,
        "subtitle": content.subtitle,
        "source": content.source,
        "notes": list(content.notes),
        "words": {
            key.removeprefix(WORDS_PREFIX): label(key, content.language)
            for key in sorted(known_labels())
            if key.startswith(WORDS_PREFIX)
        },
        "cities": {
            "ids": [str(one) for one in ids],
            "names": names.tolist(),
            "short": short.tolist(),
            "search": []
            if content.search is None
            else content.search.reindex(ids).fillna("").astype(str).tolist(),
            "rank": []
            if rank is None
            else [shortened(one, DIGITS) for one in rank.reindex(ids).to_numpy(dtype=float)],
        },
        "groups": [_group(name, column.reindex(ids)) for name, column in content.groups.items()],
        "map": _map(drawn, content),
        "variables": [_variable(one, ids) for one in content.variables],
        "weights": None
        if content.weights is None
        else {"name": content.weights_name, **_weights(content.weights, ids)},
        "networks": [_network(one, ids, drawn) for one in content.networks],
        "spillovers": [_spillovers(one, ids) for one in content.spillovers],
    }


def brief(names: pd.Series) -> pd.Series:
    """Cut names at their first comma, as the printed maps do.

    Examples
    --------
    >>> brief(pd.Series(["Abilene, TX", ", x"])).tolist()
    ['Abilene', ', x']
    """
    cut = names.str.split(",").str[0].str.strip()
    return cut.where(cut != "", names)


def _group(name: str, column: pd.Series) -> dict[str, Any]:
    codes, words = pd.factorize(column.astype(str), sort=True)
    return {"title": name, "words": words.tolist(), "codes": codes.tolist()}


def _map(drawn: WebMap, content: ExplorerContent) -> dict[str, Any]:
    style = content.context_style
    return {
        "width": drawn.width,
        "height": drawn.height,
        "kilometresPerUnit": drawn.kilometres_per_unit,
        "cities": list(drawn.cities),
        "anchors": drawn.anchors.ravel().tolist(),
        "context": list(drawn.context),
        "contextStyle": None if style is None else style_json(style),
        "frames": [
            {
                "box": [one.left, one.top, one.right, one.bottom],
                "title": one.title,
                "context": list(one.context),
            }
            for one in drawn.frames
        ],
    }


def shortened(value: float, digits: int, step: float = 0.0) -> float | int | None:
    """Round a number to significant digits, or to ``step`` where that is finer; missing is None.

    Examples
    --------
    >>> shortened(1234567.891, 6), shortened(1234567.891, 6, 0.01), shortened(float("nan"), 6)
    (1234570, 1234567.89, None)
    """
    if not np.isfinite(value):
        return None
    size = abs(float(value))
    decimals = digits - 1 - int(np.floor(np.log10(size))) if size else 0
    if step > 0.0:
        decimals = max(decimals, -int(np.floor(np.log10(step))))
    rounded = round(float(value), decimals)
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded


def shortened_column(values: pd.Series) -> list[float | int | None]:
    """Round a column so that neither its small values nor its differences suffer.

    The step is below a millionth of the standard deviation.
    """
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    known = numbers[np.isfinite(numbers)]
    spread = float(known.std()) if len(known) else 0.0
    return [shortened(one, DIGITS, 1e-6 * spread) for one in numbers]


def _decimals(variable: ExplorerVariable) -> int:
    """Decimals that tables and lists show: one more than the legend."""
    numbers = variable.values.to_numpy(dtype=float)
    known = numbers[np.isfinite(numbers)]
    if (known == np.round(known)).all():
        return 0
    bounds = variable.style.bounds or (float(known.min()), float(known.max()))
    return int(np.clip(needed_decimals(bounds) + 1, 0, 6))


def _variable(variable: ExplorerVariable, ids: pd.Index) -> dict[str, Any]:
    values = variable.values.reindex(ids)
    columns = list(values.columns)
    told: dict[str, Any] = {
        "title": variable.title,
        "group": variable.group,
        "note": variable.note,
        "years": [int(year) for year in columns] if variable.yearly else [],
        "style": style_json(variable.style),
        "classes": [class_signs(variable.style, values[column]) for column in columns],
        "decimals": _decimals(variable) if variable.is_numeric else 0,
        "values": [shortened_column(values[column]) for column in columns]
        if variable.is_numeric
        else None,
        "p": [
            shortened(float(variable.p_values.get(column, np.nan)), DIGITS) for column in columns
        ],
        "clusters": None,
    }
    if variable.clusters is not None and variable.cluster_style is not None:
        style, clusters = variable.cluster_style, variable.clusters.reindex(ids)
        told["clusters"] = {
            "style": style_json(style),
            "classes": [
                # A year without clusters is an empty text, not a year of cities that are not drawn.
                class_signs(style, clusters[column])
                if column in clusters.columns and clusters[column].notna().any()
                else ""
                for column in columns
            ],
        }
    return told


def _weights(weights: Weights, ids: pd.Index) -> dict[str, Any]:
    """Neighbours of each city, in the order of the page; equal weights of a row are one number."""
    order = weights.ids.get_indexer(ids)
    matrix = weights.matrix[order][:, order].tocsr()
    matrix.sort_indices()
    neighbours, entries = [], []
    for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        neighbours.append(matrix.indices[start:end].tolist())
        row = matrix.data[start:end]
        alike = len(row) > 0 and bool((row == row[0]).all())
        entries.append(float(row[0]) if alike else [float(f"{one:.12g}") for one in row])
    return {"neighbours": neighbours, "entries": entries, "description": weights.description}


def _network(network: ExplorerNetwork, ids: pd.Index, drawn: WebMap) -> dict[str, Any]:
    """Links from the weakest to the strongest, so that the strongest are drawn on top."""
    links = network.links.sort_values("weight", kind="stable")
    start, end = ids.get_indexer(links["from_id"]), ids.get_indexer(links["to_id"])
    whole = bool((links["weight"] == links["weight"].round()).all())
    bounds = network.style.bounds
    return {
        "name": network.name,
        "unit": network.unit,
        "note": network.note,
        "directed": network.directed,
        "style": style_json(network.style),
        "decimals": 0 if whole or not bounds else int(np.clip(needed_decimals(bounds) + 1, 0, 6)),
        "from": start.tolist(),
        "to": end.tolist(),
        "weights": shortened_column(links["weight"]),
        "classes": class_signs(network.style, links["weight"]).replace(NOT_DRAWN, "0"),
        "lines": list(drawn.lines(links.geometry, start, end)),
    }


def _spillovers(model: ExplorerSpillovers, ids: pd.Index) -> dict[str, Any]:
    totals, pairs = model.totals.reindex(ids), model.pairs
    return {
        "name": model.name,
        "note": model.note,
        "caution": model.caution,
        **{column: shortened_column(totals[column]) for column in ("own", "emitted", "received")},
        "from": ids.get_indexer(pd.Index(pairs["origin"])).tolist(),
        "to": ids.get_indexer(pd.Index(pairs["destination"])).tolist(),
        "effects": shortened_column(pairs["effect"]),
    }
