import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.metering.usage import MAX_COUNT, Usage, count, exact_tokens


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (0, 0),
        (28, 28),
        (28.0, 28),
        ("28", 28),
        ("28.0", 28),
        ("0", 0),
        (MAX_COUNT, MAX_COUNT),
        (str(MAX_COUNT), MAX_COUNT),
    ],
)
def test_a_whole_number_counts_however_it_is_spelled(written, read):
    assert count(written) == read
    assert type(count(written)) is int


@pytest.mark.parametrize(
    "written",
    [
        None,
        True,
        False,
        -1,
        -1.0,
        "-1",
        "+5",
        1.5,
        "1.5",
        "1.",
        ".0",
        "1.0.0",
        float("nan"),
        float("inf"),
        "NaN",
        "Infinity",
        "1e3",
        "1_0",
        " 5",
        "5 ",
        "5\n",
        "",
        "٣",
        "²",
        "0x10",
        "5, 5",
        MAX_COUNT + 1,
        str(MAX_COUNT + 1),
        1e300,
        2**63,
        "9" * 5000,
        [5],
        {"count": 5},
        b"5",
    ],
)
def test_anything_else_is_not_a_count(written):
    assert count(written) is None


@given(st.one_of(st.integers(), st.floats(), st.text(), st.booleans(), st.none(), st.binary()))
def test_a_count_is_never_negative_nor_more_than_any_call_can_use(written):
    read = count(written)
    assert read is None or 0 <= read <= MAX_COUNT


@given(st.integers(0, MAX_COUNT))
def test_a_count_survives_every_spelling(number):
    assert count(number) == count(str(number)) == count(float(number)) == count(f"{number}.0")
    assert count(number) == number


def test_one_count_that_is_not_exact_spoils_the_set():
    assert exact_tokens(30, 51, 0, 7) == Usage(30, 51, cache_write_tokens=7)
    assert exact_tokens(30, -51, 0, 7) is None


def test_counts_that_are_absurd_together_are_none():
    assert exact_tokens(MAX_COUNT, 0) is not None
    assert exact_tokens(MAX_COUNT, 1) is None


def test_usage_adds_up_counter_by_counter():
    assert Usage(1, 2, images=3) + Usage(10, 20, busy_ms=5) == Usage(11, 22, images=3, busy_ms=5)
