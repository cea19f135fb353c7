"""What a fault does to an answer or instead of one, before anything is sent."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from local.simulator import refusals
from local.simulator.calls import Direction, Reply, holder
from local.simulator.faults import Fault
from local.simulator.refusals import ACCOUNT, Refusal, Service, unauthenticated
from local.simulator.tokens import NO_WISH, Wish

Refuse = Callable[[Service, str, str], Refusal]
"""Given the service, the region and the resource's path: the refusal."""


@dataclass(frozen=True, slots=True)
class _Named:
    """One refusal, by the names that the two services have for it."""

    status: int
    bedrock: str
    sagemaker: str
    message: str

    def __call__(self, service: Service, region: str, resource: str) -> Refusal:
        if service == "sagemaker":
            return refusals.sagemaker(self.status, self.sagemaker, self.message)
        return Refusal(self.status, self.bedrock, self.message)


def _access_denied(service: Service, region: str, resource: str) -> Refusal:
    action = {"bedrock": "bedrock:InvokeModel", "sagemaker": "sagemaker:InvokeEndpoint"}[service]
    role = f"arn:aws:sts::{ACCOUNT}:assumed-role/tollgate-gateway/call"
    account = "" if resource.startswith("foundation-model/") else ACCOUNT
    arn = f"arn:aws:{service}:{region}:{account}:{resource}"
    message = (
        f"User: {role} is not authorized to perform: {action} on resource: {arn} because no "
        f"identity-based policy allows the {action} action"
    )
    named = _Named(403, "AccessDeniedException", "AccessDeniedException", message)
    return named(service, region, resource)


def _bad_credentials(service: Service, region: str, resource: str) -> Refusal:
    return unauthenticated(
        "UnrecognizedClientException", "The security token included in the request is invalid."
    )


REFUSED: dict[str, Refuse] = {
    "throttle": _Named(
        429,
        "ThrottlingException",
        "ThrottlingException",
        "Too many requests, please wait before trying again.",
    ),
    "error_500": _Named(
        500,
        "InternalServerException",
        "InternalFailure",
        "The system encountered an unexpected error during processing. Try your request again.",
    ),
    "error_503": _Named(
        503,
        "ServiceUnavailableException",
        "ServiceUnavailable",
        "Bedrock is unable to process your request.",
    ),
    "validation": _Named(
        400,
        "ValidationException",
        "ValidationError",
        "The model returned the following errors: Input is too long for requested model.",
    ),
    "access_denied": _access_denied,
    "bad_credentials": _bad_credentials,
}


def direction(fault: Fault | None) -> Direction:
    """Return what a family must know of the fault before it answers."""
    if fault is None:
        return Direction()
    return Direction(
        filtered=fault.params["n"] if fault.name == "filtered" else 0,
        mixed_sizes=fault.name == "mixed_sizes",
        chunks_per_document=fault.params["per_document"] if fault.name == "rerank_chunks" else 1,
    )


def wish(fault: Fault | None) -> Wish:
    """Return what the fault wants the model to write."""
    if fault and fault.name == "big_answer":
        return Wish(characters=fault.params["bytes"])
    return Wish(**fault.params) if fault and fault.name == "long_answer" else NO_WISH


def spoil_body(reply: Reply, fault: Fault) -> None:
    """Change the counts that the body reports, in place; the true counts stay in the reply."""
    if fault.name == "guardrail_floats":
        for path in reply.usage:
            place, key = holder(reply.body, path)
            place[key] = float(place[key])
    elif fault.name == "guardrail_masked":
        for path in reply.usage[1:]:
            place, key = holder(reply.body, path)
            del place[key]
    elif fault.name == "bad_usage" and fault.params["where"] != "headers":
        for path in reply.usage:
            place, key = holder(reply.body, path)
            if fault.params["value"] == "missing":
                del place[key]
            else:
                place[key] = fault.params["value"]


def spoil_counts(counts: MutableMapping[str, Any], fault: Fault) -> None:
    """Change what is told beside the body, in place: count headers, or a stream's metrics."""
    if fault.name != "bad_usage" or fault.params["where"] == "body":
        return
    if fault.params["value"] == "missing":
        counts.clear()
    for name in counts:
        counts[name] = fault.params["value"]
