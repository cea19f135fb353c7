"""Waiting for a signal, in the main thread, so that none is missed."""

import os
import signal
from typing import NoReturn


def wait_for_signals() -> NoReturn:
    """Let handlers run as signals come, until one of them ends the process or raises.

    `signal.pause` would sleep through one that came just before it. Here each leaves a byte to be
    read (Python's documentation, `signal.set_wakeup_fd`).
    """
    arrived, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    while True:
        os.read(arrived, 1)
