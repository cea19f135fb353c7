"""A client of Lambda here: invokes functions, sees what runs, and kills it."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

from local.functions.faults import FunctionError


class FunctionsClient:
    def __init__(self, url: str) -> None:
        self._url = url

    def invoke(self, name: str, event: Mapping[str, Any]) -> Any:
        """Run a function and return its result. Raises FunctionError."""
        path = f"/2015-03-31/functions/{name}/invocations"
        headers, answer = self._call(path, event)
        if headers.get("x-amz-function-error"):
            raise FunctionError.of(answer)
        return json.loads(answer)

    def running(self) -> list[dict[str, Any]]:
        """List the invocations that run: their `ids`, `function` and `pid`."""
        running: list[dict[str, Any]] = json.loads(self._call("/_functions/running")[1])
        return running

    def rest(self) -> None:
        """Wait until nothing runs: a client has its answer before its invocation has ended.

        Raises TimeoutError where something runs on.
        """
        if not json.loads(self._call("/_functions/rest")[1]):
            raise TimeoutError(f"still running: {self.running()}")

    def kill(self, any_id: str) -> bool:
        """Kill what runs under a Lambda, API Gateway or SQS message id; say whether it ran."""
        return bool(json.loads(self._call("/_functions/kill", {"id": any_id})[1]))

    def doom(self, function: str, after_bytes: int = 1) -> None:
        """Kill the next invocation of a function once that much of its answer has been read."""
        self._call("/_functions/doom", {"function": function, "after_bytes": after_bytes})

    def _call(self, path: str, body: object = None) -> tuple[Mapping[str, str], bytes]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data)
        with urllib.request.urlopen(request) as answer:
            return answer.headers, answer.read()
