"""The example page in a real browser, served by a plain static server."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser import chromium
from browser.chromium import Page


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def example() -> Path:
    return Path(__file__).parents[2] / "examples" / "browser"


@pytest.fixture(scope="session")
def site(example: Path) -> Iterator[str]:
    """The address of the page; of another origin than the gateway's."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=example)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Page]:
    with chromium.page() as page:
        yield page


@pytest.fixture
def page(browser: Page, site: str) -> Page:
    """The page as it is first seen."""
    browser.open(site)
    browser.value("sessionStorage.clear()")
    browser.open(site)
    browser.requested()
    return browser
