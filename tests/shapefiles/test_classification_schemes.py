"""Every scheme of mapclassify gives its classes, exactly, and the same ones again."""

from __future__ import annotations

import warnings
from typing import get_args

import mapclassify
import numpy as np
import pandas as pd
import pytest

from shapefiles.classification import class_bounds, class_positions
from shapefiles.classification_schemes import Scheme
from shapefiles.styles import choropleth_style, sized_point_style
from spatial.errors import ConfigError

VALUES = np.random.default_rng(3).gamma(2.0, 3.0, size=60)

OPTIONS: dict[str, dict[str, object]] = {
    "userdefined": {"bins": [2.0, 5.0, 9.0, 30.0]},
    "percentiles": {"pct": [10, 50, 90, 100]},
    "stdmean": {"multiples": [-1, 0, 1]},
    "boxplot": {"hinge": 1.0},
    "maximumbreaks": {"mindiff": 0},
    "naturalbreaks": {"initial": 3},
    "maxp": {"initial": 1},
    "fisherjenkssampled": {"pct_sampled": 0.5},
    "jenkscaspallsampled": {"pct_sampled": 0.5},
}

UNEXACT = 1e-6
"""mapclassify sums natural breaks in single precision; the classes are the same."""


def oracle(scheme: str, values: np.ndarray):
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002  (the seed that maps use)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return mapclassify.classify(values.copy(), scheme, k=4, **OPTIONS.get(scheme, {}))
    finally:
        np.random.set_state(state)  # noqa: NPY002


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_classes_are_those_of_mapclassify(scheme):
    ascending = np.sort(VALUES)
    expected = oracle(scheme, ascending)
    bounds = class_bounds(VALUES, scheme=scheme, k=4, options=OPTIONS.get(scheme))
    ours = class_positions(ascending, bounds)
    assert (ours >= 0).all()
    # Classes without a value are left out, so the numbers of the classes are compared by rank.
    np.testing.assert_array_equal(
        np.unique(ours, return_inverse=True)[1], np.unique(expected.yb, return_inverse=True)[1]
    )
    inner = bounds[1:-1]
    gaps = np.abs(inner[:, None] - np.asarray(expected.bins)[None, :]).min(axis=1)
    assert (gaps <= UNEXACT if scheme == "fisherjenks" else gaps == 0.0).all()
    assert (np.diff(bounds) > 0).all()


@pytest.mark.parametrize("scheme", ["fisherjenkssampled", "jenkscaspallsampled", "naturalbreaks"])
def test_schemes_that_draw_repeat_themselves_and_leave_the_global_generator_alone(scheme):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = class_bounds(VALUES, scheme=scheme, k=4, options=OPTIONS[scheme])
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.seed(99)  # noqa: NPY002
    second = class_bounds(VALUES[::-1], scheme=scheme, k=4, options=OPTIONS[scheme])
    np.testing.assert_array_equal(first, second)


def test_names_are_read_as_mapclassify_reads_them():
    for name in ("Fisher_Jenks", "FisherJenks", "fisher_jenks"):
        np.testing.assert_array_equal(class_bounds(VALUES, scheme=name), class_bounds(VALUES))
    style = choropleth_style(
        pd.Series(VALUES), column="v", title="V", scheme="Std_Mean", scheme_options={"anchor": True}
    )
    assert style.scheme == "stdmean"
    np.testing.assert_array_equal(
        style.bounds, class_bounds(VALUES, scheme="stdmean", options={"anchor": True})
    )


def test_round_and_given_scales_keep_their_ends():
    bounds = class_bounds(np.array([3.0, 12.0, 22.0, 31.0, 47.0]), scheme="prettybreaks", k=5)
    assert bounds[0] == 0.0
    assert bounds[-1] == 50.0
    given = class_bounds(
        np.array([3.0, 12.0]), scheme="userdefined", options={"bins": [5, 9, 20], "lowest": 0}
    )
    assert given.tolist() == [0.0, 5.0, 9.0, 20.0]  # the empty class stays: the scale was given
    same = class_bounds(np.array([4.0, 4.0]), scheme="userdefined", options={"bins": [5, 9]})
    assert same.tolist() == [4.0, 5.0, 9.0]


def test_wrong_options_are_refused():
    with pytest.raises(ConfigError, match="'hinge'"):
        class_bounds(VALUES, scheme="quantiles", options={"hinge": 2.0})
    with pytest.raises(ConfigError, match="takes 'pct'"):
        class_bounds(VALUES, scheme="percentiles", options={"pcts": [1]})
    with pytest.raises(ConfigError, match="needs the upper bounds"):
        class_bounds(VALUES, scheme="userdefined")
    with pytest.raises(ConfigError, match="cannot class"):
        class_bounds(VALUES, scheme="boxplot", options={"hinge": "wide"})
    with pytest.raises(ConfigError, match="nearest: 'quantiles'"):
        sized_point_style(pd.Series(VALUES), column="v", title="V", scheme="quantile")
