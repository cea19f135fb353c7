"""Two mornings in a row: what a call over midnight leaves for the next day, where ours is a range.

How many calls AWS counted is not certain of those that timed out or were refused, nor whether it
counts a guardrail that went with a model. So it is not known either what it is still to count.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from builders import count_line

from chalicelib.metering.usage import Usage
from chalicelib.pricing.count_line import CountLine
from chalicelib.reconciliation import counters, guarded
from chalicelib.reconciliation.calls import Day
from chalicelib.reconciliation.counted import Counted
from chalicelib.reconciliation.made import Scope, made
from chalicelib.reconciliation.row import Hidden, Row, carried, write

MODEL = "us.amazon.nova-lite-v1:0"
BEDROCK = Scope("bedrock", MODEL)
FIVE = count_line(model_id=MODEL, n_started=5, n_usage=5, usage=Usage(50, 70))
TIMED_OUT = count_line(model_id=MODEL, n_started=1, n_usage=1, usage_source="none")
REFUSED = count_line(model_id=MODEL, n_usage=0, n_failed=1)
QUIET = Day(lost=0, carried={}, tolerance=Decimal(0))
TOPICS = "guardrail_topic_units"
Night = Mapping[str, tuple[int, ...]]
"""What AWS counted on a day by unit: in all, soon after it began, and soon after it ended."""


def price_of(_scope: Scope, _unit: str) -> Decimal | None:
    return Decimal("0.001")


def after(rows: list[Row]) -> Day:
    """The next day, as it reads what the one before has kept."""
    return Day(lost=0, carried=carried(write(rows)), tolerance=Decimal(0))


def called(lines: list[CountLine], aws: Night, day: Day = QUIET, scope: Scope = BEDROCK) -> Any:
    theirs = {scope: {unit: Counted(*each) for unit, each in aws.items()}}
    return list(counters.rows(made(lines, {}, "us-east-1"), theirs, day, price_of))


def guarding(lines: list[CountLine], aws: tuple[int, ...], day: Day = QUIET) -> list[Row]:
    return list(guarded.rows(lines, {TOPICS: Counted(*aws)}, "us-east-1", day, price_of))


def told(rows: list[Row]) -> dict[str, tuple[str, str]]:
    return {row.unit: ("+".join(row.causes), row.status) for row in rows}


def hidden(rows: list[Row]) -> dict[str, int]:
    return {row.unit: row.hidden.most for row in rows if row.hidden}


ONE_ENDS_LATER: Night = {
    **{"invocations": (4, 0, 1), "answered": (4, 0, 1)},
    **{"input_tokens": (40, 0, 10), "output_tokens": (56, 0, 14)},
}
IT_CAME: Night = {
    **{"invocations": (6, 1, 0), "answered": (6, 1, 0)},
    **{"input_tokens": (60, 10, 0), "output_tokens": (84, 14, 0)},
}


def test_a_call_over_midnight_is_none_that_bypassed_the_gateway_on_the_next_day() -> None:
    second = called([FIVE], IT_CAME, after(called([FIVE], ONE_ENDS_LATER)))

    assert set(told(second).values()) == {("midnight", "explained")}
    assert hidden(second) == {}


def test_the_only_call_of_an_evening_that_ends_after_midnight_is_carried() -> None:
    one = count_line(model_id=MODEL, usage=Usage(10, 14))
    evening: Night = {unit: (0, 0, each[2]) for unit, each in ONE_ENDS_LATER.items()}
    morning: Night = {unit: (each[1], each[1]) for unit, each in IT_CAME.items()}

    second = called([], morning, after(called([one], evening)))

    assert set(told(second).values()) == {("midnight", "explained")}


def test_what_others_call_after_midnight_is_no_row_of_the_day_before() -> None:
    assert called([], {"invocations": (0, 0, 1), "answered": (0, 0, 1), "errors": (0, 0, 1)}) == []
    assert guarding([], (0, 0, 4)) == []


def test_a_direct_call_beside_one_over_midnight_is_found_by_its_number() -> None:
    direct: Night = {unit: (each[0] + 1, each[1] + 1, 0) for unit, each in IT_CAME.items()}

    second = called([FIVE], direct, after(called([FIVE], ONE_ENDS_LATER)))

    assert set(told(second).values()) == {("bypass", "difference")}


def test_answers_that_came_soon_after_midnight_are_no_more_than_the_calls_that_were_carried() -> (
    None
):
    """A refused call leaves the invocations in doubt, and a direct one at 00:05 its sample."""
    direct = IT_CAME | {"invocations": (7, 2, 0), "answered": (7, 2, 0), "errors": (1, 0, 0)}

    second = called([FIVE, REFUSED], direct, after(called([FIVE], ONE_ENDS_LATER)))

    assert told(second)["answered"] == ("bypass", "difference")


def test_answers_that_come_later_are_no_more_than_the_day_before_lacked() -> None:
    """Whether AWS takes the refused call for an invocation is not known; a direct one comes too."""
    evening = ONE_ENDS_LATER | {"invocations": (5, 0, 2), "answered": (4, 0, 2)}
    first = called([FIVE, REFUSED], evening | {"errors": (1, 0, 0)})
    assert {row.unit: row.carried for row in first}["invocations"] is None

    came = called([FIVE], IT_CAME | {"invocations": (6, 2, 0), "answered": (6, 2, 0)}, after(first))
    direct = IT_CAME | {"invocations": (7, 3, 0), "answered": (7, 3, 0)}
    found = called([FIVE], direct, after(first))

    assert told(came)["answered"] == ("midnight", "explained")
    assert told(found)["answered"] == ("bypass", "difference")


def test_samples_that_told_nothing_leave_the_next_days_to_the_invocations() -> None:
    strange = ONE_ENDS_LATER | {"answered": (9, 0, 1)}

    second = called([FIVE], IT_CAME, after(called([FIVE], strange)))

    assert told(second)["answered"] == ("midnight", "explained")


def test_where_a_call_in_doubt_may_have_run_the_next_days_invocations_do_not_ring() -> None:
    """AWS ran the call that timed out, and one of the five ended after midnight."""
    first = called([FIVE, TIMED_OUT], {"invocations": (5, 0, 1), "answered": (5, 0, 1)})
    came: Night = {"invocations": (6, 1, 0), "answered": (6, 1, 0)}

    second = called([FIVE], came, after(first))

    numbers = {unit: each for unit, each in told(second).items() if not unit.endswith("_tokens")}
    assert numbers == dict.fromkeys(("invocations", "answered"), ("midnight", "explained"))
    assert {row.unit: row.hidden for row in second if row.hidden} == {
        "invocations": Hidden(1, 1, None),
        "answered": Hidden(1, 1, None),
    }


def test_at_noon_nothing_is_of_the_day_before_though_it_is_in_doubt_what_that_carried() -> None:
    first = called([FIVE, TIMED_OUT], {"invocations": (5, 0, 1), "answered": (5, 0, 1)})

    second = called([FIVE], {"invocations": (7, 1, 0), "answered": (7, 1, 0)}, after(first))

    assert told(second)["invocations"] == told(second)["answered"] == ("bypass", "difference")


def test_a_refused_call_over_midnight_is_no_try_of_somebody_else() -> None:
    first = called([REFUSED], {"errors": (0, 0, 1)})

    second = called([], {"errors": (1, 1, 0)}, after(first))

    assert told(second) == {"refused": ("midnight", "explained")}
    assert [row.hidden for row in second] == [Hidden(1, 0, Decimal(0))]


def test_a_refused_call_of_somebody_else_is_found_where_none_of_ours_can_come_later() -> None:
    first = called([REFUSED], {"errors": (1, 0, 1)})

    second = called([], {"errors": (1, 1, 0)}, after(first))

    assert told(second) == {"refused": ("bypass", "difference")}


def test_an_endpoints_call_in_doubt_does_not_make_the_next_day_ring() -> None:
    endpoint = Scope("sagemaker", "chat")
    lines = [
        count_line(service="sagemaker", model_id="chat", n_started=5, n_usage=5),
        count_line(service="sagemaker", model_id="chat", usage_source="none"),
    ]
    first = called(lines, {"invocations": (5, 0, 1)}, scope=endpoint)

    second = called(lines[:1], {"invocations": (6, 1, 0)}, after(first), endpoint)

    assert told(second) == {"invocations": ("midnight", "explained")}
    assert hidden(second) == {"invocations": 1}


WITH_A_MODEL = count_line(model_id=MODEL, usage=Usage(10, 5, guardrail_topic_units=10))
ALONE = count_line(
    model_id="guardrail/abc", base_model="guardrails", usage=Usage(guardrail_topic_units=4)
)


@pytest.mark.parametrize(("evening", "morning"), [((8, 0, 2), (12, 2)), ((0, 0, 4), (14, 4))])
def test_a_models_guardrail_over_midnight_is_no_bypass_of_the_next_day(
    evening: tuple[int, ...], morning: tuple[int, ...]
) -> None:
    """Whether AWS counts it at all nobody knows: what it may be is said as a figure."""
    second = guarding([WITH_A_MODEL], morning, after(guarding([WITH_A_MODEL], evening)))

    (row,) = second
    assert (row.causes, row.status) == (("midnight",), "explained")
    assert row.hidden == Hidden(morning[1], 0, Decimal("0.001") * morning[1])


def test_a_guardrail_over_midnight_that_was_applied_alone_leaves_nothing_in_doubt() -> None:
    second = guarding([ALONE], (6, 2), after(guarding([ALONE], (2, 0, 2))))
    direct = guarding([ALONE], (7, 3), after(guarding([ALONE], (2, 0, 2))))

    assert (told(second), hidden(second)) == ({TOPICS: ("midnight", "explained")}, {})
    assert told(direct) == {TOPICS: ("bypass", "difference")}
