"""The tests that docs/known_wrong_results.md names exist, and one that has no other home."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spatial.autocorrelation import global_moran, local_moran
from spatial.weights import knn_weights

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = (ROOT / "docs" / "known_wrong_results.md").read_text(encoding="utf-8")
ROWS = [line for line in DOCUMENT.splitlines() if line.startswith("| ")][1:]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", DOCUMENT)


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_named_tests_exist(path, name):
    assert re.search(rf"^\s*def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.M)


def test_every_row_names_a_test():
    assert len(ROWS) > 10
    for row in ROWS:
        assert "::test_" in row


def test_permutation_tests_are_two_sided_unless_asked():
    assert inspect.signature(global_moran).parameters["alternative"].default == "two-sided"
    assert "alternative" not in inspect.signature(local_moran).parameters
    rng = np.random.default_rng(0)
    cities = pd.DataFrame({"longitude": rng.uniform(0, 9, 40), "latitude": rng.uniform(40, 49, 40)})
    weights = knn_weights(cities, k=4)
    values = pd.Series(rng.normal(size=40)) + 0.25 * cities["longitude"]
    options = {"permutations": 999, "rng": 1}
    plain = global_moran(values, weights, **options)
    one_sided = global_moran(values, weights, alternative="greater", **options)
    assert plain.p_permutation > one_sided.p_permutation
