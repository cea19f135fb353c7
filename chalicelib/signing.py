"""AWS Signature Version 4, for the hot path, and the credentials that it signs with.

Source: AWS IAM user guide, "Create a signed AWS API request". botocore has this too; importing its
signer costs a third of a cold start and using it a third of a warm call, so the tests hold this
one to botocore's own signatures instead (docs/decisions/hot-path.md).
"""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from hmac import digest
from typing import Final, NamedTuple
from urllib.parse import quote

from chalicelib.settings import SettingError

ALGORITHM: Final = "AWS4-HMAC-SHA256"
SIGNED: Final = frozenset({"content-type", "x-amz-target"})
"""What is signed besides the host, the date and the token: what Signature Version 4 asks for."""


class CredentialsNotFound(Exception):
    """There are credentials to be had, but not just now: a sign-in expired, a role is refused."""


class Credentials(NamedTuple):
    access_key: str
    secret_key: str
    token: str | None = None


def find_credentials(environ: Mapping[str, str] = os.environ) -> Callable[[], Credentials]:
    """Find AWS credentials as any SDK does; what is returned gives the ones in force.

    A Lambda has them in its environment for as long as it lives. Elsewhere botocore's whole chain
    is asked (profiles, SSO, roles), which renews them by itself, or raises CredentialsNotFound.
    Raises SettingError where there are none.
    """
    if environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY"):
        fixed = Credentials(
            environ["AWS_ACCESS_KEY_ID"],
            environ["AWS_SECRET_ACCESS_KEY"],
            environ.get("AWS_SESSION_TOKEN") or None,
        )
        return lambda: fixed
    return _session_credentials()


def _session_credentials() -> Callable[[], Credentials]:
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import get_session

    found = get_session().get_credentials()
    if found is None:
        raise SettingError("AWS_ACCESS_KEY_ID is not set, and no other AWS credentials were found")

    def in_force() -> Credentials:
        try:
            return Credentials(*found.get_frozen_credentials()[:3])
        except (BotoCoreError, ClientError) as error:
            raise CredentialsNotFound(type(error).__name__) from error

    return in_force


def sign(
    credentials: Credentials,
    *,
    service: str,
    region: str,
    method: str,
    host: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    at: datetime,
) -> dict[str, str]:
    """Return the headers that make a request a signed one, to be sent besides its own.

    `path` is percent-encoded once, without a query, as it is sent; it is encoded again to be
    signed, as every service but S3 does.
    """
    timestamp = at.strftime("%Y%m%dT%H%M%SZ")
    added = {"Host": host, "X-Amz-Date": timestamp}
    if credentials.token:
        added["X-Amz-Security-Token"] = credentials.token
    signed = sorted(
        [(name.lower(), value) for name, value in added.items()]
        + [(n.lower(), " ".join(v.split())) for n, v in headers.items() if n.lower() in SIGNED]
    )
    names = ";".join(name for name, _ in signed)
    canonical = "\n".join(
        [
            method,
            quote(path, safe="/~"),
            "",  # no query
            *(f"{name}:{value}" for name, value in signed),
            "",
            names,
            sha256(body).hexdigest(),
        ]
    )
    scope = f"{timestamp[:8]}/{region}/{service}/aws4_request"
    to_sign = f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = _signing_key(credentials.secret_key, timestamp[:8], region, service)
    signature = digest(key, to_sign.encode(), "sha256").hex()
    added["Authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return added


@lru_cache(maxsize=32)
def _signing_key(secret_key: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, service, "aws4_request"):
        key = digest(key, part.encode(), "sha256")
    return key
