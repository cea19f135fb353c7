"""The gateway as a child process: start it, know where it listens, end it."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local import project
from local.functions.deployment import QueueSource
from local.functions.service import PROCESSES


class StartFailed(RuntimeError):
    """The gateway ended before it served; the message is its log."""


class GatewayProcess:
    """A running gateway, at `url`, and, with a certificate, over TLS at `tls_url`.

    Its Lambda is at `functions_url`; `queues` are those that Lambda works off.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        certificate: Path | None = None,
        port: int = 0,
        app: str = "app",
        answers: str = "stream",
        processes: int = PROCESSES,
    ) -> None:
        """Start it and wait until it serves. `port` is plain HTTP's; 0, as TLS does, takes any.

        Raises StartFailed.
        """
        command = [sys.executable, "-m", "local.gateway", "--app", app, "--port", str(port)]
        command += ["--answers", answers, "--processes", str(processes)]
        command += ["--certificate", str(certificate)] if certificate else []
        with project.GATEWAY_LOG.open("ab") as log:
            begins = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command,
                cwd=project.ROOT,
                env=dict(environ),
                stdin=subprocess.PIPE,  # it ends when this does: with us
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is ours; we stop the gateway
            )
        self._pipes = (self._process.stdin, self._process.stdout)
        line = self._process.stdout.readline()
        if not line:
            self.stop()
            raise StartFailed(project.GATEWAY_LOG.read_bytes()[begins:].decode(errors="replace"))
        told: dict[str, Any] = json.loads(line)
        self.url: str = told["gateway"]
        self.tls_url: str = told.get("gateway_tls", "")
        self.functions_url: str = told["functions"]
        self.queues = [QueueSource(**queue) for queue in told["queues"]]

    def kill(self) -> None:
        """End it as a crash would (SIGKILL)."""
        self._end(self._process.kill)

    def stop(self) -> None:
        self._end(self._process.terminate)

    def _end(self, signal: Callable[[], None]) -> None:
        signal()
        self._process.wait()
        for pipe in self._pipes:
            pipe.close()
