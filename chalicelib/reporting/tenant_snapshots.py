"""Whose tenants a day's report takes: those that it first took, and whoever came to be since."""

from collections.abc import Callable
from datetime import date, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.tenant_tree import NO_TENANTS, Tenants, tenants_key


def tenants_of(store: ReportStore, day: date, read_all: Callable[[], Tenants]) -> Tenants:
    """Return a day's tenants: its own snapshot, and besides it those that `read_all` finds.

    A bill does not wait for names. Where the table cannot be read, the day before's snapshot has
    to do; the next report of the day adds who is missing.
    """
    try:
        now = read_all()
    except (BotoCoreError, ClientError):
        now = _snapshot(store, day - timedelta(days=1))
    return _snapshot(store, day).adding(now)


def _snapshot(store: ReportStore, day: date) -> Tenants:
    content = store.read(tenants_key(day))
    return Tenants.from_csv(content) if content is not None else NO_TENANTS
