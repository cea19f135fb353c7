"""What AWS Lambda gives a function: an app, imported once, and a context for each call."""

import importlib
import os
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from chalice.app import Chalice

from local.project import ACCOUNT, ROOT, Function


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The second argument of a handler (Lambda's Python context object)."""

    function: Function
    region: str
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    client_context: None = None
    identity: None = None
    _began: float = field(default_factory=time.monotonic)

    @property
    def function_name(self) -> str:
        return self.function.name

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{ACCOUNT}:function:{self.function.name}"

    @property
    def memory_limit_in_mb(self) -> str:
        return str(self.function.memory_mb)

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function.name}"

    @property
    def log_stream_name(self) -> str:
        return "local"

    def get_remaining_time_in_millis(self) -> int:
        spent = time.monotonic() - self._began
        return max(0, int((self.function.timeout_s - spent) * 1000))


def load_app(module: str = "app") -> Chalice:
    """Import the app as a function's cold start does, and let threads share it."""
    sys.path.insert(0, str(ROOT))
    app: Chalice = importlib.import_module(module).app
    share_between_threads(app)
    return app


def share_between_threads(app: Chalice) -> None:
    """Give each thread its own current request, which Chalice keeps on the app."""
    app.__class__ = type("SharedChalice", (_PerThread, type(app)), {})


def send_stdout_to_stderr() -> int:
    """Leave stdout to the caller, as the returned descriptor; what functions print is a log."""
    stdout = os.dup(1)
    os.dup2(2, 1)
    return stdout


class _PerThread:
    """What belongs to one request, of which a Lambda serves only one at a time."""

    _here = threading.local()

    @property
    def current_request(self) -> Any:
        return self._here.current_request

    @current_request.setter
    def current_request(self, request: Any) -> None:
        self._here.current_request = request

    @property
    def lambda_context(self) -> Any:
        return self._here.lambda_context

    @lambda_context.setter
    def lambda_context(self, context: Any) -> None:
        self._here.lambda_context = context
