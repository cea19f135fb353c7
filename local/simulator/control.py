"""The control API, `/_sim/*`: JSON, unsigned, beside the services on the same port.

PUT  /_sim/faults      a list of rules (faults.py), replacing the former
GET  /_sim/faults      the rules, with how many calls each matched and hit
GET  /_sim/ledger      every call, in order of arrival (ledger.py); with ?at_least=N, once there are
                       so many
GET  /_sim/told        the text of every streamed answer, by request id: all of it, wherever the
                       stream then broke
GET  /_sim/trail       every signed call, as CloudTrail would show it (trail.py)
GET  /_sim/inflight    how many calls are being held; with ?at_least=N, once there are so many
GET  /_sim/jobs        every asynchronous job, as GetAsyncInvoke shows it, and its team
POST /_sim/jobs/finish {"match": {"arn", "model", "team"}, "status", "ended", "after_looks"} ends
                       the running jobs that match: Completed, if not Failed; now, or at the time
                       given; or completes them after so many looks at them
POST /_sim/release     answers the calls that `hang` holds, and lets held streams go on
POST /_sim/reset       forgets ledger, rules and caches, and lets go of every held call
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from local.simulator import trail
from local.simulator.delivery import Holds
from local.simulator.faults import BadRule
from local.simulator.jobs import Finish
from local.simulator.provider import Provider

LONGEST_WAIT = 30.0  # seconds
Answer = tuple[int, Any]


class Control:
    def __init__(self, provider: Provider, holds: Holds) -> None:
        self._provider = provider
        self._holds = holds
        self._routes: dict[tuple[str, str], Callable[[str, bytes], Answer]] = {
            ("PUT", "/_sim/faults"): self._put_faults,
            ("GET", "/_sim/faults"): lambda _q, _b: (200, provider.faults.describe()),
            ("GET", "/_sim/ledger"): self._ledger,
            ("GET", "/_sim/told"): lambda _q, _b: (200, dict(provider.told)),
            ("GET", "/_sim/trail"): lambda _q, _b: (200, trail.events(provider.ledger.entries())),
            ("GET", "/_sim/inflight"): self._inflight,
            ("GET", "/_sim/jobs"): lambda _q, _b: (200, provider.jobs.describe()),
            ("POST", "/_sim/jobs/finish"): self._finish_jobs,
            ("POST", "/_sim/release"): lambda _q, _b: (200, {"released": holds.release()}),
            ("POST", "/_sim/reset"): self._reset,
        }

    def handle(self, method: str, path: str, query: str, body: bytes) -> Answer:
        """Return the HTTP status and what to answer as JSON."""
        if (method, path) not in self._routes:
            return 404, {"error": f"there is no {method} {path}"}
        return self._routes[method, path](query, body)

    def _put_faults(self, _query: str, body: bytes) -> Answer:
        try:
            rules = json.loads(body)
            if not isinstance(rules, list):
                raise BadRule("the rules are a list")
            self._provider.faults.replace(rules)
        except ValueError as error:
            return 400, {"error": str(error)}
        return 200, self._provider.faults.describe()

    def _finish_jobs(self, _query: str, body: bytes) -> Answer:
        try:
            how = Finish.read(json.loads(body or b"{}"))
        except ValueError as error:
            return 400, {"error": str(error)}
        return 200, {"finished": self._provider.jobs.finish(how)}

    def _ledger(self, query: str, _body: bytes) -> Answer:
        if (at_least := _at_least(query)) is None:
            return _NO_NUMBER
        self._provider.ledger.wait_for(at_least, LONGEST_WAIT)
        return 200, self._provider.ledger.entries()

    def _inflight(self, query: str, _body: bytes) -> Answer:
        if (at_least := _at_least(query)) is None:
            return _NO_NUMBER
        return 200, self._holds.wait_for(at_least, LONGEST_WAIT)

    def _reset(self, _query: str, _body: bytes) -> Answer:
        self._provider.reset()
        self._holds.drop()
        return 200, {}


_NO_NUMBER: Answer = (400, {"error": "at_least is a whole number"})


def _at_least(query: str) -> int | None:
    """Return the number that is asked for, 0 where none is; None for what is no number."""
    text = parse_qs(query).get("at_least", ["0"])[0]
    return int(text) if text.isdecimal() else None
