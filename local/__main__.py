"""AWS and the gateway on this machine: `python -m local serve | env | invoke | demo | …`."""

import argparse
import json
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from local import project
from local.signals import wait_for_signals


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="run the stack until Ctrl-C")
    serving.add_argument("--port", type=int, default=8000, help="the gateway's; 0 takes any")
    serving.add_argument("--bedrock-url", help="a Bedrock Runtime in the simulator's place")
    serving.add_argument("--sagemaker-url", help="a SageMaker Runtime in the simulator's place")
    serving.add_argument("--seed", type=int, default=1, help="of the simulator")
    commands.add_parser("env", help="print the running stack's environment, for eval")
    invoking = commands.add_parser(
        "invoke", help="run a scheduled function now: nothing runs the schedules here"
    )
    invoking.add_argument(
        "function", metavar="NAME", choices=project.scheduled(), help="%(choices)s"
    )
    invoking.add_argument("--time", type=_utc, default="now", help="the event's own, in UTC")
    commands.add_parser("demo", help="the main job, end to end", add_help=False)
    breaking = commands.add_parser("stream-faults", help="break streams in every way there is")
    breaking.add_argument("--streams", type=int, default=320, help="how many (%(default)s)")
    breaking.add_argument("--seed", type=int, help="of an earlier run, which printed it")
    arguments, rest = parser.parse_known_args(argv)
    if rest and arguments.command != "demo":
        parser.error(f"unknown: {' '.join(rest)}")
    return _COMMANDS[arguments.command](arguments)


def serve(arguments: argparse.Namespace) -> int:
    """Run the stack; the first line says where everything is."""
    from local.stack import Stack

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _stop)
    with Stack(
        port=arguments.port,
        seed=arguments.seed,
        bedrock_url=arguments.bedrock_url,
        sagemaker_url=arguments.sagemaker_url,
    ) as stack:
        running = {
            "pid": os.getpid(),
            "environ": stack.environ,
            "functions": stack.urls["functions"],
        }
        project.RUNNING.write_text(json.dumps(running), encoding="utf-8")
        try:
            print(json.dumps(stack.urls), flush=True)
            wait_for_signals()
        finally:
            project.RUNNING.unlink(missing_ok=True)
    return 0


def env(_arguments: argparse.Namespace) -> int:
    """Print `export NAME=value` lines: eval "$(python -m local env)"."""
    running = _running()
    if running is None:
        return _no_stack()
    for name, value in running["environ"].items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def invoke(arguments: argparse.Namespace) -> int:
    """Run a function as its schedule would, on the stack that runs; print its result, as JSON."""
    from local.functions.client import FunctionsClient
    from local.functions.faults import FunctionError
    from local.schedule import scheduled_event

    running = _running()
    if running is None:
        return _no_stack()
    event = scheduled_event({"time": arguments.time})
    try:
        result = FunctionsClient(running["functions"]).invoke(arguments.function, event)
    except FunctionError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0


def demo(_arguments: argparse.Namespace) -> int:
    from local import demo as the_demo

    return the_demo.main() or 0


def stream_faults(arguments: argparse.Namespace) -> int:
    from local import stream_faults as the_run

    return the_run.main(arguments.streams, arguments.seed)


def _running() -> dict[str, Any] | None:
    """Return how to reach the stack that runs, or None where it has left or crashed."""
    try:
        running: dict[str, Any] = json.loads(project.RUNNING.read_text(encoding="utf-8"))
        os.kill(running["pid"], 0)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return running


def _no_stack() -> int:
    print("No stack runs here: start one with `python -m local serve`.", file=sys.stderr)
    return 1


def _utc(text: str) -> str:
    """Read the time of an event as EventBridge writes it: whole seconds, in UTC."""
    at = datetime.now(UTC) if text == "now" else datetime.fromisoformat(text)
    return (at.astimezone(UTC) if at.tzinfo else at).strftime("%Y-%m-%dT%H:%M:%SZ")


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


_COMMANDS = {
    "serve": serve,
    "env": env,
    "invoke": invoke,
    "demo": demo,
    "stream-faults": stream_faults,
}

if __name__ == "__main__":
    sys.exit(main())
