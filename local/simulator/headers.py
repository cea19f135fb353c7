"""The headers of an answer: whose call it was, how long it took and, of some, what it used."""

import json
from collections.abc import Mapping
from email.utils import formatdate

from local.simulator import spoiling
from local.simulator.calls import Reply
from local.simulator.faults import Fault
from local.simulator.operations import Operation
from local.simulator.refusals import Refusal
from local.simulator.terms import Terms

_COUNTS = {
    "input_tokens": "X-Amzn-Bedrock-Input-Token-Count",
    "output_tokens": "X-Amzn-Bedrock-Output-Token-Count",
    "cache_read_tokens": "X-Amzn-Bedrock-Cache-Read-Input-Token-Count",
    "cache_write_tokens": "X-Amzn-Bedrock-Cache-Write-Input-Token-Count",
}
_LATENCY = "X-Amzn-Bedrock-Invocation-Latency"
_VARIANT = {"x-Amzn-Invoked-Production-Variant": "AllTraffic"}

Headers = dict[str, str]


def of_answer(
    operation: Operation, request_id: str, reply: Reply, terms: Terms, fault: Fault | None
) -> Headers:
    headers = _plain(request_id)
    if operation.service == "sagemaker":
        return headers | _VARIANT
    if not operation.counts_in_headers:
        return headers
    counts = {_COUNTS[name]: value for name, value in reply.counted_values().items()}
    waited = 0
    if fault:
        spoiling.spoil_counts(counts, fault)
        waited = fault.params["latency_ms"] if fault.name == "slow" else 0
    told = {name: _as_text(value) for name, value in counts.items()}
    return headers | told | {_LATENCY: str(reply.latency_ms + waited)} | terms.headers()


def of_stream(operation: Operation, request_id: str, more: Mapping[str, str]) -> Headers:
    headers = {**_plain(request_id, "application/vnd.amazon.eventstream"), **more}
    return headers | _VARIANT if operation.service == "sagemaker" else headers


def of_refusal(request_id: str, refused: Refusal) -> Headers:
    return _plain(request_id) | {"x-amzn-ErrorType": refused.error_type}


def _plain(request_id: str, content_type: str = "application/json") -> Headers:
    return {
        "Date": formatdate(usegmt=True),
        "Content-Type": content_type,
        "Connection": "keep-alive",
        "x-amzn-RequestId": request_id,
    }


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
