"""What the operator does in a shell is what the gateway then finds in the table."""

import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from chalicelib.aws_json import AwsApi
from chalicelib.errors import DirectoryUnavailable, Unauthorized
from chalicelib.tenants import Authenticator
from chalicelib.tenants.keys import key_id_of
from chalicelib.tenants.table import TenantsTable
from chalicelib.transport import DYNAMODB, Transport

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
TABLE = "tenants-of-the-operator"


@pytest.fixture(scope="module")
def laptop():
    """An operator's environment: credentials, a region, the table's name, and no more."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environ = {
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "TENANTS_TABLE": TABLE,
    }
    dynamodb = boto3.client(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=environ["AWS_ENDPOINT_URL"],
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield environ
    dynamodb.delete_table(TableName=TABLE)
    server.stop()


@pytest.fixture
def gateway(laptop):
    """The gateway's own reading of the table, without a cache."""
    return gateway_of(laptop, TABLE)


def gateway_of(environ, table):
    dynamodb = AwsApi(Transport("us-east-1", environ), DYNAMODB, "DynamoDB_20120810", "1.0")
    return Authenticator(TenantsTable(dynamodb, table).read_item, cache_seconds=0)


def ops(environ, *command):
    return subprocess.run(
        [sys.executable, "-m", "ops", *command],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def bearer(key):
    return {"authorization": f"Bearer {key}"}


def test_a_key_opens_the_gateway_from_its_creation_to_its_revocation(laptop, gateway):
    ops(laptop, "tenants", "create", "genomics", "--allow", "anthropic.*")
    key = ops(laptop, "keys", "create", "genomics").stdout.strip()
    identity = gateway.identify(bearer(key))
    assert identity.tenant.team_id == "genomics"
    assert identity.tenant.may_use("anthropic.claude-3-haiku-20240307-v1:0")

    successor = ops(laptop, "keys", "rotate", key_id_of(key)).stdout.strip()
    assert gateway.identify(bearer(key)).key_id == key_id_of(key)
    assert gateway.identify(bearer(successor)).tenant.team_id == "genomics"

    ops(laptop, "keys", "revoke", key_id_of(key))
    with pytest.raises(Unauthorized):
        gateway.identify(bearer(key))
    assert gateway.identify(bearer(successor)).tenant.team_id == "genomics"


def test_a_mistake_ends_in_one_line_and_status_1(laptop):
    done = ops(laptop, "keys", "create", "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: there is no tenant nobody\n"


def test_a_table_that_is_not_there_is_no_bad_key(laptop):
    unknown = "tg_aaaqeayeauda_aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq_hhbltjq"
    with pytest.raises(DirectoryUnavailable):
        gateway_of(laptop, "elsewhere").identify(bearer(unknown))
