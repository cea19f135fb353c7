"""Lambda's Runtime API: the next event in, an answer, a stream or a fault out.

Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes" and
"Implementing response streaming in a custom runtime".
"""

import base64
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Final, Self

_ROOT: Final = "/2018-06-01/runtime"
_ERROR_TYPE: Final = "Lambda-Runtime-Function-Error-Type"
_ERROR_BODY: Final = "Lambda-Runtime-Function-Error-Body"
_JSON: Final = {"Content-Type": "application/json"}
_STREAM: Final = {
    "Content-Type": "application/vnd.awslambda.http-integration-response",
    "Lambda-Runtime-Function-Response-Mode": "streaming",
    "Transfer-Encoding": "chunked",
    "Trailer": f"{_ERROR_TYPE}, {_ERROR_BODY}",
}
_CHUNK_BYTES: Final = 262_144  # what one chunk of HTTP carries at most


class NotRun(Exception):
    """There is no such handler, or what it takes or gives is no JSON: no trace of it helps."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = f"Runtime.{kind}"
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong, as Lambda tells it to whoever invokes a function."""

    kind: str
    message: str
    trace: tuple[str, ...] = ()

    @classmethod
    def of(cls, error: Exception, hidden: Iterable[str] = ()) -> Self:
        """Describe an error; the frames of the files that are `hidden` are left out."""
        if isinstance(error, NotRun):
            return cls(error.kind, str(error))
        trace = traceback.format_list(
            (frame.filename, frame.lineno or 0, frame.name, frame.line)
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename not in hidden
        )
        return cls(type(error).__name__, str(error), tuple(trace))

    def to_json(self, request_id: str = "") -> bytes:
        told = {
            "errorMessage": self.message,
            "errorType": self.kind,
            "requestId": request_id,
            "stackTrace": self.trace,
        }
        return json.dumps(told).encode()

    def log(self) -> None:
        """Write it to stderr, with its lines so parted that a log keeps them in one event."""
        text = f"[ERROR] {self.kind}: {self.message}\n{''.join(self.trace)}"
        sys.stderr.write(text.rstrip().replace("\n", "\r") + "\n")
        sys.stderr.flush()


class RuntimeApi:
    """One connection to the Runtime API, opened again where it was lost."""

    def __init__(self, address: str) -> None:
        self._connection = HTTPConnection(address)  # no time-out: the next event may be days away

    def next(self) -> tuple[Mapping[str, str], bytes]:
        """Wait for the next invocation; return its headers, in lower case, and its event."""
        self._connection.request("GET", f"{_ROOT}/invocation/next")
        response = self._connection.getresponse()
        return {name.lower(): value for name, value in response.getheaders()}, response.read()

    def respond(self, request_id: str, payload: bytes) -> None:
        self._post(f"/invocation/{request_id}/response", payload, _JSON)

    def fail(self, request_id: str, fault: Fault) -> None:
        headers = {**_JSON, _ERROR_TYPE: fault.kind}
        self._post(f"/invocation/{request_id}/error", fault.to_json(request_id), headers)

    def fail_to_start(self, fault: Fault) -> None:
        self._post("/init/error", fault.to_json(), {**_JSON, _ERROR_TYPE: fault.kind})

    def stream(self, request_id: str, patience: float | None) -> "Stream":
        """Begin to stream an answer; `patience` as Stream has it."""
        path = f"{_ROOT}/invocation/{request_id}/response"
        return Stream(self._connection, path, patience)

    def _post(self, path: str, payload: bytes, headers: Mapping[str, str]) -> None:
        self._connection.request("POST", _ROOT + path, payload, headers)
        response = self._connection.getresponse()
        told = response.read().decode(errors="replace")
        if response.status >= 400:  # too large, or too late; the next invocation may do better
            Fault("Runtime.AnswerRefused", f"{response.status} {told}").log()


class Stream:
    """An answer on its way out. Once its reader is lost, the rest is dropped without a word.

    The connection stays open to the end even so: to close it in the middle could end the process,
    and with it what is still to be read and recorded.
    """

    def __init__(self, connection: HTTPConnection, path: str, patience: float | None) -> None:
        """Take the seconds for which the reader may block, in all; None: for ever."""
        self._connection = connection
        self._patience = patience
        self._lost = False
        connection.putrequest("POST", path, skip_accept_encoding=True)
        for name, value in _STREAM.items():
            connection.putheader(name, value)
        self._try(connection.endheaders)

    def send(self, data: bytes) -> None:
        whole = memoryview(data)
        for start in range(0, len(whole), _CHUNK_BYTES):
            part = whole[start : start + _CHUNK_BYTES]
            self._write(b"".join((b"%x\r\n" % len(part), part, b"\r\n")))

    def end(self, fault: Fault | None = None) -> None:
        """End the answer. A fault follows it, in trailers, as its head has left."""
        self._write(b"0\r\n%b\r\n" % (_trailers(fault) if fault else b""))
        self._try(self._be_acknowledged)
        if self._lost:
            self._connection.close()

    def _write(self, data: bytes) -> None:
        self._try(lambda: self._connection.send(data))

    def _be_acknowledged(self) -> None:
        self._connection.getresponse().read()
        self._connection.sock.settimeout(None)

    def _try(self, act: Callable[[], object]) -> None:
        """Do it, in the time that the reader has left, if it is not lost; see whether it is."""
        if self._lost:
            return
        began = time.monotonic()
        try:
            if self._connection.sock:
                self._connection.sock.settimeout(self._patience)
            act()
        except (OSError, HTTPException):
            self._lost = True
        if self._patience is not None:
            self._patience = max(0.001, self._patience - (time.monotonic() - began))


def _trailers(fault: Fault) -> bytes:
    body = base64.b64encode(fault.to_json()).decode()
    return f"{_ERROR_TYPE}: {fault.kind}\r\n{_ERROR_BODY}: {body}\r\n".encode()
