"""The asynchronous jobs that tenants started: how they end, are looked up and settled."""

from collections.abc import Sequence
from datetime import UTC, datetime

from local.proof.collect import control
from local.stack import Stack
from local.traffic.clients import Gateway
from local.traffic.plan import NativeRequest
from local.traffic.sent import Sent


def end_and_settle(stack: Stack, gateway: Gateway, sent: Sequence[Sent]) -> int:
    """End the jobs whose start was answered, and settle them; return how many were settled.

    Of several, the first by model fails and the last still runs. Each is looked up by its team,
    which also lists its jobs. The injected faults are over: a sweep that meets one leaves a job for
    the next, which is not what is shown here.
    """
    control(stack, "PUT", "faults", [])
    started = sorted(
        (each for each in sent if each.invocation_arn), key=lambda each: each.request.model_id
    )
    for number, each in enumerate(started[:-1]):
        status = "Completed" if number else "Failed"
        how = {"match": {"arn": each.invocation_arn}, "status": status}
        control(stack, "POST", "jobs/finish", how)
    gateway.send_all([_look_up(each) for each in started])
    teams = sorted({each.request.team for each in started})
    gateway.send_all([NativeRequest(team, "", "list_async_invokes", {}) for team in teams])
    swept = stack.invoke("settle_jobs", {"time": datetime.now(UTC).isoformat()})
    return int(swept["settled"])


def _look_up(started: Sent) -> NativeRequest:
    arn = {"invocationArn": started.invocation_arn}
    return NativeRequest(started.request.team, "", "get_async_invoke", arn)
