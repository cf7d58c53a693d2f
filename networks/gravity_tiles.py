"""All flows of a gravity network in small tiles of the upper triangle, none of them kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial
from scipy.spatial import cKDTree

from spatial.coordinates import EARTH_RADIUS_KM, CityPositions, great_circle_km

TILE = 384
"""Cities along a tile: its few tables stay in the cache of the processor."""

NEAR = 1e-5
"""Square of half the chord (about 40 km) under which distances are taken by the haversine formula:
one minus a cosine loses digits there."""

DEGREES = range(4, 17)
"""Degrees tried for the polynomial that takes the place of the arc sine."""

POLYNOMIAL_ERROR = 3e-11
"""Relative error up to which a polynomial may do so."""

PEAK_SLACK = 1e-9
"""Relative slack of the largest value of a tile, above the error of the polynomial."""


@dataclass(frozen=True)
class GravityTiles:
    """Everything that flows between n cities, ready to be worked out tile by tile.

    With s = sin^2(d / 2R) the flow is push_i pull_j h(s), h(s) = (2R arcsin sqrt s)^-g.

    Attributes
    ----------
    places : CityPositions
    push, pull : numpy.ndarray of shape (n,)
    decay : float
    polynomial : numpy.ndarray or None
        Coefficients, the highest power first, of (arcsin sqrt s / sqrt s)^-g; None where cities
        lie too far apart for one.
    accuracy : float
        Relative error of flows.
    """

    places: CityPositions
    push: np.ndarray
    pull: np.ndarray
    decay: float
    polynomial: np.ndarray | None
    accuracy: float = 1e-10

    @property
    def n(self) -> int:
        """Number of cities."""
        return len(self.push)

    def flows_between(self, rows: np.ndarray, columns: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Return flows of given pairs; those at the same point have none.

        Parameters
        ----------
        rows, columns : numpy.ndarray of int
            Positions, broadcast against each other.
        s : numpy.ndarray
            Squares of half the chords.
        """
        s = np.where(s > 0, s, np.inf)
        return self.push[rows] * self.pull[columns] * self._nearness(s)

    def swept(
        self, threshold: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, list[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
        """Go through all pairs once.

        Parameters
        ----------
        threshold : numpy.ndarray of shape (n,), optional
            Flows that are positive and reach the threshold of their sender are given out.

        Returns
        -------
        sent, received : numpy.ndarray of shape (n,)
            Sums over all flows.
        found : list of (rows, columns, flows)
        """
        # Neighbours come one after the other, so that few tiles hold near or strong pairs.
        order = cKDTree(self.places.unit_vectors()).indices
        lon, lat = self.places.longitude[order], self.places.latitude[order]
        moved = replace(
            self,
            places=CityPositions(self.places.ids[order], lon, lat),
            push=self.push[order],
            pull=self.pull[order],
        )
        moved_sent, moved_received, pieces = moved._swept_in_order(
            None if threshold is None else threshold[order]
        )
        sent, received = np.empty(self.n), np.empty(self.n)
        sent[order], received[order] = moved_sent, moved_received
        short = order.astype(np.int32)
        for place, (rows, columns, flows) in enumerate(pieces):
            pieces[place] = (short[rows], short[columns], flows)
        return sent, received, pieces

    def _swept_in_order(
        self, threshold: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, list[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
        sent, received = np.zeros(self.n), np.zeros(self.n)
        found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        with np.errstate(divide="ignore", invalid="ignore"):
            bar = None if threshold is None else threshold / self.push
        for one, other, nearness, peak in self._tiles():
            sent[one] += nearness @ self.pull[other]
            received[other] += self.push[one] @ nearness
            if bar is not None and self._reaches(peak, one, other, bar):
                self._gather(found, nearness, one, other, bar)
            if one.start == other.start:
                continue
            sent[other] += self.pull[one] @ nearness
            received[one] += nearness @ self.push[other]
            if bar is not None and self._reaches(peak, other, one, bar):
                self._gather(found, nearness.T, other, one, bar)
        return sent * self.push, received * self.pull, found

    def _reaches(self, peak: float, one: slice, other: slice, bar: np.ndarray) -> bool:
        """Whether any flow of a tile may reach the bar of its sender."""
        return bool(peak * self.pull[other].max() >= np.fmin.reduce(bar[one]))

    def _gather(
        self,
        found: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
        nearness: np.ndarray,
        one: slice,
        other: slice,
        bar: np.ndarray,
    ) -> None:
        """Collect the flows of a tile that reach the bar of their sender."""
        reached = nearness * self.pull[other]
        above = (
            (reached >= bar[one, None]) & (reached > 0)
            if (bar[one] <= 0).any()
            else (reached >= bar[one, None])
        )
        # Memory order of the mask, so that a transposed tile is not copied.
        if above.flags.c_contiguous:
            rows, columns = np.divmod(np.flatnonzero(above), above.shape[1])
        else:
            columns, rows = np.divmod(np.flatnonzero(above.T), above.shape[0])
        if len(rows):
            # Masses first, so that both directions of a pair round the same way.
            pair = self.push[one][rows] * self.pull[other][columns]
            flows = pair * nearness[rows, columns]
            found.append(
                (
                    (rows + one.start).astype(np.int32),
                    (columns + other.start).astype(np.int32),
                    flows,
                )
            )

    def _tiles(self) -> Iterator[tuple[slice, slice, np.ndarray, float]]:
        """Tiles of the upper triangle: rows, columns, h (zero for a city with itself), its peak."""
        points = self.places.unit_vectors()
        # One product gives (1 - cosine) / 2.
        left = np.column_stack([-0.5 * points, np.full(self.n, 0.5)])
        right = np.ascontiguousarray(np.column_stack([points, np.ones(self.n)]).T)
        for start in range(0, self.n, TILE):
            one = slice(start, min(start + TILE, self.n))
            for begin in range(start, self.n, TILE):
                other = slice(begin, min(begin + TILE, self.n))
                s = left[one] @ right[:, other]
                nearest = s.min(keepdims=True)
                if nearest[0, 0] < NEAR:
                    self._correct(s, one, other)
                    nearest = s.min(keepdims=True)
                # h falls with distance; the slack is for the rounding of its polynomial.
                peak = float(self._nearness(nearest)[0, 0]) * (1.0 + PEAK_SLACK)
                yield one, other, self._nearness(s), peak

    def _correct(self, s: np.ndarray, one: slice, other: slice) -> None:
        """Take near pairs by the haversine formula; the same point is infinitely far away."""
        rows, columns = np.divmod(np.flatnonzero(s < NEAR), s.shape[1])
        lon, lat = self.places.longitude, self.places.latitude
        i, j = rows + one.start, columns + other.start
        half = great_circle_km(lon[i], lat[i], lon[j], lat[j]) / (2.0 * EARTH_RADIUS_KM)
        s[rows, columns] = np.where(half > 0, np.sin(half) ** 2, np.inf)
        if one.start == other.start:
            np.fill_diagonal(s, np.inf)

    def _nearness(self, s: np.ndarray) -> np.ndarray:
        """Return h(s) of squares of half the chords, zero where s is infinite."""
        scale = (2.0 * EARTH_RADIUS_KM) ** -self.decay
        if self.polynomial is None:
            away = np.isinf(s)
            half = np.arcsin(np.sqrt(np.clip(np.where(away, 0.25, s), 0.0, 1.0)))
            found = half**-self.decay * scale
            found[away] = 0.0
            return found
        power = _inverse_power(s, self.decay)
        finite = s if np.isfinite(s.max(initial=0.0)) else np.where(np.isinf(s), 0.0, s)
        first, *others = self.polynomial * scale
        factor = finite * first
        for coefficient in others[:-1]:
            factor += coefficient
            factor *= finite
        factor += others[-1]
        factor *= power
        return factor


def gravity_tiles(
    places: CityPositions, push: np.ndarray, pull: np.ndarray, decay: float
) -> GravityTiles:
    """Prepare the tiles of a gravity network.

    Parameters
    ----------
    places : CityPositions of n cities
    push, pull : numpy.ndarray of shape (n,)
        Masses to their powers, the constant in one of them.
    decay : float
        Zero or positive.

    Returns
    -------
    GravityTiles
    """
    points = places.unit_vectors()
    middle = points.sum(axis=0)
    length = float(np.linalg.norm(middle))
    widest = 1.0  # the other side of the world
    if length > 0:
        # Two cities are at most twice as far apart as the farther one is from the middle.
        cosine = float(np.clip((points @ (middle / length)).min(), 0.0, 1.0))
        widest = (1.0 - cosine**2) * (1.0 + 1e-9)
    return GravityTiles(places, push, pull, decay, _fitted_polynomial(widest, decay))


def _fitted_polynomial(widest: float, decay: float) -> np.ndarray | None:
    """Fit (arcsin sqrt s / sqrt s)^-g on [0, widest]; None where no low degree will do."""
    if widest > 0.6:
        return None
    top = max(widest, NEAR)

    def wanted(s: np.ndarray) -> np.ndarray:
        root = np.sqrt(s)
        return (np.arcsin(root) / root) ** -decay

    check = np.linspace(top * 1e-6, top, 2001)
    for degree in DEGREES:
        fitted = Chebyshev.interpolate(wanted, degree, domain=[top * 1e-9, top])
        powers = fitted.convert(domain=[-1, 1], kind=Polynomial, window=[-1, 1])
        if np.abs(powers(check) / wanted(check) - 1.0).max() < POLYNOMIAL_ERROR:
            return np.asarray(powers.coef[::-1], dtype=float)
    return None


def _inverse_power(s: np.ndarray, decay: float) -> np.ndarray:
    """Return s^(-g/2), by divisions and roots where they do; infinite s gives zero."""
    if decay == 0:
        return np.where(np.isinf(s), 0.0, 1.0)
    if decay == 1:
        return 1.0 / np.sqrt(s)
    if decay == 2:
        return 1.0 / s
    if decay == 3:
        return 1.0 / (s * np.sqrt(s))
    return s ** (-decay / 2.0)
