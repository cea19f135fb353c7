"""One simulated account: checks a request, runs the model, bills it and writes the ledger.

No sockets here: a request comes in whole and a Delivery goes out, for the server to send or, where
a fault wants it, to withhold or cut.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from local.simulator import headers, prices, spoiling, stream_faults
from local.simulator.actions import Account, Call
from local.simulator.arrival import Arrival
from local.simulator.calls import Reply
from local.simulator.faults import Fault, Faults
from local.simulator.jobs import Jobs
from local.simulator.ledger import Entry, Ledger, Outcome, open_entry
from local.simulator.models import Resources, no_resources
from local.simulator.operations import Operation, Word, resource, route
from local.simulator.prompt_cache import PromptCache
from local.simulator.refusals import Refusal
from local.simulator.signatures import Principals, Request, Signatures, nobody, users
from local.simulator.storage import NO_STORAGE, Storage
from local.simulator.stream_faults import Act
from local.simulator.tokens import Scribe

_OUTCOMES: dict[str, Outcome] = {
    # Written before anything is sent: a client never sees an answer that the ledger lacks.
    # What then does arrive after all is amended by whoever sends it.
    "timeout": "timeout",
    "hang": "timeout",
    "slow": "timeout",
    "cut_headers": "cut_headers",
    "cut_body": "cut_body",
    "trickle": "cut_body",
}
_BEFORE_A_STREAM = ("timeout", "hang", "slow", "cut_headers")


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer ready to be sent, and the fault that may keep it from arriving.

    A stream has no body: it is sent by its acts, whose making goes along.
    """

    request_id: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fault: Fault | None = None
    acts: Iterator[Act] | None = None

    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        length = f"Content-Length: {len(self.body)}"
        lines += [length if self.acts is None else "Transfer-Encoding: chunked", "\r\n"]
        return "\r\n".join(lines).encode("latin-1", "replace")


class Provider:
    def __init__(
        self,
        seed: int,
        endpoints: Mapping[str, str],
        credentials: Mapping[str, str],
        storage: Storage = NO_STORAGE,
        job_looks: int | None = None,
        resources: Resources = no_resources,
        principals: Principals = nobody,
    ) -> None:
        self.ledger = Ledger()
        self.faults = Faults(seed)
        self.jobs = Jobs(self.ledger, storage, job_looks)
        self.told: dict[str, str] = {}  # the text of every streamed answer, by request id
        self._seed = seed
        self._resources = resources
        self._signatures = Signatures(users(credentials), principals)
        self._account = Account(dict(endpoints), PromptCache(), self.jobs, storage)

    def reset(self) -> None:
        self.jobs.clear()
        self.ledger.clear()
        self.told.clear()
        self.faults.replace([])
        self._account.cache.clear()

    def handle(self, request: Request) -> Delivery:
        """Answer one request. Its ledger entry is written before anything can be sent."""
        entry = open_entry(request.headers)
        try:
            delivery = self._answer(request, entry)
        except Refusal as refused:
            entry.status, entry.error = refused.status, refused.code
            sent = headers.of_refusal(entry.request_id, refused)
            delivery = Delivery(entry.request_id, refused.status, sent, refused.render())
        self.ledger.add(entry)
        return delivery

    def _answer(self, request: Request, entry: Entry) -> Delivery:
        operation, labels = route(request.method, request.path)
        arrival = Arrival(labels, request.query, request.headers, request.body)
        entry.service, entry.operation = operation.service, operation.name
        entry.model = arrival.label
        caller = self._signatures.check(request, operation.service)
        entry.region, entry.access_key, entry.caller = caller.region, caller.access_key, caller.arn
        model = operation.identify(arrival, self._resources)
        entry.model, entry.base_model = model.id, model.base
        streamed = operation.stream is not None
        fault = self.faults.choose(model.id, entry.team, request.body, streamed=streamed)
        if fault and fault.name in spoiling.REFUSED:
            entry.fault = fault.name
            refuse = spoiling.REFUSED[fault.name]
            raise refuse(operation.service, entry.region, resource(operation, model))
        terms = operation.terms(arrival).served(model, entry.region, fault)
        entry.tier, entry.latency = terms.billed_tier, terms.billed_latency
        scribe = Scribe(self._seed, request.body, spoiling.wish(fault))
        direction = spoiling.direction(fault)
        call = Call(arrival, model, terms, scribe, direction, self._account, entry, streamed)
        reply = operation.answer(call)
        if operation.stream:
            self.told[entry.request_id] = reply.said
            return _streamed(operation, operation.stream, call, reply, fault)
        return _buffered(operation, call, reply, fault)


def _buffered(operation: Operation, call: Call, reply: Reply, fault: Fault | None) -> Delivery:
    entry = call.entry
    _book(entry, reply, call)
    if fault:
        spoiling.spoil_body(reply, fault)
        entry.fault = fault.name
        entry.outcome = _OUTCOMES.get(fault.name, "answered")
    body = json.dumps(reply.body, separators=(",", ":")).encode()
    sent = headers.of_answer(operation, entry.request_id, reply, call.terms, fault)
    return Delivery(entry.request_id, 200, sent, body, fault)


def _streamed(
    operation: Operation, word: Word, call: Call, reply: Reply, fault: Fault | None
) -> Delivery:
    """Word a reply as a stream, and enter what it costs in full, whoever may stay to read it."""
    entry = call.entry
    if fault:
        spoiling.spoil_body(reply, fault)
        entry.fault = fault.name
    stream = word(call, reply, fault)
    if fault and fault.name == "stream_exception":
        _book_exception(operation, word, call, reply, fault)
    else:
        _book(entry, reply, call)
        entry.outcome = "cut_stream"
        if fault and fault.name in _BEFORE_A_STREAM:
            entry.outcome = _OUTCOMES[fault.name]
    sent = headers.of_stream(operation, entry.request_id, stream.headers)
    acts = stream_faults.acts(stream.events, fault, operation.service)
    return Delivery(entry.request_id, 200, sent, b"", fault, acts)


def _book_exception(
    operation: Operation, word: Word, call: Call, reply: Reply, fault: Fault
) -> None:
    """Enter what was written before a stream's exception; before any event, that is nothing."""
    entry, counts = call.entry, reply.counts
    entry.error = stream_faults.exception(fault, operation.service)
    if sent := stream_faults.before(word(call, reply, fault).events, fault):
        written = max(1, sum(event.tokens for event in sent))
        written = min(written, counts.output_tokens)
        _book(entry, replace(reply, counts=replace(counts, output_tokens=written)), call)
        entry.outcome = "cut_stream"


def _book(entry: Entry, reply: Reply, call: Call) -> None:
    """Enter what the call used and what it costs."""
    entry.outcome = "answered"
    entry.counts = reply.counts
    entry.characters_in = call.scribe.characters_in
    entry.characters_out = call.scribe.characters_out
    entry.guardrail = call.terms.guardrail.id if call.terms.guardrail else None
    entry.media_class = reply.media_class or None
    entry.invocation_arn = reply.invocation_arn or None
    if reply.picture is not None:
        classes = sorted(set(reply.price_classes))
        name = classes[0] if len(classes) == 1 else "mixed" if classes else None
        entry.image = {"class": name, **reply.picture}
    entry.billed_usd = None
    if call.model.hourly:
        entry.billed_usd = prices.as_text(prices.bill_guardrail(entry.region, reply.counts))
    elif entry.service == "bedrock":
        entry.listed = call.model.listed or call.model.id
        billed = prices.lines(
            entry.listed,
            entry.region,
            entry.tier,
            reply.counts,
            reply.price_classes,
            media_class=reply.media_class,
            latency=entry.latency,
        )
        entry.billed_usd = prices.as_text(prices.total(billed))
        entry.items = prices.items(billed)
