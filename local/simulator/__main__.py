"""`python -m local.simulator`: the simulator alone, until Ctrl-C."""

import argparse
import json
import signal
import threading

from local.simulator.containers import CONTAINERS
from local.simulator.server import Simulator


def main() -> None:
    """Serve; the first line on stdout is JSON with the addresses."""
    parser = argparse.ArgumentParser(prog="python -m local.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--s3-url", help="an S3 for media that requests name, and jobs' output")
    parser.add_argument("--job-looks", type=int, help="a job completes after so many looks")
    parser.add_argument(
        "--endpoint",
        action="append",
        default=[],
        metavar="NAME=CONTAINER",
        help=f"a SageMaker endpoint; container is one of {', '.join(CONTAINERS)}",
    )
    arguments = parser.parse_args()
    endpoints = dict(pair.partition("=")[::2] for pair in arguments.endpoint)
    done = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: done.set())
    with Simulator(
        arguments.seed,
        endpoints,
        arguments.host,
        arguments.port,
        s3_url=arguments.s3_url,
        job_looks=arguments.job_looks,
    ) as simulator:
        addresses = dict.fromkeys(("bedrock", "sagemaker", "control"), simulator.url)
        print(json.dumps(addresses), flush=True)
        done.wait()


if __name__ == "__main__":
    main()
