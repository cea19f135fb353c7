"""The kinds of faults: what each does to a stream, at a random place, and what must come of it.

Those that are slow wait for times that nothing here can hurry.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from local.stream_faults import draws
from local.stream_faults.cases import Case
from local.stream_faults.draft import Draft, Way
from local.stream_faults.draws import AWAY, DONE, FAILED, INTERRUPTED
from local.stream_faults.steps import Step

QUEUED: Sequence[Way] = ("queued",)
NUMBERED: Sequence[Way] = ("queued", "sse")
LIVE: Sequence[Way] = ("sse", "event_stream")
OWN: Sequence[Way] = ("queued", "sse", "event_stream")
ANY: Sequence[Way] = ("queued", "sse", "event_stream", "sdk")


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    ways: Sequence[Way]
    draw: Callable[[Draft], Case]
    share: int = 2  # how often it is drawn, among all
    slow: bool = False


STEPS: Sequence[Step] = ("opened", "started", "kept", "settled", "ended", "emitted")
KINDS: Sequence[Kind] = (
    Kind("none", ANY, lambda draft: draft.case(DONE)),
    Kind("refused by its provider", ANY, draws.refused),
    Kind("exception in the stream", ANY, draws.exception),
    Kind("cut", ANY, partial(draws.after_some, "stream_cut", INTERRUPTED)),
    Kind("ended too soon", ANY, draws.truncated),
    Kind("a frame is corrupt", ANY, partial(draws.after_some, "stream_corrupt", INTERRUPTED)),
    Kind("no head of an answer", ANY, partial(draws.provider, "cut_headers", INTERRUPTED)),
    Kind("an event nobody knows", ANY, partial(draws.after_some, "stream_unknown_event", DONE), 1),
    Kind("cut to seven bytes", ANY, partial(draws.provider, "stream_split", DONE), 1),
    Kind(
        "idle until time is up", ANY, partial(draws.after_some, "stream_idle", INTERRUPTED), 1, True
    ),
    Kind("never answered", ANY, partial(draws.provider, "timeout", INTERRUPTED), 1, True),
    Kind("killed in mid-stream", OWN, draws.killed, 8),
    Kind("killed, called anew", QUEUED, draws.killed_and_called_anew, 5),
    Kind("killed in each attempt", QUEUED, draws.killed_in_every_attempt, 1),
    Kind("killed, and its rescuer", OWN, draws.killed_while_resumed, 4),
    Kind("killed, AWS away", OWN, draws.killed_while_aws_is_away, 5),
    *(Kind(f"killed at {step}", OWN, partial(draws.killed_at, step), 3) for step in STEPS),
    Kind("message twice", QUEUED, draws.delivered_twice, 4),
    Kind("message lost", QUEUED, partial(draws.sending, "swallowed", 1, DONE), 2),
    Kind("message lost twice", QUEUED, partial(draws.sending, "swallowed", 2, FAILED), 1),
    Kind("message refused", QUEUED, partial(draws.sending, "throttled", 2, AWAY), 1),
    Kind("message sent, unheard", QUEUED, partial(draws.sending, "unheard", 2, DONE | AWAY), 2),
    Kind("message died", QUEUED, draws.message_died, 1),
    Kind("table throttled", ANY, draws.throttled, 8),
    Kind("table unheard", ANY, draws.unheard, 6),
    Kind("logs away at the start", OWN, draws.not_announced, 3),
    Kind("logs away at the end", ANY, draws.not_ended, 4),
    Kind("client leaves", LIVE, draws.leaves, 4),
    Kind("deleted in mid-stream", NUMBERED, draws.deleted, 2),
    Kind("not stored", OWN, draws.not_stored, 1),
    Kind("sent twice by key", OWN, draws.sent_twice, 4),
    Kind("asked again meanwhile", NUMBERED, draws.asked_again, 4),
    Kind("another by its key", OWN, draws.asked_otherwise, 1),
    Kind("sent again by its SDK", LIVE, draws.retried, 1, True),
    Kind("killed, asked again", LIVE, draws.killed_and_asked_again, 3),
    Kind("refused, asked again", OWN, draws.refused_and_asked_again, 1),
)


def plan_cases(random: Random, size: int, *, slow: bool) -> list[Case]:
    """Draw cases: every kind in every way as far as `size` allows, and the rest by lot."""
    kinds = [kind for kind in KINDS if slow or not kind.slow]
    chosen = [(kind, way) for kind in kinds for way in kind.ways]
    random.shuffle(chosen)
    chosen = chosen[:size]
    while len(chosen) < size:
        [kind] = random.choices(kinds, [kind.share for kind in kinds])
        chosen.append((kind, random.choice(kind.ways)))
    random.shuffle(chosen)
    return [
        kind.draw(Draft(random, f"case-{number:04}", way, kind.name))
        for number, (kind, way) in enumerate(chosen)
    ]
