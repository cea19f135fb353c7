"""API Gateway's ImportRestApi and PutRestApi for the Swagger 2.0 document that Chalice makes.

moto 5.2 takes OpenAPI 3 alone, and fails without `info.description`, or an address of what has
none: the answer to OPTIONS. What it reads of a document (paths, methods, responses, integrations)
is written alike in both, so the document is relabelled and the rest left to moto.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.apigateway import responses

Document = dict[str, Any]
INTEGRATION = "x-amazon-apigateway-integration"
_deserialize = responses.deserialize_body


def as_openapi(document: Document) -> Document:
    """Return a Swagger 2.0 document as one that moto imports; any other as it is."""
    if document.get("swagger") != "2.0":
        return document
    info = {"description": "", **document.get("info", {})}
    body = {name: value for name, value in document.items() if name != "swagger"}
    paths = {
        path: {method: _addressed(described) for method, described in methods.items()}
        for path, methods in document.get("paths", {}).items()
    }
    return {**body, "openapi": "3.0.1", "info": info, "paths": paths}


def _addressed(method: Document) -> Document:
    """Give a method that API Gateway answers by itself the address that moto asks for."""
    integration = method.get(INTEGRATION, {})
    if integration.get("type") != "mock":
        return method
    return {**method, INTEGRATION: {"uri": "", "httpMethod": "POST", **integration}}


@contextmanager
def installed() -> Iterator[None]:
    """Let moto import Swagger 2.0 while the context lasts."""
    with patch.object(responses, "deserialize_body", lambda body: as_openapi(_deserialize(body))):
        yield
