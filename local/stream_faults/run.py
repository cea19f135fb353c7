"""The run: start, let everything go wrong, sweep until nothing is left, report, and prove."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from time import monotonic

from local import project
from local.demo.progress import Progress
from local.proof import prove
from local.proof.collect import collect, control, days_of, report, sample_capacity
from local.stack import Stack
from local.stream_faults.between import Between
from local.stream_faults.cases import Case
from local.stream_faults.crew import Crew
from local.stream_faults.draft import ALLOW
from local.stream_faults.kinds import plan_cases
from local.stream_faults.passing_time import PassingTime
from local.stream_faults.result import Result
from local.stream_faults.statement import lines
from local.stream_faults.troubles import Troubles
from local.stream_faults.world import World
from local.traffic import operator_prices
from local.traffic.offers import ENDPOINTS
from ops import keys, tenants
from ops.directory import Directory

LOG = project.STATE / "stream-faults.log"
"""What whatever was killed leaves behind."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much goes wrong, and how patient the gateway is with models."""

    streams: int
    threads: int
    slow: bool
    model_timeout_seconds: int


FULL = Scale(320, threads=12, slow=True, model_timeout_seconds=40)
"""As patient as to outlast an SDK that sends its request again."""

SMALL = Scale(32, threads=6, slow=False, model_timeout_seconds=8)


def main(streams: int, seed: int | None = None) -> int:
    """Break so many streams; the exit status is 0 only if everything came out as it must."""
    seed = secrets.randbelow(10**6) if seed is None else seed
    progress = Progress()
    project.STATE.mkdir(exist_ok=True)
    with LOG.open("w", encoding="utf-8") as log, redirect_stderr(log):
        result = run(
            seed,
            replace(FULL, streams=streams),
            lambda done: progress.of(f"streams, seed {seed}", streams, done),
        )
    progress.clear()
    print(*lines(result), sep="\n")
    return 0 if result.holds else 1


def run(seed: int, scale: Scale, progress: Callable[[int], object] = lambda done: None) -> Result:
    began = monotonic()
    troubles = Troubles()
    settings = {
        **operator_prices.SETTINGS,
        "MODEL_TIMEOUT_SECONDS": str(scale.model_timeout_seconds),
    }
    cases = plan_cases(Random(seed), scale.streams, slow=scale.slow)
    with (
        Between(troubles) as between,
        Stack(seed=seed, environ=settings | between.environ, endpoints=ENDPOINTS) as stack,
    ):
        operator_prices.publish(stack)
        world = World(stack)
        between.connect(stack.aws.url, world.kill)
        with Crew(stack.urls, _accounts(stack, cases), world, cases) as crew:
            control(stack, "PUT", "faults", [rule for case in cases for rule in case.rules])
            troubles.add(trouble for case in cases for trouble in case.troubles)
            with PassingTime(stack, world) as time:
                played = crew.play(scale.threads, progress)
                quiet = time.wait_until_quiet()
            left = [] if quiet else world.unfinished()
            played = [crew.read_again(each) for each in played]
        for day in days_of(stack.log_events()):
            sample_capacity(stack, day)
            report(stack, day)
        evidence = collect(stack, [each.sent for each in played])
    proof = prove(evidence, operator_prices.book())
    return Result(
        seed,
        played,
        left,
        evidence,
        proof,
        world.killed,
        time.sweeps,
        time.redeliveries,
        monotonic() - began,
    )


def _accounts(stack: Stack, cases: Sequence[Case]) -> dict[str, str]:
    """Open an account for the team of every case; return the plain keys."""
    directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
    now = datetime.now(UTC)
    for case in cases:
        tenants.create(directory, case.request.team, now, allow=ALLOW)
    return {c.request.team: keys.create(directory, c.request.team, now)[0] for c in cases}
