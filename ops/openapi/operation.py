"""Operation: what a route takes and answers, beside what the app says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ops.openapi import errors
from ops.openapi.errors import REQUEST_ID
from ops.openapi.schemas import TEXT, Schema

Json = dict[str, Any]
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query, or a header."""

    name: str
    description: str
    schema: Schema = field(default_factory=lambda: dict(TEXT))
    place: str = "query"
    required: bool = False

    def as_json(self) -> Json:
        return {
            "name": self.name,
            "in": self.place,
            "description": self.description,
            "required": self.required,
            "schema": self.schema,
        }


@dataclass(frozen=True, slots=True)
class Operation:
    """`answers` are those of success, by status; `errors` the statuses of our own errors.

    A native operation has the page on which AWS describes it, and AWS's errors.
    """

    summary: str
    answers: Mapping[str, Json]
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    """What the request's body is; empty where it takes none."""
    errors: tuple[int, ...] = ()
    aws_page: str = ""
    open: bool = False
    """It takes no key."""

    def as_json(self, name: str, tag: str) -> Json:
        told: Json = {"operationId": name, "tags": [tag], "summary": self.summary}
        if self.description:
            told["description"] = self.description
        if self.aws_page:
            told["externalDocs"] = {"url": self.aws_page}
        if self.open:
            told["security"] = []
        told["parameters"] = [each.as_json() for each in self.parameters]
        if self.body:
            told["requestBody"] = {
                "description": self.body,
                "required": True,
                "content": {"*/*": {"schema": {}}},
            }
        told["responses"] = {**self.answers, **errors.referred(self.errors), **self._aws_errors()}
        return told

    def _aws_errors(self) -> Mapping[str, Json]:
        if not self.aws_page:
            return {}
        return {
            "4XX": errors.aws_answer("AWS's own exceptions for what the caller can mend."),
            "5XX": errors.aws_answer("AWS's own exceptions for what it cannot."),
        }


def answer(description: str, *types: str, schema: Schema | None = None, **headers: str) -> Json:
    """Describe an answer; of several types, or without a schema, it is not ours to describe."""
    described = {name.replace("_", "-"): _header(text) for name, text in headers.items()}
    return {
        "description": description,
        "headers": {**REQUEST_ID, **described},
        "content": {each: {"schema": schema or {}} for each in types or (JSON,)},
    }


def _header(description: str) -> Json:
    return {"description": description, "schema": dict(TEXT)}
