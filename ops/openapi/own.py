"""The gateway's own operations, by method and path as the app has them."""

from collections.abc import Mapping
from typing import Any, Final

from chalicelib.surfaces.responses import MAX_POSITION, MAX_WAIT_SECONDS
from chalicelib.surfaces.usage import CSV, MAX_DAYS
from ops.openapi.operation import JSON, Operation, Parameter, answer
from ops.openapi.schemas import DATE, FLAG, Schema, reference

SSE: Final = "text/event-stream"
FRAMES: Final = "application/vnd.amazon.eventstream"
POSITION: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": MAX_POSITION, "default": 0}
SECONDS: Final[Schema] = {**POSITION, "maximum": MAX_WAIT_SECONDS}
ANY_KEY: Final = (401, 500, 503)

AFTER: Final = Parameter("after", "The number of the last event that you have.", POSITION)
EVENTS: Final = """Server-Sent Events: `chunk` (the model's own event, numbered by `id`), `restart`
(StreamRestart), and as the last one `done` or `error` (StreamEnd). `: ping` every 15 s of silence;
`retry: 1000` where the connection has to end first."""

INVOKE: Final = """The body goes to the model unchanged, and its answer comes back unchanged: whole;
with `stream=true` queued (202), or live where `Accept` says in which form."""

USAGE: Final = """Each day says whether its figures are whole (`complete`), and why not (`message`).
A day without a report says so. With `Accept: text/csv` the rows are those of the report's
costs.csv, with three columns more: day_status, complete, as_of."""


def usage() -> dict[str, Any]:
    """Describe an answer that comes as JSON or as CSV."""
    told = answer("The days and their rows.", JSON, schema=reference("TeamUsage"))
    return {**told, "content": {**told["content"], CSV: {"schema": {}}}}


OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("GET", "/healthz"): Operation(
        "Say that the gateway lives.",
        {"200": answer("It does.", schema=reference("Health"))},
        open=True,
    ),
    ("GET", "/models"): Operation(
        "List what the team may call, and today's list prices.",
        {"200": answer("The models and endpoints.", schema=reference("Models"))},
        errors=ANY_KEY,
    ),
    ("GET", "/usage"): Operation(
        "Read what your team used, by day and model: its rows of the daily reports, and today's.",
        {"200": usage()},
        USAGE,
        (
            Parameter("from", "The first day, in UTC.", DATE, required=True),
            Parameter("to", f"The last; at most {MAX_DAYS} days in all.", DATE, required=True),
        ),
        errors=(400, *ANY_KEY),
    ),
    ("POST", "/invoke"): Operation(
        "Call a model or an endpoint.",
        {
            "200": answer(
                "The model's own answer, or its stream.",
                *("*/*", SSE, FRAMES),
                idempotency_replayed="`true`: the answer of an earlier request with this key.",
            ),
            "202": answer(
                "Queued: a worker calls the model.",
                schema=reference("Queued"),
                Location="Where the answer grows.",
            ),
            "303": answer(
                "The answer is too large to be returned: it is kept for a day.",
                schema=reference("Kept"),
                Location="A signed link to it.",
            ),
        },
        INVOKE,
        (
            Parameter("model_id", "A Bedrock id or ARN, or an endpoint's name.", required=True),
            Parameter("stream", "Stream the answer.", {**FLAG, "default": False}),
            Parameter("store", "Keep a streamed answer.", {**FLAG, "default": True}),
            Parameter("retry", "Call again if a queued call is lost.", {**FLAG, "default": False}),
            Parameter("Idempotency-Key", "Called once for each key, in 24 hours.", place="header"),
            Parameter("X-Tollgate-Store", "What `store` says, for SDKs.", FLAG, "header"),
        ),
        "The model's own payload.",
        (400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504),
    ),
    ("GET", "/responses/{response_id}"): Operation(
        "Read a streamed answer, while it grows or later.",
        {
            "200": answer(
                "What there is after event `after`.",
                schema={"anyOf": [reference("Page"), reference("Deleted")]},
            )
        },
        parameters=(AFTER, Parameter("wait", "Seconds to wait for something new.", SECONDS)),
        errors=(400, *ANY_KEY, 404),
    ),
    ("DELETE", "/responses/{response_id}"): Operation(
        "Forget a streamed answer. A running call goes on, and is billed.",
        {"200": answer("It is forgotten.", schema=reference("Deleted"))},
        errors=(*ANY_KEY, 404),
    ),
    ("GET", "/responses/{response_id}/events"): Operation(
        "Read a streamed answer as Server-Sent Events.",
        {"200": answer(EVENTS, SSE)},
        parameters=(
            AFTER,
            Parameter("Last-Event-ID", "The same, as browsers send it.", POSITION, "header"),
        ),
        errors=(400, *ANY_KEY, 404),
    ),
}
"""A route of the app's that is neither here nor in `native` cannot be described: see `document`."""
