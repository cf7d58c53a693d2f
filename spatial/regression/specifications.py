"""Which spatial terms each specification has, and the weights behind its parameters."""

from __future__ import annotations

from spatial.errors import ConfigError, listed
from spatial.options import Specification
from spatial.regression.design import PanelDesign
from spatial.regression.spatial_lag import SpatialLag

DURBIN: tuple[Specification, ...] = ("slx", "sdm", "sdem", "gns")
# rho and lambda together: two spatial parameters are searched.
COMBINED: tuple[Specification, ...] = ("sac", "gns")
LAG: tuple[Specification, ...] = ("sar", "sdm", *COMBINED)
ERROR: tuple[Specification, ...] = ("sem", "sdem", *COMBINED)


def symbols_of(specification: Specification) -> tuple[str, ...]:
    """Names of the spatial parameters in the order of the coefficients.

    Examples
    --------
    >>> symbols_of("sdm"), symbols_of("gns"), symbols_of("slx")
    (('rho',), ('rho', 'lambda'), ())
    """
    return ("rho",) * (specification in LAG) + ("lambda",) * (specification in ERROR)


def require_error_weights_used(specification: Specification, error_weights: object) -> None:
    """Raise when weights of the errors are given to a specification without lambda.

    Raises
    ------
    ConfigError
    """
    if error_weights is not None and specification not in ERROR:
        raise ConfigError(
            f"specification={specification!r} has no lagged error, so that error_weights would "
            f"not be used; leave them out or choose one of {listed(ERROR)}."
        )


def spatial_lags(design: PanelDesign, specification: Specification) -> tuple[SpatialLag, ...]:
    """Weights of the outcome and of the errors, those that the specification has."""
    lags = (design.lag,) * (specification in LAG)
    return lags + (design.error_lag,) * (specification in ERROR)


def first_lag(design: PanelDesign, specification: Specification) -> SpatialLag:
    """Weights of rho, or of lambda where there is no rho; of the outcome in least squares."""
    return next(iter(spatial_lags(design, specification)), design.lag)
