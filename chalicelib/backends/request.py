"""What a backend needs to make one provider call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from chalicelib import __version__
from chalicelib.catalog import Model
from chalicelib.transport import Reply
from chalicelib.usage_record import ProviderCall

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Payload:
    """A tenant's request: its headers (lower-case names, as they came) and its body, untouched."""

    headers: Mapping[str, str]
    body: bytes


class Backend(Protocol):
    """A provider. `operation` is AWS's own name for what `invoke` calls."""

    operation: str

    def check(self, payload: Payload) -> None:
        """Refuse what could not be metered, before anything is spent. Raises BadRequest."""

    def invoke(self, model: Model, payload: Payload, call: ProviderCall, timeout: float) -> Reply:
        """Make one attempt. Raises transport.NotSent and transport.NoAnswer."""


def user_agent(call: ProviderCall) -> str:
    """Name the team and the request, in the form of AWS's SDKs, for CloudTrail's events."""
    return f"tollgate/{__version__} md/team#{call.team_id} md/request#{call.request_id}"


def chosen(headers: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """Take only the named headers: nothing else of a tenant's reaches a provider."""
    return {name: headers[name] for name in names if name in headers}
