"""The statement of a run: a line a kind of fault, the proof's, and what should not have been."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from local.stream_faults.crew import Played
from local.stream_faults.result import Result, is_queued

MAX_SHOWN = 20


def lines(result: Result) -> Iterator[str]:
    """Yield the statement from the top."""
    streams = len(result.played)
    queued = sum(map(is_queued, result.played))
    yield (
        f"seed {result.seed}: {streams} streams, {streams - queued} live and {queued} queued, in "
        f"{result.seconds:.0f} s; {result.killed} processes killed, {result.redeliveries} messages "
        f"delivered again, {result.sweeps} sweeps"
    )
    yield ""
    yield f"{'what went wrong':26} {'live':>5} {'queued':>6}  they came to"
    yield from _by_kind(result.played)
    yield ""
    yield from result.proof.lines()
    problems = result.problems
    yield from problems[:MAX_SHOWN]
    if problems:
        yield f"streams: {len(problems)} PROBLEMS"
    else:
        yield "streams: each came to an end that it may have, and none was called twice or is left"


def _by_kind(played: Sequence[Played]) -> Iterator[str]:
    kinds: dict[str, list[Played]] = defaultdict(list)
    for each in played:
        kinds[each.case.kind].append(each)
    for kind, its_own in sorted(kinds.items()):
        queued = sum(map(is_queued, its_own))
        ends = Counter(each.end for each in its_own).most_common()
        told = ", ".join(f"{number} {end}" for end, number in ends)
        yield f"{kind:26} {len(its_own) - queued:>5} {queued:>6}  {told}"
