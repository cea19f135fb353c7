"""The operations' work: from a Call to a Reply, one module an operation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.simulator.arrival import Arrival
from local.simulator.calls import Ask, Direction
from local.simulator.jobs import Jobs
from local.simulator.ledger import Entry
from local.simulator.models import Model
from local.simulator.prompt_cache import PromptCache
from local.simulator.storage import Storage
from local.simulator.terms import Terms
from local.simulator.tokens import Scribe


@dataclass(frozen=True, slots=True)
class Account:
    """What outlives a call: the account's endpoints, prompt cache, jobs and buckets."""

    endpoints: Mapping[str, str]
    cache: PromptCache
    jobs: Jobs
    storage: Storage


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose signature is good and whose model, endpoint or guardrail is known by name."""

    arrival: Arrival
    model: Model  # an endpoint's name is both its id and its base
    terms: Terms
    scribe: Scribe
    direction: Direction
    account: Account
    entry: Entry  # of the ledger: who calls, and where; filled in by the provider alone
    streamed: bool = False

    @property
    def region(self) -> str:
        return self.entry.region

    def ask(self, payload: Mapping[str, Any], cache: PromptCache | None = None) -> Ask:
        """Return the call as a family sees it; `cache` in place of the account's."""
        return Ask(
            self.model,
            payload,
            self.scribe,
            cache or self.account.cache,
            self.direction,
            self.account.storage,
            self.streamed,
        )
