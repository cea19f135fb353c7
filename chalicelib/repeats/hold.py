"""Hold: a call that this process makes, and what it writes down for those who ask for it again.

Writing it down never raises: a paid answer goes out whatever becomes of the entry. An entry that
could not be brought up to date says `running` until its lease is over, and then nobody knows: the
call is not made again under its key.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from chalicelib.errors import TollgateError
from chalicelib.repeats.answers import KeptAnswers
from chalicelib.repeats.claims import MARK_KEPT_SECONDS
from chalicelib.repeats.entry import Entry
from chalicelib.repeats.table import RepeatsTable
from chalicelib.surfaces.answers import Answer
from chalicelib.surfaces.invocation import Invocation
from chalicelib.transport import Patience

Call = Callable[[Invocation, Patience | None], Answer]
"""Makes the call: with the invocation as it is now, and what is to be done when it takes long."""

MARK_AFTER_SECONDS: Final = 20
"""So long a call waits for its provider before it leaves a mark: API Gateway ends a request that
is not streamed after 29 s, and SDKs then send it again.
"""

log = logging.getLogger("tollgate.repeats")


class Hold:
    """The one call under a key: its entry is there before the call is made."""

    patience: Patience | None = None

    def __init__(
        self,
        invocation: Invocation,
        entry: Entry | None,
        table: RepeatsTable,
        answers: KeptAnswers,
    ) -> None:
        self.invocation = invocation
        """The request, with the time that is left for its call."""
        self._entry = entry
        self._table = table
        self._answers = answers

    def called(self, call: Call) -> Answer:
        """Make the call, and keep its answer, or what is known of how it ended."""
        try:
            answer = call(self.invocation, self.patience)
        except TollgateError as error:
            self.ended(may_be_billed=error.may_be_billed)
            raise
        except Exception:  # whatever it was, the call may have been made
            self.ended(may_be_billed=True)
            raise
        self._written(lambda entry: self._keep(entry, answer))
        return answer

    def ended(self, *, may_be_billed: bool) -> None:
        """Say that the call ended without an answer to keep here; a stream keeps its own.

        One that cannot have been billed may be made again.
        """
        if may_be_billed:
            self._written(self._close)
        else:
            self._written(self._table.delete)

    def _keep(self, entry: Entry, answer: Answer) -> None:
        try:
            kept = self._answers.packed(answer, entry)
        except Exception:
            self._close(entry)  # so that nobody waits for it
            raise
        self._table.write(entry.answered(kept, self._expiry(entry)))

    def _close(self, entry: Entry) -> None:
        closed = entry.over(self._expiry(entry))
        if closed != entry:
            self._table.write(closed)

    def _expiry(self, entry: Entry) -> int:
        return entry.expires_at

    def _written(self, write: Callable[[Entry], object]) -> None:
        """Write, where there is an entry to write to."""
        if self._entry is None:
            return
        try:
            write(self._entry)
        except Exception as fault:
            log.error("repeat not written: %s", str(fault) or type(fault).__name__)


class Mark(Hold):
    """A call without a key: it has no entry, and costs nothing, until it has waited for long."""

    def __init__(
        self,
        invocation: Invocation,
        entry: Callable[[], Entry],
        table: RepeatsTable,
        answers: KeptAnswers,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(invocation, None, table, answers)
        self.patience = Patience(MARK_AFTER_SECONDS, self._leave)
        self._make_entry = entry
        self._now = now

    def _leave(self) -> None:
        self._entry = self._make_entry()
        self._written(self._table.write)

    def _expiry(self, _entry: Entry) -> int:
        return int(self._now().timestamp()) + MARK_KEPT_SECONDS
