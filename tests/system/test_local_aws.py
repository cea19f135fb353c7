"""AWS on this machine, through an unmodified boto3."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from local.aws import Aws
from local.clients import Clients
from local.insights.engine import Rendering
from local.insights.service import Behaviour

pytestmark = pytest.mark.system
GROUP = "usage"
TOTALS = "stats sum(n) as total, count(*) as calls by team | sort team"


@pytest.fixture(scope="module")
def aws():
    with Aws() as served:
        yield served


@pytest.fixture(scope="module")
def client(aws):
    with Clients({"": aws.url}) as clients:
        yield clients


@pytest.fixture(scope="module")
def now():
    return int(time.time())


@pytest.fixture(scope="module")
def logs(client, now):
    """The logs client, with ten events of two teams in the group."""
    logs = client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="a")
    events = [
        {"timestamp": now * 1000, "message": json.dumps({"team": f"team-{n % 2}", "n": n})}
        for n in range(10)
    ]
    logs.put_log_events(logGroupName=GROUP, logStreamName="a", logEvents=events)
    return logs


@pytest.fixture
def start(aws, logs, now):
    def start(query=TOTALS, **parameters):
        window = {"startTime": now - 60, "endTime": now + 60}
        groups = {"logGroupName": GROUP}
        return logs.start_query(**{**window, **groups, "queryString": query, **parameters})[
            "queryId"
        ]

    yield start
    aws.insights.behave(Behaviour())


def rows(results):
    return [{pair["field"]: pair["value"] for pair in row} for row in results["results"]]


def test_one_connection_serves_many_requests(aws):
    with closing(http.client.HTTPConnection(urlsplit(aws.url).netloc, timeout=10)) as connection:
        connection.request("HEAD", "/no-such-bucket")
        connection.getresponse().read()
        first = connection.sock

        connection.request("PUT", "/a-bucket", b"")
        response = connection.getresponse()
        response.read()

        assert (response.status, response.version) == (200, 11)
        assert connection.sock is first


def test_a_chunked_upload_arrives_whole_and_leaves_its_connection_in_order(aws, client):
    s3 = client("s3")
    s3.create_bucket(Bucket="chunks")
    url = urlsplit(s3.generate_presigned_url("put_object", {"Bucket": "chunks", "Key": "k"}))
    with closing(http.client.HTTPConnection(url.netloc, timeout=10)) as connection:
        connection.request("PUT", f"{url.path}?{url.query}", iter([b"one ", b"two"]))
        connection.getresponse().read()

        connection.request("PUT", "/another-bucket", b"")

        assert connection.getresponse().status == 200
    assert s3.get_object(Bucket="chunks", Key="k")["Body"].read() == b"one two"


def test_objects_survive_a_round_trip_byte_for_byte(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="objects")
    body = bytes(range(256)) * 4096

    s3.put_object(Bucket="objects", Key="a/ü", Body=body)

    assert s3.get_object(Bucket="objects", Key="a/ü")["Body"].read() == body
    assert s3.head_object(Bucket="objects", Key="a/ü")["ContentLength"] == len(body)


def test_threads_that_write_at_once_lose_nothing(client):
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="counters",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def count(_):
        dynamodb.update_item(
            TableName="counters",
            Key={"pk": {"S": "all"}},
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(count, range(200)))

    item = dynamodb.get_item(TableName="counters", Key={"pk": {"S": "all"}})["Item"]
    assert item["n"] == {"N": "200"}


def test_a_query_aggregates_and_says_what_it_scanned(logs, start):
    results = logs.get_query_results(queryId=start())

    assert results["status"] == "Complete"
    assert rows(results) == [
        {"team": "team-0", "total": "20", "calls": "5"},
        {"team": "team-1", "total": "25", "calls": "5"},
    ]
    statistics = results["statistics"]
    assert (statistics["recordsMatched"], statistics["recordsScanned"]) == (10, 10)
    assert (statistics["resultCount"], statistics["bytesScanned"]) == (2, 260)


@pytest.mark.parametrize("name", ["logGroupNames", "logGroupIdentifiers"])
def test_groups_are_named_in_a_list_or_by_arn(logs, name):
    arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}"
    given = {"logGroupNames": [GROUP], "logGroupIdentifiers": [arn]}
    window = {"startTime": 0, "endTime": 2_000_000_000}

    query = logs.start_query(queryString=TOTALS, **window, **{name: given[name]})["queryId"]

    assert len(logs.get_query_results(queryId=query)["results"]) == 2


def test_results_come_in_pages_of_at_most_what_was_asked_for(logs, start):
    query = start("fields n | sort n asc")

    first = logs.get_query_results(queryId=query, maxItems=4)
    second = logs.get_query_results(queryId=query, maxItems=4, nextToken=first["nextToken"])
    third = logs.get_query_results(queryId=query, maxItems=4, nextToken=second["nextToken"])
    pages = [first, second, third]

    assert [row["n"] for page in pages for row in rows(page)] == [str(n) for n in range(10)]
    assert [page["statistics"]["resultCount"] for page in pages] == [10, 10, 10]
    assert "nextToken" not in third


def test_a_running_query_shows_only_part_of_its_rows(aws, logs, start):
    aws.insights.behave(Behaviour(running_polls=2))
    query = start()

    polls = [logs.get_query_results(queryId=query) for _ in range(3)]

    assert [poll["status"] for poll in polls] == ["Running", "Running", "Complete"]
    assert [len(poll["results"]) for poll in polls] == [1, 1, 2]


@pytest.mark.parametrize("status", ["Failed", "Timeout", "Cancelled"])
def test_a_query_ends_as_it_is_told_to(aws, logs, start, status):
    aws.insights.behave(Behaviour(ends=status))

    assert logs.get_query_results(queryId=start())["status"] == status


def test_numbers_are_rendered_as_they_are_told_to(aws, logs, start):
    aws.insights.behave(Behaviour(rendering=Rendering.DECIMAL))

    (row, _) = rows(logs.get_query_results(queryId=start()))

    assert row == {"team": "team-0", "total": "20.0", "calls": "5.0"}


def test_queries_are_refused_in_turn_until_one_is_accepted(aws, logs, start):
    aws.insights.behave(Behaviour(refusals=("LimitExceededException", "ThrottlingException")))

    with pytest.raises(logs.exceptions.LimitExceededException):
        start()
    with pytest.raises(ClientError, match="ThrottlingException"):
        start()
    assert logs.get_query_results(queryId=start())["status"] == "Complete"


def test_a_running_query_can_be_stopped_and_one_that_ended_cannot(aws, logs, start):
    ended = start()
    logs.get_query_results(queryId=ended)
    aws.insights.behave(Behaviour(running_polls=9))
    running = start()

    assert logs.stop_query(queryId=running)["success"]
    assert logs.get_query_results(queryId=running)["status"] == "Cancelled"
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.stop_query(queryId=ended)


def test_an_unknown_command_is_malformed_and_says_where(logs, start):
    with pytest.raises(logs.exceptions.MalformedQueryException) as caught:
        start("fields n | explode")

    location = caught.value.response["queryCompileError"]["location"]
    assert location == {"startCharOffset": 11, "endCharOffset": 18}


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"logGroupName": "missing"}, "ResourceNotFoundException"),
        ({"logGroupNames": [GROUP]}, "InvalidParameterException"),
        ({"startTime": 2, "endTime": 1}, "InvalidParameterException"),
    ],
)
def test_a_query_that_aws_would_refuse_is_refused(start, parameters, error):
    with pytest.raises(ClientError, match=error):
        start(**parameters)


def test_a_token_of_another_query_is_refused(logs, start):
    first, second = start("fields n"), start("fields n")
    token = logs.get_query_results(queryId=first, maxItems=1)["nextToken"]

    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.get_query_results(queryId=second, nextToken=token)


@pytest.mark.parametrize(
    ("service", "ask"),
    [
        ("dynamodb", lambda client: client.list_tables()),
        ("logs", lambda client: client.describe_log_groups()),
        ("s3", lambda client: client.list_buckets()),
        ("s3", lambda client: client.put_object(Bucket="bucket", Key="key", Body=b"")),
        ("sqs", lambda client: client.list_queues()),
        ("sts", lambda client: client.get_caller_identity()),
    ],
)
def test_a_service_that_is_away_answers_503_and_the_others_go_on(aws, client, service, ask):
    with aws.outages.of(service), pytest.raises(ClientError) as refused:
        ask(client(service))
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503

    with aws.outages.of("kinesis"), suppress(client("s3").exceptions.NoSuchBucket):
        ask(client(service))
