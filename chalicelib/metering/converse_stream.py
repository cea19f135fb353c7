"""ConverseStream: all of its counts stand in its last event, `metadata`.

Source: service model bedrock-runtime, ConverseStreamOutput. A search that a model makes by itself
is announced by `contentBlockStart`, as the system's tool in use.
"""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.catalog import Model
from chalicelib.metering import converse, grounding
from chalicelib.metering.assembly import Assembled
from chalicelib.metering.exchange import at, certain
from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage, exact_tokens
from chalicelib.stream_event import StreamEvent

WHERE = "`metadata`"


class ConverseAssembly:
    """`metadata` has the members of a whole answer but its content and why it stopped."""

    def __init__(
        self, model: Model, request: bytes, *, guardrail: bool, headers: Mapping[str, str]
    ) -> None:
        self._model = model
        self._request = request
        self._guardrail = guardrail
        self._may_search = model.family == converse.NOVA and grounding.may_search(request)
        self._searches: list[object] = []
        self._stopped: object = None
        self._metadata: object = None
        self._progress = NO_USAGE

    def add(self, event: StreamEvent) -> None:
        name = event.name
        if name == "contentBlockDelta":
            return
        if name == "metadata":
            self._metadata = certain(event.data)
            self._progress = self._reported()
        elif name == "messageStop":
            self._stopped = at(certain(event.data), "stopReason")
        elif name == "contentBlockStart" and self._may_search:
            self._started(at(certain(event.data), "start"))

    def _started(self, block: object) -> None:
        if at(block, "toolUse", "name") == grounding.TOOL:
            self._searches.append(block)
            self._progress = self._reported()

    @property
    def progress(self) -> Usage:
        return self._progress

    def _reported(self) -> Usage:
        usage = at(self._metadata, "usage")
        tokens = converse.tokens(self._model, self._metadata, self._request)
        if tokens is None:  # how long its cache keeps what was written may not be said: the rest is
            tokens = exact_tokens(at(usage, "inputTokens"), at(usage, "outputTokens")) or NO_USAGE
        return replace(tokens, queries=len(self._searches))

    def whole(self, complete: bool) -> Assembled | None:
        if not isinstance(self._metadata, dict):
            return None
        message = {"content": self._searches}
        answer = {**self._metadata, "stopReason": self._stopped, "output": {"message": message}}
        return Assembled(
            self._request,
            {},
            b"",
            operation="Converse",
            guardrail=self._guardrail,
            answer=answer,
        )

    def served(self, metered: Metered) -> Metered:
        return converse.served(metered, self._model, self._metadata)
