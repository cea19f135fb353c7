"""The price book: what one unit cost, by everything that selects a price, on a given day. Pure.

A look-up is exact. There are no multipliers, no defaults and no nearest match: what has no row has
no price, and the report says so.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Self

from chalicelib.pricing import price_file
from chalicelib.pricing.price import EVERYWHERE, Price, PriceKey
from chalicelib.pricing.price_file import Fault

KEPT_LOOK_UPS = 16_384
"""A day asks for the same few thousand keys for each of its teams."""

PRICES_CSV = Path(__file__).with_name("prices.csv")

Layer = Mapping[PriceKey, tuple[Price, ...]]
"""The rows of one file by key; those of one key have no day in common."""


class PriceBookError(ValueError):
    """A price file cannot be trusted; the message begins with its name and line."""


class PriceBook:
    """Prices by key. Build it with `load` or `read`."""

    def __init__(self, layers: tuple[Layer, ...], sha256: str) -> None:
        self._layers = layers
        self._found = lru_cache(KEPT_LOOK_UPS)(partial(_find, layers))
        self.sha256 = sha256
        """Of the file's bytes; with an override, of both files' hashes, a line each."""

    @classmethod
    def load(cls) -> Self:
        """Read the list prices."""
        return cls.read(PRICES_CSV)

    @classmethod
    def read(cls, source: Path | str | bytes, name: str = "") -> Self:
        """Read a price file, or its content, which errors call by `name`.

        Raises PriceBookError at the first row that cannot be trusted, or that prices a key on a
        day on which another row does.
        """
        if isinstance(source, Path):
            name = name or source.name
            source = source.read_bytes()
        content = source.encode() if isinstance(source, str) else source
        layer, faults = collect(name or "text", content)
        if faults:
            raise PriceBookError(str(faults[0]))
        return cls((layer,), hashlib.sha256(content).hexdigest())

    def overridden_by(self, override: "PriceBook") -> "PriceBook":
        """Return a book that asks `override` first, and this one where it has no row in force.

        So an override's row replaces ours of the same key for the days on which it is in force,
        and no others; one for everywhere replaces ours of every region. The rows themselves stay
        as they are, and with them the `version_of` a bill that an override does not touch.
        """
        both = f"{self.sha256}\n{override.sha256}\n".encode()
        return PriceBook(override._layers + self._layers, hashlib.sha256(both).hexdigest())

    def overrides(self) -> Iterator[Price]:
        """Yield the rows that are laid over the list: the operator's own."""
        return (p for layer in self._layers[:-1] for prices in layer.values() for p in prices)

    def find(self, key: PriceKey, day: date) -> Price | None:
        """Return the row in force on that day: the region's own, else the one for everywhere."""
        return self._found(key, day)

    def list_price(self, key: PriceKey, day: date) -> Price | None:
        """Return the row in force on that day as it is without the operator's own."""
        return _find(self._layers[-1:], key, day)

    def in_force(self, day: date) -> Iterator[Price]:
        """Yield the rows that a look-up can find on that day."""
        return (price for price in self if self.find(price.key, day) is price)

    def __iter__(self) -> Iterator[Price]:
        return (price for layer in self._layers for prices in layer.values() for price in prices)

    def __len__(self) -> int:
        return sum(len(prices) for layer in self._layers for prices in layer.values())


def _find(layers: tuple[Layer, ...], key: PriceKey, day: date) -> Price | None:
    everywhere = key._replace(region=EVERYWHERE)
    for layer in layers:
        for candidate in (key, everywhere):
            for price in layer.get(candidate, ()):
                if price.in_force(day):
                    return price
    return None


def collect(name: str, content: bytes) -> tuple[Layer, list[Fault]]:
    """Read a price file into its rows by key, and all that is wrong with it."""
    layer: dict[PriceKey, tuple[Price, ...]] = {}
    faults: list[Fault] = []
    for row in price_file.read(name, content):
        if isinstance(row, Fault):
            faults.append(row)
            continue
        price = row.price
        others = layer.get(price.key, ())
        if any(price.overlaps(other) for other in others):
            faults.append(Fault(row.where, f"a second price on one day for {price.key}"))
            continue
        layer[price.key] = (*others, price)
    return layer, faults


def version_of(prices: Iterable[Price]) -> str:
    """Return a short name for a set of prices; `none` for the empty set.

    It takes in what a bill depends on, not when a row was checked or came to end: the same bill
    rated again later has the same version. It begins with a letter, lest a spreadsheet read
    digits or an exponent.
    """
    lines = sorted(
        "|".join((*price.key, price_file.plain(price.usd_per_unit), str(price.effective_from)))
        for price in prices
    )
    return "p" + hashlib.sha256("\n".join(lines).encode()).hexdigest()[:11] if lines else "none"
