"""Which entry of the provider's ledger is which of the gateway's calls."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from local.proof.evidence import GatewayCall, ProviderEntry


@dataclass(frozen=True, slots=True)
class Match:
    """One provider call seen from both sides. Either side may not know of it."""

    entry: ProviderEntry | None
    call: GatewayCall | None


def match(entries: Sequence[ProviderEntry], calls: Sequence[GatewayCall]) -> list[Match]:
    """Match by the provider's request id, then, where none came back, by the gateway's and order.

    Every entry and every call is in exactly one match.
    """
    unmatched = {entry.request_id: entry for entry in entries}
    matches, unnamed = [], []
    for call in calls:
        named = call.provider_request_id
        if named is None:
            unnamed.append(call)
        else:
            matches.append(Match(unmatched.pop(named, None), call))
    return matches + _in_order(unmatched.values(), unnamed)


def _in_order(entries: Iterable[ProviderEntry], calls: Iterable[GatewayCall]) -> list[Match]:
    waiting: dict[str | None, deque[ProviderEntry]] = defaultdict(deque)
    for entry in entries:
        waiting[entry.gateway_request].append(entry)
    matches = []
    for call in sorted(calls, key=lambda call: int(call.record["attempt"])):
        queue = waiting[call.request_id]
        matches.append(Match(queue.popleft() if queue else None, call))
    strangers = [Match(entry, None) for queue in waiting.values() for entry in queue]
    return matches + strangers
