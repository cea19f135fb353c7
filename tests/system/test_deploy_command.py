"""`python -m ops deploy` and `destroy`, and plain `chalice deploy` beside them, on this machine."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from deployment_watch import watching

from chalicelib.runtime import STREAM_ALIAS
from local import installed_package, project
from local.aws import ENVIRON, Aws
from local.clients import Clients
from ops.deploy import gateway, hooks
from ops.deploy.api_gateway import ALSO_BINARY, REFUSALS
from ops.deploy.releases import RUNTIME
from ops.deploy.stage import Stage

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(sys.version_info < (3, 12), reason="nothing is deployed from this Python"),
]
CHALICE = ["-c", "import sys; from chalice.cli import main; sys.exit(main())"]
AGREE = {("STREAM", "STREAM"), ("BUFFERED", "BUFFERED")}
API = "tollgate-dev"
IGNORED = shutil.ignore_patterns("deployed", "deployments", "venv", "__pycache__")


class Operator:
    """Who deploys from a copy of the project that ships no packages, so that no index is asked."""

    def __init__(self, folder: Path, url: str) -> None:
        for name in (".chalice", "chalicelib", "ops"):
            shutil.copytree(project.ROOT / name, folder / name, ignore=IGNORED)
        shutil.copy(project.ROOT / "app.py", folder)
        (folder / "requirements.txt").touch()
        self.folder = folder
        self._environ = {**os.environ, **ENVIRON, "AWS_ENDPOINT_URL": url}
        self.environ: dict[str, str] = {}

    def ops(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run("-m", "ops", *arguments, "--stage", "dev")

    def chalice(self, command: str, stage: str = "dev") -> subprocess.CompletedProcess[str]:
        return self._run(*CHALICE, command, "--stage", stage)

    def shell(self, commands: str) -> subprocess.CompletedProcess[str]:
        """Type commands, where `python` is this one."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return self._call("/bin/sh", "-ec", commands, PATH=path)

    def configure(self, **options: Any) -> None:
        """Write the stage's `deploy`."""
        path = self.folder / ".chalice" / "config.json"
        config = json.loads(path.read_text())
        config["stages"]["dev"]["deploy"] = options
        path.write_text(json.dumps(config))

    def change(self, path: str, old: str, new: str) -> None:
        text = (self.folder / path).read_text()
        assert old in text
        (self.folder / path).write_text(text.replace(old, new))

    def forget(self) -> None:
        """Lose Chalice's own file of what is deployed."""
        shutil.rmtree(self.folder / ".chalice" / "deployed")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._call(sys.executable, *arguments)

    def _call(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self._environ, **self.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def aws():
    with Aws() as served:
        yield served


@pytest.fixture(scope="module")
def watch(aws):
    with watching() as watched:
        yield watched


@pytest.fixture(scope="module")
def client(aws):
    with Clients({"": aws.url}) as clients:
        yield clients


@pytest.fixture(scope="module")
def operator(aws, tmp_path_factory):
    return Operator(tmp_path_factory.mktemp("project"), aws.url)


@pytest.fixture
def sleepless(operator, tmp_path):
    """An operator for whom waiting takes no time."""
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep = lambda seconds: None")
    operator.environ = {"PYTHONPATH": str(tmp_path)}
    yield
    operator.environ = {}


@pytest.fixture(scope="module")
def deployed(operator, watch):
    return done(operator.ops("deploy"))


def done(command: subprocess.CompletedProcess[str]) -> str:
    assert command.returncode == 0, command.stdout + command.stderr
    return command.stdout


def apis(client) -> list[dict[str, Any]]:
    return client("apigateway").get_rest_apis()["items"]


def routes(client) -> dict[tuple[str, str], dict[str, Any]]:
    """The integration of each route of the one API."""
    (api,) = apis(client)
    found = client("apigateway").get_resources(restApiId=api["id"], embed=["methods"], limit=500)
    return {
        (resource["path"], name): method["methodIntegration"]
        for resource in found["items"]
        for name, method in resource.get("resourceMethods", {}).items()
        if name != "OPTIONS"
    }


def modes(client) -> set[str]:
    return {each["responseTransferMode"] for each in routes(client).values()}


def stage_of_the_api(client) -> dict[str, Any]:
    (api,) = apis(client)
    return client("apigateway").get_stage(restApiId=api["id"], stageName="api")


@pytest.mark.deploy
def test_a_plan_for_an_empty_account_tells_it_all_and_changes_nothing(operator, watch):
    told = done(operator.ops("deploy", "--plan"))
    assert "stack tollgate-dev-resources: create" in told
    assert "model access: not looked at, for `models` names none" in told
    assert "told of alarms: nobody by mail, for `alert_email` is not set" in told
    changes = [line for line in told.splitlines() if line.startswith("  would have ")]
    assert {f"  would have made the {kind} tollgate-dev" for kind in ("function", "API")} < {
        *changes
    }
    made = [line.split()[:5] for line in changes]
    config = json.loads((operator.folder / ".chalice" / "config.json").read_text())
    roles = made.count(["would", "have", "made", "the", "role"])
    assert roles == len(config["lambda_functions"])
    assert made.count(["would", "have", "made", "the", "mapping"]) == 2
    assert changes[-1] == "  would have deployed the API"
    assert watch.writes == []
    assert not (operator.folder / ".chalice" / "deployed").exists()


def test_the_plan_is_told_and_then_each_change(deployed):
    assert f"stage dev: account {project.ACCOUNT}, us-east-1" in deployed
    assert "stack tollgate-dev-resources: create" in deployed
    assert "8 functions and the API tollgate-dev, streaming" in deployed
    assert f"+ made the function {API}\n" in deployed
    assert deployed.splitlines()[-1].startswith("deployed: https://")


def test_every_route_streams_by_the_alias(deployed, client):
    found = routes(client)
    assert ("/invoke", "POST") in found
    for integration in found.values():
        assert integration["responseTransferMode"] == "STREAM"
        assert integration["timeoutInMillis"] == 900_000
        assert integration["uri"].endswith(f":{API}:{STREAM_ALIAS}/response-streaming-invocations")
        assert "/2021-11-15/" in integration["uri"]


def test_the_alias_leads_to_a_version_that_our_loop_runs(deployed, client):
    released = client("lambda").get_function_configuration(FunctionName=API, Qualifier=STREAM_ALIAS)
    assert released["Version"] != "$LATEST"
    assert released["Environment"]["Variables"].items() >= RUNTIME.items()


def test_the_api_alone_may_invoke_the_function_and_by_the_alias_alone(deployed, client):
    (api,) = apis(client)
    lambdas = client("lambda")

    policy = json.loads(lambdas.get_policy(FunctionName=API, Qualifier=STREAM_ALIAS)["Policy"])

    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
    assert statement["Action"] == "lambda:InvokeFunction"
    source = f"arn:aws:execute-api:us-east-1:{project.ACCOUNT}:{api['id']}/*"
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": source}}
    with pytest.raises(lambdas.exceptions.ResourceNotFoundException):
        lambdas.get_policy(FunctionName=API)


def test_only_the_api_s_function_is_run_by_our_loop(deployed, client):
    functions = client("lambda").list_functions()["Functions"]
    ours = [f for f in functions if RUNTIME.items() <= f["Environment"]["Variables"].items()]
    assert [each["FunctionName"] for each in ours] == [API]
    assert len(functions) == 8


def test_settings_name_the_account_that_was_deployed_to(deployed, client):
    for function in client("lambda").list_functions()["Functions"]:
        settings = function["Environment"]["Variables"]
        assert settings.items() >= project.environment("dev").items()
        assert settings["REPORTS_BUCKET"].endswith(project.ACCOUNT)


def test_what_api_gateway_refuses_by_itself_it_refuses_in_our_words(deployed, client):
    (api,) = apis(client)
    told = client("apigateway").get_gateway_responses(restApiId=api["id"])["items"]
    assert {each["responseType"] for each in told} == set(REFUSALS)
    assert set(ALSO_BINARY) < set(api["binaryMediaTypes"])
    assert "*/*" not in api["binaryMediaTypes"]


def test_requests_are_logged_by_their_ids_and_throttled(deployed, client):
    stage = stage_of_the_api(client)
    group = stage["accessLogSettings"]["destinationArn"].rpartition(":log-group:")[2]
    assert stage["accessLogSettings"]["format"] == gateway.ACCESS_LOG
    groups = client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [(g["logGroupName"], g["retentionInDays"]) for g in groups] == [(group, 30)]
    every = stage["methodSettings"]["*/*"]
    assert (every["throttlingRateLimit"], every["throttlingBurstLimit"]) == (500, 1_000)


def test_the_doctor_finds_all_well_but_that_nobody_s_mail_is_known(deployed, operator):
    found = operator.ops("doctor").stdout
    wrong = [line for line in found.splitlines() if line.startswith("WRONG")]
    assert wrong == ["WRONG  told          nobody is told of an alarm"]
    assert "ok     mappings      2 queues are read by their functions" in found


def test_a_deployment_of_what_is_deployed_changes_nothing(deployed, operator, watch):
    watch.writes.clear()

    again = done(operator.ops("deploy"))

    assert again.splitlines()[-1].startswith("no change: https://")
    assert watch.writes == []


@pytest.mark.deploy
def test_a_plan_changes_nothing(deployed, operator, watch):
    watch.writes.clear()
    as_it_is = done(operator.ops("deploy", "--plan"))
    operator.configure(burst=5)
    operator.change("app.py", '"/healthz"', '"/health"')
    told = done(operator.ops("deploy", "--plan")).splitlines()
    operator.change("app.py", '"/health"', '"/healthz"')
    operator.configure()
    assert "stack tollgate-dev-resources: no change" in as_it_is
    assert "would have" not in as_it_is
    assert {f"  would have {done} {API}" for done in ("changed the code of", "released")} < {*told}
    assert told[-2:] == [
        "  would have deployed the API",
        "  would have set /*/*/throttling/burstLimit of the API's stage",
    ]
    assert watch.writes == []


@pytest.mark.deploy
def test_what_a_check_refuses_changes_nothing(deployed, operator, watch):
    watch.writes.clear()
    operator.configure(account="444455556666", concurrency=5_000)

    refused = operator.ops("deploy")

    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith("error: nothing was changed: these credentials are of account")
    assert "; Lambda may run 1000 functions at a time here" in line
    assert watch.writes == []
    operator.configure()


@pytest.mark.deploy
def test_what_an_operator_s_own_aliases_hold_is_kept(deployed, operator, watch, client):
    lambdas = client("lambda")
    stream = {"FunctionName": API, "Name": STREAM_ALIAS}
    version = lambdas.get_alias(**stream)["FunctionVersion"]
    lambdas.create_alias(FunctionName=API, Name="blue", FunctionVersion=version)
    lambdas.update_alias(**stream, RoutingConfig={"AdditionalVersionWeights": {version: 0.1}})
    watch.writes.clear()

    deployment, destruction = operator.ops("deploy"), operator.ops("destroy", "--yes")

    assert f"the alias stream of {API} leads to version {version} and shares" in deployment.stderr
    assert f"the alias blue of {API} is somebody's own" in destruction.stderr
    assert (deployment.returncode, destruction.returncode, watch.writes) == (1, 1, [])
    with pytest.raises(lambdas.exceptions.ResourceConflictException):
        lambdas.delete_function(FunctionName=API, Qualifier=version)
    lambdas.update_alias(**stream, RoutingConfig={"AdditionalVersionWeights": {}})
    lambdas.delete_alias(FunctionName=API, Name="blue")


@pytest.mark.deploy
def test_a_stage_that_streams_is_not_deployed_by_chalice_alone(deployed, operator, watch, client):
    watch.writes.clear()

    refused = operator.chalice("deploy")

    assert refused.returncode != 0
    assert f"{API} streams, which Chalice alone would end" in refused.stderr
    assert "python -m ops deploy --stage dev" in refused.stderr
    assert watch.writes == []
    assert modes(client) == {"STREAM"}


@pytest.mark.deploy
def test_an_operator_without_chalice_s_file_deploys_the_same_api(deployed, operator, client):
    (before,) = apis(client)
    operator.forget()

    assert "no change" in done(operator.ops("deploy"))

    assert [each["id"] for each in apis(client)] == [before["id"]]
    assert len(client("lambda").list_event_source_mappings()["EventSourceMappings"]) == 2


@pytest.mark.deploy
def test_a_change_of_a_route_is_deployed_with_its_function(deployed, operator, client):
    operator.change("app.py", '"/healthz"', '"/health"')

    told = done(operator.ops("deploy"))

    assert "+ deployed the API" in told
    assert ("/health", "GET") in routes(client)
    assert ("/healthz", "GET") not in routes(client)
    lambdas = client("lambda")
    latest = lambdas.get_function_configuration(FunctionName=API)
    released = lambdas.get_function_configuration(FunctionName=API, Qualifier=STREAM_ALIAS)
    assert released["CodeSha256"] == latest["CodeSha256"]


@pytest.mark.deploy
def test_a_switch_that_failed_half_way_is_taken_back_whole(
    deployed, operator, watch, client, tmp_path
):
    (tmp_path / "sitecustomize.py").write_text(FAILING)
    operator.configure(answers="buffered")
    operator.environ = {"PYTHONPATH": str(tmp_path)}
    assert "the connection is lost" in operator.ops("deploy").stderr
    assert modes(client) == {"BUFFERED"}  # as the API is described; as it answers it still streams
    operator.environ = {}
    operator.configure()
    watch.writes.clear()

    refused = operator.chalice("deploy")

    assert "streams, which Chalice alone would end" in refused.stderr
    assert watch.writes == []
    done(operator.ops("deploy"))
    assert modes(client) == {"STREAM"}
    assert "no change" in done(operator.ops("deploy"))


@pytest.mark.deploy
def test_a_stage_can_be_buffered_by_chalice_too_and_stream_again(deployed, operator, client):
    operator.configure(answers="buffered")
    assert "+ deployed the API" in done(operator.ops("deploy"))
    assert modes(client) == {"BUFFERED"}
    assert "no change" in done(operator.ops("deploy"))

    operator.forget()
    operator.change("app.py", '"/health"', '"/healthz"')
    done(operator.chalice("deploy"))
    assert modes(client) == {"BUFFERED"}
    assert len(apis(client)) == 1
    assert len(client("lambda").list_event_source_mappings()["EventSourceMappings"]) == 2

    operator.configure(answers="stream")
    done(operator.ops("deploy"))
    assert modes(client) == {"STREAM"}


@pytest.mark.deploy
def test_what_chalice_deploys_has_our_refusals_and_this_account_too(deployed, operator, client):
    operator.configure(answers="buffered")
    done(operator.ops("deploy"))
    operator.change("app.py", '"/healthz"', '"/health"')

    done(operator.chalice("deploy"))

    (api,) = apis(client)
    told = client("apigateway").get_gateway_responses(restApiId=api["id"])["items"]
    assert {each["responseType"] for each in told} == set(REFUSALS)
    settings = client("lambda").get_function_configuration(FunctionName=API)["Environment"]
    assert settings["Variables"]["PAYLOADS_BUCKET"].endswith(project.ACCOUNT)
    assert stage_of_the_api(client)["accessLogSettings"]["format"] == gateway.ACCESS_LOG
    operator.configure()
    done(operator.ops("deploy"))


@pytest.mark.deploy
def test_an_api_and_its_function_agreed_at_every_moment_of_it_all(deployed, watch):
    assert watch.framings == AGREE
    assert watch.moments > 500


@pytest.mark.deploy
def test_roles_and_rules_are_looked_for_by_the_names_that_they_have(deployed, client):
    dev = Stage.load("dev")
    roles = {each["RoleName"] for each in client("iam").list_roles()["Roles"]}
    rules = {each["Name"] for each in client("events").list_rules()["Rules"]}
    assert {*map(dev.role, dev.functions)} < roles
    assert rules < {*map(dev.rule, dev.functions)}


@pytest.mark.deploy
def test_what_would_stop_it_half_way_is_said_with_the_command_that_ends_it(
    deployed, operator, watch, client
):
    role, rule = f"{API}-stream_worker", f"{API}-daily_report-event"
    statement = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = client("iam").create_policy(PolicyName="org-baseline", PolicyDocument=document)
    policy = made["Policy"]["Arn"]
    client("iam").attach_role_policy(RoleName=role, PolicyArn=policy)
    topic = {"Id": "mail", "Arn": "arn:aws:sns:us-east-1:123456789012:mail"}
    client("events").put_targets(Rule=rule, Targets=[topic])
    watch.writes.clear()

    refused = operator.ops("destroy", "--yes").stderr

    assert watch.writes == []
    assert f"detach-role-policy --role-name {role} --policy-arn {policy}" in refused
    assert f"remove-targets --rule {rule} --ids mail" in refused
    client("iam").detach_role_policy(RoleName=role, PolicyArn=policy)
    client("events").remove_targets(Rule=rule, Ids=["mail"])


@pytest.mark.deploy
def test_destroy_says_what_it_would_do_and_does_it_when_told(deployed, operator, watch):
    watch.writes.clear()
    told = done(operator.ops("destroy"))
    assert "stays: Tenants, Streams, Reports, ReportsPolicy, UsageLogs" in told
    assert told.splitlines()[-1] == "nothing was changed: --yes does it"
    assert watch.writes == []


@pytest.mark.deploy
def test_destroy_in_another_region_takes_nothing_from_the_stage(deployed, operator, watch):
    watch.writes.clear()
    operator.environ = {"AWS_REGION": "eu-west-1"}

    refused = operator.ops("destroy", "--yes")

    operator.environ = {}
    assert refused.returncode == 1
    assert "reports-123456789012 is in us-east-1, and this is eu-west-1" in refused.stderr
    assert "its function is in us-east-1, not in eu-west-1" in refused.stderr
    assert watch.writes == []


@pytest.mark.deploy
def test_destroy_leaves_the_billing_data_and_nothing_else(deployed, operator, client):
    s3 = client("s3")
    reports, payloads = (project.environment("dev")[f"{n}_BUCKET"] for n in ("REPORTS", "PAYLOADS"))
    s3.put_object(Bucket=reports, Key="costs/date=2026-11-22/costs.csv", Body=b"a bill")
    s3.put_object(Bucket=payloads, Key="a/payload", Body=b"a prompt")
    operator.forget()

    done(operator.ops("destroy", "--yes"))

    assert client("lambda").list_functions()["Functions"] == []
    assert apis(client) == []
    assert client("events").list_rules()["Rules"] == []
    roles = [role["RoleName"] for role in client("iam").list_roles()["Roles"]]
    assert roles == [gateway.LOG_ROLE]
    assert client("sqs").list_queues().get("QueueUrls", []) == []
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [reports]
    assert s3.get_object(Bucket=reports, Key="costs/date=2026-11-22/costs.csv")["Body"].read()
    tables = client("dynamodb").list_tables()["TableNames"]
    assert sorted(tables) == ["tollgate-dev-streams", "tollgate-dev-tenants"]
    groups = client("logs").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/tollgate/dev/usage"]
    stacks = client("cloudformation").list_stacks()["StackSummaries"]
    left = [s["StackName"] for s in stacks if s["StackStatus"] != "DELETE_COMPLETE"]
    assert left == ["tollgate-dev-resources"]


@pytest.mark.deploy
def test_what_is_gone_can_be_destroyed_again(deployed, operator, watch):
    watch.writes.clear()
    done(operator.ops("destroy", "--yes"))
    assert watch.writes == []


@pytest.mark.deploy
def test_a_later_deployment_takes_the_billing_data_up_again(deployed, operator, client):
    told = done(operator.ops("deploy"))

    assert "stack tollgate-dev-resources: update" in told
    reports = project.environment("dev")["REPORTS_BUCKET"]
    assert client("s3").list_objects_v2(Bucket=reports)["KeyCount"] == 1
    assert len(client("sqs").list_queues()["QueueUrls"]) == 2
    assert modes(client) == {"STREAM"}
    assert "no change" in done(operator.ops("deploy"))


@pytest.mark.deploy
def test_a_first_deployment_that_failed_half_way_leaves_one_api(
    deployed, operator, client, tmp_path
):
    done(operator.ops("destroy", "--yes"))
    operator.environ = {"PYTHONPATH": str(tmp_path)}
    (tmp_path / "sitecustomize.py").write_text(FAILING)
    assert "the connection is lost" in operator.ops("deploy").stderr
    assert len(apis(client)) == 1
    assert not (operator.folder / ".chalice" / "deployed" / "dev.json").exists()

    operator.environ = {}
    done(operator.ops("deploy"))

    assert len(apis(client)) == 1
    assert len(client("lambda").list_event_source_mappings()["EventSourceMappings"]) == 2


@pytest.mark.deploy
def test_what_streams_is_the_package_of_the_index_s_wheels(deployed, operator, client, tmp_path):
    shutil.copy(project.ROOT / "requirements.txt", operator.folder)
    shutil.copy(project.ROOT / "app.py", operator.folder)

    done(operator.ops("deploy"))

    shutil.copytree(operator.folder, tmp_path / "tree", ignore=IGNORED)
    tested = hooks.create_small_package(
        installed_package.packager(), str(tmp_path / "tree"), installed_package.RUNTIME
    )
    digest = base64.b64encode(hashlib.sha256(Path(tested).read_bytes()).digest()).decode()
    released = client("lambda").get_function_configuration(FunctionName=API, Qualifier=STREAM_ALIAS)
    assert released["CodeSha256"] == digest


@pytest.mark.deploy
def test_the_readme_s_deploy_section_makes_a_stage_and_a_tenant_s_key(operator, client):
    section = (project.ROOT / "README.md").read_text().partition("\n## Deploy\n")[2]
    commands = section.partition("```\n")[2].partition("```")[0]

    told = done(operator.shell(commands))

    assert "deployed: https://" in told
    assert told.splitlines()[-1].startswith("tg_")
    item = client("dynamodb").scan(TableName="tollgate-prod-tenants")["Items"]
    assert {"team#search"} < {each["pk"]["S"] for each in item}
    assert "tollgate-prod" in {api["name"] for api in apis(client)}
    done(operator.chalice("delete", "prod"))


@pytest.mark.deploy
def test_functions_that_see_prompts_run_in_a_network_if_one_is_asked_for(
    deployed, operator, client
):
    operator.configure(network={})

    told = done(operator.ops("deploy"))

    assert "stack tollgate-dev-network: create" in told
    functions = client("lambda").list_functions()["Functions"]
    inside = [f["FunctionName"] for f in functions if f["VpcConfig"]["SubnetIds"]]
    assert sorted(inside) == [API, f"{API}-stream_worker"]
    released = client("lambda").get_function_configuration(FunctionName=API, Qualifier=STREAM_ALIAS)
    assert len(released["VpcConfig"]["SubnetIds"]) == 2
    assert "no change" in done(operator.ops("deploy"))


@pytest.mark.deploy
def test_chalice_alone_takes_no_function_out_of_the_network(deployed, operator, watch):
    operator.configure(network={}, answers="buffered")
    done(operator.ops("deploy"))
    watch.writes.clear()

    refused = operator.chalice("deploy")

    assert refused.returncode != 0
    assert f"{API}-stream_worker runs in a private network" in refused.stderr
    assert watch.writes == []


@pytest.mark.deploy
def test_a_stage_leaves_its_network_when_nothing_runs_there_any_more(
    deployed, operator, client, sleepless
):
    operator.configure()
    assert "stack tollgate-dev-network: delete" in done(operator.ops("deploy", "--plan"))

    told = done(operator.ops("deploy"))

    assert "+ waiting for calls that still run in the network" in told
    assert "+ waiting for Lambda to give back network interfaces: eni-" in told
    assert "+ deleted the stack tollgate-dev-network" in told
    assert in_private_networks(client) == []
    role = f"{API}-api_handler"
    policy = client("iam").get_role_policy(RoleName=role, PolicyName=role)
    assert "ec2:" not in json.dumps(policy["PolicyDocument"])
    assert "no change" in done(operator.ops("deploy"))


@pytest.mark.deploy
def test_a_stage_in_a_network_is_destroyed_with_it(deployed, operator, client, sleepless):
    operator.configure(network={})
    done(operator.ops("deploy"))

    told = done(operator.ops("destroy", "--yes"))

    assert "+ waiting for Lambda to give back network interfaces: eni-" in told
    assert "+ deleted the stack tollgate-dev-network" in told
    assert in_private_networks(client) == []
    roles = [role["RoleName"] for role in client("iam").list_roles()["Roles"]]
    assert [name for name in roles if name.startswith(API)] == []


def in_private_networks(client) -> list[str]:
    """What is left of private networks: VPCs but the account's own, and Lambda's interfaces."""
    ec2 = client("ec2")
    vpcs = [each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"] if not each["IsDefault"]]
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    lambdas = [each for each in interfaces if each["InterfaceType"] == "lambda"]
    return [*vpcs, *(each["NetworkInterfaceId"] for each in lambdas)]


FAILING = """
import botocore.client

_call = botocore.client.BaseClient._make_api_call


def fail(self, operation, arguments):
    if operation == "CreateDeployment":
        raise OSError("the connection is lost")
    return _call(self, operation, arguments)


botocore.client.BaseClient._make_api_call = fail
"""
