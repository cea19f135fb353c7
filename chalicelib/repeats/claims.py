"""The entry with which a request claims its call: under its own key, or as an SDK knows it. Pure.

Both names begin with the team, so no team can meet another's calls, whatever it sends.
"""

import secrets
from typing import Final

from chalicelib.repeats.entry import Entry, State
from chalicelib.repeats.fingerprint import fingerprint, idempotency_key, sdk_call
from chalicelib.surfaces.invocation import Invocation
from chalicelib.tenants.nouns import Identity

KEY_KEPT_SECONDS: Final = 86_400
MARK_KEPT_SECONDS: Final = 300
"""How long a marked call's answer is kept for a retry, after the call's end."""


def key_entry(
    identity: Identity, invocation: Invocation, route: str, state: State, now_ms: int
) -> Entry:
    """Claim an Idempotency-Key for one call. Raises BadRequest."""
    team_id = identity.tenant.team_id
    return Entry(
        team_id=team_id,
        pk=f"once#{team_id}#{idempotency_key(invocation.headers)}",
        sk="key",
        holder=secrets.token_hex(16),
        fingerprint=fingerprint(route, invocation),
        request_id=invocation.request_id,
        state=state,
        lease_until=_lease_until(invocation, now_ms),
        expires_at=now_ms // 1000 + KEY_KEPT_SECONDS,
    )


def mark_entry(
    identity: Identity, invocation: Invocation, route: str, state: State, now_ms: int
) -> Entry:
    """Mark a call that began at this time, beside others that are the same to their SDK."""
    team_id, holder = identity.tenant.team_id, secrets.token_hex(16)
    same = sdk_call(route, invocation)
    lease_until = _lease_until(invocation, now_ms)
    return Entry(
        team_id=team_id,
        pk=f"mark#{team_id}#{identity.key_id}#{same}",
        sk=holder,
        holder=holder,
        fingerprint=same,
        request_id=invocation.request_id,
        state=state,
        lease_until=lease_until,
        expires_at=lease_until // 1000 + MARK_KEPT_SECONDS,
    )


def _lease_until(invocation: Invocation, now_ms: int) -> int:
    """When the Lambda that serves the request is over, whatever happens in it."""
    return now_ms + int(invocation.seconds_left * 1000)
