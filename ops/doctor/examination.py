"""The examination: every look at the gateway, one after the other."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws_json import AwsFault
from chalicelib.settings import SettingError
from ops.deploy.account import Account
from ops.doctor import alarms, reports, setup, work
from ops.doctor.examined import Examined
from ops.doctor.finding import GONE, Finding, note, ok, wrong

Look = Callable[[Examined], Iterable[Finding]]

LOOKS: Final[Mapping[str, Look]] = {
    "functions": setup.functions,
    "release": setup.release,
    "mappings": setup.mappings,
    "tables": setup.tables,
    "usage log": setup.usage_log,
    "buckets": setup.buckets,
    "queues": work.queues,
    "leases": work.leases,
    "async jobs": work.async_jobs,
    "blocked": work.blocks,
    "report": reports.reports,
    "alarms": alarms.alarms,
}


def findings(stage: str | None, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at a stage of config.json, or at what the environment names.

    Raises Refused where AWS does not know who asks, or there is no such stage.
    """
    yield _clock(environ)  # first: where it is wrong, AWS takes no credentials
    account = Account.of(environ)
    try:
        examined = Examined.of(stage, account, environ)
    except SettingError as error:
        yield wrong("settings", str(error), "set it in .chalice/config.json, and deploy")
        return
    yield ok(
        "settings",
        f"stage {examined.settings.stage}, account {account.number}, {account.region}",
    )
    with closing(examined):
        yield from looked_at(examined)


def _clock(environ: Mapping[str, str]) -> Finding:
    region = environ.get("AWS_REGION") or boto3.Session().region_name or "us-east-1"
    try:
        return setup.clock(region, environ)
    except (OSError, ValueError) as error:  # nobody is there, or somebody who names no time
        return note("clock", f"AWS does not tell the time: {' '.join(str(error).split())}")


def looked_at(examined: Examined) -> Iterator[Finding]:
    """Take every look; one whose service is away does not keep the others from being taken."""
    for name, look in LOOKS.items():
        try:
            yield from look(examined)
        except ClientError as error:
            told = error.response["Error"]["Code"]
            yield wrong(name, f"AWS refuses {error.operation_name}: {told}", _todo(told))
        except (BotoCoreError, AwsFault) as error:
            told = " ".join(str(error).split())
            yield wrong(name, f"cannot be asked: {told}", _todo(told))
        except ValueError as error:
            yield wrong(name, " ".join(str(error).split()), "somebody changed it by hand: mend it")


def _todo(code: str) -> str:
    if "AccessDenied" in code or "Unauthorized" in code:
        return "your own credentials may not look: docs/runbook.md#what-the-doctor-asks"
    if "NotFound" in code or "NonExistent" in code or "NoSuch" in code or code == "404":
        return f"name the right stage, region and account; if it was deleted: {GONE}"
    return "the service may be away: health.aws.amazon.com; docs/dependencies.md says what goes on"
