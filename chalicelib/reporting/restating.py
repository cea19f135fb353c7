"""Restating: a day's files are put where their bytes are new, and its manifest last.

All of it under the day's claim. The manifest is put on the condition that it is still the one that
was read: the claim keeps others out, and this finds whoever wrote without one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Self

from chalicelib.pricing.costs import CostLine
from chalicelib.reporting.claims import Claim
from chalicelib.reporting.cost_rows import read_rows, row_of
from chalicelib.reporting.differences import differences, moved
from chalicelib.reporting.insights import IncompleteReport
from chalicelib.reporting.manifest import MAX_LISTED, Manifest, Restated
from chalicelib.reporting.reported_day import costs_key, manifest_key
from chalicelib.reporting.store import Rendered, ReportStore
from chalicelib.usage_record import rfc3339

ADJUSTED: Final = "adjusted/"
"""Before the keys of a day's files once its month is closed: what is closed stays as it is."""


class Overtaken(IncompleteReport):
    """Another report of the day was written meanwhile. Reporting the day again mends it."""


@dataclass(frozen=True, slots=True)
class Remade:
    """A day's report that is rendered and not yet written."""

    files: Sequence[Rendered]
    manifest: Manifest  # states the hashes of all files that there are to be
    costs: Sequence[CostLine]  # what costs.csv is made of
    at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a report of a day."""

    manifest: Manifest
    changed: tuple[str, ...] = ()  # keys of the files that were written or deleted
    adjustments: int = 0  # rows that a closed month's adjustments gained


@dataclass(frozen=True, slots=True)
class HeldDay:
    """What S3 holds of a day's report, and the sole right to write it anew."""

    store: ReportStore
    claim: Claim
    day: date
    manifest: Manifest | None
    etag: str | None  # of the manifest
    prefix: str = ""  # before the keys of the day's files: "" or ADJUSTED

    @classmethod
    def read(cls, store: ReportStore, claim: Claim, day: date, prefix: str = "") -> Self:
        """Raises ValueError where the manifest cannot be read."""
        kept = store.kept(prefix + manifest_key(day))
        manifest = Manifest.from_json(kept.body) if kept else None
        return cls(store, claim, day, manifest, kept.etag if kept else None, prefix)

    @property
    def hashes(self) -> Mapping[str, str]:
        return self.manifest.hashes if self.manifest else {}

    def restate(self, remade: Remade) -> Outcome:
        """Write what is new, delete what is no more, and say so in the manifest.

        Raises ClaimLost or Overtaken; the claim then stays unclean.
        """
        changed = _changed(self.hashes, remade.manifest.hashes)
        manifest = self._with_history(remade, changed)
        if not (self.claim.clean and manifest == self.manifest):
            self._write(remade.files, manifest)
        return Outcome(manifest, tuple(changed))

    def _write(self, files: Sequence[Rendered], manifest: Manifest) -> None:
        known = self.hashes if self.claim.clean else {}
        self.claim.clean = False
        new = [each for each in files if known.get(each.file.key) != each.sha256]
        self.store.write_all(new, self.claim.hold)
        for key in sorted(self.hashes.keys() - manifest.hashes.keys()):
            self.claim.hold()
            self.store.delete(key)
        self.claim.hold()
        if not self.store.put_if(
            self.prefix + manifest_key(self.day), manifest.to_json(), self.etag
        ):
            raise Overtaken(f"another report of {self.day} was written meanwhile")
        self.claim.clean = True

    def _with_history(self, remade: Remade, changed: Sequence[str]) -> Manifest:
        if self.manifest is None:
            return remade.manifest
        again = [self._restated(remade, changed)] if changed else []
        return replace(remade.manifest, restated=(*self.manifest.restated, *again))

    def _restated(self, remade: Remade, changed: Sequence[str]) -> Restated:
        """Compare with the costs that are there, unless a writer died over them."""
        at, files = rfc3339(remade.at), tuple(changed[:MAX_LISTED])
        key = self.prefix + costs_key(self.day)
        if not self.claim.clean:
            return Restated(at, files, {}, "")
        if key not in changed:
            return Restated(at, files, {}, "0")
        found = moved(differences(read_rows(self.store.chunks(key)), map(row_of, remade.costs)))
        return Restated(at, files, found.rows, f"{found.cost.normalize():+f}")


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
