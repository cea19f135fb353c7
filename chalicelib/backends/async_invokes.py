"""What Amazon Bedrock says of asynchronous jobs: GetAsyncInvoke and ListAsyncInvokes.

Neither runs a model nor is billed, so neither leaves usage records, and both may be repeated.
Source: service model bedrock-runtime.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from chalicelib import __version__
from chalicelib.transport import BEDROCK_RUNTIME, NoAnswer, NotSent, Reply, Transport

TIMEOUT: Final = 10.0  # seconds
ATTEMPTS: Final = 2
HEADERS: Final = {"user-agent": f"tollgate/{__version__}"}

ARN: Final = re.compile(
    r"arn:aws(?:-[a-z-]{1,20})?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:async-invoke/[a-z0-9]{12}"
)
"""InvocationArn."""


class BedrockAway(Exception):
    """Amazon Bedrock did not answer."""


class AsyncInvokes:
    """Reads jobs. The client of Bedrock is made when it is needed, which is seldom."""

    def __init__(self, transport: Transport, bedrock: Callable[[], Any]) -> None:
        self._transport = transport
        self._bedrock = bedrock

    def get(self, arn: str) -> Reply:
        """Return GetAsyncInvoke's answer as it came, errors included. Raises BedrockAway."""
        path = f"/async-invoke/{quote(arn, safe='')}"
        for _ in range(ATTEMPTS):
            try:
                reply = self._transport.call(
                    BEDROCK_RUNTIME, "GET", path, HEADERS, b"", timeout=TIMEOUT
                )
            except (NotSent, NoAnswer):
                continue
            if reply.complete:
                return reply
        raise BedrockAway

    def by_token(self, since: datetime) -> dict[str, str]:
        """Return the ARN of every job of this account submitted since then, by its token.

        Raises botocore's errors.
        """
        pages = self._bedrock().get_paginator("list_async_invokes").paginate(submitTimeAfter=since)
        return {
            job["clientRequestToken"]: job["invocationArn"]
            for page in pages
            for job in page.get("asyncInvokeSummaries", ())
            if "clientRequestToken" in job
        }


def content(reply: Reply) -> Mapping[str, Any]:
    """Return an answer's JSON object; an empty one where it has none."""
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def started_arn(reply: Reply) -> str | None:
    """Return the ARN in StartAsyncInvoke's answer, or None where there is none."""
    arn = content(reply).get("invocationArn") if reply.complete else None
    return arn if isinstance(arn, str) and ARN.fullmatch(arn) else None
