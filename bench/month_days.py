"""A month's reported days, and those of the month before, as the report writes them.

A day is rated once for weekdays and once for weekends; the days of a kind have the same counts,
and their own date. What was made is kept, by size, below `.tollgate`, which git leaves out.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bench.surroundings import ROOT
from chalicelib.metering.usage import Usage
from chalicelib.pricing import price_file
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.csv_writer import count_chunks, read_counts, write_costs
from chalicelib.reporting.focus.export import focus_key, pieces
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.rated import rated
from chalicelib.reporting.reported_day import (
    costs_key,
    counts_key,
    manifest_key,
    price_rows_key,
)
from chalicelib.reporting.team_keys import team_costs_key
from chalicelib.reporting.tenant_tree import Tenants, tenants_key
from chalicelib.tenants.nouns import Tenant

MONTH: Final = Month.read("2026-10")
BEFORE: Final = Month.read("2026-09")
ADJUSTED: Final = date(2026, 10, 30)
"""The day that is rated again. It has a FOCUS file, which its corrections are held against."""

CLOSED_AT: Final = datetime(2026, 11, 5, 9, tzinfo=UTC)
SCHEMA: Final = 1
"""Of what is kept: another one makes it anew."""

MODELS: Final = 5
_KINDS: Final = (date(2026, 10, 5), date(2026, 10, 10))  # a Monday and a Saturday
_HEADER: Final = (
    "model,region,geo,basis,tier,variant,unit,usd_per_unit,effective_from,effective_to,source,"
    "checked"
)
_UNITS: Final = (
    ("input_tokens", 30),
    ("output_tokens", 150),
    ("cache_read_tokens", 3),
    ("cache_write_tokens", 37),
)


@dataclass(frozen=True, slots=True)
class Size:
    """Rows of a day's costs.csv, and the teams that they are of."""

    rows: int
    teams: int


def prices(dearer: int = 0, models: int = MODELS) -> PriceBook:
    """Prices of the models; each token of the first ones costs so many ten-millionths more."""
    rows = (
        f"maker.model-{number}-v1:0,us-east-1,none,on_demand,default,none,{unit},"
        f"{usd + number + dearer * (number < models)}E-7,2026-01-01,,bench,2026-11-01"
        for number in range(MODELS)
        for unit, usd in _UNITS
    )
    return PriceBook.read("\n".join((_HEADER, *rows)) + "\n")


def folder(size: Size) -> Path:
    """Return the days of a size, made where they are not there."""
    made = ROOT / ".tollgate" / "bench-month" / f"{SCHEMA}-{size.rows}-{size.teams}"
    done = made / "done"
    if not done.exists():
        kinds = [_Kind.of(size, day) for day in _KINDS]
        for month in (BEFORE, MONTH):
            for day in month.days():
                for key, content in kinds[day.weekday() > 4].files(day):
                    path = made / key
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
        done.touch()
    if not (made / focus_key(ADJUSTED)).exists():
        _write_focus(made, ADJUSTED)
    return made


def _write_focus(made: Path, day: date) -> None:
    lines = read_counts((made / counts_key(day)).read_bytes())
    tenants = Tenants.from_csv((made / tenants_key(day)).read_bytes())
    path = made / focus_key(day)
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.writelines(pieces(rated(day, lines, {}, prices(), tenants=tenants)))


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the days of a kind have in common."""

    size: Size
    day: date
    counts: bytes
    costs: bytes  # of `day`
    prices: bytes
    tenants: bytes

    @classmethod
    def of(cls, size: Size, day: date) -> "_Kind":
        lines = list(_lines(size, day))
        reported = rated(day, lines, {}, prices())
        return cls(
            size,
            day,
            b"".join(count_chunks(reported.lines)),
            write_costs(reported.costs),
            price_file.write(reported.prices),
            _tenants(size).to_csv(),
        )

    def files(self, day: date) -> Iterator[tuple[str, bytes]]:
        costs = self.costs.replace(f"\n{self.day},".encode(), f"\n{day},".encode())
        yield costs_key(day), costs
        yield counts_key(day), self.counts
        yield price_rows_key(day), self.prices
        yield tenants_key(day), self.tenants
        yield manifest_key(day), self._manifest(day, costs).to_json()

    def _manifest(self, day: date, costs: bytes) -> Manifest:
        """A whole day's, with the hash of a file for each team, as a report leaves it."""
        known: dict[str, Any] = {
            each.name: 0 if each.type in (int, "int") else () for each in fields(Manifest)
        }
        hashes = {
            costs_key(day): hashlib.sha256(costs).hexdigest(),
            counts_key(day): hashlib.sha256(self.counts).hexdigest(),
            price_rows_key(day): hashlib.sha256(self.prices).hexdigest(),
            **{team_costs_key(team, day): "0" * 64 for team in _teams(self.size)},
        }
        ended = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=4)
        return Manifest(
            **known
            | {
                "schema": 1,
                "date": f"{day}",
                "complete": True,
                "window": {"start": f"{day}T00:00:00.000Z", "end": f"{ended:%FT%TZ}"},
                "reported_at": f"{ended:%FT%TZ}",
                "csv_sha256": hashes[costs_key(day)],
                "counts_sha256": hashes[counts_key(day)],
                "price_rows_sha256": hashes[price_rows_key(day)],
                "price_book_sha256": "",
                "capacity_sha256": "",
                "files": hashes,
            }
        )


def _teams(size: Size) -> Iterator[str]:
    return (f"team-{number:06}" for number in range(size.teams))


def _tenants(size: Size) -> Tenants:
    """Teams in departments of a hundred."""
    made = datetime(2026, 1, 1, tzinfo=UTC)
    departments = {f"department-{number:04}": None for number in range(size.teams // 100 + 1)}
    teams = {f"{team}": f"department-{at // 100:04}" for at, team in enumerate(_teams(size))}
    return Tenants(
        {
            name: Tenant(name, "team" if parent else "department", made, parent=parent)
            for name, parent in {**departments, **teams}.items()
        }
    )


def _lines(size: Size, day: date) -> Iterator[CountLine]:
    """A line for each row: counts that differ from row to row, and by the kind of day."""
    for at in range(size.rows):
        team, turn = at % size.teams, at // size.teams
        number = turn % MODELS
        calls = 1 + (at * 7 + day.day) % 400
        yield CountLine(
            team_id=f"team-{team:06}",
            service="bedrock",
            region="us-east-1",
            account="aws:123456789012",
            model_id=f"maker.model-{number}-v1:0" + (f"/{turn // MODELS}" * (turn >= MODELS)),
            base_model=f"maker.model-{number}-v1:0",
            family="other",
            basis="on_demand",
            geo="none",
            tier="default",
            variant="none",
            usage_source="header",
            n_started=calls,
            n_usage=calls,
            usage=Usage(
                input_tokens=calls * 811 + at % 97,
                output_tokens=calls * 97 + at % 31,
                cache_read_tokens=calls * 411 if at % 2 else 0,
                cache_write_tokens=calls * 13 if at % 2 else 0,
            ),
        )
