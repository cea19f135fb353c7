"""Amounts as people read them. Pure; what is rounded here is never added up again."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

CENT: Final = Decimal("0.01")
_SMALLEST: Final = Decimal("0.0001")
_ZERO: Final = Decimal(0)


def dollars(amount: Decimal) -> str:
    """Write US dollars: `$1,234.50`; less than a cent `$0.0042`; a trace of it `< $0.0001`."""
    if amount < 0:
        return "−" + dollars(-amount)
    if not amount or amount >= CENT:
        return f"${amount.quantize(CENT, ROUND_HALF_EVEN):,}"
    if amount < _SMALLEST:
        return f"< ${_SMALLEST}"
    return f"${amount.quantize(_SMALLEST, ROUND_HALF_EVEN)}"


def change(now: Decimal, before: Decimal | None) -> str:
    """Write how an amount moved: `+12 %`, `new` where there was nothing, `` where nobody knows."""
    if before is None:
        return ""
    if not before:
        return "new" if now else ""
    percent = ((now - before) * 100 / abs(before)).quantize(Decimal(1), ROUND_HALF_EVEN)
    return f"{percent:+,} %".replace("-", "−")


def share(part: Decimal, whole: Decimal) -> Decimal:
    """Return how many percent of the whole a part is, to a tenth: 0 to 100."""
    if whole <= _ZERO or part <= _ZERO:
        return _ZERO
    return min(part * 100 / whole, Decimal(100)).quantize(Decimal("0.1"), ROUND_HALF_EVEN)
