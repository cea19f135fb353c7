"""Guardrails that go with a model call: their units are billed, and stand only in the trace.

So the trace is asked for whenever a guardrail is named, and taken out of the answer again where
the tenant had not asked for it. Everything else stays byte for byte. Source: Amazon Bedrock user
guide, "How Amazon Bedrock Guardrails works" (what is billed) and "Track … guardrails"; service
model bedrock-runtime (GuardrailConfiguration.trace, X-Amzn-Bedrock-Trace).
"""

import json
import re
from dataclasses import replace
from typing import Final

from chalicelib.backends.json_splice import Member, member, removed, replaced
from chalicelib.backends.operation import Payload, Prepared
from chalicelib.catalog import Model
from chalicelib.errors import BadModelId, BadRequest, ModelNotAllowed
from chalicelib.json_text import hides_ascii

IDENTIFIER: Final = "x-amzn-bedrock-guardrailidentifier"
TRACE: Final = "x-amzn-bedrock-trace"
_GUARDRAIL: Final = re.compile(
    r"(?:arn:aws(?:-[a-z-]{1,20})?:bedrock:(?P<region>[a-z0-9-]{1,20}):(?P<account>[0-9]{12})"
    r":guardrail/)?(?P<id>[a-z0-9]{1,64})"
)

INVOKE_TRACES: Final = frozenset({"ENABLED", "ENABLED_FULL"})

CONFIG: Final = "guardrailConfig"  # in the body of Converse
CONFIG_IDENTIFIER: Final = "guardrailIdentifier"
CONVERSE_TRACES: Final = frozenset({"enabled", "enabled_full"})
INVOKE_TRACE: Final = "amazon-bedrock-trace"  # in the answer of InvokeModel
CONVERSE_TRACE: Final = "trace"  # in the answer of Converse; prompt routers trace there, too


def prepare_invoke(payload: Payload) -> Prepared:
    """InvokeModel names a guardrail in its headers."""
    named = payload.headers.get(IDENTIFIER)
    if named is None:
        return Prepared(payload)
    if payload.headers.get(TRACE) in INVOKE_TRACES:
        return Prepared(payload, named)
    traced = replace(payload, headers={**payload.headers, TRACE: "ENABLED"})
    return Prepared(traced, named, _without_invoke_trace)


def prepare_converse(payload: Payload) -> Prepared:
    """Converse names a guardrail in its body. Raises BadRequest where that cannot be read."""
    if CONFIG.encode() not in payload.body and not hides_ascii(payload.body):
        return Prepared(payload)
    try:
        text = payload.body.decode()
        config = member(text, CONFIG)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not a JSON object that can be read.") from error
    if config is None or config.value is None:
        return Prepared(payload)
    named = config.value.get(CONFIG_IDENTIFIER) if isinstance(config.value, dict) else None
    if not isinstance(config.value, dict) or not isinstance(named, str):
        raise BadRequest(f"{CONFIG} names no guardrail.")
    asked = config.value.get("trace", "disabled")
    if not isinstance(asked, str):
        raise BadRequest(f"{CONFIG}.trace is not a text.")
    if asked in CONVERSE_TRACES:
        return Prepared(payload, named)
    with_trace = json.dumps({**config.value, "trace": "enabled"})
    traced = replace(payload, body=replaced(text, config, with_trace).encode())
    return Prepared(traced, named, _without_converse_trace)


def _without_invoke_trace(body: bytes) -> bytes:
    text, trace = _find(body, INVOKE_TRACE)
    return removed(text, trace).encode() if trace else body


def _without_converse_trace(body: bytes) -> bytes:
    text, trace = _find(body, CONVERSE_TRACE)
    if trace is None or not isinstance(trace.value, dict):
        return body
    rest = {name: value for name, value in trace.value.items() if name != "guardrail"}
    return (replaced(text, trace, json.dumps(rest)) if rest else removed(text, trace)).encode()


def _find(body: bytes, key: str) -> tuple[str, Member | None]:
    """Find a member of an answer; none in one that is not a JSON object."""
    try:
        text = body.decode()
        return text, member(text, key)
    except (ValueError, RecursionError):
        return "", None


def guardrail_model(identifier: str, region: str, account: str) -> Model:
    """Name a guardrail as what a call runs: allowed, recorded and reported as `guardrail/<id>`.

    Its id, or its ARN in this region and account (bedrock-runtime, GuardrailIdentifier).
    Raises BadModelId and ModelNotAllowed.
    """
    found = _GUARDRAIL.fullmatch(identifier)
    if not found:
        raise BadModelId("This is not a guardrail's id.")
    if found["account"] and (found["region"], found["account"]) != (region, account):
        raise ModelNotAllowed("This gateway uses guardrails of its own region and account only.")
    return Model(
        model_id=f"guardrail/{found['id']}",
        service="bedrock",
        base_model="guardrails",
        geo="none",
        basis="on_demand",
        family="guardrail",
        target=found["id"],
    )
