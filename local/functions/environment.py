"""An execution environment: one process of a function, which serves one invocation at a time."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from local import credentials, project
from local.functions.faults import FunctionError
from local.functions.wire import INIT_ERROR, Gone, RuntimeConnection

INIT_SECONDS = 10.0
"""What Lambda gives a function to start in."""
_LOOK_SECONDS = 0.05  # how often to see whether a process that starts has ended
_WRAPPER = project.ROOT / "chalicelib" / "runtime.sh"
_ITS_OWN_LOOP = "/var/runtime/bootstrap.py"  # what Lambda would run; the wrapper does not


@dataclass(frozen=True, slots=True)
class Deployed:
    """A function as Lambda has it: its key in config.json, its handler, its environment."""

    key: str
    handler: str
    function: project.Function
    environ: Mapping[str, str]

    @property
    def arn(self) -> str:
        place = f"{project.REGION}:{project.ACCOUNT}"
        return f"arn:aws:lambda:{place}:function:{self.function.name}"


class Environment:
    """A process that runs one function; `idle` while it waits for an event."""

    def __init__(self, deployed: Deployed, group: int, log: IO[bytes] | int) -> None:
        """Start the process, in a process group; what it prints goes to the log."""
        self._deployed = deployed
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [_WRAPPER, sys.executable, _ITS_OWN_LOOP],
            cwd=project.ROOT,
            env=_environ(deployed, self._listener.getsockname()[1]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=group,
        )
        self._connection: RuntimeConnection | None = None
        self.pid = self._process.pid
        self.idle = False
        self._killed = False

    @property
    def connection(self) -> RuntimeConnection:
        assert self._connection  # noqa: S101 - it is ready
        return self._connection

    @property
    def alive(self) -> bool:
        """Whoever is killed is not, though the process may take a while to end."""
        return not self._killed and self._process.poll() is None

    def get_ready(self) -> None:
        """Wait until the process asks for an event. Raises FunctionError."""
        try:
            self._connection = RuntimeConnection(self._accepted(INIT_SECONDS))
            self.rest(INIT_SECONDS)
        except (Gone, TimeoutError) as error:
            raise FunctionError("Runtime.ExitError", f"It did not start: {error}") from error

    def rest(self, seconds: float) -> None:
        """Wait until the process asks for an event, and freeze it. Raises Gone, TimeoutError."""
        self.connection.deadline = time.monotonic() + seconds
        asked = self.connection.asked()
        if asked.path == INIT_ERROR:
            raise FunctionError.of(self.connection.body(asked))
        if not asked.is_for_the_next_event:
            raise Gone(f"{asked.method} {asked.path} is not what a runtime asks")
        self._process.send_signal(signal.SIGSTOP)
        self.idle = True

    def wake(self, headers: Mapping[str, str], event: bytes) -> None:
        """Thaw the process and give it an event. Raises Gone and TimeoutError."""
        self.idle = False
        self._process.send_signal(signal.SIGCONT)
        self.connection.answer(200, headers, event)

    def kill(self) -> None:
        self._killed = True
        self._process.kill()

    def close(self) -> None:
        """End the process, and wait until it has."""
        self._process.kill()
        self._process.wait()
        self._listener.close()
        if self._connection:
            self._connection.close()

    def _accepted(self, seconds: float) -> socket.socket:
        """Wait for the process's connection, or for its end."""
        self._listener.settimeout(_LOOK_SECONDS)
        until = time.monotonic() + seconds
        while self.alive and time.monotonic() < until:
            try:
                return self._listener.accept()[0]
            except TimeoutError:
                continue
        raise Gone("it ended" if not self.alive else "it took too long")


def _environ(deployed: Deployed, port: int) -> dict[str, str]:
    function = deployed.function
    return {
        **deployed.environ,
        **credentials.of_function(deployed.key),
        "_HANDLER": deployed.handler,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"local/{port}",
        "LAMBDA_TASK_ROOT": str(project.ROOT),
    }
