"""Lambda: functions by name, invoked as many at a time as have a process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Condition
from typing import Any

from local.functions.environment import Deployed
from local.functions.invocation import Invocation
from local.functions.pool import Pool
from local.functions.reaper import Reaper

PROCESSES = 12
"""Of one function, at most: more only get in each other's way on a small machine."""


class UnknownFunction(Exception):
    """There is no function of this name."""


class Functions:
    """Runs functions. Close it: their processes end with it, as they do when this process ends."""

    def __init__(self, log: int, limit: int = PROCESSES) -> None:
        """Take the descriptor to which functions print, and how many processes each may have."""
        self._log = log
        self._limit = limit
        self._reaper = Reaper()
        self._pools: dict[str, Pool] = {}
        self._running: dict[str, Invocation] = {}
        self._doomed: dict[str, list[int]] = {}
        self._changed = Condition()

    def deploy(self, *functions: Deployed) -> None:
        """Make functions known, by their keys and by their full names."""
        for each in functions:
            pool = Pool(each, self._limit, self._reaper.group, self._log)
            self._pools |= {each.key: pool, each.function.name: pool}

    def warm(self, name: str) -> None:
        """Start a process of a function before it is needed. Raises FunctionError."""
        pool = self._pool(name)
        pool.give_back(pool.take())

    @contextmanager
    def invoke(self, name: str, event: Mapping[str, Any]) -> Iterator[Invocation]:
        """Run a function; within the context its answer can be read. An alias may follow the name.

        Raises UnknownFunction, and FunctionError where the function fails before its answer.
        """
        name, _, alias = name.partition(":")
        pool = self._pool(name)
        environment = pool.take()
        try:
            doom = self._doom(pool.deployed)
            invocation = Invocation(pool.deployed, environment, event, alias, doom)
            with self._known(invocation):
                try:
                    invocation.begin()
                    yield invocation
                finally:
                    invocation.end()
        finally:
            pool.give_back(environment)

    def running(self) -> list[Invocation]:
        with self._changed:
            return list(self._running.values())

    def rest(self, seconds: float) -> bool:
        """Wait until nothing runs, for so many seconds at most; say whether nothing does."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, seconds)

    def kill(self, any_id: str) -> bool:
        """Kill what runs under an id (see Invocation.ids); say whether anything did."""
        found = [each for each in self.running() if any_id in each.ids]
        for each in found:
            each.kill()
        return bool(found)

    def doom(self, name: str, after_bytes: int) -> None:
        """Kill the process of the next invocation once that many bytes of its answer were read."""
        with self._changed:
            self._doomed.setdefault(self._pool(name).deployed.key, []).append(after_bytes)

    def close(self) -> None:
        """Kill every process."""
        self._reaper.close()
        for pool in self._pools.values():
            pool.close()

    def _pool(self, name: str) -> Pool:
        if name not in self._pools:
            raise UnknownFunction(name)
        return self._pools[name]

    def _doom(self, deployed: Deployed) -> int | None:
        with self._changed:
            waiting = self._doomed.get(deployed.key)
            return waiting.pop(0) if waiting else None

    @contextmanager
    def _known(self, invocation: Invocation) -> Iterator[None]:
        with self._changed:
            self._running[invocation.request_id] = invocation
        try:
            yield
        finally:
            with self._changed:
                del self._running[invocation.request_id]
                self._changed.notify_all()
