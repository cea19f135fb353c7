"""Event-stream frames, as AWS sends them (application/vnd.amazon.eventstream).

A frame is its length, its headers' length and their CRC, the headers, the payload, and the CRC of
all that. Headers stand in the order in which Bedrock sends them.
"""

import json
import struct
from binascii import crc32
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

JSON = "application/json"
OCTETS = "application/octet-stream"
_STRING = 7


def frame(headers: bytes, payload: bytes) -> bytes:
    """Return one frame around headers that are encoded already."""
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return body + struct.pack(">I", crc32(body))


def event(name: str, payload: bytes, content_type: str = JSON) -> bytes:
    return frame(_event_headers(name, content_type), payload)


def exception(name: str, payload: Mapping[str, Any]) -> bytes:
    """Return an exception that the service model knows."""
    headers = {":exception-type": name, ":content-type": JSON, ":message-type": "exception"}
    return frame(_encoded(headers), json.dumps(payload).encode())


def error(code: str, message: str) -> bytes:
    """Return an error that the service model does not know: it has no payload."""
    headers = {":error-code": code, ":error-message": message, ":message-type": "error"}
    return frame(_encoded(headers), b"")


@lru_cache
def _event_headers(name: str, content_type: str) -> bytes:
    return _encoded({":event-type": name, ":content-type": content_type, ":message-type": "event"})


def _encoded(headers: Mapping[str, str]) -> bytes:
    return b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())


def _header(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + struct.pack(">BH", _STRING, len(value)) + value
