"""The day's reports against the same verdicts: costs.csv row by row, the manifest number by number.

A row's dollars must be the sum of what the provider bills for the row's metered calls. Only where
the provider bills no single call (an endpoint's instance, a cut stream), or more than anybody can
know of it, do the gateway's own charges stand, so that a row is always checked whole. What capacity
costs by the hour is apart from that (`hours`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal

from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.pricing.capacity import Resource
from chalicelib.pricing.price_book import PriceBook
from chalicelib.usage_record import PRICE_FIELDS
from local.proof.evidence import GatewayCall, Json
from local.proof.hours import IDLE, DayResource, Hours
from local.proof.verdicts import ZERO, Verdict, charges_of

Row = tuple[str, str, str, str]
"""(date, team, service, model)."""

COUNTED_IN: Mapping[str, tuple[str, ...]] = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "cache_read_tokens": ("cache_read_tokens",),
    "cache_write_tokens": ("cache_write_tokens", "cache_write_1h_tokens"),
    "images": ("images",),
    "queries": ("queries",),
}
"""Which of a provider's counts add up to a column of costs.csv."""

PLAYED = ("video_ms", "input_video_ms", "input_audio_ms")
"""Counts in milliseconds that add up to `seconds`."""

NO_INVOCATION = frozenset({"deferred", "refused", "not_sent", "orphaned"})
BY_OUR_COUNT = frozenset({"derived", "partial"})
ENDS_INCOMPLETE = frozenset({"partial", "unknown", "orphaned"})
MAX_LISTED = 100  # request ids that a manifest names


@dataclass(slots=True)
class _Expected:
    """What a row of costs.csv must say, by the verdicts on its calls."""

    invocations: int = 0
    usage: Usage = NO_USAGE
    dollars: Decimal = ZERO
    priced: bool = False
    unpriced: bool = False
    incomplete: bool = False

    def add(self, verdict: Verdict) -> None:
        self.invocations += verdict.kind not in NO_INVOCATION
        self.incomplete |= verdict.kind in ENDS_INCOMPLETE
        if verdict.kind == "metered" and verdict.entry:
            self.usage += verdict.entry.usage
        elif verdict.kind in BY_OUR_COUNT and verdict.call:
            self.usage += verdict.call.usage
        self.priced |= any(charge.cost is not None for charge in verdict.charges)
        self.unpriced |= verdict.unpriced
        listed = verdict.list_price
        self.dollars += verdict.dollars if listed is None else listed

    @property
    def total(self) -> Decimal | None:
        return None if self.unpriced and not self.priced else self.dollars

    @property
    def status(self) -> str:
        if self.incomplete:
            return "INCOMPLETE"
        if not self.unpriced:
            return "PRICED"
        return "PARTLY_PRICED" if self.priced else "UNPRICED"


def cost_differences(
    verdicts: Iterable[Verdict],
    costs: Iterable[Mapping[str, str]],
    hours: Mapping[DayResource, Hours],
) -> Iterator[str]:
    """Compare every row of costs.csv with what its calls must add up to, and its hours with ours.

    The rows of capacity that nobody used have no calls.
    """
    expected: dict[Row, _Expected] = defaultdict(_Expected)
    for verdict in verdicts:
        if verdict.call:
            expected[verdict.call.row].add(verdict)
    for cells in costs:
        row = cells["date"], cells["team_id"], cells["service"], cells["model_id"]
        hourly = (row[0], *row[2:]) in hours
        due = expected.pop(row, _Expected() if hourly and row[1] == IDLE else None)
        if due is None:
            yield f"costs.csv has a row {' '.join(row)} of which no call is known"
            continue
        for difference in _row_differences(due, cells, hourly=hourly):
            yield f"costs.csv {' '.join(row)}: {difference}"
    for row in expected:
        yield f"costs.csv has no row {' '.join(row)}"


def _row_differences(due: _Expected, cells: Mapping[str, str], *, hourly: bool) -> Iterator[str]:
    counts = {
        column: sum(getattr(due.usage, name) for name in names)
        for column, names in COUNTED_IN.items()
    }
    for column, number in ({"invocations": due.invocations} | counts).items():
        if cells[column] != str(number):
            yield f"{column} is {cells[column]}, and by the provider {number}"
    played = sum(getattr(due.usage, name) for name in PLAYED)
    if Decimal(cells["seconds"]) * 1000 != played:
        yield f"seconds is {cells['seconds']}, and by the provider {played} ms"
    total = Decimal(cells["total_cost"]) if cells["total_cost"] else None
    if hourly and total is not None:
        total -= Decimal(cells["capacity_cost"] or 0)
    if total != due.total:
        yield f"total_cost is {_usd(total)}, and by the provider {_usd(due.total)}"
    if cells["status"] != due.status:
        yield f"status is {cells['status']}, and not {due.status}"


def _usd(amount: Decimal | None) -> str:
    return "empty" if amount is None else f"${amount:f}"


@dataclass(slots=True)
class _Day:
    calls: list[GatewayCall] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)

    def count(self, kind: str) -> int:
        return sum(verdict.kind == kind for verdict in self.verdicts)

    def of_source(self, source: str) -> int:
        records = [call.record for call in self.calls]
        return sum(each["n_usage"] for each in records if each["usage_source"] == source)

    def unpriced(self, book: PriceBook, hourly: Set[Resource]) -> int:
        """Count calls as the report does, which prices a line of counts.csv as a whole.

        A call that read nothing from a cache may be in the line of one that did.
        """
        lines: dict[tuple[str, ...], list[GatewayCall]] = defaultdict(list)
        for call in self.calls:
            record = call.record
            if record["n_usage"]:
                lines[record["team_id"], *(record[name] for name in PRICE_FIELDS)].append(call)
        return sum(
            len(line)
            for line in lines.values()
            if any(charge.cost is None for charge in charges_of(line, book, hourly))
        )

    def says(self, book: PriceBook, hourly: Set[Resource]) -> Iterator[tuple[str, object]]:
        """Yield what the day's manifest must say."""
        ends = [call.end["tollgate"] for call in self.calls if call.end]
        orphans = sorted(call.request_id for call in self.calls if call.end is None)
        unknown = self.count("unknown")
        yield "started", sum(call.started is not None for call in self.calls)
        yield "usage", ends.count("usage")
        yield "failed", ends.count("failed")
        yield "orphaned", len(orphans)
        yield "orphaned_request_ids", orphans[:MAX_LISTED]
        yield "unannounced", sum(call.started is None for call in self.calls)
        yield "duplicated", sum(call.copies > 0 for call in self.calls)
        yield "partial", self.count("partial")
        yield "derived", self.of_source("derived")
        yield "deferred", self.of_source("deferred")
        yield "unknown", unknown
        yield "unpriced", self.unpriced(book, hourly)
        yield "lost", 0
        yield "foreign", 0
        yield "complete", not (orphans or unknown)


def manifest_differences(
    verdicts: Iterable[Verdict],
    manifests: Sequence[Json],
    book: PriceBook,
    hourly: Set[Resource],
) -> Iterator[str]:
    """Compare every day's manifest with its verdicts, and hold that its beginnings have ends."""
    days: dict[str, _Day] = defaultdict(_Day)
    for verdict in verdicts:
        if verdict.call:
            day = days[verdict.call.row[0]]
            day.calls.append(verdict.call)
            day.verdicts.append(verdict)
    for manifest in manifests:
        for name, value in days.pop(manifest["date"], _Day()).says(book, hourly):
            stated = manifest[name]
            stated = list(stated) if isinstance(stated, tuple) else stated
            if stated != value:
                yield f"manifest {manifest['date']}: {name} is {stated}, and not {value}"
        if not balances(manifest):
            yield f"manifest {manifest['date']} does not balance"
    for date in sorted(days):
        yield f"there is no manifest of {date}"


def balances(manifest: Json) -> bool:
    begun = manifest["started"] + manifest["unannounced"]
    return bool(begun == manifest["usage"] + manifest["failed"] + manifest["orphaned"])
