"""What every step of a run needs: seeds of its own, columns that exist, weights of fewer cities."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from shapefiles.study_area import StudyArea
from spatial.errors import PanelError, listed, nearest_spelling
from spatial.weights import Weights


def seed_of(seed: int, what: str) -> int:
    """Return the seed of one task, so that adding a task does not move the others' numbers."""
    digest = hashlib.sha256(f"{seed}:{what}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def require_columns(area: StudyArea, columns: list[str], where: str) -> None:
    """Raise a PanelError that names a missing column, the nearest spelling and the known ones."""
    for column in columns:
        if column not in area.panel.columns:
            raise PanelError(
                f"{where}: the panel has no column {column!r}"
                f"{nearest_spelling(column, area.panel.columns)}; it has "
                f"{listed(area.panel.columns, limit=40)}."
            )


def cut_weights(weights: Weights, lost: Sequence[str]) -> Weights:
    """Cut weights to all cities but the lost ones and scale them again."""
    if not lost:
        return weights
    kept = weights.ids[~weights.ids.isin(lost)]
    return weights.subset(kept).transformed(weights.transform)
