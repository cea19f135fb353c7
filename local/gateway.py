"""The gateway as a process of its own: `python -m local.gateway --port N`.

Serves the Chalice app as API Gateway and Lambda would, over kept-alive HTTP/1.1, and with a
certificate over TLS besides. The first line on stdout is JSON: `gateway` and `gateway_tls`, their
URLs; `functions`, Lambda's own (local/functions/server.py); `queues`, what a queue delivers to.
Everything after that is a log, on stderr. It ends with SIGTERM, or when the pipe that is its stdin
closes, as it does when the parent dies; so do the functions' processes.
"""

import argparse
import json
import os
import signal
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from functools import partial
from socketserver import BaseServer
from typing import Any

from chalice.app import Chalice

from local import credentials, project
from local.api_gateway import ApiGateway
from local.functions.deployment import API_HANDLER, api_handler, other_functions, queues
from local.functions.server import FunctionsServer
from local.functions.service import PROCESSES, Functions
from local.http_server import Server, TlsServer
from local.integrations import INTEGRATION_TIMEOUT_S, Buffered, Integration, Streamed
from local.lambda_runtime import LambdaContext, load_app, send_stdout_to_stderr
from local.signals import wait_for_signals

ANSWERS = ("stream", "buffered")


def main() -> None:
    arguments = _arguments()
    stdout = send_stdout_to_stderr()
    project.STATE.mkdir(exist_ok=True)
    with (
        project.FUNCTIONS_LOG.open("ab") as log,
        closing(Functions(log.fileno(), arguments.processes)) as functions,
    ):
        _end_with_our_parent(functions)
        app = _deployed(arguments, functions)
        api = ApiGateway(app, _integration(arguments, app, functions))
        first_line = {**_serving(arguments, api, functions), "queues": _queues(app)}
        os.write(stdout, json.dumps(first_line).encode() + b"\n")
        os.close(stdout)
        wait_for_signals()


def _deployed(arguments: argparse.Namespace, functions: Functions) -> Chalice:
    """Deploy the app's functions. While it is imported here, a first process starts, too."""
    functions.deploy(api_handler(arguments.app, os.environ))
    streams = arguments.answers == "stream"
    if not streams:
        os.environ.update(credentials.of_function(API_HANDLER))  # it runs in this process
    with ThreadPoolExecutor(1) as at_once:
        warm = at_once.submit(functions.warm, API_HANDLER) if streams else None
        app = load_app(arguments.app)
        functions.deploy(*other_functions(app, arguments.app, os.environ))
    if warm:
        warm.result()
    return app


def _integration(arguments: argparse.Namespace, app: Chalice, functions: Functions) -> Integration:
    if arguments.answers == "stream":
        return Streamed(functions, API_HANDLER)
    function = project.function(API_HANDLER)
    region = os.environ.get("AWS_REGION", project.REGION)
    context = partial(LambdaContext, function, region)
    return Buffered(app, context, arguments.integration_timeout)


def _serving(
    arguments: argparse.Namespace, api: ApiGateway, functions: Functions
) -> dict[str, str]:
    """Serve, each server in a thread of its own; return their URLs."""
    plain = Server(("127.0.0.1", arguments.port), api)
    lambdas = FunctionsServer(functions)
    urls = {"gateway": f"http://127.0.0.1:{plain.server_port}", "functions": lambdas.url}
    servers: list[BaseServer] = [plain, lambdas]
    if arguments.certificate:
        tls = TlsServer(("127.0.0.1", 0), api, arguments.certificate)
        urls["gateway_tls"] = f"https://127.0.0.1:{tls.server_port}"
        servers.append(tls)
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(3600,), daemon=True).start()
    return urls


def _queues(app: Chalice) -> list[dict[str, Any]]:
    return [asdict(source) for source in queues(app)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.gateway", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--certificate", help="PEM with key and chain: serve TLS as well")
    parser.add_argument("--app", default="app", help="the module that holds the Chalice app")
    parser.add_argument(
        "--answers",
        choices=ANSWERS,
        default=ANSWERS[0],
        help="stream: every answer, out of Lambda processes; buffered: the API in this process",
    )
    parser.add_argument("--processes", type=int, default=PROCESSES, help="of one function, at most")
    parser.add_argument("--integration-timeout", type=float, default=INTEGRATION_TIMEOUT_S)
    return parser.parse_args()


def _end_with_our_parent(functions: Functions) -> None:
    """End with a signal, or with stdin, if it is a pipe: its other end is the parent's alone.

    Requests that still run must not hold the process, as an ordinary exit would.
    """

    def end(*_: object) -> None:
        functions.close()
        os._exit(0)

    def watch() -> None:
        while os.read(0, 4096):
            pass
        end()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=watch, name="parent", daemon=True).start()


if __name__ == "__main__":
    main()
