"""`python -m ops models`: stop models for everyone, at once, and let them run again."""

import argparse
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from chalicelib.pricing.price_book import PriceBook
from chalicelib.tenants.nouns import Block, BlockList
from chalicelib.usage_record import rfc3339
from ops.directory import Directory, Refused, open_directory
from ops.printing import print_json, print_table

SHOWN: Final = 6
"""Names of stopped models that are printed; the others are counted."""

WITHIN: Final = "every gateway process knows within KEY_CACHE_SECONDS (60 by default)"

EXAMPLES = """examples:
  python -m ops models block 'anthropic.claude-opus-*' --reason 'runaway agent, see #412'
  python -m ops models blocked
  python -m ops models unblock 'anthropic.claude-opus-*'

A block stops a model on every route, in every geo and behind every ARN. A geo alone ('us.*'), one
ARN, an endpoint ('chat') or a guardrail ('guardrail/*') can be blocked as well. Quote the globs."""

_NAMES_ITS_MODEL = re.compile(
    r"arn:aws[a-z-]*:bedrock:[^:/]*:[^:/]*:(?:foundation-model|inference-profile)/(?P<id>.+)"
)


def add_commands(groups: Any) -> None:
    """Add this module's commands to the parser's groups."""
    group = groups.add_parser(
        "models",
        help="stop models for everyone, and let them run again",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    group.set_defaults(open=open_directory)
    commands = group.add_subparsers(required=True, metavar="COMMAND")

    stop = commands.add_parser("block", help="refuse models to everyone, until they are unblocked")
    stop.add_argument("globs", nargs="+", metavar="GLOB", help="of model ids, ARNs or endpoints")
    stop.add_argument("--reason", default="", help="for whoever finds it blocked")
    stop.set_defaults(run=_block)

    free = commands.add_parser("unblock", help="take blocks back; allow-lists hold as before")
    free.add_argument("globs", nargs="+", metavar="GLOB", help="as `blocked` lists them")
    free.set_defaults(run=_unblock)

    listing = commands.add_parser("blocked", help="what is blocked, since when, and why")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_blocked)


def block(
    directory: Directory, globs: Iterable[str], now: datetime, *, reason: str = ""
) -> BlockList:
    """Stop what the globs match. Raises ValueError for no glob, Refused where it was changed.

    What is blocked already stays as it is.
    """
    read = directory.blocks()
    known = {each.glob for each in read.blocks}
    added = [Block(glob, now, reason) for glob in _normal_forms(globs) if glob not in known]
    blocked = BlockList((*read.blocks, *added))
    directory.set_blocks(read, blocked)
    return blocked


def unblock(directory: Directory, globs: Iterable[str]) -> BlockList:
    """Take blocks back. Raises Refused where one is not there."""
    read, wanted = directory.blocks(), _normal_forms(globs)
    if missing := sorted(set(wanted) - {each.glob for each in read.blocks}):
        raise Refused(f"not blocked: {' '.join(missing)}; see: models blocked")
    blocked = BlockList(tuple(each for each in read.blocks if each.glob not in wanted))
    directory.set_blocks(read, blocked)
    return blocked


def normal_form(glob: str) -> str:
    """Spell a glob as ids are spelled: an ARN that names its model as that model's id."""
    found = _NAMES_ITS_MODEL.fullmatch(glob)
    return found["id"] if found else glob


def stopped_by(globs: Iterable[str], book: PriceBook) -> list[str]:
    """Return the ids of the priced models that blocks with these globs stop."""
    blocked = BlockList(tuple(Block(glob, datetime.now(UTC)) for glob in globs))
    return sorted({model_id for model_id, base in _priced(book) if blocked.stops(model_id, base)})


def describe(each: Block) -> dict[str, Any]:
    """Return a block as JSON values."""
    return {"glob": each.glob, "since": rfc3339(each.since), "reason": each.reason}


def _priced(book: PriceBook) -> Iterator[tuple[str, str]]:
    """Yield id and base model of each model and endpoint that has a price somewhere."""
    for price in book:
        base, geo = price.key.model, price.key.geo
        yield (base if geo == "none" else f"{geo}.{base}"), base


def _normal_forms(globs: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(map(normal_form, globs)))


def _block(args: argparse.Namespace, directory: Directory) -> None:
    block(directory, args.globs, datetime.now(UTC), reason=args.reason)
    globs = _normal_forms(args.globs)
    print(f"blocked for everyone: {' '.join(globs)}")
    print(_told(stopped_by(globs, PriceBook.load())))
    print(WITHIN)


def _unblock(args: argparse.Namespace, directory: Directory) -> None:
    left = unblock(directory, args.globs).blocks
    print(f"still blocked: {' '.join(each.glob for each in left) or 'nothing'}")
    print(WITHIN)


def _blocked(args: argparse.Namespace, directory: Directory) -> None:
    rows = [describe(each) for each in directory.blocks().blocks]
    if args.json:
        print_json(rows)
    elif rows:
        print_table(rows, ("glob", "since", "reason"))
    else:
        print("nothing is blocked")


def _told(stopped: list[str]) -> str:
    """Say what a block comes to, so that a glob that misses its model is seen at once."""
    if not stopped:
        return (
            "it stops no model that has a list price: right for an endpoint of yours, an ARN or a"
            " guardrail; else check the spelling"
        )
    more = f" and {len(stopped) - SHOWN} more" if len(stopped) > SHOWN else ""
    return f"it stops {' '.join(stopped[:SHOWN])}{more}"
