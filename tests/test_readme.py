"""The README is true: its Python runs, its files exist, its commands are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_of_the_readme_runs(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) == 2
    scope: dict = {}
    exec(compile(blocks[0], "README.md", "exec"), scope)
    assert scope["area"].passport.n_cities == 274
    assert 0.25 < scope["clusters"].global_statistic < 0.40
    assert 0.2 < scope["model"].rho < 0.9
    assert "indirect" in capsys.readouterr().out


def test_spillovers_of_the_readme_run(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    scope: dict = {}
    exec(compile(blocks[1], "README.md", "exec"), scope)
    assert scope["ladder"].decision == scope["model"].specification == "sdm"
    assert scope["area"].cities.loc["38300", "name"] == "Pittsburgh, PA"
    assert scope["choice"].best[0] in ("nearest 6", "distance")
    assert scope["reach"].boundary >= 100
    emitted = scope["effects"].city_effects("share_aged_20_29")["emitted"]
    indirect = scope["effects"].table.loc["share_aged_20_29", "indirect"]
    assert abs(emitted.mean() - indirect) < 1e-9
    assert "emitted" in capsys.readouterr().out


def test_links_of_the_documents_lead_somewhere():
    for document in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "examples/china/README.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if not re.match(r"https?:", target):
                assert ((ROOT / document).parent / target).exists(), f"{document}: {target}"


@pytest.mark.parametrize("command", ["demo", "new", "check", "run"])
def test_commands_of_the_readme_exist(command):
    assert f"interurban {command}" in README
    assert f"\ndef {command}(" in (ROOT / "analyses" / "command_line.py").read_text()


def test_make_targets_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text()
    assert {"demo", "test"} <= set(re.findall(r"make (\w+)", README))
    for target in ("demo", "test"):
        assert f"\n{target}:" in makefile
