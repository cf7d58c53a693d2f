"""Several networks at once say the same as pair by pair."""

import numpy as np
import pandas as pd
import pytest

from networks import qap_correlation, qap_correlations
from spatial.errors import AlignmentError, ConfigError


def test_the_managers_pair_by_pair(managers, managers_expected):
    found = qap_correlations(managers, permutations=99, rng=3)
    for first, second in (("advice", "friend"), ("advice", "report"), ("friend", "report")):
        one = qap_correlation(managers[first], managers[second], permutations=99, rng=3)
        wanted = one.tidy().iloc[0]
        pd.testing.assert_series_equal(
            found.table.loc[(first, second)], wanted, check_names=False, check_dtype=False
        )
        assert found.matrix().loc[second, first] == pytest.approx(one.correlation)
        assert found.matrix("p_greater").loc[first, second] == pytest.approx(one.p_greater)
    assert np.diag(found.matrix()).tolist() == [1.0, 1.0, 1.0]
    assert np.isnan(np.diag(found.matrix("p_value"))).all()
    again = qap_correlations(managers, permutations=99, rng=found.configuration.seed)
    pd.testing.assert_frame_equal(again.tidy(), found.tidy())


def test_bad_input(make_network):
    one, other = make_network(1), make_network(2, n=9)
    with pytest.raises(ConfigError, match="at least two networks"):
        qap_correlations({"one": one})
    with pytest.raises(AlignmentError, match="do not hold the same cities"):
        qap_correlations({"one": one, "other": other})
    with pytest.raises(ConfigError, match="column='r'"):
        qap_correlations({"one": one, "two": make_network(3)}, permutations=9).matrix("r")
