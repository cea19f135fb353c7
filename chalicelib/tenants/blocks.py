"""Blocks: the models that operators have stopped for everyone, whoever may use them.

One item of the table `tenants`, which a process reads at most once in `cache_seconds`. Where it
cannot be read, and what was read is too old, nothing passes: a block that may be there counts.
"""

import time
from collections.abc import Callable
from typing import Final

from chalicelib.aws_json import AwsFault
from chalicelib.catalog import Model
from chalicelib.errors import DirectoryUnavailable, ModelBlocked, ModelNotAllowed, TeamDisabled
from chalicelib.tenants.items import (
    BLOCKS_PK,
    Item,
    blocks_from_item,
    team_pk,
    tenant_from_item,
)
from chalicelib.tenants.moment import Clock, Moment, Now, utc_now
from chalicelib.tenants.nouns import BlockList

NOT_READ: Final = "Whether this model is blocked could not be read just now. Try again."


class Blocks:
    """Says what is blocked. Thread-safe.

    `read_item`, `clock` and `now` are as an Authenticator's; a read is believed as long as a key's,
    from before it was made.
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
        self._kept: tuple[BlockList, Moment] | None = None

    def in_force(self) -> BlockList:
        """Return the blocks of at most `cache_seconds` ago. Raises DirectoryUnavailable."""
        now, kept = Moment.now(self._clock, self._now), self._kept
        if kept is None or kept[1].has_come(now):
            try:
                blocked = blocks_from_item(self._read_item(BLOCKS_PK))
            except (AwsFault, ValueError) as error:  # ValueError: an item that was edited by hand
                raise DirectoryUnavailable(NOT_READ) from error
            self._kept = kept = (blocked, now.plus(self._cache_seconds))
        return kept[0]

    def check(self, model: Model) -> None:
        """Let a model pass. Raises ModelBlocked and DirectoryUnavailable."""
        if self.in_force().stops(model.model_id, model.base_model):
            raise ModelBlocked

    def check_waiting(self, team_id: str, model: Model) -> None:
        """Let a call pass that was admitted before and has waited since.

        Raises what `check` raises, TeamDisabled, and ModelNotAllowed where the team's allow-list
        was changed meanwhile.
        """
        self.check(model)
        try:
            item = self._read_item(team_pk(team_id))
            tenant = tenant_from_item(item) if item else None
        except (AwsFault, ValueError) as error:
            raise DirectoryUnavailable from error
        if tenant is None or tenant.state != "active":
            raise TeamDisabled
        if not tenant.may_use(model.model_id):
            raise ModelNotAllowed
