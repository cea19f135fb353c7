"""The notice on what has no price: each model, and the rows that would price it. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from chalicelib.pricing.charges import charges, price_key
from chalicelib.pricing.price import PriceKey
from chalicelib.pricing.price_file import COLUMNS
from chalicelib.reporting.cells import is_our_line
from chalicelib.reporting.notices.notices import Notice
from chalicelib.reporting.notices.words import counted, letter, listed
from chalicelib.reporting.reported_day import ReportedDay

AMOUNT: Final = "USD_PER_UNIT"
SOURCE: Final = "WHERE_IT_IS_FROM"
"""What a person has to fill in of a row: nobody but AWS, or a contract, knows it."""


@dataclass(slots=True)
class Lack:
    """What lacks a price of one model: how much of each unit, whose calls, and the price's keys."""

    teams: set[str] = field(default_factory=set)
    calls: int = 0
    units: Counter[str] = field(default_factory=Counter)
    keys: set[PriceKey] = field(default_factory=set)


def unpriced(reported: ReportedDay, today: date) -> Notice | None:
    """Tell which models have no price, and the row of the price file that each lacks; or None."""
    lacks = lacking(reported)
    if not lacks:
        return None
    day = reported.day
    keys = sorted(key for lack in lacks.values() for key in lack.keys)
    rows = [row_of(key, day, today) for key in keys]
    return Notice(
        "unpriced",
        f"{day} has usage without a price: {', '.join(sorted(lacks))}",
        letter(
            f"The report of {day} (UTC) has usage that no price is known for. Its cost is left "
            "open, it is not 0: the day's total is too low.",
            "What has no price, and how much of it there is:\n"
            + "\n".join(listed([_told(model, lacks[model]) for model in sorted(lacks)])),
            _rows(rows, day),
        ),
    )


def lacking(reported: ReportedDay) -> Mapping[str, Lack]:
    """Return what lacks a price, by model as it was called."""
    found: defaultdict[str, Lack] = defaultdict(Lack)
    for line in reported.lines:
        if not is_our_line(line):
            continue
        charged = charges(line, reported.book, reported.day, reported.shares.resources)
        without = [charge for charge in charged if charge.price is None]
        if without:
            lack = found[line.model_id]
            lack.teams.add(line.team_id)
            lack.calls += line.n_usage
            lack.units.update({charge.unit: charge.quantity for charge in without})
            lack.keys.update(price_key(line, charge.unit) for charge in without)
    for share in reported.shares.shares:
        if share.unpriced:
            found[share.resource.model_id].teams.add(share.team_id)
    for key, model_id, hours in _hours(reported):
        found[model_id].units[key.unit] += hours
        found[model_id].keys.add(key)
    return dict(found)


def row_of(key: PriceKey, day: date, today: date) -> str:
    """Spell the row of a price file that prices a key from a day on, but for what it costs."""
    cells = {
        **key._asdict(),
        "usd_per_unit": AMOUNT,
        "effective_from": day.isoformat(),
        "effective_to": "",
        "source": SOURCE,
        "checked": today.isoformat(),
    }
    return ",".join(cells[column] for column in COLUMNS)


def _hours(reported: ReportedDay) -> Iterator[tuple[PriceKey, str, int]]:
    """Yield the keys without a price of sampled hours, with their resource and how many."""
    open_ = reported.shares.unpriced
    for sample in reported.sampled.capacity.samples:
        if sample.resource in open_ and not reported.book.find(sample.price_key, reported.day):
            yield sample.price_key, sample.resource.model_id, sample.count


def _told(model_id: str, lack: Lack) -> str:
    units = ", ".join(f"{number:,} {unit}" for unit, number in sorted(lack.units.items()))
    used = f": {units}" if units else ": its hours, of which there is no sample"
    teams = ", ".join(listed(sorted(lack.teams)))
    return f"- {model_id}, {counted(lack.calls, 'call')} of {teams}{used}"


def _rows(rows: Iterable[str], day: date) -> str:
    """Say which rows to add; nothing can be added for hours that were not sampled."""
    spelt = listed(list(rows))
    if not spelt:
        return "What to do: no price is missing, but the hours themselves: docs/capacity.md."
    return (
        "What to do: have these rows added to your own price file (docs/prices.md), with the price "
        f"of one unit for {AMOUNT} and a page or a contract for {SOURCE}:\n"
        + "\n".join(("  " + ",".join(COLUMNS), *(f"  {row}" for row in spelt)))
        + f"\nThen: python -m ops prices check\n      python -m ops report --date {day} --rerate"
    )
