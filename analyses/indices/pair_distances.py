"""Histograms of the distances between plants, never holding all pairs at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.spatial.distance import cdist

from spatial.coordinates import EARTH_RADIUS_KM, chord_to_km, km_to_chord

__all__ = ["ExactCounter", "GridCounter", "summary_of_distances"]

BLOCK_PAIRS = 1_000_000
"""Pairs looked at together: some tens of megabytes, whatever the number of plants."""


@dataclass(frozen=True)
class ExactCounter:
    """Counts pairs of points by great-circle distance, block by block.

    Attributes
    ----------
    points : array of shape (n, 3)
        Unit vectors.
    bins : int
        Number of bins of equal chord from zero to ``longest``.
    longest : float
        Kilometres; farther pairs are not counted.
    """

    points: np.ndarray
    bins: int
    longest: float

    @property
    def centres(self) -> np.ndarray:
        """Distance of the middle of each bin in km, shape (bins,)."""
        chord = km_to_chord(self.longest)
        return chord_to_km((np.arange(self.bins) + 0.5) * chord / self.bins)

    def within(self, members: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        """Sum the products of weights over the unordered pairs of members, by bin.

        Parameters
        ----------
        members : integer array of shape (m,)
        weights : array of shape (m,) or None
            None counts each pair once.

        Returns
        -------
        numpy.ndarray of shape (bins,)
        """
        points = self.points[members]
        total = np.zeros(self.bins)
        first = 0
        while first < len(points):
            last = first + max(1, BLOCK_PAIRS // (len(points) - first))
            block, rest = slice(first, last), slice(first, None)
            part = self._counted(points[block], points[rest], weights, block, rest)
            # Inside the block every pair is met twice and every point meets itself.
            inner = self._counted(points[block], points[block], weights, block, block)
            own = weights[block] ** 2 if weights is not None else np.ones(len(points[block]))
            inner[0] += own.sum()
            total += part - inner / 2
            first = last
        return total

    def between(
        self,
        members: np.ndarray,
        others: np.ndarray,
        weights: np.ndarray | None,
        other_weights: np.ndarray | None,
    ) -> np.ndarray:
        """Sum the products of weights over the pairs of a member with another, by bin."""
        total = np.zeros(self.bins)
        step = max(1, BLOCK_PAIRS // max(len(others), 1))
        for first in range(0, len(members), step):
            block = members[first : first + step]
            total += self._binned(
                self.points[block],
                self.points[others],
                None if weights is None else weights[first : first + step],
                other_weights,
            )
        return total

    def _counted(
        self,
        a: np.ndarray,
        b: np.ndarray,
        weights: np.ndarray | None,
        rows: slice,
        columns: slice,
    ) -> np.ndarray:
        if weights is None:
            return self._binned(a, b, None, None)
        return self._binned(a, b, weights[rows], weights[columns])

    def _binned(
        self, a: np.ndarray, b: np.ndarray, x: np.ndarray | None, y: np.ndarray | None
    ) -> np.ndarray:
        place = cdist(a, b)
        place *= self.bins / km_to_chord(self.longest)
        # One bin more than wanted gathers the pairs that are too far apart.
        index = np.minimum(place, self.bins, out=place).astype(np.int32).ravel()
        product = None if x is None or y is None else np.multiply.outer(x, y).ravel()
        return np.bincount(index, weights=product, minlength=self.bins + 1)[: self.bins].astype(
            float
        )


class GridCounter:
    """Counts pairs by distance on a fine plane grid, through the Fourier transform.

    The number of pairs of cells with a given displacement is the autocorrelation of the counts per
    cell, so that time and memory depend on the size of the grid and not on the number of pairs.
    Points are moved to the centre of their cell in an azimuthal equidistant projection.

    Parameters
    ----------
    points : array of shape (n, 3)
        Unit vectors.
    cell : float
        Width of a cell in km, widened where the grid would have more than ``most_cells``.
    longest : float
        Kilometres; farther pairs are not counted.
    bins : int
        Number of bins of equal width from zero to ``longest``.
    most_cells : int
    """

    def __init__(
        self,
        points: np.ndarray,
        *,
        cell: float,
        longest: float,
        bins: int,
        most_cells: int = 4_000_000,
    ) -> None:
        plane = _equidistant_plane(points)
        self.plane = plane
        width, height = np.ptp(plane, axis=0)
        cell = max(cell, float(np.sqrt(width * height / most_cells)), max(width, height) / 20_000)
        self.cell = cell
        self.bins = bins
        self.longest = longest
        places = np.floor((plane - plane.min(axis=0)) / cell).astype(np.int64)
        self.shape = tuple(int(n) for n in places.max(axis=0) + 1)
        self.cells = places[:, 0] * self.shape[1] + places[:, 1]
        reach = int(np.ceil(longest / cell))
        self.padded = tuple(fft.next_fast_len(n + min(reach, n) + 1, real=True) for n in self.shape)
        self.reach = (min(reach, self.shape[0] - 1), min(reach, self.shape[1] - 1))
        # Displacements with dy >= 0 only: the others are the same pairs, met from the other end.
        dx = np.arange(-self.reach[0], self.reach[0] + 1)
        dy = np.arange(self.reach[1] + 1)
        distance = cell * np.hypot(dx[:, None], dy[None, :])
        self.index = np.minimum(distance * (bins / longest), bins).astype(np.int64).ravel()

    @property
    def centres(self) -> np.ndarray:
        """Distance of the middle of each bin in km, shape (bins,)."""
        return (np.arange(self.bins) + 0.5) * self.longest / self.bins

    def within(self, members: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        """Sum the products of weights over the unordered pairs of members, by bin."""
        spectrum = self._spectrum(members, weights)
        power = spectrum.real**2 + spectrum.imag**2
        own = float(len(members)) if weights is None else float((weights**2).sum())
        counts = self._by_distance(power)
        counts[0] -= own / 2
        return counts

    def between(
        self,
        members: np.ndarray,
        others: np.ndarray,
        weights: np.ndarray | None,
        other_weights: np.ndarray | None,
    ) -> np.ndarray:
        """Sum the products of weights over the pairs of a member with another, by bin."""
        a, b = self._spectrum(members, weights), self._spectrum(others, other_weights)
        # The real part makes the correlation symmetric, as half a plane of it needs.
        return 2.0 * self._by_distance(a.real * b.real + a.imag * b.imag)

    def _spectrum(self, members: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        counts = np.bincount(
            self.cells[members], weights=weights, minlength=self.shape[0] * self.shape[1]
        )
        return fft.rfft2(counts.reshape(self.shape).astype(float), s=self.padded)

    def _by_distance(self, power: np.ndarray) -> np.ndarray:
        pairs = fft.irfft2(power, s=self.padded)
        rows, columns = self.reach
        near = np.concatenate([pairs[-rows:] if rows else pairs[:0], pairs[: rows + 1]])
        near = near[:, : columns + 1].copy()
        near[:, 0] /= 2
        total = np.bincount(self.index, weights=near.ravel(), minlength=self.bins + 1)
        return total[: self.bins]

    def distance_error(self, sample: np.ndarray, points: np.ndarray) -> float:
        """Largest relative error of the projected distances between sampled points.

        Parameters
        ----------
        sample : integer array
            Points to compare, pair by pair.
        points : array of shape (n, 3)
            Unit vectors.

        Returns
        -------
        float
        """
        true = chord_to_km(cdist(points[sample], points[sample]))
        plane = cdist(self.plane[sample], self.plane[sample])
        far = true > 1e-6
        if not far.any():
            return 0.0
        return float(np.abs(plane[far] / true[far] - 1.0).max())


def summary_of_distances(points: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Longest distance, standard deviation and quartiles of the distances of all pairs.

    Parameters
    ----------
    points : array of shape (n, 3)
        Unit vectors, two or more.

    Returns
    -------
    longest, deviation : float
        Kilometres; the longest is an upper bound within a factor of two.
    quartiles : array of shape (3,)
    """
    chord = 2.0 * float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).max()))
    longest = float(chord_to_km(np.array(min(chord, 2.0)))) * (1.0 + 1e-9) + 1e-9
    counter = ExactCounter(points, 20_000, longest)
    counts, centres = counter.within(np.arange(len(points)), None), counter.centres
    share = counts / counts.sum()
    mean = float(share @ centres)
    deviation = float(np.sqrt(share @ (centres - mean) ** 2))
    quartiles = np.interp([0.25, 0.5, 0.75], np.cumsum(share), centres)
    return longest, deviation, quartiles


def _equidistant_plane(points: np.ndarray) -> np.ndarray:
    """Project unit vectors around their centre; radial distances are exact, km, shape (n, 2)."""
    centre = points.mean(axis=0)
    centre /= np.linalg.norm(centre)
    helper = np.eye(3)[np.argmin(np.abs(centre))]
    east = np.cross(helper, centre)
    east /= np.linalg.norm(east)
    north = np.cross(centre, east)
    x, y = points @ east, points @ north
    sine = np.hypot(x, y)
    angle = np.arctan2(sine, points @ centre)
    stretch = np.divide(angle, sine, out=np.ones_like(angle), where=sine > 0)
    return EARTH_RADIUS_KM * np.column_stack([x * stretch, y * stretch])
