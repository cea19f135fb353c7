"""Which entry of the provider's ledger is which of the gateway's calls."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from local.proof.evidence import GatewayCall, ProviderEntry


@dataclass(frozen=True, slots=True)
class Match:
    """One provider call seen from both sides. Either side may not know of it."""

    entry: ProviderEntry | None
    call: GatewayCall | None


def match(entries: Sequence[ProviderEntry], calls: Sequence[GatewayCall]) -> list[Match]:
    """Match by the provider's request id, then, where none came back, by the gateway's and time.

    Every entry and every call is in exactly one match.
    """
    unmatched = {entry.request_id: entry for entry in entries}
    matches = [
        Match(unmatched.pop(call.provider_request_id, None), call)
        for call in calls
        if call.provider_request_id
    ]
    return [*matches, *_by_request(unmatched.values(), calls)]


def _by_request(entries: Iterable[ProviderEntry], calls: Iterable[GatewayCall]) -> Iterator[Match]:
    """Match the calls of which no name came back: each with the first that arrived of its request.

    One that was never sent has none: what arrived after the request's next call began is not its.
    """
    waiting: dict[str | None, deque[ProviderEntry]] = defaultdict(deque)
    for entry in entries:
        waiting[entry.gateway_request].append(entry)
    attempts: dict[str, list[GatewayCall]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: (int(call.record["attempt"]), call.began)):
        attempts[call.request_id].append(call)
    for request_id, made in attempts.items():
        queue = waiting[request_id]
        for call, following in zip_longest(made, made[1:]):
            if call.provider_request_id:
                continue
            its_own = queue and (following is None or queue[0].time <= following.began)
            yield Match(queue.popleft() if its_own else None, call)
    yield from (Match(entry, None) for queue in waiting.values() for entry in queue)
