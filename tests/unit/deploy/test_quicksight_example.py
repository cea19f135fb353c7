"""examples/quicksight: what the README's commands send is what QuickSight takes."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "examples" / "quicksight"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
TYPES = {"string": "STRING", "bigint": "INTEGER", "date": "DATETIME", "boolean": "BOOLEAN"}
USER = "arn:aws:quicksight:eu-west-1:111122223333:user/default/ada"
ENVIRON = {
    "STAGE": "dev",
    "AWS_REGION": "eu-west-1",
    "ACCOUNT_ID": "111122223333",
    "QUICKSIGHT_USER": USER,
}


def filled(name: str) -> dict[str, Any]:
    """What the README's own function makes of a file."""
    (function,) = re.findall(r"^filled\(\) \{\n.*?^\}\n", README, re.MULTILINE | re.DOTALL)
    script = f"{function} filled {name}.json"
    run = subprocess.run(
        ["bash", "-c", script], cwd=FOLDER, env=ENVIRON, capture_output=True, check=True
    )
    return json.loads(run.stdout)


def columns(table: str) -> dict[str, str]:
    """A table's columns in Athena, partitions too, by QuickSight's type."""
    templates = [ROOT / ".chalice" / f"{part}.json" for part in ("analytics", "views")]
    read = [json.loads(path.read_text(encoding="utf-8"))["Resources"] for path in templates]
    inputs = [each["Properties"].get("TableInput") for made in read for each in made.values()]
    (found,) = [each for each in inputs if each and each["Name"] == table]
    told = found["StorageDescriptor"]["Columns"] + found["PartitionKeys"]
    return {each["Name"]: TYPES.get(each["Type"], "DECIMAL") for each in told}


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("data-source", "CreateDataSource"),
        ("costs", "CreateDataSet"),
        ("completeness", "CreateDataSet"),
    ],
)
def test_the_sdk_takes_what_is_sent(name, operation) -> None:
    sent = filled(name)
    quicksight = botocore.session.get_session().get_service_model("quicksight")
    report = ParamValidator().validate(sent, quicksight.operation_model(operation).input_shape)
    assert report.generate_report() == ""
    assert not re.search("ACCOUNT_ID|AWS_REGION|STAGE|QUICKSIGHT_USER", json.dumps(sent))
    assert sent["Permissions"][0]["Principal"] == USER


@pytest.mark.parametrize("name", ["costs", "completeness"])
def test_a_dataset_has_every_column_of_its_table(name) -> None:
    source = filled("data-source")
    (table,) = filled(name)["PhysicalTableMap"].values()
    asked = table["RelationalTable"]
    assert asked["DataSourceArn"].endswith(f":111122223333:datasource/{source['DataSourceId']}")
    assert (asked["Schema"], asked["Name"]) == ("tollgate_dev", name)
    assert {each["Name"]: each["Type"] for each in asked["InputColumns"]} == columns(name)


def test_the_workgroup_is_the_stages() -> None:
    assert filled("data-source")["DataSourceParameters"] == {
        "AthenaParameters": {"WorkGroup": "tollgate-dev"}
    }
