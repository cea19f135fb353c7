"""October 2026, from its first record to its closed books and beyond, as docs/closing.md tells it.

Two teams call one model, which costs 3 dollars a million tokens in and 15 a million out.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import reduce
from pathlib import Path

import pytest
from month_world import MODEL, World, prices

from chalicelib.reporting.cost_rows import AMOUNTS, EXACT
from chalicelib.reporting.focus.corrections import corrections_key
from chalicelib.reporting.months.adjustments import adjustments_key
from chalicelib.reporting.months.closed import Closed
from chalicelib.reporting.months.closing import MonthHasGaps
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import costs_key
from chalicelib.reporting.restating import ADJUSTED
from chalicelib.reporting.team_days import TeamDays
from ops.month import balanced, told

OCTOBER = Month.read("2026-10")
FRIDAY, SATURDAY = date(2026, 10, 30), date(2026, 10, 31)
MILLION = 1_000_000
PAGE = (Path(__file__).parents[3] / "docs" / "closing.md").read_text(encoding="utf-8")
COSTS = ("date", "team_id", "invocations", "input_tokens", "output_tokens", "total_cost", "status")
ADJUSTMENTS = ("adjusted_on", "reason", *COSTS)
FOCUS = (
    *("BillingPeriodStart", "ChargePeriodStart", "ChargeClass", "SubAccountId", "SkuMeter"),
    *("ConsumedQuantity", "ContractedUnitPrice", "BilledCost"),
)
CORRECTIONS = (
    corrections_key(date(2026, 11, 3), SATURDAY),
    corrections_key(date(2026, 11, 5), FRIDAY),
    corrections_key(date(2026, 11, 5), SATURDAY),
)


@dataclass
class Story:
    """What was seen on the way, in the order in which it happened."""

    world: World
    first_friday: list[tuple[str, ...]]
    first_manifest: object
    second_friday: list[tuple[str, ...]]
    refusal: str
    closed: Closed
    closed_files: dict[str, bytes]
    late: list[tuple[str, ...]]


@pytest.fixture(scope="module")
def story() -> Story:
    world = World()

    # Friday. `search` makes two calls, `ads` one.
    world.write(*world.records(FRIDAY, "search", (MILLION, 100_000), call="s1"))
    world.write(*world.records(FRIDAY, "search", (MILLION, 100_000), call="s2"))
    world.write(*world.records(FRIDAY, "ads", (2 * MILLION, 0), call="a1"))
    # The process of a fourth call is killed: numbers 7 and 8 are never written.
    world.records(FRIDAY, "search", (MILLION, 0), call="lost")
    # Of a fifth call, the end is held up on its way.
    began, ended = world.records(FRIDAY, "ads", (MILLION, 0), call="a2")
    world.write(began)
    world.write(*world.records(FRIDAY, "search", (0, 0), call="s3"))
    # Saturday. One call; the end of it is sent twice.
    began_s4, ended_s4 = world.records(SATURDAY, "search", (MILLION, 100_000), call="s4")
    world.write(began_s4, ended_s4, ended_s4)

    # The night to Saturday reports Friday, which has an orphan and a gap.
    world.night(SATURDAY)
    first_friday = world.rows(costs_key(FRIDAY), *COSTS)
    first_manifest = world.report(FRIDAY).manifest
    # The held-up record comes, and the night to Sunday restates Friday.
    world.write(ended)
    world.night(date(2026, 11, 1))
    second_friday = world.rows(costs_key(FRIDAY), *COSTS)

    # Monday, 2 November. October is closed, knowing of its gap.
    world.now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    with pytest.raises(MonthHasGaps) as refused:
        world.close(OCTOBER)
    closed = world.close(OCTOBER, with_gaps=True)
    files = {
        key: body
        for key, body in world.bucket.reports.items()
        if not key.startswith((ADJUSTED, "adjustments/")) and "date=2026-11" not in key
    }

    # Two records of Saturday come after all; the night to Tuesday finds them.
    world.write(*world.records(SATURDAY, "ads", (MILLION, 200_000), call="a3", instance="i2"))
    world.night(date(2026, 11, 3))
    late = world.rows(adjustments_key(SATURDAY), *ADJUSTMENTS)

    # Thursday. The contract says 2.50 a million tokens in, and both days are rated again.
    world.now = datetime(2026, 11, 5, 10, 0, tzinfo=UTC)
    world.book = prices("2.5")
    world.rerate(FRIDAY)
    world.rerate(SATURDAY)
    return Story(
        world,
        first_friday,
        first_manifest,
        second_friday,
        str(refused.value),
        closed,
        files,
        late,
    )


def test_the_first_night_says_aloud_that_friday_is_not_whole(story: Story) -> None:
    assert story.first_friday == [
        ("2026-10-30", "ads", "1", "2000000", "0", "6", "INCOMPLETE"),
        ("2026-10-30", "search", "3", "2000000", "200000", "9", "PRICED"),
    ]
    manifest = story.first_manifest
    assert (manifest.complete, manifest.orphaned, manifest.lost) == (False, 1, 3)


def test_the_second_night_restates_friday_by_the_record_that_came_late(story: Story) -> None:
    assert story.second_friday == [
        ("2026-10-30", "ads", "2", "3000000", "0", "9", "PRICED"),
        ("2026-10-30", "search", "3", "2000000", "200000", "9", "PRICED"),
    ]


def test_a_record_that_was_sent_twice_counts_once(story: Story) -> None:
    assert story.world.rows(costs_key(SATURDAY), *COSTS) == [
        ("2026-10-31", "search", "1", "1000000", "100000", "4.5", "PRICED")
    ]


def test_a_month_with_a_gap_is_closed_only_by_who_says_so(story: Story) -> None:
    assert story.refusal == (
        "2026-10 has gaps: 2026-10-30: 2 lost. --with-gaps closes it all the same"
    )
    assert [(gap.date, gap.why) for gap in story.closed.gaps] == [("2026-10-30", "2 lost")]


def test_the_books_hold_every_row_of_the_month(story: Story) -> None:
    assert story.world.rows(OCTOBER.costs_key, *COSTS) == [
        *story.second_friday,
        ("2026-10-31", "search", "1", "1000000", "100000", "4.5", "PRICED"),
    ]
    assert (story.closed.rows, story.closed.totals["total_cost"]) == (3, "22.5")
    assert len(story.closed.days) == 31


def test_what_comes_after_the_closing_is_a_signed_row_with_its_day_and_reason(
    story: Story,
) -> None:
    assert story.late == [
        ("2026-11-03", "late records", "2026-10-31", "ads", "1", "1000000", "200000", "6", "PRICED")
    ]


def test_a_price_that_is_mended_is_a_signed_row_for_each_row_that_it_moves(story: Story) -> None:
    rows = story.world.rows
    friday, saturday = (rows(adjustments_key(day), *ADJUSTMENTS) for day in (FRIDAY, SATURDAY))

    assert friday == [
        ("2026-11-05", "price change", "2026-10-30", "ads", "0", "0", "0", "-1.5", "PRICED"),
        ("2026-11-05", "price change", "2026-10-30", "search", "0", "0", "0", "-1", "PRICED"),
    ]
    assert saturday[1:] == [
        ("2026-11-05", "price change", "2026-10-31", "ads", "0", "0", "0", "-0.5", "PRICED"),
        ("2026-11-05", "price change", "2026-10-31", "search", "0", "0", "0", "-0.5", "PRICED"),
    ]


def test_nothing_that_was_closed_has_changed(story: Story) -> None:
    files = story.world.bucket.files

    assert {key: files[key] for key in story.closed_files} == story.closed_files


def test_what_was_closed_and_what_was_added_are_what_the_records_say_now(story: Story) -> None:
    balance = story.world.balance(OCTOBER)

    assert balance.booked[-1] + balance.adjusted[-1] == balance.now[-1] == Decimal("25")
    assert balance.out_by == (Decimal(0),) * len(AMOUNTS)


def told_to(story: Story, team: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """What a team is told of the two days: its closed costs, and its adjustments."""
    days = TeamDays(lambda: story.world.bucket, "reports").read(team, [FRIDAY, SATURDAY])
    closed = [row["total_cost"] for day in days for row in day.rows]
    return closed, [tuple(row[n] for n in ADJUSTMENTS) for day in days for row in day.adjustments]


def test_each_team_is_told_of_its_closed_rows_and_its_own_adjustments(story: Story) -> None:
    assert told_to(story, "search") == (
        ["9", "4.5"],
        [
            ("2026-11-05", "price change", "2026-10-30", "search", "0", "0", "0", "-1", "PRICED"),
            ("2026-11-05", "price change", "2026-10-31", "search", "0", "0", "0", "-0.5", "PRICED"),
        ],
    )
    closed, adjustments = told_to(story, "ads")
    assert (closed, [row[-2] for row in adjustments]) == (["9"], ["-1.5", "6", "-0.5"])


def test_focus_and_its_corrections_are_what_the_records_say_now(story: Story) -> None:
    world = story.world
    found = [key for key in world.bucket.files if key.startswith("focus/") and "_of_" in key]
    closed = [key for key in world.bucket.files if key.startswith("focus/date=2026-10")]
    cost = {
        name: reduce(EXACT.add, (Decimal(c) for key in keys for (c,) in world.rows(key, FOCUS[-1])))
        for name, keys in (("closed", closed), ("corrected", found))
    }

    assert sorted(found) == list(CORRECTIONS)
    assert (cost["closed"], cost["corrected"]) == (Decimal("22.5"), Decimal("2.5"))


def test_another_night_and_another_rating_add_nothing(story: Story) -> None:
    files = story.world.bucket.files
    before = [files[adjustments_key(day)] for day in (FRIDAY, SATURDAY)]

    story.world.night(date(2026, 11, 4))
    story.world.rerate(FRIDAY)

    assert [files[adjustments_key(day)] for day in (FRIDAY, SATURDAY)] == before


def table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(",".join(cells) for cells in (columns, *rows))


def test_the_page_tells_the_same_story_with_the_same_numbers(story: Story) -> None:
    world = story.world
    blocks = (
        table(COSTS, story.first_friday),
        table(COSTS, story.second_friday),
        f"error: {story.refusal}",
        "\n".join(told(story.closed)),
        table(COSTS, world.rows(OCTOBER.costs_key, *COSTS)),
        table(ADJUSTMENTS, world.rows(adjustments_key(FRIDAY), *ADJUSTMENTS)),
        table(ADJUSTMENTS, world.rows(adjustments_key(SATURDAY), *ADJUSTMENTS)),
        "\n".join(balanced(world.balance(OCTOBER))),
        table(ADJUSTMENTS, told_to(story, "ads")[1]),
        *(f"{table(FOCUS, world.rows(key, *FOCUS))}\n" for key in CORRECTIONS[:2]),
        *CORRECTIONS[:2],
    )

    assert [block for block in blocks if block not in PAGE] == []
    assert MODEL in PAGE
