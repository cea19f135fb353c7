"""`python -m ops keys`: create, list, rotate, revoke. A key is printed once, alone on stdout."""

import argparse
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.tenants import ApiKey
from chalicelib.tenants.keys import key_hash, new_key
from chalicelib.tenants.nouns import check_key_id, check_team_id
from chalicelib.usage_record import rfc3339
from ops.directory import Directory, Refused, open_directory
from ops.printing import print_json, print_table

DEFAULT_OVERLAP_HOURS = 24
MAX_OVERLAP_HOURS = 24 * 365
MAX_DAYS = 3650

EXAMPLES = """examples:
  python -m ops keys create genomics --expires 90 --label "nightly batch" > key.txt
  python -m ops keys list genomics
  python -m ops keys rotate zvsqo2ylcxoj --overlap 48
  python -m ops keys revoke zvsqo2ylcxoj

A KEY_ID is the 12 characters after tg_; it is no secret. The key itself cannot be shown again."""


def add_commands(groups: Any) -> None:
    """Add this module's commands to the parser's groups."""
    group = groups.add_parser(
        "keys",
        help="what a tenant's programs show to the gateway",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    group.set_defaults(open=open_directory)
    commands = group.add_subparsers(required=True, metavar="COMMAND")

    create = commands.add_parser("create", help="make a key and print it, this once")
    create.add_argument("team", metavar="TEAM")
    create.add_argument(
        "--expires",
        metavar="DATE|DAYS",
        help="YYYY-MM-DD: refused from 00:00 UTC of that day on; or a number of days from now",
    )
    create.add_argument("--label", default="", help="what it is for")
    create.set_defaults(run=_create)

    listing = commands.add_parser("list", help="a tenant's keys, those that have ended too")
    listing.add_argument("team", metavar="TEAM")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)

    rotate = commands.add_parser(
        "rotate", help="make and print a successor; the old one ends later"
    )
    rotate.add_argument("key_id", metavar="KEY_ID")
    rotate.add_argument(
        "--overlap",
        type=int,
        default=DEFAULT_OVERLAP_HOURS,
        metavar="HOURS",
        help="how long the old key still works (default: %(default)s)",
    )
    rotate.set_defaults(run=_rotate)

    revoke = commands.add_parser("revoke", help="end a key now")
    revoke.add_argument("key_id", metavar="KEY_ID")
    revoke.set_defaults(run=_revoke)


def create(
    directory: Directory,
    team_id: str,
    now: datetime,
    *,
    expires: str | None = None,
    label: str = "",
) -> tuple[str, ApiKey]:
    """Make a key: the plain one to hand out, which is kept nowhere, and what is stored of it."""
    check_team_id(team_id)
    plain, key = _mint(team_id, now, expiry(expires, now) if expires is not None else None, label)
    if directory.tenant(team_id).state != "active":
        raise Refused(f"{team_id} is disabled; enable it first: tenants disable {team_id} --enable")
    directory.add_key(key)
    return plain, key


def rotate(
    directory: Directory, key_id: str, now: datetime, *, overlap_hours: int = DEFAULT_OVERLAP_HOURS
) -> tuple[str, ApiKey, datetime]:
    """Make a key's successor, and let the old one end once the overlap is over.

    The successor has the label, and as long a life as the old key was given. Returns it as
    `create` does, and the moment from which the old key is refused.
    """
    if not 0 <= overlap_hours <= MAX_OVERLAP_HOURS:
        raise ValueError(f"the overlap is 0 to {MAX_OVERLAP_HOURS} hours")
    check_key_id(key_id)
    old = directory.key(key_id)
    state = old.state_at(now)
    if state != "active":
        raise Refused(f"the key {key_id} is {state}; make a new one: keys create {old.team_id}")
    if old.revoked_at is not None:
        raise Refused(f"the key {key_id} was rotated; it works until {rfc3339(old.revoked_at)}")
    expires_at = now + (old.expires_at - old.created_at) if old.expires_at else None
    plain, successor = _mint(old.team_id, now, expires_at, old.label)
    until = now + timedelta(hours=overlap_hours)
    directory.replace_key(old, successor, until)
    return plain, successor, until


def revoke(directory: Directory, key_id: str, now: datetime) -> None:
    """End a key now, also one whose overlap still runs. Raises Refused where it ended before."""
    check_key_id(key_id)
    key = directory.key(key_id)
    if key.revoked_at is not None and key.revoked_at <= now:
        raise Refused(f"the key {key_id} was revoked at {rfc3339(key.revoked_at)}")
    directory.revoke_key(key_id, now)


def expiry(text: str, now: datetime) -> datetime:
    """Read when a key ends: `90` (days from now), or `2027-01-31` (as that day begins in UTC).

    Raises ValueError.
    """
    if text.isascii() and text.isdigit():
        if not 1 <= int(text) <= MAX_DAYS:
            raise ValueError(f"a key expires in 1 to {MAX_DAYS} days")
        return now + timedelta(days=int(text))
    try:
        moment = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"{text!r} is neither a date YYYY-MM-DD nor a number of days") from error
    if moment <= now:
        raise ValueError(f"{text} has begun already (UTC); the key would never work")
    return moment


def describe(key: ApiKey, now: datetime) -> dict[str, Any]:
    """Return a key as JSON values: nothing of its secret, and nothing of its hash."""
    return {
        "key_id": key.key_id,
        "team_id": key.team_id,
        "state": key.state_at(now),
        "label": key.label,
        "created_at": rfc3339(key.created_at),
        "expires_at": key.expires_at and rfc3339(key.expires_at),
        "revoked_at": key.revoked_at and rfc3339(key.revoked_at),
    }


def _mint(
    team_id: str, now: datetime, expires_at: datetime | None, label: str
) -> tuple[str, ApiKey]:
    key_id, plain = new_key()
    return plain, ApiKey(key_id, key_hash(plain), team_id, now, expires_at, None, label)


def _create(args: argparse.Namespace, directory: Directory) -> None:
    plain, key = create(
        directory, args.team, datetime.now(UTC), expires=args.expires, label=args.label
    )
    _say(f"key {key.key_id} of {key.team_id}, {_life(key)}; it is shown this once:")
    print(plain)


def _list(args: argparse.Namespace, directory: Directory) -> None:
    check_team_id(args.team)
    now = datetime.now(UTC)
    rows = [describe(key, now) for key in directory.keys(args.team)]
    if args.json:
        print_json(rows)
    else:
        columns = ("key_id", "state", "created_at", "expires_at", "revoked_at", "label")
        print_table(rows, columns)


def _rotate(args: argparse.Namespace, directory: Directory) -> None:
    plain, key, until = rotate(
        directory, args.key_id, datetime.now(UTC), overlap_hours=args.overlap
    )
    _say(f"the old key {args.key_id} works until {rfc3339(until)}")
    _say(f"key {key.key_id} of {key.team_id}, {_life(key)}; it is shown this once:")
    print(plain)


def _revoke(args: argparse.Namespace, directory: Directory) -> None:
    revoke(directory, args.key_id, datetime.now(UTC))
    _say(
        f"the key {args.key_id} is revoked; every gateway process refuses it within"
        " KEY_CACHE_SECONDS (60 by default)"
    )


def _life(key: ApiKey) -> str:
    return f"until {rfc3339(key.expires_at)}" if key.expires_at else "without an end"


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)
