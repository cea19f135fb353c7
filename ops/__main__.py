"""`python -m ops`: the operator's command line. Exit status 1, and one line that says why."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

MISSING = "{} is not installed for this Python: `make install`, then `. .venv/bin/activate`"

try:
    from botocore.exceptions import BotoCoreError, ClientError

    from ops import environment, keys, models, month, prices, reconcile, report, tenants
    from ops.deploy import command as deployment
    from ops.directory import Refused
    from ops.doctor import command as doctor
    from ops.openapi import command as openapi
    from ops.sizing import command as sizing
    from ops.trace import command as trace
    from ops.verify import command as verify
except ModuleNotFoundError as error:  # boto3, without which no command can be so much as named
    sys.exit(f"error: {MISSING.format(error.name)}")

DESCRIPTION = "Deploys a Tollgate; its tenants, keys, prices and reports."
EPILOG = """environment:
  TENANTS_TABLE   the DynamoDB table of tenants; all that `tenants` and `keys` need
  AWS_REGION      and whatever else an AWS SDK takes: profiles, credentials, AWS_ENDPOINT_URL
  `deploy` needs the latter alone
  `report`, `month`, `reconcile` and `trace` read the gateway's own settings, too
  (`eval "$(python -m ops env --stage prod)"`); `prices` needs none of them

examples:
  python -m ops deploy --stage prod
  python -m ops tenants create genomics --allow 'anthropic.*'
  python -m ops keys create genomics > key.txt
  python -m ops report --date 2026-11-22
  python -m ops month close 2026-10
  python -m ops prices show amazon.nova-lite-v1:0"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m ops",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    groups = top.add_subparsers(required=True, metavar="GROUP")
    deployment.add_commands(groups)
    tenants.add_commands(groups)
    keys.add_commands(groups)
    models.add_commands(groups)
    report.add_command(groups)
    month.add_commands(groups)
    reconcile.add_command(groups)
    trace.add_command(groups)
    prices.add_commands(groups)
    doctor.add_command(groups)
    verify.add_command(groups)
    openapi.add_command(groups)
    environment.add_command(groups)
    sizing.add_command(groups)
    return top


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run one command; return its exit status."""
    args = parser().parse_args(argv)
    try:
        args.run(args, args.open(environ))
    except (Refused, ValueError, OSError, BotoCoreError, ClientError) as error:
        return _failed(str(error))
    except ModuleNotFoundError as error:  # Chalice, which not every command needs
        return _failed(MISSING.format(error.name))
    except KeyboardInterrupt:
        return _failed("interrupted: what was begun in AWS goes on there; repeat this to end it")
    return 0


def _failed(why: str) -> int:
    print("error:", " ".join(why.split()), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
