import json
from decimal import Decimal
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.settings import Endpoint, SettingError

NEEDED = {
    "AWS_REGION": "us-east-1",
    "TENANTS_TABLE": "tenants",
    "STREAMS_TABLE": "streams",
    "STREAMS_QUEUE": "streams",
    "REPORTS_BUCKET": "reports",
    "PAYLOADS_BUCKET": "payloads",
}


def endpoints(**entries: Any) -> dict[str, str]:
    return {**NEEDED, "SAGEMAKER_ENDPOINTS": json.dumps(entries)}


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_setting_stops_the_start_with_its_name(name) -> None:
    with pytest.raises(SettingError, match=rf"^{name} is not set"):
        settings.load({key: value for key, value in NEEDED.items() if key != name})


@pytest.mark.parametrize("value", ["-1", "1.5", "soon", "٣", "3601"])
def test_a_wrong_number_stops_the_start_with_its_name(value) -> None:
    with pytest.raises(SettingError, match=r"^KEY_CACHE_SECONDS"):
        settings.load({**NEEDED, "KEY_CACHE_SECONDS": value})


def test_a_revoked_key_works_for_a_minute_at_most_unless_set() -> None:
    assert settings.load(NEEDED).key_cache_seconds == 60


def test_the_report_reads_the_ledgers_own_group() -> None:
    config = settings.load({**NEEDED, "USAGE_LOG_GROUP": "/usage"})
    assert (config.usage_log_group, config.usage_log_groups) == ("/usage", ("/usage",))


def test_records_on_stdout_are_read_from_the_groups_that_are_named() -> None:
    config = settings.load({**NEEDED, "USAGE_LOG_GROUPS": "/aws/lambda/a,/aws/lambda/b"})
    assert (config.usage_log_group, config.usage_log_groups) == (
        "",
        ("/aws/lambda/a", "/aws/lambda/b"),
    )


def test_an_endpoint_says_what_it_serves_and_what_it_runs_on() -> None:
    config = settings.load(
        endpoints(chat={"container": "tgi", "instance": "ml.g5.xlarge", "concurrency": 4})
    )
    assert config.endpoints["chat"] == Endpoint("chat", "tgi", "ml.g5.xlarge", 1, 4)


@pytest.mark.parametrize("name", ["12345", "null", "True", "nan", "a_b", "-a", "a" * 64])
def test_an_endpoints_name_cannot_read_as_something_else_in_a_report(name) -> None:
    with pytest.raises(SettingError, match=r"^SAGEMAKER_ENDPOINTS"):
        settings.load(endpoints(**{name: {"container": "tgi"}}))


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[]", '{"a":1}', '{"a":{}}', '{"a":{"container":"vllm2"}}', "missing.json"),
        '{"a":{"container":"tgi","concurrency":0}}',
    ],
)
def test_endpoints_that_cannot_be_read_stop_the_start_with_the_settings_name(text) -> None:
    with pytest.raises(SettingError, match=r"^SAGEMAKER_ENDPOINTS"):
        settings.load({**NEEDED, "SAGEMAKER_ENDPOINTS": text})


def test_the_operators_own_prices_are_a_key_of_the_reports_bucket():
    config = settings.load({**NEEDED, "PRICES_OVERRIDE": "prices-override.csv"})
    assert config.prices_override == "prices-override.csv"
    assert settings.load(NEEDED).prices_override == ""


@pytest.mark.parametrize("key", ["s3://reports/prices.csv", "/prices.csv", "my prices.csv", "?"])
def test_an_override_that_is_no_key_stops_the_start_with_its_name(key):
    with pytest.raises(SettingError, match=r"^PRICES_OVERRIDE"):
        settings.load({**NEEDED, "PRICES_OVERRIDE": key})


def test_no_opaque_arn_may_run_unless_the_operator_lists_it() -> None:
    assert settings.load(NEEDED).model_arns == ()


def test_the_operator_lists_arns_names_and_globs_of_them() -> None:
    listed = ["arn:aws:bedrock:us-east-1:123456789012:provisioned-model/*", "chat-throughput"]
    assert settings.load({**NEEDED, "MODEL_ARNS": json.dumps(listed)}).model_arns == tuple(listed)


@pytest.mark.parametrize("text", ["[", "{}", "[1]", '[""]', '["a b"]', '["[a]"]', "missing.json"])
def test_arns_that_cannot_be_read_stop_the_start_with_the_settings_name(text) -> None:
    with pytest.raises(SettingError, match=r"^MODEL_ARNS"):
        settings.load({**NEEDED, "MODEL_ARNS": text})


def test_a_model_unit_serves_one_call_at_once_unless_the_operator_says_more():
    assert settings.load(NEEDED).model_unit_concurrency == 1
    more = settings.load({**NEEDED, "MODEL_UNIT_CONCURRENCY": "8"})
    assert more.model_unit_concurrency == 8


def test_a_role_for_the_tenants_is_an_iam_role_s_arn():
    arn = "arn:aws-us-gov:iam::123456789012:role/models/tollgate-prod-tenant"
    assert settings.load({**NEEDED, "TENANT_ROLE_ARN": arn}).tenant_role_arn == arn
    assert settings.load(NEEDED).tenant_role_arn == ""


@pytest.mark.parametrize("arn", ["tollgate-prod-tenant", "arn:aws:iam::1:role/a", "arn:aws:sts::*"])
def test_what_is_no_role_stops_the_start_with_the_settings_name(arn):
    with pytest.raises(SettingError, match=r"^TENANT_ROLE_ARN"):
        settings.load({**NEEDED, "TENANT_ROLE_ARN": arn})


def test_nobody_is_told_unless_a_topic_is_named() -> None:
    assert settings.load(NEEDED).alerts_topic_arn == ""
    topic = "arn:aws:sns:us-east-1:123456789012:tollgate-prod-alerts"
    assert settings.load({**NEEDED, "ALERTS_TOPIC_ARN": topic}).alerts_topic_arn == topic


@pytest.mark.parametrize("value", ["tollgate-prod-alerts", "arn:aws:sqs:us-east-1:123456789012:a"])
def test_what_is_no_topic_stops_the_start_with_its_name(value) -> None:
    with pytest.raises(SettingError, match=r"^ALERTS_TOPIC_ARN"):
        settings.load({**NEEDED, "ALERTS_TOPIC_ARN": value})


def test_a_team_s_spend_is_told_of_when_it_doubles_beyond_ten_dollars_unless_set() -> None:
    usual = settings.load(NEEDED)
    assert (usual.spend_alert_factor, usual.spend_alert_minimum) == (Decimal(2), Decimal(10))
    set_here = {"SPEND_ALERT_FACTOR": "1.5", "SPEND_ALERT_MINIMUM": "250"}
    other = settings.load({**NEEDED, **set_here})
    assert (other.spend_alert_factor, other.spend_alert_minimum) == (Decimal("1.5"), Decimal(250))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPEND_ALERT_FACTOR", "0.9"),
        ("SPEND_ALERT_FACTOR", "twice"),
        ("SPEND_ALERT_MINIMUM", "-1"),
        ("SPEND_ALERT_MINIMUM", "1e3"),
    ],
)
def test_a_wrong_amount_stops_the_start_with_its_name(name, value) -> None:
    with pytest.raises(SettingError, match=rf"^{name}"):
        settings.load({**NEEDED, name: value})


def test_nothing_may_differ_from_aws_s_numbers_unless_a_part_of_them_is_said() -> None:
    assert settings.load(NEEDED).reconcile_tolerance == 0
    some = settings.load({**NEEDED, "RECONCILE_TOLERANCE": "0.001"})
    assert some.reconcile_tolerance == Decimal("0.001")


def test_an_export_of_costs_and_usage_is_a_place_in_a_bucket() -> None:
    place = "s3://billing-123456789012/exports/tollgate"
    assert settings.load({**NEEDED, "CUR_LOCATION": f"{place}/"}).cur_location == place


@pytest.mark.parametrize("value", ["billing/exports", "s3://billing", "s3://Billing/tollgate"])
def test_what_is_no_place_of_an_export_stops_the_start_with_its_name(value) -> None:
    with pytest.raises(SettingError, match=r"^CUR_LOCATION"):
        settings.load({**NEEDED, "CUR_LOCATION": value})
