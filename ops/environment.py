"""`python -m ops env`: a deployed stage's settings, for the commands of this shell."""

import argparse
import shlex
from collections.abc import Mapping
from typing import Any

EXAMPLES = """examples:
  eval "$(python -m ops env --stage prod)"
  python -m ops report --date 2026-11-22

The settings of that stage in .chalice/config.json, in your account and region."""


def add_command(groups: Any) -> None:
    """Add the command to the parser's groups."""
    command = groups.add_parser(
        "env",
        help="a stage's settings, for this shell",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--stage", required=True, metavar="STAGE", help="of .chalice/config.json")
    command.set_defaults(open=dict, run=_env)


def exports(variables: Mapping[str, str]) -> list[str]:
    """Spell variables as a shell sets them, sorted by name."""
    return [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]


def _env(args: argparse.Namespace, environ: Mapping[str, str]) -> None:
    from ops.deploy.account import Account  # here, so that other commands need none of it
    from ops.deploy.stage import Stage

    stage, account = Stage.load(args.stage), Account.of(environ)
    settings = stage.environment(account.place) | {"AWS_REGION": account.region}
    print(*exports(settings), sep="\n")
