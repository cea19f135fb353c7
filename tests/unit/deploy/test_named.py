"""What a stage's settings name, and what policies then allow of it."""

import pytest

from ops.deploy.named import Named
from ops.deploy.place import Place

HERE = Place("aws", "us-east-1", "123456789012")
OURS = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/"
STAGE = {
    "TENANTS_TABLE": "tollgate-dev-tenants",
    "STREAMS_TABLE": "tollgate-dev-streams",
    "STREAMS_QUEUE": "tollgate-dev-streams",
    "REPORTS_BUCKET": "tollgate-dev-reports",
    "PAYLOADS_BUCKET": "tollgate-dev-payloads",
    "USAGE_LOG_GROUP": "/tollgate/dev/usage",
}


def named(**settings: str) -> Named:
    return Named.of({**STAGE, **settings}, HERE)


def test_what_no_setting_names_is_nothing() -> None:
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/tollgate/dev/usage:*"
    assert named() == Named(log_groups=(group,))


def test_an_endpoint_s_arn_has_its_name_in_lower_case() -> None:
    assert named(SAGEMAKER_ENDPOINTS='{"Chat": {"container": "tgi"}}').endpoints == (f"{OURS}chat",)


def test_the_report_s_log_groups_are_those_that_it_reads() -> None:
    found = named(USAGE_LOG_GROUPS="/tollgate/dev/usage,/aws/lambda/old").log_groups
    assert [arn.partition("log-group:")[2] for arn in found] == [
        *("/tollgate/dev/usage:*", "/aws/lambda/old:*"),
    ]


def test_the_place_is_written_into_a_setting_that_names_it() -> None:
    topic = "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:told"
    assert named(ALERTS_TOPIC_ARN=topic).topics == ("arn:aws:sns:us-east-1:123456789012:told",)


@pytest.mark.parametrize(
    ("glob", "allowed"),
    [
        (f"{OURS}falcon", (f"{OURS}falcon",)),
        (f"{OURS}falcon-*", (f"{OURS}falcon-*",)),
        ("arn:aws:sagemaker:*:123456789012:endpoint/falcon", (f"{OURS}*",)),
        ("arn:aws:sagemaker:us-east-?:*", (f"{OURS}*",)),
        ("arn:*", (f"{OURS}*",)),
        (f"{OURS}*", (f"{OURS}*",)),
        ("*", ()),  # of names of provisioned throughput: of no ARN
        ("arn:aws:sagemaker:us-east-1:999999999999:endpoint/*", ()),
        ("arn:aws:bedrock:us-east-1:123456789012:*", ()),
        ("chat-units", ()),
    ],
)
def test_a_glob_of_models_allows_of_endpoints_no_more_than_this_account_s(
    glob: str, allowed: tuple[str, ...]
) -> None:
    assert named(MODEL_ARNS=f'["{glob}"]').marketplace == allowed


def test_two_globs_of_the_same_endpoints_are_named_once() -> None:
    assert named(MODEL_ARNS='["arn:aws:*", "arn:*"]').marketplace == (f"{OURS}*",)
