"""Debian's Chromium without a window, told what to do over the WebDriver protocol.

https://www.w3.org/TR/webdriver2/
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from support.environment import build_environment, environment
from support.ports import free_port
from support.processes import ROOT, stop

INSTALLER = ROOT / "tools/setup/chromium.sh"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Shift": "\ue008"}
START_SECONDS = 60.0


def require_chromium() -> None:
    """Install it if need be; for who may not install packages the tests are skipped."""
    if not (shutil.which("chromedriver") and shutil.which("chromium")):
        done = subprocess.run(
            [str(INSTALLER)], env=build_environment(), capture_output=True, text=True
        )
        if done.returncode and os.geteuid():
            pytest.skip(done.stderr)
        assert done.returncode == 0, done.stderr


class Browser:
    """A browser with one window, of a profile of its own."""

    def __init__(
        self, folder: Path, size: tuple[int, int] = (1200, 900), scripts: bool = True
    ) -> None:
        port = free_port()
        self._log = (folder / "chromedriver.log").open("wb")
        self._process = subprocess.Popen(
            ["chromedriver", f"--port={port}"],
            env=environment({"HOME": str(folder)}),
            stdout=self._log,
            stderr=self._log,
        )
        self._url = f"http://127.0.0.1:{port}"
        self._wait_until_ready()
        arguments = [
            "--headless=new",
            # Root has no sandbox, and containers a small /dev/shm.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder / 'profile'}",
        ]
        options: dict[str, Any] = {"args": arguments, "binary": shutil.which("chromium")}
        if not scripts:
            options["prefs"] = {"profile.managed_default_content_settings.javascript": 2}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._url += f"/session/{made['sessionId']}"
        self.resize(*size)

    def close(self) -> None:
        """End the browser, and all its processes."""
        try:
            self._call("DELETE", "")
        finally:
            stop(self._process)
            self._log.close()

    def open(self, url: str) -> None:
        """Go to a page, and wait for it to be loaded."""
        self._call("POST", "/url", {"url": url})

    def resize(self, width: int, height: int) -> None:
        """The size of the page itself, which may be smaller than windows can be."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.devtools("Emulation.setDeviceMetricsOverride", **metrics)

    def devtools(self, command: str, **parameters: Any) -> Any:
        """The result of a command of the DevTools protocol."""
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script of the test's returns."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script: str, seconds: float = 30) -> Any:
        """What a script returns once that is true."""
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"not within {seconds:g} s: {script}"
            time.sleep(0.05)
        return value

    def press(self, *keys: str) -> None:
        """Press keys one after another, as somebody at the keyboard does."""
        actions = [
            {"type": kind, "value": KEYS.get(key, key)}
            for key in keys
            for kind in ("keyDown", "keyUp")
        ]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self._call("POST", "/actions", {"actions": [keyboard]})

    def click(self, selector: str) -> None:
        """Click on the first element of a CSS selector."""
        found = self._call("POST", "/element", {"using": "css selector", "value": selector})
        self._call("POST", f"/element/{found[ELEMENT]}/click", {})

    def complaints(self) -> list[str]:
        """What the console was told of since it was last asked: errors and warnings."""
        entries = self._call("POST", "/se/log", {"type": "browser"})
        return [one["message"] for one in entries if one["level"] in ("SEVERE", "WARNING")]

    def screenshot(self) -> bytes:
        """The page as a PNG."""
        return base64.b64decode(self._call("GET", "/screenshot"))

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                if self._call("GET", "/status")["ready"]:
                    return
            except (urllib.error.URLError, ConnectionError):
                assert time.monotonic() < end and self._process.poll() is None, "no chromedriver"
            time.sleep(0.05)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(error.read().decode()[:2000]) from None
