"""Sentences of errors, words of options, random streams and configurations."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from spatial import errors, options
from spatial.errors import ConfigError, InterurbanError, listed, nearest_spelling
from spatial.options import Transform, checked_option
from spatial.random import seeded_generator
from spatial.results import Configuration, compare, software_versions


def test_every_error_descends_from_one_base():
    children = [
        thing
        for thing in vars(errors).values()
        if isinstance(thing, type) and issubclass(thing, Exception)
    ]
    assert len(children) >= 8
    assert all(issubclass(child, InterurbanError) for child in children)


def test_listed_names_the_first_ten_and_counts_the_rest():
    assert listed([]) == ""
    assert listed(["北京"]) == "'北京'"
    assert listed(range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"


def test_nearest_spelling_stays_silent_without_a_likeness():
    assert nearest_spelling("rok", ["queen", "rook"]) == " (nearest: 'rook')"
    assert nearest_spelling("xyz", ["queen", "rook"]) == ""


def test_each_word_of_each_option_is_accepted_and_others_are_refused():
    aliases = {name: alias for name, alias in vars(options).items() if get_args(alias)}
    assert {"Transform", "ContiguityRule", "IslandPolicy", "Alternative"} <= set(aliases)
    for name, alias in aliases.items():
        for word in get_args(alias):
            assert checked_option(word, alias, name=name) == word
        with pytest.raises(ConfigError, match="use one of"):
            checked_option("no such word", alias, name=name)


@pytest.mark.parametrize("wrong", [None, 1, "Row", "rows"])
def test_wrong_option_names_argument_and_allowed_words(wrong):
    with pytest.raises(ConfigError, match=r"transform=.*'doubly-stochastic'"):
        checked_option(wrong, Transform, name="transform")


def test_a_seed_gives_the_same_stream_and_is_returned():
    first, seed = seeded_generator(11)
    second, _ = seeded_generator(seed)
    assert seed == 11
    assert first.integers(10**9) == second.integers(10**9)


def test_a_generator_or_nothing_leaves_a_seed_that_repeats_the_stream():
    for source in (np.random.default_rng(3), None):
        generator, seed = seeded_generator(source)
        assert generator.integers(10**9) == seeded_generator(seed)[0].integers(10**9)


def test_configuration_holds_versions_of_what_numbers_depend_on():
    configuration = Configuration(function="f")
    assert {"python", "numpy", "scipy", "interurban"} <= set(configuration.versions)
    with pytest.raises(TypeError):
        software_versions()["python"] = "2.7"


def test_compare_stacks_results_under_their_names():
    class Row:
        def tidy(self) -> pd.DataFrame:
            return pd.DataFrame({"x": [1.0]}, index=pd.Index(["a"], name="measure"))

    table = compare({"first": Row(), "second": Row()})
    assert table.index.tolist() == [("first", "a"), ("second", "a")]
