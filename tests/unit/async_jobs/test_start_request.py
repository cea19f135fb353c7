import json

import pytest
from builders import ACCOUNT
from exchanges import model
from job_fakes import OWN, REEL, start_body

from chalicelib.async_jobs import start
from chalicelib.errors import BadRequest

PROFILE = "us.twelvelabs.marengo-embed-2-7-v1:0"


def read_start(body):
    return start.read_start(body, ACCOUNT)


def output(**members):
    return start_body(outputDataConfig=members)


def test_a_request_names_its_model_and_its_token() -> None:
    request = read_start(start_body(clientRequestToken="job-1"))
    assert (request.model_id, request.given_token) == (REEL, "job-1")


def test_a_token_need_not_be_given() -> None:
    assert read_start(start_body()).given_token is None


def test_every_byte_but_the_token_goes_to_bedrock_as_it_came() -> None:
    text = start_body(clientRequestToken="job-1").decode().replace(": ", " :\t")
    sent = read_start(text.encode()).sent(model(REEL), "ours")
    assert sent.decode() == text.replace('"job-1"', '"ours"')


def test_a_token_that_was_not_given_is_added_and_nothing_else() -> None:
    sent = read_start(start_body()).sent(model(REEL), "ours")
    assert sent == b'{"clientRequestToken":"ours",' + start_body()[1:]


def test_a_model_named_by_its_arn_runs_as_what_was_authorised() -> None:
    arn = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{PROFILE}"
    sent = read_start(start_body(modelId=arn)).sent(model(arn), "ours")
    assert json.loads(sent)["modelId"] == PROFILE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"[]",
        b'"text"',
        b"\xff",
        b"[" * 100_000,
        start_body(modelId=None),
        start_body(modelId=7),
        start_body(outputDataConfig=None),
        start_body(clientRequestToken=""),
        start_body(clientRequestToken=" "),
        start_body(clientRequestToken="ä"),
        start_body(clientRequestToken="x" * 257),
        start_body(clientRequestToken=7),
    ],
)
def test_what_is_no_request_is_refused(body) -> None:
    with pytest.raises(BadRequest):
        read_start(body)


@pytest.mark.parametrize(
    "body",
    [
        output(),
        output(s3OutputDataConfig={}),
        output(s3OutputDataConfig={"s3Uri": None}),
        output(s3OutputDataConfig={"s3Uri": " " + OWN}),
        output(s3OutputDataConfig={"s3Uri": "S3://payloads/teams/search/"}),
        output(s3OutputDataConfig={"s3Uri": "https://example.org/"}),
        output(s3OutputDataConfig={"s3Uri": OWN}, elsewhere={"url": "https://example.org/"}),
    ],
)
def test_output_goes_to_s3_and_nowhere_else(body) -> None:
    with pytest.raises(BadRequest, match="outputDataConfig"):
        read_start(body)


@pytest.mark.parametrize(
    "key", ["team_id", "Team_ID", "teamId", "team-id", " team_id ", "tollgate", "tollgate:team"]
)
def test_a_tag_that_would_forge_whose_cost_it_is_is_refused(key) -> None:
    body = start_body(tags=[{"key": "project", "value": "a"}, {"key": key, "value": "art"}])
    with pytest.raises(BadRequest, match="tag"):
        read_start(body)


@pytest.mark.parametrize("tags", ["team_id", {"team_id": "art"}, ["team_id"], [{"Key": "team_id"}]])
def test_tags_are_a_list_of_keys_and_values(tags) -> None:
    with pytest.raises(BadRequest, match="tags"):
        read_start(start_body(tags=tags))


def test_a_tag_of_the_tenants_own_goes_to_bedrock_as_it_came() -> None:
    body = start_body(clientRequestToken="ours", tags=[{"key": "project", "value": "team_id"}])
    assert read_start(body).sent(model(REEL), "ours") == body


OWNED = {"s3Uri": OWN, "bucketOwner": ACCOUNT}
OF_ANOTHER = {"s3Uri": OWN, "bucketOwner": "999999999999"}


@pytest.mark.parametrize(
    "body",
    [
        output(s3OutputDataConfig=OF_ANOTHER),
        output(s3OutputDataConfig={**OWNED, "bucketOwner": 123456789012}),
        start_body(modelInput={"mediaSource": {"s3Location": OF_ANOTHER}}),
        start_body(modelInput={"images": [{"source": {"s3Location": OF_ANOTHER}}]}),
    ],
)
def test_a_bucket_of_another_account_is_refused(body) -> None:
    with pytest.raises(BadRequest, match="bucketOwner"):
        read_start(body)


def test_the_gateways_own_account_may_be_named_as_the_buckets_owner() -> None:
    body = start_body(
        outputDataConfig={"s3OutputDataConfig": OWNED},
        modelInput={"mediaSource": {"s3Location": OWNED}},
    )
    assert read_start(body).text == body.decode()


@pytest.mark.parametrize(
    ("once", "twice"),
    [
        ('"modelId":', '"modelId": "amazon.nova-reel-v1:0", "modelId":'),
        ('"modelId":', '"model\\u0049d": "amazon.nova-reel-v1:0", "modelId":'),
        ('"s3Uri":', '"s3Uri": "s3://payloads/teams/art/", "s3Uri":'),
        ('"durationSeconds":', '"durationSeconds": 120, "durationSeconds":'),
    ],
)
def test_what_two_parsers_could_read_in_two_ways_is_refused(once, twice) -> None:
    with pytest.raises(BadRequest, match="unique"):
        read_start(start_body().decode().replace(once, twice).encode())
