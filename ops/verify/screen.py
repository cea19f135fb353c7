"""What is printed: a line a call, a line a model, one for the money. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Final

from ops.doctor.examined import Examined
from ops.verify.calls import Call
from ops.verify.comparison import Checked, Dollars
from ops.verify.counters import Compared
from ops.verify.counts import COUNTED

Line = tuple[str, bool]
"""What is said, and whether it is something that is not proved."""
_NAME: Final = 24  # characters
_CENTS: Final = Decimal("0.0001")
_WORDS: Final = ("in", "out", "read", "written", "img")


def plan(examined: Examined, url: str, calls: Sequence[Call], most: Decimal) -> list[str]:
    account, region = examined.account.number, examined.settings.region
    models = ", ".join(dict.fromkeys(call.model for call in calls))
    return [
        f"stage     {examined.settings.stage}: account {account}, {region}",
        f"gateway   {url}",
        f"calls     {len(calls)}, to {models}",
        f"cost      at most ${most.quantize(_CENTS, ROUND_CEILING)}, by the price list",
    ]


def calls(results: Iterable[Checked]) -> Iterator[Line]:
    """Say of each call what it used, or below it what differs."""
    for each in results:
        state = "DIFFERS" if each.differences else "ok"
        yield f"{state:9} {each.call.name:{_NAME}} {_used(each)}".rstrip(), False
        for difference in each.differences:
            yield f"{'':9} -> {difference}", True


def _used(checked: Checked) -> str:
    if checked.said is None:
        return ""
    used = zip((getattr(checked.said, name) for name in COUNTED), _WORDS, strict=True)
    return ", ".join(f"{number:,} {word}" for number, word in used if number)


def counters(compared: Sequence[Compared] | None) -> Iterator[Line]:
    """Say of each model what AWS counted beside what was made."""
    if compared is None:
        yield "counters  were not asked for", False
        return
    for each in compared:
        state = "DIFFERS" if each.more else "LATE" if each.late else "ok"
        yield f"{state:9} {each.made.model}: {each.told()}", False
        if each.others:
            said = f"{each.others:,} calls of others in the same minutes: it can only be not less"
            yield f"{'':9} note: {said}", False
        if each.late:
            yield f"{'':9} -> has not arrived, or AWS counts less: {', '.join(each.late)}", True
        if each.more:
            yield f"{'':9} -> AWS counts more, with no call of others: {', '.join(each.more)}", True


def dollars(found: Dollars) -> Iterator[Line]:
    """Say what the calls cost by each side, at the prices that the daily report takes."""
    sides = {
        "the records": found.by_records,
        "the answers": found.by_answers,
        "AWS's counters": found.by_counters,
    }
    known = {side: cost for side, cost in sides.items() if cost is not None}
    same = len(set(known.values())) == 1
    told = ", ".join(f"${cost.normalize():f} by {side}" for side, cost in known.items())
    yield f"{'ok' if same else 'DIFFERS':9} {told or 'no dollars'}", bool(known) and not same
    if found.by_records is None:
        yield f"{'':9} -> UNPRICED: something that was used has no price in the book", True
