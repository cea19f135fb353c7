"""One simulated account: checks a request, runs the model, bills it and writes the ledger.

No sockets here: a request comes in whole and a Delivery goes out, for the server to send or, where
a fault wants it, to withhold or cut.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from email.utils import formatdate
from http import HTTPStatus

from local.simulator import prices, refusals, spoiling
from local.simulator.calls import Counts, Reply
from local.simulator.faults import Fault, Faults
from local.simulator.ledger import Entry, Ledger, Outcome, open_entry
from local.simulator.models import Model, Resources, no_resources
from local.simulator.operations import Call, route
from local.simulator.prompt_cache import PromptCache
from local.simulator.refusals import Refusal
from local.simulator.signatures import Request, Signatures
from local.simulator.tokens import Scribe

_TIERS = ("priority", "default", "flex", "reserved")
_TIER = "X-Amzn-Bedrock-Service-Tier"
_LATENCY_CONFIG = "X-Amzn-Bedrock-PerformanceConfig-Latency"
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
        resources: Resources = no_resources,
    ) -> None:
        self.ledger = Ledger()
        self.faults = Faults(seed)
        self._seed = seed
        self._endpoints = dict(endpoints)
        self._resources = resources
        self._signatures = Signatures(credentials)
        self._cache = PromptCache()

    def reset(self) -> None:
        self.ledger.clear()
        self.faults.replace([])
        self._cache.clear()

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
        operation, label = route(request.method, request.path)
        entry.service, entry.operation, entry.model = operation.service, operation.name, label
        entry.region = self._signatures.check(request, operation.service).region
        own = self._resources(label) if operation.service == "bedrock" else None
        model = own or operation.identify(label)
        entry.model, entry.base_model = model.id, model.base
        fault = self.faults.choose(model.id, entry.team, request.body)
        if fault and fault.name in spoiling.REFUSED:
            entry.fault = fault.name
            resource = operation.resource(model)
            raise spoiling.REFUSED[fault.name](operation.service, entry.region, resource)
        entry.tier = _served_tier(request, fault)
        scribe = Scribe(self._seed, request.body, spoiling.padding(fault))
        reply = operation.answer(
            Call(
                entry.region,
                model,
                request.body,
                scribe,
                self._cache,
                spoiling.direction(fault),
                self._endpoints,
            )
        )
        _book(entry, model, reply, scribe)
        if fault:
            spoiling.spoil_body(reply, fault)
            entry.fault = fault.name
            entry.outcome = _OUTCOMES.get(fault.name, "answered")
        body = json.dumps(reply.body, separators=(",", ":")).encode()
        return Delivery(entry.request_id, 200, _headers(request, entry, reply, fault), body, fault)


def _book(entry: Entry, model: Model, reply: Reply, scribe: Scribe) -> None:
    """Enter what the call used and what it costs."""
    entry.outcome = "answered"
    entry.counts = reply.counts
    entry.characters_in, entry.characters_out = scribe.characters_in, scribe.characters_out
    if reply.picture is not None:
        classes = sorted(set(reply.price_classes))
        name = classes[0] if len(classes) == 1 else "mixed" if classes else None
        entry.image = {"class": name, **reply.picture}
    entry.billed_usd = None
    if model.hourly:
        entry.billed_usd = "0"
    elif entry.service == "bedrock":
        listed = model.listed or model.id
        cost = prices.bill(listed, entry.region, entry.tier, reply.counts, reply.price_classes)
        entry.billed_usd = None if cost is None else f"{cost.normalize():f}"


def _served_tier(request: Request, fault: Fault | None) -> str:
    """Return the tier that serves the call: reserved capacity there is none, so its overflow."""
    asked = request.headers.get(_TIER.lower(), "default")
    if asked not in _TIERS:
        raise refusals.invalid(
            f"1 validation error detected: Value '{asked}' at 'serviceTier' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{', '.join(_TIERS)}]"
        )
    if fault and fault.name == "tier":
        return str(fault.params["tier"])
    return "default" if asked == "reserved" else asked


def _headers(request: Request, entry: Entry, reply: Reply, fault: Fault | None) -> dict[str, str]:
    headers = _plain_headers(entry.request_id)
    if entry.service == "sagemaker":
        headers["x-Amzn-Invoked-Production-Variant"] = "AllTraffic"
        return headers
    counts = _count_headers(reply)
    if fault:
        spoiling.spoil_headers(counts, fault)
    headers |= counts
    headers["X-Amzn-Bedrock-Invocation-Latency"] = str(_latency_ms(reply.counts, fault))
    if _TIER.lower() in request.headers or (fault and fault.name == "tier"):
        headers[_TIER] = entry.tier
    if _LATENCY_CONFIG.lower() in request.headers:
        headers[_LATENCY_CONFIG] = "standard"  # no model here is served latency-optimised
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
