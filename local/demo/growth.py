"""A live answer and a queued one, as their readers see them grow."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from local.demo.progress import Progress
from local.proof.collect import control
from local.stack import Stack
from local.traffic import payloads
from local.traffic.clients import Gateway
from local.traffic.plan import Form, StreamRequest
from local.traffic.reading import Notes
from local.traffic.sent import Sent

MODEL, TEAM = "us.amazon.nova-lite-v1:0", "research"
WORDS: Mapping[Form, str] = {"sse": "live", "queued": "queued"}
TAIL = 60


@dataclass
class Watched:
    """When a reader had more of the answer, in seconds since it was asked for."""

    progress: Progress
    began: float = 0.0
    grew: list[float] = field(default_factory=list)

    def begin(self) -> None:
        self.began, self.grew = time.monotonic(), []

    def more(self, _request: StreamRequest, notes: Notes) -> None:
        self.grew.append(time.monotonic() - self.began)
        self.progress.step(notes.read().texts[-1][-TAIL:].replace("\n", " "))


def grow(stack: Stack, keys: Mapping[str, str], progress: Progress) -> tuple[list[str], list[Sent]]:
    """Have a model write slowly, live and queued; say how the answers grew, and what was sent."""
    watched = Watched(progress)
    told, sent = [], []
    with Gateway(stack.urls, keys, watched.more) as gateway:
        for form in WORDS:
            slowly = {"do": "trickle", "interval_ms": 6, "seconds": 0, "times": 1}
            control(stack, "PUT", "faults", [slowly])
            body = json.dumps(payloads.nova(Random(5))).encode()
            watched.begin()
            sent.append(gateway.send(StreamRequest(TEAM, MODEL, body, form=form)))
            told.append(_told(form, watched, sent[-1]))
    return told, sent


def _told(form: Form, watched: Watched, sent: Sent) -> str:
    first, last = watched.grew[0], watched.grew[-1]
    status = sent.reads[-1].status if sent.reads else "not read"
    return (
        f"{WORDS[form]:7} {status}: first text after {first:.2f} s, the last after {last:.2f} s, "
        f"in {len(watched.grew)} pieces"
    )
