"""One event on its way through a function's process, and the answer as it comes."""

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock, Timer
from typing import Any

from local.functions.environment import Deployed, Environment
from local.functions.faults import FunctionError
from local.functions.wire import Asked, Gone

_REST_SECONDS = 10.0


class Invocation:
    """An invocation that runs. `pieces` are its answer's bytes, as they come, which raise
    FunctionError where it ends too early.
    """

    def __init__(
        self,
        deployed: Deployed,
        environment: Environment,
        event: Mapping[str, Any],
        alias: str = "",
        doom: int | None = None,
    ) -> None:
        """Take the alias by which the function is invoked, if by one, and the number of bytes of
        its answer after which its process is to be killed.
        """
        self.deployed = deployed
        self.event = event
        self.request_id = str(uuid.uuid4())
        self.pieces: Iterator[bytes] = iter(())
        self._environment = environment
        self._arn = f"{deployed.arn}:{alias}" if alias else deployed.arn
        self._doom = doom
        self._answered = False
        self._out_of_time = False
        self._ending = Lock()
        self._over = False
        self._timer = Timer(deployed.function.timeout_s, self._time_out)
        self._timer.daemon = True

    @property
    def pid(self) -> int:
        return self._environment.pid

    @property
    def ids(self) -> frozenset[str]:
        """Lambda's id for it, API Gateway's for its request, SQS's for its messages."""
        request = self.event.get("requestContext", {}).get("requestId")
        messages = [record.get("messageId") for record in self.event.get("Records", ())]
        return frozenset(filter(None, [self.request_id, request, *messages]))

    def begin(self) -> None:
        """Hand the event over and wait for the head of the answer. Raises FunctionError."""
        connection = self._environment.connection
        connection.deadline = time.monotonic() + self.deployed.function.timeout_s
        self._timer.start()
        with self._in_time():
            self._environment.wake(self._headers(), json.dumps(self.event).encode())
            self._may_be_killed(0)
            asked = connection.asked()
            if asked.path.endswith("/error"):
                raise self._failure(asked)
        self.pieces = self._pieces(asked)

    def end(self) -> None:
        """Read what nobody has read, and let the process rest, if it can go on."""
        with suppress(FunctionError):
            for _ in self.pieces:
                pass
        if self._answered:
            with suppress(Gone, TimeoutError):
                self._environment.rest(_REST_SECONDS)
        self._timer.cancel()
        with self._ending:
            self._over = True

    def kill(self) -> None:
        """Kill the process in the middle of it; once it is over, the process is another's."""
        with self._ending:
            if not self._over:
                self._environment.kill()

    def _pieces(self, asked: Asked) -> Iterator[bytes]:
        trailers: dict[str, str] = {}
        sent = 0
        with self._in_time():
            for piece in self._environment.connection.pieces(asked, trailers):
                yield piece
                sent += len(piece)
                self._may_be_killed(sent)
            self._be_answered()
        if error := FunctionError.in_trailers(trailers):
            raise error

    def _failure(self, asked: Asked) -> FunctionError:
        error = FunctionError.of(self._environment.connection.body(asked))
        self._be_answered()
        return error

    def _be_answered(self) -> None:
        self._environment.connection.answer(202, {})
        self._answered = True

    def _may_be_killed(self, sent: int) -> None:
        if self._doom is not None and sent >= self._doom:
            self.kill()
            raise Gone("it was killed")

    def _time_out(self) -> None:
        """Kill the process once it has had its time, though nobody reads its answer."""
        self._out_of_time = True
        self.kill()

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Say as Lambda does that the process ended, or that it has had its time."""
        try:
            yield
        except (Gone, TimeoutError) as error:
            if isinstance(error, TimeoutError):
                self._time_out()
            raise self._ended(error) from error

    def _ended(self, error: Exception) -> FunctionError:
        kind, told = "Runtime.ExitError", str(error)
        if self._out_of_time:
            spent = f"{self.deployed.function.timeout_s:.2f} seconds"
            kind, told = "Sandbox.Timedout", f"Task timed out after {spent}"
        return FunctionError(kind, f"RequestId: {self.request_id} Error: {told}")

    def _headers(self) -> dict[str, str]:
        deadline = time.time() + self.deployed.function.timeout_s
        return {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self._arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{self.request_id}",
        }
