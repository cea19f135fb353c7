"""Opaque ids on the one path: admitted by the operator and the tenant, told by AWS, then run."""

import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest
from builders import ACCOUNT, blocks, identity
from control_plane import ControlPlane, arn, foundation

from chalicelib.admission import ModelRequest
from chalicelib.backends.operation import Payload
from chalicelib.errors import ModelBlocked, ModelNotAllowed, ProviderUnavailable, TollgateError
from chalicelib.router import Router
from chalicelib.settings import Settings
from chalicelib.surfaces.invoke import OPERATIONS
from chalicelib.transport import BEDROCK, NotSent, Reply, Service
from chalicelib.usage_record import Outcome, ProviderCall

NOVA = "amazon.nova-lite-v1:0"
THROUGHPUT = arn("provisioned-model")
ANOTHER = arn("provisioned-model", "another12345")
COUNTS = {
    "x-amzn-bedrock-input-token-count": "30",
    "x-amzn-bedrock-output-token-count": "51",
}


@dataclass
class Provider:
    """Both planes of Bedrock: what a model answers, and what the ARNs are."""

    plane: ControlPlane = field(default_factory=ControlPlane)
    invoked: list[str] = field(default_factory=list)

    def call(
        self, service: Service, method: str, path: str, *rest: Any, timeout: float, **_: Any
    ) -> Reply:
        if service is BEDROCK:
            return self.plane.call(service, method, path, *rest, timeout=timeout)
        self.invoked.append(path)
        return Reply(200, COUNTS, b"{}")


@dataclass
class Records:
    calls: list[ProviderCall] = field(default_factory=list)

    def started(self, call: ProviderCall) -> None:
        self.calls.append(call)

    def ended(self, _call: ProviderCall, _outcome: Outcome) -> None:
        pass


@dataclass
class Gateway:
    provider: Provider
    records: Records
    router: Router

    def answers(self, model_id: str, *allow: str) -> Reply:
        request = ModelRequest(
            request_id="r-1",
            model_id=model_id,
            payload=Payload({}, b"{}"),
            operations=OPERATIONS,
            surface="invoke",
            account=ACCOUNT,
            seconds_left=900.0,
        )
        return self.router.answer(identity(allow=allow or (THROUGHPUT,)), request)

    def refuses(self, kind: type[TollgateError], model_id: str, *allow: str) -> None:
        with pytest.raises(kind):
            self.answers(model_id, *allow)
        assert (self.provider.invoked, self.records.calls) == ([], [])


@pytest.fixture
def gateway() -> Gateway:
    provider, records = Provider(), Records()
    for identifier in (THROUGHPUT, "chat-throughput"):
        provider.plane.has(
            "provisioned-model-throughput",
            identifier,
            provisionedModelArn=THROUGHPUT,
            provisionedModelName="chat-throughput",
            foundationModelArn=foundation(NOVA),
        )
    settings = Settings(
        region="us-east-1",
        tenants_table="t",
        reports_bucket="r",
        payloads_bucket="p",
        model_arns=(THROUGHPUT, "chat-throughput", arn("imported-model", "*")),
    )
    return Gateway(provider, records, Router(settings, records, provider, blocks()))


def test_the_arn_is_what_is_dispatched_and_recorded_and_its_model_what_is_priced(gateway) -> None:
    gateway.answers(THROUGHPUT)
    (call,) = gateway.records.calls
    assert (call.model_id, call.base_model) == (THROUGHPUT, NOVA)
    assert (call.basis, call.geo, call.family) == ("provisioned", "none", "nova")
    assert gateway.provider.invoked == [
        f"/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A{ACCOUNT}%3Aprovisioned-model%2Fabc123def456"
        "/invoke"
    ]


def test_throughput_called_by_its_name_runs_and_is_recorded_by_its_arn(gateway) -> None:
    gateway.answers("chat-throughput")
    assert gateway.records.calls[0].model_id == THROUGHPUT


def test_a_tenant_that_may_not_use_an_arn_makes_no_look_up(gateway) -> None:
    gateway.refuses(ModelNotAllowed, THROUGHPUT, "amazon.*")
    assert gateway.provider.plane.asked == []


def test_a_name_admits_a_tenant_to_nothing_that_its_arn_does_not(gateway) -> None:
    gateway.refuses(ModelNotAllowed, "chat-throughput", "chat-throughput")


def test_an_arn_that_the_operator_did_not_list_is_never_looked_up(gateway) -> None:
    gateway.refuses(ModelNotAllowed, ANOTHER, "*")
    assert gateway.provider.plane.asked == []


@pytest.mark.parametrize(
    "another",
    [
        THROUGHPUT.replace(ACCOUNT, "210987654321"),
        THROUGHPUT.replace("us-east-1", "eu-west-1"),
    ],
)
def test_another_accounts_or_regions_arn_is_never_looked_up(gateway, another) -> None:
    gateway.refuses(ModelNotAllowed, another, "*")
    assert gateway.provider.plane.asked == []


def test_a_blocked_model_does_not_run_behind_an_arn(gateway) -> None:
    gateway.router.admission._blocks = blocks("amazon.nova-lite-*")
    gateway.refuses(ModelBlocked, THROUGHPUT)
    gateway.refuses(ModelBlocked, "chat-throughput")


def test_an_id_that_aws_does_not_know_costs_nothing_and_leaves_no_record(gateway) -> None:
    gateway.refuses(ModelNotAllowed, arn("imported-model"), "*")


def test_an_id_that_cannot_be_looked_up_costs_nothing_and_leaves_no_record(gateway) -> None:
    gateway.provider.plane.call = _nothing_is_sent
    gateway.refuses(ProviderUnavailable, THROUGHPUT)


def _nothing_is_sent(*_: object, **__: object) -> Reply:
    raise NotSent("connection refused")


def test_an_id_that_names_its_model_is_never_looked_up(gateway) -> None:
    gateway.answers(NOVA, NOVA)
    assert gateway.provider.plane.asked == []


def test_no_cold_start_pays_for_looking_up() -> None:
    loads = "import sys, chalicelib.parts; print('chalicelib.backends.identity' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True)
    assert done.stdout == b"False\n"
