"""`ops doctor` against AWS on this machine: what is wrong is said, and what to do."""

import hashlib
import json
import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from botocore import xform_name
from builders import ACCOUNT
from scripted_server import answer, scripted_server
from stream_world import call_of, stream_job

from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.reported_day import costs_key, manifest_key
from chalicelib.runtime import STREAM_ALIAS
from chalicelib.streams.table import StreamsTable
from local import project, resources
from local.aws import ENVIRON, Aws
from ops import __main__ as command_line
from ops import models
from ops.deploy.account import Account
from ops.deploy.releases import RUNTIME
from ops.deploy.stage import API_HANDLER, Stage
from ops.directory import Directory
from ops.doctor import alarms, reports, setup, work
from ops.doctor.examined import Examined
from ops.doctor.finding import Finding

RUNBOOK = (project.ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
NOW = datetime.now(UTC)
DUE = reports.last_due(NOW)
COSTS = b"model_id,invocations,status\nus.amazon.nova-lite-v1:0,7,PRICED\n"
COUNTS = ("started", "usage", "failed", "orphaned", "unannounced", "duplicated", "lost", "partial")
MORE_COUNTS = ("unknown", "derived", "deferred", "foreign", "unpriced")
MANIFEST = Manifest(
    schema=1,
    date=DUE.isoformat(),
    complete=True,
    **dict.fromkeys(COUNTS + MORE_COUNTS, 0),
    window={},
    queries=(),
    price_book_sha256="",
    counts_sha256="",
    csv_sha256=hashlib.sha256(COSTS).hexdigest(),
    orphaned_request_ids=(),
    orphaned_rows=(),
    price_rows_sha256="",
)

Look = Callable[[Examined], Iterable[Finding]]


class Deployed:
    """Stage `prod` of config.json, deployed as far as the doctor looks."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ
        self.examined = Examined.of("prod", Account.of(environ), environ)
        resources.create(self.client, "prod", ACCOUNT)
        self._deploy_functions()
        self.topic = self.client("sns").create_topic(Name="tollgate-prod-alerts")["TopicArn"]
        self.subscribe()
        self.alarm("unpriced", "OK")
        for back in range(reports.GAPS):
            self.report(DUE - timedelta(days=back))

    def client(self, service: str) -> Any:
        return self.examined.client(service)

    def subscribe(self) -> str:
        asked = {"TopicArn": self.topic, "Protocol": "email", "Endpoint": "night@example.com"}
        arn: str = self.client("sns").subscribe(**asked)["SubscriptionArn"]
        return arn

    def alarm(self, name: str, state: str) -> None:
        name = f"tollgate-prod-{name}"
        measured = {"Namespace": "Tollgate", "MetricName": "Unpriced", "Statistic": "Sum"}
        over = {"ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 1.0}
        over |= {"EvaluationPeriods": 1, "Period": 300}
        cloudwatch = self.client("cloudwatch")
        cloudwatch.put_metric_alarm(AlarmName=name, AlarmActions=[self.topic], **measured, **over)
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")

    def report(self, day: date, costs: bytes = COSTS, **fields: Any) -> None:
        made = replace(MANIFEST, date=day.isoformat(), **fields)
        self.put(costs_key(day), costs)
        self.put(manifest_key(day), made.to_json())

    def put(self, key: str, content: bytes) -> None:
        bucket = self.examined.settings.reports_bucket
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=content)

    def streams(self, now: datetime) -> StreamsTable:
        table = self.examined.settings.streams_table
        return StreamsTable(self.examined.dynamodb(), table, lambda: now)

    def _deploy_functions(self) -> None:
        stage = self.examined.stage
        assert stage
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = self.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument=trust)
        for key in stage.functions:
            self.client("lambda").create_function(
                FunctionName=stage.function(key),
                Runtime="python3.12",
                Role=role["Role"]["Arn"],
                Handler="app.app",
                Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
                Environment={"Variables": self._variables(stage, key)},
            )
        released = {
            "FunctionName": stage.api,
            "Publish": True,
            "ZipFile": b"PK\x05\x06" + bytes(18),
        }
        version = self.client("lambda").update_function_code(**released)["Version"]
        self.client("lambda").create_alias(
            FunctionName=stage.api, Name=STREAM_ALIAS, FunctionVersion=version
        )

    def _variables(self, stage: Stage, key: str) -> dict[str, str]:
        own = RUNTIME if key == API_HANDLER else {}
        return {**stage.environment(self.examined.account.place, key), **own}


class StandingClock:
    """No report falls due, and no lease ends, while the tests run."""

    @staticmethod
    def now(_zone: object) -> datetime:
        return NOW


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    with Aws() as aws, pytest.MonkeyPatch.context() as patched:
        environ = {**ENVIRON, "AWS_ENDPOINT_URL": aws.url}
        for name, value in environ.items():
            patched.setenv(name, value)
        patched.delenv("AWS_PROFILE", raising=False)
        patched.setattr("ops.doctor.examined.datetime", StandingClock)
        deployed = Deployed(environ)
        with closing(deployed.examined):
            yield deployed


@pytest.fixture
def examined(deployed: Deployed) -> Examined:
    return deployed.examined


@pytest.fixture
def mappings(deployed: Deployed) -> Iterator[dict[str, str]]:
    """The mappings of the queues, while a test lasts: moto would run functions on messages."""
    aws, stage = deployed.client("lambda"), deployed.examined.stage
    assert stage
    made = {}
    for key, suffix in setup.QUEUE_OF.items():
        queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:tollgate-prod-streams{suffix}"
        asked = {"EventSourceArn": queue, "FunctionName": stage.function(key)}
        made[key] = aws.create_event_source_mapping(**asked)["UUID"]
    yield made
    for uuid in made.values():
        aws.delete_event_source_mapping(UUID=uuid)


def wrongs(findings: Iterable[Finding]) -> list[Finding]:
    return [each for each in findings if each.state == "WRONG"]


def said(look: Look, examined: Examined) -> str:
    """What is wrong: one thing, with what to do."""
    (found,) = wrongs(look(examined))
    assert found.todo
    return f"{found.says} -> {found.todo}"


def type_in(deployed: Deployed, command: str) -> None:
    """Do what a command of the AWS CLI does."""
    program, service, operation, *words = shlex.split(command)
    assert program == "aws"
    client = deployed.client({"s3api": "s3"}.get(service, service))
    name = operation.replace("-", "_")
    shapes = client.meta.service_model.operation_model(
        client.meta.method_to_api_mapping[name]
    ).input_shape.members
    spelled = {f"--{xform_name(member, '-')}": member for member in shapes}
    asked = {spelled[word]: value for word, value in zip(words[::2], words[1::2], strict=True)}
    getattr(client, name)(**{n: _read(shapes[n].type_name, text) for n, text in asked.items()})


def _read(kind: str, text: str) -> Any:
    """Read a value as the CLI does: JSON, or its shorthand of pairs."""
    if kind == "integer":
        return int(text)
    if kind not in ("structure", "map"):
        return text
    if text.startswith("{"):
        return json.loads(text)
    pairs = dict(each.split("=") for each in text.split(","))
    return {n: {"true": True}.get(value, value) for n, value in pairs.items()}


# The screen


def test_a_gateway_that_is_well_fits_one_screen_and_fails_nothing(
    deployed, mappings, capsys
) -> None:
    assert command_line.main(["doctor", "--stage", "prod"], deployed.environ) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == {"ok"}
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 100


def test_something_wrong_is_a_line_with_what_to_do_and_an_exit_status(
    deployed, mappings, capsys
) -> None:
    deployed.alarm("dead-letters", "ALARM")
    assert command_line.main(["doctor", "--stage", "prod"], deployed.environ) == 1
    out, err = capsys.readouterr()
    assert "WRONG  alarm         dead-letters, since" in out
    assert "-> docs/runbook.md#dead-letters" in out
    assert err == "error: 1 thing is wrong\n"
    deployed.alarm("dead-letters", "OK")


def test_a_missing_setting_is_named(deployed, capsys) -> None:
    environ = {**deployed.environ, "TENANTS_TABLE": "tenants"}
    assert command_line.main(["doctor"], environ) == 1
    assert "WRONG  settings      STREAMS_TABLE is not set" in capsys.readouterr().out


def test_a_stage_that_is_not_there_is_refused(deployed, capsys) -> None:
    assert command_line.main(["doctor", "--stage", "nowhere"], deployed.environ) == 1
    assert "there is no stage 'nowhere'" in capsys.readouterr().err


def test_the_settings_of_a_stage_are_printed_for_a_shell(deployed, capsys) -> None:
    assert command_line.main(["env", "--stage", "prod"], deployed.environ) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"export REPORTS_BUCKET=tollgate-prod-reports-{ACCOUNT}" in lines
    assert "export AWS_REGION=us-east-1" in lines


def test_what_is_not_there_keeps_nothing_else_from_being_looked_at(deployed, capsys) -> None:
    settings = deployed.examined.settings
    environ = {
        **deployed.environ,
        "STAGE": "prod",
        "TENANTS_TABLE": "gone",
        "STREAMS_TABLE": settings.streams_table,
        "STREAMS_QUEUE": "gone",
        "REPORTS_BUCKET": settings.reports_bucket,
        "PAYLOADS_BUCKET": "gone",
        "USAGE_LOG_GROUP": "/gone",
    }
    assert command_line.main(["doctor"], environ) == 1
    out = capsys.readouterr().out.splitlines()
    named = {line.split()[1] for line in out if line.startswith("WRONG")}
    assert {"tables", "usage", "buckets", "queues", "blocked"} == named
    assert [line for line in out if line.startswith("ok     report")]


# Setup


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, "ok"), (59, "ok"), (61, "WRONG"), (-61, "WRONG")]
)
def test_a_clock_that_is_off_is_said(seconds, state) -> None:
    found = setup.compared(NOW + timedelta(seconds=seconds), NOW)
    assert found.state == state
    assert ("ahead of" in found.says) == (seconds > 0)


def test_aws_tells_the_time_even_to_those_whom_it_refuses() -> None:
    refusal = answer(403, b"", "Date: Mon, 23 Nov 2015 12:00:00 GMT")
    with scripted_server(lambda connection, _: connection.sendall(refusal)) as server:
        found = setup.clock("us-east-1", {"AWS_ENDPOINT_URL": server.url})
    assert (found.state, "ahead of AWS's" in found.says) == ("WRONG", True)


def test_a_function_that_is_not_there_is_named(deployed, examined) -> None:
    stage = examined.stage
    config = {**stage.config, "lambda_functions": {"api_handler": {}, "gone": {}}}
    found = said(setup.functions, replace(examined, stage=replace(stage, config=config)))
    assert "tollgate-prod-gone is not there -> deploy again: python -m ops deploy" in found


def test_a_function_with_another_setting_is_named(deployed, examined) -> None:
    name = "tollgate-prod-daily_report"
    aws, here = deployed.client("lambda"), examined.account.place
    wanted = examined.stage.environment(here, "daily_report")
    other = {**wanted, "KEY_CACHE_SECONDS": "1"}
    aws.update_function_configuration(FunctionName=name, Environment={"Variables": other})
    assert f"{name} has another KEY_CACHE_SECONDS" in said(setup.functions, examined)
    aws.update_function_configuration(FunctionName=name, Environment={"Variables": wanted})


def test_an_alias_that_is_shared_out_or_leads_to_what_does_not_stream_is_said(
    deployed, examined
) -> None:
    aws, alias = deployed.client("lambda"), {"FunctionName": "tollgate-prod", "Name": STREAM_ALIAS}
    first = aws.get_alias(**alias)["FunctionVersion"]
    aws.update_function_configuration(FunctionName="tollgate-prod", MemorySize=256)
    streams = aws.publish_version(FunctionName="tollgate-prod")["Version"]
    variables = aws.get_function_configuration(FunctionName="tollgate-prod")["Environment"]
    mute = {n: v for n, v in variables["Variables"].items() if n not in RUNTIME}
    aws.update_function_configuration(FunctionName="tollgate-prod", Environment={"Variables": mute})
    deaf = aws.publish_version(FunctionName="tollgate-prod")["Version"]

    aws.update_alias(**alias, RoutingConfig={"AdditionalVersionWeights": {streams: 0.1}})
    (noted,) = setup.release(examined)
    aws.update_alias(**alias, RoutingConfig={"AdditionalVersionWeights": {deaf: 0.1}})
    refused = said(setup.release, examined)

    assert (noted.state, noted.says) == (
        "note",
        f"calls are shared out between versions {first}, {streams}",
    )
    assert f"leads to version {deaf}, which does not stream -> lead it elsewhere" in refused
    aws.update_alias(**alias, RoutingConfig={"AdditionalVersionWeights": {}})
    aws.update_function_configuration(FunctionName="tollgate-prod", Environment=variables)


def test_a_function_that_writes_no_plain_lines_is_named(deployed, examined, monkeypatch) -> None:
    aws = deployed.client("lambda")
    ask, json_logs = aws.get_function_configuration, {"LoggingConfig": {"LogFormat": "JSON"}}
    monkeypatch.setattr(aws, "get_function_configuration", lambda **name: ask(**name) | json_logs)
    assert "tollgate-prod writes its log as JSON" in said(setup.functions, examined)


def test_every_queue_that_starts_a_function_is_looked_at() -> None:
    assert setup.QUEUE_OF.keys() == project.STARTED_BY_MESSAGES


def test_a_queue_that_nobody_reads_is_named(deployed, examined, mappings) -> None:
    aws = deployed.client("lambda")
    aws.update_event_source_mapping(UUID=mappings["stream_dead_letters"], Enabled=False)
    found = said(setup.mappings, examined)
    assert found.startswith("tollgate-prod-streams-dead is read by no function: Disabled -> deploy")


def test_a_queue_without_a_mapping_is_named(examined) -> None:
    found = said(setup.mappings, examined)
    assert "tollgate-prod-streams is read by no function: there is no mapping;" in found


def test_a_table_that_cannot_be_restored_is_wrong_until_what_is_said_is_done(
    deployed, examined
) -> None:
    dynamodb, table = deployed.client("dynamodb"), examined.settings.streams_table
    off = {"PointInTimeRecoveryEnabled": False}
    dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=off)
    (found,) = wrongs(setup.tables(examined))
    type_in(deployed, found.todo)
    assert wrongs(setup.tables(examined)) == []


def test_what_was_deleted_is_there_again_after_the_runbook_s_commands(deployed, examined) -> None:
    sqs, s3 = deployed.client("sqs"), deployed.client("s3")
    group, bucket = examined.settings.usage_log_group, examined.settings.payloads_bucket
    deployed.client("logs").delete_log_group(logGroupName=group)
    for name in ("tollgate-prod-streams", "tollgate-prod-streams-dead"):
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])
    s3.delete_bucket(Bucket=bucket)
    (found,) = wrongs(setup.usage_log(examined))
    assert found.todo.startswith(f"aws logs create-log-group --log-group-name {group}; then docs/")

    section = RUNBOOK.partition("\n## What was deleted or changed by hand\n")[2]
    commands = section.partition("```sh\n")[2].partition("```")[0].replace("\\\n", " ")
    for command in filter(None, commands.splitlines()):
        type_in(deployed, command)

    looked = [*setup.usage_log(examined), *work.queues(examined), *setup.buckets(examined)]
    assert {each.state for each in looked} == {"ok"}
    url = sqs.get_queue_url(QueueName="tollgate-prod-streams")["QueueUrl"]
    made = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    template = json.loads((project.ROOT / ".chalice" / "resources.json").read_text())
    wanted = template["Resources"]["StreamsQueue"]["Properties"]
    assert int(made["VisibilityTimeout"]) == wanted["VisibilityTimeout"]
    assert int(made["MessageRetentionPeriod"]) == wanted["MessageRetentionPeriod"]
    assert json.loads(made["RedrivePolicy"])["maxReceiveCount"] == 5


def test_records_on_stdout_are_wrong_but_on_this_machine(examined) -> None:
    stdout = replace(examined.settings, usage_log_group="")
    assert "USAGE_LOG_GROUP" in said(setup.usage_log, replace(examined, settings=stdout))
    local = replace(examined, settings=replace(stdout, stage="local"))
    assert wrongs(setup.usage_log(local)) == []


def test_reports_that_can_be_overwritten_for_good_are_wrong_until_what_is_said_is_done(
    deployed, examined
) -> None:
    named = {"Bucket": examined.settings.reports_bucket}
    off = {"Status": "Suspended"}
    deployed.client("s3").put_bucket_versioning(**named, VersioningConfiguration=off)
    (found,) = wrongs(setup.buckets(examined))
    assert "keeps no versions" in found.says
    type_in(deployed, found.todo)
    assert wrongs(setup.buckets(examined)) == []


# Work


def test_dead_letters_are_wrong(deployed, examined) -> None:
    sqs = deployed.client("sqs")
    url = sqs.get_queue_url(QueueName="tollgate-prod-streams-dead")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    assert (
        said(work.queues, examined)
        == "1 in tollgate-prod-streams-dead -> docs/runbook.md#dead-letters"
    )
    sqs.purge_queue(QueueUrl=url)


def test_a_stream_that_no_sweep_ends_is_wrong_and_one_that_runs_is_not(deployed, examined) -> None:
    opened = []
    for minutes, request_id in ((30, "dead"), (16, "swept-soon"), (0, "runs")):
        table = deployed.streams(NOW - timedelta(minutes=minutes))
        job = table.create(stream_job(request_id=request_id))
        opened.append(table.open(job, call_of(job), table.lease_end()))
    found = said(work.leases, replace(examined, now=lambda: NOW))
    assert found.startswith("1 streams with a dead lease, such as dead of search -> ")
    for job in opened:
        table.unopen(job)
        table.fail(job, "test", "The test is over.")


def test_what_is_blocked_is_said_and_is_no_fault(deployed, examined) -> None:
    directory = Directory(deployed.client("dynamodb"), examined.settings.tenants_table)
    models.block(directory, ["us.*"], NOW)
    (found,) = work.blocks(examined)
    assert (found.state, found.says) == ("note", "us.*")
    models.unblock(directory, ["us.*"])


# The last report


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-23T02:59:00+00:00", "2026-11-21"),
        ("2026-11-23T03:00:00+00:00", "2026-11-22"),
        ("2026-11-23T23:59:00+00:00", "2026-11-22"),
        ("2026-11-23T01:00:00+05:00", "2026-11-21"),
    ],
)
def test_a_report_is_due_when_it_had_its_time(now, due) -> None:
    assert reports.last_due(datetime.fromisoformat(now)).isoformat() == due


def test_a_missing_day_is_named(deployed, examined) -> None:
    tomorrow = replace(examined, now=lambda: NOW + timedelta(days=1))
    next_day = DUE + timedelta(days=1)
    found = said(reports.reports, tomorrow)
    assert found.startswith(f"missing: {next_day}; the last is of {DUE} -> python -m ops report")


def test_an_incomplete_report_says_what_it_lacks(deployed, examined) -> None:
    deployed.report(DUE, complete=False, orphaned=2, lost=1)
    found = said(reports.reports, examined)
    assert "NOT complete: 2 orphaned, 1 lost -> docs/runbook.md#orphaned" in found
    deployed.report(DUE)


def test_models_without_a_price_are_named(deployed, examined) -> None:
    costs = COSTS + b"new.model,3,UNPRICED\nchat,2,PARTLY_PRICED\nnew.model,1,UNPRICED\n"
    deployed.report(DUE, costs, csv_sha256=hashlib.sha256(costs).hexdigest())
    found = said(reports.reports, examined)
    assert found == "UNPRICED: new.model (4 calls), chat (2 calls) -> docs/runbook.md#unpriced"
    deployed.report(DUE)


def test_a_report_that_was_half_written_is_to_be_made_again(deployed, examined) -> None:
    deployed.put(costs_key(DUE), COSTS + b"x,1,PRICED\n")
    assert f"python -m ops report --date {DUE}" in said(reports.reports, examined)
    deployed.report(DUE)


def test_a_manifest_that_cannot_be_read_is_wrong(deployed, examined, mappings) -> None:
    from ops.doctor.examination import looked_at

    deployed.put(manifest_key(DUE), b"{}")
    assert "not a manifest" in wrongs(looked_at(examined))[0].says
    deployed.report(DUE)


def test_before_the_first_day_is_over_no_report_is_missed(deployed, examined) -> None:
    empty = replace(examined.settings, reports_bucket=examined.settings.payloads_bucket)
    (found,) = reports.reports(replace(examined, settings=empty))
    assert (found.state, "the first" in found.says) == ("note", True)


def test_later_the_lack_of_any_report_is_wrong(deployed, examined) -> None:
    empty = replace(examined.settings, reports_bucket=examined.settings.payloads_bucket)
    later = replace(examined, settings=empty, now=lambda: NOW + timedelta(days=3))
    assert said(reports.reports, later).startswith("none in 35 days -> python -m ops report")


# Alarms


def test_a_stage_without_alarms_is_wrong(examined) -> None:
    other = replace(examined, settings=replace(examined.settings, stage="dev"))
    assert "there is none of tollgate-dev" in said(alarms.alarms, other)


def test_alarms_of_which_nobody_is_told_are_wrong(deployed, examined) -> None:
    sns = deployed.client("sns")
    for each in sns.list_subscriptions()["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    assert said(alarms.alarms, examined).startswith("nobody is told of an alarm -> subscribe")
    deployed.subscribe()
