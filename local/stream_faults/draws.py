"""How each kind of fault is drawn: what goes wrong, at which place, and how its stream may end."""

from dataclasses import replace
from typing import Any

from local.stream_faults.cases import Case
from local.stream_faults.draft import MODELS, Draft
from local.stream_faults.steps import Step
from local.stream_faults.troubles import How

DONE, FAILED, INTERRUPTED = frozenset({"done"}), frozenset({"failed"}), frozenset({"interrupted"})
AWAY = frozenset({"streams_unavailable", "streams_unknown"})

OF_A_STREAM: frozenset[Step] = frozenset(
    {"key", "queued", "opened", "kept", "renewed", "settled", "emitted", "read"}
)
"""The steps that the table has a part in."""

RETRIED_SECONDS = 28
"""After so long an SDK sends its request again. The gateway knows it 20 s after it began the call,
for which it may have had to start a process.
"""


def provider(do: str, ends: frozenset[str], draft: Draft, **params: Any) -> Case:
    return draft.case(ends, rules=[draft.rule(do, **params)])


def refused(draft: Draft) -> Case:
    refusals = ("throttle", "validation", "access_denied", "error_500", "error_503")
    return provider(draft.random.choice(refusals), FAILED, draft)


def exception(draft: Draft) -> Case:
    after = draft.random.choice((0, draft.some_events()))
    name = draft.random.choice(("modelStreamErrorException", "throttlingException"))
    params = {"exception": name, "after": after, "modelled": draft.random.random() < 0.8}
    return provider("stream_exception", INTERRUPTED if after else FAILED, draft, **params)


def after_some(do: str, ends: frozenset[str], draft: Draft) -> Case:
    return provider(do, ends, draft, after=draft.some_events())


def truncated(draft: Draft) -> Case:
    """Cut a stream as if that were its end; of an endpoint's, nobody could tell."""
    rule = draft.rule("stream_truncated", after=draft.some_events())
    rule = {**rule, "in_frame": draft.random.random() < 0.5}
    return draft.case(INTERRUPTED, draft.request(MODELS), rules=[rule])


def killed(draft: Draft, **wishes: Any) -> Case:
    """Kill the process while its provider writes: it is held until then."""
    after = draft.some_events()
    rules = [draft.rule("stream_hold", after=after, times=1)]
    at = draft.random.randint(1, max(after - 1, 1))
    leaves = draft.way != "queued" and draft.random.random() < 0.3
    request = draft.request(leaves_after=at if leaves else 0, **wishes)
    return draft.case(INTERRUPTED, request, rules=rules, act="kill", at=at)


def killed_and_called_anew(draft: Draft) -> Case:
    return replace(killed(draft, query="&retry=true"), ends=DONE, calls=2)


def killed_in_every_attempt(draft: Draft) -> Case:
    troubles = [draft.trouble("kept", "killed_after", times=3)]
    request = draft.request(query="&retry=true")
    return draft.case(INTERRUPTED, request, troubles=troubles, calls=3)


def killed_while_resumed(draft: Draft) -> Case:
    step: Step = draft.random.choice(("settled", "ended", "emitted"))
    how: How = draft.random.choice(("killed_before", "killed_after"))
    return replace(killed(draft), troubles=[draft.trouble(step, how)])


def killed_while_aws_is_away(draft: Draft) -> Case:
    how: How = draft.random.choice(("throttled", "away", "unheard"))
    skip, times = draft.random.randrange(12), draft.random.randint(1, 8)
    troubles = [
        draft.trouble(OF_A_STREAM, how, skip=skip, times=times),
        draft.trouble("ended", how, times=draft.random.randint(1, 4)),
    ]
    return replace(killed(draft), ends=INTERRUPTED | AWAY, troubles=troubles)


def killed_at(step: Step, draft: Draft) -> Case:
    """Kill the process when it writes a step down, before that is done or after."""
    how: How = draft.random.choice(("killed_before", "killed_after"))
    trouble = draft.trouble(step, how)
    ends = DONE if step in ("ended", "emitted") or (step, how) in _DECIDED else INTERRUPTED
    if (step, how) == ("opened", "killed_before"):
        ends = DONE if draft.way == "queued" else frozenset({"provider_fault"})
    return draft.case(ends, troubles=[trouble])


_DECIDED = {("settled", "killed_after")}


def delivered_twice(draft: Draft) -> Case:
    pause = draft.rule("stream_idle", after=draft.some_events(), seconds=0.6)
    return draft.case(DONE, rules=[pause], act="deliver")


def sending(how: How, times: int, ends: frozenset[str], draft: Draft) -> Case:
    return draft.case(ends, troubles=[draft.trouble("sent", how, times=times)])


def message_died(draft: Draft) -> Case:
    return draft.case(FAILED, troubles=[draft.trouble("opened", "killed_before", times=5)], calls=0)


def throttled(draft: Draft) -> Case:
    skip, times = draft.random.randrange(10), draft.random.randint(1, 10)
    return draft.case(
        DONE | AWAY, troubles=[draft.trouble(OF_A_STREAM, "throttled", skip=skip, times=times)]
    )


def unheard(draft: Draft) -> Case:
    """Do what is asked of the table and end the connection: it cannot be known what was done."""
    skip, times = draft.random.randrange(10), draft.random.randint(1, 3)
    trouble = draft.trouble(OF_A_STREAM, "unheard", skip=skip, times=times)
    return draft.case(DONE | AWAY | INTERRUPTED, troubles=[trouble])


def not_announced(draft: Draft) -> Case:
    how: How = draft.random.choice(("throttled", "away", "unheard"))
    refused = DONE if draft.way == "queued" else frozenset({"ledger_unavailable"})
    return draft.case(refused, troubles=[draft.trouble("started", how, times=2)])


def not_ended(draft: Draft) -> Case:
    how: How = draft.random.choice(("throttled", "away", "unheard"))
    times = draft.random.randint(1, 6)
    return draft.case(DONE, troubles=[draft.trouble("ended", how, times=times)])


def leaves(draft: Draft) -> Case:
    return draft.case(DONE, draft.request(leaves_after=draft.some_events()))


def deleted(draft: Draft) -> Case:
    after = draft.some_events()
    pause = draft.rule("stream_idle", after=after, seconds=0.6)
    at = draft.random.randint(1, max(after - 1, 1))
    return draft.case(frozenset({"deleted"}), rules=[pause], act="delete", at=at)


def not_stored(draft: Draft) -> Case:
    return draft.case(DONE, draft.request(query="&store=false"))


def sent_twice(draft: Draft) -> Case:
    repeated = draft.random.choice(("at_once", "later"))
    request = draft.request(key=draft.key(), repeated=repeated)
    return draft.case(DONE, request, repeats=DONE)


def asked_again(draft: Draft) -> Case:
    pause = draft.rule("stream_idle", after=draft.some_events(), seconds=0.6)
    request = draft.request(key=draft.key())
    return draft.case(DONE, request, rules=[pause], act="ask_again", repeats=DONE)


def asked_otherwise(draft: Draft) -> Case:
    refused = frozenset({"idempotency_key_reused"})
    request = draft.request(key=draft.key())
    return draft.case(DONE, request, act="ask_otherwise", repeats=refused)


def killed_and_asked_again(draft: Draft) -> Case:
    case = killed(draft, key=draft.key(), repeated="later")
    return replace(case, repeats=INTERRUPTED)


def retried(draft: Draft) -> Case:
    """Let an SDK send its request again before its model has begun to answer."""
    marks = {"amz-sdk-invocation-id": draft.key(), "amz-sdk-request": "attempt=1"}
    if draft.random.random() < 0.5:
        marks = {"x-stainless-retry-count": "0"}
    slow = draft.rule("slow", latency_ms=1_000 * (RETRIED_SECONDS + 4))
    request = draft.request(headers=marks)
    return draft.case(DONE, request, rules=[slow], act="retry", repeats=DONE)


def refused_and_asked_again(draft: Draft) -> Case:
    """Send a request again whose call was refused, and billed nothing: its key is free."""
    rules = [draft.rule("throttle", times=1)]
    request = draft.request(key=draft.key(), repeated="later")
    return draft.case(FAILED, request, rules=rules, repeats=DONE)
