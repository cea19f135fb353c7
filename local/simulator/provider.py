"""One simulated account: checks a request, runs the model, bills it and writes the ledger.

No sockets here: a request comes in whole and a Delivery goes out, for the server to send or, where
a fault wants it, to withhold or cut.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from email.utils import formatdate
from http import HTTPStatus

from local.simulator import prices, spoiling
from local.simulator.actions import Account, Call
from local.simulator.arrival import Arrival
from local.simulator.calls import Counts, Reply
from local.simulator.faults import Fault, Faults
from local.simulator.jobs import Jobs
from local.simulator.ledger import Entry, Ledger, Outcome, open_entry
from local.simulator.models import Resources, no_resources
from local.simulator.operations import Operation, resource, route
from local.simulator.prompt_cache import PromptCache
from local.simulator.refusals import Refusal
from local.simulator.signatures import Request, Signatures
from local.simulator.storage import NO_STORAGE, Storage
from local.simulator.terms import LATENCY_HEADER, TIER_HEADER, Terms
from local.simulator.tokens import Scribe

_COUNT_HEADERS = {
    "input_tokens": "X-Amzn-Bedrock-Input-Token-Count",
    "output_tokens": "X-Amzn-Bedrock-Output-Token-Count",
    "cache_read_tokens": "X-Amzn-Bedrock-Cache-Read-Input-Token-Count",
    "cache_write_tokens": "X-Amzn-Bedrock-Cache-Write-Input-Token-Count",
}
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


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer ready to be sent, and the fault that may keep it from arriving."""

    request_id: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fault: Fault | None = None

    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {len(self.body)}", "\r\n"]
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
    ) -> None:
        self.ledger = Ledger()
        self.faults = Faults(seed)
        self.jobs = Jobs(self.ledger, storage, job_looks)
        self._seed = seed
        self._resources = resources
        self._signatures = Signatures(credentials)
        self._account = Account(dict(endpoints), PromptCache(), self.jobs, storage)

    def reset(self) -> None:
        self.jobs.clear()
        self.ledger.clear()
        self.faults.replace([])
        self._account.cache.clear()

    def handle(self, request: Request) -> Delivery:
        """Answer one request. Its ledger entry is written before anything can be sent."""
        entry = open_entry(request.headers)
        try:
            delivery = self._answer(request, entry)
        except Refusal as refused:
            entry.status, entry.error = refused.status, refused.code
            delivery = _refusal(entry.request_id, refused)
        self.ledger.add(entry)
        return delivery

    def _answer(self, request: Request, entry: Entry) -> Delivery:
        operation, labels = route(request.method, request.path)
        arrival = Arrival(labels, request.query, request.headers, request.body)
        entry.service, entry.operation = operation.service, operation.name
        entry.model = arrival.label
        entry.region = self._signatures.check(request, operation.service).region
        model = operation.identify(arrival, self._resources)
        entry.model, entry.base_model = model.id, model.base
        fault = self.faults.choose(model.id, entry.team, request.body)
        if fault and fault.name in spoiling.REFUSED:
            entry.fault = fault.name
            refuse = spoiling.REFUSED[fault.name]
            raise refuse(operation.service, entry.region, resource(operation, model))
        terms = operation.terms(arrival).served(model, entry.region, fault)
        entry.tier, entry.latency = terms.billed_tier, terms.billed_latency
        scribe = Scribe(self._seed, request.body, spoiling.padding(fault))
        direction = spoiling.direction(fault)
        call = Call(arrival, model, terms, scribe, direction, self._account, entry)
        reply = operation.answer(call)
        _book(entry, reply, call)
        if fault:
            spoiling.spoil_body(reply, fault)
            entry.fault = fault.name
            entry.outcome = _OUTCOMES.get(fault.name, "answered")
        body = json.dumps(reply.body, separators=(",", ":")).encode()
        headers = _headers(operation, entry, reply, terms, fault)
        return Delivery(entry.request_id, 200, headers, body, fault)


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
        cost = prices.bill(
            call.model.listed or call.model.id,
            entry.region,
            entry.tier,
            reply.counts,
            reply.price_classes,
            media_class=reply.media_class,
            latency=entry.latency,
        )
        entry.billed_usd = prices.as_text(cost)


def _headers(
    operation: Operation, entry: Entry, reply: Reply, terms: Terms, fault: Fault | None
) -> dict[str, str]:
    headers = _plain_headers(entry.request_id)
    if operation.service == "sagemaker":
        return headers | {"x-Amzn-Invoked-Production-Variant": "AllTraffic"}
    if not operation.counts_in_headers:
        return headers
    counts = _count_headers(reply)
    if fault:
        spoiling.spoil_headers(counts, fault)
    headers |= counts
    headers["X-Amzn-Bedrock-Invocation-Latency"] = str(_latency_ms(reply.counts, fault))
    if terms.tier:
        headers[TIER_HEADER] = terms.tier
    if terms.latency:
        headers[LATENCY_HEADER] = terms.latency
    return headers


def _count_headers(reply: Reply) -> dict[str, str]:
    values = asdict(reply.counts)
    values["cache_write_tokens"] += values["cache_write_1h_tokens"]
    return {_COUNT_HEADERS[name]: str(values[name]) for name in reply.counted}


def _latency_ms(counts: Counts, fault: Fault | None) -> int:
    """Return a latency that looks like the work done; it is not waited for."""
    waited = fault.params["latency_ms"] if fault and fault.name == "slow" else 0
    return 140 + 7 * counts.output_tokens + 2_300 * counts.images + int(waited)


def _refusal(request_id: str, refused: Refusal) -> Delivery:
    headers = _plain_headers(request_id) | {"x-amzn-ErrorType": refused.error_type}
    return Delivery(request_id, refused.status, headers, refused.render())


def _plain_headers(request_id: str) -> dict[str, str]:
    return {
        "Date": formatdate(usegmt=True),
        "Content-Type": "application/json",
        "Connection": "keep-alive",
        "x-amzn-RequestId": request_id,
    }
