"""A Lambda runtime loop that can stream an answer; the managed Python runtime's own cannot.

`runtime.sh` starts it in that one's place: AWS_LAMBDA_EXEC_WRAPPER names the script. An API's
streaming integrations invoke the function by its alias `stream`. Every answer to them goes out as
they read it, those whose body is whole included; whoever invokes the function otherwise is answered
as by awslambdaric, Lambda's own. So an API and its function never disagree on what an answer looks
like, whichever of the two was deployed last.

Sources: API Gateway Developer Guide, "Set up a Lambda proxy integration with payload response
streaming in API Gateway"; Lambda Developer Guide, "Using the Lambda context object": the ARN by
which a function was invoked tells the alias.
"""

import base64
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, Self

from chalicelib import delivery, runtime_api
from chalicelib.runtime_api import Fault, Leeway, NotRun, RuntimeApi, Stream

Handler = Callable[[Any, Any], Any]

STREAM_ALIAS: Final = "stream"
"""The function's alias that streaming integrations invoke."""

SEPARATOR: Final = bytes(8)
"""What stands between an answer's metadata and its body."""

PATIENCE_S: Final = 20.0
"""For how long in all the reader of an iterator may block its writer, as Leeway has it.

Whoever reads more slowly is left behind, or a tenant could keep an answer from ending, and its
tokens from being counted.
"""

_METADATA: Final = ("statusCode", "headers", "multiValueHeaders", "cookies")
_HIDDEN: Final = (__file__, runtime_api.__file__, importlib.__file__)  # from whoever reads a trace


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The second argument of a handler; its attributes are those of Lambda's Python context."""

    aws_request_id: str
    invoked_function_arn: str | None
    deadline_ms: int  # since the epoch
    function_name: str | None
    function_version: str | None
    memory_limit_in_mb: str | None
    log_group_name: str | None
    log_stream_name: str | None
    client_context: SimpleNamespace | None
    identity: SimpleNamespace
    tenant_id: str | None

    @classmethod
    def of(cls, headers: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> Self:
        """Read it from an invocation's headers, in lower case, and from Lambda's own variables."""
        cognito = json.loads(headers.get("lambda-runtime-cognito-identity") or "{}")
        return cls(
            aws_request_id=headers["lambda-runtime-aws-request-id"],
            invoked_function_arn=headers.get("lambda-runtime-invoked-function-arn"),
            deadline_ms=int(headers["lambda-runtime-deadline-ms"]),
            function_name=environ.get("AWS_LAMBDA_FUNCTION_NAME"),
            function_version=environ.get("AWS_LAMBDA_FUNCTION_VERSION"),
            memory_limit_in_mb=environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
            log_group_name=environ.get("AWS_LAMBDA_LOG_GROUP_NAME"),
            log_stream_name=environ.get("AWS_LAMBDA_LOG_STREAM_NAME"),
            client_context=_client_context(headers.get("lambda-runtime-client-context")),
            identity=SimpleNamespace(
                cognito_identity_id=cognito.get("cognitoIdentityId"),
                cognito_identity_pool_id=cognito.get("cognitoIdentityPoolId"),
            ),
            tenant_id=headers.get("lambda-runtime-aws-tenant-id"),
        )

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self.deadline_ms - time.time_ns() // 1_000_000)

    def log(self, message: object) -> None:
        sys.stdout.write(str(message))


def _client_context(text: str | None) -> SimpleNamespace | None:
    if not text:
        return None
    told = json.loads(text)
    return SimpleNamespace(**{name: told.get(name) for name in ("custom", "env", "client")})


@dataclass(frozen=True, slots=True)
class Framed:
    """A streamed answer: what it begins with (its metadata and first bytes), and what follows."""

    start: bytes
    rest: Iterator[bytes]
    leeway: Leeway | None

    @classmethod
    def of(cls, answer: Mapping[str, Any], context: LambdaContext) -> Self:
        """Frame a proxy answer. Raises what its iterator raises before its first bytes.

        An iterator's empty first item lets the metadata go out before there is anything to say.
        """
        chunks, leeway = _chunks(answer, context)
        with _closed_if_it_fails(chunks):
            first = next(chunks, b"")
        metadata = {name: answer[name] for name in _METADATA if answer.get(name)}
        return cls(_marshalled(metadata) + SEPARATOR + first, chunks, leeway)


def _chunks(
    answer: Mapping[str, Any], context: LambdaContext
) -> tuple[Iterator[bytes], Leeway | None]:
    """Return an answer's body in pieces, and how long their reader may block their writer."""
    body = answer.get("body") or b""
    if isinstance(body, str):
        body = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    if isinstance(body, bytes):
        return iter((body,)), None
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000
    return iter(body), Leeway(PATIENCE_S, deadline)


@contextmanager
def _closed_if_it_fails(chunks: Iterator[bytes]) -> Iterator[None]:
    """Close a body that raises, so that what is behind it is read to its end all the same."""
    try:
        yield
    except Exception:
        if close := getattr(chunks, "close", None):
            close()
        raise


def main() -> None:
    """Serve invocations until Lambda ends the process; where it cannot start, say why."""
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:
        fault = Fault.of(error, _HIDDEN)
        fault.log()
        api.fail_to_start(fault)
        raise SystemExit(1) from None
    while True:
        serve(api, handler)


def load(name: str) -> Handler:
    """Import a handler by Lambda's name for it: a module, a dot, a name in it. Raises NotRun."""
    module, _, attribute = name.rpartition(".")
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        told = f"Unable to import module '{module}': {error}"
        raise NotRun("ImportModuleError", told) from error
    if not hasattr(loaded, attribute):
        raise NotRun("HandlerNotFound", f"Handler '{attribute}' missing on module '{module}'")
    handler: Handler = getattr(loaded, attribute)
    return handler


def serve(api: RuntimeApi, handler: Handler) -> None:
    """Wait for one invocation and answer it."""
    headers, payload = api.next()
    _pass_trace_on(headers.get("lambda-runtime-trace-id"))
    request_id = headers["lambda-runtime-aws-request-id"]
    match _answer(handler, headers, payload):
        case Fault() as fault:
            fault.log()
            api.fail(request_id, fault)
        case Framed() as framed:
            _send(framed, api.stream(request_id, framed.leeway))
        case bytes() as whole:
            api.respond(request_id, whole)


def _pass_trace_on(trace_id: str | None) -> None:
    """Put X-Ray's id of this invocation where SDKs look for it."""
    if trace_id is None:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    else:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id


def _answer(handler: Handler, headers: Mapping[str, str], payload: bytes) -> Framed | bytes | Fault:
    try:
        event, context = _unmarshalled(payload), LambdaContext.of(headers)
        delivery.streaming = _is_by_the_alias(context) and _is_from_api_gateway(event)
        result = handler(event, context)
        return Framed.of(result, context) if delivery.streaming else _marshalled(result)
    except Exception as error:
        return Fault.of(error, _HIDDEN)


def _is_by_the_alias(context: LambdaContext) -> bool:
    arn = context.invoked_function_arn or ""
    return arn.split(":")[7:] == [STREAM_ALIAS]  # what follows arn:aws:lambda:…:function:NAME


def _is_from_api_gateway(event: Any) -> bool:
    return isinstance(event, dict) and "httpMethod" in event and "requestContext" in event


def _send(framed: Framed, stream: Stream) -> None:
    """Send an answer to its end. What its iterator raises follows it; it is read in any case."""
    fault = None
    try:
        stream.send(framed.start)
        with _closed_if_it_fails(framed.rest):
            for data in framed.rest:
                stream.send(data)
    except Exception as error:
        fault = Fault.of(error, _HIDDEN)
        fault.log()
    stream.end(fault)


def _unmarshalled(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError as error:
        raise NotRun("UnmarshalError", f"Unable to unmarshal input: {error}") from error


def _marshalled(result: object) -> bytes:
    try:
        return json.dumps(result, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise NotRun("MarshalError", f"Unable to marshal response: {error}") from error
