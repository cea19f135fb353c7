"""Claims: one writer at a time of a day's files, which S3 cannot replace all at once.

A claim is an object of its own, taken by a conditional put that only one of several wins, and let
go by another. Whoever dies with it holds it until its time is up, and leaves it unclean: then the
files that are there may be of two reports, and none of them is to be taken for its manifest's.
Nobody writes under a claim whose time is up, so the next holder is alone.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from chalicelib.reporting.insights import IncompleteReport
from chalicelib.reporting.store import ReportStore
from chalicelib.usage_record import rfc3339

LASTS: Final = timedelta(minutes=15)
"""As long as a Lambda can live: the one that died has let go by the time the next one runs."""

MARGIN: Final = timedelta(minutes=1)
"""Before its end nothing is begun any more: a put that is under way must have ended by then."""

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Busy(IncompleteReport):
    """Somebody else is writing the same files. Nothing was written; try again in a while."""


class ClaimLost(IncompleteReport):
    """The time of a claim was up before all was written. Reporting the day again mends it."""


@dataclass(slots=True)
class Claim:
    """The sole right to write some files, until a time."""

    until: datetime
    clock: Clock
    clean: bool  # the files are those of their manifest, as the holder before left or found them

    def hold(self) -> None:
        """Raise ClaimLost where it is too late to begin another put."""
        if self.clock() + MARGIN > self.until:
            raise ClaimLost("the time to write a report was up before all of it was written")


@dataclass(frozen=True, slots=True)
class _Mark:
    """What a claim's object says."""

    holder: str
    until: str  # RFC 3339; "" of one that was let go
    clean: bool
    spoilt: bool = False  # a holder before this one wrote when its time was up

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        return cls(**json.loads(content))

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()


_FREE: Final = _Mark("", "", clean=True)


def claim_key(name: str) -> str:
    return f"claims/{name}.json"


def is_clean(store: ReportStore, name: str) -> bool:
    """Say whether the last holder ended well; nobody knows while there is one."""
    kept = store.kept(claim_key(name))
    return kept is None or _Mark.from_json(kept.body).clean


@contextmanager
def claimed(store: ReportStore, name: str, clock: Clock = utc_now) -> Iterator[Claim]:
    """Hold the files of a day, whose `name` is its ISO form. Raises Busy.

    Whoever writes sets `clean` to False before, and to True once all is in place.
    """
    key, holder, now = claim_key(name), secrets.token_hex(8), clock()
    kept = store.kept(key)
    before = _Mark.from_json(kept.body) if kept else _FREE
    if before.until > rfc3339(now):
        raise Busy(f"{name} is being written by another report, until {before.until} at most")
    claim = Claim(now + LASTS, clock, before.clean)
    taken = _Mark(holder, rfc3339(claim.until), clean=False).to_json()
    if not store.put_if(key, taken, kept.etag if kept else None):
        raise Busy(f"another report has begun to write {name}")
    try:
        yield claim
    finally:
        _let_go(store, key, holder, claim.clean)


def _let_go(store: ReportStore, key: str, holder: str, clean: bool) -> None:
    """Say how the files are left; to whoever holds them now, if that is somebody else."""
    kept = store.kept(key)
    if kept is None:
        return
    mark = _Mark.from_json(kept.body)
    if mark.holder == holder:
        mark = _Mark(holder, "", clean and not mark.spoilt)
    elif not clean:
        mark = replace(mark, clean=False, spoilt=True)
    store.put_if(key, mark.to_json(), kept.etag)
