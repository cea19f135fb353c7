"""Progress: a bar that comes and goes on a terminal, a few plain lines anywhere else."""

import sys
from math import ceil
from typing import TextIO

WIDTH = 40
PLAIN_LINES = 1
_CLEAR = "\r\x1b[K"


class Progress:
    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._bar = out.isatty()

    def step(self, words: str) -> None:
        """Say what begins now."""
        if self._bar:
            self._write(f"{_CLEAR}{words} …")

    def of(self, words: str, total: int, done: int) -> None:
        """Say how far it is: `done` of `total`."""
        if self._bar:
            full = WIDTH * done // total
            self._write(f"{_CLEAR}[{'#' * full}{'.' * (WIDTH - full)}] {done}/{total} {words}")
        elif done == total or done % ceil(total / PLAIN_LINES) == 0:
            self._write(f"{done}/{total} {words}\n")

    def clear(self) -> None:
        if self._bar:
            self._write(_CLEAR)

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
