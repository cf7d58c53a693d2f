"""Conditional permutation: the shared table against plain counting, enumeration and uniformity."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse, stats

from spatial.autocorrelation import conditional_permutation
from spatial.autocorrelation.conditional_permutation import (
    conditional_moments,
    count_extreme,
    count_tails,
    distinct_draws,
)

CHANCE = 5.0  # standard errors that a simulated share may be off


def random_case(seed: int, n: int, *, equal: bool, density: float = 0.4):
    rng = np.random.default_rng(seed)
    matrix = (rng.uniform(size=(n, n)) < density).astype(float)
    np.fill_diagonal(matrix, 0.0)
    matrix[matrix.sum(axis=1) == 0, 0] = 1.0
    matrix[0, 0] = 0.0
    if not equal:
        matrix *= rng.uniform(0.1, 1.0, (n, n))
    z = rng.normal(size=n)
    z = (z - z.mean()) / z.std()
    return z, sparse.csr_array(matrix)


@pytest.mark.parametrize(("size", "width"), [(5, 1), (5, 2), (5, 5), (40, 3), (400, 90)])
def test_draws_are_distinct_and_inside(size, width):
    table = distinct_draws(size, width, 500, np.random.default_rng(0))
    assert table.shape == (500, width)
    assert table.min() >= 0
    assert table.max() < size
    ordered = np.sort(table, axis=1)
    assert (ordered[:, 1:] > ordered[:, :-1]).all()


@pytest.mark.parametrize(("size", "width"), [(9, 2), (12, 3), (5, 3)])
def test_every_sequence_is_equally_likely(size, width):
    # The first two cases redraw repeated numbers, the last cuts whole permutations.
    draws = 60_000
    table = distinct_draws(size, width, draws, np.random.default_rng(1))
    codes = table @ size ** np.arange(width)
    sequences = [
        np.array(s) @ size ** np.arange(width) for s in itertools.permutations(range(size), width)
    ]
    counts = np.bincount(codes, minlength=size**width)[sequences]
    assert counts.sum() == draws
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_shared_table_equals_counting_city_by_city(seed, equal):
    n, permutations = 25, 400
    z, matrix = random_case(seed, n, equal=equal)
    pool = np.ones(n, dtype=bool)
    mean = conditional_moments(z, matrix, pool).mean
    hits = count_extreme(
        z, matrix, pool, mean, permutations=permutations, generator=np.random.default_rng(seed)
    )
    width = int(np.diff(matrix.indptr).max()) + 1
    table = distinct_draws(n, min(width, n), permutations, np.random.default_rng(seed))
    for city in range(n):
        row = matrix[[city]]
        k = row.nnz
        lags = []
        for sequence in table.tolist():
            read = [at if at != city else sequence[k] for at in sequence[:k]]
            lags.append(row.data @ z[read])
        observed = abs(row.data @ z[row.indices] - mean[city])
        assert hits[city] == (np.abs(np.array(lags) - mean[city]) >= observed - 1e-9).sum()


def test_small_blocks_count_the_same_as_large_ones(monkeypatch):
    z, matrix = random_case(3, 30, equal=False)
    pool = np.ones(30, dtype=bool)
    mean = conditional_moments(z, matrix, pool).mean

    def counted():
        generator = np.random.default_rng(0)
        return count_extreme(z, matrix, pool, mean, permutations=200, generator=generator)

    whole = counted()
    monkeypatch.setattr(conditional_permutation, "_BLOCK", 700)
    assert np.array_equal(counted(), whole)


@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_p_values_and_moments_equal_complete_enumeration(seed, equal):
    n, permutations = 7, 20_000
    z, matrix = random_case(seed, n, equal=equal)
    pool = np.ones(n, dtype=bool)
    moments = conditional_moments(z, matrix, pool)
    hits = count_extreme(
        z,
        matrix,
        pool,
        moments.mean,
        permutations=permutations,
        generator=np.random.default_rng(seed),
    )
    for city in range(n):
        row = matrix[[city]]
        others = np.delete(z, city)
        lags = np.array([row.data @ s for s in itertools.permutations(others, row.nnz)])
        assert lags.mean() == pytest.approx(moments.mean[city], abs=1e-12)
        assert lags.var() == pytest.approx(moments.variance[city], abs=1e-12)
        distance = np.abs(lags - lags.mean())
        exact = (distance >= abs(row.data @ z[row.indices] - lags.mean()) - 1e-9).mean()
        slack = CHANCE * np.sqrt(exact * (1 - exact) / permutations) + 1e-9
        assert hits[city] / permutations == pytest.approx(exact, abs=slack)


@pytest.mark.parametrize("equal", [True, False])
def test_p_values_of_every_city_are_uniform_without_a_pattern(equal):
    n, permutations, rounds = 40, 199, 250
    _, matrix = random_case(11, n, equal=equal, density=0.12)
    pool = np.ones(n, dtype=bool)
    rng = np.random.default_rng(2)
    p_values = np.empty((rounds, n))
    for at in range(rounds):
        z = rng.normal(size=n)
        z = (z - z.mean()) / z.std()
        mean = conditional_moments(z, matrix, pool).mean
        hits = count_extreme(z, matrix, pool, mean, permutations=permutations, generator=rng)
        p_values[at] = (1 + hits) / (1 + permutations)
    worst = min(stats.kstest(p_values[:, city], "uniform").pvalue for city in range(n))
    assert worst > 1e-3 / n  # forty tests at once
    assert (p_values <= 0.05).mean() == pytest.approx(0.05, abs=0.015)


def test_cities_outside_the_pool_lend_no_values():
    # The value of the isolate is so large that drawing it once would show.
    z, matrix = random_case(5, 12, equal=True)
    padded = sparse.csr_array(sparse.block_diag([matrix, sparse.csr_array((1, 1))]))
    with_isolate = np.append(z, 1e6)
    pool = np.append(np.ones(12, dtype=bool), False)
    alone = conditional_moments(z, matrix, pool[:12])
    beside = conditional_moments(with_isolate, padded, pool)
    assert beside.mean[:12] == pytest.approx(alone.mean)
    assert np.isnan(beside.mean[12])
    hits = [
        count_extreme(
            values, m, p, moments.mean, permutations=500, generator=np.random.default_rng(4)
        )
        for values, m, p, moments in (
            (z, matrix, pool[:12], alone),
            (with_isolate, padded, pool, beside),
        )
    ]
    assert np.array_equal(hits[0], hits[1][:12])
    assert hits[1][12] == 0


@pytest.mark.parametrize("equal", [True, False])
def test_complete_graphs_have_one_rearrangement_of_the_sum(equal):
    # With equal weights the lag of a city linked to all others never changes.
    n = 6
    rng = np.random.default_rng(0)
    z = rng.normal(size=n)
    matrix = np.ones((n, n)) - np.eye(n)
    if not equal:
        matrix[0, 1] = 2.0
    mean = conditional_moments(z, sparse.csr_array(matrix), np.ones(n, bool)).mean
    hits = count_extreme(
        z, sparse.csr_array(matrix), np.ones(n, bool), mean, permutations=99, generator=rng
    )
    assert (hits[1:] == 99).all()
    assert equal == (hits[0] == 99)


@pytest.mark.slow
def test_threads_of_the_linear_algebra_do_not_change_counts():
    program = (
        "import numpy as np\n"
        "from scipy import sparse\n"
        "from spatial.autocorrelation.conditional_permutation import count_tails\n"
        "rng = np.random.default_rng(0)\n"
        "matrix = sparse.random_array((3000, 3000), density=0.01, rng=rng, format='csr')\n"
        "matrix.setdiag(0.0)\n"
        "matrix.eliminate_zeros()\n"
        "z = rng.normal(size=(3000, 2))\n"
        "found = count_tails(z, sparse.csr_array(matrix), np.ones(3000, bool), permutations=499,\n"
        "    generator=np.random.default_rng(1), coefficients=z[::-1])\n"
        "print(np.asarray(found).dot(np.arange(1, 3001)), found[0][:200].tolist())\n"
    )
    printed = set()
    for threads in ("1", "2", "4"):
        environment = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        finished = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        printed.add(finished.stdout)
    assert len(printed) == 1
    assert len(printed.pop()) > 200


@pytest.mark.parametrize("equal", [True, False])
def test_tails_add_up_and_agree_with_one_sided_counts(equal):
    z, matrix = random_case(6, 25, equal=equal)
    pool = np.ones(25, dtype=bool)
    mean = conditional_moments(z, matrix, pool).mean

    def counted(function, *more, **options):
        generator = np.random.default_rng(3)
        return function(z, matrix, pool, *more, permutations=300, generator=generator, **options)

    below, above = counted(count_tails)
    assert (below + above >= 300).all()
    assert np.array_equal(above, counted(count_extreme, mean, alternative="greater"))
    assert np.array_equal(below, counted(count_extreme, mean, alternative="less"))
    # One feature with coefficient one, by the way of several features.
    both = counted(count_tails, coefficients=np.ones((25, 1)))
    assert np.array_equal(both, (below, above))
