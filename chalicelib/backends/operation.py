"""One operation of a provider: what of a tenant's request reaches it, where, and as whom."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from chalicelib import __version__
from chalicelib.catalog import Model
from chalicelib.errors import BadRequest
from chalicelib.transport import Reply, Service, Transport
from chalicelib.usage_record import ProviderCall

JSON: Final = "application/json"
REQUEST_METADATA: Final = "x-amzn-bedrock-request-metadata"


@dataclass(frozen=True, slots=True)
class Payload:
    """A tenant's request: its headers (lower-case names, as they came) and its body, untouched."""

    headers: Mapping[str, str]
    body: bytes


def as_it_came(body: bytes) -> bytes:
    return body


@dataclass(frozen=True, slots=True)
class Prepared:
    """A payload ready to be sent, and how its answer becomes what the tenant asked for."""

    payload: Payload
    guardrail: str = ""  # the one that goes with it, as it was named; its units are billed too
    restored: Callable[[bytes], bytes] = as_it_came


def unchanged(payload: Payload) -> Prepared:
    return Prepared(payload)


@dataclass(frozen=True, slots=True)
class Operation:
    """An AWS operation that runs a model. All that a provider sees of a tenant is listed here."""

    name: str  # AWS's own
    service: Service
    path: str  # `{target}` is what the model resolved to, percent-encoded
    passed_on: tuple[str, ...] = ("content-type", "accept")  # request headers
    refused: Mapping[str, str] = field(default_factory=dict)  # header → why not
    metadata: bool = False  # takes the header REQUEST_METADATA
    prepare: Callable[[Payload], Prepared] = unchanged

    def prepared(self, payload: Payload) -> Prepared:
        """Check a payload, and make it one whose use can be metered. Raises BadRequest."""
        for name, why in self.refused.items():
            if name in payload.headers:
                raise BadRequest(why)
        for name in self.passed_on:
            if not payload.headers.get(name, "").isascii():
                raise BadRequest(f"The header {name} has characters beyond ASCII.")
        return self.prepare(payload)

    def send(
        self,
        transport: Transport,
        model: Model,
        payload: Payload,
        call: ProviderCall,
        timeout: float,
    ) -> Reply:
        """Make one attempt. Raises transport.NotSent and transport.NoAnswer."""
        headers = {
            "content-type": JSON,
            **{name: payload.headers[name] for name in self.passed_on if name in payload.headers},
            "user-agent": user_agent(call),
        }
        if self.metadata:
            headers[REQUEST_METADATA] = json.dumps(
                {"team_id": call.team_id, "request_id": call.request_id}, separators=(",", ":")
            )
        path = self.path.format(target=quote(model.target, safe=""))
        return transport.call(self.service, "POST", path, headers, payload.body, timeout=timeout)


def user_agent(call: ProviderCall) -> str:
    """Name the team and the request, in the form of AWS's SDKs, for CloudTrail's events."""
    return f"tollgate/{__version__} md/team#{call.team_id} md/request#{call.request_id}"
