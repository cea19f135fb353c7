"""What an opaque id runs: asked of Amazon Bedrock's control plane before anything is spent.

Answers are kept in the process for a while, refusals too. Not the hot path: an id that names its
model is never looked up, and this module is first imported for one that does not.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from chalicelib.backends.model_resources import READERS, NotExact, NotThere
from chalicelib.catalog import Model, Opaque
from chalicelib.errors import ModelNotAllowed, ProviderFault, ProviderUnavailable
from chalicelib.recent import keep
from chalicelib.transport import BEDROCK, NoAnswer, NotSent, Reply, Transport

ATTEMPTS: Final = 2
TIMEOUT: Final = 3.0
"""Seconds for each attempt."""
KEPT_SECONDS: Final = 300
"""How long an answer is believed. A profile never changes; a deployment can be given another
custom model, and a name other throughput."""
REFUSAL_KEPT_SECONDS: Final = 30
"""How long a refusal is believed: what was just created soon runs, and noise is not looked up."""
KEPT: Final = 512
"""How many answers, and how many refusals, a process remembers."""
log = logging.getLogger("tollgate.identity")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was found (None: nothing that may run), and until when it is believed, by both clocks:
    a frozen process may wake with its monotonic clock where it stopped.
    """

    model: Model | None
    until: float
    until_utc: datetime


class Identities:
    """Tells which Model an opaque id is. Thread-safe. `clock` is monotonic, `now` is in UTC."""

    def __init__(
        self,
        transport: Transport,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._now = now
        self._writing = threading.Lock()
        # Apart, so that a flood of unknown ids cannot push out one that is used.
        self._found: dict[Opaque, _Answer] = {}
        self._refused: dict[Opaque, _Answer] = {}

    def model(self, opaque: Opaque) -> Model:
        """Return what an id of our own account and region runs.

        Raises ModelNotAllowed where there is no such thing or its model cannot be told exactly,
        ProviderUnavailable where AWS gave no answer, and ProviderFault where AWS refused us; the
        latter two are not remembered.
        """
        at, now = self._clock(), self._now()
        answer = self._found.get(opaque) or self._refused.get(opaque)
        if answer is None or at >= answer.until or now >= answer.until_utc:
            model = self._looked_up(opaque)
            seconds = KEPT_SECONDS if model else REFUSAL_KEPT_SECONDS
            answer = _Answer(model, at + seconds, now + timedelta(seconds=seconds))
            self._keep(opaque, answer)
        if answer.model is None:
            raise ModelNotAllowed
        return answer.model

    def _looked_up(self, opaque: Opaque) -> Model | None:
        try:
            return READERS[opaque.kind](self._ask, opaque.identifier)
        except (NotThere, NotExact) as reason:
            log.warning("%s is not run: %s", opaque.identifier, reason)
            return None

    def _ask(self, path: str) -> Mapping[str, object]:
        for _ in range(ATTEMPTS):
            try:
                reply = self._transport.call(BEDROCK, "GET", path, {}, b"", timeout=TIMEOUT)
            except (NotSent, NoAnswer):
                continue
            if reply.complete and reply.status < 500 and reply.status != 429:
                return _object(reply, path)
        raise ProviderUnavailable("What this id runs could not be looked up just now. Try again.")

    def _keep(self, opaque: Opaque, answer: _Answer) -> None:
        kept, other = (self._found, self._refused) if answer.model else (self._refused, self._found)
        with self._writing:
            keep(kept, other, opaque, answer, KEPT)


def _object(reply: Reply, path: str) -> Mapping[str, object]:
    """Read an answer. A 400 is an id that AWS does not take for one: no such thing either."""
    if reply.status in (400, 404):
        raise NotThere(f"AWS answers {reply.status}")
    if reply.status != 200:
        log.error("AWS answers %s to GET %s: may the role do this?", reply.status, path)
        raise ProviderFault(
            "The gateway may not look up what this id runs. Tell your platform team."
        )
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise NotExact("the answer is no JSON object")
    return answer
