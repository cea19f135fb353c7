"""Functions in real processes: cold starts, warm ones, freezes, kills, and what is left behind."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from gates import PATIENCE_SECONDS, Gate

from local import project
from local.functions.environment import Deployed
from local.functions.faults import FunctionError
from local.functions.service import Functions, UnknownFunction

HERE = Path(__file__).parent
ENVIRON = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(HERE), str(project.ROOT / "tests")]),
}
API = {"httpMethod": "POST", "requestContext": {"requestId": "api-1"}}


def deployed(key: str, handler: str = "lambda_probe.handler", timeout_s: float = 20) -> Deployed:
    return Deployed(key, handler, project.Function(f"app-{key}", 128, timeout_s), ENVIRON)


@pytest.fixture
def functions() -> Iterator[Functions]:
    functions = Functions(log=2, limit=2)
    functions.deploy(deployed("probe"))
    yield functions
    functions.close()


def call(functions: Functions, event: dict[str, Any], name: str = "probe") -> bytes:
    with functions.invoke(name, event) as invocation:
        return b"".join(invocation.pieces)


def told(functions: Functions, event: dict[str, Any] | None = None) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(call(functions, event or {}))
    return told


def test_a_process_is_started_once_and_used_again(functions: Functions) -> None:
    cold, warm = told(functions), told(functions)
    assert (cold["invocations"], warm["invocations"]) == (1, 2)
    assert cold["pid"] == warm["pid"]


def test_a_function_is_told_who_it_is_and_how_long_it_has(functions: Functions) -> None:
    seen = told(functions)
    assert seen["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:app-probe"
    assert seen["has_time"]
    assert seen["request_id"] != told(functions)["request_id"]


def test_a_function_is_known_by_its_full_name_too(functions: Functions) -> None:
    assert json.loads(call(functions, {}, "app-probe"))["invocations"] == 1


def test_a_function_is_told_by_which_alias_it_was_invoked(functions: Functions) -> None:
    seen = json.loads(call(functions, {}, "probe:canary"))
    assert seen["arn"].endswith(":function:app-probe:canary")


def test_no_other_function_is_known(functions: Functions) -> None:
    with pytest.raises(UnknownFunction, match="none"):
        call(functions, {}, "none")


def test_two_at_once_have_a_process_each(functions: Functions) -> None:
    with Gate() as gate, ThreadPoolExecutor(2) as clients:
        calls = [clients.submit(told, functions, {"gate": gate.port}) for _ in range(2)]
        pids = {gate.arrival() for _ in calls}
        for _ in calls:
            gate.open()
        assert {str(each.result()["pid"]) for each in calls} == pids
    assert len(pids) == 2


def test_whoever_comes_when_every_process_is_busy_waits_for_one(functions: Functions) -> None:
    with Gate() as gate, ThreadPoolExecutor(3) as clients:
        calls = [clients.submit(told, functions, {"gate": gate.port}) for _ in range(3)]
        gate.arrival()
        busy = gate.arrival()
        gate.open()
        waited = gate.arrival()
        for _ in range(2):
            gate.open()
        assert len({each.result()["pid"] for each in calls}) == 2
    assert waited == busy


def test_a_process_that_has_nothing_to_do_is_stopped(functions: Functions) -> None:
    pid = told(functions)["pid"]
    state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, check=True)
    assert state.stdout.strip() == b"T"


def test_a_function_can_be_warmed_before_it_is_needed(functions: Functions) -> None:
    functions.warm("probe")
    with Gate() as gate, ThreadPoolExecutor(1) as client:
        call = client.submit(told, functions, {"gate": gate.port})
        gate.arrival()
        (running,) = functions.running()
        gate.open()
        assert call.result()["pid"] == running.pid


def test_it_rests_when_its_last_invocation_has_ended(functions: Functions) -> None:
    assert functions.rest(0)
    with Gate() as gate, ThreadPoolExecutor(2) as clients:
        call = clients.submit(told, functions, {"gate": gate.port})
        gate.arrival()
        assert not functions.rest(0)
        resting = clients.submit(functions.rest, PATIENCE_SECONDS)
        gate.open()
        assert resting.result()
        assert functions.running() == []
        call.result()


def test_pieces_come_as_they_are_made(functions: Functions) -> None:
    event = {**API, "pieces": ["one", "two"]}
    with (
        Gate() as gate,
        functions.invoke("probe:stream", {**event, "gate": gate.port}) as invocation,
    ):
        assert next(invocation.pieces).endswith(bytes(8) + b"one")
        assert gate.arrival() == "one"
        gate.open()
        assert next(invocation.pieces) == b"two"
        assert gate.arrival() == "two"
        gate.open()
        assert list(invocation.pieces) == []


def test_an_answer_that_nobody_reads_comes_to_its_end(functions: Functions) -> None:
    with functions.invoke("probe:stream", {**API, "pieces": ["one", "two"]}):
        pass
    assert told(functions)["invocations"] == 2


def test_a_function_that_raises_says_so_and_is_used_again(functions: Functions) -> None:
    with pytest.raises(FunctionError, match="no bridge") as caught:
        call(functions, {"fail": "no bridge"})
    assert caught.value.kind == "ValueError"
    assert "in handler" in caught.value.trace[-1]
    assert told(functions)["invocations"] == 2


def test_an_error_after_the_first_piece_comes_after_it(functions: Functions) -> None:
    event = {**API, "pieces": ["one"], "then_fail": "no bridge"}
    with functions.invoke("probe:stream", event) as invocation:
        assert next(invocation.pieces).endswith(b"one")
        with pytest.raises(FunctionError, match="no bridge"):
            next(invocation.pieces)
    assert told(functions)["invocations"] == 2


@pytest.mark.parametrize("name", ["api-1", "message-1"])
def test_what_runs_is_killed_by_any_of_its_names(functions: Functions, name: str) -> None:
    event = {**API, "Records": [{"messageId": "message-1"}]}
    with Gate() as gate, ThreadPoolExecutor(1) as client:
        doomed = client.submit(told, functions, {**event, "gate": gate.port})
        pid = gate.arrival()
        assert functions.kill(name)
        with pytest.raises(FunctionError, match=r"Runtime\.ExitError"):
            doomed.result()
    assert told(functions)["pid"] != int(pid)
    assert not functions.kill(name)


def test_who_kills_what_has_ended_does_not_kill_what_comes_after_it(functions: Functions) -> None:
    with functions.invoke("probe", {}) as ended:
        pid = json.loads(b"".join(ended.pieces))["pid"]
    with Gate() as gate, ThreadPoolExecutor(1) as client:
        next_call = client.submit(told, functions, {"gate": gate.port})
        gate.arrival()
        ended.kill()
        gate.open()
        assert next_call.result()["pid"] == pid


def test_a_process_that_is_killed_as_it_comes_to_rest_serves_nobody(functions: Functions) -> None:
    with functions.invoke("probe", {}) as killed:
        pid = json.loads(b"".join(killed.pieces))["pid"]
        killed.kill()
    assert told(functions)["pid"] != pid


def test_the_doomed_die_in_the_middle_of_their_answer(functions: Functions) -> None:
    functions.doom("probe", after_bytes=1)
    with functions.invoke("probe:stream", {**API, "pieces": ["one", "two"]}) as invocation:
        assert next(invocation.pieces)
        with pytest.raises(FunctionError, match="killed"):
            next(invocation.pieces)
    assert told(functions)["invocations"] == 1


def test_whoever_takes_longer_than_the_function_may_is_killed(functions: Functions) -> None:
    functions.deploy(deployed("slow", timeout_s=0.2))
    with Gate() as gate, pytest.raises(FunctionError, match=r"timed out after 0\.20 seconds"):
        call(functions, {"gate": gate.port}, "slow")


def test_whoever_takes_longer_is_killed_though_nobody_reads_the_answer(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers: list[Timer] = []
    monkeypatch.setattr(Timer, "start", lambda timer: timers.append(timer))
    with Gate() as gate:
        event = {**API, "pieces": ["one", "two"], "gate": gate.port}
        with functions.invoke("probe:stream", event) as invocation:
            assert next(invocation.pieces).endswith(b"one")
            gate.arrival()
            (timer,) = timers
            timer.function()
            assert gate.is_left()
            with pytest.raises(FunctionError, match=r"Task timed out after 20\.00 seconds"):
                next(invocation.pieces)
    assert timer.interval == 20


def test_the_time_of_an_invocation_that_has_ended_is_not_over_later(functions: Functions) -> None:
    before = set(threading.enumerate())
    told(functions)
    timers = [each for each in set(threading.enumerate()) - before if isinstance(each, Timer)]
    for timer in timers:
        timer.join(10)  # half of its time
    assert not any(timer.is_alive() for timer in timers)


def test_a_process_that_died_while_it_was_idle_is_replaced(functions: Functions) -> None:
    pid = told(functions)["pid"]
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert told(functions)["pid"] != pid


@pytest.mark.parametrize(
    ("handler", "words"), [("no_module.handler", "no_module"), ("lambda_probe.gone", "gone")]
)
def test_a_function_that_cannot_start_says_why_each_time(
    functions: Functions, handler: str, words: str
) -> None:
    functions.deploy(deployed("broken", handler))
    for _ in range(3):
        with pytest.raises(FunctionError, match=words):
            call(functions, {}, "broken")


def test_closing_leaves_no_process_behind(functions: Functions) -> None:
    with Gate() as gate, ThreadPoolExecutor(1) as client:
        told(functions)
        busy = client.submit(told, functions, {"gate": gate.port})
        gate.arrival()
        functions.close()
        assert gate.is_left()
        with pytest.raises(FunctionError):
            busy.result()


OWNER = """
import sys
sys.path.insert(0, "tests/unit/local/functions")
from test_functions_service import Functions, call, deployed
functions = Functions(log=2)
functions.deploy(deployed("idle"), deployed("busy"))
call(functions, {"stays_at": int(sys.argv[1])}, "idle")
call(functions, {"gate": int(sys.argv[2])}, "busy")
"""


def test_no_process_outlives_an_owner_that_is_killed_though_it_is_stopped() -> None:
    with Gate() as idle, Gate() as busy:
        command = [sys.executable, "-c", OWNER, str(idle.port), str(busy.port)]
        environ = {**ENVIRON, "PYTHONPATH": f"{ENVIRON['PYTHONPATH']}{os.pathsep}{project.ROOT}"}
        with subprocess.Popen(command, cwd=project.ROOT, env=environ) as owner:
            idle.arrival()
            busy.arrival()
            owner.kill()
        assert idle.is_left()
        assert busy.is_left()
