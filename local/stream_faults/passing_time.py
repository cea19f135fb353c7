"""Lets time pass for whatever waits for it, and for nothing else: so nobody here has to wait.

Leases of jobs whose processes are dead end at once, messages that were delivered in vain are
visible again at once, and then the sweep comes.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from threading import Event, Thread
from time import monotonic
from typing import Self

from local.functions.faults import FunctionError
from local.stack import Stack
from local.stream_faults.world import Job, Message, World

TURN_SECONDS = 0.15
LONGEST_SECONDS = 60.0
DELIVERED_JUST_NOW_MS = 958_000
"""A message that waits for longer was received a moment ago: its process may yet start."""


class PassingTime:
    """A context manager, within which time passes."""

    def __init__(self, stack: Stack, world: World) -> None:
        self._stack = stack
        self._world = world
        self._ends = Event()
        self._thread = Thread(target=self._pass, name="time", daemon=True)
        self.sweeps = self.redeliveries = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def wait_until_quiet(self, seconds: float = LONGEST_SECONDS) -> bool:
        """Wait until no job is to be looked at again, no message waits and nothing runs.

        False where something is still left after so many seconds.
        """
        world, until = self._world, monotonic() + seconds
        while world.unfinished() or world.messages() or world.running():
            if monotonic() > until:
                return False
            self._ends.wait(TURN_SECONDS)
        return True

    def _pass(self) -> None:
        while not self._ends.wait(TURN_SECONDS):
            self._turn()

    def _turn(self) -> None:
        # In this order: who has a job when it is looked at still runs afterwards, or is dead.
        jobs, messages = self._world.unfinished(), self._world.messages()
        running = self._world.running()
        for message in messages:
            if message.id not in running and 0 < message.waits_ms < DELIVERED_JUST_NOW_MS:
                message.show()
                self.redeliveries += 1
        dead = [job for job in jobs if _is_dead(job, messages, running)]
        for job in dead:
            self._world.let_lease_end(job)
        if dead:
            self._sweep()

    def _sweep(self) -> None:
        self.sweeps += 1
        try:
            self._stack.invoke("sweep_streams", {"time": datetime.now(UTC).isoformat()})
        except FunctionError:
            return  # killed, or something was left for the next


def _is_dead(job: Job, messages: Collection[Message], running: Collection[str]) -> bool:
    """Say whether nobody serves a job, and nobody will who is yet to be told."""
    its_own = [message for message in messages if message.request_id == job.request_id]
    if job.request_id in running or any(message.id in running for message in its_own):
        return False
    return job.step != "queued" or not its_own
