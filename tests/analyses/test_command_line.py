"""The command line: help that answers at once, errors with exit status 2."""

import subprocess
import sys
import time

import pytest

LIMIT_SECONDS = 0.5
"""Promised answering time of help and of ``import spatial``. The best of five runs is taken: a busy
machine can only make a run slower."""


def interurban(*arguments, cwd=None):
    command = [sys.executable, "-m", "analyses.command_line", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"], ["new", "--help"],
                                       ["check", "--help"], ["run", "--help"]])  # fmt: skip
def test_help_reads_well(arguments):
    answer = interurban(*arguments)
    assert answer.returncode == 0
    assert "Usage" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr


@pytest.mark.parametrize(
    "code",
    ["import spatial", "import sys; sys.argv = ['interurban', '--help']; "
     "from analyses.command_line import app; app(standalone_mode=False)"],
)  # fmt: skip
def test_answers_within_half_a_second(code):
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < LIMIT_SECONDS


def test_version():
    answer = interurban("--version")
    assert answer.stdout.startswith("interurban ")


def test_missing_study_file_is_one_message(tmp_path):
    answer = interurban("run", tmp_path / "no.toml", "--output", tmp_path / "out")
    assert answer.returncode == 2
    assert answer.stderr.startswith("interurban: There is no study file")
    assert "Traceback" not in answer.stderr
    assert list(tmp_path.iterdir()) == []
