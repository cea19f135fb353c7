"""A day on the local stack, held against the counters that AWS keeps of the same calls."""

import csv
import io
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import one_day
import pytest

from chalicelib.reconciliation.export import costs_by_caller
from chalicelib.reporting.months.month import Month
from local.cost_export import deliver
from local.invoice import Ran
from local.proof.collect import control, fetch
from local.stack import Stack
from ops import __main__ as command_line
from ops import keys, tenants
from ops.directory import Directory

pytestmark = pytest.mark.system
LITE, MICRO = "us.amazon.nova-lite-v1:0", "us.amazon.nova-micro-v1:0"
BODY = {"messages": [{"role": "user", "content": [{"text": "Which bridge held?"}]}]}


class Gateway:
    """The stack with one tenant, whose calls and others' are of this day."""

    def __init__(self, stack: Stack) -> None:
        self.day = one_day.with_room()
        self.next = datetime.combine(self.day + timedelta(days=1), time(6, 45), UTC)
        self.stack = stack
        directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
        now = datetime.now(UTC)
        tenants.create(directory, "search", now, allow=["us.*"])
        self.key = keys.create(directory, "search", now)[0]

    def call(self, model: str, **query: str) -> None:
        more = "".join(f"&{name}={value}" for name, value in query.items())
        request = urllib.request.Request(
            f"{self.stack.urls['gateway']}/invoke?model_id={quote(model)}{more}",
            json.dumps(BODY).encode(),
            {
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
                "Accept": "text/event-stream" if query else "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def direct(self, model: str) -> None:
        """Call a model as somebody who has credentials, and no need of a gateway."""
        self.stack.client("bedrock-runtime").converse(modelId=model, **BODY)

    def reconciled(self) -> list[dict[str, str]]:
        """Report the day and reconcile it as the next morning does; return the statements."""
        self.stack.invoke("daily_report", {"time": self.next.replace(hour=2).isoformat()})
        answer: dict[str, Any] = self.stack.invoke("reconcile", {"time": self.next.isoformat()})
        return answer["reconciled"]

    def rows(self) -> dict[tuple[str, str], dict[str, str]]:
        content = fetch(self.stack, f"reconciliation/date={self.day}/reconciliation.csv")
        rows = csv.DictReader(io.StringIO(content.decode()))
        return {(row["scope"], row["unit"]): row for row in rows}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Stack() as stack:
        yield Gateway(stack)


def test_a_day_of_the_gateways_own_calls_is_what_aws_counted(gateway: Gateway) -> None:
    gateway.call(LITE)
    gateway.call(LITE, stream="true")
    (done,) = gateway.reconciled()
    assert done == {"period": f"date={gateway.day}", "said": "no difference"}
    assert gateway.rows()[LITE, "output_tokens"]["status"] == "equal"


def test_it_is_not_reconciled_again_while_it_is_as_it_was(gateway: Gateway) -> None:
    assert gateway.reconciled() == []


def test_what_a_cut_stream_was_billed_for_is_found_and_explained(gateway: Gateway) -> None:
    fault = {"match": {"model": MICRO}, "do": "stream_cut", "after": 3}
    control(gateway.stack, "PUT", "faults", [fault])
    gateway.call(MICRO, stream="true")
    control(gateway.stack, "PUT", "faults", [])
    (done,) = gateway.reconciled()
    row = gateway.rows()[MICRO, "output_tokens"]
    assert (row["cause"], row["status"], row["calls"]) == ("cut_stream", "explained", "1")
    assert done["said"] == "no difference"


def test_a_direct_call_that_bypassed_the_gateway_is_found(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.direct(LITE)
    for name, value in gateway.stack.environ.items():
        monkeypatch.setenv(name, value)
    status = command_line.main(["reconcile", "--date", gateway.day.isoformat()])
    *table, rows, explained, said = capsys.readouterr().out.splitlines()
    assert status == 1
    assert said == "reconciliation: 1 difference, found: a direct call that bypassed the gateway"
    assert explained == "explained  a cut answer whose rest was billed"
    assert rows.endswith(f"/reconciliation/date={gateway.day}/reconciliation.csv")
    assert [line.split()[-1] for line in table if line.startswith(LITE)] == ["bypass"] * 4
    (to_do,) = (line for line in table if line.startswith("to do      bypass: "))
    assert "find the caller in CloudTrail" in to_do


def test_what_was_found_by_hand_is_told_by_the_next_morning(gateway: Gateway) -> None:
    (done,) = gateway.reconciled()
    assert done["said"] == "1 difference, found: a direct call that bypassed the gateway"
    assert gateway.reconciled() == []


def test_the_months_bill_has_the_direct_call(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in gateway.stack.environ.items():
        monkeypatch.setenv(name, value)
    status = command_line.main(["reconcile", "--month", f"{gateway.day:%Y-%m}"])
    *table, said = capsys.readouterr().out.splitlines()
    assert status == 1
    assert said == "reconciliation: 1 difference, found: a direct call that bypassed the gateway"
    (off,) = (line.split() for line in table if line.startswith("amazon.nova-lite"))
    assert (off[1], off[-1]) == ("USD/output_tokens", "bypass")  # input is less than AWS rounds


def test_the_export_names_who_called_and_teams_are_not_told_apart_without_a_role(
    gateway: Gateway,
) -> None:
    location = "s3://billing/exports/tollgate"
    s3 = gateway.stack.client("s3")
    s3.create_bucket(Bucket="billing")
    deliver(s3, location, f"{gateway.day:%Y-%m}", gateway.stack.aws.invoice.lines())
    costs = costs_by_caller(s3, location, Month.of(gateway.day))
    assert {caller.rpartition("/")[2] for caller in costs} == {"tollgate-local", "testing"}


def test_a_direct_call_beside_a_cut_and_a_refused_one_is_found_by_its_number(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    control(gateway.stack, "PUT", "faults", [{"match": {"model": MICRO}, "do": "error_503"}])
    with pytest.raises(urllib.error.HTTPError):
        gateway.call(MICRO)
    control(gateway.stack, "PUT", "faults", [])
    gateway.direct(MICRO)
    gateway.stack.invoke("daily_report", {"time": gateway.next.replace(hour=3).isoformat()})
    for name, value in gateway.stack.environ.items():
        monkeypatch.setenv(name, value)
    command_line.main(["reconcile", "--date", gateway.day.isoformat()])
    rows = gateway.rows()
    assert (rows[MICRO, "refused"]["theirs"], rows[MICRO, "refused"]["status"]) == ("1", "equal")
    assert rows[MICRO, "answered"]["cause"] == "bypass"
    assert rows[MICRO, "output_tokens"]["cause"] == "bypass+cut_stream"
    assert "2 direct calls that bypassed the gateway" in capsys.readouterr().out


def test_a_guardrail_that_was_called_directly_is_counted_and_capacity_is_on_the_bill(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.stack.client("bedrock-runtime").apply_guardrail(
        guardrailIdentifier="topic",
        guardrailVersion="1",
        source="INPUT",
        content=[{"text": {"text": "Which bridge held?"}}],
    )
    for name, value in gateway.stack.environ.items():
        monkeypatch.setenv(name, value)
    command_line.main(["reconcile", "--date", gateway.day.isoformat()])
    row = gateway.rows()["guardrails", "guardrail_topic_units"]
    assert (row["ours"], row["theirs"], row["cause"]) == ("0", "1", "bypass")
    ran = Ran(datetime.combine(gateway.day, time(12), UTC), "ml.g5.xlarge", Decimal(3))
    gateway.stack.aws.invoice.capacity.append(ran)
    command_line.main(["reconcile", "--month", f"{gateway.day:%Y-%m}"])
    *table, said = capsys.readouterr().out.splitlines()
    assert any("USD/guardrail_topic_units" in line for line in table)
    assert "capacity bought outside the gateway" in said
