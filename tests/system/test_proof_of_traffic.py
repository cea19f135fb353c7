"""Two thousand mixed requests of four teams from sixteen threads, with every kind of fault.

Twice: with a seed of long standing, and with one drawn for this run. SEED=… draws that one again.
"""

import os
import secrets
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from local.proof import Evidence, Proof, prove
from local.proof.bill import balances
from local.proof.collect import collect, control, days_of, report
from local.stack import Stack
from local.traffic import faults, operator_prices, plan
from local.traffic.clients import Gateway, Sent
from local.traffic.tenants import OFFERS, open_accounts
from ops.directory import Directory

pytestmark = pytest.mark.system

REQUESTS = 2_000
SEEDS = (20261123, int(os.environ.get("SEED") or secrets.randbelow(10**6)))
SETTINGS = {"MODEL_TIMEOUT_SECONDS": "5", **operator_prices.SETTINGS}


@dataclass(frozen=True)
class Run:
    seed: int
    sent: list[Sent]
    evidence: Evidence
    proof: Proof


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed-{seed}")
def run(request: pytest.FixtureRequest) -> Run:
    seed = request.param
    with Stack(seed=seed, environ=SETTINGS, endpoints=plan.ENDPOINTS) as stack:
        operator_prices.publish(stack)
        directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
        keys = open_accounts(directory, datetime.now(UTC))
        control(stack, "PUT", "faults", faults.rules(0.05))
        with Gateway(stack.urls["gateway"], keys) as gateway:
            sent = gateway.send_all(plan.plan(seed, REQUESTS, OFFERS))
        for day in days_of(stack.log_events()):
            report(stack, day)
        evidence = collect(stack, sent)
    return Run(seed, sent, evidence, prove(evidence, operator_prices.book()))


def test_both_ledgers_are_one(run, capsys):
    with capsys.disabled():
        sys.stdout.write(f"\nseed {run.seed}: {run.proof.lines()[-1]}\n")

    assert run.proof.mismatches == ()


def test_every_request_is_recorded_once(run):
    assert len(run.sent) == len(run.proof.verdicts) == REQUESTS


def test_the_manifest_balances(run):
    assert [balances(manifest) for manifest in run.evidence.manifests].count(False) == 0
    assert sum(manifest["started"] for manifest in run.evidence.manifests) == REQUESTS


def test_no_call_is_orphaned_lost_or_foreign(run):
    for manifest in run.evidence.manifests:
        assert (manifest["orphaned"], manifest["lost"], manifest["foreign"]) == (0, 0, 0)


def test_every_kind_of_fault_was_met(run):
    met = {entry["fault"] for entry in run.evidence.provider}

    assert met >= {rule["do"] for rule in faults.ANYWHERE}


def test_every_model_and_endpoint_was_called(run):
    called = {entry["model"] for entry in run.evidence.provider}

    assert called == {offer.model_id for offers in OFFERS.values() for offer in offers}


def test_whoever_was_answered_was_charged(run):
    answered = {each.request_id for each in run.sent if each.status == 200}
    charged = {record["request_id"] for record in run.evidence.records if record["n_usage"]}

    assert answered <= charged


def test_nobody_is_charged_for_what_the_provider_refused(run):
    refused = run.proof.of("refused")

    assert refused
    assert not any(verdict.dollars for verdict in refused)
