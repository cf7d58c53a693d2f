"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Every worker of pytest-xdist has a core of its own: more threads of the linear algebra would only
# wait for each other. Set before the workers start, which inherit it.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# Examples are drawn afresh but without a clock: a busy machine must not fail a law.
settings.register_profile(
    "interurban", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("interurban")


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """Folder with reference cases and city data that may not be redistributed."""
    default = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("INTERURBAN_SHARED", default))
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}: set INTERURBAN_SHARED to run this conformance test")
    return folder
