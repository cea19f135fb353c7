"""Starting a job, through the router: nothing can be started and lost."""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from builders import ACCOUNT, blocks, identity
from job_fakes import NOON, OWN, arn, refused, start_body

from chalicelib.admission import ModelRequest
from chalicelib.async_jobs.job import token_of
from chalicelib.async_jobs.start import read_start, start_async_invoke
from chalicelib.backends.operation import Payload
from chalicelib.errors import (
    AnswerLost,
    BadRequest,
    Conflict,
    LedgerUnavailable,
    ModelBlocked,
    ModelNotAllowed,
    ProviderUnavailable,
    Throttled,
    TollgateError,
)
from chalicelib.ledger import Ledger
from chalicelib.router import Router
from chalicelib.settings import Settings
from chalicelib.transport import NoAnswer, NotSent, Reply

STARTED = Reply(200, {"x-amzn-requestid": "aws-1"}, json.dumps({"invocationArn": arn()}).encode())
SETTINGS = Settings("us-east-1", "tenants", "reports", "payloads")


@dataclass
class Provider:
    """Answers with `reply`, or raises it; keeps what was sent, and what was announced by then."""

    jobs: Any
    reply: Reply | Exception = STARTED
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    announced: list[Any] = field(default_factory=list)

    def call(self, _service, _method, path, _headers, body, *, timeout, patience=None, team_id):
        self.sent.append((path, body))
        self.announced.extend(self.jobs.announced())
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


@pytest.fixture
def provider(jobs):
    return Provider(jobs)


@pytest.fixture
def start(jobs, provider, records):
    """Start a job as a team does."""
    ledger = Ledger(records, stage="test", instance="i-1", now=lambda: NOON)

    def run(body=None, team_id="search", allow=("*",), request_id="request-1", blocked=()):
        router = Router(SETTINGS, ledger, provider, blocks(*blocked), now=lambda: NOON)
        body = start_body() if body is None else body
        request = read_start(body, ACCOUNT)
        operation = start_async_invoke(request, jobs, "test")
        asked = ModelRequest(
            request_id=request_id,
            model_id=request.model_id,
            payload=Payload({}, body),
            operations={"bedrock": operation},
            surface="native",
            account=ACCOUNT,
            seconds_left=900.0,
        )
        return router.answer(identity(team_id=team_id, allow=allow), asked)

    return run


def refusal(start, kind: type[TollgateError], **parts) -> None:
    with pytest.raises(kind):
        start(**parts)


def sent_json(provider) -> dict[str, Any]:
    return json.loads(provider.sent[-1][1])


def test_the_answer_is_bedrocks_own(start) -> None:
    assert start() == STARTED


def test_a_start_counts_nothing_until_the_job_ends(start, records) -> None:
    start()
    assert records.kinds == ["started", "usage"]
    assert records.written[1]["usage_source"] == "deferred"
    assert records.written[1]["video_ms"] == 0


def test_a_job_is_announced_before_it_is_started(start, provider) -> None:
    start()
    (announced,) = provider.announced
    assert announced.token == sent_json(provider)["clientRequestToken"]


def test_what_it_will_be_billed_is_kept_and_the_prompt_is_not(start, jobs, dynamodb) -> None:
    start()
    due = jobs.find("search", arn()).job.due
    assert (due.usage.video_ms, due.usage_source) == (6_000, "derived")
    assert "prompt" not in json.dumps(dynamodb.items())


def test_bedrock_gets_a_token_that_no_other_team_can_have(start, provider) -> None:
    start(start_body(clientRequestToken="job-1"))
    assert sent_json(provider)["clientRequestToken"] == token_of("search", "job-1")


def test_without_a_token_of_the_tenants_the_request_is_one(start, provider, jobs) -> None:
    start(request_id="request-7")
    assert sent_json(provider)["clientRequestToken"] == token_of("search", "request-7")
    assert jobs.find("search", arn()).job.given_token == "request-7"


def test_a_repeated_start_is_one_job_and_two_pairs_of_records(start, jobs, records) -> None:
    start(start_body(clientRequestToken="job-1"))
    start(start_body(clientRequestToken="job-1"))
    assert jobs.unsettled() == [("search", arn())]
    assert jobs.announced() == []
    assert [record["usage_source"] for record in records.written[1::2]] == ["deferred"] * 2


def test_a_token_used_for_another_request_is_refused_and_harms_no_job(
    start, provider, jobs, records
) -> None:
    start(start_body(clientRequestToken="job-1"))
    provider.reply = refused("ConflictException")
    refusal(start, Conflict, body=start_body(clientRequestToken="job-1", modelInput={}))
    assert jobs.unsettled() == [("search", arn())]
    assert (jobs.announced(), records.kinds[-1]) == ([], "failed")


def test_a_model_that_is_blocked_for_everyone_is_not_announced(start, provider, jobs) -> None:
    refusal(start, ModelBlocked, blocked=("amazon.nova-reel-*",))
    assert (provider.sent, jobs.announced()) == ([], [])


def test_a_model_that_is_not_allowed_is_not_announced(start, provider, jobs) -> None:
    refusal(start, ModelNotAllowed, allow=("anthropic.*",))
    assert (provider.sent, jobs.announced()) == ([], [])


@pytest.mark.parametrize(
    "uri",
    [
        "s3://payloads/teams/art/",
        "s3://payloads/teams/search",
        "s3://payloads/teams/search/../art/",
        "s3://reports/teams/search/",
        "s3://payloads/",
    ],
)
def test_output_outside_the_teams_own_prefix_is_refused_before_the_call(
    start, provider, records, uri
) -> None:
    output = {"s3OutputDataConfig": {"s3Uri": uri}}
    refusal(start, BadRequest, body=start_body(outputDataConfig=output))
    assert (provider.sent, records.written) == ([], [])


def test_input_from_another_teams_prefix_is_refused_before_the_call(start, provider) -> None:
    theirs = {"mediaSource": {"s3Location": {"uri": "s3://payloads/teams/art/film.mp4"}}}
    refusal(start, BadRequest, body=start_body(modelInput=theirs))
    assert provider.sent == []


def test_an_owner_and_a_key_of_the_output_pass(start, provider) -> None:
    place = {"s3Uri": OWN, "bucketOwner": ACCOUNT, "kmsKeyId": "alias/videos"}
    start(start_body(outputDataConfig={"s3OutputDataConfig": place}))
    assert sent_json(provider)["outputDataConfig"]["s3OutputDataConfig"] == place


def test_a_job_that_cannot_be_announced_is_not_started(
    start, provider, dynamodb, records, capsys
) -> None:
    dynamodb.away.add("PutItem")
    refusal(start, ProviderUnavailable)
    assert provider.sent == []
    assert records.kinds == ["started", "failed"]
    assert '"JobNotWritten":1' in capsys.readouterr().out


def test_a_start_that_cannot_be_recorded_is_not_announced(start, records, jobs) -> None:
    records.failing = True
    refusal(start, LedgerUnavailable)
    assert jobs.announced() == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refused("ThrottlingException", 429), Throttled),
        (refused("ValidationException", 400), BadRequest),
        (NotSent(), ProviderUnavailable),
    ],
)
def test_a_start_that_was_refused_or_not_sent_is_not_looked_for(
    start, provider, jobs, records, reply, error
) -> None:
    provider.reply = reply
    refusal(start, error)
    assert (jobs.announced(), jobs.unsettled(), records.kinds[-1]) == ([], [], "failed")


def test_an_answer_that_is_lost_leaves_the_announcement_for_the_sweep(
    start, provider, jobs, records
) -> None:
    provider.reply = NoAnswer(timed_out=False)
    refusal(start, AnswerLost)
    assert [job.given_token for job in jobs.announced()] == ["request-1"]
    assert (records.written[1]["tollgate"], records.written[1]["usage_source"]) == (
        "usage",
        "deferred",
    )


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, {"x-amzn-errortype": "InternalServerException"}, b"{}"),
        Reply(200, {}, b'{"invocationArn":"arn:aw', complete=False),
        Reply(200, {}, b"{}"),
        Reply(200, {}, b'{"invocationArn":"arn:aws:s3:::payloads/teams/art"}'),
    ],
)
def test_an_answer_that_names_no_job_leaves_the_announcement_and_is_loud(
    start, provider, jobs, capsys, reply
) -> None:
    provider.reply = reply
    with suppress(TollgateError):
        start()
    assert len(jobs.announced()) == 1
    assert '"JobNotWritten":1' in capsys.readouterr().out


def test_a_table_that_fails_after_the_start_costs_nobody_the_answer(
    start, dynamodb, jobs, capsys
) -> None:
    dynamodb.away.add("TransactWriteItems")
    assert start() == STARTED
    assert [job.given_token for job in jobs.announced()] == ["request-1"]
    assert '"JobNotWritten":1' in capsys.readouterr().out
