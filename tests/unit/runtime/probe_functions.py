"""Functions whose answers show what a runtime loop gives them and makes of theirs."""

import json
import os
from typing import Any


def handler(event: Any, context: Any) -> Any:
    """Do what the event asks for."""
    return _DOES[event["do"]](event, context)


def _echo(event: Any, _context: Any) -> Any:
    return event


def _tell(_event: Any, context: Any) -> Any:
    names = ("aws_request_id", "function_name", "function_version", "memory_limit_in_mb")
    names += ("invoked_function_arn", "log_group_name", "log_stream_name", "tenant_id")
    told = {name: getattr(context, name) for name in names}
    return {
        **told,
        "identity": [
            context.identity.cognito_identity_id,
            context.identity.cognito_identity_pool_id,
        ],
        "custom": context.client_context and context.client_context.custom,
        "env": context.client_context and context.client_context.env,
        "enough_time": context.get_remaining_time_in_millis() > 1_000_000,
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
    }


def _fail(event: Any, _context: Any) -> Any:
    raise ValueError(event["message"])


def _give_no_json(_event: Any, _context: Any) -> Any:
    return {"body": object()}


def _print(event: Any, _context: Any) -> Any:
    print(event["line"])  # noqa: T201
    return None


def _answer(event: Any, _context: Any) -> Any:
    return {"statusCode": 200, "headers": {}, "body": json.dumps(event["body"])}


_DOES = {
    "echo": _echo,
    "tell": _tell,
    "fail": _fail,
    "no_json": _give_no_json,
    "print": _print,
    "answer": _answer,
}
