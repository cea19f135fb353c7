"""The document: every route of the app, each with its description, or none at all."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from chalicelib import __version__
from ops.openapi import errors, native, own
from ops.openapi.operation import Operation
from ops.openapi.routes import Routes
from ops.openapi.schemas import SCHEMAS, TEXT

Json = dict[str, Any]

INTRODUCTION: Final = """A gateway to models on Amazon Bedrock and SageMaker, which charges every
call to the team whose key it carries.

On native routes errors have AWS's own shapes. Everywhere, a request that reaches no route, or no
function, is answered by API Gateway in the shape of Error."""

KEYS: Final[Json] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "api-key": {"type": "apiKey", "in": "header", "name": "api-key"},
}
PATH: Final = {
    "model_id": "A Bedrock model id, inference profile or ARN, percent-encoded.",
    "response_id": "The `request_id` that a streamed answer was begun with.",
    "guardrail_id": "A guardrail's id.",
    "version": "Its version: a number, or DRAFT.",
    "arn": "The job's ARN, percent-encoded.",
    "name": "The name of an endpoint.",
    "operation": "Of the SDK's.",
}
"""What stands in a path, by name."""

DESCRIBED: Final = {
    **{route: (operation, "Tollgate") for route, operation in own.OPERATIONS.items()},
    **{route: (operation, "AWS") for route, operation in native.OPERATIONS.items()},
}


class Undescribed(ValueError):
    """The app has a route of which nothing is written down."""


def document(routes: Routes, url: str = "/") -> Json:
    """Describe the routes in OpenAPI 3.1. Raises Undescribed."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tollgate", "version": __version__, "description": INTRODUCTION},
        "servers": [{"url": url}],
        "security": [{name: []} for name in KEYS],
        "paths": _paths(routes),
        "components": {
            "schemas": dict(SCHEMAS),
            "responses": errors.answers(),
            "headers": {"RequestId": {"schema": dict(TEXT)}},
            "securitySchemes": KEYS,
        },
    }


def _paths(routes: Routes) -> Json:
    paths: dict[str, Json] = defaultdict(dict)
    for method, path, name in _served(routes):
        if (method, path) not in DESCRIBED:
            raise Undescribed(f"{method} {path} is in no table of ops/openapi")
        operation, tag = DESCRIBED[method, path]
        paths[path][method.lower()] = _described(operation, name, tag, path)
    return dict(paths)


def _served(routes: Routes) -> Iterator[tuple[str, str, str]]:
    """Yield method, path and name; of a route with several operations behind it, each of them."""
    for path, methods in routes.items():
        for method, route in methods.items():
            if path not in native.SERVED:
                yield method, path, route.view_name
            for each in native.SERVED.get(path, ()):
                name = f"{route.view_name}_{each.replace('-', '_')}"
                yield method, path.replace("{operation}", each), name


def _described(operation: Operation, name: str, tag: str, path: str) -> Json:
    told = operation.as_json(name, tag)
    told["parameters"] = [*map(_in_path, re.findall(r"\{(\w+)\}", path)), *told["parameters"]]
    return told


def _in_path(name: str) -> Json:
    told = {"name": name, "in": "path", "required": True, "schema": dict(TEXT)}
    return {**told, "description": PATH[name]}
