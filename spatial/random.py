"""One way to randomness: an ``rng`` argument that always leaves a seed behind."""

from __future__ import annotations

import numpy as np

RandomSource = int | np.random.Generator | None


def seeded_generator(rng: RandomSource) -> tuple[np.random.Generator, int]:
    """Turn ``rng`` into a generator and the seed that reproduces it.

    Parameters
    ----------
    rng : int, numpy.random.Generator or None
        A seed; a generator, from which a seed is drawn; or None for a fresh seed.

    Returns
    -------
    generator : numpy.random.Generator
    seed : int
        ``seeded_generator(seed)`` gives the same stream again; results store it.

    Examples
    --------
    >>> generator, seed = seeded_generator(7)
    >>> seed
    7
    """
    if isinstance(rng, np.random.Generator):
        seed = int(rng.integers(2**31 - 1))
    elif rng is None:
        seed = int(np.random.SeedSequence().entropy % (2**31 - 1))  # type: ignore[operator]
    else:
        seed = int(rng)
    return np.random.default_rng(seed), seed
