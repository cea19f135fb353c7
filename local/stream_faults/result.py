"""What a run came to, and whatever of it should not have been."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from local.proof import Evidence, Proof
from local.stream_faults.crew import Played
from local.stream_faults.world import Job
from local.traffic.plan import StreamRequest


@dataclass(frozen=True, slots=True)
class Result:
    seed: int
    played: Sequence[Played]
    left: Sequence[Job]  # jobs that nobody will look at again, and that have not ended
    evidence: Evidence
    proof: Proof
    killed: int
    sweeps: int
    redeliveries: int
    seconds: float

    @property
    def holds(self) -> bool:
        return self.proof.holds and not self.problems

    @property
    def problems(self) -> list[str]:
        """Say what should not have been, besides what the proof finds."""
        left = [f"job {job.request_id} of {job.team} is left {job.step}" for job in self.left]
        ended = [
            f"{_name(each)} ended {' and '.join([each.end, *each.repeats])}"
            for each in self.played
            if not each.as_expected
        ]
        return [*left, *ended, *self._called_too_often()]

    def _called_too_often(self) -> Iterator[str]:
        entries = self.evidence.provider
        billed = Counter(each["team"] for each in entries if each["outcome"] != "refused")
        for each in self.played:
            times = billed[each.case.request.team]
            if times > each.case.calls:
                yield f"{_name(each)} was called {times} times"


def is_queued(played: Played) -> bool:
    request = played.case.request
    return isinstance(request, StreamRequest) and request.form == "queued"


def _name(played: Played) -> str:
    request = played.case.request
    way = request.form if isinstance(request, StreamRequest) else "sdk"
    return f"{request.team}, {played.case.kind} ({way}, {request.model_id})"
