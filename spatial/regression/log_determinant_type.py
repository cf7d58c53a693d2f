r"""What every method for ln |I - rho W| answers.

With :math:`G = W (I - \rho W)^{-1}` and :math:`L(\rho) = \ln|I - \rho W|`:
:math:`\mathrm{tr}(G) = -L'(\rho)` and :math:`\mathrm{tr}(G G) = -L''(\rho)`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from spatial.options import LogDeterminantMethod


class LogDeterminant(ABC):
    """ln |I - rho W| on its valid interval.

    Attributes
    ----------
    method : str
        How it is computed.
    low, high : float
        Open interval of rho that contains 0 and on which I - rho W is regular.
    """

    method: LogDeterminantMethod
    low: float
    high: float

    @abstractmethod
    def value(self, rho: float) -> float:
        """Logarithm of the determinant of I - rho W."""

    @abstractmethod
    def first_trace(self, rho: float) -> float:
        """tr(G), the negative first derivative."""

    @abstractmethod
    def second_trace(self, rho: float) -> float:
        """tr(G G), the negative second derivative."""

    @property
    def exact(self) -> bool:
        """Whether values are exact up to rounding."""
        return True

    @property
    def seed_of_probes(self) -> int | None:
        """Seed of random vectors, None where there are none."""
        return None

    @property
    def rough(self) -> LogDeterminant:
        """Cheap stand-in for a first search; itself where every value is cheap."""
        return self

    def prepare(self, low: float, high: float) -> None:  # noqa: B027
        """Make values and traces between two rho cheap, without changing them."""

    def value_error(self, rho: float) -> float:  # noqa: ARG002
        """Estimate the error of ``value``, 0 for exact methods."""
        return 0.0

    def slope_error(self, rho: float) -> float:  # noqa: ARG002
        """Estimate the error of ``first_trace``, 0 for exact methods."""
        return 0.0
