"""Two thousand mixed requests of four teams from eight threads, with every kind of fault.

Twice: with a seed of long standing, and with one drawn for this run. SEED=… draws that one again.
"""

import os
import secrets
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from chalicelib.metering.usage import COUNTERS
from local.proof import Evidence, Proof, prove
from local.proof.bill import balances
from local.proof.collect import collect, control, days_of, report, sample_capacity
from local.simulator.ledger import SETTLEMENT
from local.stack import Stack
from local.traffic import faults, jobs, operator_prices, plan, resources
from local.traffic.clients import Gateway
from local.traffic.offers import ENDPOINTS
from local.traffic.plan import StreamRequest
from local.traffic.sent import Sent
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
    settled: int  # asynchronous jobs
    evidence: Evidence
    proof: Proof


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed-{seed}")
def run(request: pytest.FixtureRequest) -> Run:
    seed = request.param
    with Stack(seed=seed, environ=SETTINGS, endpoints=ENDPOINTS) as stack:
        operator_prices.publish(stack)
        resources.create(stack)
        directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
        keys = open_accounts(directory, datetime.now(UTC))
        control(stack, "PUT", "faults", faults.rules(0.05))
        with Gateway(stack.urls, keys) as gateway:
            sent = gateway.send_all(plan.plan(seed, REQUESTS, OFFERS))
            settled = jobs.end_and_settle(stack, gateway, sent)
        for day in days_of(stack.log_events()):
            sample_capacity(stack, day)
            report(stack, day)
        evidence = collect(stack, sent)
    return Run(seed, sent, settled, evidence, prove(evidence, operator_prices.book()))


def test_both_ledgers_are_one(run, capsys):
    with capsys.disabled():
        sys.stdout.write(f"\nseed {run.seed}: {run.proof.lines()[-1]}\n")

    assert run.proof.mismatches == ()


def test_every_request_is_recorded_once_but_those_that_the_gateway_refused_itself(run):
    told = {once.request_id: once for each in run.sent for once in each.all}
    calls = [call.request_id for call in run.proof.calls]
    not_called = [told[request_id] for request_id in told.keys() - set(calls)]

    assert len(run.sent) == REQUESTS
    assert len(calls) == len(set(calls)) + run.settled
    assert set(calls) <= told.keys()
    assert [each for each in not_called if each.status != 409] == []


def test_the_manifest_balances(run):
    assert [balances(manifest) for manifest in run.evidence.manifests].count(False) == 0
    assert sum(manifest["started"] for manifest in run.evidence.manifests) == len(run.proof.calls)


def test_no_call_is_orphaned_lost_or_foreign(run):
    for manifest in run.evidence.manifests:
        assert (manifest["orphaned"], manifest["lost"], manifest["foreign"]) == (0, 0, 0)


def test_every_route_and_every_unit_was_used(run):
    operations = {record["operation"] for record in run.evidence.records}
    unused = {name for name in COUNTERS if not any(r[name] for r in run.evidence.records)}

    assert operations == {
        "ApplyGuardrail",
        "AsyncInvokeSettlement",
        "Converse",
        "ConverseStream",
        "CountTokens",
        "InvokeEndpoint",
        "InvokeEndpointWithResponseStream",
        "InvokeModel",
        "InvokeModelWithResponseStream",
        "StartAsyncInvoke",
    }
    assert unused == set()


def test_every_job_that_ended_is_settled_once(run):
    ended = [entry for entry in run.evidence.provider if entry["operation"] == SETTLEMENT]
    settled = [
        record["provider_request_id"]
        for record in run.evidence.records
        if record["operation"] == "AsyncInvokeSettlement" and not record["n_started"]
    ]

    assert len(settled) == run.settled
    assert sorted(settled) == sorted(entry["invocation_arn"] for entry in ended)


def test_what_the_provider_alone_counts_is_shown_apart(run):
    derived = run.proof.of("derived")

    assert derived
    assert {verdict.entry.fault for verdict in derived} == {"rerank_chunks"}


def test_every_kind_of_fault_was_met(run):
    met = {entry["fault"] for entry in run.evidence.provider}

    assert met >= {rule["do"] for rule in (*faults.ANYWHERE, *faults.IN_STREAMS)}


def test_every_model_and_endpoint_was_called(run):
    called = {record["model_id"] for record in run.evidence.records}

    assert called == {offer.model_id for offers in OFFERS.values() for offer in offers}


def test_streams_were_read_in_every_way_and_to_their_end(run):
    streams = [each.request for each in run.sent if isinstance(each.request, StreamRequest)]

    assert {request.form for request in streams} == {"queued", "sse", "event_stream"}
    assert {request.repeated for request in streams} > {"never"}
    assert any(request.leaves_after for request in streams)
    assert sum(read.whole for read in run.evidence.reads) > len(run.evidence.reads) / 2


def test_a_request_that_was_sent_twice_under_its_key_has_one_answer(run):
    """One that came to nothing frees its key, and is no answer: the other may be called anew."""
    answered = [
        [once.request_id for once in each.all if once.reads and once.reads[0].whole]
        for each in run.sent
        if each.others
    ]
    twice = [ids for ids in answered if len(ids) > 1]

    assert twice
    assert {len(set(ids)) for ids in twice} == {1}


def test_whoever_was_answered_was_charged(run):
    answered = {each.request_id for each in run.sent if each.status == 200 and not each.reads}
    answered |= {read.request_id for read in run.evidence.reads if read.whole}
    charged = {record["request_id"] for record in run.evidence.records if record["n_usage"]}

    assert answered <= charged


def test_nobody_is_charged_for_what_the_provider_refused(run):
    refused = run.proof.of("refused")

    assert refused
    assert not any(verdict.dollars for verdict in refused)
