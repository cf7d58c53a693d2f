"""The worked examples run on the real data and say what their page says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "networks"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "folder", "words", "pictures"),
    [
        ("us_migration.py", "us_metros_2000_2008", "20509 directed links", 4),
        ("china_rail.py", "china", "Times faster", 2),
        ("china_firms.py", "china", "282 directed links", 1),
    ],
)
def test_examples_run(script, folder, words, pictures, shared_folder, tmp_path):
    done = subprocess.run(
        [sys.executable, EXAMPLES / script, shared_folder / "data" / folder, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
    assert len(list(tmp_path.glob("*.png"))) == pictures
