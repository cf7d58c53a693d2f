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


HOSTILE_NAMES = (
    'New <York> & "Jersey" O\'Neil',
    "=SUM(A1:A9)",
    "<script>alert('x')</script>",
    "北京市 — 中华人民共和国",
    "[% @project_title %] ]]> &amp; %s {0}",
    "😀 مدينة \u202eRTL \x07bell",
    "x" * 300,
    "'; DROP TABLE layer_styles; --",
    "line\nbreak\ttab\\back",
    " ",
    '=HYPERLINK("http://example.org","click")',
    "+1-800",
    "-2+3",
    "@SUM(1)",
    "\\input{/etc/passwd} $x^2$ ~ # \\end{table}",
    "[% now() %]",
    "{{ 7 * 7 }}{% include 'x' %}",
    "  blanks at both ends  ",
    "e\u0301cole ｆｕｌｌ ＷＩＤＴＨ １２",
    "\u05e9\u05dc\u05d5\u05dd \u2067isolated",
    "👩‍👩‍👧‍👦 family",
    "nul\x00 and \x1f \x7f \x85",
    "return\rfeed\u2028separator",
    "</style></title>--><!-- %_",
    "NA",
    "_x0041_",
    "*Vertices 3",
    "data:",
    "../../etc/passwd",
    "CON",
)
"""Names that break careless writers: markup, formulas, code, directions, controls, lengths."""


@pytest.fixture(scope="session")
def hostile_names() -> tuple[str, ...]:
    """Names that break careless writers, all different."""
    return HOSTILE_NAMES


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """Folder with reference cases and city data that may not be redistributed."""
    default = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("INTERURBAN_SHARED", default))
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}: set INTERURBAN_SHARED to run this conformance test")
    return folder
