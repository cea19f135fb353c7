"""The statement: a line for each kind of call, and whether the two ledgers are one."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.pricing.price_book import PriceBook
from local.proof.bill import cost_differences, manifest_differences
from local.proof.evidence import Evidence, ProviderEntry, gateway_calls
from local.proof.matching import match
from local.proof.verdicts import ZERO, Kind, Verdict, judge

WORDS = 17  # columns for what is counted
MAX_SHOWN = 20  # mismatches in full
MAX_IDS = 1  # request ids on a line; the manifest lists more


@dataclass(frozen=True, slots=True)
class Proof:
    """The verdict on every call, and every mismatch in words. It holds where there is none."""

    verdicts: tuple[Verdict, ...]
    mismatches: tuple[str, ...]
    rows: int  # of costs.csv

    @property
    def holds(self) -> bool:
        return not self.mismatches

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
        words = f"counts and dollars equal, call by call: {_dollars(listed)}"
        yield _line("metered", listed, words)
        for title, hosted, words in (
            ("… on endpoints", True, "counts equal, call by call; the price is the operator's"),
            ("… without a price", False, "counts equal, call by call; said to be UNPRICED"),
        ):
            if rest := self._without_list_price(hosted=hosted):
                yield _line(title, rest, words)
        if clock := self.of("clock"):
            busy = sum(verdict.call.usage.busy_ms for verdict in clock if verdict.call)
            words = f"containers that report nothing: {busy / 1000:.3f} s by the gateway's clock"
            yield _line("clock", clock, words)
        refused = self.of("refused")
        yield _line("refused", refused, f"recorded failed; the provider bills {_dollars(refused)}")
        unknown, orphaned = self.of("unknown"), self.of("orphaned")
        there = f"{_dollars(unknown)} there", f"{_dollars(orphaned)} there"
        for kind, verdicts, words in (
            ("not sent", self.of("not_sent"), "recorded failed; the provider never saw them"),
            ("partial", self.of("partial"), "cut streams, by what had been reported"),
            ("unknown", unknown, f"cut, timed out or spoilt on both sides; {there[0]}"),
            ("orphaned", orphaned, f"no end; {there[1]}: {_ids(orphaned)}"),
            ("missing", self.of("missing"), "of which the gateway knows nothing"),
        ):
            if verdicts:
                yield _line(kind, verdicts, words)

    def _shown_mismatches(self) -> Iterator[str]:
        yield from self.mismatches[:MAX_SHOWN]
        if len(self.mismatches) > MAX_SHOWN:
            yield f"and {len(self.mismatches) - MAX_SHOWN} more"

    def _last(self) -> str:
        if not self.holds:
            return f"ledger: MISMATCH   {len(self.mismatches)} differences"
        usage = total_usage(verdict.entry for verdict in self.of("metered"))
        return (
            f"ledger: gateway = provider   {len(self.verdicts):,} calls, {tokens(usage):,} tokens, "
            f"{usage.images:,} images, {_dollars(self.by_list_price())}"
        )


def prove(evidence: Evidence, book: PriceBook) -> Proof:
    """Hold the provider's ledger against the gateway's records, costs.csv and manifests."""
    entries = [ProviderEntry.read(entry) for entry in evidence.provider]
    calls = gateway_calls(evidence.records)
    verdicts = tuple(judge(pair, book) for pair in match(entries, calls))
    mismatches = [f"{_name(verdict)}: {why}" for verdict in verdicts for why in verdict.differences]
    mismatches += _team_differences(verdicts, evidence)
    mismatches += cost_differences(verdicts, evidence.costs)
    mismatches += manifest_differences(verdicts, evidence.manifests)
    return Proof(verdicts, tuple(mismatches), len(evidence.costs))


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


def _line(kind: str, verdicts: Sequence[Verdict], words: str) -> str:
    return f"{kind:{WORDS}} {len(verdicts):>6,}  {words}"


def _dollars(verdicts: Iterable[Verdict]) -> str:
    billed = (verdict.entry.billed for verdict in verdicts if verdict.entry)
    total: Decimal = sum(filter(None, billed), ZERO)
    return f"${total.normalize():f}"


def _ids(verdicts: Sequence[Verdict]) -> str:
    ids = [verdict.call.request_id for verdict in verdicts if verdict.call]
    more = f" and {len(ids) - MAX_IDS} more" if len(ids) > MAX_IDS else ""
    return " ".join(ids[:MAX_IDS]) + more


def _name(verdict: Verdict) -> str:
    if verdict.call is None:
        return f"provider call {verdict.entry.request_id if verdict.entry else ''}"
    record = verdict.call.record
    return f"{verdict.kind} {verdict.call.request_id} ({record['team_id']}, {record['model_id']})"
