import pytest
from builders import identity
from repeat_fakes import (
    BOTO3,
    BOTO3_AGAIN,
    STAINLESS,
    STAINLESS_AGAIN,
    Model,
    answer,
    invocation,
    refusal,
    running,
)

from chalicelib.errors import AnswerLost, RepeatsUnavailable, StillRunning, Throttled

TEAM = identity()
SDKS = pytest.mark.parametrize(
    ("first", "again"),
    [(BOTO3, BOTO3_AGAIN), (STAINLESS, STAINLESS_AGAIN)],
    ids=["boto3", "stainless"],
)


@pytest.fixture
def send(repeats):
    """One request without an Idempotency-Key, by an SDK."""

    def request(model, headers=BOTO3_AGAIN, *, team=TEAM, route="converse", **fields):
        return repeats.joined(team, invocation(headers=headers, **fields), route, model)

    return request


@pytest.fixture
def slow(send):
    """A first attempt that takes long and ends."""

    def request(headers=BOTO3, ends=None, **fields):
        return send(Model(ends or answer("a poem"), slow=True), headers, **fields)

    return request


@SDKS
def test_a_call_that_does_not_take_long_costs_nothing(send, table, first, again) -> None:
    send(Model(), first)
    assert table.asked == []


def test_a_call_waits_20_s_before_it_leaves_a_mark(send) -> None:
    def call(_, patience):
        assert patience.seconds == 20
        return answer()

    send(call, BOTO3)


@SDKS
def test_a_retry_joins_the_call_that_still_runs(send, time, first, again) -> None:
    with running(lambda model: send(model, first), answer("a poem"), slow=True) as end:
        time.meanwhile = end
        joined = send(model := Model(), again, request_id="request-2")
    assert (joined.body, joined.headers["x-request-id"]) == (b"a poem", "request-1")
    assert model.calls == 0


@SDKS
def test_a_retry_has_the_answer_of_a_call_that_has_just_ended(
    send, slow, time, first, again
) -> None:
    slow(first)
    time.seconds = 299.0
    joined = send(model := Model(), again)
    assert (joined.body, joined.headers["idempotency-replayed"], model.calls) == (
        b"a poem",
        "true",
        0,
    )


def test_five_minutes_after_its_end_a_marked_call_is_forgotten(send, slow, time) -> None:
    slow()
    time.seconds = 301.0
    send(model := Model())
    assert model.calls == 1


@SDKS
def test_a_retry_of_a_call_without_a_mark_is_an_ordinary_call(send, table, first, again) -> None:
    send(Model(), first)
    send(model := Model(), again)
    assert (model.calls, table.asked) == (1, ["Query"])


@SDKS
def test_a_retry_of_a_call_that_cost_nothing_is_a_new_call(send, slow, first, again) -> None:
    refusal(lambda: slow(first, Throttled()))
    send(model := Model(), again)
    assert model.calls == 1


def test_who_waited_for_a_call_that_cost_nothing_makes_its_own_in_the_time_that_is_left(
    send, time
) -> None:
    first = running(lambda model: send(model, BOTO3), Throttled(), slow=True)
    with first as end:
        time.meanwhile = end
        send(model := Model(), seconds_left=60.0)
    assert model.asked[0].seconds_left == 60.0 - time.seconds


def test_a_retry_of_a_call_whose_answer_is_lost_is_told_so(send, slow) -> None:
    refusal(lambda: slow(ends=AnswerLost()))
    model = Model()
    assert isinstance(refusal(lambda: send(model)), AnswerLost)
    assert model.calls == 0


def test_a_retry_of_a_call_whose_lambda_was_killed_is_told_so(send, time) -> None:
    with pytest.raises(KeyboardInterrupt):
        send(Model(KeyboardInterrupt(), slow=True), BOTO3, seconds_left=10.0)
    assert isinstance(refusal(lambda: send(Model())), AnswerLost)


def test_a_retry_that_waited_in_vain_is_asked_to_come_again(send, time) -> None:
    with running(lambda model: send(model, BOTO3), answer(), slow=True):
        model = Model()
        assert isinstance(refusal(lambda: send(model)), StillRunning)
    assert (time.seconds, model.calls) == (25.0, 0)


@pytest.mark.parametrize(
    "other",
    [
        {"body": b"other"},
        {"route": "invoke"},
        {"query": {"model_id": ["m"]}},
        {"headers": {**BOTO3_AGAIN, "amz-sdk-invocation-id": "other"}},
        {"headers": {**BOTO3_AGAIN, "accept": "text/plain"}},
        {"headers": STAINLESS_AGAIN},
        {"headers": BOTO3},
        {"team": identity(team_id="art")},
        {"team": identity(key_id="bbbbbbbbbbbb")},
    ],
    ids=lambda other: next(iter(other)),
)
def test_nothing_but_the_retry_itself_joins(send, slow, other) -> None:
    slow()
    assert send(model := Model(answer("its own")), **other).body == b"its own"
    assert model.calls == 1


def test_another_team_never_waits_for_a_call_that_runs(send, time) -> None:
    with running(lambda model: send(model, BOTO3), answer(), slow=True):
        send(model := Model(), team=identity(team_id="art"))
    assert (model.calls, time.pauses) == (1, [])


def test_a_third_attempt_joins_the_second_where_the_first_left_no_mark(send, slow) -> None:
    slow(BOTO3_AGAIN, answer("the second"))
    third = {**BOTO3, "amz-sdk-request": "attempt=3; max=3"}
    assert send(Model(), third).body == b"the second"


def test_of_two_marked_calls_the_one_that_has_answered_is_joined(send, slow, time) -> None:
    with running(lambda model: send(model, STAINLESS), answer("slow"), slow=True):
        slow(STAINLESS, answer("quick"))
        assert send(Model(), STAINLESS_AGAIN).body == b"quick"
    assert time.pauses == []


def test_a_marked_call_that_cost_nothing_takes_no_other_mark_away(send, slow, time) -> None:
    with running(lambda model: send(model, STAINLESS), answer("a poem"), slow=True) as end:
        refusal(lambda: slow(STAINLESS, Throttled()))
        time.meanwhile = end
        assert send(model := Model(), STAINLESS_AGAIN).body == b"a poem"
    assert model.calls == 0


def test_a_mark_that_cannot_be_left_stops_no_call(slow, table) -> None:
    table.away.add("PutItem")
    assert slow().body == b"a poem"


def test_an_answer_is_kept_though_the_mark_could_not_be_left(send, table) -> None:
    table.away.add("PutItem")
    send(Model(answer("a poem"), slow=True, during=table.away.clear), BOTO3)
    assert send(model := Model()).body == b"a poem"
    assert model.calls == 0


def test_a_retry_that_cannot_look_for_a_mark_calls_nothing(send, table) -> None:
    table.away.add("Query")
    model = Model()
    assert isinstance(refusal(lambda: send(model)), RepeatsUnavailable)
    assert model.calls == 0


def test_a_key_goes_before_an_sdks_retry(repeats, table) -> None:
    keyed = invocation(headers={"idempotency-key": "order-1", **BOTO3_AGAIN})
    repeats.once(TEAM, keyed, "invoke", Model())
    assert table.asked == ["PutItem", "PutItem"]


def test_a_native_route_takes_no_key(send, table) -> None:
    send(Model(), {"idempotency-key": "order-1"})
    assert table.asked == []
