"""`make demo`: the main job, end to end, on this machine, and on one screen."""

from local.demo.run import main

__all__ = ["main"]
