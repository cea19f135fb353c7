"""Lambda over HTTP: its Invoke API, and what tests need besides.

| request | does |
|---|---|
| `POST /2015-03-31/functions/{name}/invocations` | runs a function by its key or its full name; an error has the header `x-amz-function-error` (Lambda API, Invoke) |
| `GET /_functions/running` | lists the invocations that run: `ids`, `function`, `pid` |
| `GET /_functions/rest` | says, once no invocation runs, that this is so: `true` |
| `POST /_functions/kill` `{"id"}` | kills what runs under one of those ids, in the middle of it |
| `POST /_functions/doom` `{"function", "after_bytes"}` | kills the next invocation, once that much of its answer was read |
"""  # noqa: E501

import json
import re
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.functions.faults import FunctionError
from local.functions.service import Functions, UnknownFunction

LONGEST_WAIT = 30.0  # seconds
_INVOKE = re.compile(r"/2015-03-31/functions/([^/?]+)/invocations")


class FunctionsServer(ThreadingHTTPServer):
    """A thread for each connection."""

    request_queue_size = 128

    def __init__(self, functions: Functions) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.functions = functions
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: FunctionsServer

    def do_GET(self) -> None:
        if look := _LOOKS.get(self.path):
            self._answer(200, json.dumps(look(self.server.functions)).encode())
        else:
            self._answer(404, json.dumps({"Message": f"unknown: {self.path}"}).encode())

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            if found := _INVOKE.fullmatch(self.path):
                self._answer(200, self._result(found[1], asked))
            else:
                done = _ACTIONS[self.path](self.server.functions, asked)
                self._answer(200, json.dumps(done).encode())
        except FunctionError as error:
            self._answer(200, error.to_json(), {"x-amz-function-error": "Unhandled"})
        except (UnknownFunction, KeyError) as error:
            self._answer(404, json.dumps({"Message": f"unknown: {error}"}).encode())

    def _result(self, name: str, event: Any) -> bytes:
        with self.server.functions.invoke(name, event) as invocation:
            return b"".join(invocation.pieces)

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _running(functions: Functions) -> list[dict[str, Any]]:
    return [
        {"ids": sorted(each.ids), "function": each.deployed.key, "pid": each.pid}
        for each in functions.running()
    ]


_LOOKS: dict[str, Callable[[Functions], Any]] = {
    "/_functions/running": _running,
    "/_functions/rest": lambda functions: functions.rest(LONGEST_WAIT),
}
_ACTIONS: dict[str, Callable[[Functions, Any], Any]] = {
    "/_functions/kill": lambda functions, asked: functions.kill(asked["id"]),
    "/_functions/doom": lambda functions, asked: functions.doom(
        asked["function"], asked["after_bytes"]
    ),
}
