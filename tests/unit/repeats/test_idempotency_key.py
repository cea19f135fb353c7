import random

import pytest
from builders import identity
from repeat_fakes import KEY, Model, answer, invocation, refusal, running

from chalicelib import delivery
from chalicelib.errors import (
    AnswerLost,
    BadRequest,
    KeyReused,
    OutcomeUnknown,
    ProviderTimeout,
    RepeatsUnavailable,
    StillRunning,
    Throttled,
)
from chalicelib.surfaces.answers import Answer

TEAM = identity()
LARGE = Answer(200, random.Random(1).randbytes(300_000), {"x-request-id": "request-1"})


@pytest.fixture
def once(repeats):
    """One request under the key `order-1`, whose call the model makes."""

    def request(model, *, team=TEAM, route="invoke", **fields):
        return repeats.once(team, invocation(**fields), route, model)

    return request


def test_without_a_key_nothing_is_read_or_written(once, table, bucket) -> None:
    for _ in range(2):
        assert once(model := Model(), headers={}) is model.ends
    assert (table.asked, bucket.kept) == ([], {})


def test_a_key_costs_two_writes(once, table) -> None:
    once(Model())
    assert table.asked == ["PutItem", "PutItem"]


def test_the_same_again_is_the_same_answer_and_calls_nothing(once) -> None:
    first = once(Model(answer("a poem", "request-1")))
    again = once(model := Model(), request_id="request-2")
    assert (again.status_code, again.body, again.content_type) == (
        200,
        b"a poem",
        first.content_type,
    )
    assert again.headers == {**first.headers, "idempotency-replayed": "true"}
    assert again.headers["x-request-id"] == "request-1"
    assert model.calls == 0


def test_the_first_answer_does_not_say_that_it_is_a_repeat(once) -> None:
    assert "idempotency-replayed" not in once(Model()).headers


def test_a_large_answer_comes_again_out_of_the_bucket(once, bucket) -> None:
    once(Model(LARGE))
    assert once(model := Model()).body == LARGE.body
    assert (model.calls, len(bucket.kept)) == (0, 1)


@pytest.mark.parametrize(
    "other", [{"body": b"other"}, {"query": {"model_id": ["m"]}}, {"route": "other"}]
)
def test_another_request_under_the_key_is_refused(once, other) -> None:
    once(Model())
    model = Model()
    error = refusal(lambda: once(model, **other))
    assert isinstance(error, KeyReused)
    assert (error.status, error.code, model.calls) == (409, "idempotency_key_reused", 0)


def test_another_request_is_refused_at_once_while_the_first_runs(once, time) -> None:
    with running(once, answer()):
        assert isinstance(refusal(lambda: once(Model(), body=b"other")), KeyReused)
    assert time.pauses == []


def test_another_key_is_another_call(once) -> None:
    once(Model())
    once(model := Model(), headers={"idempotency-key": "order-2"})
    assert model.calls == 1


def test_a_key_that_is_none_is_refused_before_anything_is_done(once, table) -> None:
    model = Model()
    error = refusal(lambda: once(model, headers={"idempotency-key": "ä"}))
    assert isinstance(error, BadRequest)
    assert (model.calls, table.asked) == (0, [])


def test_a_key_is_free_after_24_hours(once, time) -> None:
    once(Model())
    time.seconds = 86_399
    once(late := Model())
    time.seconds = 86_401
    once(later := Model())
    assert (late.calls, later.calls) == (0, 1)


def test_two_teams_with_the_same_key_never_meet(once) -> None:
    once(Model(answer("of search")))
    other = once(model := Model(answer("of art")), team=identity(team_id="art"))
    assert (other.body, model.calls) == (b"of art", 1)
    assert once(Model(), team=identity(team_id="art")).body == b"of art"


@pytest.mark.parametrize("key", ["#search#order-1", "key#", "search#order-1"])
def test_no_key_reaches_into_another_team(once, key) -> None:
    once(Model())
    once(model := Model(), team=identity(team_id="sea"), headers={"idempotency-key": key})
    assert model.calls == 1


def test_two_keys_of_one_team_share_an_idempotency_key(once) -> None:
    once(Model())
    once(model := Model(), team=identity(key_id="bbbbbbbbbbbb"))
    assert model.calls == 0


def test_a_repeat_waits_for_the_call_that_runs(once, time) -> None:
    with running(once, answer("a poem")) as end:
        time.meanwhile = end
        assert once(model := Model(), request_id="request-2").body == b"a poem"
    assert (model.calls, len(time.pauses)) == (0, 1)


def test_of_two_first_requests_at_once_one_calls(once, time) -> None:
    with running(once, answer("first")) as end:
        time.meanwhile = end
        second = once(model := Model(answer("second")), request_id="request-2")
    assert (second.body, model.calls) == (b"first", 0)


def test_a_repeat_waits_no_longer_than_api_gateway_does(once, time) -> None:
    with running(once, answer()):
        model = Model()
        error = refusal(lambda: once(model))
    assert isinstance(error, StillRunning)
    assert (error.status, error.code, error.headers) == (409, "still_running", {"Retry-After": "5"})
    assert (time.seconds, model.calls) == (25.0, 0)


def test_where_answers_are_streamed_it_waits_as_long_as_its_lambda_lives(
    once, time, monkeypatch
) -> None:
    monkeypatch.setattr(delivery, "streaming", True)
    with running(once, answer()):
        assert isinstance(refusal(lambda: once(Model(), seconds_left=300.0)), StillRunning)
    assert time.seconds == 295.0


def test_pauses_grow(once, time, table) -> None:
    with running(once, answer()):
        refusal(lambda: once(Model()))
    assert time.pauses[:3] == [0.25, 0.375, 0.5625]
    assert max(time.pauses) == 2.0
    assert table.asked.count("Query") == 17


@pytest.mark.parametrize("error", [Throttled(), BadRequest()])
def test_a_call_that_failed_and_cost_nothing_leaves_the_key_free(once, error) -> None:
    assert refusal(lambda: once(Model(error))) is error
    assert once(model := Model()).body == b"hello"
    assert model.calls == 1


def test_another_request_may_have_a_key_that_is_free_again(once) -> None:
    refusal(lambda: once(Model(Throttled())))
    once(model := Model(), body=b"other")
    assert model.calls == 1


def test_who_waited_for_a_call_that_cost_nothing_makes_its_own_in_the_time_that_is_left(
    once, time
) -> None:
    with running(once, Throttled()) as end:
        time.meanwhile = end
        once(model := Model(), seconds_left=20.0)
    assert model.asked[0].seconds_left == 20.0 - time.seconds


@pytest.mark.parametrize("error", [AnswerLost(), ProviderTimeout(), RuntimeError("a bug")])
def test_a_call_that_may_have_been_billed_is_never_made_again(once, error) -> None:
    with pytest.raises(type(error)):
        once(Model(error), request_id="request-1")
    model = Model()
    told = refusal(lambda: once(model))
    assert isinstance(told, OutcomeUnknown)
    assert (told.status, told.code, model.calls) == (409, "outcome_unknown", 0)
    assert "request-1" in told.message
    assert "send a new key" in told.message


def test_a_call_whose_lambda_was_killed_is_never_made_again(once, time) -> None:
    with pytest.raises(KeyboardInterrupt):
        once(Model(KeyboardInterrupt()), seconds_left=60.0)
    time.seconds = 30.0
    assert isinstance(refusal(lambda: once(Model())), StillRunning)
    time.seconds = 61.0
    model = Model()
    assert isinstance(refusal(lambda: once(model)), OutcomeUnknown)
    assert model.calls == 0


def test_who_waits_for_a_lambda_that_is_killed_is_told_so_when_its_lease_is_over(
    once, time
) -> None:
    with pytest.raises(KeyboardInterrupt):
        once(Model(KeyboardInterrupt()), seconds_left=10.0)
    assert isinstance(refusal(lambda: once(Model())), OutcomeUnknown)
    assert 10.0 <= time.seconds < 25.0


@pytest.mark.parametrize("operation", ["PutItem", "Query"])
def test_while_the_table_is_away_nothing_is_called(once, table, operation) -> None:
    once(Model())
    table.away.add(operation)
    model = Model()
    error = refusal(lambda: once(model))
    assert isinstance(error, RepeatsUnavailable)
    assert (error.status, model.calls) == (503, 0)


def test_a_paid_answer_goes_out_though_the_table_is_away(once, table) -> None:
    model = Model(answer("paid"), during=lambda: table.away.add("PutItem"))
    assert once(model).body == b"paid"


def test_a_paid_answer_goes_out_though_the_bucket_is_away(once, bucket) -> None:
    bucket.away = True
    assert once(Model(LARGE)).body == LARGE.body
    assert isinstance(refusal(lambda: once(Model())), OutcomeUnknown)


def test_a_kept_answer_is_there_again_when_the_bucket_is(once, bucket) -> None:
    once(Model(LARGE))
    bucket.away = True
    assert isinstance(refusal(lambda: once(Model())), RepeatsUnavailable)
    bucket.away = False
    assert once(Model()).body == LARGE.body


def test_a_keyed_call_leaves_no_mark(once, table) -> None:
    once(Model(slow=True), headers=KEY)
    assert {item["sk"]["S"] for item in table.items()} == {"key"}


def test_an_accepted_stream_is_an_answer_like_others(once) -> None:
    accepted = Answer(202, b'{"request_id":"request-1"}', {"x-request-id": "request-1"})
    query = {"model_id": ["m"], "stream": ["true"]}
    once(Model(accepted), query=query)
    again = once(model := Model(), query=query, request_id="request-2")
    assert (again.status_code, again.body, model.calls) == (202, accepted.body, 0)
