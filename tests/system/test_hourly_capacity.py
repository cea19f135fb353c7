"""Capacity that is billed by the hour, from what runs on the local stack to the day's costs."""

import csv
import io
import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import one_day
import pytest

from chalicelib.reporting.capacity_files import hour_key, read_hour
from chalicelib.reporting.reported_day import manifest_key
from local.stack import Stack
from ops import keys, tenants
from ops.directory import Directory

pytestmark = pytest.mark.system
NOVA = "amazon.nova-lite-v1:0"
NOVA_BODY = {"messages": [{"role": "user", "content": [{"text": "Which bridge held?"}]}]}
PRICES = """\
model,region,geo,basis,tier,variant,unit,usd_per_unit,effective_from,effective_to,source,checked
ml.g5.xlarge,us-east-1,none,endpoint,default,none,instance_hour,1.408,2026-01-01,,test,2026-11-01
amazon.nova-lite-v1:0,us-east-1,none,provisioned,default,no_commit,model_unit_hour,20,2026-01-01,,test,2026-11-01
by-token,us-east-1,none,endpoint,default,none,input_tokens,0.000001,2026-01-01,,test,2026-11-01
by-token,us-east-1,none,endpoint,default,none,output_tokens,0.000002,2026-01-01,,test,2026-11-01
"""


class Gateway:
    """The stack with one tenant, three kinds of capacity, and an operator's prices for them."""

    def __init__(self, stack: Stack) -> None:
        self.day = one_day.with_room()
        self.stack = stack
        self.s3 = stack.client("s3")
        self.bucket = stack.urls["bucket"]
        self.s3.put_object(Bucket=self.bucket, Key="prices.csv", Body=PRICES.encode())
        made = stack.client("bedrock").create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName="units", modelId=NOVA
        )
        self.units: str = made["provisionedModelArn"]
        directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
        now = datetime.now(UTC)
        tenants.create(directory, "search", now, allow=["*", "arn:aws:*"])
        self.key = keys.create(directory, "search", now)[0]

    def call(self, model_id: str, body: Any) -> None:
        request = urllib.request.Request(
            f"{self.stack.urls['gateway']}/invoke?model_id={quote(model_id, safe='')}",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200

    def sample(self) -> bytes:
        noon = datetime.combine(self.day, time(12, 7), UTC)
        key = self.stack.invoke("sample_capacity", {"time": noon.isoformat()})["key"]
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def keep_all_day(self, hour: bytes) -> None:
        for number in range(24):
            self.s3.put_object(Bucket=self.bucket, Key=hour_key(self.day, number), Body=hour)

    def report(self) -> dict[str, Any]:
        night = datetime.combine(self.day + timedelta(days=1), time(2, 15), UTC)
        self.stack.invoke("daily_report", {"time": night.isoformat()})
        kept = self.s3.get_object(Bucket=self.bucket, Key=manifest_key(self.day))
        manifest: dict[str, Any] = json.load(kept["Body"])
        return manifest

    def costs(self) -> dict[tuple[str, str], dict[str, str]]:
        key = f"costs/date={self.day}/costs.csv"
        content = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()
        return {
            (row["team_id"], row["model_id"]): row for row in csv.DictReader(io.StringIO(content))
        }


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    endpoints = {
        "embed": {"container": "none", "instance": "ml.g5.xlarge", "count": 2, "concurrency": 4},
        "by-token": {"container": "openai", "instance": "ml.g5.xlarge"},
    }
    environ = {"PRICES_OVERRIDE": "prices.csv", "MODEL_ARNS": '["arn:aws:bedrock:*"]'}
    with Stack(environ=environ, endpoints=endpoints) as stack:
        yield Gateway(stack)


def test_an_hour_says_what_runs(gateway: Gateway) -> None:
    found = read_hour(gateway.sample())

    assert {(x.resource.model_id, x.sku, x.variant, x.count, x.concurrency) for x in found} == {
        ("embed", "ml.g5.xlarge", "none", 2, 4),
        ("by-token", "ml.g5.xlarge", "none", 1, 1),
        (gateway.units, NOVA, "no_commit", 1, 1),
    }


def test_the_days_hours_are_borne_by_who_used_them_and_by_nobody(gateway: Gateway) -> None:
    gateway.call("embed", {"inputs": "Which bridge held in April?"})
    gateway.call("by-token", {"messages": [{"role": "user", "content": "Which bridge held?"}]})
    gateway.call(gateway.units, NOVA_BODY)
    gateway.keep_all_day(gateway.sample())

    manifest = gateway.report()

    rows = gateway.costs()
    assert (manifest["capacity_hours_missing"], manifest["capacity_unpriced"]) == (0, 0)
    assert {row["status"] for row in rows.values()} == {"PRICED"}
    assert whole(rows, "embed") == 2 * 24 * Decimal("1.408")
    assert whole(rows, gateway.units) == 24 * 20
    assert 0 < Decimal(rows["search", "embed"]["capacity_cost"]) < Decimal("1.408")
    assert 0 < Decimal(rows["search", gateway.units]["capacity_cost"]) < 20
    assert rows["search", "by-token"]["capacity_cost"] == "0"
    assert ("(idle)", "by-token") not in rows


def whole(rows: dict[tuple[str, str], dict[str, str]], model_id: str) -> Decimal:
    return sum(
        (Decimal(row["capacity_cost"]) for (_, model), row in rows.items() if model == model_id),
        Decimal(0),
    )
