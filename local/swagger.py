"""API Gateway's ImportRestApi and PutRestApi for the Swagger 2.0 document that Chalice makes.

moto 5.2 takes OpenAPI 3 alone, and fails without `info.description`. What it reads of a
document (paths, methods, responses, integrations) is written alike in both, so the document
is relabelled and the rest left to moto.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.apigateway import responses

Document = dict[str, Any]
_deserialize = responses.deserialize_body


def as_openapi(document: Document) -> Document:
    """Return a Swagger 2.0 document as one that moto imports; any other as it is."""
    if document.get("swagger") != "2.0":
        return document
    info = {"description": "", **document.get("info", {})}
    body = {name: value for name, value in document.items() if name != "swagger"}
    return {**body, "openapi": "3.0.1", "info": info}


@contextmanager
def installed() -> Iterator[None]:
    """Let moto import Swagger 2.0 while the context lasts."""
    with patch.object(responses, "deserialize_body", lambda body: as_openapi(_deserialize(body))):
        yield
