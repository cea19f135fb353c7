"""`ops models`: what is blocked for everyone, and how the operator is told what that stops."""

import json
from datetime import UTC, datetime

import pytest

from chalicelib.tenants.blocks import Blocks
from chalicelib.tenants.nouns import Block, BlockList
from ops import __main__ as command_line
from ops import models, tenants
from ops.directory import Refused

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 13, tzinfo=UTC)
NOVA = "amazon.nova-lite-v1:0"


@pytest.fixture
def ops(dynamodb, capsys):
    """Run a command; return its exit status, its stdout and its stderr."""

    def run(*argv):
        status = command_line.main(["models", *argv])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def globs(directory) -> list[str]:
    return [each.glob for each in directory.blocks().blocks]


def test_what_is_blocked_is_what_the_gateway_reads(directory, stored):
    models.block(directory, [NOVA], NOON, reason="runaway")
    (item,) = stored()
    read = Blocks({"blocks": item}.get, cache_seconds=0).in_force()
    assert read == BlockList((Block(NOVA, NOON, "runaway"),))


def test_blocks_add_up(directory):
    models.block(directory, [NOVA, "us.*"], NOON)
    models.block(directory, ["chat"], LATER)
    assert globs(directory) == [NOVA, "us.*", "chat"]


def test_what_is_blocked_already_keeps_its_time_and_its_reason(directory):
    models.block(directory, [NOVA], NOON, reason="first")
    models.block(directory, [NOVA, NOVA], LATER, reason="second")
    assert directory.blocks() == BlockList((Block(NOVA, NOON, "first"),))


def test_a_block_is_taken_back_and_the_others_stay(directory):
    models.block(directory, [NOVA, "us.*"], NOON)
    models.unblock(directory, ["us.*"])
    assert globs(directory) == [NOVA]


def test_taking_back_what_is_not_blocked_is_refused(directory):
    models.block(directory, [NOVA], NOON)
    with pytest.raises(Refused, match=r"not blocked: amazon\.nova-lite;"):
        models.unblock(directory, [NOVA, "amazon.nova-lite"])
    assert globs(directory) == [NOVA]


def test_two_operators_at_once_lose_no_block(directory):
    read = directory.blocks()
    models.block(directory, [NOVA], NOON)
    with pytest.raises(Refused, match="changed meanwhile"):
        directory.set_blocks(read, BlockList((Block("us.*", NOON),)))
    assert globs(directory) == [NOVA]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"arn:aws:bedrock:us-east-1::foundation-model/{NOVA}", NOVA),
        (f"arn:aws:bedrock:*::foundation-model/{NOVA}", NOVA),
        (f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{NOVA}", f"us.{NOVA}"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc",
            "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc",
        ),
        ("amazon.nova-*", "amazon.nova-*"),
    ],
)
def test_an_arn_that_names_its_model_is_kept_as_that_id(directory, given, kept):
    models.block(directory, [given], NOON)
    assert globs(directory) == [kept]
    models.unblock(directory, [given])
    assert globs(directory) == []


def test_a_tenant_is_not_blocked_by_the_list_of_tenants_seeing_blocks(directory):
    tenants.create(directory, "genomics", NOON)
    models.block(directory, ["*"], NOON)
    assert [tenant.team_id for tenant in directory.tenants()] == ["genomics"]


def test_it_is_said_what_a_block_stops(ops):
    status, out, _ = ops("block", NOVA, "--reason", "runaway")
    assert status == 0
    assert f"it stops {NOVA} apac.{NOVA} " in out or f"it stops {NOVA} " in out
    assert f" us.{NOVA}" in out
    assert "within KEY_CACHE_SECONDS (60 by default)" in out


def test_of_a_long_list_the_rest_is_counted(ops):
    assert " more\n" in ops("block", "*")[1]


def test_a_glob_that_stops_no_priced_model_is_doubted(ops):
    assert "check the spelling" in ops("block", "amazon.nova-light*")[1]


def test_what_is_blocked_is_listed_with_its_reason(ops):
    assert ops("blocked") == (0, "nothing is blocked\n", "")
    ops("block", NOVA, "--reason", "runaway")
    assert ops("blocked")[1].splitlines()[1].split()[::2] == [NOVA, "runaway"]
    assert json.loads(ops("blocked", "--json")[1])[0]["reason"] == "runaway"


def test_after_the_last_block_nothing_is(ops):
    ops("block", NOVA)
    assert "still blocked: nothing" in ops("unblock", NOVA)[1]
    assert ops("blocked")[1] == "nothing is blocked\n"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("block", "[a]*"), "'[a]*' is not a glob of model ids"),
        (("block", "a", "--reason", "x\ny"), "a reason cannot hold line breaks"),
        (("block", *(f"a{i}" for i in range(51))), "there are at most 50 blocks"),
        (("unblock", "a"), "not blocked: a"),
    ],
)
def test_a_refusal_is_one_line_on_stderr_and_status_1(ops, command, sentence):
    status, out, err = ops(*command)
    assert (status, out) == (1, "")
    assert err.startswith(f"error: {sentence}")
