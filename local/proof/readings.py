"""What clients read of streamed answers, against what the models wrote."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from local.proof.evidence import Evidence
from local.proof.verdicts import Verdict
from local.traffic.reading import Read


def reading_differences(verdicts: Iterable[Verdict], evidence: Evidence) -> Iterator[str]:
    """Hold that each reader had an answer's beginning at every moment, and all of a whole one.

    A request that was called anew has an answer for each of its calls. Of a container that reports
    nothing nobody can know whether what it wrote is the whole.
    """
    told: dict[str | None, list[str]] = defaultdict(list)
    silent = set()
    for verdict in verdicts:
        if verdict.entry:
            text = evidence.told.get(verdict.entry.request_id, "")
            told[verdict.entry.gateway_request].append(text)
            if verdict.kind == "clock":
                silent.add(verdict.entry.gateway_request)
    for read in evidence.reads:
        if read.request_id in silent:
            read = replace(read, whole=False)
        for difference in _differences(read, told[read.request_id]):
            yield f"answer {read.request_id}: {difference}"


def _differences(read: Read, told: Sequence[str]) -> Iterator[str]:
    yield from read.oddities
    if not read.status:
        yield "its reader never came to its end"
    for text in read.texts:
        if text and not any(answer.startswith(text) for answer in told):
            yield f"its reader had {len(text)} characters that no model wrote so"
    if read.whole and read.texts[-1] not in told:
        yield f"its reader had {len(read.texts[-1])} characters as the whole of it"
