"""Is it there, and as it was configured? Clock, functions, mappings, tables, logs, buckets."""

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from botocore.exceptions import ClientError

from chalicelib.runtime import STREAM_ALIAS
from chalicelib.transport import Service, endpoint_url
from ops.deploy import aliases
from ops.deploy.releases import RUNTIME
from ops.deploy.stage import Stage
from ops.doctor.examined import Examined
from ops.doctor.finding import GONE, Finding, note, ok, wrong

STS: Final = Service("sts", "sts", "STS")
MAX_SKEW: Final = timedelta(seconds=60)
"""AWS refuses a signature that is five minutes off ("Signature Version 4", IAM user guide)."""
KEPT_DAYS: Final = 400
QUEUE_OF: Final = {"stream_worker": "", "stream_dead_letters": "-dead"}
"""The functions that queues start, and how each one's queue is called after STREAMS_QUEUE."""
READING: Final = ("Creating", "Enabling", "Enabled", "Updating")
"""States of an event source mapping whose queue is read, or will be (lambda 2015-03-31)."""

_RESTORABLE: Final = (
    "aws dynamodb update-continuous-backups --table-name {}"
    " --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
).format
_MADE: Final = "aws logs create-log-group --log-group-name {}".format
_VERSIONED: Final = (
    "aws s3api put-bucket-versioning --bucket {} --versioning-configuration Status=Enabled"
).format
"""What mends it. A deployment does not: CloudFormation changes what its template has changed, not
what was changed beside it."""


def clock(region: str, environ: Mapping[str, str]) -> Finding:
    """Hold this machine's clock against AWS's, which STS tells to anybody. Raises OSError."""
    told = _aws_time(endpoint_url(STS, region, environ), environ)
    return compared(datetime.now(UTC), told)


def compared(here: datetime, aws: datetime) -> Finding:
    """Say how far off a clock is."""
    off = here - aws
    seconds = f"{abs(off).total_seconds():.0f} s {'ahead of' if off > timedelta() else 'behind'}"
    if abs(off) > MAX_SKEW:
        todo = "set this machine's clock (NTP): AWS refuses what is signed five minutes off"
        return wrong("clock", f"{seconds} AWS's", todo)
    return ok("clock", f"{seconds} AWS's")


def _aws_time(url: str, environ: Mapping[str, str]) -> datetime:
    """Return the time that an answer names, whatever it answers."""
    tls = ssl.create_default_context(cafile=environ.get("AWS_CA_BUNDLE"))
    try:
        with urlopen(Request(url, method="HEAD"), timeout=5, context=tls) as answer:
            told = answer.headers["Date"]
    except HTTPError as refused:
        with refused:
            told = refused.headers["Date"]
    return parsedate_to_datetime(told)


def functions(examined: Examined) -> Iterator[Finding]:
    """Look at each function of the stage in config.json: is it there, with its settings?"""
    stage = examined.stage
    if stage is None:
        return
    amiss = dict(_amiss(examined, stage))
    if not amiss:
        yield ok("functions", f"{len(stage.functions)}, with the settings of config.json")
        return
    todo = f"deploy again: python -m ops deploy --stage {stage.name}"
    yield wrong("functions", "; ".join(f"{name} {why}" for name, why in amiss.items()), todo)


def _amiss(examined: Examined, stage: Stage) -> Iterator[tuple[str, str]]:
    aws = examined.client("lambda")
    for key in stage.functions:
        name = stage.function(key)
        try:
            found = aws.get_function_configuration(FunctionName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            yield name, "is not there"
            continue
        deployed = found.get("Environment", {}).get("Variables", {})
        wanted = stage.environment(examined.account.place, key)
        differ = [each for each, value in wanted.items() if deployed.get(each) != value]
        if differ:
            yield name, f"has another {', '.join(sorted(differ))}"
        elif found.get("State", "Active") != "Active":
            yield name, f"is {found['State']}"
        elif found.get("LoggingConfig", {}).get("LogFormat", "Text") != "Text":
            yield name, "writes its log as JSON: metrics in it may be left out"


def release(examined: Examined) -> Iterator[Finding]:
    """Look whether each version that an API streams from streams, or its answers are lost."""
    stage = examined.stage
    if stage is None or not stage.streams:
        return
    aws = examined.client("lambda")
    ours = next((each for each in aliases.found(aws, stage.api) if each.is_ours), None)
    if ours is None:
        todo = f"deploy again: python -m ops deploy --stage {stage.name}"
        yield wrong("release", f"{stage.api} has no alias {STREAM_ALIAS}", todo)
        return
    mute = [version for version in sorted(ours.versions) if not _streams(aws, stage.api, version)]
    if mute:
        says = f"the alias {ours.name} leads to version {', '.join(mute)}, which does not stream"
        yield wrong("release", says, "lead it elsewhere: docs/deploy.md#a-redeployment")
    elif ours.shares:
        says = f"calls are shared out between versions {', '.join(sorted(ours.versions))}"
        yield note("release", says, "until that is ended, nothing can be deployed")
    else:
        yield ok("release", f"version {ours.version}, which streams")


def _streams(aws: Any, function: str, version: str) -> bool:
    found = aws.get_function_configuration(FunctionName=function, Qualifier=version)
    variables: Mapping[str, str] = found.get("Environment", {}).get("Variables", {})
    return RUNTIME.items() <= variables.items()


def mappings(examined: Examined) -> Iterator[Finding]:
    """Look whether each queue is read: a message in one that is not is a stream that never runs."""
    stage = examined.stage
    if stage is None:
        return
    states = {
        f"{examined.settings.streams_queue}{suffix}": _mapped(examined, stage.function(key))
        for key, suffix in QUEUE_OF.items()
    }
    unread = {queue: state for queue, state in states.items() if state not in READING}
    if not unread:
        yield ok("mappings", f"{len(states)} queues are read by their functions")
        return
    says = "; ".join(f"{queue} is read by no function: {why}" for queue, why in unread.items())
    yield wrong("mappings", says, f"deploy again: python -m ops deploy --stage {stage.name}")


def _mapped(examined: Examined, function: str) -> str:
    """Return the state of a function's one mapping."""
    aws = examined.client("lambda")
    found = aws.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    return str(found[0]["State"]) if found else "there is no mapping"


def tables(examined: Examined) -> Iterator[Finding]:
    dynamodb = examined.client("dynamodb")
    for name in (examined.settings.tenants_table, examined.settings.streams_table):
        status = dynamodb.describe_table(TableName=name)["Table"]["TableStatus"]
        backups = dynamodb.describe_continuous_backups(TableName=name)
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        if status not in ("ACTIVE", "UPDATING"):
            yield wrong("table", f"{name} is {status}", "wait, or restore it: docs/operate.md")
        elif recovery["PointInTimeRecoveryStatus"] != "ENABLED":
            yield wrong("table", f"{name} cannot be restored to a point in time", _RESTORABLE(name))
        else:
            yield ok("table", f"{name}: {status.lower()}, restorable")


def usage_log(examined: Examined) -> Iterator[Finding]:
    name = examined.settings.usage_log_group
    if not name:
        todo = "set USAGE_LOG_GROUP: records on stdout are not acknowledged, and a few get lost"
        yield (note if examined.is_local else wrong)("usage log", "none is set", todo)
        return
    groups = examined.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    found = next((each for each in groups if each["logGroupName"] == name), None)
    if found is None:
        says = f"{name} is not there: no model is called"
        yield wrong("usage log", says, f"{_MADE(name)}; then {GONE}")
    elif found.get("retentionInDays", KEPT_DAYS) < KEPT_DAYS:
        days = found["retentionInDays"]
        yield note("usage log", f"{name} is kept {days} days", "a day older is not reported again")
    else:
        yield ok("usage log", f"{name}, kept {found.get('retentionInDays', 'all')} days")


def buckets(examined: Examined) -> Iterator[Finding]:
    s3 = examined.client("s3")
    reports, payloads = examined.settings.reports_bucket, examined.settings.payloads_bucket
    for each in (reports, payloads):
        s3.head_bucket(Bucket=each)
    versioning = s3.get_bucket_versioning(Bucket=reports).get("Status")
    if versioning != "Enabled":
        says = f"{reports} keeps no versions: a report that is overwritten is gone"
        yield wrong("buckets", says, _VERSIONED(reports))
    else:
        yield ok("buckets", f"{reports}, {payloads}")
