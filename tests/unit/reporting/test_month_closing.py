"""Closing a month: refused while anything is amiss, done once, and its files stay as they are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from builders import price_book
from kept_files import Bucket
from month_world import World, prices

from chalicelib.reporting import daily, kept_counts
from chalicelib.reporting.claims import Busy, claimed
from chalicelib.reporting.cost_rows import AMOUNTS
from chalicelib.reporting.insights import IncompleteReport, NotFinished
from chalicelib.reporting.months import closing
from chalicelib.reporting.months.adjustments import adjustments_key, each_adjustment
from chalicelib.reporting.months.balance import NotClosed
from chalicelib.reporting.months.closed import read_closed
from chalicelib.reporting.months.closing import CannotClose, MonthHasGaps
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.rated import rated
from chalicelib.reporting.reported_day import costs_key, manifest_key
from chalicelib.reporting.restating import Outcome
from chalicelib.reporting.tenant_tree import Tenants, tenants_key
from chalicelib.tenants import Tenant

OCTOBER = Month.read("2026-10")
THIRTIETH = date(2026, 10, 30)
MILLION = 1_000_000


def after_october(bucket: Bucket | None = None) -> World:
    """One call on the thirtieth; it is the second of November."""
    world = World(now=datetime(2026, 11, 2, 9, tzinfo=UTC), bucket=bucket or Bucket())
    world.write(*world.records(THIRTIETH, "search", (MILLION, 0), call="c1"))
    return world


@dataclass
class ReadBucket(Bucket):
    """Remembers what was read."""

    asked: list[str] = field(default_factory=list)

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request["Key"])
        return super().get_object(**request)


def _as_it_is(day: date) -> Outcome:
    """Find nothing new of a day."""
    return Outcome(manifest=None)


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "26-10", "2026-10-01", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a month YYYY-MM"):
        Month.read(text)


def test_a_month_has_its_days_and_ends_where_the_next_begins() -> None:
    assert len(list(Month.read("2028-02").days())) == 29
    assert Month.read("2026-12").end == date(2027, 1, 1)
    assert str(Month.of(THIRTIETH)) == "2026-10"


def test_a_month_that_is_not_over_cannot_be_closed() -> None:
    world = World(now=datetime(2026, 10, 31, 23, 59, tzinfo=UTC))

    with pytest.raises(CannotClose, match=r"2026-10 is not over"):
        world.close(OCTOBER)

    assert world.bucket.files == {}


def test_closing_reports_every_day_and_needs_no_night_before() -> None:
    world = after_october()

    closed = world.close(OCTOBER)

    assert all(manifest_key(day) in world.bucket.files for day in OCTOBER.days())
    assert (closed.rows, closed.totals["total_cost"], closed.gaps) == (1, "3", ())


def test_what_has_no_price_is_closed_as_nothing_and_adjusted_whole_once_it_has_one() -> None:
    world = after_october()
    priced, world.book = world.book, price_book()

    closed = world.close(OCTOBER)
    world.book = priced
    world.rerate(THIRTIETH)

    assert (closed.unpriced, closed.totals["total_cost"]) == (1, "0")
    assert world.rows(adjustments_key(THIRTIETH), "reason", "total_cost") == [("price change", "3")]


def research(cost_center: str) -> Tenants:
    """A department with its cost centre, and the team `search` in it."""
    made = datetime(2026, 1, 1, tzinfo=UTC)
    department = Tenant("research", "department", made, cost_center=cost_center)
    return Tenants(
        {"research": department, "search": Tenant("search", "team", made, parent="research")}
    )


def test_the_tree_of_a_month_has_the_tenants_of_its_last_day() -> None:
    world = World(now=datetime(2026, 10, 31, 9, tzinfo=UTC), tenants=research("CC-1"))
    world.write(*world.records(THIRTIETH, "search", (MILLION, 0), call="c1"))
    world.report(THIRTIETH)
    world.now, world.tenants = datetime(2026, 11, 2, 9, tzinfo=UTC), research("CC-2")

    world.close(OCTOBER)

    assert world.rows(OCTOBER.tree_key, "node", "depth", "cost_center", "total_total_cost") == [
        ("research", "0", "CC-2", "3"),
        ("search", "1", "CC-2", "3"),
    ]
    assert world.rows(tenants_key(THIRTIETH), "team_id", "cost_center")[0] == ("research", "CC-1")


def test_a_month_is_closed_once() -> None:
    world = after_october()
    world.close(OCTOBER)
    before = world.bucket.reports

    with pytest.raises(CannotClose, match=r"was closed at 2026-11-02T09:00:00\.000Z"):
        world.close(OCTOBER)

    assert world.bucket.reports == before


def test_a_day_that_cannot_be_read_and_has_no_report_is_a_gap() -> None:
    world = after_october()

    def report(day: date) -> Outcome:
        if day == THIRTIETH:
            raise IncompleteReport("the query of totals is not complete")
        return world.report(day)

    with pytest.raises(MonthHasGaps) as refused:
        closing.close(OCTOBER, store=world.store, report=report, clock=lambda: world.now)
    closed = closing.close(
        OCTOBER, store=world.store, report=report, clock=lambda: world.now, with_gaps=True
    )

    assert [(gap.date, gap.why) for gap in refused.value.gaps] == [
        ("2026-10-30", "the query of totals is not complete")
    ]
    assert (len(closed.days), len(closed.gaps), closed.rows) == (30, 1, 0)


@pytest.mark.parametrize("left", [manifest_key, costs_key])
def test_a_day_that_the_month_was_closed_without_is_adjusted_whole(
    left: Callable[[date], str],
) -> None:
    world = after_october()
    world.bucket.fails_to_put = left(THIRTIETH)  # costs.csv is there, or is not
    with pytest.raises(Exception, match="SlowDown"):
        world.report(THIRTIETH)
    world.bucket.fails_to_put = ""

    def report(day: date) -> Outcome:
        if day == THIRTIETH:
            raise IncompleteReport("the query of totals is not complete")
        return world.report(day)

    world.now += timedelta(hours=1)
    closing.close(
        OCTOBER, store=world.store, report=report, clock=lambda: world.now, with_gaps=True
    )
    outcomes = [world.report(THIRTIETH), world.report(THIRTIETH)]

    assert [outcome.adjustments for outcome in outcomes] == [1, 0]
    assert f"{world.balance(OCTOBER).adjusted[-1]}" == "3"
    assert not any(world.balance(OCTOBER).out_by)


def test_a_day_whose_records_are_gone_keeps_its_report_and_is_a_gap() -> None:
    world = after_october()
    world.report(THIRTIETH)
    world.events.clear()

    closed = world.close(OCTOBER, with_gaps=True)

    assert [gap.date for gap in closed.gaps] == ["2026-10-30"]
    assert "0 records are left" in closed.gaps[0].why
    assert closed.totals["total_cost"] == "3"


def test_a_day_of_which_a_report_broke_off_is_a_gap_unless_it_is_written_anew() -> None:
    world = after_october()
    world.report(THIRTIETH)
    world.write(*world.records(THIRTIETH, "ads", (MILLION, 0), call="c2", instance="i2"))
    world.bucket.fails_to_put = costs_key(THIRTIETH)  # counts.csv is in place, and says more
    with pytest.raises(Exception, match="SlowDown"):
        world.report(THIRTIETH)
    world.bucket.fails_to_put = ""
    world.now += timedelta(hours=1)

    def report(day: date) -> Outcome:
        if day == THIRTIETH:
            raise IncompleteReport("the query of totals is not complete")
        return world.report(day)

    with pytest.raises(MonthHasGaps, match=r"2026-10-30: .*, a report of it broke off"):
        closing.close(OCTOBER, store=world.store, report=report, clock=lambda: world.now)
    assert world.close(OCTOBER).gaps == ()


def test_a_day_that_takes_several_runs_is_given_them() -> None:
    world, runs = after_october(), []

    def report(day: date) -> Outcome:
        runs.append(day)
        if day == THIRTIETH and runs.count(day) < 3:
            raise NotFinished("no time is left")
        return world.report(day)

    closed = closing.close(OCTOBER, store=world.store, report=report, clock=lambda: world.now)

    assert (closed.gaps, runs.count(THIRTIETH)) == ((), 3)


def test_a_month_of_which_a_day_is_being_written_is_not_closed() -> None:
    world = after_october()
    for day in OCTOBER.days():
        world.report(day)

    with (
        claimed(world.store, "2026-10-07", lambda: world.now),
        pytest.raises(Busy),
    ):
        world.close(OCTOBER, with_gaps=True)

    assert read_closed(world.store, OCTOBER) is None
    assert world.close(OCTOBER).gaps == ()


def test_costs_that_are_not_their_manifests_are_not_copied_into_books() -> None:
    world = after_october()
    world.report(THIRTIETH)
    key = costs_key(THIRTIETH)
    world.bucket.files[key] = world.bucket.files[key].replace(b",3,", b",2,")

    with pytest.raises(CannotClose, match="costs of 2026-10-30 are not its manifest's"):
        world.close(OCTOBER)

    assert {OCTOBER.closed_key, OCTOBER.costs_key}.isdisjoint(world.bucket.files)


def test_the_days_of_a_month_are_read_once_as_they_are_copied() -> None:
    bucket = ReadBucket()
    world = after_october(bucket)
    for day in OCTOBER.days():
        world.report(day)
    bucket.asked.clear()

    closing.close(OCTOBER, store=world.store, report=_as_it_is, clock=lambda: world.now)

    assert [bucket.asked.count(costs_key(day)) for day in OCTOBER.days()] == [1] * 31


def test_an_open_month_has_no_balance() -> None:
    with pytest.raises(NotClosed):
        after_october().balance(OCTOBER)


def test_late_records_and_a_price_at_once_are_two_rows_each_with_its_reason() -> None:
    world = after_october()
    world.close(OCTOBER)
    world.write(*world.records(THIRTIETH, "search", (MILLION, 0), call="c2", instance="i2"))
    world.book = prices("2.5")

    world.now += timedelta(days=1)
    outcome = world.report(THIRTIETH)

    rows = [
        (each.reason, f"{each.row.amounts[-1]}") for each in each_adjustment(world.store, OCTOBER)
    ]
    assert outcome.adjustments == 2
    assert rows == [("late records", "3"), ("price change", "-1")]
    assert not any(world.balance(OCTOBER).out_by)


def test_at_the_prices_of_before_a_closed_day_is_rated_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = after_october()
    world.close(OCTOBER)
    world.write(*world.records(THIRTIETH, "search", (MILLION, 0), call="c2", instance="i2"))
    ratings = []

    def counted(*args: Any, **kwargs: Any) -> Any:
        ratings.append(args)
        return rated(*args, **kwargs)

    monkeypatch.setattr(daily, "rated", counted)

    assert world.report(THIRTIETH).adjustments == 1
    assert len(ratings) == 1
    world.book = prices("2.5")
    assert world.report(THIRTIETH).adjustments == 1
    assert len(ratings) == 3


def test_a_closed_day_rated_again_is_rated_once_at_each_price(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = after_october()
    world.close(OCTOBER)
    books = []

    def counted(*args: Any, **kwargs: Any) -> Any:
        books.append(args[3])
        return rated(*args, **kwargs)

    monkeypatch.setattr(kept_counts, "rated", counted)
    world.book = prices("2.5")

    assert world.rerate(THIRTIETH).adjustments == 1
    assert len(books) == len(set(books)) == 2


def test_a_rating_after_an_adjustment_starts_from_the_adjusted_counts() -> None:
    world = after_october()
    world.close(OCTOBER)
    world.write(*world.records(THIRTIETH, "search", (MILLION, 0), call="c2", instance="i2"))
    world.report(THIRTIETH)
    world.book = prices("2.5")

    restatement = world.rerate(THIRTIETH)

    assert restatement.adjustments == 1
    assert f"{world.balance(OCTOBER).now[-1]}" == "5"
    assert not any(world.balance(OCTOBER).out_by)


def test_an_adjustment_that_broke_off_before_it_was_booked_is_booked_by_the_next_report() -> None:
    world = after_october()
    world.close(OCTOBER)
    world.write(*world.records(THIRTIETH, "search", (MILLION, 0), call="c2", instance="i2"))
    world.bucket.fails_to_put = adjustments_key(THIRTIETH)
    with pytest.raises(Exception, match="SlowDown"):
        world.report(THIRTIETH)
    world.bucket.fails_to_put = ""

    world.now += timedelta(minutes=20)

    assert world.report(THIRTIETH).adjustments == 1
    assert world.report(THIRTIETH).adjustments == 0
    assert not any(world.balance(OCTOBER).out_by)


@dataclass
class DeafBucket(Bucket):
    """Loses its answer to the first put of a key, which boto3 repeats after somebody else's put."""

    deaf_to: str = ""
    meanwhile: bytes = b""  # what somebody else adds to the file before the put is repeated

    def put_object(self, **request: Any) -> dict[str, str]:
        answer = super().put_object(**request)
        if request["Key"] != self.deaf_to:
            return answer
        self.deaf_to = ""
        self.files[request["Key"]] += self.meanwhile
        return super().put_object(**request)


@pytest.mark.parametrize("others", [0, 1])
def test_an_adjustment_whose_put_was_answered_to_nobody_is_booked_once(others: int) -> None:
    bucket = DeafBucket()
    world = after_october(bucket)
    world.close(OCTOBER)
    world.write(*world.records(THIRTIETH, "search", (MILLION, 0), call="c2", instance="i2"))
    nothing = b",0" * len(AMOUNTS)
    another = b"2026-11-02,status,2026-10-29,ads,bedrock,m" + nothing + b",USD,PRICED,\n"
    bucket.deaf_to, bucket.meanwhile = adjustments_key(THIRTIETH), another * others

    world.report(THIRTIETH)

    assert len(list(each_adjustment(world.store, OCTOBER))) == 1 + others
    assert not any(world.balance(OCTOBER).out_by)


def test_a_closing_whose_last_put_was_answered_to_nobody_has_closed() -> None:
    world = after_october(DeafBucket(deaf_to=OCTOBER.closed_key))

    assert world.close(OCTOBER) == read_closed(world.store, OCTOBER)


@pytest.mark.parametrize("lacking", ["", "queries"])
def test_a_row_is_added_to_those_that_are_there_whichever_columns_they_have(lacking: str) -> None:
    world = after_october()
    world.close(OCTOBER)
    for number in (2, 3):
        late = world.records(
            THIRTIETH, "ads", (MILLION, 0), call=f"c{number}", instance=f"{number}"
        )
        world.write(*late)
        world.report(THIRTIETH)
        before = world.bucket.files[adjustments_key(THIRTIETH)]
        world.bucket.files[adjustments_key(THIRTIETH)] = without_column(before, lacking)

    costs = [f"{each.row.amounts[-1]}" for each in each_adjustment(world.store, OCTOBER)]

    assert costs == ["3", "3"]
    assert not any(world.balance(OCTOBER).out_by)


def without_column(content: bytes, name: str) -> bytes:
    """Render a file as a version did that had no such column yet."""
    header, *rows = (line.split(",") for line in content.decode().splitlines())
    kept = [place for place, column in enumerate(header) if column != name]
    return "".join(
        ",".join(row[place] for place in kept) + "\n" for row in (header, *rows)
    ).encode()
