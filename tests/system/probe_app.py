"""A Chalice app that shows what the gateway process gives a function."""

import os

from chalice.app import Chalice, Response

app = Chalice("probe")


@app.route("/echo", methods=["GET", "POST"], content_types=["*/*"])
def echo():
    event = app.current_request.to_original_event()
    return {"event": event, "function": app.lambda_context.function_name, "pid": os.getpid()}


@app.route("/empty", methods=["GET"])
def empty():
    return Response("", status_code=204)
