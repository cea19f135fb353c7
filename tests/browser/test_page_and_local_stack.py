"""The example page against the gateway on this machine: real streams, held and released."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browser.chromium import Page
from browser.form import STATE, connections, fact, fill, press, text_of_the_answer, wait_for

from chalicelib.errors import ModelNotAllowed, Unauthorized
from local.proof.collect import control
from local.stack import Stack
from ops import keys, tenants
from ops.directory import Directory

MODELS = [
    "us.amazon.nova-lite-v1:0",
    "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "amazon.titan-text-express-v1",
    "meta.llama3-8b-instruct-v1:0",
    "mistral.mistral-7b-instruct-v0:2",
    "openai.gpt-oss-20b-1:0",
    "chat-openai",
]
HELD = {"do": "stream_hold", "after": 6}
LONG = {"do": "long_answer", "tokens": 3_000, "multibyte": True}
WATCHED = """void (() => {
  const text = document.querySelector('#text');
  let seen = text.textContent;
  window.onlyGrew = true;
  new MutationObserver(() => {
    window.onlyGrew &&= text.textContent.startsWith(seen);
    seen = text.textContent;
  }).observe(text, {childList: true, subtree: true});
})()"""

pytestmark = [pytest.mark.browser, pytest.mark.system]


class Gateway:
    """The stack's, with a team's key."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.url = stack.urls["gateway"]
        directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
        now = datetime.now(UTC)
        tenants.create(directory, "search", now, allow=MODELS)
        self.key = keys.create(directory, "search", now)[0]

    def meets(self, *faults: object) -> None:
        """Have the provider's calls from now on meet faults."""
        control(self._stack, "POST", "reset")
        control(self._stack, "PUT", "faults", list(faults))

    def await_held(self) -> None:
        """Wait until a model is in the middle of its answer."""
        control(self._stack, "GET", "inflight?at_least=1")

    def release(self) -> None:
        control(self._stack, "POST", "release")

    def calls(self) -> int:
        """Return how many calls the provider had, since the faults were set."""
        return len(control(self._stack, "GET", "ledger"))

    def kept(self, request_id: str) -> str:
        """Return the whole text of an answer, as it is kept."""
        text, after, more = "", 0, True
        while more:
            page = self._get(f"/responses/{request_id}?after={after}")
            text, after, more = text + page["text"], page["next_after"], page["more"]
        return text

    def _get(self, path: str) -> dict:
        request = urllib.request.Request(self.url + path, headers={"x-api-key": self.key})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


@pytest.fixture(scope="module")
def opened(stack: Stack) -> Gateway:
    return Gateway(stack)


@pytest.fixture
def gateway(opened: Gateway) -> Iterator[Gateway]:
    opened.meets()
    yield opened
    opened.meets()  # nothing is held any longer


def ask(page: Page, gateway: Gateway, how: str, model_id: str = MODELS[0]) -> None:
    fill(page, gateway.url, gateway.key, model_id)
    press(page, how)


def await_text(page: Page) -> str:
    """Wait until the page shows text, and return it."""
    shown: str = page.until("document.querySelector('#text').textContent")
    return shown


def await_open(page: Page, connection: int) -> None:
    """Wait until an answer comes on a connection, by its number from 1."""
    page.until(
        f"document.querySelectorAll('#connections li').length === {connection}"
        f" && {STATE} === 'running'"
    )


def test_the_first_text_is_shown_while_the_model_still_writes(page: Page, gateway: Gateway) -> None:
    gateway.meets(HELD)
    ask(page, gateway, "live")
    begun = await_text(page)
    gateway.await_held()
    assert page.value(STATE) == "running"
    gateway.release()
    wait_for(page, "done")
    whole = gateway.kept(fact(page, "Request id"))
    assert text_of_the_answer(page) == whole
    assert whole.startswith(begun)
    assert len(begun) < len(whole)


def test_after_each_drop_the_text_goes_on_exactly_where_it_was(
    page: Page, gateway: Gateway
) -> None:
    gateway.meets(HELD)
    ask(page, gateway, "live")
    begun = await_text(page)
    gateway.await_held()
    for dropped in (1, 2):
        press(page, "drop")
        await_open(page, dropped + 1)
        assert text_of_the_answer(page).startswith(begun)
    gateway.release()
    wait_for(page, "done")
    assert text_of_the_answer(page) == gateway.kept(fact(page, "Request id"))
    first, *_, third = connections(page)
    assert first == "POST /invoke, live: events 1–6, dropped by you"
    assert third.startswith("GET …/events: events 7–")


def test_a_long_answer_that_is_dropped_while_it_comes_is_shown_once(
    page: Page, gateway: Gateway
) -> None:
    gateway.meets(LONG)
    ask(page, gateway, "live")
    await_text(page)
    page.value(WATCHED)
    page.value("void document.querySelector('#drop').click()")  # does nothing if it is all there
    wait_for(page, "done")
    assert text_of_the_answer(page) == gateway.kept(fact(page, "Request id"))
    assert len(text_of_the_answer(page)) > 3_000
    assert page.value("window.onlyGrew")


def test_an_answer_that_is_dropped_before_its_first_word_is_called_once(
    page: Page, gateway: Gateway
) -> None:
    gateway.meets({"do": "stream_hold", "after": 0})
    ask(page, gateway, "live")
    gateway.await_held()
    press(page, "drop")
    page.until("document.querySelectorAll('#connections li').length === 2")
    gateway.release()
    wait_for(page, "done")
    assert text_of_the_answer(page) == gateway.kept(fact(page, "Request id"))
    assert gateway.calls() == 1


def test_a_queued_answer_is_shown_while_it_grows(page: Page, gateway: Gateway) -> None:
    gateway.meets(HELD)
    ask(page, gateway, "queued")
    begun = await_text(page)
    gateway.await_held()
    gateway.release()
    wait_for(page, "done")
    assert text_of_the_answer(page) == gateway.kept(fact(page, "Request id"))
    assert text_of_the_answer(page).startswith(begun)
    assert connections(page)[0] == "POST /invoke, queued: 202, queued"
    assert "output tokens" in fact(page, "Usage")


def test_an_earlier_answer_is_read_again(page: Page, gateway: Gateway) -> None:
    ask(page, gateway, "live")
    wait_for(page, "done")
    text, request_id = text_of_the_answer(page), fact(page, "Request id")
    page.fill("#again-id", request_id)
    page.click("#again button")
    page.until("/^GET/.test(document.querySelector('#connections').textContent)")
    wait_for(page, "done")
    assert text_of_the_answer(page) == text


def test_a_wrong_key_is_told_the_gateways_sentence(page: Page, gateway: Gateway) -> None:
    fill(page, gateway.url, "tg_wrong")
    press(page, "live")
    wait_for(page, "refused")
    assert page.text("#problem") == f"{Unauthorized.message} (unauthorized)"


def test_a_model_that_is_not_allowed_is_told_the_gateways_sentence(
    page: Page, gateway: Gateway
) -> None:
    ask(page, gateway, "queued", "us.amazon.nova-pro-v1:0")
    wait_for(page, "refused")
    assert page.text("#problem") == f"{ModelNotAllowed.message} (model_not_allowed)"


def test_an_exception_in_mid_stream_is_shown_with_what_came_before(
    page: Page, gateway: Gateway
) -> None:
    gateway.meets({"do": "stream_exception", "after": 6})
    ask(page, gateway, "live")
    wait_for(page, "interrupted")
    assert text_of_the_answer(page)
    assert page.value("!document.querySelector('#problem').hidden")


@pytest.mark.parametrize("model_id", MODELS)
def test_every_familys_payload_is_taken_and_its_text_found(
    page: Page, gateway: Gateway, model_id: str
) -> None:
    ask(page, gateway, "live", model_id)
    wait_for(page, "done")
    assert text_of_the_answer(page)
    assert text_of_the_answer(page) == gateway.kept(fact(page, "Request id"))


def test_nothing_is_requested_from_any_other_host(page: Page, site: str, gateway: Gateway) -> None:
    page.open(site)
    ask(page, gateway, "live")
    wait_for(page, "done")
    requested = page.requested()
    assert any(url.startswith(f"{gateway.url}/invoke?") for url in requested)
    own = (site, f"{gateway.url}/invoke?", f"{gateway.url}/responses/", "data:,")
    assert [url for url in requested if not url.startswith(own)] == []


def test_the_page_works_from_a_file(page: Page, example: Path, gateway: Gateway) -> None:
    page.open((example / "index.html").as_uri())
    ask(page, gateway, "live")
    wait_for(page, "done")
    assert text_of_the_answer(page)
