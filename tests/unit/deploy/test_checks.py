"""What is looked at before anything is changed: a sentence for each thing that is wrong."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from deploy_fakes import ACCOUNT, REGION, FakeAccount, NotThere, refused, stage

from ops.deploy import chalice_stage, checks
from ops.deploy.stage import FOLDER, ROOT, Stage
from ops.directory import Refused

CONFIG = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
DEPLOYED = sorted(CONFIG["stages"].keys() - {"local"})


def told(found: Iterator[str]) -> str:
    """The one sentence of a check that fails."""
    (sentence,) = found
    return sentence


@pytest.mark.parametrize("name", DEPLOYED)
@pytest.mark.parametrize(
    "check",
    [checks.names, checks.settings, checks.environment_size, checks.policies, checks.right_account],
)
def test_the_stages_of_config_json_pass(check: Any, name: str) -> None:
    assert list(check(Stage.load(name), FakeAccount())) == []


@pytest.mark.parametrize(("version", "fits"), [((3, 11), False), ((3, 12), True), ((3, 14), False)])
def test_functions_run_on_a_python_that_we_test_and_lambda_serves_well(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], fits: bool
) -> None:
    monkeypatch.setattr(checks, "sys", SimpleNamespace(version_info=(*version, 1)))
    assert (list(checks.python(stage(), FakeAccount())) == []) == fits


def test_a_stage_goes_to_its_own_account_alone() -> None:
    assert told(checks.right_account(stage(account="444455556666"), FakeAccount())) == (
        f"these credentials are of account {ACCOUNT}, and stage dev goes to 444455556666"
    )


def test_a_setting_names_what_is_made() -> None:
    other = stage(environment={"REPORTS_BUCKET": "tollgate-dev-reports-123456789012"})
    assert told(checks.names(other, FakeAccount())) == (
        "REPORTS_BUCKET is 'tollgate-dev-reports-123456789012' in config.json;"
        f" what is made is 'tollgate-dev-reports-{ACCOUNT}'"
    )


def test_a_setting_that_would_stop_the_start_stops_the_deployment() -> None:
    wrong = stage(environment={"KEY_CACHE_SECONDS": "soon"})
    assert "KEY_CACHE_SECONDS is 'soon'" in told(checks.settings(wrong, FakeAccount()))


def test_settings_fit_a_function_s_environment() -> None:
    large = stage(environment={"SAGEMAKER_ENDPOINTS": "é" * 2_048})
    assert "name a file for the longest" in told(checks.environment_size(large, FakeAccount()))


def test_every_function_has_a_policy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(checks, "FOLDER", tmp_path)
    missing = list(checks.policies(stage(), FakeAccount()))
    assert missing == ["a function's policy is missing: .chalice/policy-dev.json"] * 2


def test_an_app_that_cannot_be_imported_is_not_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise Refused("the app cannot be deployed: Unable to import your app.py file")

    monkeypatch.setattr(chalice_stage.ChaliceStage, "of", fail)
    assert "Unable to import" in told(checks.app(stage(), FakeAccount()))


@pytest.mark.parametrize(
    ("answer", "sentences"),
    [
        (refused("404", 404), 0),
        ({"BucketRegion": REGION}, 0),
        ({}, 0),
        (refused("403", 403), 2),
        ({"BucketRegion": "eu-west-1"}, 2),
    ],
)
def test_a_bucket_s_name_is_free_or_its_bucket_ours_and_here(answer: Any, sentences: int) -> None:
    account = FakeAccount(s3={"head_bucket": answer})
    assert len(list(checks.buckets(stage(), account))) == sentences
    assert {asked["ExpectedBucketOwner"] for _, asked in account.asked} == {ACCOUNT}


def available(**changed: Any) -> dict[str, Any]:
    return {
        "agreementAvailability": {"status": "AVAILABLE"},
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": "AVAILABLE",
        "regionAvailability": "AVAILABLE",
        **changed,
    }


def bedrock(models: Any = ({},), found: Any = None) -> FakeAccount:
    operations = {
        "list_foundation_models": models
        if isinstance(models, Exception)
        else {"modelSummaries": models},
        "get_foundation_model_availability": found or available(),
    }
    return FakeAccount(bedrock=operations)


def test_the_models_that_a_stage_names_may_be_used() -> None:
    assert list(checks.model_access(stage(models=["amazon.nova-lite-v1:0"]), bedrock())) == []


def test_a_model_that_the_account_may_not_use_is_named_with_the_reasons() -> None:
    found = available(
        authorizationStatus="NOT_AUTHORIZED", agreementAvailability={"status": "PENDING"}
    )
    sentence = told(checks.model_access(stage(models=["m"]), bedrock(found=found)))
    assert sentence == (
        f"this account may not use m in {REGION} yet:"
        " the account is not authorized, its agreement is not accepted"
    )


def test_a_region_without_bedrock_is_none_to_deploy_to() -> None:
    nowhere = bedrock(EndpointConnectionError(endpoint_url="https://bedrock.nowhere"))
    assert (
        told(checks.model_access(stage(), nowhere)) == f"Bedrock is not to be reached in {REGION}"
    )
    assert "lists no model" in told(checks.model_access(stage(), bedrock(models=())))


def lambdas(free: int) -> FakeAccount:
    limit = {"AccountLimit": {"UnreservedConcurrentExecutions": free}}
    return FakeAccount(**{"lambda": {"get_account_settings": limit}})


def test_an_account_whose_lambda_runs_too_little_is_told_what_to_ask_for() -> None:
    sentence = told(checks.concurrency(stage(), lambdas(10)))
    assert "may run 10 functions at a time here, and stage dev needs 120: ask for more" in sentence
    assert list(checks.concurrency(stage(), lambdas(120))) == []
    assert list(checks.concurrency(stage(concurrency=5), lambdas(10))) == []


def test_the_worker_s_streams_are_within_what_lambda_is_held_to() -> None:
    told = re.findall(r"maximum_concurrency=(\d+)", (ROOT / "app.py").read_text(encoding="utf-8"))
    assert 0 < sum(map(int, told)) < stage().options.concurrency


def test_what_is_somebody_else_s_under_our_names_is_said_all_at_once() -> None:
    api = {"name": "tollgate-dev", "id": "api1"}
    pages = {"get_rest_apis": [{"items": [api]}], "get_resources": [{"items": [{}]}]}
    account = FakeAccount(
        apigateway={
            "get_paginator": lambda name: SimpleNamespace(paginate=lambda **_: pages[name])
        },
        events={
            "describe_rule": lambda Name: (  # noqa: N803
                {"EventPattern": "{}"} if "stream_worker" in Name else NotThere()
            ),
            "list_targets_by_rule": {"Targets": []},
        },
        iam={
            "get_role": lambda RoleName: (  # noqa: N803
                {"Role": {"AssumeRolePolicyDocument": {"Statement": []}}}
                if RoleName == "tollgate-dev-api_handler"
                else NotThere()
            ),
        },
        **{
            "lambda": {
                "get_function_configuration": lambda FunctionName: (  # noqa: N803
                    {"FunctionArn": "arn"} if FunctionName == "tollgate-dev" else NotThere()
                ),
                "list_tags": {"Tags": {"aws-chalice": "version=1.34.0:stage=dev:app=bridges"}},
            }
        },
    )
    function, role, rule, its_api = checks.ours(stage(), account)
    assert "a rule tollgate-dev-stream_worker-event that does not start the function" in rule
    assert "a role tollgate-dev-api_handler that is not this stage's" in role
    assert "a function tollgate-dev that is not this stage's" in function
    assert "an API tollgate-dev (api1) that does not call the function" in its_api


def test_what_is_not_installed_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ops.deploy.chalice_stage", raising=False)
    monkeypatch.setitem(sys.modules, "click", None)
    (sentence,) = checks.app(stage(), FakeAccount())  # type: ignore[arg-type]
    assert sentence.startswith("click is not installed here: `make install`")


def test_what_may_not_be_asked_is_said_and_the_other_checks_are_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def denied(*_: object) -> Iterator[str]:
        raise refused("AccessDeniedException", operation="ListFoundationModels")
        yield ""

    def wrong(*_: object) -> Iterator[str]:
        yield "and this"

    monkeypatch.setattr(checks, "CHECKS", (denied, wrong))
    assert checks.problems(stage(), FakeAccount()) == [
        "AWS refuses ListFoundationModels, which a check asks: AccessDeniedException",
        "and this",
    ]
