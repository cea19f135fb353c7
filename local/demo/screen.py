"""The one screen: what was done, what it cost, and the proof. Under 50 lines of 100 columns."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chalicelib.pricing.price_book import PriceBook
from local import project
from local.demo import rule_of_thumb, tables
from local.demo.books import Books
from local.demo.reports import DayReport
from local.demo.sabotage import Attempt, ledger_says, saw
from local.proof import Evidence, Proof

WIDTH = 100
LABEL = 9
GUARDRAILS = "guardrails"  # no model, though billed like one
NEXT = "make serve, and the README's own session: tenants, keys, calls with curl and with an SDK"


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that the screen tells of."""

    evidence: Evidence
    proof: Proof
    book: PriceBook
    attempts: Sequence[Attempt]
    reports: Sequence[DayReport]
    seconds: float
    books: Books
    streams: Sequence[str] = ()  # how a live answer and a queued one grew

    @property
    def as_promised(self) -> bool:
        """The proof holds, the reports repeat, and sabotage came to what it had to."""
        return (
            self.proof.holds
            and all(report.same for report in self.reports)
            and all(attempt.as_expected for attempt in self.attempts)
        )


def lines(shown: Shown) -> Iterator[str]:
    """Yield the screen from the top; what is too long for it is cut."""
    return (line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…" for line in _lines(shown))


def _lines(shown: Shown) -> Iterator[str]:
    yield _heading(shown)
    yield from _labelled("streams", shown.streams)
    yield from _sabotage(shown)
    yield ""
    yield from _costs(shown)
    yield from _labelled("proof", _statement(shown))
    yield from _labelled("again", map(_again, shown.reports))
    if shown.proof.holds:
        yield from _labelled("guessed", _guessed(shown))
    yield from _labelled("next", [NEXT])
    yield from _labelled("a call", shown.books.traced)
    yield from (f"reconciliation: {said}" for said in shown.books.reconciled)
    page = shown.books.page.relative_to(project.ROOT)
    yield from _labelled(
        "month", [f"{page}, a page to open; beside it the reports and both ledgers"]
    )


def _heading(shown: Shown) -> str:
    records = [call.record for call in shown.proof.calls]
    models = {record["base_model"] for record in records if record["service"] == "bedrock"}
    endpoints = {record["base_model"] for record in records if record["service"] == "sagemaker"}
    faults = sum(entry["fault"] is not None for entry in shown.evidence.provider)
    return (
        f"{len(records)} calls to {len(models - {GUARDRAILS})} models and {len(endpoints)} "
        f"endpoints, {faults} with faults, in {shown.seconds:.0f} s; "
        "AWS is simulated on this machine"
    )


def _sabotage(shown: Shown) -> Iterator[str]:
    yield f"{'sabotage':31} {'the client saw':23} the ledger says"
    for attempt in shown.attempts:
        says = ledger_says(attempt, shown.evidence.records, shown.evidence.costs)
        if not attempt.as_expected:
            says = f"NOT AS EXPECTED {attempt.expected}: {says}"
        yield f"  {attempt.name:29} {saw(attempt):23} {says}"


def _costs(shown: Shown) -> Iterator[str]:
    rows = shown.evidence.costs
    yield from tables.dearest(rows)
    yield from _labelled("by team", [tables.by_team(rows)])


def _statement(shown: Shown) -> Iterator[str]:
    for manifest in shown.evidence.manifests:
        yield (
            f"{manifest['started']} started + {manifest['unannounced']} unannounced = "
            f"{manifest['usage']} usage + {manifest['failed']} failed + "
            f"{manifest['orphaned']} orphaned"
        )
    yield from shown.proof.lines()


def _again(report: DayReport) -> str:
    if report.same:
        return f"the same sha256 {report.again['csv_sha256']}"
    return f"ANOTHER sha256: {report.first['csv_sha256'][:16]}…, {report.again['csv_sha256'][:16]}…"


def _guessed(shown: Shown) -> Iterator[str]:
    by_team = rule_of_thumb.bills(shown.proof.verdicts, shown.book)
    whole = rule_of_thumb.total(by_team)
    teams = ", ".join(f"{team} {bill.percent_off:+.0f} %" for team, bill in by_team.items())
    yield "tokens = characters / 4 and one price an image request would have billed the same calls"
    yield f"${whole.guessed:,.2f}, not ${whole.true:,.2f} ({whole.percent_off:+.0f} %): {teams}"


def _labelled(label: str, texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield f"{label:{LABEL}}{text}"
        label = ""
