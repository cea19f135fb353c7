"""Settings, read once from the environment. A wrong or missing one stops the start."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

CONTAINERS = ("tgi", "lmi", "openai", "none")
_ENDPOINT_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")  # sagemaker-runtime EndpointName
_OBJECT_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/=-]{0,511}")  # no bucket, no leading slash
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)
_TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}", re.ASCII)
_AMOUNT = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_CUR_LOCATION = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()-]+){1,16}")
_GLOB = re.compile(r"[A-Za-z0-9.:_/*?-]{1,2048}")  # no `[`: fnmatch would take a set for it
_READS_AS_ANOTHER_VALUE = frozenset({"null", "none", "true", "false", "nan", "inf", "infinity"})


class SettingError(ValueError):
    """A setting is missing or wrong; the message begins with its name."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A SageMaker endpoint that tenants may name as a model_id."""

    name: str
    container: str  # what it serves, which says where its usage stands: one of CONTAINERS
    instance: str = ""
    count: int = 1
    concurrency: int = 1  # calls that one instance serves at once


@dataclass(frozen=True, slots=True)
class Settings:
    region: str
    tenants_table: str
    reports_bucket: str
    payloads_bucket: str
    streams_table: str = ""
    streams_queue: str = ""
    """The SQS queue of the jobs that wait for a worker; its dead letters go to `<name>-dead`."""
    stream_ttl_hours: int = 24
    """How long a stored answer can be read."""
    stage: str = "local"
    usage_log_group: str = ""
    """Strict ledger: records are acknowledged by this log group. Empty: one write to stdout."""
    usage_log_groups: tuple[str, ...] = ()
    """Where the report reads; the ledger's own group, unless records go to stdout."""
    key_cache_seconds: int = 60
    model_timeout_seconds: int = 870
    endpoints: Mapping[str, Endpoint] = field(default_factory=lambda: MappingProxyType({}))
    model_arns: tuple[str, ...] = ()
    """Globs of the opaque ARNs, and names of provisioned throughput, that may run at all."""
    model_unit_concurrency: int = 1
    """Calls that one provisioned model unit serves at once: what a share of its hours is of."""
    prices_override: str = ""
    """Key, in the reports bucket, of a price file whose rows replace the list's. Empty: none."""
    tenant_role_arn: str = ""
    """The role that is assumed for each team, to sign its model calls. Empty: our own signs."""
    alerts_topic_arn: str = ""
    """The SNS topic that is told what a person has to see to. Empty: nobody is told."""
    spend_alert_factor: Decimal = Decimal(2)
    """How many times its usual day a team has to spend for somebody to be told."""
    spend_alert_minimum: Decimal = Decimal(10)
    """US dollars that a team has to spend in a day for that, lest cents ring."""
    reconcile_tolerance: Decimal = Decimal(0)
    """The part of AWS's number by which ours may differ: 0.001 is a thousandth."""
    cur_location: str = ""
    """Where a CUR 2.0 export is delivered: `s3://bucket/prefix/export-name`. Empty: nowhere."""


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises SettingError, whose message begins with the variable's name.
    """
    usage_log_group = environ.get("USAGE_LOG_GROUP", "")
    groups = tuple(filter(None, environ.get("USAGE_LOG_GROUPS", usage_log_group).split(",")))
    return Settings(
        region=_required(environ, "AWS_REGION", "AWS_DEFAULT_REGION"),
        tenants_table=_required(environ, "TENANTS_TABLE"),
        streams_table=_required(environ, "STREAMS_TABLE"),
        streams_queue=_required(environ, "STREAMS_QUEUE"),
        stream_ttl_hours=_whole(environ, "STREAM_TTL_HOURS", 24, 1, 8760),
        reports_bucket=_required(environ, "REPORTS_BUCKET"),
        payloads_bucket=_required(environ, "PAYLOADS_BUCKET"),
        stage=environ.get("STAGE", "local"),
        usage_log_group=usage_log_group,
        usage_log_groups=groups,
        key_cache_seconds=_whole(environ, "KEY_CACHE_SECONDS", 60, 0, 3600),
        model_timeout_seconds=_whole(environ, "MODEL_TIMEOUT_SECONDS", 870, 1, 900),
        endpoints=load_endpoints(environ),
        model_arns=_model_arns(environ.get("MODEL_ARNS", "")),
        model_unit_concurrency=_whole(environ, "MODEL_UNIT_CONCURRENCY", 1, 1, 1000),
        prices_override=_object_key(environ, "PRICES_OVERRIDE"),
        tenant_role_arn=_arn(environ, "TENANT_ROLE_ARN", _ROLE_ARN, "an IAM role"),
        alerts_topic_arn=_arn(environ, "ALERTS_TOPIC_ARN", _TOPIC_ARN, "an SNS topic"),
        spend_alert_factor=_amount(environ, "SPEND_ALERT_FACTOR", "2", Decimal(1)),
        spend_alert_minimum=_amount(environ, "SPEND_ALERT_MINIMUM", "10", Decimal(0)),
        reconcile_tolerance=_amount(environ, "RECONCILE_TOLERANCE", "0", Decimal(0)),
        cur_location=_cur_location(environ),
    )


def load_endpoints(environ: Mapping[str, str] = os.environ) -> Mapping[str, Endpoint]:
    """Read SAGEMAKER_ENDPOINTS alone. Raises SettingError."""
    return _endpoints(environ.get("SAGEMAKER_ENDPOINTS", ""))


def _required(environ: Mapping[str, str], *names: str) -> str:
    for name in names:
        if value := environ.get(name, "").strip():
            return value
    raise SettingError(f"{names[0]} is not set")


def _whole(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name, "") or str(default)
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise SettingError(f"{name} is {text!r}; it takes a whole number from {low} to {high}")
    return int(text)


def _object_key(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name, "")
    if text and not _OBJECT_KEY.fullmatch(text):
        raise SettingError(f"{name} is {text!r}; it takes a key in the bucket, such as prices.csv")
    return text


def _arn(environ: Mapping[str, str], name: str, form: re.Pattern[str], of: str) -> str:
    text = environ.get(name, "")
    if text and not form.fullmatch(text):
        raise SettingError(f"{name} is {text!r}; it takes the ARN of {of}")
    return text


def _amount(environ: Mapping[str, str], name: str, default: str, low: Decimal) -> Decimal:
    text = environ.get(name, "") or default
    if not _AMOUNT.fullmatch(text) or Decimal(text) < low:
        raise SettingError(
            f"{name} is {text!r}; it takes a number from {low} up, such as {default}"
        )
    return Decimal(text)


def _cur_location(environ: Mapping[str, str]) -> str:
    text = environ.get("CUR_LOCATION", "").rstrip("/")
    if text and not _CUR_LOCATION.fullmatch(text):
        raise SettingError(
            f"CUR_LOCATION is {text!r}; it takes where an export is delivered, such as"
            " s3://bucket/prefix/export-name"
        )
    return text


def _endpoints(text: str) -> Mapping[str, Endpoint]:
    """Read SAGEMAKER_ENDPOINTS: JSON, or the name of a JSON file in the package.

    Shape: {"chat": {"container": "tgi", "instance": "ml.g5.xlarge", "count": 1, "concurrency": 4}}
    """
    text = _json_text("SAGEMAKER_ENDPOINTS", text, "{")
    try:
        entries = json.loads(text or "{}")
        return MappingProxyType({name: _endpoint(name, **entries[name]) for name in entries})
    except (ValueError, TypeError) as error:
        raise SettingError(f"SAGEMAKER_ENDPOINTS: {error}") from error


def _model_arns(text: str) -> tuple[str, ...]:
    """Read MODEL_ARNS: a JSON list of globs, or the name of a JSON file in the package."""
    text = _json_text("MODEL_ARNS", text, "[")
    try:
        globs = json.loads(text or "[]")
    except ValueError as error:
        raise SettingError(f"MODEL_ARNS: {error}") from error
    if not isinstance(globs, list):
        raise SettingError("MODEL_ARNS is not a list")
    for glob in globs:
        if not (isinstance(glob, str) and _GLOB.fullmatch(glob)):
            raise SettingError(f"MODEL_ARNS: {glob!r} is not an ARN, a name or a glob of them")
    return tuple(globs)


def _json_text(name: str, value: str, begins: str) -> str:
    """Return a setting's JSON: its own, or that of the file in the package which it names."""
    if not value or value.lstrip().startswith(begins):
        return value
    from pathlib import Path

    path = Path(__file__).parent / value
    if not path.is_file():
        raise SettingError(f"{name} names {value!r}, which is not in the package")
    return path.read_text(encoding="utf-8")


def _endpoint(
    name: str, *, container: str, instance: str = "", count: int = 1, concurrency: int = 1
) -> Endpoint:
    if not _ENDPOINT_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not an endpoint's name")
    if name.isdigit() or name.lower() in _READS_AS_ANOTHER_VALUE:
        raise ValueError(f"{name!r} would read as a number or a null in a report: rename it")
    if container not in CONTAINERS:
        raise ValueError(f"{name}: container is one of {', '.join(CONTAINERS)}")
    if int(concurrency) < 1:
        raise ValueError(f"{name}: concurrency is at least 1")
    return Endpoint(name, container, instance, int(count), int(concurrency))
