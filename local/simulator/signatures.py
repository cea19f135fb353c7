"""Signature Version 4, recomputed from the request as it arrived.

Written from AWS's description ("Create a signed AWS API request", IAM user guide) and not from
botocore, so that a client's mistake is not repeated here. Services other than S3 encode each path
segment once more than it stands on the wire.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote

from local.simulator.refusals import ACCOUNT, Service, unauthenticated

ALLOWED_SKEW = timedelta(minutes=5)
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/\s,]+)/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)"
    r"/(?P<service>[a-z0-9-]+)/aws4_request,\s*SignedHeaders=(?P<signed>[^\s,]+),"
    r"\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it stood on the wire: nothing is decoded."""

    method: str
    path: str  # still percent-encoded
    query: str
    headers: Mapping[str, str]  # lower-case names, repeated values joined by a comma
    body: bytes


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose an access key is, and what is to be signed with it; a session's comes with a token."""

    arn: str
    secret: str
    token: str = ""


Principals = Callable[[str], Principal | None]
"""Says whose an access key is, if it is known."""


def users(credentials: Mapping[str, str]) -> Principals:
    """Know users of the account, by their access keys, and their secrets."""
    known = {
        key: Principal(f"arn:aws:iam::{ACCOUNT}:user/{key}", secret)
        for key, secret in credentials.items()
    }
    return known.get


def nobody(_access_key: str) -> None:
    """Know no access key."""


@dataclass(frozen=True, slots=True)
class Caller:
    access_key: str
    region: str
    arn: str


class Signatures:
    """Checks requests against the credentials that this simulated account knows."""

    def __init__(
        self, *principals: Principals, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Take who is known; the first that knows a key says whose it is."""
        self._principals = principals
        self._clock = clock

    def check(self, request: Request, service: Service) -> Caller:
        """Return who signed the request; raises Refusal as AWS words it."""
        authorization = request.headers.get("authorization", "")
        if not authorization:
            raise unauthenticated(
                "MissingAuthenticationTokenException", "Missing Authentication Token"
            )
        if authorization.startswith("Bearer "):
            raise unauthenticated(
                "AccessDeniedException",
                "Authentication failed: Please make sure your API Key is valid.",
            )
        scope = _AUTHORIZATION.fullmatch(authorization)
        timestamp = request.headers.get("x-amz-date", "")
        if scope is None or not timestamp:
            raise unauthenticated(
                "IncompleteSignatureException",
                "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' "
                "parameters and a 'X-Amz-Date' header.",
            )
        principal = self._principal(scope["key"])
        if principal is None or principal.token != request.headers.get("x-amz-security-token", ""):
            raise unauthenticated(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        self._check_scope(scope, timestamp, service)
        key = _signing_key(principal.secret, scope["date"], scope["region"], scope["service"])
        text = _string_to_sign(request, scope, timestamp)
        if not hmac.compare_digest(_mac(key, text).hex(), scope["signature"]):
            raise unauthenticated("InvalidSignatureException", _MISMATCH)
        return Caller(scope["key"], scope["region"], principal.arn)

    def _principal(self, access_key: str) -> Principal | None:
        found = (known(access_key) for known in self._principals)
        return next((principal for principal in found if principal), None)

    def _check_scope(self, scope: re.Match[str], timestamp: str, service: Service) -> None:
        if scope["service"] != service:
            raise unauthenticated(
                "InvalidSignatureException",
                f"Credential should be scoped to correct service: '{service}'. ",
            )
        if "host" not in scope["signed"].split(";"):
            raise unauthenticated(
                "InvalidSignatureException",
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
            )
        signed_at = _read_timestamp(timestamp)
        if signed_at is None or not timestamp.startswith(scope["date"]):
            raise unauthenticated(
                "InvalidSignatureException",
                f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                f"from HTTP: '{scope['date']}' != '{timestamp}'.",
            )
        now = self._clock()
        if now - signed_at > ALLOWED_SKEW:
            raise unauthenticated(
                "InvalidSignatureException",
                f"Signature expired: {timestamp} is now earlier than "
                f"{now - ALLOWED_SKEW:%Y%m%dT%H%M%SZ} ({now:%Y%m%dT%H%M%SZ} - 5 min.)",
            )
        if signed_at - now > ALLOWED_SKEW:
            raise unauthenticated(
                "InvalidSignatureException",
                f"Signature not yet current: {timestamp} is still later than "
                f"{now + ALLOWED_SKEW:%Y%m%dT%H%M%SZ} ({now:%Y%m%dT%H%M%SZ} + 5 min.)",
            )


def _read_timestamp(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _string_to_sign(request: Request, scope: re.Match[str], timestamp: str) -> str:
    names = scope["signed"].split(";")
    headers = "".join(f"{n}:{' '.join(request.headers.get(n, '').split())}\n" for n in names)
    query = "&".join(sorted(filter(None, request.query.split("&"))))
    body_hash = hashlib.sha256(request.body).hexdigest()
    declared = request.headers.get("x-amz-content-sha256", body_hash)
    if declared not in (body_hash, "UNSIGNED-PAYLOAD"):
        raise unauthenticated("InvalidSignatureException", _MISMATCH)
    canonical = "\n".join(
        (request.method, quote(request.path, safe="/"), query, headers, scope["signed"], declared)
    )
    return "\n".join(
        (
            "AWS4-HMAC-SHA256",
            timestamp,
            f"{scope['date']}/{scope['region']}/{scope['service']}/aws4_request",
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )


@lru_cache(maxsize=64)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
