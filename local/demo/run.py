"""The demo's course: start AWS, send traffic, sabotage it, report the day, prove it, show it."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from local.demo.books import close
from local.demo.growth import grow
from local.demo.progress import Progress
from local.demo.reports import keep, report_twice
from local.demo.sabotage import TEAM, Saboteur
from local.demo.screen import Shown, lines
from local.proof import prove
from local.proof.collect import collect, control, days_of, sample_capacity
from local.stack import Stack
from local.traffic import faults, jobs, operator_prices, plan, resources
from local.traffic.clients import Gateway
from local.traffic.offers import ENDPOINTS
from local.traffic.sent import Sent
from local.traffic.tenants import OFFERS, open_accounts
from ops import keys
from ops.directory import Directory

SEED = 20261123
REQUESTS = 330  # and those of sabotage
SETTINGS = {"MODEL_TIMEOUT_SECONDS": "3", "KEY_CACHE_SECONDS": "2", **operator_prices.SETTINGS}
WORDS = "calls of four teams, from eight threads"


def main() -> int:
    """Run the demo; the exit status is 0 only if everything came out as it must."""
    progress = Progress()
    shown = _run(progress)
    progress.clear()
    print(*lines(shown), sep="\n")
    return 0 if shown.as_promised else 1


def _run(progress: Progress) -> Shown:
    began = time.monotonic()
    progress.step("starting AWS, Bedrock and SageMaker on this machine")
    with Stack(seed=SEED, environ=SETTINGS, endpoints=ENDPOINTS) as stack:
        operator_prices.publish(stack)
        resources.create(stack)
        directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
        teams_keys = open_accounts(directory, datetime.now(UTC))
        revoked = _use_and_revoke_a_key(stack, directory)
        with Gateway(stack.urls, teams_keys) as gateway:
            sent = _traffic(stack, gateway, progress)
            progress.step("ending asynchronous jobs")
            jobs.end_and_settle(stack, gateway, sent)
            told, grown = grow(stack, teams_keys, progress)
            progress.step("sabotage")
            saboteur = Saboteur(stack, gateway, teams_keys)
            attempts = [*saboteur.attempts(), saboteur.revoked(revoked.key)]
        progress.step("reporting the day, and again")
        for day in days_of(stack.log_events()):
            sample_capacity(stack, day)
        reports = [report_twice(stack, day) for day in days_of(stack.log_events())]
        sabotage = [each for attempt in attempts for each in attempt.sent]
        evidence = collect(stack, [revoked.used, *sent, *grown, *sabotage])
        days = [each.day for each in reports]
        keep(stack, days, evidence)
        book = operator_prices.book()
        proof = prove(evidence, book)
        progress.step("reconciling, tracing, drawing the month")
        books = close(stack, days, proof)
    seconds = time.monotonic() - began
    return Shown(evidence, proof, book, attempts, reports, seconds, books, told)


def _traffic(stack: Stack, gateway: Gateway, progress: Progress) -> list[Sent]:
    control(stack, "PUT", "faults", faults.one_of_each(spacing=16))
    requests = plan.plan(SEED, REQUESTS, OFFERS)
    return gateway.send_all(requests, lambda done: progress.of(WORDS, len(requests), done))


@dataclass(frozen=True, slots=True)
class _Revoked:
    key: str
    used: Sent


def _use_and_revoke_a_key(stack: Stack, directory: Directory) -> _Revoked:
    """Let a key work once, so that the gateway remembers it, and revoke it.

    The traffic that follows takes longer than the gateway may go on trusting it.
    """
    plain, key = keys.create(directory, TEAM, datetime.now(UTC))
    with Gateway(stack.urls, {TEAM: plain}) as gateway:
        used = gateway.send(plan.plan(SEED, 1, {TEAM: OFFERS[TEAM]})[0])
    keys.revoke(directory, key.key_id, datetime.now(UTC))
    return _Revoked(plain, used)
