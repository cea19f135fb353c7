"""Amazon Bedrock Runtime: the operations that run a model (service model bedrock-runtime)."""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from chalicelib.backends.guardrails import prepare_converse, prepare_invoke
from chalicelib.backends.operation import Operation, Payload, Prepared
from chalicelib.errors import BadRequest
from chalicelib.transport import BEDROCK_RUNTIME


def utf_8(prepare: Callable[[Payload], Prepared] = Prepared) -> Callable[[Payload], Prepared]:
    """Refuse JSON in UTF-16 or UTF-32 first: what it names would not be found in its bytes."""

    def checked(payload: Payload) -> Prepared:
        if b"\0" in payload.body:
            raise BadRequest("The body is not JSON in UTF-8.")
        return prepare(payload)

    return checked


INVOKE_MODEL: Final = Operation(
    "InvokeModel",
    BEDROCK_RUNTIME,
    "/model/{target}/invoke",
    passed_on=(
        "content-type",
        "accept",
        "x-amzn-bedrock-trace",
        "x-amzn-bedrock-guardrailidentifier",
        "x-amzn-bedrock-guardrailversion",
        "x-amzn-bedrock-performanceconfig-latency",
        "x-amzn-bedrock-service-tier",
    ),
    metadata=True,
    prepare=utf_8(prepare_invoke),
)
CONVERSE: Final = Operation(
    "Converse", BEDROCK_RUNTIME, "/model/{target}/converse", prepare=utf_8(prepare_converse)
)
COUNT_TOKENS: Final = Operation("CountTokens", BEDROCK_RUNTIME, "/model/{target}/count-tokens")


def apply_guardrail(version: str) -> Operation:
    """ApplyGuardrail of one version; what it resolves to is the guardrail."""
    path = f"/guardrail/{{target}}/version/{quote(version, safe='')}/apply"
    return Operation("ApplyGuardrail", BEDROCK_RUNTIME, path)
