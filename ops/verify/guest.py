"""The tenant that the calls are made for: let in for as long as they take."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from ops import keys, tenants
from ops.directory import Directory, Refused

TEAM: Final = "tollgate-verify"
"""One for all times: tenants are never deleted, because the reports of their days name them."""


@contextmanager
def guest(directory: Directory, models: Sequence[str]) -> Iterator[str]:
    """Yield a key that may use the models, and no others; take it back, whatever happens."""
    _let_in(directory, models)
    try:
        plain, key = keys.create(directory, TEAM, _now(), expires="1", label="ops verify")
        try:
            yield plain
        finally:
            keys.revoke(directory, key.key_id, _now())
    finally:
        directory.set_state(TEAM, "disabled")


def _let_in(directory: Directory, models: Sequence[str]) -> None:
    try:
        tenant = directory.tenant(TEAM)
    except Refused:
        tenants.create(directory, TEAM, _now(), display_name="ops verify", allow=models)
        return
    directory.set_allow(tenant, tuple(sorted(models)))
    directory.set_state(TEAM, "active")


def _now() -> datetime:
    return datetime.now(UTC)
