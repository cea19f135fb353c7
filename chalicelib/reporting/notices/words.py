"""How amounts, counts and lists read in a notice. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

MOST_LISTED: Final = 20


def dollars(amount: Decimal) -> str:
    """Render an amount in cents; one that is less than a cent says so, and is not nothing."""
    return "less than $0.01" if 0 < amount < Decimal("0.01") else f"${amount:,.2f}"


def counted(number: int, one: str, several: str = "") -> str:
    """`1 call`, `2,300 calls`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def listed(lines: Sequence[str]) -> list[str]:
    """Return lines for a list, the first of them where there are many."""
    more = len(lines) - MOST_LISTED
    return [*lines[:MOST_LISTED], *([f"… and {more} more"] if more > 0 else [])]


def letter(*paragraphs: str) -> str:
    """Put paragraphs one below the other, without those that are empty."""
    return "\n\n".join(filter(None, paragraphs)) + "\n"
