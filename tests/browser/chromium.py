"""A real browser for tests: Chromium, driven by chromedriver over W3C WebDriver.

The standard library is all that it takes. Chromium runs headless, with a profile of its own, and
resolves no name: it reaches 127.0.0.1, and nothing else.
Source: W3C WebDriver, and chromedriver's own `goog:loggingPrefs`, `se/log`.
"""

import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

CHROMIUM = os.environ.get("CHROMIUM", "chromium")
CHROMEDRIVER = os.environ.get("CHROMEDRIVER", "chromedriver")
ARGUMENTS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PATIENCE_MS = 30_000
"""How long a test waits for what the page is to come to; a test that passes waits for less."""

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # W3C WebDriver, 12.2: web element identifier
_ONCE = """
const [holds, told] = [new Function(`return ${arguments[0]}`), arguments[1]];
const look = () => { const value = holds(); if (value) { watch.disconnect(); told(value); } };
const watch = new MutationObserver(look);
watch.observe(document, {attributes: true, characterData: true, childList: true, subtree: true});
look();
"""


class Unable(Exception):
    """The browser did not do what it was told."""


class Page:
    """The browser's one page. Elements are named by CSS selectors."""

    def __init__(self, driver: "_Driver") -> None:
        self._driver = driver

    def open(self, url: str) -> None:
        self._driver("POST", "url", {"url": url})

    def resize(self, width: int, height: int) -> None:
        """Show the page as on a screen of so many CSS pixels, until `resize_back`."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        command = {"cmd": "Emulation.setDeviceMetricsOverride", "params": screen}
        self._driver("POST", "goog/cdp/execute", command)

    def resize_back(self) -> None:
        """Show pages as the browser began."""
        command = {"cmd": "Emulation.clearDeviceMetricsOverride", "params": {}}
        self._driver("POST", "goog/cdp/execute", command)

    def printed(self) -> bytes:
        """Return the page as a PDF, on A4."""
        paper = {"page": {"width": 21.0, "height": 29.7}}
        return b64decode(self._driver("POST", "print", paper))

    def fill(self, selector: str, text: str) -> None:
        """Type over what stands in a field, as a person does."""
        field = self._element(selector)
        self._driver("POST", f"element/{field}/clear", {})
        self._driver("POST", f"element/{field}/value", {"text": text})

    def click(self, selector: str) -> None:
        self._driver("POST", f"element/{self._element(selector)}/click", {})

    def text(self, selector: str) -> str:
        """Return all of an element's text, also what is scrolled out of sight."""
        text: str = self.value(f"document.querySelector({json.dumps(selector)}).textContent")
        return text

    def value(self, expression: str) -> Any:
        """Return what an expression comes to in the page, as JSON knows it."""
        return self._driver("POST", "execute/sync", {"script": f"return {expression}", "args": []})

    def until(self, expression: str) -> Any:
        """Return an expression's value as soon as it is a true one: at a change of the page."""
        try:
            return self._driver("POST", "execute/async", {"script": _ONCE, "args": [expression]})
        except Unable as unable:
            shown = self.value("document.body.innerText")
            raise Unable(f"never {expression}; shown: {shown}") from unable

    def requested(self) -> list[str]:
        """Return the URLs that were requested since this was asked last."""
        entries = self._driver("POST", "se/log", {"type": "performance"})
        told = [json.loads(entry["message"])["message"] for entry in entries]
        sent = [each for each in told if each["method"] == "Network.requestWillBeSent"]
        return [each["params"]["request"]["url"] for each in sent]

    def _element(self, selector: str) -> str:
        found = self._driver("POST", "element", {"using": "css selector", "value": selector})
        reference: str = found[_ELEMENT]
        return reference


@contextmanager
def page() -> Iterator[Page]:
    """Run a browser, and end it with every process that it started."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        _chromedriver() as port,
        closing(_Driver(port)) as driver,
    ):
        driver.begin(profile)
        yield Page(driver)


@contextmanager
def _chromedriver() -> Iterator[int]:
    """Run chromedriver in a process group of its own; yield its port."""
    command = [_path(CHROMEDRIVER), "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, process_group=0) as process:
        try:
            yield _port(process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def _port(process: "subprocess.Popen[str]") -> int:
    for line in process.stdout or ():
        if "started successfully on port" in line:
            return int(line.rstrip(".\n").rpartition(" ")[2])
    raise Unable("chromedriver did not start")


class _Driver:
    """WebDriver's commands, within one session."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._session = "/session"

    def begin(self, profile: str) -> None:
        options = {"binary": _path(CHROMIUM), "args": [*ARGUMENTS, f"--user-data-dir={profile}"]}
        wanted = {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"performance": "ALL"},
            "timeouts": {"script": PATIENCE_MS},
        }
        begun = self("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{begun['sessionId']}"

    def close(self) -> None:
        with suppress(Unable, OSError, http.client.HTTPException):
            self("DELETE", "")
        self._connection.close()

    def __call__(self, method: str, command: str, told: Any = None) -> Any:
        """Return a command's value. Raises Unable."""
        path = f"{self._session}/{command}".rstrip("/")
        body = None if told is None else json.dumps(told)
        self._connection.request(method, path, body)
        answer = self._connection.getresponse()
        value = json.load(answer)["value"]
        if answer.status != 200:
            raise Unable(f"{method} {command}: {value['error']}: {value['message']}")
        return value


def _path(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise Unable(f"there is no {program}")
    return found
