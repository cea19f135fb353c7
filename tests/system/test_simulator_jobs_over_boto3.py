"""Asynchronous invocations as a client meets them, with and without an S3."""

import json
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config

from local.aws import Aws
from local.simulator import Simulator, media

REEL = "amazon.nova-reel-v1:1"
PEGASUS = "twelvelabs.pegasus-1-2-v1:0"
SIX_SECONDS = {
    "taskType": "TEXT_VIDEO",
    "textToVideoParams": {"text": "a river"},
    "videoGenerationConfig": {"durationSeconds": 6},
}
FOLDER = {"s3OutputDataConfig": {"s3Uri": "s3://films/async/red"}}


@pytest.fixture
def simulator():
    with Simulator(job_looks=2) as running:
        yield running


@pytest.fixture
def bedrock(simulator):
    with closing(client(simulator.url)) as opened:
        yield opened


def client(url, service="bedrock-runtime"):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(user_agent="tollgate/0.1.0 md/team#red md/request#r"),
    )


def start(bedrock, token=None, **changes):
    request = {"modelId": REEL, "modelInput": SIX_SECONDS, "outputDataConfig": FOLDER, **changes}
    named = {"clientRequestToken": token} if token else {}
    return bedrock.start_async_invoke(**request, **named)["invocationArn"]


def control(simulator, path, content=None):
    data = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"{simulator.url}/_sim/{path}", data)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_a_job_completes_after_it_was_looked_at_often_enough(simulator, bedrock):
    arn = start(bedrock)

    first, second = (bedrock.get_async_invoke(invocationArn=arn) for _ in range(2))

    assert [first["status"], second["status"]] == ["InProgress", "Completed"]
    assert "endTime" not in first
    assert second["endTime"] >= second["submitTime"]
    assert second["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"].startswith(
        "s3://films/async/red/"
    )


def test_the_ledger_has_the_start_and_then_the_end_with_its_price(simulator, bedrock):
    arn = start(bedrock)

    control(simulator, "jobs/finish", {"match": {"team": "red"}})

    started, ended = simulator.provider.ledger.entries()
    assert (started["operation"], started["billed_usd"]) == ("StartAsyncInvoke", "0")
    assert (ended["operation"], ended["billed_usd"]) == ("AsyncInvokeEnded", "0.48")
    assert started["invocation_arn"] == ended["invocation_arn"] == arn
    assert started["team"] == ended["team"] == "red"
    assert ended["counts"]["video_ms"] == 6_000


def test_a_job_can_be_made_to_fail_and_to_end_on_another_day(simulator, bedrock):
    start(bedrock)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()

    (arn,) = control(simulator, "jobs/finish", {"status": "Failed", "ended": tomorrow})["finished"]

    job = bedrock.get_async_invoke(invocationArn=arn)
    (told,) = control(simulator, "jobs")
    assert (job["status"], told["team"]) == ("Failed", "red")
    assert job["endTime"].date() == datetime.fromisoformat(tomorrow).date()
    assert simulator.provider.ledger.entries()[1]["billed_usd"] == "0"


def test_an_instruction_that_means_nothing_is_refused_by_the_control_api(simulator, bedrock):
    with pytest.raises(urllib.error.HTTPError) as refused:
        control(simulator, "jobs/finish", {"status": "Lost"})

    with refused.value as answer:
        assert "Completed or Failed" in json.load(answer)["error"]


def test_a_retried_start_is_one_job(simulator, bedrock):

    assert start(bedrock, "token-1") == start(bedrock, "token-1")

    with pytest.raises(bedrock.exceptions.ConflictException):
        start(bedrock, "token-1", outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://abc/d"}})


def test_jobs_are_listed_newest_first_and_by_pages(simulator, bedrock):
    arns = [start(bedrock) for _ in range(5)]

    first = bedrock.list_async_invokes(maxResults=2)
    start(bedrock)
    second = bedrock.list_async_invokes(maxResults=2, nextToken=first["nextToken"])
    third = bedrock.list_async_invokes(maxResults=2, nextToken=second["nextToken"])

    pages = [first, second, third]
    listed = [job["invocationArn"] for page in pages for job in page["asyncInvokeSummaries"]]
    assert listed == arns[::-1]
    assert "nextToken" not in third


def test_jobs_are_listed_by_status_and_time(simulator, bedrock):
    early = start(bedrock)
    control(simulator, "jobs/finish", {})
    late = start(bedrock)

    def listed(**filters):
        answer = bedrock.list_async_invokes(sortOrder="Ascending", **filters)
        return [job["invocationArn"] for job in answer["asyncInvokeSummaries"]]

    hour = timedelta(hours=1)
    assert listed(statusEquals="InProgress") == [late]
    assert listed(submitTimeAfter=datetime.now(UTC) - hour) == [early, late]
    assert listed(submitTimeBefore=datetime.now(UTC) - hour) == []


@pytest.mark.parametrize(
    "change",
    [
        {"modelId": "amazon.nova-lite-v1:0"},
        {"modelInput": {"taskType": "TEXT_VIDEO"}},
        {"outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "films/red"}}},
    ],
)
def test_a_start_that_cannot_succeed_is_refused_and_begins_nothing(simulator, bedrock, change):

    with pytest.raises(bedrock.exceptions.ValidationException):
        start(bedrock, **change)

    assert control(simulator, "jobs") == []


def test_a_start_whose_answer_is_lost_has_begun_a_job(simulator, bedrock):
    simulator.provider.faults.replace([{"do": "cut_headers", "times": 1}])

    arn = start(bedrock)  # its second attempt carries the same token

    assert [job["invocationArn"] for job in control(simulator, "jobs")] == [arn]
    assert [e["outcome"] for e in simulator.provider.ledger.entries()] == [
        "cut_headers",
        "answered",
    ]


def test_a_job_that_is_not_there_is_refused(simulator, bedrock):

    with pytest.raises(bedrock.exceptions.ValidationException):
        bedrock.get_async_invoke(
            invocationArn="arn:aws:bedrock:us-east-1:123456789012:async-invoke/abcdefghijkl"
        )


@pytest.fixture
def with_s3():
    with (
        Aws() as aws,
        Simulator(s3_url=aws.url) as simulator,
        closing(client(simulator.url)) as bedrock,
        closing(client(aws.url, "s3")) as s3,
    ):
        yield simulator, bedrock, s3


@pytest.mark.system
def test_with_an_s3_a_job_leaves_its_video_there_and_media_is_read_from_it(with_s3):
    simulator, bedrock, s3 = with_s3
    s3.create_bucket(Bucket="films")
    arn = start(bedrock)
    control(simulator, "jobs/finish", {})
    folder = bedrock.get_async_invoke(invocationArn=arn)["outputDataConfig"]["s3OutputDataConfig"]
    video = f"{folder['s3Uri']}/output.mp4"
    source = {"s3Location": {"uri": video}}

    bedrock.invoke_model(
        modelId=PEGASUS, body=json.dumps({"inputPrompt": "What?", "mediaSource": source})
    )

    entry = simulator.provider.ledger.entries()[-1]
    kept = s3.list_objects_v2(Bucket="films")["Contents"]
    movie = s3.get_object(Bucket="films", Key=video.removeprefix("s3://films/"))["Body"].read()
    assert [each["Key"].rpartition("/")[2] for each in kept] == [
        "manifest.json",
        "output.mp4",
        "video-generation-status.json",
    ]
    assert media.duration_ms(movie) == entry["counts"]["input_video_ms"] == 6_000


@pytest.mark.system
def test_a_bucket_that_is_not_there_fails_the_job_and_bills_nothing(with_s3):
    simulator, bedrock, _ = with_s3
    arn = start(bedrock)

    control(simulator, "jobs/finish", {})

    job = bedrock.get_async_invoke(invocationArn=arn)
    ended = simulator.provider.ledger.entries()[1]
    assert (job["status"], ended["billed_usd"]) == ("Failed", "0")
    assert "s3://films/async/red" in job["failureMessage"]
