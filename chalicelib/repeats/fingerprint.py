"""What makes two requests the same, and what an SDK says of its own retries. Pure."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from chalicelib.errors import BadRequest
from chalicelib.surfaces.invocation import Invocation

KEY_HEADER: Final = "idempotency-key"
_KEY: Final = re.compile(r"[ -~]{1,255}")

MATTER: Final = frozenset({"accept", "content-type"})
MATTER_BY_PREFIX: Final = ("x-amzn-bedrock-", "x-amzn-sagemaker-", "x-tollgate-")
"""The headers that reach a provider, or say what is to become of its answer."""

INVOCATION_ID: Final = "amz-sdk-invocation-id"
_SDK_REQUEST: Final = "amz-sdk-request"
_STAINLESS: Final = "x-stainless-retry-count"
_ATTEMPT: Final = re.compile(r"(?:^|;)\s*attempt=([0-9]{1,9})\s*(?:;|$)", re.ASCII)
"""AWS's SDKs: one id for an operation and all its attempts, and `attempt=2; max=3`
(botocore, `add_retry_headers`). SDKs made by Stainless, OpenAI's and Anthropic's among them, count
from 0 and have no id.
"""


def idempotency_key(headers: Mapping[str, str]) -> str:
    """Return the key under which a request is to be called once. Raises BadRequest."""
    key = headers[KEY_HEADER]
    if not _KEY.fullmatch(key):
        raise BadRequest("An Idempotency-Key has 1 to 255 printable ASCII characters.")
    return key


def fingerprint(route: str, invocation: Invocation) -> str:
    """Hash all that makes a request what it is: its route, query, headers that matter and body."""
    query = sorted((name, list(values)) for name, values in invocation.query.items())
    headers = sorted(each for each in invocation.headers.items() if _matters(each[0]))
    head = json.dumps([route, query, headers])  # ASCII on one line, so the body begins after it
    return sha256(head.encode() + b"\n" + invocation.body).hexdigest()


def sdk_call(route: str, invocation: Invocation) -> str:
    """Name what an SDK's retry has in common with its first attempt, and with nothing else.

    That is the request itself and AWS's id of the operation. Where an SDK gives no such id, two
    equal requests at the same time cannot be told from a retry.
    """
    operation = invocation.headers.get(INVOCATION_ID, "")
    same = f"{operation}\n{fingerprint(route, invocation)}"
    return sha256(same.encode("latin-1", "backslashreplace")).hexdigest()


def is_retry(headers: Mapping[str, str]) -> bool:
    """Whether an SDK says that it has sent this request before."""
    if INVOCATION_ID in headers:
        attempt = _ATTEMPT.search(headers.get(_SDK_REQUEST, ""))
        return attempt is not None and int(attempt[1]) >= 2
    count = headers.get(_STAINLESS, "0")
    return count.isascii() and count.isdigit() and int(count[:9]) >= 1


def _matters(header: str) -> bool:
    return header in MATTER or header.startswith(MATTER_BY_PREFIX)
