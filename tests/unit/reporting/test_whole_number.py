"""A count is read exactly, however Logs Insights renders it, or is none."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.reporting.whole_number import whole


def as_plain(number: int) -> str:
    return str(number)


def as_decimal(number: int) -> str:
    return f"{number}.0"


def as_scientific(number: int) -> str:
    return f"{number:.16E}".replace("E+", "E")


@pytest.mark.parametrize("render", [as_plain, as_decimal, as_scientific])
@given(number=st.integers(0, 2**53 - 1))
def test_a_count_is_read_exactly_however_it_is_rendered(
    render: Callable[[int], str], number: int
) -> None:
    assert whole(render(number)) == number


@pytest.mark.parametrize("seen", [("6", 6), ("15.0", 15), ("1.28E8", 128_000_000), (4.0, 4)])
def test_renderings_seen_from_aws_are_read(seen: tuple[object, int]) -> None:
    assert whole(seen[0]) == seen[1]


@pytest.mark.parametrize(
    "text",
    [
        *("", "-1", "1.5", "1E-3", "NaN", "Infinity", "1,000", " 6", "6 ", "6\n", "1_0", "٣"),
        *("0x6", "null", "true", "9007199254740992", "9.1E15", "1E400", None, True),
    ],
)
def test_what_is_not_exactly_a_count_is_none(text: object) -> None:
    assert whole(text) is None
