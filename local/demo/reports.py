"""Each day reported twice, and what S3 then held, copied to where it outlives the stack."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from chalicelib.reporting.reported_day import costs_key, counts_key, manifest_key
from local import project
from local.proof.collect import fetch, report
from local.proof.evidence import Evidence
from local.stack import Stack

KEPT = project.STATE / "demo"
Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DayReport:
    """A day's report, made once and again."""

    day: date
    first: Manifest
    again: Manifest
    costs_csv: bytes

    @property
    def same(self) -> bool:
        """The second report wrote the same bytes, and they are the ones that its manifest names."""
        written = hashlib.sha256(self.costs_csv).hexdigest()
        return bool(self.first["csv_sha256"] == self.again["csv_sha256"] == written)


def report_twice(stack: Stack, day: date) -> DayReport:
    first = report(stack, day)
    again = report(stack, day)
    return DayReport(day, first, again, fetch(stack, costs_key(day)))


def keep(stack: Stack, days: Iterable[date], evidence: Evidence) -> None:
    """Copy the reports and both ledgers to KEPT, in the place of an earlier demo's."""
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    for day in days:
        for key in (costs_key(day), counts_key(day), manifest_key(day)):
            path = KEPT / key
            path.parent.mkdir(parents=True)
            path.write_bytes(fetch(stack, key))
    for name, ledger in (("usage", evidence.records), ("provider", evidence.provider)):
        lines = "".join(json.dumps(line) + "\n" for line in ledger)
        (KEPT / f"{name}.jsonl").write_text(lines, encoding="utf-8")
