"""An arrival: a signed request as an operation sees it, before its body is understood."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from local.simulator.refusals import malformed


@dataclass(frozen=True)
class Arrival:
    """One request; `labels` are those of its path, unquoted once."""

    labels: tuple[str, ...]
    query: str
    headers: Mapping[str, str]  # lower-case names
    body: bytes

    @property
    def label(self) -> str:
        """The first label: a model, an endpoint, a guardrail, a job; empty where there is none."""
        return self.labels[0] if self.labels else ""

    @cached_property
    def payload(self) -> dict[str, Any]:
        """The body as a JSON object; raises Refusal."""
        return json_object(self.body)


def json_object(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise malformed("#: expected a JSON object") from None
    if not isinstance(payload, dict):
        raise malformed("#: expected type: JSONObject")
    return payload
