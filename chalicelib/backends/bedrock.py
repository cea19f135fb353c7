"""Amazon Bedrock Runtime: the operations that run a model (service model bedrock-runtime)."""

from typing import Final
from urllib.parse import quote

from chalicelib.backends.guardrails import prepare_converse, prepare_invoke
from chalicelib.backends.operation import Operation
from chalicelib.transport import BEDROCK_RUNTIME

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
    prepare=prepare_invoke,
)
CONVERSE: Final = Operation(
    "Converse", BEDROCK_RUNTIME, "/model/{target}/converse", prepare=prepare_converse
)
COUNT_TOKENS: Final = Operation("CountTokens", BEDROCK_RUNTIME, "/model/{target}/count-tokens")


def apply_guardrail(version: str) -> Operation:
    """ApplyGuardrail of one version; what it resolves to is the guardrail."""
    path = f"/guardrail/{{target}}/version/{quote(version, safe='')}/apply"
    return Operation("ApplyGuardrail", BEDROCK_RUNTIME, path)
