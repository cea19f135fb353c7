"""Each call: what its answer says, what its record says, and where the two differ. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from chalicelib.pricing.charges import charges
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook
from ops.verify.calls import Call
from ops.verify.counters import Compared, Made
from ops.verify.counts import COUNTED, NOTHING, Counts
from ops.verify.gateway import Answer
from ops.verify.records import Record, Recorded, of_answer
from ops.verify.said import UNREADABLE


@dataclass(frozen=True, slots=True)
class Checked:
    """A call, and all that is not as it must be."""

    call: Call
    said: Counts | None  # None where the answer says nothing
    record: Record | None
    differences: tuple[str, ...]


def checked(call: Call, answer: Answer, recorded: Mapping[str, Recorded]) -> Checked:
    """Hold a call's answer against its records."""
    found = of_answer(recorded, answer.request_ids)
    try:
        said, wrong = (None, answer.refusal) if answer.refusal else (call.tells(answer), "")
    except UNREADABLE as error:
        said, wrong = None, " ".join(str(error).split())
    if wrong:
        return Checked(call, None, found.end, (f"its answer: {wrong}",))
    return Checked(call, said, found.end, tuple(_differences(call, said or NOTHING, found)))


def _differences(call: Call, said: Counts, found: Recorded) -> Iterator[str]:
    if not found.ended:
        yield "its record has not arrived"
        return
    if found.end is None:
        yield f"it is not one call with one record of its beginning and one of its end: {found}"
        return
    line = found.end.line
    if line.model_id != call.model:
        yield f"the record names {line.model_id}"
    recorded = Counts.of(line.usage)
    for name in COUNTED:
        ours, theirs = getattr(recorded, name), getattr(said, name)
        if ours != theirs:
            yield f"{name}: {ours:,} in the record, {theirs:,} in the answer"


def made(results: Iterable[Checked]) -> list[Made]:
    """Add up what the answers say of each model."""
    by_model: dict[str, Made] = {}
    for each in results:
        if each.said is not None:
            model = each.call.model
            before = by_model.get(model, Made(model, 0, NOTHING))
            by_model[model] = Made(model, before.calls + 1, before.counts + each.said)
    return list(by_model.values())


def cost(line: CountLine, book: PriceBook, day: date) -> Decimal | None:
    """Return what a line costs; None where a part of it has no price."""
    costs = [charge.cost for charge in charges(line, book, day)]
    return None if None in costs else sum((c for c in costs if c is not None), Decimal(0))


@dataclass(frozen=True, slots=True)
class Dollars:
    """The same calls in money; None where something has no price, or is not known."""

    by_records: Decimal | None
    by_answers: Decimal | None
    by_counters: Decimal | None


def dollars(
    results: Iterable[Checked], compared: Iterable[Compared] | None, book: PriceBook
) -> Dollars:
    """Price the three sides at the prices in force on the records' day.

    A model's calls are of one tier and variant, so that its sums have the price of any of them.
    AWS's counters are priced where they are of our calls alone.
    """
    ends = [(each.record, each.said) for each in results if each.record and each.said is not None]
    records = [cost(record.line, book, record.day) for record, _ in ends]
    answers = [
        cost(replace(record.line, usage=said.as_usage()), book, record.day) for record, said in ends
    ]
    counters: list[Decimal | None] = [None]
    if compared is not None:
        lines = {record.line.model_id: record for record, _ in ends}
        counters = [_of_counters(each, lines.get(each.made.model), book) for each in compared]
    return Dollars(_total(records), _total(answers), _total(counters))


def _of_counters(each: Compared, record: Record | None, book: PriceBook) -> Decimal | None:
    if record is None or each.others or each.late:
        return None
    line = replace(record.line, n_usage=each.made.calls, usage=each.counts.as_usage())
    return cost(line, book, record.day)


def _total(costs: Iterable[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for each in costs:
        if each is None:
            return None
        total += each
    return total
