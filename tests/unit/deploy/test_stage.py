"""A stage of config.json: its names, its settings in an account, its options."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from deploy_fakes import ACCOUNT, PLACE, REGION, stage

from ops.deploy.stage import _TAKES, FOLDER, Options, Stage
from ops.directory import Refused

CONFIG = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["staging", "local"])
def test_a_stage_that_is_none_or_is_this_machine_is_not_deployed(name: str) -> None:
    with pytest.raises(Refused, match=f"there is no stage '{name}' to deploy .* dev, prod"):
        Stage.load(name)


def test_functions_are_named_as_chalice_names_them() -> None:
    prod = Stage.load("prod")
    assert prod.function("api_handler") == prod.api == "tollgate-prod"
    assert prod.function("daily_report") == "tollgate-prod-daily_report"
    assert set(prod.functions) == set(CONFIG["lambda_functions"])


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_no_account_is_written_in_config_json(name: str) -> None:
    assert "123456789012" not in json.dumps(CONFIG["stages"][name])


def test_settings_name_the_account_and_the_region_that_are_deployed_to() -> None:
    settings = Stage.load("prod").environment(PLACE)
    assert settings["REPORTS_BUCKET"] == f"tollgate-prod-reports-{ACCOUNT}"
    assert settings["ALERTS_TOPIC_ARN"] == f"arn:aws:sns:{REGION}:{ACCOUNT}:tollgate-prod-alerts"
    assert not [value for value in settings.values() if "${" in value]


def test_a_function_s_own_settings_come_last() -> None:
    made = stage(environment={"A": "stage", "B": "stage"})
    own = {"api_handler": {"environment_variables": {"B": "function"}}}
    made.config["stages"]["dev"]["lambda_functions"] = own
    assert made.environment(PLACE)["A"] == "stage"
    assert made.environment(PLACE)["B"] == "function"
    assert made.environment(PLACE, "stream_worker")["B"] == "stage"


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_each_function_has_its_own_policy(name: str) -> None:
    policies = list(Stage.load(name).policies())
    assert len(policies) == len(set(policies))
    assert all((FOLDER / policy).is_file() for policy in policies)


def test_a_stage_streams_unless_it_says_otherwise() -> None:
    assert stage().streams
    assert not stage(answers="buffered").streams


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"throttle": 5}, "has no 'throttle', only account, alert_email, answers"),
        ({"answers": "chunked"}, "`answers` is 'chunked'; it takes stream or buffered"),
        ({"account": 111122223333}, "`account` is 111122223333; it takes its number, in quotes"),
        ({"models": "amazon.nova-lite-v1:0"}, "it takes a list of models"),
        ({"network": True}, "`network` is True; it takes {}, or parameters"),
        ({"network": {"SubnetIds": ["s-1"]}}, "whose values are texts: several by commas"),
        ({"burst": True}, "`burst` is True; it takes a whole number"),
        ({"burst": "1000"}, "`burst` is '1000'; it takes a whole number"),
        ({"requests_per_second": 0}, "`requests_per_second` is 0"),
    ],
)
def test_an_option_that_is_none_or_wrong_is_refused(told: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=re.escape(words)):
        Options.of(told)


def test_every_option_is_known_by_what_it_takes() -> None:
    assert {*_TAKES} == {each.name for each in fields(Options)}


def test_options_stand_in_config_json(tmp_path: Path) -> None:
    config = {"stages": {"eu": {"deploy": {"models": ["m"], "network": {}}}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    options = Stage.load("eu", tmp_path).options
    assert (options.models, options.network) == (("m",), {})
