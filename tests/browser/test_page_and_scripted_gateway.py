"""The example page, and a gateway whose every byte a test decides."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from browser.chromium import Page
from browser.form import connections, fact, fill, press, text_of_the_answer, wait_for
from scripted_server import ScriptedServer, answer, scripted_server

from chalicelib.streams import sse, text

OPEN = (
    "Access-Control-Allow-Origin: *",
    "Access-Control-Allow-Headers: authorization,content-type,idempotency-key,last-event-id",
    "Access-Control-Expose-Headers: x-request-id, Retry-After",
)
END = b"0\r\n\r\n"
DONE = {"status": "done", "stored": True, "usage": {"output_tokens": 4}, "stop_reason": "end_turn"}

pytestmark = pytest.mark.browser


class Script:
    """Gives each request but preflights the next answer, and closes its connection.

    One without an end is not cut before `cut` is set: a browser drops what it has not handed out.
    """

    def __init__(self, *answers: bytes) -> None:
        self._left = iter(answers)
        self.cut = threading.Event()

    def __call__(self, connection: socket.socket, request: bytes) -> None:
        if request.startswith(b"OPTIONS"):
            connection.sendall(answer(200, b"", *OPEN))
            return
        answered = next(self._left)
        connection.sendall(answered)
        if is_cut(answered):
            self.cut.wait()
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def gateway(*answers: bytes) -> Iterator[ScriptedServer]:
    with scripted_server(Script(*answers)) as server:
        yield server


def is_cut(answered: bytes) -> bool:
    return b"chunked" in answered and not answered.endswith(END)


def stream(*frames: bytes, cut: bool = False) -> bytes:
    """An answer of these frames; one that is cut has no end."""
    head = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", "x-request-id: r-1", *OPEN]
    body = b"".join(b"%x\r\n%b\r\n" % (len(frame), frame) for frame in frames)
    end = b"" if cut else END
    return "\r\n".join([*head, "Transfer-Encoding: chunked", "", ""]).encode() + body + end


def refusal(status: int, code: str, *headers: str) -> bytes:
    error = {"code": code, "message": f"This is {code}.", "request_id": "r-0"}
    return answer(status, json.dumps({"error": error}).encode(), *OPEN, *headers)


def words(*numbered: tuple[int, str]) -> bytes:
    return b"".join(sse.chunk(number, json.dumps({"text": text})) for number, text in numbered)


def asked(server: ScriptedServer, method: bytes) -> list[dict[str, str]]:
    """Return the headers of the requests of a method."""
    sent = [request.partition(b"\r\n\r\n")[0].decode() for request in server.requests]
    lines = [head.split("\r\n") for head in sent if head.startswith(method.decode())]
    pairs = [[line.split(": ", 1) for line in head[1:]] for head in lines]
    return [{name.lower(): value for name, value in each} for each in pairs]


def run_live(page: Page, server: ScriptedServer, state: str = "done", cut_at: str = "") -> None:
    """Run to a state; where a connection is to be cut, as soon as the page shows so much."""
    fill(page, server.url, "tg_key")
    press(page, "live")
    if cut_at:
        page.until(f"document.querySelector('#text').textContent === {json.dumps(cut_at)}")
        server.script.cut.set()
    wait_for(page, state)


def test_an_answer_that_is_cut_goes_on_after_its_last_whole_event(page: Page) -> None:
    cut = stream(words((1, "Pärlä "), (2, "one ")), words((3, "three "))[:-9], cut=True)
    rest = stream(words((3, "two "), (4, "three")), sse.done(4, DONE))
    with gateway(cut, rest) as server:
        run_live(page, server, cut_at="Pärlä one ")
        assert text_of_the_answer(page) == "Pärlä one two three"
        assert [each["last-event-id"] for each in asked(server, b"GET")] == ["2"]
    assert connections(page) == [
        "POST /invoke, live: events 1–2, lost",
        "GET …/events: events 3–4, to the end",
    ]


def test_what_comes_twice_is_shown_once(page: Page) -> None:
    cut = stream(words((1, "one "), (2, "two ")), cut=True)
    again = stream(words((2, "two "), (3, "three")), sse.done(3, DONE))
    with gateway(cut, again) as server:
        run_live(page, server, cut_at="one two ")
    assert text_of_the_answer(page) == "one two three"


def test_a_connection_that_ends_is_followed_by_another_when_the_gateway_says(page: Page) -> None:
    first = stream(words((1, "one ")), b"retry: 1\n\n")
    with gateway(first, stream(words((2, "two")), sse.done(2, DONE))) as server:
        run_live(page, server)
    assert text_of_the_answer(page) == "one two"
    assert connections(page)[0] == "POST /invoke, live: events 1–1, ended, to be gone on with"


def test_a_model_that_is_called_anew_begins_anew(page: Page) -> None:
    void = stream(words((1, "void")), cut=True)
    restart = sse.restart(1_000_000, {"attempt": 2})
    anew = stream(restart, words((1_000_001, "new")), sse.done(1_000_001, DONE))
    with gateway(void, anew) as server:
        run_live(page, server, cut_at="void")
    assert text_of_the_answer(page) == "new"
    assert "(attempt 2): what it had written is void." in page.text("#notes")


def test_an_error_ends_the_answer_with_the_gateways_sentence(page: Page) -> None:
    error = {"code": "provider_fault", "message": "The model's provider failed. Try again."}
    told = {"status": "interrupted", "stored": True, "error": error, "whole": False}
    with gateway(stream(words((1, "half")), sse.error(1, told))) as server:
        run_live(page, server, "interrupted")
    assert text_of_the_answer(page) == "half"
    assert page.text("#problem") == "The model's provider failed. Try again. (provider_fault)"
    assert "Not all that the model wrote could be kept." in page.text("#notes")


def test_pings_are_signs_of_life_and_no_text(page: Page) -> None:
    with gateway(stream(sse.PING, words((1, "one")), sse.PING, sse.done(1, DONE))) as server:
        run_live(page, server)
    assert text_of_the_answer(page) == "one"
    assert connections(page) == ["POST /invoke, live: events 1–1, pings 2, to the end"]


def test_the_end_tells_usage_and_why_it_stopped(page: Page) -> None:
    with gateway(stream(words((1, "one")), sse.done(1, DONE))) as server:
        run_live(page, server)
    assert fact(page, "Usage") == "4 output tokens"
    assert fact(page, "Stop reason") == "end_turn"
    assert fact(page, "Request id") == "r-1"


def test_a_question_that_is_asked_again_has_the_same_idempotency_key(page: Page) -> None:
    running = refusal(409, "still_running", "Retry-After: 1")
    with gateway(running, stream(words((1, "one")), sse.done(1, DONE))) as server:
        run_live(page, server)
        keys = [each["idempotency-key"] for each in asked(server, b"POST")]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_two_questions_have_keys_of_their_own(page: Page) -> None:
    whole = stream(words((1, "one")), sse.done(1, DONE))
    with gateway(whole, whole) as server:
        run_live(page, server)
        run_live(page, server)
        first, second = (each["idempotency-key"] for each in asked(server, b"POST"))
    assert first != second


def test_a_gateway_that_is_busy_is_asked_again_for_what_is_kept(page: Page) -> None:
    cut, busy = stream(words((1, "one ")), cut=True), refusal(503, "streams_unavailable")
    with gateway(cut, busy, stream(words((2, "two")), sse.done(2, DONE))) as server:
        run_live(page, server, cut_at="one ")
    assert text_of_the_answer(page) == "one two"


def test_an_answer_that_is_gone_is_said_to_be(page: Page) -> None:
    with gateway(stream(words((1, "one")), cut=True), refusal(404, "not_found")) as server:
        run_live(page, server, "refused", cut_at="one")
    assert page.text("#problem") == "This is not_found. (not_found)"
    assert text_of_the_answer(page) == "one"


def test_reading_can_be_stopped_while_the_page_tries_again(page: Page) -> None:
    with gateway(stream(words((1, "one")), cut=True)) as server:
        run_live(page, server, "lost", cut_at="one")
        press(page, "stop")
        wait_for(page, "stopped")
        page.until("!document.querySelector('button[value=live]').disabled")


def test_no_gateway_at_an_address_is_said(page: Page) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
    fill(page, nobody, "tg_key")
    press(page, "live")
    wait_for(page, "refused")
    assert page.text("#problem").startswith(f"There is no gateway at {nobody}")


def test_frames_are_the_same_however_they_are_split(page: Page) -> None:
    sent = "retry: 5\r\n\r\n: ping\nid: 7\nevent: chunk\rdata: a\r\ndata:b\n\nid: 8\ndata"
    one_by_one = f"(() => {{ const f = new Frames(); return [...{json.dumps(sent)}]"
    assert page.value(f"{one_by_one}.flatMap((c) => f.of(c)); }})()") == [
        {"event": "retry", "retry": "5"},
        {"event": "ping"},
        {"event": "chunk", "id": "7", "data": "a\nb"},
    ]


def test_text_is_found_where_the_gateway_finds_it(page: Page) -> None:
    assert page.value("TEXTS") == [list(path) for path in text.TEXTS]
    assert page.value("SPECIAL") == [list(path) for path in text.SPECIAL]


def test_every_field_has_a_label_and_every_button_a_name(page: Page) -> None:
    fields = "Array.from(document.querySelectorAll('input, select, textarea'))"
    assert page.value(f"{fields}.every((field) => field.labels.length === 1)")
    buttons = "Array.from(document.querySelectorAll('button'))"
    assert page.value(f"{buttons}.every((button) => button.textContent.trim())")


def test_nothing_is_wider_than_a_telephone(page: Page) -> None:
    page.value("document.body.style.setProperty('width', '360px')")
    fill(page, f"https://{'long-' * 40}.example", "tg_key", "arn:" + "x" * 300)
    assert page.value("document.querySelector('main').scrollWidth") <= 360


def test_the_key_is_kept_by_the_tab_alone(page: Page) -> None:
    with gateway(stream(words((1, "one")), sse.done(1, DONE))) as server:
        run_live(page, server)
    assert page.value("sessionStorage.getItem('key')") == "tg_key"
    assert page.value("localStorage.length") == 0
    assert page.value("document.cookie") == ""
