"""The statement: a line for each kind of call, and whether the two ledgers are one."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from chalicelib.metering.usage import COUNTERS, NO_USAGE, Usage
from chalicelib.pricing.price_book import PriceBook
from local.proof.bill import PLAYED, cost_differences, manifest_differences
from local.proof.endings import is_lost
from local.proof.evidence import Evidence, GatewayCall, ProviderEntry, gateway_calls
from local.proof.hours import DayResource, Hours, by_the_hour, hours_of, share_differences
from local.proof.kinds import Kind
from local.proof.matching import match
from local.proof.readings import reading_differences
from local.proof.verdicts import ZERO, Verdict, judge
from local.simulator.ledger import SETTLEMENT
from local.traffic.reading import Read

WORDS = 17  # columns for what is counted
MAX_SHOWN = 20  # mismatches in full
GUARDRAIL_UNITS = tuple(name for name in COUNTERS if name.startswith("guardrail_"))
MAX_IDS = 1  # request ids on a line; the manifest lists more


_DOLLARS_TOO = "counts and dollars equal, call by call"
Kinds = tuple[str, Sequence[Verdict], str]
"""What to call some calls, which they are, and what is to be said of them."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The verdict on every call, and every mismatch in words. It holds where there is none."""

    verdicts: tuple[Verdict, ...]
    mismatches: tuple[str, ...]
    hours: Mapping[DayResource, Hours] = field(default_factory=dict)
    reads: Sequence[Read] = ()

    @property
    def holds(self) -> bool:
        return not self.mismatches

    @property
    def calls(self) -> list[GatewayCall]:
        """What the gateway recorded; asking after a job leaves no record."""
        return [verdict.call for verdict in self.verdicts if verdict.call]

    def of(self, kind: Kind) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.kind == kind]

    def by_list_price(self) -> list[Verdict]:
        """Return the metered calls whose dollars were compared."""
        return [verdict for verdict in self.of("metered") if verdict.list_price is not None]

    def _without_list_price(self, *, hosted: bool) -> list[Verdict]:
        return [
            verdict
            for verdict in self.of("metered")
            if verdict.list_price is None and verdict.entry
            if hosted == (verdict.entry.service == "sagemaker")
        ]

    def lines(self) -> list[str]:
        """Return the statement, a line a kind, and last `ledger: …`."""
        return [*self._kinds(), *self._shown_mismatches(), self._last()]

    def _kinds(self) -> Iterator[str]:
        listed = self.by_list_price()
        equal = "counts equal, call by call;"
        yield _line("metered", listed, f"{_DOLLARS_TOO}: {_dollars(listed)}")
        if words := _some_of_them(listed):
            yield f"{'':{WORDS + 9}}{words}"
        hosted = self._without_list_price(hosted=True)
        unlisted = self._without_list_price(hosted=False)
        yield from _lines(
            ("… on endpoints", hosted, f"{equal} the price is the operator's"),
            ("… without a price", unlisted, f"{equal} said to be UNPRICED"),
            *self._counted_otherwise(),
            *self._not_counted(),
        )
        if self.reads:
            whole = sum(read.whole for read in self.reads)
            words = f"streamed answers, each as its model wrote it; {whole} of them whole"
            yield f"{'read':{WORDS}} {len(self.reads):>6,}  {words}"
        if self.hours:
            cost = sum((each.whole for each in self.hours.values()), ZERO)
            words = f"resources by the hour: {_usd(cost)} = the shares of teams and (idle)"
            yield f"{'hours':{WORDS}} {len(self.hours):>6,}  {words}"

    def _counted_otherwise(self) -> Iterator[Kinds]:
        derived, clock = self.of("derived"), self.of("clock")
        begun, looked_up = self.of("deferred"), self.of("look_up")
        busy = sum(verdict.call.usage.busy_ms for verdict in clock if verdict.call) / 1000
        yield "derived", derived, f"more than a request tells: {_here_and_there(derived)}"
        yield "clock", clock, f"containers that report nothing: {busy:.3f} s by our clock"
        yield "free", begun + looked_up, f"{len(begun)} jobs begun, {len(looked_up)} look-ups: $0"
        yield from _partly_known(self.of("partial"))

    def _not_counted(self) -> Iterator[Kinds]:
        refused, unknown, orphaned = self.of("refused"), self.of("unknown"), self.of("orphaned")
        cut = f"cut, timed out or spoilt on both sides; {_dollars(unknown)} there"
        yield "refused", refused, f"recorded failed; the provider bills {_dollars(refused)}"
        yield "not sent", self.of("not_sent"), "recorded failed; the provider never saw them"
        yield "unknown", unknown, cut
        yield "orphaned", orphaned, f"no end; {_dollars(orphaned)} there: {_ids(orphaned)}"
        yield "missing", self.of("missing"), "of which the gateway knows nothing"

    def _shown_mismatches(self) -> Iterator[str]:
        yield from self.mismatches[:MAX_SHOWN]
        if len(self.mismatches) > MAX_SHOWN:
            yield f"and {len(self.mismatches) - MAX_SHOWN} more"

    def _last(self) -> str:
        if not self.holds:
            return f"ledger: MISMATCH   {len(self.mismatches)} differences"
        usage = total_usage(verdict.entry for verdict in self.of("metered"))
        return (
            f"ledger: gateway = provider   {len(self.calls):,} calls, {tokens(usage):,} tokens, "
            f"{usage.images:,} images, {_dollars(self.by_list_price())}"
        )


def prove(evidence: Evidence, book: PriceBook) -> Proof:
    """Hold the provider's ledger against the gateway's records, costs.csv and manifests."""
    entries = [ProviderEntry.read(entry) for entry in evidence.provider]
    calls = gateway_calls(evidence.records)
    hourly = by_the_hour(evidence.samples, book)
    hours = hours_of(evidence.samples, book)
    verdicts = tuple(judge(pair, book, hourly) for pair in match(entries, calls))
    mismatches = [f"{_name(verdict)}: {why}" for verdict in verdicts for why in verdict.differences]
    mismatches += _team_differences(verdicts, evidence)
    mismatches += cost_differences(verdicts, evidence.costs, hours)
    mismatches += share_differences(hours, calls, evidence.costs)
    mismatches += manifest_differences(verdicts, evidence.manifests, book, hourly)
    mismatches += reading_differences(verdicts, evidence)
    return Proof(verdicts, tuple(mismatches), hours, evidence.reads)


def _team_differences(verdicts: Iterable[Verdict], evidence: Evidence) -> Iterator[str]:
    """Hold each call's team against the key that the client used.

    A request whose connection ended without an answer has no id that the client knows. Those must
    be as many, of the same teams, as the calls whose id nobody was told.
    """
    untold: Counter[str] = Counter()
    for verdict in verdicts:
        if verdict.call is None:
            continue
        team = verdict.call.row[1]
        sender = evidence.sent.get(verdict.call.request_id)
        if sender is None:
            untold[team] += 1
        elif sender != team:
            yield f"{_name(verdict)}: charged to {team}; the key was {sender}'s"
    for team, calls in (untold - Counter(evidence.unanswered)).items():
        yield f"{team} is charged for {calls} calls that none of its clients made"


def total_usage(entries: Iterable[ProviderEntry | None]) -> Usage:
    return sum((entry.usage for entry in entries if entry), NO_USAGE)


def tokens(usage: Usage) -> int:
    """Return all tokens: in, out, and to and from the prompt cache."""
    return (
        usage.input_tokens
        + usage.output_tokens
        + usage.cache_read_tokens
        + usage.cache_write_tokens
        + usage.cache_write_1h_tokens
    )


def _lines(*kinds: Kinds) -> Iterator[str]:
    """Yield a line for every kind of which there is a call."""
    return (_line(*each) for each in kinds if each[1])


def _line(kind: str, verdicts: Sequence[Verdict], words: str) -> str:
    return f"{kind:{WORDS}} {len(verdicts):>6,}  {words}"


def _some_of_them(metered: Iterable[Verdict]) -> str:
    """Say what of the metered is not tokens and pictures; nothing where all is."""
    entries = [verdict.entry for verdict in metered if verdict.entry]
    jobs = sum(entry.operation == SETTLEMENT for entry in entries)
    usage = total_usage(entries)
    units = sum(getattr(usage, name) for name in GUARDRAIL_UNITS)
    played = Decimal(sum(getattr(usage, name) for name in PLAYED)) / 1000
    if not (jobs or units or played):
        return ""
    return (
        f"{jobs} jobs by ARN, {units} guardrail units, {played.normalize():f} s of media among them"
    )


def _partly_known(partial: Sequence[Verdict]) -> Iterator[Kinds]:
    """Tell the streams that were cut from those that were lost with their process."""
    lost = [each for each in partial if each.call and is_lost(each.kind, each.call)]
    cut = [each for each in partial if each not in lost]
    unsent = sum(each.entry is None for each in lost)
    before = f"; {unsent} of them before they were sent" if unsent else ""
    yield "partial", cut, f"cut streams, by what had been reported: {_here_and_there(cut)}"
    yield "… lost", lost, f"with their process, the same way: {_here_and_there(lost)}{before}"


def _here_and_there(verdicts: Sequence[Verdict]) -> str:
    here = sum((verdict.dollars for verdict in verdicts), ZERO)
    return f"{_usd(here)}, not {_dollars(verdicts)}"


def _dollars(verdicts: Iterable[Verdict]) -> str:
    billed = (verdict.entry.billed for verdict in verdicts if verdict.entry)
    return _usd(sum(filter(None, billed), ZERO))


def _usd(amount: Decimal) -> str:
    return f"${amount.normalize():f}"


def _ids(verdicts: Sequence[Verdict]) -> str:
    ids = [verdict.call.request_id for verdict in verdicts if verdict.call]
    more = f" and {len(ids) - MAX_IDS} more" if len(ids) > MAX_IDS else ""
    return " ".join(ids[:MAX_IDS]) + more


def _name(verdict: Verdict) -> str:
    if verdict.call is None:
        return f"provider call {verdict.entry.request_id if verdict.entry else ''}"
    record = verdict.call.record
    return f"{verdict.kind} {verdict.call.request_id} ({record['team_id']}, {record['model_id']})"
