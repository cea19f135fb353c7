"""What resources.json asks for takes effect on this machine, property by property."""

import json

import pytest

from local import resources
from local.aws import Aws
from local.clients import Clients
from local.project import ACCOUNT

pytestmark = pytest.mark.system
REPORTS = f"tollgate-test-reports-{ACCOUNT}"
PAYLOADS = f"tollgate-test-payloads-{ACCOUNT}"


@pytest.fixture(scope="module")
def client():
    with Aws() as aws, Clients({"": aws.url}) as clients:
        resources.create(clients, stage="test", account=ACCOUNT)
        yield clients


def test_the_tenants_table_is_keyed_by_pk_and_paid_on_demand(client):
    table = client("dynamodb").describe_table(TableName="tollgate-test-tenants")["Table"]

    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": "pk", "AttributeType": "S"}]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("name", ["tenants", "streams"])
def test_a_table_is_encrypted_and_can_be_restored_to_any_second(client, name):
    dynamodb = client("dynamodb")

    table = dynamodb.describe_table(TableName=f"tollgate-test-{name}")["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=f"tollgate-test-{name}")

    assert table["SSEDescription"]["Status"] == "ENABLED"
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_the_streams_table_keeps_a_partition_in_order_by_time_and_by_lease_and_forgets_in_time(
    client,
):
    dynamodb = client("dynamodb")

    table = dynamodb.describe_table(TableName="tollgate-test-streams")["Table"]
    told = dynamodb.describe_time_to_live(TableName="tollgate-test-streams")

    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    indexes = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in table["GlobalSecondaryIndexes"]
    }
    assert indexes == {
        "by_time": ["pk", "started_at"],
        "by_lease": ["lease_shard", "lease_until"],
    }
    forgets = told["TimeToLiveDescription"]
    assert (forgets["TimeToLiveStatus"], forgets["AttributeName"]) == ("ENABLED", "expires_at")


@pytest.mark.parametrize(
    ("name", "visibility", "days"), [("streams", 960, 4), ("streams-dead", 360, 14)]
)
def test_a_queue_is_encrypted_and_hides_a_message_longer_than_its_function_runs(
    client, name, visibility, days
):
    queue = attributes(client, name)

    assert queue["SqsManagedSseEnabled"] == "true"
    assert int(queue["VisibilityTimeout"]) == visibility
    assert int(queue["MessageRetentionPeriod"]) == days * 86_400


def test_a_message_that_was_delivered_five_times_goes_to_the_dead_letters(client):
    redrive = json.loads(attributes(client, "streams")["RedrivePolicy"])

    assert redrive == {
        "deadLetterTargetArn": attributes(client, "streams-dead")["QueueArn"],
        "maxReceiveCount": 5,
    }


def attributes(client, name):
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=f"tollgate-test-{name}")["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_every_version_of_a_report_is_kept(client):
    assert client("s3").get_bucket_versioning(Bucket=REPORTS)["Status"] == "Enabled"


def test_a_payload_expires_after_a_day(client):
    rules = client("s3").get_bucket_lifecycle_configuration(Bucket=PAYLOADS)["Rules"]

    assert [(rule["Status"], rule["Expiration"]) for rule in rules] == [("Enabled", {"Days": 1})]


def test_of_the_reports_bucket_only_query_results_and_work_expire(client):
    rules = client("s3").get_bucket_lifecycle_configuration(Bucket=REPORTS)["Rules"]

    days = {each["Filter"]["Prefix"]: each["Expiration"] for each in rules if "Expiration" in each}
    assert days == {"queries/": {"Days": 30}, "work/": {"Days": 7}}


@pytest.mark.parametrize("bucket", [REPORTS, PAYLOADS])
def test_a_bucket_is_private_and_encrypted(client, bucket):
    s3 = client("s3")

    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]

    assert list(block.values()) == [True] * 4
    default = encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    assert default["SSEAlgorithm"] == "AES256"


def test_usage_records_are_kept_400_days(client):
    (group,) = client("logs").describe_log_groups(logGroupNamePrefix="/tollgate/")["logGroups"]

    assert (group["logGroupName"], group["retentionInDays"]) == ("/tollgate/test/usage", 400)
