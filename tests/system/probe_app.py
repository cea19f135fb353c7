"""A Chalice app that shows what the gateway process and Lambda give a function."""

import json
import os
import resource
from collections.abc import Iterator

from chalice.app import Chalice, Response

from chalicelib.surfaces.answers import StreamedAnswer
from tests.gates import pass_through

app = Chalice("probe")
PIECE = bytes(65_536)


@app.route("/echo", methods=["GET", "POST"], content_types=["*/*"])
def echo():
    event = app.current_request.to_original_event()
    return {"event": event, "function": app.lambda_context.function_name, "pid": os.getpid()}


@app.route("/empty", methods=["GET"])
def empty():
    return Response("", status_code=204)


@app.route("/stream", methods=["GET"])
def stream():
    query = app.current_request.query_params
    return StreamedAnswer(200, pieces(int(query["gate"]), query.get("fail")), {}, "text/plain")


def pieces(gate: int, fail: str | None) -> Iterator[bytes]:
    """Two pieces, each with a gate behind it, and a gate at the end."""
    try:
        for piece in ("one", "two"):
            if fail == piece:
                raise ValueError(f"no {piece}")
            yield piece.encode()
            pass_through(gate, piece)
    finally:
        pass_through(gate, "ended")


@app.route("/large", methods=["GET"])
def large():
    count = int(app.current_request.query_params["pieces"])
    return StreamedAnswer(200, (PIECE for _ in range(count)), {}, "application/octet-stream")


@app.route("/memory", methods=["GET"])
def memory():
    return {"pid": os.getpid(), "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}


@app.on_sqs_message(queue="tollgate-local-streams")
def stream_worker(event):
    for record in event:
        told = json.loads(record.body)
        pass_through(told["gate"], record.receipt_handle)
        if "fail" in told:
            raise ValueError(told["fail"])
