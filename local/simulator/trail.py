"""What CloudTrail would show of a call: who made it, by which session, and what he calls himself.

Source: AWS CloudTrail user guide, "CloudTrail record contents", "CloudTrail userIdentity element"
and "Logging data events"; Amazon Bedrock user guide, "Monitor Amazon Bedrock API calls using
CloudTrail"; SageMaker developer guide, "Logging Amazon SageMaker API calls using CloudTrail".
"""

import re
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from local.simulator.ledger import SETTLEMENT
from local.simulator.refusals import ACCOUNT

DATA_EVENTS = frozenset(
    {
        *("ApplyGuardrail", "StartAsyncInvoke", "GetAsyncInvoke", "ListAsyncInvokes"),
        *("InvokeEndpoint", "InvokeEndpointWithResponseStream"),
    }
)
"""Operations whose events only a trail keeps that was told to; all others are management events."""

_SESSION = re.compile(r"arn:aws:sts::\d{12}:assumed-role/(?P<role>[^/]+)/(?P<name>.+)")
_EVENTS = uuid5(NAMESPACE_URL, "cloudtrail")
Event = dict[str, Any]


def events(entries: list[dict[str, Any]]) -> list[Event]:
    """Return an event for each signed call of a ledger's entries."""
    return [
        _event(entry) for entry in entries if entry["caller"] and entry["operation"] != SETTLEMENT
    ]


def _event(entry: Mapping[str, Any]) -> Event:
    event = {
        "eventVersion": "1.11",
        "userIdentity": _identity(entry["caller"], entry["access_key"]),
        "eventTime": f"{entry['time'][:19]}Z",
        "eventID": str(uuid5(_EVENTS, entry["request_id"])),
        "eventSource": f"{entry['service']}.amazonaws.com",
        "eventName": entry["operation"],
        "awsRegion": entry["region"],
        "userAgent": entry["agent"],
        "requestParameters": {"modelId": entry["model"]},
        "responseElements": None,
        "requestID": entry["request_id"],
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Data" if entry["operation"] in DATA_EVENTS else "Management",
    }
    return {**event, "errorCode": entry["error"]} if entry["error"] else event


def _identity(arn: str, access_key: str) -> Event:
    known = {"arn": arn, "accountId": ACCOUNT, "accessKeyId": access_key}
    session = _SESSION.fullmatch(arn)
    if session is None:
        return {"type": "IAMUser", "userName": arn.rpartition("/")[2], **known}
    role = {
        "type": "Role",
        "arn": f"arn:aws:iam::{ACCOUNT}:role/{session['role']}",
        "accountId": ACCOUNT,
        "userName": session["role"],
    }
    return {"type": "AssumedRole", **known, "sessionContext": {"sessionIssuer": role}}
