"""A job as an item of the table `streams`, and back. Pure.

What of a job never changes is one attribute of JSON; what changes has an attribute each, so that
a write names only what it changes and what must not have changed. The request's body is an item
of its own (`job#body`): else every renewed lease would be charged for its size.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from typing import Any, Final, get_args
from zlib import crc32

from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.streams.chunks import Chunk
from chalicelib.streams.job import StreamJob, UnreadableJob
from chalicelib.usage_record import Outcome, ProviderCall

JOB: Final = "job"
BODY: Final = "job#body"
EVENTS_END: Final = "event$"  # after every `event#…`
LEASE_SHARDS: Final = 16
KEPT_UNRECORDED: Final = 30 * 86_400
"""Seconds beyond its answer's expiry for which a job is kept that is not emitted yet."""

Value = dict[str, Any]
Item = Mapping[str, Value]

_FIXED: Final = (
    *("request_id", "team_id", "key_id", "created_at", "expires_at", "surface", "operation"),
    *("model", "account", "headers", "body_key", "retry", "store"),
)
_CHANGING: Final = (
    *("state", "step", "deleted", "attempt", "sends", "lease_until", "last_event", "whole"),
    *("stop_reason", "error_code", "error_message"),
)


def partition(team_id: str, request_id: str) -> str:
    return f"stream#{team_id}#{request_id}"


def owner(pk: str) -> tuple[str, str]:
    """Return team and request id of a partition."""
    _, team_id, request_id = pk.split("#", 2)
    return team_id, request_id


def shard(request_id: str) -> str:
    """Return the part of the index `by_lease` that has this job while it is not emitted."""
    return str(crc32(request_id.encode()) % LEASE_SHARDS)


def item_of(**values: object) -> dict[str, Value]:
    return {name: value_of(value) for name, value in values.items()}


def value_of(value: object) -> Value:
    """Write a text, number, flag, bytes or noun (as JSON) as an attribute."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, bytes):
        return {"B": b64encode(value).decode()}
    return {"S": _json(asdict(value))}  # type: ignore[call-overload]


def bytes_of(value: Value) -> bytes:
    return b64decode(value["B"])


def key(team_id: str, request_id: str, sk: str = JOB) -> dict[str, Value]:
    return item_of(pk=partition(team_id, request_id), sk=sk)


def event_key(last: int, part: int = 0) -> str:
    """Return the sort key of a chunk: ten digits have the numbers of 9,999 attempts."""
    return f"event#{last:010}#{part:04}"


def job_item(job: StreamJob) -> dict[str, Value]:
    """Make the item of a job that is created: queued, or opened at once."""
    fixed = {name: value for name, value in asdict(job).items() if name in _FIXED}
    called = item_of(call=job.call, call_id=job.call.call_id) if job.call else {}
    return {
        **key(job.team_id, job.request_id),
        **item_of(job=_json(fixed), lease_shard=shard(job.request_id)),
        **item_of(**{name: getattr(job, name) for name in _CHANGING if getattr(job, name) != ""}),
        **item_of(expires_at=job.expires_at + KEPT_UNRECORDED),
        **called,
    }


def body_item(job: StreamJob, body: bytes) -> dict[str, Value]:
    place = key(job.team_id, job.request_id, BODY)
    return {**place, **item_of(body=body, expires_at=job.expires_at)}


def chunk_item(job: StreamJob, chunk: Chunk) -> dict[str, Value]:
    place = key(job.team_id, job.request_id, event_key(chunk.last, chunk.part))
    numbers = item_of(first=chunk.first, last=chunk.last, part=chunk.part, parts=chunk.parts)
    return {**place, **numbers, **item_of(body=chunk.body, expires_at=job.expires_at)}


def chunk_of(item: Item) -> Chunk:
    first, last, part, parts = (int(item[n]["N"]) for n in ("first", "last", "part", "parts"))
    return Chunk(first, last, part, parts, bytes_of(item["body"]))


def job_of(item: Item, body: bytes | None = None) -> StreamJob:
    """Read a job as this release, an earlier or a later one has kept it.

    Raises UnreadableJob where what is missing or not known may decide on the bill.
    """
    try:
        values = json.loads(item["job"]["S"])
        values |= {name: _plain(item[name]) for name in _CHANGING if name in item}
        return StreamJob(
            **_members(StreamJob, values),
            body=body,
            call=_noun(ProviderCall, item.get("call")),
            progress=_noun(Usage, item.get("progress")) or NO_USAGE,
            outcome=_noun(Outcome, item.get("outcome")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableJob(f"{type(error).__name__}: {error}") from error


def _json(values: dict[str, Any]) -> str:
    """Write JSON, without the numbers that are 0: most counts are."""
    return json.dumps(_without_zeros(values), separators=(",", ":"))


def _without_zeros(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_zeros(value) if isinstance(value, dict) else value
        for name, value in values.items()
        if not (type(value) is int and value == 0)
    }


def _plain(value: Value) -> object:
    ((kind, plain),) = value.items()
    return int(plain) if kind == "N" else plain


def _noun(kind: Any, value: Value | None) -> Any:
    return _read(kind, json.loads(value["S"])) if value else None


def _read(kind: Any, value: Any) -> Any:
    """Return a value of this kind. Raises TypeError for any other."""
    if is_dataclass(kind):
        return kind(**_members(kind, value))  # type: ignore[operator]
    if kind == Mapping[str, str]:
        return {_read(str, name): _read(str, text) for name, text in value.items()}
    if type(value) is kind and (kind in (str, bool) or (kind is int and value >= 0)):
        return value
    if type(value) is str and value in get_args(kind):  # a Literal's words
        return value
    raise TypeError(f"{value!a} is no {kind}")


def _members(noun: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Read a noun's members. A count that is not there is 0; one that is not known is no 0."""
    known = {each.name: each for each in fields(noun)}
    if noun is Usage and any(values[name] for name in values.keys() - known.keys()):
        raise TypeError("a unit is not known")
    required = {n: 0 for n, each in known.items() if each.type is int and each.default is MISSING}
    return required | {n: _read(known[n].type, values[n]) for n in values if n in known}
