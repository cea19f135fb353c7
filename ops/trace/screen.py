"""What a trace shows, line by line: tenant, records, arithmetic, CloudTrail, report."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from chalicelib.pricing.capacity import Resource
from chalicelib.pricing.charges import Charge
from chalicelib.pricing.price_file import plain
from chalicelib.reporting.months.adjustments import adjustments_key
from chalicelib.reporting.months.month import Month
from chalicelib.tenants.nouns import Tenant
from ops.trace.day import Day
from ops.trace.history import Event, Missing
from ops.trace.records import Call, Record

_NAMES: Final = 9  # columns of a line's name


def lines_of(call: Call, tenant: Tenant | None, event: Event | Missing, day: Day) -> Iterator[str]:
    """Yield a call's trace."""
    record = call.any
    yield _line("call", f"{record['operation']} {record['model_id']}, {_place(record)}")
    yield _line("tenant", f"{_named(record, tenant)}, key {record['key_id']}")
    yield _line("started", _record(call.started) if call.started else "no record: unannounced")
    yield from _end(call)
    if call.copies:
        yield _line("", f"{call.copies} more, the same written again: each counts once")
    yield from _arithmetic(call, day)
    yield _line("AWS", _event(event))
    yield from _report(call, day)


def _place(record: Record) -> str:
    where = f"{record['region']}, {record['account']}, {record['basis']}"
    return where if record["geo"] == "none" else f"{where}, geo {record['geo']}"


def _named(record: Record, tenant: Tenant | None) -> str:
    if tenant is None:
        return f"{record['team_id']} (nobody of that name is known)"
    parent = f" of {tenant.parent}" if tenant.parent else ""
    return f"{tenant.team_id} ({tenant.kind}{parent})"


def _record(record: Record) -> str:
    return f"{record['time']} record {record['event_id']}, no. {record['seq']} of its process"


def _end(call: Call) -> Iterator[str]:
    end = call.end
    if end is None:
        yield _line("end", "no record: orphaned; what it used is not known")
        return
    yield _line(end["tollgate"], _record(end))
    error = "" if end["error_code"] == "none" else f" {end['error_code']}"
    counted = f"counted by: {end['usage_source']}" if end["tollgate"] == "usage" else "costs 0"
    yield _line("", f"status {end['status_code']}{error} after {end['latency_ms']} ms; {counted}")


def _arithmetic(call: Call, day: Day) -> Iterator[str]:
    if call.end is None or call.end["tollgate"] == "failed":
        return
    line = call.line
    if Resource(line.service, line.region, line.model_id) in day.shares.resources:
        yield _line("cost", "a share of the hours of what it ran on: capacity_cost below")
        return
    charged = day.charges(line)
    for charge in charged:
        yield _line("", _charge(charge, day))
    yield _line("cost", _sum(charged))


def _charge(charge: Charge, day: Day) -> str:
    if charge.price is None or charge.cost is None:
        return f"{charge.unit:21} {charge.quantity:>9,} x ?  no price is in force"
    product = f"{charge.quantity:>9,} x {plain(charge.price.usd_per_unit)} = {plain(charge.cost)}"
    row = day.price_line(charge.price)
    return f"{charge.unit:21} {product}" + (f"  {row.key} line {row.number}" if row else "")


def _sum(charged: tuple[Charge, ...]) -> str:
    known = [charge.cost for charge in charged if charge.cost is not None]
    if not charged:
        return "0: nothing that is billed was used"
    if len(known) < len(charged):
        return f"{plain(sum(known, Decimal()))} US dollars, and what has no price"
    return f"{plain(sum(known, Decimal()))} US dollars"


def _event(event: Event | Missing) -> str:
    if isinstance(event, Missing):
        return event.why
    error = f", {event.error}" if event.error else ""
    return (
        f"CloudTrail: {event.name} {event.time}{error}, requestID {event.request_id},"
        f" by {event.caller.rpartition(':')[2]}"
    )


def _report(call: Call, day: Day) -> Iterator[str]:
    if day.manifest is None:
        yield _line("report", f"{day.day} is not reported yet; these are the prices in force")
        return
    yield _line("report", _place_in_report(call, day))
    whole = "complete" if day.manifest.complete else "not complete"
    same = "that is the file" if day.trusted else "the file is ANOTHER: report the day again"
    yield _line("manifest", f"{whole}; sha256 of costs.csv {day.manifest.csv_sha256[:16]}…, {same}")
    if day.closed_at:
        yield _line("month", _books(day))


def _place_in_report(call: Call, day: Day) -> str:
    if day.read_before(call.ended):
        return f"{day.day} was reported before this call ended, which is not in it: report it again"
    row = day.cost_line(call.line, call.counted_as)
    return f"{row.key} line {row.number}: {row.text}" if row else "no line of costs.csv has it"


def _books(day: Day) -> str:
    month = Month.of(day.day)
    books = f"{month} was closed at {day.closed_at}"
    if day.prefix:
        return f"{books}, and the day adjusted since then: {adjustments_key(day.day)}"
    return f"{books}; its lines are in {month.costs_key}"


def _line(name: str, text: str) -> str:
    return f"{name:{_NAMES}}{text}"
