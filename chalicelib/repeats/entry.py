"""Entry: what is written down of a call, for those who ask for the same again. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Self

State = Literal[
    "running",  # it is being made, while its lease lasts; after that nobody knows
    "answered",
    "stream",  # its answer is a stored stream: to be read as soon as it is asked for
    "unknown",  # it was made, and no answer could be kept
]


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it is kept: its body compressed, or in the payloads bucket."""

    status: int
    headers: Mapping[str, str]
    content_type: str
    body: bytes | None  # None: in the bucket


@dataclass(frozen=True, slots=True)
class Entry:
    """One call, of one team. Only its holder changes it."""

    team_id: str
    pk: str
    sk: str
    holder: str  # random: the process that makes the call, for this call alone
    fingerprint: str
    request_id: str  # of the request that is called, and of its stored stream
    state: State
    lease_until: int  # epoch milliseconds: the end of the Lambda that makes the call
    expires_at: int  # epoch seconds
    answer: KeptAnswer | None = None

    def runs_at(self, now_ms: int) -> bool:
        return self.state == "running" and now_ms < self.lease_until

    def can_be_read(self) -> bool:
        return self.state in ("answered", "stream")

    def answered(self, answer: KeptAnswer, expires_at: int) -> Self:
        return replace(self, state="answered", answer=answer, expires_at=expires_at)

    def over(self, expires_at: int) -> Self:
        """The call ended without an answer to keep here; a stream keeps its own."""
        state: State = "unknown" if self.state == "running" else self.state
        return replace(self, state=state, expires_at=expires_at)


def foremost(entries: Iterable[Entry], now_ms: int) -> Entry | None:
    """Choose the entry to go by: one that can be read, else one that runs, else any."""
    return min(
        entries,
        key=lambda entry: (not entry.can_be_read(), not entry.runs_at(now_ms)),
        default=None,
    )
