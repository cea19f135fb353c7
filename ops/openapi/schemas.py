"""What the gateway's own routes answer with, as JSON Schema. Models' payloads are their own."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from chalicelib.metering.usage import COUNTERS
from chalicelib.pricing.costs import CSV_COLUMNS, Status
from chalicelib.pricing.price import TIERS, UNITS
from chalicelib.reporting.differences import CAPACITY, FEWER, LATE, PRICE, STATUS
from chalicelib.reporting.team_day import State
from chalicelib.surfaces.usage import COSTS, COUNTS

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": "boolean"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
DATE: Final[Schema] = {"type": "string", "format": "date"}
ANYTHING: Final[Schema] = {}


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def array(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def one_of(values: Sequence[str], description: str = "") -> Schema:
    told = {"description": description} if description else {}
    return {"type": "string", "enum": list(values), **told}


def described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def thing(properties: Mapping[str, Schema], optional: Sequence[str] = ()) -> Schema:
    """Describe an object; what is not optional is always there."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required}


def _cell(column: str) -> Schema:
    """Describe a cell of costs.csv, as JSON has it."""
    if column in COUNTS:
        return COUNT
    if column in COSTS:
        return {"type": ["string", "null"], "description": "US dollars, exact; null: no price."}
    return one_of(get_args(Status)) if column == "status" else TEXT


def _signed(column: str) -> Schema:
    """Describe a cell of a row that adjusts another: an amount may be below 0."""
    return {"type": "integer"} if column in COUNTS else _cell(column)


_ENDED: Final = ("done", "failed", "interrupted", "deleted")
_WHY: Final = thing({"code": TEXT, "message": TEXT})
_END: Final[Mapping[str, Schema]] = {
    "stored": described(FLAG, "Whether the answer can be read again."),
    "usage": reference("Usage"),
    "stop_reason": described(TEXT, "The model's own word for why it stopped."),
    "error": _WHY,
    "whole": described(FLAG, "false: not all of the answer could be kept."),
}
_OF_AN_END: Final = ("usage", "stop_reason", "error", "whole")

SCHEMAS: Final[Mapping[str, Schema]] = {
    "Health": thing({"status": one_of(("ok",)), "version": TEXT}),
    "Error": thing(
        {
            "error": thing(
                {
                    "code": described(TEXT, "For programs; listed with each status."),
                    "message": described(TEXT, "For people: what to do."),
                    "request_id": TEXT,
                }
            )
        }
    ),
    "AwsError": described(
        thing(
            {
                "message": described(TEXT, "Bedrock Runtime's name for it."),
                "Message": described(TEXT, "SageMaker Runtime's."),
                "OriginalMessage": TEXT,
                "OriginalStatusCode": {"type": "integer"},
            },
            optional=("message", "Message", "OriginalMessage", "OriginalStatusCode"),
        ),
        "AWS's own; the header x-amzn-ErrorType names the exception.",
    ),
    "Usage": described(
        thing(dict.fromkeys(COUNTERS, COUNT), optional=COUNTERS),
        "What a call used, in the units of the report; what is 0 is left out.",
    ),
    "Price": thing(
        {
            "unit": one_of(UNITS),
            "usd": described(TEXT, "US dollars, an exact decimal."),
            "per": described(TEXT, "Of how many units: `1M tokens`, `image`, `second`, …"),
            "tier": one_of(TIERS),
            "variant": TEXT,
        }
    ),
    "Model": thing(
        {
            "model_id": TEXT,
            "family": TEXT,
            "operations": array(TEXT),
            "prices": array(reference("Price")),
        }
    ),
    "Models": thing(
        {
            "date": DATE,
            "currency": one_of(("USD",)),
            "allow": described(array(TEXT), "The globs of the team's allow-list."),
            "models": array(reference("Model")),
        }
    ),
    "UsageDay": thing(
        {
            "date": DATE,
            "status": one_of(get_args(State)),
            "complete": described(FLAG, "All that the team used is in its rows, adjusted."),
            "may_change": described(
                FLAG, "Its report is yet to be made, or made again as a matter of course."
            ),
            "as_of": described(TEXT, "Until when today is counted."),
            "message": described(TEXT, "Why it is not complete."),
        },
        optional=("as_of", "message"),
    ),
    "UsageRow": thing(
        {name: _cell(name) for name in CSV_COLUMNS},
    ),
    "UsageAdjustment": thing(
        {
            "adjusted_on": described(DATE, "When it was booked."),
            "reason": one_of((LATE, FEWER, PRICE, CAPACITY, STATUS), "Why the row moved."),
            **{name: _signed(name) for name in CSV_COLUMNS},
        }
    ),
    "TeamUsage": thing(
        {
            "team_id": TEXT,
            "from": DATE,
            "to": DATE,
            "currency": one_of(("USD",)),
            "complete": described(FLAG, "Every day is."),
            "days": array(reference("UsageDay")),
            "rows": array(reference("UsageRow")),
            "adjustments": described(
                array(reference("UsageAdjustment")),
                "What is to be added to rows of a month that is closed.",
            ),
        }
    ),
    "Queued": thing(
        {
            "request_id": TEXT,
            "status": one_of(("queued", "running", *_ENDED)),
            "url": described(TEXT, "Where the answer grows."),
        }
    ),
    "Kept": thing(
        {
            "location": described(TEXT, "A signed link to the answer."),
            "expires": {"type": "string", "format": "date-time"},
            "bytes": COUNT,
        }
    ),
    "Page": thing(
        {
            "request_id": TEXT,
            "model_id": TEXT,
            "status": one_of(("queued", "running", *_ENDED)),
            "next_after": described(COUNT, "Ask again with this as `after`."),
            "more": described(FLAG, "There are later events already."),
            "restarted": described(FLAG, "The model was called anew: what came before is void."),
            "text": described(TEXT, "Of these events."),
            "events": described(array(ANYTHING), "The model's own."),
            **_END,
        },
        optional=("restarted", *_OF_AN_END),
    ),
    "Deleted": thing({"request_id": TEXT, "status": one_of(("deleted",))}),
    "StreamEnd": described(
        thing({"status": one_of(_ENDED), **_END}, optional=("stored", *_OF_AN_END)),
        "The data of the Server-Sent Events `done` and `error`.",
    ),
    "StreamRestart": described(
        thing({"attempt": COUNT}), "The data of the Server-Sent Event `restart`."
    ),
}
