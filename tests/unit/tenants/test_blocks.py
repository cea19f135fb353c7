"""What operators have blocked: read once in a while, held against every form of a model's id."""

from datetime import UTC, datetime, timedelta

import pytest
from builders import tenant

from chalicelib import catalog
from chalicelib.aws_json import AwsFault
from chalicelib.catalog import Model, identified
from chalicelib.errors import DirectoryUnavailable, ModelBlocked, ModelNotAllowed, TeamDisabled
from chalicelib.settings import Endpoint
from chalicelib.tenants.blocks import Blocks
from chalicelib.tenants.items import BLOCKS_PK, Item, blocks_to_item, team_pk, tenant_to_item
from chalicelib.tenants.nouns import Block, BlockList

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CACHE_SECONDS = 60
ACCOUNT = "123456789012"
NOVA = "amazon.nova-lite-v1:0"
THROUGHPUT = identified(
    f"arn:aws:bedrock:us-east-1:{ACCOUNT}:provisioned-model/abcdefghijkl",
    basis="provisioned",
    base_model=NOVA,
)


class Table:
    """The table `tenants`, in memory, which knows what was read of it and can be out of order."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.reads: list[str] = []
        self.fault: AwsFault | None = None

    def read_item(self, pk: str) -> Item | None:
        self.reads.append(pk)
        if self.fault:
            raise self.fault
        return self.items.get(pk)

    def block(self, *globs: str) -> None:
        self.items[BLOCKS_PK] = blocks_to_item(
            BlockList(tuple(Block(glob, NOON, "runaway") for glob in globs))
        )

    def has(self, **fields: object) -> None:
        self.items[team_pk("search")] = tenant_to_item(tenant(**fields))


class Time:
    def __init__(self) -> None:
        self.monotonic = 1000.0
        self.utc = NOON

    def pass_(self, seconds: float) -> None:
        self.monotonic += seconds
        self.utc += timedelta(seconds=seconds)


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def blocks(table, time) -> Blocks:
    return Blocks(table.read_item, CACHE_SECONDS, lambda: time.monotonic, lambda: time.utc)


def model(model_id: str) -> Model:
    found = catalog.resolve(
        model_id,
        endpoints={"chat": Endpoint("chat", "tgi")},
        region="us-east-1",
        account=ACCOUNT,
    )
    assert isinstance(found, Model)
    return found


def stopped(blocks: Blocks, asked: Model) -> bool:
    try:
        blocks.check(asked)
    except ModelBlocked:
        return True
    return False


# What a block stops


@pytest.mark.parametrize(
    "model_id",
    [
        NOVA,
        f"us.{NOVA}",
        f"{NOVA}:300k",
        f"arn:aws:bedrock:us-east-1::foundation-model/{NOVA}",
        f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.{NOVA}",
    ],
)
def test_a_blocked_model_is_stopped_in_every_form_of_its_id(blocks, table, model_id) -> None:
    table.block(NOVA)
    assert stopped(blocks, model(model_id))


def test_a_blocked_model_is_stopped_behind_an_arn_that_does_not_name_it(blocks, table) -> None:
    table.block("amazon.nova-*")
    assert stopped(blocks, THROUGHPUT)


def test_an_arn_can_be_blocked_by_itself(blocks, table) -> None:
    table.block(THROUGHPUT.model_id)
    assert stopped(blocks, THROUGHPUT)
    assert not stopped(blocks, model(NOVA))


def test_a_geo_can_be_blocked_by_itself(blocks, table) -> None:
    table.block("us.*")
    assert stopped(blocks, model(f"us.{NOVA}"))
    assert not stopped(blocks, model(f"eu.{NOVA}"))
    assert not stopped(blocks, model(NOVA))


def test_an_endpoint_is_blocked_by_its_name(blocks, table) -> None:
    table.block("chat")
    assert stopped(blocks, model("chat"))


def test_a_glob_must_match_a_whole_id(blocks, table) -> None:
    table.block("amazon.nova")
    assert not stopped(blocks, model(NOVA))


def test_without_blocks_nothing_is_stopped(blocks) -> None:
    assert not stopped(blocks, model(NOVA))


def test_everything_can_be_blocked(blocks, table) -> None:
    table.block("*")
    assert stopped(blocks, THROUGHPUT)
    assert stopped(blocks, model("chat"))


# How long it takes


def test_a_block_is_met_within_the_cache_time(blocks, table, time) -> None:
    assert not stopped(blocks, model(NOVA))
    table.block(NOVA)
    time.pass_(CACHE_SECONDS - 0.001)
    assert not stopped(blocks, model(NOVA))  # the bound is met, not undercut by chance
    time.pass_(0.001)
    assert stopped(blocks, model(NOVA))


def test_a_block_that_is_taken_back_ends_within_the_cache_time(blocks, table, time) -> None:
    table.block(NOVA)
    assert stopped(blocks, model(NOVA))
    table.block()
    time.pass_(CACHE_SECONDS)
    assert not stopped(blocks, model(NOVA))


def test_the_list_is_read_once_in_the_cache_time_however_many_calls_there_are(
    blocks, table, time
) -> None:
    for _ in range(10):
        blocks.check(model(NOVA))
        time.pass_(CACHE_SECONDS / 10)
    assert table.reads == [BLOCKS_PK]
    blocks.check(model(NOVA))
    assert table.reads == [BLOCKS_PK] * 2


def test_a_process_that_was_frozen_reads_the_list_again(blocks, table, time) -> None:
    assert not stopped(blocks, model(NOVA))
    table.block(NOVA)
    time.utc += timedelta(seconds=CACHE_SECONDS)  # its monotonic clock stood still
    assert stopped(blocks, model(NOVA))


def test_a_slow_read_does_not_put_a_block_off(table, time) -> None:
    def slow_read(pk: str) -> Item | None:
        item = table.read_item(pk)
        table.block(NOVA)  # just after the item was read
        time.pass_(20)
        return item

    blocks = Blocks(slow_read, CACHE_SECONDS, lambda: time.monotonic, lambda: time.utc)
    assert not stopped(blocks, model(NOVA))
    time.pass_(CACHE_SECONDS - 20)
    assert stopped(blocks, model(NOVA))


# When the table cannot be read


def test_where_the_list_cannot_be_read_nothing_passes(blocks, table) -> None:
    table.fault = AwsFault("InternalServerError")
    with pytest.raises(DirectoryUnavailable):
        blocks.check(model(NOVA))


def test_a_list_that_was_read_outlives_a_failing_table_by_the_cache_time_and_no_longer(
    blocks, table, time
) -> None:
    blocks.check(model(NOVA))
    table.fault = AwsFault("NoAnswer")
    time.pass_(CACHE_SECONDS - 1)
    blocks.check(model(NOVA))
    time.pass_(1)
    with pytest.raises(DirectoryUnavailable):
        blocks.check(model(NOVA))


def test_a_failed_read_is_not_remembered(blocks, table) -> None:
    table.fault = AwsFault("NoAnswer")
    with pytest.raises(DirectoryUnavailable):
        blocks.check(model(NOVA))
    table.fault = None
    blocks.check(model(NOVA))


def test_a_list_that_was_edited_into_nonsense_lets_nothing_pass(blocks, table) -> None:
    table.items[BLOCKS_PK] = {"pk": {"S": BLOCKS_PK}, "blocks": {"S": "everything"}}
    with pytest.raises(DirectoryUnavailable):
        blocks.check(model(NOVA))


# What has waited in the queue


def test_what_waited_passes_where_nothing_changed_meanwhile(blocks, table) -> None:
    table.has(allow=("amazon.*",))
    blocks.check_waiting("search", model(NOVA))


def test_what_waited_is_stopped_by_a_block(blocks, table) -> None:
    table.has(allow=("amazon.*",))
    table.block(NOVA)
    with pytest.raises(ModelBlocked):
        blocks.check_waiting("search", model(NOVA))


def test_what_waited_is_stopped_where_its_team_was_disabled(blocks, table) -> None:
    table.has(allow=("amazon.*",), state="disabled")
    with pytest.raises(TeamDisabled):
        blocks.check_waiting("search", model(NOVA))


def test_what_waited_is_stopped_where_its_team_may_no_longer_use_the_model(blocks, table) -> None:
    table.has(allow=("anthropic.*",))
    with pytest.raises(ModelNotAllowed):
        blocks.check_waiting("search", model(NOVA))


def test_what_waited_goes_on_waiting_where_its_team_cannot_be_read(blocks, table) -> None:
    blocks.check(model(NOVA))
    table.fault = AwsFault("NoAnswer")
    with pytest.raises(DirectoryUnavailable):
        blocks.check_waiting("search", model(NOVA))


# The nouns


@pytest.mark.parametrize("glob", ["", "[a]*", "a b", "a\n"])
def test_a_block_is_a_glob_of_model_ids(glob) -> None:
    with pytest.raises(ValueError, match="is not a glob of model ids"):
        Block(glob, NOON)


def test_a_reason_is_a_line_of_text() -> None:
    with pytest.raises(ValueError, match="a reason"):
        Block("a", NOON, "two\nlines")


def test_the_list_has_an_end() -> None:
    with pytest.raises(ValueError, match="at most 50"):
        BlockList(tuple(Block(f"a{i}", NOON) for i in range(51)))
