"""What each call is (`kinds`), and where its two sides differ."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from chalicelib.metering.usage import COUNTERS, NO_USAGE
from chalicelib.pricing.capacity import Resource
from chalicelib.pricing.charges import Charge, charges
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook
from chalicelib.usage_record import PRICE_FIELDS
from local.proof.endings import ending_differences, may_be_unsent
from local.proof.evidence import TOLD_APART, GatewayCall, ProviderEntry
from local.proof.kinds import Kind
from local.proof.matching import Match
from local.simulator.ledger import LOOK_UPS

BILLS_NOTHING: Mapping[Kind, str] = {
    "deferred": "job before it ended",
    "look_up": "look-up",
    "refused": "refused call",
}

TOLD_NOWHERE: Mapping[str, str] = {"rerank_chunks": "queries"}
"""What the provider alone counts, by the fault that makes it more than the request shows."""

UNRECORDED = LOOK_UPS - {"CountTokens"}
"""Operations that run no model: they ask after jobs."""

NO_ONE_PRICE = "mixed"
"""A variant that the gateway leaves unpriced on purpose: pictures of several prices in one call."""

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A call, what it is, and every difference between its two sides in words."""

    kind: Kind
    entry: ProviderEntry | None
    call: GatewayCall | None
    charges: tuple[Charge, ...] = ()  # the gateway's, of the call's own record
    differences: tuple[str, ...] = ()

    @property
    def unpriced(self) -> bool:
        """Something that the call used has no cost here."""
        return any(charge.cost is None for charge in self.charges)

    @property
    def dollars(self) -> Decimal:
        """What the gateway charges for it, without what has no price."""
        return sum((charge.cost for charge in self.charges if charge.cost is not None), ZERO)

    @property
    def list_price(self) -> Decimal | None:
        """The provider's price of a metered call that both sides price; else None."""
        billed = self.entry.billed if self.entry and self.kind == "metered" else None
        return None if self.unpriced else billed


def judge(match: Match, book: PriceBook, hourly: Set[Resource] = frozenset()) -> Verdict:
    """Say what the call is, and compare its two sides. `hourly` is billed by the hour."""
    entry, call = match.entry, match.call
    if call is None:
        return _unrecorded(entry)
    kind = _kind(call, entry)
    verdict = Verdict(kind, entry, call, charges_of([call], book, hourly))
    return replace(verdict, differences=tuple(_differences(verdict, call)))


def _unrecorded(entry: ProviderEntry | None) -> Verdict:
    if entry is None or entry.operation not in UNRECORDED:
        return Verdict("missing", entry, None, differences=("the gateway has no record of it",))
    billed = (f"the provider bills ${entry.billed:f} for a look-up",) if entry.billed else ()
    return Verdict("look_up", entry, None, differences=billed)


def _kind(call: GatewayCall, entry: ProviderEntry | None) -> Kind:
    if call.end is None:
        return "orphaned"
    if call.end["tollgate"] == "failed":
        return "refused" if entry else "not_sent"
    kind = _BY_SOURCE.get(call.end["usage_source"], "metered")
    if kind == "metered" and call.end["operation"] in LOOK_UPS:
        return "look_up"
    if kind == "metered" and entry and _counted_more(entry, call):
        return "derived"
    return kind


_BY_SOURCE: Mapping[str, Kind] = {
    "none": "unknown",
    "partial": "partial",
    "clock": "clock",
    "deferred": "deferred",
}


def _counted_more(entry: ProviderEntry, call: GatewayCall) -> bool:
    """Say whether a count that no answer tells is more than can be derived from the request."""
    name = TOLD_NOWHERE.get(entry.fault or "")
    derived = call.record["usage_source"] == "derived"
    return bool(name and derived and getattr(entry.usage, name) > getattr(call.usage, name))


def charges_of(
    calls: Sequence[GatewayCall], book: PriceBook, hourly: Set[Resource]
) -> tuple[Charge, ...]:
    """Price calls of one day and team under the same fields that select a price, together."""
    record = calls[0].record
    line = CountLine(
        team_id=record["team_id"],
        **{name: record[name] for name in PRICE_FIELDS},
        n_usage=sum(call.record["n_usage"] for call in calls),
        usage=sum((call.usage for call in calls), NO_USAGE),
    )
    return charges(line, book, date.fromisoformat(record["day"]), hourly)


def _differences(verdict: Verdict, call: GatewayCall) -> Iterator[str]:
    kind, entry = verdict.kind, verdict.entry
    yield from _pair_differences(call)
    if kind not in ("metered", "derived", "partial"):
        yield from _counts_nothing(call)
    if kind == "clock" and call.record["service"] != "sagemaker":
        yield "its counts are missing: only an endpoint may be metered by the clock"
    yield from ending_differences(kind, entry, call)
    if entry is None:
        if not may_be_unsent(kind, call):
            yield "the provider has no such call"
        return
    if entry.team != call.record["team_id"]:
        yield f"the provider was told team {entry.team}"
    if entry.model != call.record["model_id"]:
        yield f"the provider ran {entry.model}"
    if kind == "metered":
        yield from _count_differences(entry, call)
        yield from _dollar_differences(verdict, entry, call)
    elif kind == "derived":
        yield from _count_differences(entry, call, but=TOLD_NOWHERE[entry.fault or ""])
    elif kind == "partial":
        yield from _excess(entry, call)
    elif kind in BILLS_NOTHING and entry.billed:
        yield f"the provider bills ${entry.billed:f} for a {BILLS_NOTHING[kind]}"


def _pair_differences(call: GatewayCall) -> Iterator[str]:
    if call.started is None:
        yield "it ended and has no record of its beginning"
    elif call.end:
        for name in ("request_id", "team_id", "key_id", "model_id", "day"):
            if call.started[name] != call.end[name]:
                yield f"its two records name {call.started[name]} and {call.end[name]} as {name}"


def _counts_nothing(call: GatewayCall) -> Iterator[str]:
    for name, amount in call.usage.as_dict().items():
        if amount and name != TOLD_APART:
            yield f"{name} is {amount}, though nothing was counted"


def _count_differences(entry: ProviderEntry, call: GatewayCall, but: str = "") -> Iterator[str]:
    for name in COUNTERS:
        ours, theirs = getattr(call.usage, name), getattr(entry.usage, name)
        if ours != theirs and name not in (TOLD_APART, but):
            yield f"{name}: gateway {ours}, provider {theirs}"


def _excess(entry: ProviderEntry, call: GatewayCall) -> Iterator[str]:
    for name in COUNTERS:
        ours, theirs = getattr(call.usage, name), getattr(entry.usage, name)
        if ours > theirs and name != TOLD_APART:
            yield f"{name}: gateway {ours}, provider only {theirs}"


def _dollar_differences(verdict: Verdict, entry: ProviderEntry, call: GatewayCall) -> Iterator[str]:
    if entry.service == "sagemaker":
        return  # billed by the instance's hour: what a call costs is the operator's rate
    if entry.billed is None:
        if not verdict.unpriced:
            yield f"the gateway charges ${verdict.dollars:f}, the provider lists no price"
    elif verdict.unpriced:
        if NO_ONE_PRICE not in call.record["variant"]:
            yield f"the gateway has no price for it, the provider bills ${entry.billed:f}"
    elif entry.billed != verdict.dollars:
        yield f"dollars: gateway {verdict.dollars:f}, provider {entry.billed:f}"
