"""Finding: what one look at the gateway came to."""

from dataclasses import dataclass
from typing import Final, Literal

RUNBOOK: Final = "docs/runbook.md"
GONE: Final = f"{RUNBOOK}#what-was-deleted-or-changed-by-hand"


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the screen, and below it what to do where something is wrong."""

    name: str
    says: str
    todo: str = ""
    state: Literal["ok", "note", "WRONG"] = "ok"

    def lines(self) -> list[str]:
        first = f"{self.state:6} {self.name:13} {self.says}"
        return [first, f"{'':20} -> {self.todo}"] if self.todo else [first]


def ok(name: str, says: str) -> Finding:
    return Finding(name, says)


def note(name: str, says: str, todo: str = "") -> Finding:
    """Say what is to be known, and is no fault."""
    return Finding(name, says, todo, "note")


def wrong(name: str, says: str, todo: str) -> Finding:
    return Finding(name, says, todo, "WRONG")


def runbook(alarm: str) -> str:
    """Name the section that tells what to do about an alarm."""
    return f"{RUNBOOK}#{alarm}"
