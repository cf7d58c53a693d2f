"""The classification schemes of mapclassify, by the names of its function ``classify``."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import numpy as np

from spatial.errors import ConfigError, listed
from spatial.options import checked_option
from spatial.random import RandomSource, seeded_generator

Scheme = Literal[
    "boxplot",
    "equalinterval",
    "fisherjenks",
    "fisherjenkssampled",
    "headtailbreaks",
    "jenkscaspall",
    "jenkscaspallforced",
    "jenkscaspallsampled",
    "maxp",
    "maximumbreaks",
    "naturalbreaks",
    "percentiles",
    "prettybreaks",
    "quantiles",
    "stdmean",
    "userdefined",
]

WHOLE_SCALE: frozenset[str] = frozenset({"prettybreaks", "userdefined"})
"""Schemes whose outermost bounds are a scale of their own, not the extremes of the values."""

_OPTIONS: dict[str, tuple[str, ...]] = {
    "boxplot": ("hinge",),
    "fisherjenkssampled": ("pct_sampled", "truncate"),
    "jenkscaspallsampled": ("pct_sampled",),
    "maxp": ("initial",),
    "maximumbreaks": ("mindiff",),
    "naturalbreaks": ("initial",),
    "percentiles": ("pct",),
    "stdmean": ("multiples", "anchor"),
    "userdefined": ("bins", "lowest"),
}

# The defaults of mapclassify's classes; its function asks for ten times as many, in vain.
_DEFAULTS: dict[str, dict[str, object]] = {
    "maxp": {"initial": 10},
    "naturalbreaks": {"initial": 10},
}

_RANDOM = frozenset({"fisherjenkssampled", "jenkscaspallsampled", "maxp", "naturalbreaks"})


def scheme_name(scheme: str) -> Scheme:
    """Return the name of a scheme in small letters without underscores, as mapclassify reads it.

    Raises
    ------
    ConfigError
        If mapclassify has no such scheme.

    Examples
    --------
    >>> scheme_name("Fisher_Jenks")
    'fisherjenks'
    """
    plain = scheme.lower().replace("_", "") if isinstance(scheme, str) else scheme
    return checked_option(plain, Scheme, name="scheme")  # type: ignore[return-value]


def checked_scheme_options(scheme: str, options: Mapping[str, object]) -> dict[str, object]:
    """Return the options of a scheme; raise when one is not its own, or one is missing."""
    known = _OPTIONS.get(scheme, ())
    unknown = [name for name in options if name not in known]
    if unknown:
        remedy = f"it takes {listed(known)}" if known else "it takes none"
        raise ConfigError(f"The scheme {scheme!r} has no option {listed(unknown)}; {remedy}.")
    if scheme == "userdefined" and options.get("bins") is None:
        raise ConfigError(
            "The scheme 'userdefined' needs the upper bounds of the classes: give the option "
            "'bins', for example {'bins': [20, 50, 100]}."
        )
    return dict(options)


def scheme_bounds(
    finite: np.ndarray,
    *,
    scheme: Scheme,
    k: int,
    options: Mapping[str, object],
    rng: RandomSource = 0,
) -> np.ndarray:
    """Return the upper bounds that mapclassify gives, ascending and without repetitions.

    Parameters
    ----------
    finite : numpy.ndarray of shape (n,)
        Two different values at least.
    scheme : str
    k : int
        At most the number of different values.
    options : mapping
        As `mapclassify.classify` takes them: ``hinge``, ``pct``, ``pct_sampled``, ``truncate``,
        ``multiples``, ``anchor``, ``mindiff``, ``initial``, ``bins``, ``lowest``.
    rng : int, numpy.random.Generator or None
        Of schemes that draw samples or starting points.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    ConfigError
        If mapclassify refuses the options.
    """
    import mapclassify

    chosen = {**_DEFAULTS.get(scheme, {}), **checked_scheme_options(scheme, options)}
    with warnings.catch_warnings(), _seeded(rng if scheme in _RANDOM else None):
        warnings.simplefilter("ignore")  # ties leave fewer classes; numba is not needed
        try:
            found = mapclassify.classify(finite.copy(), scheme, k=k, **chosen)
        except (ValueError, TypeError, IndexError) as error:
            raise ConfigError(
                f"The scheme {scheme!r} cannot class these {len(finite)} values with k={k} and "
                f"{chosen or 'no options'}: {error}."
            ) from error
    return np.unique(np.asarray(found.bins, dtype=float))


@contextmanager
def _seeded(rng: RandomSource) -> Iterator[None]:
    """Seed the global generator of numpy, which mapclassify draws from, and put it back."""
    if rng is None:
        yield
        return
    _, seed = seeded_generator(rng)
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
