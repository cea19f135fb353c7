"""CountTokens: what a prompt would cost, free of charge ("Count tokens", Bedrock user guide).

The number is what the same request would be charged for as input, cached or not. Only some models
offer it, by their own id and not through an inference profile.
"""

import base64
import binascii
from typing import Any

from local.simulator import families
from local.simulator.actions import Call, converse
from local.simulator.arrival import json_object
from local.simulator.calls import Counts, Reply, required
from local.simulator.models import SERVED
from local.simulator.prompt_cache import PromptCache
from local.simulator.refusals import invalid


def answer(call: Call) -> Reply:
    if "CountTokens" not in SERVED.get(call.model.id, ()):
        raise invalid("The provided model doesn't support counting tokens.")
    given = required(call.arrival.payload, "input", dict)
    if set(given) == {"converse"}:
        tokens = converse.count(call.ask(required(given, "converse", dict, "#/input")))
    elif set(given) == {"invokeModel"}:
        tokens = _of_invocation(call, required(given, "invokeModel", dict, "#/input"))
    else:
        raise invalid("The input field must be either converse or invokeModel.")
    return Reply({"inputTokens": tokens}, Counts())


def _of_invocation(call: Call, request: dict[str, Any]) -> int:
    try:
        body = base64.b64decode(
            required(request, "body", str, "#/input/invokeModel"), validate=True
        )
    except (binascii.Error, ValueError):
        raise invalid("The body of the request is not base64.") from None
    # A cache of its own: counting writes nothing that a later call would read.
    reply = families.family(call.model)(call.ask(json_object(body), PromptCache()))
    counts = reply.counts
    cached = counts.cache_read_tokens + counts.cache_write_tokens + counts.cache_write_1h_tokens
    return counts.input_tokens + cached
