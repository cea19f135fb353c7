"""The command: print what every look at the gateway finds, fail where something is wrong."""

import argparse
from collections.abc import Mapping
from typing import Any

from ops.directory import Refused

EXAMPLES = """examples:
  python -m ops doctor --stage prod
  python -m ops doctor

With --stage it looks at that stage of .chalice/config.json, in the account of your credentials;
without, at what this shell's environment names, such as the local stack. It changes nothing. Exit
status 1 where something is wrong."""


def add_command(groups: Any) -> None:
    """Add the command to the parser's groups."""
    command = groups.add_parser(
        "doctor",
        help="what is wrong with the gateway, and what to do",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--stage", metavar="STAGE", help="of .chalice/config.json")
    command.set_defaults(open=dict, run=_doctor)


def _doctor(args: argparse.Namespace, environ: Mapping[str, str]) -> None:
    from ops.doctor.examination import findings  # here, so that other commands need none of it

    count = 0
    for finding in findings(args.stage, environ):
        print(*finding.lines(), sep="\n", flush=True)
        count += finding.state == "WRONG"
    if count:
        raise Refused(f"{count} thing{'s are' if count > 1 else ' is'} wrong")
