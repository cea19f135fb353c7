"""A function as Lambda runs it: an unpacked package, a runtime beside it, and the Runtime API.

Nothing else is on the path of the process: neither this project nor what is installed for it.
"""

import json
import queue
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

RUNTIME = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
"""What of the managed runtime's own folder, /var/runtime, runs a function."""
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:tollgate-local"
BOOTSTRAP = """
import os, sys
sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], os.path.dirname(__file__)]
from awslambdaric.__main__ import main
main(["bootstrap", os.environ["_HANDLER"]])
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a function's process posted to the Runtime API."""

    outcome: str  # response, error, or exit: it ended, which Lambda would take for a crash
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RuntimeApi(ThreadingHTTPServer):
    """Gives one process its events, and takes what becomes of them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.sent: queue.SimpleQueue[Sent] = queue.SimpleQueue()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def do_GET(self) -> None:
        event = self.server.events.get()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-4000-8000-000000000000")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 60_000))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", FUNCTION_ARN)
        self.send_header("Content-Type", "application/json")
        self._end(event)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.sent.put(Sent(self.path.rpartition("/")[2], body))
        self.send_response(202)
        self._end(b"")

    def _end(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class UnpackedFunction:
    """A context manager that runs the function `handler` of the package in `task_root`."""

    def __init__(
        self, task_root: Path, runtime: Path, handler: str, environ: Mapping[str, str]
    ) -> None:
        self._api = RuntimeApi()
        self._thread = Thread(target=self._api.serve_forever, args=(0.02,), daemon=True)
        self._command = [sys.executable, "-I", "-S", str(runtime / "bootstrap.py")]
        self._environ = {
            **environ,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "LAMBDA_TASK_ROOT": str(task_root),
            "_HANDLER": handler,
        }
        self._task_root = task_root

    def __enter__(self) -> Self:
        self._thread.start()
        self._process = subprocess.Popen(self._command, cwd=self._task_root, env=self._environ)
        Thread(target=self._await_exit, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._api.shutdown()
        self._api.server_close()
        self._thread.join()

    def _await_exit(self) -> None:
        self._api.sent.put(Sent("exit", str(self._process.wait()).encode()))

    def invoke(self, event: Any) -> Sent:
        self._api.events.put(json.dumps(event).encode())
        return self._api.sent.get(timeout=60)


def install_runtime(folder: Path) -> Path:
    """Lay out a folder as Lambda's /var/runtime, as far as functions need it."""
    (folder / "bootstrap.py").write_text(BOOTSTRAP)
    for module in RUNTIME:
        origin = Path(find_spec(module).origin)
        found = origin.parent if origin.name == "__init__.py" else origin
        (folder / found.name).symlink_to(found)
    return folder
