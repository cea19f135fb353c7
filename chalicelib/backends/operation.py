"""One operation of a provider: what of a tenant's request reaches it, where, and as whom."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from chalicelib import __version__
from chalicelib.catalog import Model
from chalicelib.errors import BadRequest
from chalicelib.transport import Patience, Reply, Service, Stream, Transport
from chalicelib.usage_record import ProviderCall

if TYPE_CHECKING:
    from chalicelib.backends.streamed import Reading

JSON: Final = "application/json"
STREAM_TYPES: Final = ("text/event-stream", "application/vnd.amazon.eventstream")
REQUEST_METADATA: Final = "x-amzn-bedrock-request-metadata"


@dataclass(frozen=True, slots=True)
class Payload:
    """A tenant's request: its headers (lower-case names, as they came) and its body, untouched."""

    headers: Mapping[str, str]
    body: bytes


def as_it_came(body: bytes) -> bytes:
    return body


def not_streamed() -> "Reading":
    raise TypeError("the answer of this operation is no stream")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A payload ready to be sent, and how its answer becomes what the tenant asked for."""

    payload: Payload
    guardrail: str = ""  # the one that goes with it, as it was named; its units are billed too
    restored: Callable[[bytes], bytes] = as_it_came
    reading: "Callable[[], Reading]" = not_streamed  # makes one for each stream


Prepare = Callable[[Payload, str], Prepared]
"""Takes what an endpoint serves, too (`Model.container`). Raises BadRequest."""


def unchanged(payload: Payload, _container: str) -> Prepared:
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
    prepare: Prepare = unchanged
    streams: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)  # header → the name it goes out by

    def prepared(self, payload: Payload, container: str = "") -> Prepared:
        """Check a payload, and make it one whose use can be metered. Raises BadRequest."""
        for name, why in self.refused.items():
            if name in payload.headers:
                raise BadRequest(why)
        for name in self.passed_on:
            if not payload.headers.get(name, "").isascii():
                raise BadRequest(f"The header {name} has characters beyond ASCII.")
        return self.prepare(payload, container)

    def send(
        self,
        transport: Transport,
        model: Model,
        payload: Payload,
        call: ProviderCall,
        timeout: float,
        patience: Patience | None = None,
    ) -> Reply:
        """Make one attempt. Raises transport.NotSent and transport.NoAnswer."""
        headers, path = self._headers(payload, call), self._path(model)
        return transport.call(
            self.service,
            "POST",
            path,
            headers,
            payload.body,
            timeout=timeout,
            patience=patience,
            team_id=call.team_id,
        )

    def open(
        self,
        transport: Transport,
        model: Model,
        payload: Payload,
        call: ProviderCall,
        timeout: float,
        patience: Patience | None = None,
    ) -> Stream | Reply:
        """Make one attempt whose answer is read as it comes; an error's is a Reply.

        Raises transport.NotSent and transport.NoAnswer.
        """
        headers, path = self._headers(payload, call), self._path(model)
        return transport.open(
            self.service,
            "POST",
            path,
            headers,
            payload.body,
            timeout=timeout,
            patience=patience,
            team_id=call.team_id,
        )

    def _path(self, model: Model) -> str:
        return self.path.format(target=quote(model.target, safe=""))

    def _headers(self, payload: Payload, call: ProviderCall) -> dict[str, str]:
        passed_on = {
            self.renamed.get(name, name): payload.headers[name]
            for name in self.passed_on
            if name in payload.headers and not self._asks_for_a_stream(name, payload.headers[name])
        }
        headers = {"content-type": JSON, **passed_on, "user-agent": user_agent(call)}
        if self.metadata:
            headers[REQUEST_METADATA] = json.dumps(
                {"team_id": call.team_id, "request_id": call.request_id}, separators=(",", ":")
            )
        return headers

    def _asks_for_a_stream(self, name: str, value: str) -> bool:
        """Say whether an `accept` names how the gateway streams, not what the model writes."""
        if not self.streams or name != "accept":
            return False
        return any(each in value.lower() for each in STREAM_TYPES)


def user_agent(call: ProviderCall) -> str:
    """Name the team and the request, in the form of AWS's SDKs, for CloudTrail's events."""
    return f"tollgate/{__version__} md/team#{call.team_id} md/request#{call.request_id}"
