"""The OpenAPI document as a judge of real answers."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS31Validator

ROOT = Path(__file__).parents[1]
Json = dict[str, Any]
ENDS = {"done": "StreamEnd", "error": "StreamEnd", "restart": "StreamRestart"}


@cache
def printed(*arguments: str) -> Json:
    """What the command prints, in a process of its own: it imports the app for its routes."""
    command = [sys.executable, "-m", "ops", "openapi", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    document: Json = json.loads(run.stdout)
    return document


class Judge:
    """Holds answers against the document, and remembers of which routes it has seen any.

    What the document does not name is wrong as well: tools take it for the whole.
    """

    def __init__(self, document: Json) -> None:
        self._document = document
        self._closed = _closed(document["components"]["schemas"])
        self.seen: set[tuple[str, str]] = set()

    def operations(self) -> set[tuple[str, str]]:
        paths = self._document["paths"]
        return {(method.upper(), path) for path, methods in paths.items() for method in methods}

    def judge(
        self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Hold one answer against what is written of its route, its status and its type."""
        self.seen.add((method, path))
        responses = self._document["paths"][path][method.lower()]["responses"]
        described = responses.get(str(status)) or responses[f"{status // 100}XX"]
        if "$ref" in described:
            described = self._document["components"]["responses"][described["$ref"].split("/")[-1]]
        assert set(described["headers"]) & {"x-request-id", "x-amzn-ErrorType"} <= set(headers)
        kind = headers["Content-Type"].partition(";")[0]
        content = described["content"]
        media = content.get(kind) or content["*/*"]
        if kind == "text/event-stream":
            self._judge_frames(body)
        elif kind == "application/json" and media["schema"]:
            self.check(media["schema"], json.loads(body))

    def check(self, schema: Json, told: object) -> None:
        """Hold a value against a schema of the document."""
        OAS31Validator({**schema, "components": {"schemas": self._closed}}).validate(told)

    def _judge_frames(self, body: bytes) -> None:
        for name, data in _frames(body.decode()):
            told = json.loads(data)
            if name in ENDS:
                self.check({"$ref": f"#/components/schemas/{ENDS[name]}"}, told)
            else:
                assert name == "chunk"


def _frames(text: str) -> Iterator[tuple[str, str]]:
    for frame in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in frame.split("\n") if ": " in line)
        if "event" in fields:
            yield fields["event"], fields["data"]


def _closed(schema: Any) -> Any:
    """Let no object have what is not named of it."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: _closed(each) for name, each in schema.items()}
    is_object = inner.get("type") == "object"
    return {**inner, "additionalProperties": False} if is_object else inner
