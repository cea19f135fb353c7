"""The terms of a call: the tier and latency that are asked for and served, and its guardrail.

InvokeModel names them in headers, Converse in its body (botocore's bedrock-runtime model). What is
billed is what is served: reserved capacity overflows to the default tier, latency-optimised calls
over their quota to the standard one ("Optimize model inference for latency", Bedrock user guide),
and the answer says which.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from local.simulator import guardrails
from local.simulator.arrival import Arrival
from local.simulator.calls import optional
from local.simulator.faults import Fault
from local.simulator.guardrails import Guardrail
from local.simulator.models import Model
from local.simulator.refusals import invalid

TIER_HEADER = "X-Amzn-Bedrock-Service-Tier"
LATENCY_HEADER = "X-Amzn-Bedrock-PerformanceConfig-Latency"
_TIERS = ("priority", "default", "flex", "reserved")
_LATENCIES = ("standard", "optimized")

_OPTIMIZED: Mapping[str, tuple[str, ...]] = {
    "us.amazon.nova-pro-v1:0": ("us-east-1", "us-east-2", "us-west-2"),
    "us.anthropic.claude-3-5-haiku-20241022-v1:0": ("us-east-2", "us-west-2"),
    "us.meta.llama3-1-405b-instruct-v1:0": ("us-east-2",),
    "us.meta.llama3-1-70b-instruct-v1:0": ("us-east-2", "us-west-2"),
}
"""Where a model is served latency-optimised: through its inference profile alone."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Tier and latency are None where the call does not ask for any."""

    tier: str | None = None
    latency: str | None = None
    guardrail: Guardrail | None = None
    traced: bool = False

    @property
    def billed_tier(self) -> str:
        return self.tier or "default"

    @property
    def billed_latency(self) -> str:
        return self.latency or "standard"

    def headers(self) -> dict[str, str]:
        """Return what says which terms were served, where the call asked for any."""
        said = {TIER_HEADER: self.tier, LATENCY_HEADER: self.latency}
        return {name: value for name, value in said.items() if value}

    def served(self, model: Model, region: str, fault: Fault | None) -> "Terms":
        """Return what the caller gets of what he asked for; raises Refusal."""
        if self.latency == "optimized" and region not in _OPTIMIZED.get(model.id, ()):
            raise invalid(
                f"Latency performance configuration is not supported for {model.id} in {region}"
            )
        terms = replace(self, tier="default") if self.tier == "reserved" else self
        if fault and fault.name == "tier":
            return replace(terms, tier=fault.params["tier"])
        if fault and fault.name == "latency" and self.latency:
            return replace(terms, latency=fault.params["latency"])
        return terms


def none(_arrival: Arrival) -> Terms:
    return Terms()


def in_headers(arrival: Arrival) -> Terms:
    headers = arrival.headers
    prefix = "x-amzn-bedrock-"
    return Terms(
        _one_of(_TIERS, "serviceTier", headers.get(TIER_HEADER.lower())),
        _one_of(_LATENCIES, "performanceConfigLatency", headers.get(LATENCY_HEADER.lower())),
        guardrails.asked(
            headers.get(f"{prefix}guardrailidentifier"), headers.get(f"{prefix}guardrailversion")
        ),
        headers.get(f"{prefix}trace", "DISABLED").startswith("ENABLED"),
    )


def in_body(arrival: Arrival) -> Terms:
    body = arrival.payload
    guard = _object(body, "guardrailConfig")
    latency = _object(body, "performanceConfig").get("latency")
    return Terms(
        _one_of(_TIERS, "serviceTier.type", _object(body, "serviceTier").get("type")),
        _one_of(_LATENCIES, "performanceConfig.latency", latency),
        guardrails.asked(guard.get("guardrailIdentifier"), guard.get("guardrailVersion")),
        str(guard.get("trace")).startswith("enabled"),
    )


def _object(body: Mapping[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = optional(body, key, dict, {})
    return found


def _one_of(allowed: tuple[str, ...], name: str, value: Any) -> str | None:
    if value is None or value in allowed:
        return None if value is None else str(value)
    raise invalid(
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{', '.join(allowed)}]"
    )
