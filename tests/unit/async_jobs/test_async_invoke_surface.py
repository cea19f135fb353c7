"""What a tenant reads of asynchronous jobs: its own, as Bedrock tells them."""

import json
from datetime import timedelta

import pytest
from builders import ACCOUNT, identity
from job_fakes import NOON, arn, job, refused, told

from chalicelib.async_jobs.job import Settlement, token_of
from chalicelib.errors import BadRequest, JobsUnavailable, ProviderUnavailable, Throttled
from chalicelib.surfaces.async_invoke import AsyncInvokeSurface
from chalicelib.surfaces.invocation import Invocation

NAMES = ("aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc")


@pytest.fixture
def surface(jobs, bedrock):
    return AsyncInvokeSurface(router=None, jobs=jobs, invokes=bedrock, stage="test")


@pytest.fixture
def begin(jobs, bedrock):
    def run(name="abcdefghijkl", **parts):
        announced = job(**parts)
        jobs.announce(announced)
        jobs.begin(announced, arn(name))
        bedrock.says[arn(name)] = told(token=announced.token, invocation_arn=arn(name))
        return jobs.find(announced.team_id, arn(name)).job

    return run


def invocation(**query):
    values = {name: [str(value)] for name, value in query.items()}
    return Invocation("request-9", values, {}, b"", ACCOUNT, 900.0)


def get(surface, invocation_arn, team_id="search"):
    return surface.get(identity(team_id=team_id), invocation(), invocation_arn)


def listed(surface, team_id="search", **query):
    answer = surface.list(identity(team_id=team_id), invocation(**query))
    return json.loads(answer.body)


def names(told):
    return [each["invocationArn"][-1] for each in told["asyncInvokeSummaries"]]


def test_a_job_is_told_as_bedrock_tells_it_but_for_the_teams_own_token(
    surface, begin, bedrock
) -> None:
    begin(given_token="job-1")
    answer = get(surface, arn())
    theirs = bedrock.says[arn()].body.replace(token_of("search", "job-1").encode(), b"job-1")
    assert (answer.status_code, answer.body) == (200, theirs)
    assert answer.headers["x-amzn-RequestId"] == "aws-2"


def test_an_arn_that_is_percent_encoded_is_read(surface, begin) -> None:
    begin()
    assert get(surface, arn().replace(":", "%3A").replace("/", "%2F")).status_code == 200


def test_another_teams_job_and_no_job_at_all_answer_alike(surface, begin) -> None:
    begin()
    told = []
    for who, which in (("art", arn()), ("search", arn("zzzzzzzzzzzz")), ("search", "nonsense")):
        with pytest.raises(BadRequest) as refusal:
            get(surface, which, team_id=who)
        told.append(refusal.value.message)
    assert len(set(told)) == 1


def test_a_refusal_of_bedrocks_is_told_as_such(surface, begin, bedrock) -> None:
    begin()
    bedrock.says[arn()] = refused("ThrottlingException", 429)
    with pytest.raises(Throttled):
        get(surface, arn())


def test_a_bedrock_or_a_table_that_is_away_can_be_asked_again(
    surface, begin, bedrock, dynamodb
) -> None:
    begin()
    bedrock.away = True
    with pytest.raises(ProviderUnavailable):
        get(surface, arn())
    dynamodb.away.add("GetItem")
    with pytest.raises(JobsUnavailable):
        get(surface, arn())


@pytest.fixture
def three(begin, surface):
    """Three running jobs of a team, an hour apart, and another team's."""
    for hours, name in enumerate(NAMES):
        begin(name, given_token=name, started_at=NOON + timedelta(hours=hours))
    begin("dddddddddddd", team_id="art")
    return surface


def test_a_team_lists_its_own_jobs_newest_first_with_its_own_tokens(three) -> None:
    told = listed(three)
    assert names(told) == ["c", "b", "a"]
    assert [job["clientRequestToken"] for job in told["asyncInvokeSummaries"]] == list(NAMES[::-1])
    assert "nextToken" not in told


def test_a_list_can_be_turned_and_cut(three) -> None:
    assert names(listed(three, sortBy="SubmissionTime", sortOrder="Ascending")) == ["a", "b", "c"]
    assert names(listed(three, submitTimeAfter="2026-11-23T12:30:00Z")) == ["c", "b"]
    assert names(listed(three, submitTimeBefore="2026-11-23T13:30:00+01:00")) == ["a"]


def test_a_list_is_paged_to_its_end(three) -> None:
    first = listed(three, maxResults=2)
    second = listed(three, maxResults=2, nextToken=first["nextToken"])
    assert (names(first), names(second)) == (["c", "b"], ["a"])
    assert "nextToken" not in second


def test_anothers_next_token_leads_to_ones_own_jobs_alone(three) -> None:
    token = listed(three, maxResults=1)["nextToken"]
    assert names(listed(three, team_id="art", nextToken=token)) in ([], ["d"])


def test_a_running_job_is_listed_as_bedrock_sees_it_now(three, bedrock) -> None:
    bedrock.says[arn(NAMES[0])] = told("Completed", invocation_arn=arn(NAMES[0]))
    assert names(listed(three, statusEquals="Completed")) == ["a"]
    assert names(listed(three, statusEquals="InProgress")) == ["c", "b"]


def test_a_settled_job_is_listed_without_asking_bedrock(begin, jobs, bedrock, surface) -> None:
    begun = begin()
    answer = told("Completed").body.decode()
    jobs.settle(begun, Settlement("2026-11-23", "Completed", answer))
    bedrock.away = True
    assert names(listed(surface, statusEquals="Completed")) == ["l"]


def test_a_job_that_bedrock_forgot_is_not_listed(begin, jobs, surface) -> None:
    jobs.settle(begin(), Settlement("2026-11-24", "Unknown"))
    assert listed(surface) == {"asyncInvokeSummaries": []}


def test_a_running_job_that_bedrock_does_not_know_is_listed_as_far_as_it_is_known(
    three, bedrock
) -> None:
    del bedrock.says[arn(NAMES[1])]
    told = listed(three)
    assert names(told) == ["c", "b", "a"]
    assert told["asyncInvokeSummaries"][1] == {
        "invocationArn": arn(NAMES[1]),
        "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-reel-v1:1",
        "clientRequestToken": NAMES[1],
        "status": "InProgress",
        "submitTime": "2026-11-23T13:00:00.000Z",
    }


def test_a_list_that_bedrock_throttles_can_be_asked_again(three, bedrock) -> None:
    bedrock.says[arn(NAMES[1])] = refused("ThrottlingException", 429)
    with pytest.raises(Throttled):
        listed(three)


def test_a_job_that_cannot_be_read_hides_no_other(three, dynamodb, caplog) -> None:
    (item,) = (
        each for each in dynamodb.items() if each["sk"]["S"] == arn(NAMES[1]) and "job" in each
    )
    dynamodb.client.put_item(TableName="streams", Item=item | {"job": {"S": "{}"}})
    first = listed(three, maxResults=2)
    assert names(first) == ["c"]
    assert names(listed(three, nextToken=first["nextToken"])) == ["a"]
    assert arn(NAMES[1]) in caplog.text
    with pytest.raises(JobsUnavailable):
        get(three, arn(NAMES[1]))


@pytest.mark.parametrize(
    "query",
    [
        {"maxResults": "0"},
        {"maxResults": "1001"},
        {"maxResults": "٣"},
        {"maxResults": "9" * 5_000},
        {"statusEquals": "completed"},
        {"sortBy": "Status"},
        {"sortOrder": "Sideways"},
        {"submitTimeAfter": "yesterday"},
        {"submitTimeBefore": "0001-01-01T00:00:00+14:00"},
        {"nextToken": ""},
        {"nextToken": "nonsense"},
        {"nextToken": "WyJhIiwiYiJd"},
        {"nextToken": "ä"},
        {"nextToken": "W1tb" * 1_000},
    ],
)
def test_a_query_that_aws_would_not_take_is_refused(surface, query) -> None:
    with pytest.raises(BadRequest):
        listed(surface, **query)


def test_a_parameter_that_is_there_twice_is_refused(surface) -> None:
    twice = Invocation("request-9", {"maxResults": ["1", "2"]}, {}, b"", ACCOUNT, 900.0)
    with pytest.raises(BadRequest):
        surface.list(identity(), twice)


def test_a_table_that_is_away_is_not_an_empty_list(surface, dynamodb) -> None:
    dynamodb.away.add("Query")
    with pytest.raises(JobsUnavailable):
        listed(surface)
