"""Authentication: the key alone says who calls, on every route.

A look-up is kept in this process for `cache_seconds`, counted from before it was made. That is how
long a revoked key, or a disabled tenant's, can still work here.
"""

import hmac
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chalicelib.aws_json import AwsFault
from chalicelib.errors import DirectoryUnavailable, Unauthorized
from chalicelib.recent import keep
from chalicelib.tenants.items import Item, key_from_item, key_pk, team_pk, tenant_from_item
from chalicelib.tenants.keys import KEY_LENGTH, key_hash, key_id_of
from chalicelib.tenants.moment import Clock, Moment, Now, utc_now
from chalicelib.tenants.nouns import ApiKey, Identity

KEPT_LOOK_UPS: Final = 4096
"""How many proven keys, and how many unknown ones, a process remembers: a few megabytes."""


@dataclass(frozen=True, slots=True)
class _Grant:
    """A key whose secret was proven, and whom it speaks for. It may have ended since."""

    identity: Identity
    key: ApiKey

    def holds_at(self, now: datetime) -> bool:
        return self.identity.tenant.state == "active" and self.key.state_at(now) == "active"


@dataclass(frozen=True, slots=True)
class _LookUp:
    """What a look-up found (None: no such key), and until when it is believed."""

    grant: _Grant | None
    until: Moment


class Authenticator:
    """Tells who calls. Thread-safe.

    `read_item(pk)` is a consistent read of the table `tenants`: the item in DynamoDB's typed JSON,
    or None where there is none; it raises AwsFault. `clock` is monotonic, in seconds; `now` is the
    time in UTC.
    """

    def __init__(
        self,
        read_item: Callable[[str], Item | None],
        cache_seconds: int,
        clock: Clock = time.monotonic,
        now: Now = utc_now,
    ) -> None:
        self._read_item = read_item
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._now = now
        self._writing = threading.Lock()
        # Both by the key's hash, never by the key. Apart, so that a flood of unknown keys cannot
        # push out a tenant's; what is pushed out costs a look-up, never a wrong answer.
        self._proven: dict[bytes, _LookUp] = {}
        self._unknown: dict[bytes, _LookUp] = {}

    def identify(self, headers: Mapping[str, str]) -> Identity:
        """Return whom the request's key belongs to. Header names are in lower case.

        Raises Unauthorized, alike for all that can be wrong with a key, and DirectoryUnavailable
        where the look-up fails, which is not remembered.
        """
        key = _presented_key(headers)
        digest = key_hash(key)
        now = Moment.now(self._clock, self._now)
        found = self._proven.get(digest) or self._unknown.get(digest)
        if found is None or found.until.has_come(now):
            key_id = key_id_of(key)
            if key_id is None:
                raise Unauthorized
            # From before the read: what changes while it runs must be seen within the time, too.
            until = now.plus(self._cache_seconds)
            found = _LookUp(self._look_up(key_id, digest), until)
            self._keep(digest, found)
        if found.grant is None or not found.grant.holds_at(now.utc):
            raise Unauthorized
        return found.grant.identity

    def _look_up(self, key_id: str, digest: bytes) -> _Grant | None:
        """Read the key and, only where its secret is proven, its tenant."""
        try:
            item = self._read_item(key_pk(key_id))
            if item is None:
                return None
            key = key_from_item(item)
            if not hmac.compare_digest(key.hash, digest):
                return None
            item = self._read_item(team_pk(key.team_id))
            return _Grant(Identity(tenant_from_item(item), key_id), key) if item else None
        except (AwsFault, ValueError) as error:  # ValueError: an item that was edited by hand
            raise DirectoryUnavailable from error

    def _keep(self, digest: bytes, found: _LookUp) -> None:
        kept, other = self._proven, self._unknown
        if found.grant is None:
            kept, other = other, kept
        with self._writing:
            keep(kept, other, digest, found, KEPT_LOOK_UPS)


def _presented_key(headers: Mapping[str, str]) -> str:
    """Return the one key that a request carries. Raises Unauthorized for none, or for two.

    An `Authorization` of another scheme carries no key: an AWS SDK signs even where a hook adds
    `x-api-key`.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    keys = {headers.get("x-api-key", "").strip(), headers.get("api-key", "").strip()}
    if scheme.lower() == "bearer":
        keys.add(token.strip())
    keys.discard("")
    key = keys.pop() if len(keys) == 1 else ""
    if len(key) != KEY_LENGTH or not key.isascii():
        raise Unauthorized
    return key
