"""Amazon Bedrock Runtime: the operations that run a model (service model bedrock-runtime)."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from chalicelib.backends.guardrails import prepare_converse, prepare_invoke
from chalicelib.backends.operation import Operation, Payload, Prepare, Prepared
from chalicelib.errors import BadRequest
from chalicelib.transport import BEDROCK_RUNTIME

if TYPE_CHECKING:
    from chalicelib.backends.bedrock_streams import Restored
    from chalicelib.backends.streamed import Reading

INVOKE_HEADERS: Final = (
    "content-type",
    "accept",
    "x-amzn-bedrock-trace",
    "x-amzn-bedrock-guardrailidentifier",
    "x-amzn-bedrock-guardrailversion",
    "x-amzn-bedrock-performanceconfig-latency",
    "x-amzn-bedrock-service-tier",
)
STREAM_ACCEPT: Final = "x-amzn-bedrock-accept"


def utf_8(prepare: Callable[[Payload], Prepared]) -> Prepare:
    """Refuse JSON in UTF-16 or UTF-32 first: what it names would not be found in its bytes."""

    def checked(payload: Payload, _container: str) -> Prepared:
        if b"\0" in payload.body:
            raise BadRequest("The body is not JSON in UTF-8.")
        return prepare(payload)

    return checked


def streamed(prepare: Prepare, read: "Callable[[Restored], Reading]") -> Prepare:
    """Read the answer as a stream; what is taken out of an answer is taken out of its events."""

    def streaming(payload: Payload, container: str) -> Prepared:
        prepared = prepare(payload, container)
        return replace(prepared, reading=lambda: read(prepared.restored))

    return streaming


def _chunks(restored: "Restored") -> "Reading":
    from chalicelib.backends.bedrock_streams import ChunkReading

    return ChunkReading(restored)


def _converse_events(restored: "Restored") -> "Reading":
    from chalicelib.backends.bedrock_streams import ConverseReading

    return ConverseReading(restored)


INVOKE_MODEL: Final = Operation(
    "InvokeModel",
    BEDROCK_RUNTIME,
    "/model/{target}/invoke",
    passed_on=INVOKE_HEADERS,
    metadata=True,
    prepare=utf_8(prepare_invoke),
)
INVOKE_MODEL_WITH_RESPONSE_STREAM: Final = Operation(
    "InvokeModelWithResponseStream",
    BEDROCK_RUNTIME,
    "/model/{target}/invoke-with-response-stream",
    passed_on=(*INVOKE_HEADERS, STREAM_ACCEPT),
    renamed={"accept": STREAM_ACCEPT},
    metadata=True,
    prepare=streamed(utf_8(prepare_invoke), _chunks),
    streams=True,
)
CONVERSE: Final = Operation(
    "Converse", BEDROCK_RUNTIME, "/model/{target}/converse", prepare=utf_8(prepare_converse)
)
CONVERSE_STREAM: Final = Operation(
    "ConverseStream",
    BEDROCK_RUNTIME,
    "/model/{target}/converse-stream",
    passed_on=("content-type",),
    prepare=streamed(utf_8(prepare_converse), _converse_events),
    streams=True,
)
COUNT_TOKENS: Final = Operation("CountTokens", BEDROCK_RUNTIME, "/model/{target}/count-tokens")


def apply_guardrail(version: str) -> Operation:
    """ApplyGuardrail of one version; what it resolves to is the guardrail."""
    path = f"/guardrail/{{target}}/version/{quote(version, safe='')}/apply"
    return Operation("ApplyGuardrail", BEDROCK_RUNTIME, path)
