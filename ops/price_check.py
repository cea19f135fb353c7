"""What is wrong with a price book, what is suspicious, and what it covers. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from chalicelib.catalog import family_of
from chalicelib.pricing.price import UNITS, Price, PriceKey
from chalicelib.pricing.price_book import Layer, PriceBook, collect
from chalicelib.settings import Endpoint

CHECKED_WITHIN: Final = timedelta(days=90)
READS_ONLY: Final = frozenset(
    {"cohere_embed", "marengo", "nova_embed", "rerank", "titan_embed", "titan_embed_image"}
)
"""Families that write no text: their output has no price."""
READS_MEDIA: Final = frozenset({"pegasus"})
"""Families that write text and are charged for the media they read, not for its tokens."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What has a price on the day: of a model, which units, in how many rows."""

    model: str
    rows: int
    units: tuple[str, ...]  # in the order of UNITS


@dataclass(frozen=True, slots=True)
class Verdict:
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    coverage: tuple[Coverage, ...]  # by model
    rows: int
    in_force: int
    replaced: int  # rows that ended and that another one follows


def check(
    files: Sequence[tuple[str, bytes]], day: date, endpoints: Iterable[Endpoint] = ()
) -> Verdict:
    """Check price files, the list first and what overrides it after it, as of a day.

    `endpoints` are those that tenants may call, each of which should have a price: of its own,
    or by the hour of its instances.
    """
    layers: list[Layer] = []
    errors: list[str] = []
    for name, content in files:
        layer, faults = collect(name, content)
        layers.insert(0, layer)
        errors += map(str, faults)
    book = PriceBook(tuple(layers), sha256="")
    current = sorted(book.in_force(day), key=lambda price: price.key)
    ended = [price for price in book if price.effective_to and price.effective_to < day]
    gone = [price for price in ended if book.find(price.key, day) is None]
    warnings = (
        *_ended(gone),
        *_unchecked(current, day),
        *_half_priced(current),
        *_without_a_row(endpoints, current),
    )
    return Verdict(
        errors=tuple(errors),
        warnings=warnings,
        coverage=_coverage(current),
        rows=len(book),
        in_force=len(current),
        replaced=len(ended) - len(gone),
    )


def _ended(gone: Iterable[Price]) -> Iterator[str]:
    last: dict[PriceKey, date] = {}
    for price in gone:
        if price.effective_to:
            last[price.key] = max(price.effective_to, last.get(price.key, date.min))
    days = Counter((key.model, day) for key, day in last.items())
    for (model, day), rows in sorted(days.items()):
        yield f"{model}: {_rows(rows)} ended on {day} and no price follows"


def _unchecked(current: Iterable[Price], day: date) -> Iterator[str]:
    oldest = day - CHECKED_WITHIN
    old = Counter((price.key.model, price.checked) for price in current if price.checked < oldest)
    for (model, checked), rows in sorted(old.items()):
        yield f"{model}: {_rows(rows)} not checked since {checked}"


def _half_priced(current: Iterable[Price]) -> Iterator[str]:
    """Find classes of a model with a price for tokens in or out, and none for the other."""
    classes: dict[PriceKey, set[str]] = {}
    for price in current:
        if price.key.unit.endswith("_tokens"):
            classes.setdefault(price.key._replace(unit=""), set()).add(price.key.unit)
    for key, units in classes.items():
        family = family_of(key.model)
        needed = {"input_tokens", "output_tokens"}
        needed -= {"output_tokens"} if family in READS_ONLY else set()
        needed -= {"input_tokens"} if family in READS_MEDIA else set()
        for unit in sorted(needed - units):
            yield f"{' '.join(key).strip()}: no price for {unit}"


def _without_a_row(endpoints: Iterable[Endpoint], current: Iterable[Price]) -> Iterator[str]:
    priced = {price.key.model for price in current if price.key.basis == "endpoint"}
    for endpoint in sorted(endpoints, key=lambda endpoint: endpoint.name):
        if not priced & {endpoint.name, endpoint.instance}:
            yield f"{endpoint.name}: an endpoint of SAGEMAKER_ENDPOINTS without a price"


def _coverage(current: Iterable[Price]) -> tuple[Coverage, ...]:
    units: dict[str, Counter[str]] = {}
    for price in current:
        units.setdefault(price.key.model, Counter())[price.key.unit] += 1
    return tuple(
        Coverage(model, counted.total(), tuple(unit for unit in UNITS if counted[unit]))
        for model, counted in sorted(units.items())
    )


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"
