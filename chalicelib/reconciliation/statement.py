"""Statement: what a reconciliation found, as a file, as numbers and in one sentence. Pure.

`reconciled.json` is written last, and says of which counts and by which file it is true.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self, get_args

from chalicelib.reconciliation.causes import EXPLAINED, Cause, told
from chalicelib.reconciliation.row import Row, Status, write
from chalicelib.reporting.reported_day import CSV, JSON, File

SCHEMA: Final = 1
Finding = tuple[str, Cause]
"""A cause of one scope, whichever of its units differ."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A day or a month, reconciled."""

    period: str  # `date=2026-11-23` or `month=2026-11`
    folder: str  # of the CSV, before the period
    rows: tuple[Row, ...]
    of: Mapping[str, str]  # SHA-256 of what was reconciled, by date
    final: bool = True  # False where AWS's own numbers may still change
    told: bool = False  # whether the morning has told what differs

    @property
    def csv_key(self) -> str:
        return f"{self.folder}/{self.period}/reconciliation.csv"

    @property
    def key(self) -> str:
        return reconciled_key(self.period)

    @property
    def statuses(self) -> dict[str, int]:
        found = Counter(row.status for row in self.rows)
        return {status: found[status] for status in get_args(Status)}

    @property
    def differences(self) -> list[Row]:
        return [row for row in self.rows if row.status == "difference"]

    @property
    def findings(self) -> dict[Finding, int]:
        """Return what is to be looked into, and of how many calls it is; 0: nobody can tell."""
        return _findings(self.differences, Cause)

    def sentence(self) -> str:
        """Say it as one line."""
        found = self.findings
        if not found:
            return "no difference"
        calls: Counter[Cause] = Counter()
        for (_, cause), number in found.items():
            calls[cause] += max(number, 1)
        words = ", ".join(told(cause, number) for cause, number in calls.items())
        return f"{len(found)} difference{'s' * (len(found) != 1)}, found: {words}"

    def explained(self) -> str:
        """Say what else was not the same and is no difference; empty where nothing was."""
        rows = [row for row in self.rows if row.status == "explained"]
        calls: Counter[Cause] = Counter()
        for (_, cause), number in _findings(rows, Cause).items():
            calls[cause] += max(number, 1)
        return ", ".join(told(cause, number) for cause, number in calls.items())

    def hidden(self) -> list[str]:
        """Say of each number what direct calls it could hide, though it is explained."""
        return [f"{row.scope} {row.unit} {row.hidden}" for row in self.rows if row.hidden]

    def files(self) -> tuple[File, File]:
        """Return the CSV and what is written after it."""
        content = write(self.rows)
        said = {
            "schema": SCHEMA,
            "period": self.period,
            "final": self.final,
            "told": self.told or not self.differences,
            "rows": self.statuses,
            "said": self.sentence(),
            "of": self.of,
            "csv_sha256": hashlib.sha256(content).hexdigest(),
        }
        body = (json.dumps(said, indent=2) + "\n").encode()
        return (
            File(self.csv_key, CSV, lambda: iter((content,))),
            File(self.key, JSON, lambda: iter((body,))),
        )


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a kept reconciled.json says of itself."""

    of: Mapping[str, str]
    final: bool
    told: bool  # nothing of it is left to be told
    csv_sha256: str

    @classmethod
    def read(cls, content: bytes | None) -> Self | None:
        """Read one; None where there is none that can be read: it is made anew."""
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            said: dict[str, Any] = json.loads(content or b"")
            told = bool(said.get("told"))  # not said by the first of them: looked at once more
            return cls(dict(said["of"]), bool(said["final"]), told, str(said["csv_sha256"]))
        return None


def reconciled_key(period: str) -> str:
    return f"reconciled/{period}/reconciled.json"


def _findings(rows: Iterable[Row], causes: Iterable[Cause]) -> dict[Finding, int]:
    wanted = set(causes)
    found: dict[Finding, int] = {}
    for row in rows:
        for cause in row.causes:
            if cause in wanted and not (cause in EXPLAINED and row.status == "difference"):
                key = (row.scope, cause)
                found[key] = max(found.get(key, 0), row.calls)
    return found
