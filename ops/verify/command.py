"""The command: what it takes, and what it says of itself."""

import argparse
from collections.abc import Mapping
from typing import Any, Final

TEXT: Final = "amazon.nova-micro-v1:0"
EMBEDDING: Final = "amazon.titan-embed-text-v2:0"
EXAMPLES: Final = """examples:
  python -m ops verify --stage prod             what would be called, and what it costs at most
  python -m ops verify --stage prod --live
  python -m ops verify --stage prod --live --image amazon.nova-canvas-v1:0 --yes
  python -m ops verify --url http://localhost:8000 --live      the local stack

The calls are made as any tenant's, with the key in TOLLGATE_KEY; without one, the tenant
tollgate-verify is let in for as long as they take. Your own credentials read the usage log and
CloudWatch's metrics, and, without a key, write to the table of tenants.

AWS's counters come minutes late, and count whoever else calls the same models: then they can only
show that they are not less. Exit status 1 where anything differs, or did not arrive in time."""


def add_command(groups: Any) -> None:
    """Add the command to the parser's groups."""
    command = groups.add_parser(
        "verify",
        help="prove the bill: a dozen calls, their records, AWS's own counters",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--stage", metavar="STAGE", help="of .chalice/config.json")
    command.add_argument(
        "--url", help="the gateway's, such as a domain name of yours (default: its API)"
    )
    command.add_argument("--live", action="store_true", help="make the calls, which cost money")
    command.add_argument("--yes", action="store_true", help="do not ask first")
    command.add_argument(
        "--text",
        default="",
        metavar="ID",
        help=f"a Nova or Claude model (default: {TEXT}, by a profile of the region)",
    )
    command.add_argument(
        "--embedding",
        default=EMBEDDING,
        metavar="ID",
        help="a Titan model (default: %(default)s where it has a price; '': none)",
    )
    command.add_argument(
        "--image", default="", metavar="ID", help="a Nova or Titan model: dearer (default: none)"
    )
    command.add_argument(
        "--wait",
        type=float,
        default=15,
        metavar="MINUTES",
        help="for AWS's counters (default: %(default)s; 0: do not ask for them)",
    )
    command.set_defaults(open=dict, run=_verify)


def _verify(args: argparse.Namespace, environ: Mapping[str, str]) -> None:
    from ops.verify.verification import verify  # here, so that other commands need none of it

    verify(args, environ)
