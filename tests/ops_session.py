"""Commands of `python -m ops`, each as if typed by itself; read and answered as JSON.

Run as a program, so that what an operator's command imports and sets is not in the tests' process.
"""

import contextlib
import io
import json
import os
import sys
import time
import traceback
from typing import Any


def run(argv: list[str]) -> dict[str, Any]:
    """Run one command; tell its exit status, its last words, and the traceback that it ended in."""
    from ops import __main__ as command_line

    before, out, err, fault = dict(os.environ), io.StringIO(), io.StringIO(), ""
    status: object = None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = command_line.main(argv)
        except BaseException:  # an operator would see it
            fault = traceback.format_exc()
    os.environ.clear()
    os.environ.update(before)
    return {"status": status, "out": out.getvalue(), "err": err.getvalue(), "fault": fault}


def sleep_at_once() -> None:
    """Let a pause take no time, and the clock go on by it."""
    slept, clock = [0.0], time.monotonic
    time.monotonic = lambda: clock() + slept[0]
    time.sleep = lambda seconds: slept.__setitem__(0, slept[0] + seconds)


if __name__ == "__main__":
    sleep_at_once()
    sys.stdout.write(json.dumps([run(argv) for argv in json.load(sys.stdin)]))
