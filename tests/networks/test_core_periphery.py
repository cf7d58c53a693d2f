"""Core and periphery: all cores of small networks, planted cores, the permutation test."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from networks import LinkageNetwork, core_periphery
from networks.core_periphery import pattern_correlation
from spatial.errors import ConfigError, EstimationError

EXACT = 1e-9  # the same sums in another order


def ideal(core, between):
    pattern = np.where(np.logical_or.outer(core, core), 1.0, 0.0)
    if between == "ignored":
        pattern[np.logical_xor.outer(core, core)] = np.nan
    np.fill_diagonal(pattern, np.nan)
    return pattern


def correlation_by_hand(flows, core, between):
    pattern = ideal(np.asarray(core), between)
    known = ~np.isnan(pattern)
    if np.ptp(pattern[known]) == 0 or np.ptp(flows[known]) == 0:
        return np.nan
    return np.corrcoef(flows[known], pattern[known])[0, 1]


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    between=st.sampled_from(["full", "ignored"]),
    directed=st.booleans(),
)
def test_the_fit_is_the_correlation_with_the_pattern(make_network, seed, between, directed):
    flows = make_network(seed, n=7, density=0.6, directed=directed).flows.toarray()
    core = np.random.default_rng(seed).random(7) < 0.5
    found = pattern_correlation(flows, core, between=between)
    wanted = correlation_by_hand(flows, core, between)
    assert found == pytest.approx(wanted, abs=EXACT, nan_ok=True)


@pytest.mark.parametrize("between", ["full", "ignored"])
@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_best_of_all_cores(make_network, between, seed, directed):
    network = make_network(seed, n=7, density=0.6, directed=directed)
    flows = network.flows.toarray()
    found = core_periphery(network, between=between, restarts=12, rng=seed)
    every = [
        correlation_by_hand(flows, core, between)
        for core in itertools.product([False, True], repeat=7)
    ]
    assert found.correlation == pytest.approx(np.nanmax(every), abs=EXACT)
    core = found.table["core"].to_numpy()
    assert correlation_by_hand(flows, core, between) == pytest.approx(found.correlation, abs=EXACT)


def planted(seed, n=20, k=6):
    rng = np.random.default_rng(seed)
    core = rng.permutation(n) < k
    values = np.where(np.logical_or.outer(core, core), 5.0, 0.0) + rng.random((n, n))
    np.fill_diagonal(values, 0.0)
    ids = pd.Index([f"c{number:02d}" for number in rng.permutation(n)])
    return LinkageNetwork(ids, sparse.csr_array(values), True), core


def test_a_planted_core_is_found():
    network, core = planted(3)
    found = core_periphery(network, permutations=99, rng=1)
    assert found.table["core"].tolist() == core.tolist()
    assert found.n_core == 6
    assert found.p_value == 0.01
    assert found.core_density > found.between_density - 1 > found.periphery_density
    coreness = found.table["coreness"]
    assert coreness[core].min() > coreness[~core].max()
    assert (coreness >= 0).all()
    assert np.linalg.norm(coreness) == pytest.approx(1.0)


def test_p_value_of_noise_is_not_small():
    rng = np.random.default_rng(5)
    values = rng.random((12, 12))
    np.fill_diagonal(values, 0.0)
    network = LinkageNetwork(pd.RangeIndex(12), sparse.csr_array(values), True)
    found = core_periphery(network, permutations=49, restarts=3, rng=2)
    assert found.p_value > 0.05
    assert np.isnan(core_periphery(network, rng=2).p_value)


@settings(max_examples=6)
@given(seed=st.integers(0, 10_000))
def test_no_other_coreness_fits_better(seed):
    network, _ = planted(seed, n=8, k=3)
    found = core_periphery(network, rng=1)
    coreness, apart = found.table["coreness"].to_numpy(), ~np.eye(8, dtype=bool)
    flows = network.symmetrised("mean").flows.toarray()[apart]

    def misfit(c):
        """Least squares at the best length of c."""
        product = np.outer(c, c)[apart]
        return ((flows - product * (flows @ product) / (product @ product)) ** 2).sum()

    wanted = np.corrcoef(flows, np.outer(coreness, coreness)[apart])[0, 1]
    assert found.continuous_correlation == pytest.approx(wanted, abs=1e-9)
    rng = np.random.default_rng(seed)
    for other in [*(coreness + rng.normal(0, 0.01, (20, 8))), *rng.random((20, 8))]:
        assert misfit(np.clip(other, 0.0, None)) >= misfit(coreness) - 1e-6


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000))
def test_order_of_cities_does_not_matter(make_network, seed):
    network = make_network(seed, n=12, density=0.5)
    order = network.cities[np.random.default_rng(seed).permutation(12)]
    one = core_periphery(network, restarts=2, rng=3)
    other = core_periphery(network.reordered(order), restarts=2, rng=3)
    assert other.table["core"].reindex(network.cities).tolist() == one.table["core"].tolist()


def test_bad_input(make_network):
    with pytest.raises(EstimationError, match="at least four cities"):
        core_periphery(make_network(1, n=3))
    complete = LinkageNetwork(pd.RangeIndex(5), sparse.csr_array(1.0 - np.eye(5)), False)
    with pytest.raises(EstimationError, match="flows that differ"):
        core_periphery(complete)
    with pytest.raises(ConfigError, match="between"):
        core_periphery(make_network(1), between="half")
    with pytest.raises(ConfigError, match="restarts"):
        core_periphery(make_network(1), restarts=-1)


@pytest.mark.parametrize("between", ["full", "ignored"])
@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), directed=st.booleans())
def test_no_move_or_exchange_improves_the_core(make_network, between, seed, directed):
    """Beyond the sizes where every core is tried."""
    network = make_network(seed, n=14, density=0.6, directed=directed)
    flows = network.flows.toarray()
    found = core_periphery(network, between=between, restarts=1, rng=seed)
    core = found.table["core"].to_numpy()
    assert correlation_by_hand(flows, core, between) == pytest.approx(found.correlation, abs=EXACT)
    moves = [[city] for city in range(14)]
    moves += [[i, j] for i in np.flatnonzero(core) for j in np.flatnonzero(~core)]
    for cities in moves:
        other = core.copy()
        other[cities] = ~other[cities]
        fit = correlation_by_hand(flows, other, between)
        assert np.isnan(fit) or fit <= found.correlation + EXACT
