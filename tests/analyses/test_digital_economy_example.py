"""The worked example of digital industry runs on the real data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "digital_economy" / "china.py"


@pytest.mark.slow
def test_example_runs(shared_folder, tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPT, shared_folder / "data" / "china", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "280 cities, 12 years" in done.stdout
    assert len(list(tmp_path.glob("*.png"))) == 2
