"""Sees to it that no process outlives us, however we end.

A stopped process cannot see that its parent is gone. A shell can: it waits for the end of a pipe
that we alone hold, and then kills its whole process group, which all of our processes are in.
"""

import subprocess


class Reaper:
    """A process group that ends with us; `group` is its id."""

    def __init__(self) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", "read -r _; kill -KILL 0"], stdin=subprocess.PIPE, process_group=0
        )
        self.group = self._shell.pid

    def close(self) -> None:
        """Kill everything in the group."""
        self._shell.communicate()
