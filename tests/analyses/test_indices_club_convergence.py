"""Log t test against closed forms and sums of the kernel; planted clubs are found again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.indices.club_convergence import club_convergence, log_t_test
from spatial.errors import ConfigError, EstimationError, PanelError

EXACT = 1e-9
YEARS = np.arange(1, 31)


def transition(speed, centred, level=10.0):
    """Paths whose spread is exactly that of the model: H_t proportional to (ln t)^-2 t^-2a."""
    slow = np.where(YEARS == 1, 1.0, np.log(np.maximum(YEARS, 2)))
    return level * (1 + np.outer(1 / (slow * YEARS**speed), centred))


class TestLogT:
    @settings(max_examples=25)
    @given(st.floats(-0.3, 1.5), st.integers(0, 2**31))
    def test_coefficient_is_twice_the_speed(self, speed, seed):
        drawn = np.random.default_rng(seed).normal(size=8)
        levels = pd.DataFrame(transition(speed, 0.05 * (drawn - drawn.mean())))
        found = log_t_test(levels)
        assert found.coefficient == pytest.approx(2 * speed, abs=1e-6)
        assert found.years == 30 - 9 + 1

    def test_error_against_the_sums(self):
        rng = np.random.default_rng(3)
        noisy = transition(0.2, np.linspace(-0.1, 0.1, 6)) + rng.normal(scale=0.05, size=(30, 6))
        found = log_t_test(pd.DataFrame(noisy))
        h = noisy / noisy.mean(axis=1, keepdims=True)
        spread = ((h - 1) ** 2).mean(axis=1)
        t = YEARS[8:]
        y = np.log(spread[0] / spread[8:]) - 2 * np.log(np.log(t))
        slope, constant = np.polyfit(np.log(t), y, 1)
        u = y - constant - slope * np.log(t)
        rho = sum(u[1:] * u[:-1]) / sum(u[:-1] ** 2)
        n = len(u)
        bandwidth = 1.3221 * (4 * rho**2 / (1 - rho) ** 4 * n) ** (1 / 5)

        def weight(lag):
            if lag == 0:
                return 1.0
            a = 6 * np.pi * (lag / bandwidth) / 5
            return 25 / (12 * np.pi**2 * (lag / bandwidth) ** 2) * (np.sin(a) / a - np.cos(a))

        variance = sum(u[i] * u[j] * weight(abs(i - j)) for i in range(n) for j in range(n)) / n
        error = np.sqrt(variance / sum((np.log(t) - np.log(t).mean()) ** 2))
        assert found.coefficient == pytest.approx(slope, abs=EXACT)
        assert found.std_error == pytest.approx(error, rel=EXACT)
        assert found.t == pytest.approx(slope / error, rel=EXACT)

    def test_paths_apart_are_rejected(self):
        apart = pd.DataFrame(np.column_stack([1.02**YEARS, 1.05**YEARS, 1.10**YEARS]))
        assert not log_t_test(apart).converges

    def test_bad_input(self):
        good = pd.DataFrame(transition(0.5, np.array([-0.1, 0.1])))
        with pytest.raises(EstimationError, match="four years"):
            log_t_test(good.iloc[:4])
        with pytest.raises(EstimationError, match="equal"):
            log_t_test(good * 0 + 1)
        with pytest.raises(PanelError, match="negative"):
            log_t_test(-good)
        with pytest.raises(ConfigError, match="discard"):
            log_t_test(good, discard=1)


def planted(seed=1):
    """Two clubs of six around 20 and 10, and one city that leaves all behind."""
    rng = np.random.default_rng(seed)
    parts = []
    for level in (20.0, 10.0):
        drawn = rng.normal(size=6)
        parts.append(transition(0.4, 0.2 * (drawn - drawn.mean()), level))
    values = np.column_stack([*parts, 30.0 * 1.06**YEARS])
    values *= 1 + rng.normal(scale=1e-4, size=values.shape)
    names = [f"a{i}" for i in range(6)] + [f"b{i}" for i in range(6)] + ["alone"]
    wide = pd.DataFrame(values, index=pd.Index(YEARS + 1990, name="year"), columns=names)
    return wide.rename_axis(columns="city").unstack().rename("income").to_frame()


class TestClubs:
    def test_planted_clubs_are_found(self):
        found = club_convergence(planted(), "income")
        assert not found.all_cities.converges
        groups = found.clubs.dropna().groupby(found.clubs).groups
        members = {frozenset(cities) for cities in groups.values()}
        assert members == {
            frozenset(f"a{i}" for i in range(6)),
            frozenset(f"b{i}" for i in range(6)),
        }
        assert pd.isna(found.clubs["alone"])
        assert found.table["n"].to_list() == [6, 6]
        assert found.clubs["a0"] == 1
        assert (found.table["t"] > -1.65).all()

    def test_order_and_scale_do_not_matter(self):
        panel = planted()
        one = club_convergence(panel, "income")
        two = club_convergence(7 * panel.sample(frac=1, random_state=1), "income")
        pd.testing.assert_series_equal(one.clubs, two.clubs.reindex(one.clubs.index))
        assert two.table["t"].to_numpy() == pytest.approx(one.table["t"].to_numpy(), rel=1e-6)

    def test_all_in_one_club(self):
        panel = planted()
        some = panel[panel.index.get_level_values("city").str.fullmatch("a[0-9]")]
        found = club_convergence(some, "income")
        assert found.all_cities.converges
        assert found.clubs.to_list() == [1] * 6

    def test_gaps_are_named(self):
        panel = planted().drop(index=("a3", 1995))
        with pytest.raises(PanelError, match="'a3'"):
            club_convergence(panel, "income")
        with pytest.raises(ConfigError, match="sieve"):
            club_convergence(planted(), "income", sieve=-1)
