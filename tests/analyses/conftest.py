"""A small real study (metropolitan areas of the American West) on disk, for tests to spoil."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from shapefiles.example import example_files

STUDY = """
title = "Metropolitan areas of the West"
seed = 5

[cities]
file = "cities.gpkg"
id = "cbsa"
name = "name"

[panel]
file = "panel.csv"
city = "cbsa"
year = "year"
columns = ["population", "real_income", "real_income_per_head", "unemployment_insurance_per_head"]
required = ["population", "real_income_per_head", "unemployment_insurance_per_head"]

[groups]
size = "size"

[[derived]]
name = "ln_income"
kind = "log"
of = "real_income_per_head"

[resilience]
outcome = "real_income_per_head"
national = "weighted mean"
by = "population"

[[shocks]]
name = "1990-91"
resistance = [1990, 1991]
recovery = [1991, 1994]

[[weights]]
name = "nearest 4"
kind = "knn"
k = 4

[[weights]]
name = "gravity linkage"
kind = "linkage"
network = "gravity"

[[networks]]
name = "gravity"
kind = "gravity"
mass = "population"
year = 1990

[autocorrelation]
permutations = 999

[[models]]
name = "spillovers"
formula = "ln_income ~ np.log(unemployment_insurance_per_head)"
weights = "nearest 4"

[outputs]
name = "west"
figures = ["png"]
dpi = 72
"""


@dataclass
class SmallStudy:
    """Files of a study; change frames or text, then ``write``."""

    folder: Path
    cities: gpd.GeoDataFrame
    panel: pd.DataFrame
    text: str = STUDY

    @property
    def file(self) -> Path:
        return self.folder / "study.toml"

    def write(self) -> Path:
        self.cities.to_file(self.folder / "cities.gpkg", driver="GPKG")
        self.panel.to_csv(self.folder / "panel.csv", index=False)
        self.file.write_text(self.text, encoding="utf-8")
        return self.file


@pytest.fixture(scope="session")
def new_small_study():
    """Make a small study in a folder of one's own, for fixtures that live longer than a test."""
    return make_small_study


@pytest.fixture(scope="session")
def study_text() -> str:
    """Return the text of the small study."""
    return STUDY


@pytest.fixture
def small_study(tmp_path) -> SmallStudy:
    return make_small_study(tmp_path / "study")


def make_small_study(folder: Path) -> SmallStudy:
    """Put the small study into a new folder; nothing is written before ``write``."""
    files = {path.name: path for path in example_files().values()}
    cities = gpd.read_parquet(files["us_metros_cities.parquet"])
    chosen = cities[
        (cities["region"] == "West")
        & (cities["complete"] == "yes")
        & ~cities["state"].isin(["AK", "HI"])
    ]
    chosen = chosen[["cbsa", "name", "size", "geometry"]].reset_index(drop=True)
    panel = pd.read_parquet(files["us_metros_panel.parquet"])
    panel = panel[panel["cbsa"].isin(chosen["cbsa"]) & panel["year"].between(1988, 1996)]
    folder.mkdir()
    return SmallStudy(folder, chosen, panel.reset_index(drop=True))


@dataclass
class Answer:
    """What a command said."""

    status: int
    out: str
    err: str


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command line in this process."""

    def run(*arguments: object) -> Answer:
        from analyses.command_line import main

        monkeypatch.setattr(sys, "argv", ["interurban", *map(str, arguments)])
        try:
            main()
            status = 0
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        captured = capsys.readouterr()
        return Answer(status, captured.out, captured.err)

    return run


@pytest.fixture
def weasyprint():
    """Skip where WeasyPrint, or the system library Pango that it draws with, is missing."""
    try:
        import weasyprint as module
    except (ImportError, OSError) as error:
        pytest.skip(f"WeasyPrint cannot be used here: {error}")
    return module


CHROMIUM = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)


class Browser:
    """Headless Chromium, driven over the two pipes of its DevTools protocol.

    Real mouse and key events go through the browser; everything that it complains about and every
    address that it asks for is kept.
    """

    def __init__(self, folder: Path) -> None:
        told, self._write = os.pipe()
        self._read, answers = os.pipe()
        command = [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--hide-scrollbars", "--remote-debugging-pipe",
            f"--user-data-dir={folder / 'profile'}", "about:blank",
        ]  # fmt: skip

        def placed() -> None:
            """The protocol wants to read from file descriptor 3 and to write to 4."""
            one, two = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (told, answers))
            os.dup2(one, 3)
            os.dup2(two, 4)

        self._process = subprocess.Popen(
            command,
            preexec_fn=placed,  # noqa: PLW1509  (no threads here)
            pass_fds=(3, 4),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(told)
        os.close(answers)
        self._buffer = b""
        self._number = 0
        self._session = ""
        self.complaints: list[str] = []
        self.requests: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def send(self, method: str, **parameters: object) -> dict:
        self._number += 1
        message: dict = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self) -> dict:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], 90)
            if not ready:
                raise TimeoutError("Chromium does not answer.")
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise RuntimeError("Chromium has ended.")
            self._buffer += piece
        text, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(text)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method: str | None, told: dict) -> None:
        if method == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.complaints.append(
                str(details.get("exception", details).get("description", details))
            )
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
            self.complaints.append(str(told["args"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(told["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])

    def open(self, path: Path, *, width: int = 1440, height: int = 900) -> None:
        """Open a page and wait until it has drawn itself."""
        self.complaints.clear()
        self.requests.clear()
        self.resize(width, height)
        self.send("Page.navigate", url=path.as_uri())
        for _ in range(200):
            if self.value("document.readyState === 'complete' && Boolean(globalThis.explorer)"):
                break
            time.sleep(0.05)
        self.settle()

    def resize(self, width: int, height: int) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def value(self, expression: str) -> object:
        """Value of an expression in the page."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def settle(self) -> None:
        """Wait for two frames, so that everything that changed is drawn."""
        wait = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        self.value(f"{wait}.then(() => true)")

    def text(self, selector: str) -> str:
        return str(self.value(f"document.querySelector({json.dumps(selector)}).textContent"))

    def middle(self, selector: str) -> tuple[float, float]:
        box = self.value(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            "one.scrollIntoView({block: 'nearest'}); const box = one.getBoundingClientRect();"
            "return [box.left + box.width / 2, box.top + box.height / 2]; })()"
        )
        assert isinstance(box, list)
        return box[0], box[1]

    def mouse(self, kind: str, x: float, y: float, *, held: int = 0, keys: int = 0) -> None:
        self.send(
            "Input.dispatchMouseEvent", type=kind, x=x, y=y, modifiers=keys, clickCount=1,
            button="none" if kind == "mouseMoved" and not held else "left", buttons=held,
        )  # fmt: skip

    def click(self, where: str | tuple[float, float], *, keys: int = 0) -> None:
        """Click an element or a point; ``keys``: 1 Alt, 2 Control, 8 Shift."""
        x, y = self.middle(where) if isinstance(where, str) else where
        self.mouse("mouseMoved", x, y, keys=keys)
        self.mouse("mousePressed", x, y, held=1, keys=keys)
        self.mouse("mouseReleased", x, y, keys=keys)
        self.settle()

    def drag(
        self, start: tuple[float, float], end: tuple[float, float], *, keys: int = 0, steps: int = 4
    ) -> None:
        self.mouse("mouseMoved", *start, keys=keys)
        self.mouse("mousePressed", *start, held=1, keys=keys)
        for step in range(1, steps + 1):
            share = step / steps
            x = start[0] + share * (end[0] - start[0])
            y = start[1] + share * (end[1] - start[1])
            self.mouse("mouseMoved", x, y, held=1, keys=keys)
        self.mouse("mouseReleased", *end, keys=keys)
        self.settle()

    def press(self, key: str, *, text: str = "", keys: int = 0) -> None:
        """Press a key, such as "ArrowRight" or "Enter"."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, " ": 32, "ArrowLeft": 37, "ArrowUp": 38,
                 "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35}  # fmt: skip
        written = text or {"Enter": "\r", " ": " "}.get(key, "")
        common = {"key": key, "modifiers": keys, "windowsVirtualKeyCode": codes.get(key, 0)}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=written, **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)
        self.settle()

    def type(self, text: str) -> None:
        self.send("Input.insertText", text=text)
        self.settle()

    def picture(self, path: Path) -> Path:
        shot = self.send("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))
        return path


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """One headless Chromium for all tests of pages."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    opened = Browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()
