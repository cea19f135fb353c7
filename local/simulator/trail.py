"""What CloudTrail would show of a call: who made it, by which session, and what he calls himself.

Source: AWS CloudTrail user guide, "CloudTrail record contents" and "CloudTrail userIdentity
element"; Amazon Bedrock user guide, "Monitor Amazon Bedrock API calls using CloudTrail".
"""

import re
from collections.abc import Mapping
from typing import Any

from local.simulator.ledger import SETTLEMENT
from local.simulator.refusals import ACCOUNT

_SESSION = re.compile(r"arn:aws:sts::\d{12}:assumed-role/(?P<role>[^/]+)/(?P<name>.+)")
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
        "eventSource": f"{entry['service']}.amazonaws.com",
        "eventName": entry["operation"],
        "awsRegion": entry["region"],
        "userAgent": entry["agent"],
        "requestParameters": {"modelId": entry["model"]},
        "responseElements": None,
        "requestID": entry["request_id"],
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
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
