"""Runs one deployed function once, in a process of its own, as Lambda does.

`python -m local.invoke NAME < event.json` is that process: the result is JSON on stdout; what the
function prints goes to stderr.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from local import project
from local.lambda_runtime import LambdaContext, load_app, send_stdout_to_stderr

SCHEDULED_EVENT = {
    "version": "0",
    "id": "00000000-0000-4000-8000-000000000000",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": project.ACCOUNT,
    "time": "1970-01-01T00:00:00Z",
    "region": project.REGION,
    "resources": [f"arn:aws:events:{project.REGION}:{project.ACCOUNT}:rule/local"],
    "detail": {},
}
"""What EventBridge sends; Chalice needs all nine keys. The caller's own go on top."""


def run(
    function: str, event: Mapping[str, Any], environ: Mapping[str, str], *, stderr: int | None
) -> subprocess.CompletedProcess[bytes]:
    """Run a function, with `environ` in place of whatever AWS account this shell is set up for.

    Keys that a scheduled event needs and `event` has not are filled in; give `time`.
    """
    return subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "local.invoke", function],
        cwd=project.ROOT,
        env={**shell(), **environ},
        input=json.dumps({**SCHEDULED_EVENT, **event}).encode(),
        stdout=subprocess.PIPE,
        stderr=stderr,
        check=False,
    )


def shell() -> dict[str, str]:
    """Return this shell's environment, without its AWS account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def main() -> None:
    name = sys.argv[1]
    event: dict[str, Any] = json.load(sys.stdin)
    stdout = send_stdout_to_stderr()
    handler = load_app().handler_map[name]
    context = LambdaContext(project.function(name), os.environ["AWS_REGION"])
    result = handler(event, context)
    os.write(stdout, json.dumps(result).encode())


if __name__ == "__main__":
    main()
