"""The clients of all cases: each sends its request and reads its answer while its fault happens."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from threading import Lock
from time import sleep
from typing import Self

from local.stream_faults.cases import Case
from local.stream_faults.draws import RETRIED_SECONDS
from local.stream_faults.world import World
from local.traffic.clients import Gateway
from local.traffic.plan import StreamRequest
from local.traffic.reading import Notes, Read
from local.traffic.sent import Sent
from local.traffic.streams import GONE

REFUSED = frozenset({"ledger_unavailable", "ServiceUnavailable", "ServiceUnavailableException"})
"""What anybody may be told who comes to a process that waits to write the records of another."""

RETRY = {"amz-sdk-request": "attempt=2; max=3", "x-stainless-retry-count": "1"}
"""What the SDKs of AWS, and those made by Stainless, say of a second attempt."""


@dataclass(frozen=True, slots=True)
class Played:
    """A case, what its clients saw, and what is kept of its answer in the end."""

    case: Case
    sent: Sent
    kept: Read | None = None

    @property
    def end(self) -> str:
        """The state of its job, or where there is none, what its client was told."""
        return self.kept.status if self.kept else self.sent.error_code or "connection lost"

    @property
    def repeats(self) -> list[str]:
        """What whoever sent the same request again was told in the end."""
        others = self.sent.others if self.case.repeats else ()
        return [each.reads[-1].status if each.reads else each.error_code for each in others]

    @property
    def as_expected(self) -> bool:
        if self.sent.error_code in REFUSED:
            return True
        case = self.case
        return self.end in case.ends and case.repeats | REFUSED >= set(self.repeats)


class Crew:
    """A context manager, which closes the connections."""

    def __init__(
        self, urls: Mapping[str, str], keys: Mapping[str, str], world: World, cases: Sequence[Case]
    ) -> None:
        self._gateway = Gateway(urls, keys, self._watch)
        self._world = world
        self._cases = {case.request.team: case for case in cases}
        self._begun: set[str] = set()
        self._beginning = Lock()
        self._besides: dict[str, list[Future[Sent]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._gateway.__exit__(*error)

    def play(self, threads: int, progress: Callable[[int], object]) -> list[Played]:
        """Send every case's request, so many at a time, each until its client is told of an end."""
        played = []
        with (
            ThreadPoolExecutor(len(self._cases), "besides") as self._acts,
            ThreadPoolExecutor(threads, "client") as pool,
        ):
            for answer in as_completed([pool.submit(self._play, c) for c in self._cases.values()]):
                played.append(answer.result())
                progress(len(played))
        return played

    def read_again(self, played: Played) -> Played:
        """Read what is kept of a case's answer, when everything is over."""
        if not played.sent.request_id:
            return played
        kept = self._gateway.streams.read_again(played.case.request.team, played.sent.request_id)
        if kept.status == GONE:
            return played
        return replace(played, kept=kept, sent=played.sent.with_reads(kept))

    def _play(self, case: Case) -> Played:
        if case.act == "retry":
            self._besides[case.request.team] = [self._acts.submit(self._retry, case.request)]
        sent = self._gateway.send(case.request)
        besides = self._besides.get(case.request.team, ())
        return Played(case, sent.with_others(*(each.result() for each in besides)))

    def _watch(self, request: StreamRequest, notes: Notes) -> None:
        """Once a client has read so far, do what its case says: in another thread, as others do."""
        case = self._cases[request.team]
        if case.act in ("nothing", "retry") or notes.position < case.at:
            return
        with self._beginning:
            if request.team in self._begun:
                return
            self._begun.add(request.team)
        self._act(case, request, notes)

    def _act(self, case: Case, request: StreamRequest, notes: Notes) -> None:
        team, request_id = request.team, notes.request_id
        match case.act:
            case "kill":
                self._world.kill(request_id)
            case "deliver":
                self._world.deliver(team, request_id)
            case "delete":
                self._acts.submit(self._gateway.streams.forget, team, request_id).result()
            case "ask_again":
                self._send_besides(request)
            case "ask_otherwise":
                self._send_besides(replace(request, body=request.body + b" "))

    def _retry(self, request: StreamRequest) -> Sent:
        sleep(RETRIED_SECONDS)
        marks = {name: RETRY[name] for name in request.headers if name in RETRY}
        return self._gateway.send(replace(request, headers={**request.headers, **marks}))

    def _send_besides(self, request: StreamRequest) -> None:
        sending = self._acts.submit(self._gateway.send, request)
        self._besides.setdefault(request.team, []).append(sending)
