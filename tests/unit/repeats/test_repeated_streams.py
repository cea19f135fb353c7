import pytest
from builders import identity
from repeat_fakes import BOTO3, BOTO3_AGAIN, KEY, held, invocation, refusal

from chalicelib.errors import KeyReused, OutcomeUnknown, StillRunning
from chalicelib.repeats.hold import Hold
from chalicelib.repeats.repeats import Joined

TEAM = identity()


@pytest.fixture
def once(repeats):
    def request(request_id="request-1", *, team=TEAM, **fields):
        return repeats.stream_once(team, invocation(request_id, **fields), "invoke")

    return request


@pytest.fixture
def native(repeats):
    def request(request_id="request-1", *, team=TEAM, headers=BOTO3, **fields):
        asked = invocation(request_id, headers=headers, **fields)
        return repeats.stream_joined(team, asked, "converse-stream")

    return request


def test_the_first_request_makes_the_stream(once) -> None:
    assert held(once()).invocation == invocation()


def test_a_repeat_joins_the_stream_at_once(once, time) -> None:
    once()
    assert once("request-2") == Joined("request-1", runs=True)
    assert time.pauses == []


@pytest.mark.parametrize("may_be_billed", [True, False])
def test_a_stream_that_ended_is_joined_unless_it_cost_nothing(once, may_be_billed) -> None:
    held(once()).ended(may_be_billed=may_be_billed)
    assert isinstance(once("request-2"), Joined if may_be_billed else Hold)


def test_a_stream_that_ended_under_its_key_needs_no_further_write(once, table) -> None:
    held(once()).ended(may_be_billed=True)
    assert table.asked == ["PutItem"]


def test_after_its_lambdas_life_a_stream_is_still_joined(once, time) -> None:
    once(seconds_left=60.0)
    time.seconds = 3_600.0
    assert once("request-2") == Joined("request-1", runs=False)


@pytest.mark.parametrize(("runs", "told"), [(True, StillRunning), (False, OutcomeUnknown)])
def test_of_a_stream_that_is_not_there_it_is_told_what_is_known(runs, told) -> None:
    assert isinstance(Joined("request-1", runs).missing(), told)


def test_another_stream_under_the_key_is_refused(once) -> None:
    once()
    assert isinstance(refusal(lambda: once(body=b"other")), KeyReused)


def test_another_team_joins_no_stream(once, native) -> None:
    once()
    held(native()).patience.exhausted()
    assert isinstance(once(team=identity(team_id="art")), Hold)
    assert isinstance(native(headers=BOTO3_AGAIN, team=identity(team_id="art")), Hold)


def test_without_a_key_a_stream_costs_nothing(once, native, table) -> None:
    for hold in (held(once(headers={})), held(native()), held(native(headers=KEY))):
        hold.ended(may_be_billed=True)
    assert table.asked == []


def test_a_retry_joins_a_stream_that_was_slow_to_begin(native) -> None:
    held(native()).patience.exhausted()
    assert native("request-2", headers=BOTO3_AGAIN) == Joined("request-1", runs=True)


def test_a_retry_of_a_stream_that_cost_nothing_makes_a_new_one(native) -> None:
    first = held(native())
    first.patience.exhausted()
    first.ended(may_be_billed=False)
    assert isinstance(native(headers=BOTO3_AGAIN), Hold)


@pytest.mark.parametrize(("seconds", "found"), [(299.0, Joined), (301.0, Hold)])
def test_a_marked_stream_can_be_joined_until_five_minutes_after_its_end(
    native, time, seconds, found
) -> None:
    first = held(native())
    first.patience.exhausted()
    first.ended(may_be_billed=True)
    time.seconds = seconds
    assert isinstance(native(headers=BOTO3_AGAIN), found)
