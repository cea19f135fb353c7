"""Answers, records, counters and dollars, held against each other."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from builders import count_line, price_book

from chalicelib.metering.usage import Usage
from ops.verify import comparison, screen
from ops.verify.calls import Models, planned
from ops.verify.counters import Compared, Made
from ops.verify.counts import Counts
from ops.verify.gateway import Answer
from ops.verify.records import Record, Recorded

DAY = date(2026, 11, 23)
MODEL = "us.amazon.nova-micro-v1:0"
CALL = planned(Models(MODEL), "x")[0]
SAID = Answer(
    200,
    {"x-amzn-bedrock-input-token-count": "5", "x-amzn-bedrock-output-token-count": "7"},
    b"{}",
    ("r1",),
)
LINE = count_line(model_id=MODEL, base_model="m", usage=Usage(5, 7))
BEGUN = Record("c1", "r1", DAY, replace(LINE, n_started=1, n_usage=0, usage=Usage()))
ENDED = Record("c1", "r1", DAY, replace(LINE, n_started=0, n_usage=1))
PAIR = Recorded((BEGUN, ENDED))


def differences(answer=SAID, records=PAIR) -> tuple[str, ...]:
    return comparison.checked(CALL, answer, {"r1": records}).differences


def test_a_call_whose_record_is_its_answer_has_no_difference() -> None:
    assert differences() == ()


def test_a_count_that_differs_is_named_with_both_numbers() -> None:
    other = replace(ENDED, line=replace(ENDED.line, usage=Usage(5, 8, cache_write_1h_tokens=2)))
    assert differences(records=Recorded((BEGUN, other))) == (
        "output_tokens: 8 in the record, 7 in the answer",
        "cache_write_tokens: 2 in the record, 0 in the answer",
    )


def test_a_record_of_another_model_is_a_difference() -> None:
    other = replace(ENDED, line=replace(ENDED.line, model_id="amazon.nova-pro-v1:0"))
    found = differences(records=Recorded((BEGUN, other)))
    assert found == ("the record names amazon.nova-pro-v1:0",)


@pytest.mark.parametrize(
    ("records", "word"),
    [
        ((), "has not arrived"),
        ((BEGUN,), "has not arrived"),
        ((ENDED,), "1 calls, begun 0 times, ended 1 times"),
        ((BEGUN, ENDED, ENDED), "1 calls, begun 1 times, ended 2 times"),
        (
            (BEGUN, ENDED, replace(BEGUN, call_id="c2"), replace(ENDED, call_id="c2")),
            "2 calls, begun 2 times, ended 2 times",
        ),
    ],
)
def test_a_call_is_announced_once_and_ends_once(records, word) -> None:
    (found,) = differences(records=Recorded(records))
    assert word in found


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (Answer(403, {}, b'{"error":{}}', ("r1",)), 'its answer: 403 {"error":{}}'),
        (Answer(0, {}, b"no answer: refused", ()), "its answer: 0 no answer"),
        (replace(SAID, headers={}), "its answer: it has no header of token counts"),
    ],
)
def test_an_answer_that_is_none_is_a_difference(answer, word) -> None:
    (found,) = differences(answer)
    assert word in found


def test_a_repeat_is_looked_for_under_both_its_requests() -> None:
    twice = replace(SAID, request_ids=("r0", "r1"))
    assert differences(twice) == ()


# Counters


def compared(calls: int = 1, **sums: int) -> Compared:
    ours = Made(MODEL, 1, Counts(5, 7))
    return Compared(
        ours, {"Invocations": calls, "InputTokenCount": 5, "OutputTokenCount": 7} | sums
    )


def test_counters_that_are_equal_are_told_once() -> None:
    found = compared()
    assert (found.late, found.more, found.others) == ([], [], 0)
    assert found.told() == "Invocations 1, InputTokenCount 5, OutputTokenCount 7"


def test_a_counter_that_is_less_is_late() -> None:
    found = compared(OutputTokenCount=6)
    assert found.late == ["OutputTokenCount"]
    assert "OutputTokenCount 6 (7 made)" in found.told()


def test_a_counter_that_is_more_is_a_difference_where_nobody_else_called() -> None:
    assert compared(CacheReadInputTokenCount=1).more == ["CacheReadInputTokenCount"]
    assert compared(calls=2, CacheReadInputTokenCount=1).more == []


def test_what_is_wrong_with_a_counter_counts() -> None:
    counted = [compared(), compared(OutputTokenCount=6), compared(OutputTokenCount=8)]
    lines = list(screen.counters(counted))
    assert [wrong for _, wrong in lines].count(True) == 2
    assert [line.split()[0] for line, wrong in lines if not wrong] == ["ok", "LATE", "DIFFERS"]


# Dollars

PRICED = "m,us-east-1,none,on_demand,default,none,{},{},2026-01-01,,a test,2026-11-23"
INPUT, OUTPUT = PRICED.format("input_tokens", "0.001"), PRICED.format("output_tokens", "0.002")
BOOK = price_book(INPUT, OUTPUT)


def dollars(record=ENDED, counters=None, book=BOOK) -> comparison.Dollars:
    result = comparison.checked(CALL, SAID, {"r1": Recorded((BEGUN, record))})
    return comparison.dollars([result], counters, book)


def test_the_three_sides_are_priced_apart() -> None:
    dearer = replace(ENDED, line=replace(ENDED.line, usage=Usage(6, 7)))
    found = dollars(dearer, [compared(InputTokenCount=7)])
    assert (found.by_records, found.by_answers) == (Decimal("0.020"), Decimal("0.019"))
    assert found.by_counters == Decimal("0.021")
    assert [wrong for _, wrong in screen.dollars(found)] == [True]


def test_counters_that_others_are_in_have_no_dollars() -> None:
    found = dollars(counters=[compared(calls=2)])
    assert found.by_counters is None
    assert list(screen.dollars(found)) == [
        ("ok        $0.019 by the records, $0.019 by the answers", False)
    ]


def test_what_has_no_price_is_said() -> None:
    found = dollars(book=price_book(INPUT))
    assert (found.by_records, found.by_answers) == (None, None)
    assert [wrong for line, wrong in screen.dollars(found) if "UNPRICED" in line] == [True]
