"""The way from ``fit_panel`` and ``fit_cross_section`` to estimators without a likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from spatial.errors import ConfigError, listed
from spatial.options import EstimationMethod, PanelCovariance, Specification, checked_option

if TYPE_CHECKING:
    from spatial.regression.results import PanelResult

# Names of the covariances of maximum likelihood, in the words of two-stage least squares.
COVARIANCE = {"information": "classical", "direct": "classical", "sandwich": "robust"}
ALLOWED = ("endogenous", "instruments", "lag_instruments", "orders")


def likelihood_covariance(
    method: EstimationMethod, covariance: PanelCovariance, method_options: Mapping[str, Any] | None
) -> PanelCovariance:
    """Covariance of a fit by likelihood; ``method="qml"`` turns the default into the sandwich.

    Raises
    ------
    ConfigError
        If options of other methods are given.

    Examples
    --------
    >>> likelihood_covariance("qml", "information", None)
    'sandwich'
    """
    if method_options:
        raise ConfigError(
            f"method={method!r} takes no method_options; {listed(method_options)} need "
            "method='s2sls' or 'gmm'."
        )
    return "sandwich" if method == "qml" and covariance == "information" else covariance


def fit_by_moments(
    formula: str,
    data: pd.DataFrame,
    weights: Any,
    *,
    method: EstimationMethod,
    specification: Specification,
    effects: str,
    bias_correction: bool | str,
    covariance: PanelCovariance,
    covariance_options: Mapping[str, Any] | None,
    method_options: Mapping[str, Any] | None,
    log_determinant: str,
    error_weights: Any,
    **shared: Any,
) -> PanelResult:
    """Hand a fit to ``fit_spatial_iv`` or ``fit_spatial_gmm``.

    Two-stage least squares without spatial errors is the first; with them, and for
    ``method="gmm"``, it is the second.
    """
    from spatial.regression.spatial_gmm import fit_spatial_gmm
    from spatial.regression.spatial_iv import fit_spatial_iv

    checked_option(specification, Specification, name="specification")
    checked_option(covariance, PanelCovariance, name="covariance")
    given = dict(method_options or {})
    unknown = [name for name in given if name not in ALLOWED]
    if unknown:
        raise ConfigError(
            f"method_options={listed(unknown)} are not known; use some of {listed(ALLOWED)}."
        )
    if log_determinant != "automatic":
        raise ConfigError(
            f"log_determinant={log_determinant!r} is for maximum likelihood; leave it out with "
            f"method={method!r}."
        )
    words: Any = COVARIANCE.get(covariance, covariance)
    kind: Any = specification
    absorbed: Any = effects
    if method == "s2sls" and specification in ("ols", "slx", "sar", "sdm"):
        if error_weights is not None:
            raise ConfigError(f"specification={specification!r} takes no error_weights.")
        return fit_spatial_iv(
            formula,
            data,
            weights,
            specification=kind,
            effects=absorbed,
            bias_correction=bias_correction not in (False, "none"),
            covariance=words,
            **shared,
            **given,
            **(covariance_options or {}),
        )
    if covariance_options:
        raise ConfigError(
            "Spatial errors by moments have classical and robust covariances only; leave "
            "covariance_options out."
        )
    return fit_spatial_gmm(
        formula,
        data,
        weights,
        specification=kind,
        effects=absorbed,
        estimator="gmm" if method == "gmm" else "gs2sls",
        covariance=words,
        error_weights=error_weights,
        **shared,
        **given,
    )
