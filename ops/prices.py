"""`python -m ops prices`: check, show, diff and import price files."""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from chalicelib import settings
from chalicelib.catalog import GEOS
from chalicelib.pricing import price_file
from chalicelib.pricing.price import UNITS, Price, PriceKey
from chalicelib.pricing.price_book import PRICES_CSV, PriceBook
from chalicelib.pricing.price_file import plain
from chalicelib.pricing.quote import quote
from ops.directory import Refused
from ops.price_check import Verdict, check
from ops.price_diff import PriceChange, changed_prices, is_price_book, is_report, moves, told
from ops.price_import import Imported, imported
from ops.price_location import Document, read
from ops.printing import print_table

EXAMPLES = """examples:
  python -m ops prices check
  python -m ops prices check --override prices-override.csv
  python -m ops prices show amazon.nova-lite-v1:0 --at 2026-11-22
  python -m ops prices diff chalicelib/pricing/prices.csv new.csv
  python -m ops prices diff costs-before.csv costs-after.csv --prices before.csv after.csv
  python -m ops prices import offer.json --region us-east-1 --write new.csv

FILE is a file, or s3://BUCKET/KEY, with ?versionId=ID for an older version of it."""

_SHOWN: Final = ("region", "geo", "basis", "tier", "variant", "unit")


def add_commands(groups: Any) -> None:
    """Add this module's commands to the parser's groups."""
    group = groups.add_parser(
        "prices",
        help="what a unit costs: check, show, compare, import",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    group.set_defaults(open=dict)  # nothing but the environment
    commands = group.add_subparsers(required=True, metavar="COMMAND")
    _add_check(commands)
    _add_show(commands)
    _add_diff(commands)
    _add_import(commands)


def _add_check(commands: Any) -> None:
    command = commands.add_parser(
        "check", help="bad rows (exit status 1); old, ended and missing ones; what is covered"
    )
    _add_book(command)
    command.set_defaults(run=_check)


def _add_show(commands: Any) -> None:
    command = commands.add_parser("show", help="a model's prices on a day")
    command.add_argument("model", metavar="MODEL", help="a base model, an endpoint, or guardrails")
    _add_book(command)
    command.set_defaults(run=_show)


def _add_diff(commands: Any) -> None:
    command = commands.add_parser(
        "diff", help="what changed between two price files, or two costs.csv, and why"
    )
    command.add_argument("before", metavar="A")
    command.add_argument("after", metavar="B")
    command.add_argument(
        "--prices",
        nargs=2,
        metavar=("OLD", "NEW"),
        help="the price files behind two costs.csv, so that the rows that changed are named",
    )
    command.set_defaults(run=_diff)


def _add_import(commands: Any) -> None:
    command = commands.add_parser(
        "import", help="AWS's own price list, as rows; what cannot be mapped is listed"
    )
    command.add_argument("file", metavar="FILE", help="an offer file, or GetProducts' answer")
    command.add_argument("--region", nargs="+", action="extend", required=True, metavar="REGION")
    command.add_argument(
        "--geo",
        nargs="+",
        action="extend",
        default=[],
        choices=sorted(GEOS - {"global"}),
        help="geographies whose profiles cost what the region costs: a row for each",
    )
    command.add_argument("--write", metavar="OUT", help="the price file to make")
    command.add_argument(
        "--prices", metavar="FILE", default=str(PRICES_CSV), help="what to compare with"
    )
    command.set_defaults(run=_import)


def _add_book(command: argparse.ArgumentParser) -> None:
    command.add_argument("--at", metavar="YYYY-MM-DD", help="the day; today in UTC if left out")
    command.add_argument(
        "--prices", metavar="FILE", default=str(PRICES_CSV), help="instead of the list that ships"
    )
    command.add_argument("--override", metavar="FILE", help="the operator's own, over the list")


def read_day(text: str | None) -> date:
    """Read a day, today in UTC where there is none. Raises ValueError."""
    if text is None:
        return datetime.now(UTC).date()
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date YYYY-MM-DD") from error


def _documents(args: argparse.Namespace) -> list[Document]:
    return [read(location) for location in (args.prices, args.override) if location]


def _book(document: Document) -> PriceBook:
    return PriceBook.read(document.content, document.name)


def _check(args: argparse.Namespace, environ: Mapping[str, str]) -> None:
    day = read_day(args.at)
    verdict = check(_documents(args), day, settings.load_endpoints(environ).values())
    print_table(
        [
            {"model": each.model, "rows": str(each.rows), "units": list(each.units)}
            for each in verdict.coverage
        ],
        ("model", "rows", "units"),
    )
    print(*_findings(verdict, day), sep="\n")
    if verdict.errors:
        raise Refused(f"{len(verdict.errors)} of the rows cannot be trusted")


def _findings(verdict: Verdict, day: date) -> list[str]:
    return [
        "",
        *(f"warning: {warning}" for warning in verdict.warnings),
        *(f"error: {error}" for error in verdict.errors),
        f"{verdict.rows} rows of which {verdict.in_force} are in force on {day}"
        f" and {verdict.replaced} were replaced by a later one; {len(verdict.coverage)} models,"
        f" {len(verdict.warnings)} warnings, {len(verdict.errors)} errors",
    ]


def _show(args: argparse.Namespace, _environ: Mapping[str, str]) -> None:
    day = read_day(args.at)
    books = [_book(document) for document in _documents(args)]
    book = books[0].overridden_by(books[1]) if len(books) > 1 else books[0]
    rows = [price for price in book.in_force(day) if price.key.model == args.model]
    if not rows:
        raise Refused(_no_price(book, args.model, day))
    rows.sort(key=lambda price: (price.key[:6], UNITS.index(price.key.unit)))
    amounts = _aligned([plain(quote(price).usd) for price in rows])
    print(f"{args.model} on {day}, in US dollars")
    print_table(
        [_shown(price, amount) for price, amount in zip(rows, amounts, strict=True)],
        (*_SHOWN, "price", "per", "from", "to", "checked", "source"),
    )


def _shown(price: Price, amount: str) -> dict[str, str]:
    return {
        **{name: getattr(price.key, name) for name in _SHOWN},
        "price": amount,
        "per": quote(price).per,
        "from": price.effective_from.isoformat(),
        "to": price.effective_to.isoformat() if price.effective_to else "",
        "checked": price.checked.isoformat(),
        "source": price.source,
    }


def _aligned(amounts: list[str]) -> list[str]:
    """Put the decimal points below each other."""
    width = max(len(amount.split(".")[0]) for amount in amounts)
    return [" " * (width - len(amount.split(".")[0])) + amount for amount in amounts]


def _no_price(book: PriceBook, model: str, day: date) -> str:
    days = sorted(price.effective_from for price in book if price.key.model == model)
    if days:
        return f"{model} has no price in force on {day}; its rows begin on {days[0]}"
    geo, _, base_model = model.partition(".")
    if geo in GEOS:
        return (
            f"{model} has no price; a row names the base model, {base_model}, and {geo} as its geo"
        )
    if base_model:
        return f"{model} has no price"
    return f"{model} has no price; an endpoint without a row is charged by its instances' hours"


def _diff(args: argparse.Namespace, _environ: Mapping[str, str]) -> None:
    before, after = read(args.before), read(args.after)
    if is_price_book(before.content) and is_price_book(after.content):
        changes = changed_prices(_book(before), _book(after))
        print(*changes, f"{len(changes) or 'no'} price rows differ", sep="\n")
    elif is_report(before.content) and is_report(after.content):
        books = [_book(read(location)) for location in args.prices or ()]
        moved = moves(before.content, after.content, (books[0], books[1]) if books else None)
        print(*moved, told(moved), sep="\n")
    else:
        raise Refused("A and B are either both price files or both costs.csv")


def _import(args: argparse.Namespace, _environ: Mapping[str, str]) -> None:
    made = imported(read(args.file).content, args.region, args.geo)
    print(*_compared(made, _book(read(args.prices)).find), *_left_out(made), sep="\n")
    if args.write:
        Path(args.write).write_bytes(price_file.write(made.prices))
        print(f"{len(made.prices)} rows written to {args.write}: compare with prices diff")


def _compared(made: Imported, find: Callable[[PriceKey, date], Price | None]) -> Iterator[str]:
    """Say which rows the book has otherwise, or not at all, on the day of the publication."""
    same = 0
    for price in made.prices:
        ours = find(price.key, price.checked)
        if ours and ours.usd_per_unit == price.usd_per_unit:
            same += 1
        else:
            yield f"{'differs' if ours else 'new'}: {PriceChange(price.key, ours, price)}"
    yield f"{len(made.prices)} rows, {same} of them as in the book"


def _left_out(made: Imported) -> Iterator[str]:
    expected = Counter(each.why for each in made.not_mapped if each.expected)
    for why, number in sorted(expected.items()):
        yield f"left out: {number} of {why}"
    if made.elsewhere:
        yield f"left out: {made.elsewhere} of other regions"
    for each in made.not_mapped:
        if not each.expected:
            yield f"not mapped: {each}"
