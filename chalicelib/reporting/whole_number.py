"""Counts in answers of Logs Insights: exact, or none."""

import re
from decimal import Decimal
from typing import Final

_NUMBER: Final = re.compile(r"\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?", re.ASCII)
_EXACT_BELOW: Final = 2**53  # Insights adds up in doubles
_SURELY_EXACT: Final = len(str(_EXACT_BELOW))  # fewer digits than these are a smaller number


def whole(value: object) -> int | None:
    """Read a count as the engine renders it: `6`, `15.0`, `1.28E8`, or a float of the API.

    None where it is not a whole number from 0 up to 2^53, above which a sum of doubles may have
    been rounded.
    """
    text = str(value)
    if len(text) < _SURELY_EXACT and text.isascii() and text.isdigit():
        return int(text)
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    if not number < _EXACT_BELOW or number != number.to_integral_value():
        return None
    return int(number)
