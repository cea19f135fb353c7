"""Errors by HTTP status: the gateway's own, and what API Gateway answers by itself."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from chalicelib.errors import TollgateError
from ops.deploy.api_gateway import REFUSALS
from ops.openapi.schemas import reference

Json = dict[str, Any]
REQUEST_ID: Final[Mapping[str, Json]] = {"x-request-id": {"$ref": "#/components/headers/RequestId"}}
RETRY_AFTER: Final[Json] = {
    "description": "Seconds after which to try again.",
    "schema": {"type": "string"},
}
THROTTLED: Final = 429
BY_THE_GATEWAY: Final = "; by API Gateway itself: "


def answers() -> dict[str, Json]:
    """Describe the answer of every status with which an error can come, as `Error<status>`."""
    return {f"Error{status}": _answer(status) for status in sorted({e.status for e in _kinds()})}


def referred(statuses: tuple[int, ...]) -> dict[str, Json]:
    """Refer to the answers of these statuses, and of the stage's throttle, which is on all routes.

    It answers as `REFUSALS["THROTTLED"]` says.
    """
    return {
        str(status): {"$ref": f"#/components/responses/Error{status}"}
        for status in sorted({*statuses, THROTTLED})
    }


def aws_answer(description: str) -> Json:
    """Describe an error on a native route."""
    return {
        "description": description,
        "headers": {"x-amzn-ErrorType": {"schema": {"type": "string"}}},
        "content": {"application/json": {"schema": reference("AwsError")}},
    }


def codes(status: int) -> list[str]:
    """Name the codes that our own errors of a status have."""
    return sorted({each.code for each in _kinds() if each.status == status})


def _answer(status: int) -> Json:
    told = ", ".join(f"`{code}`" for code in codes(status))
    if theirs := sorted({each.code for each in REFUSALS.values() if each.status == status}):
        told += BY_THE_GATEWAY + ", ".join(f"`{code}`" for code in theirs)
    headers = {**REQUEST_ID, **({"Retry-After": RETRY_AFTER} if status in (409, 429) else {})}
    content = {"application/json": {"schema": reference("Error")}}
    return {"description": told, "headers": headers, "content": content}


def _kinds(base: type[TollgateError] = TollgateError) -> Iterator[type[TollgateError]]:
    yield base
    for each in base.__subclasses__():
        yield from _kinds(each)
