"""Runs one deployed function once: `python -m local.invoke NAME < event.json`.

The result is JSON on stdout; what the function prints goes to stderr.
"""

import json
import os
import sys
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


def main() -> None:
    name = sys.argv[1]
    event: dict[str, Any] = {**SCHEDULED_EVENT, **json.load(sys.stdin)}
    stdout = send_stdout_to_stderr()
    handler = load_app().handler_map[name]
    context = LambdaContext(project.function(name), os.environ["AWS_REGION"])
    result = handler(event, context)
    os.write(stdout, json.dumps(result).encode())


if __name__ == "__main__":
    main()
