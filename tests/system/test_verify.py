"""`ops verify` against the local stack: what is proved, and what is said not to be."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from local.cloudwatch import Behaviour
from local.stack import Stack
from ops import __main__ as command_line
from ops import keys, tenants
from ops.directory import Directory
from ops.verify.guest import TEAM

TEXT = "us.amazon.nova-micro-v1:0"
EMBEDDING = "amazon.titan-embed-text-v2:0"
IMAGE = "amazon.nova-canvas-v1:0"

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack, pytest.MonkeyPatch.context() as environ:
        for name, value in stack.environ.items():
            environ.setenv(name, value)
        environ.delenv("AWS_PROFILE", raising=False)
        yield stack


@pytest.fixture(autouse=True)
def _afresh(stack: Stack) -> Iterator[None]:
    yield
    control(stack, "POST", "reset")
    stack.aws.counters.behave(Behaviour())


@pytest.fixture
def directory(stack: Stack) -> Directory:
    return Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])


@pytest.fixture
def verify(stack: Stack, capsys):
    """Run the command; return its exit status, what it printed, and its last word."""

    def verify(*args: str, url: str = "", **environ: str) -> tuple[int, str, str]:
        asked = ["verify", "--url", url or stack.urls["gateway"], "--wait", "0.001", *args]
        status = command_line.main(asked, stack.environ | environ)
        return status, *capsys.readouterr()

    return verify


def control(stack: Stack, method: str, path: str, body: object = None) -> None:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{stack.urls['control']}/_sim/{path}", data, method=method)
    urllib.request.urlopen(request).close()


def test_a_dozen_calls_are_proved_on_all_three_sides(verify, directory) -> None:
    status, out, err = verify("--live", "--yes", "--image", IMAGE)
    assert (status, err) == (0, "")
    assert out.count("\nok ") == 13 + 3 + 1
    assert "Invocations 11, InputTokenCount" in out
    assert f"{IMAGE}: Invocations 1, OutputImageCount 1" in out
    assert "by the records, $" in out
    assert "by the answers, $" in out
    assert "by AWS's counters" in out
    assert_nobody_is_left_in(directory, (IMAGE, EMBEDDING, TEXT))


def assert_nobody_is_left_in(directory: Directory, allow: tuple[str, ...]) -> None:
    tenant = directory.tenant(TEAM)
    assert (tenant.state, tenant.allow) == ("disabled", allow)
    assert {key.state_at(datetime.now(UTC)) for key in directory.keys(TEAM)} == {"revoked"}


def test_where_answers_are_buffered_the_same_is_proved(stack, verify) -> None:
    buffered = stack.start_gateway(answers="buffered")
    status, out, err = verify("--live", "--yes", url=buffered.url)
    buffered.stop()
    assert (status, err) == (0, "")
    assert out.count("\nok ") == 12 + 2 + 1


def test_a_key_of_your_own_needs_no_tenant_and_counters_need_not_be_waited_for(
    stack, verify, directory
) -> None:
    now = datetime.now(UTC)
    tenants.create(directory, "finance", now, allow=["us.*", "amazon.*"])
    key = keys.create(directory, "finance", now)[0]
    own = {"TOLLGATE_KEY": key, "TENANTS_TABLE": "none"}
    status, out, _ = verify("--live", "--yes", "--wait", "0", **own)
    assert status == 0
    assert "counters  were not asked for" in out
    assert key not in out
    assert "finance" in {record["team_id"] for record in stack.log_events()}


def test_what_it_costs_is_said_before_anything_is_called(stack, verify) -> None:
    before = len(stack.log_events())
    status, out, _ = verify()
    assert status == 0
    assert f"calls     12, to {TEXT}, {EMBEDDING}\n" in out
    assert "cost      at most $0.0007, by the price list\n" in out
    assert "nothing was called: add --live" in out
    assert len(stack.log_events()) == before


def test_without_a_log_to_look_in_nothing_is_called(verify) -> None:
    status, _, err = verify("--live", "--yes", USAGE_LOG_GROUP="", USAGE_LOG_GROUPS="")
    assert (status, "USAGE_LOG_GROUPS is not set" in err) == (1, True)


def test_nobody_is_charged_without_having_been_asked(stack, verify, monkeypatch) -> None:
    before = len(stack.log_events())
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    status, _, err = verify("--live")
    assert (status, "add --yes" in err) == (1, True)
    assert len(stack.log_events()) == before


def test_calls_of_others_leave_it_at_not_less(stack, verify) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": [{"text": "Which?"}]}]})
    stack.client("bedrock-runtime").converse(modelId=TEXT, messages=json.loads(body)["messages"])
    status, out, _ = verify("--live", "--yes")
    assert status == 0
    assert "Invocations 12 (11 made)" in out
    assert "1 calls of others in the same minutes: it can only be not less" in out


def test_counts_that_aws_has_higher_are_a_difference(stack, verify) -> None:
    rule = {"match": {"model": TEXT, "nth": 1}, "do": "bad_usage", "where": "headers", "value": 1}
    control(stack, "PUT", "faults", [rule])
    status, out, err = verify("--live", "--yes")
    assert status == 1
    assert "AWS counts more, with no call of others: InputTokenCount, OutputTokenCount" in out
    assert "not proved" in err


def test_what_was_refused_and_what_did_not_arrive_are_named(stack, verify, directory) -> None:
    rule = {"match": {"model": EMBEDDING}, "do": "access_denied"}
    control(stack, "PUT", "faults", [rule])
    stack.aws.counters.behave(Behaviour(missing=frozenset({"CacheReadInputTokenCount"})))
    status, out, err = verify("--live", "--yes")
    assert status == 1
    assert "DIFFERS   an embedding\n          -> its answer: 502 " in out
    assert "has not arrived, or AWS counts less: CacheReadInputTokenCount" in out
    assert err == "error: 2 of it are not proved\n"
    assert_nobody_is_left_in(directory, (EMBEDDING, TEXT))


def test_a_model_without_a_price_is_not_called(verify) -> None:
    status, _, err = verify("--live", "--yes", "--text", "jp.amazon.nova-micro-v1:0")
    assert status == 1
    assert "the price book has no input_tokens of jp.amazon.nova-micro-v1:0" in err
