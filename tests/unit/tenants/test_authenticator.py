"""Who calls? The key alone says, on every route, and all bad keys answer alike."""

import base64
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.aws_json import AwsFault
from chalicelib.errors import DirectoryUnavailable, Unauthorized
from chalicelib.tenants import ApiKey, Authenticator, Tenant, authenticator
from chalicelib.tenants.items import (
    key_from_item,
    key_pk,
    key_to_item,
    team_pk,
    tenant_from_item,
    tenant_to_item,
)
from chalicelib.tenants.keys import key_hash, key_id_of, new_key

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CACHE_SECONDS = 60


class Table:
    """The table `tenants`, in memory, which knows what was read of it and can be out of order."""

    def __init__(self) -> None:
        self.items: dict[str, Mapping] = {}
        self.reads: list[str] = []
        self.fault: AwsFault | None = None

    def read_item(self, pk):
        self.reads.append(pk)
        if self.fault:
            raise self.fault
        return self.items.get(pk)

    def add(self, key: str, *, team_id="genomics", tenant_changes=None, **key_changes) -> None:
        stored = ApiKey(key.split("_")[1], key_hash(key), team_id, NOON, **key_changes)
        tenant = Tenant(team_id, "team", NOON, **(tenant_changes or {}))
        self.items[key_pk(stored.key_id)] = key_to_item(stored)
        self.items[team_pk(team_id)] = tenant_to_item(tenant)

    def revoke(self, key: str, at: datetime) -> None:
        pk = key_pk(key.split("_")[1])
        self.items[pk] = key_to_item(replace(key_from_item(self.items[pk]), revoked_at=at))

    def disable(self, team_id: str) -> None:
        pk = team_pk(team_id)
        tenant = tenant_from_item(self.items[pk])
        self.items[pk] = tenant_to_item(replace(tenant, state="disabled"))


class Time:
    """Both clocks of a process: they run together, unless one is moved by itself."""

    def __init__(self) -> None:
        self.monotonic = 1000.0
        self.utc = NOON

    def pass_(self, seconds: float) -> None:
        self.monotonic += seconds
        self.utc += timedelta(seconds=seconds)


@pytest.fixture
def table():
    return Table()


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def key(table):
    key = new_key()[1]
    table.add(key)
    return key


@pytest.fixture
def gateway(table, time):
    return Authenticator(
        table.read_item, CACHE_SECONDS, clock=lambda: time.monotonic, now=lambda: time.utc
    )


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def works(gateway: Authenticator, key: str) -> bool:
    try:
        return gateway.identify(bearer(key)).key_id == key_id_of(key)
    except Unauthorized:
        return False


# Where a key stands


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("authorization", "Bearer "),
        ("authorization", "bearer "),
        ("authorization", "BEARER  "),
        ("x-api-key", ""),
        ("x-api-key", " "),
        ("api-key", ""),
    ],
)
def test_a_key_is_taken_from_each_header_that_an_sdk_uses(gateway, key, name, before):
    identity = gateway.identify({name: before + key})
    assert (identity.tenant.team_id, identity.key_id) == ("genomics", key_id_of(key))


def test_the_same_key_in_several_headers_is_one_key(gateway, key):
    headers = {**bearer(key), "x-api-key": key, "api-key": key}
    assert gateway.identify(headers).key_id == key_id_of(key)


def test_two_keys_that_differ_are_refused_though_both_are_good(gateway, table, key):
    other = new_key()[1]
    table.add(other, team_id="physics")
    with pytest.raises(Unauthorized):
        gateway.identify({**bearer(key), "x-api-key": other})


def test_an_sdk_s_own_signature_does_not_hide_the_key_beside_it(gateway, key):
    signature = "AWS4-HMAC-SHA256 Credential=AKIA/20261123/us-east-1/sagemaker/aws4_request"
    assert gateway.identify({"authorization": signature, "x-api-key": key})


def test_an_empty_header_is_no_second_key(gateway, key):
    assert gateway.identify({**bearer(key), "x-api-key": ""})


def test_the_tenant_comes_from_the_key_alone(gateway, key):
    forged = {"team_id": "physics", "team-id": "physics", "x-team-id": "physics"}
    assert gateway.identify({**bearer(key), **forged}).tenant.team_id == "genomics"


# Bad keys


def test_all_bad_keys_answer_alike(gateway, table, key):
    well_formed, expired, revoked, disabled = (new_key()[1] for _ in range(4))
    table.add(expired, expires_at=NOON)
    table.add(revoked, revoked_at=NOON)
    table.add(disabled, team_id="closed", tenant_changes={"state": "disabled"})
    requests = {
        "none": {},
        "empty": bearer(""),
        "malformed": bearer("sk-live-123"),
        "not ASCII": bearer("ä" * len(key)),
        "half a character": bearer("\udc80" * len(key)),
        "endless": bearer("a" * 100_000),
        "another scheme": {"authorization": f"Basic {key}"},
        "bad checksum": bearer(key[:-1] + ("a" if key[-1] != "a" else "i")),
        "unknown": bearer(well_formed),
        "wrong secret": bearer(_forged(key)),
        "expired": bearer(expired),
        "revoked": bearer(revoked),
        "disabled": bearer(disabled),
        "two": {"x-api-key": key, "api-key": expired},
    }
    answers = {name: _refusal(gateway, headers) for name, headers in requests.items()}
    assert set(answers.values()) == {(401, "unauthorized", Unauthorized.message, ())}


@pytest.mark.parametrize("noise", ["", "x" * 76, "tg_" + "a" * 73, "sk-live-123"])
def test_noise_costs_no_look_up(gateway, table, noise):
    assert not works(gateway, noise)
    assert table.reads == []


def test_a_typing_error_costs_no_look_up(gateway, table, key):
    assert not works(gateway, key[:30] + ("a" if key[30] != "a" else "b") + key[31:])
    assert table.reads == []


def test_a_key_id_is_nothing_without_its_secret(gateway, table, key):
    assert not works(gateway, _forged(key))
    assert table.reads == [key_pk(key_id_of(key))]


def test_a_key_whose_tenant_is_gone_is_unknown(gateway, table, key):
    del table.items[team_pk("genomics")]
    assert not works(gateway, key)


# Endings


def test_a_key_ends_when_it_expires_though_its_look_up_is_kept(gateway, table, time):
    key = new_key()[1]
    table.add(key, expires_at=NOON + timedelta(seconds=10))
    assert works(gateway, key)
    time.pass_(9.999)
    assert works(gateway, key)
    time.pass_(0.001)
    assert not works(gateway, key)
    assert len(table.reads) == 2


def test_a_rotated_key_works_until_the_overlap_ends_and_not_longer(gateway, table, time):
    key = new_key()[1]
    table.add(key, revoked_at=NOON + timedelta(hours=24))
    time.pass_(24 * 3600 - 1)
    assert works(gateway, key)
    time.pass_(1)
    assert not works(gateway, key)


def test_a_revoked_key_stops_working_within_the_cache_time(gateway, table, time, key):
    assert works(gateway, key)
    table.revoke(key, at=NOON)
    time.pass_(CACHE_SECONDS - 0.001)
    assert works(gateway, key)  # the bound is met, not undercut by chance
    time.pass_(0.001)
    assert not works(gateway, key)


def test_a_slow_look_up_does_not_lengthen_the_life_of_a_revoked_key(table, time, key):
    def slow_read(pk):
        item = table.read_item(pk)
        table.revoke(key, at=NOON)  # just after the item was read
        time.pass_(20)
        return item

    gateway = Authenticator(slow_read, CACHE_SECONDS, lambda: time.monotonic, lambda: time.utc)
    assert works(gateway, key)  # two reads: 40 seconds have passed
    time.pass_(CACHE_SECONDS - 40)
    assert not works(gateway, key)


def test_use_does_not_lengthen_the_life_of_a_revoked_key(gateway, table, time, key):
    assert works(gateway, key)
    table.revoke(key, at=NOON)
    time.pass_(CACHE_SECONDS / 2)
    assert works(gateway, key)
    time.pass_(CACHE_SECONDS / 2)
    assert not works(gateway, key)


def test_a_process_that_was_frozen_does_not_wake_to_a_revoked_key(gateway, table, time, key):
    assert works(gateway, key)
    table.revoke(key, at=NOON)
    time.utc += timedelta(seconds=CACHE_SECONDS)  # its monotonic clock stood still
    assert not works(gateway, key)


def test_a_wall_clock_that_is_set_back_does_not_lengthen_a_look_up(gateway, table, time, key):
    assert works(gateway, key)
    table.revoke(key, at=NOON - timedelta(days=2))
    time.monotonic += CACHE_SECONDS
    time.utc -= timedelta(days=1)
    assert not works(gateway, key)


def test_a_disabled_tenant_s_keys_stop_working_within_the_cache_time(gateway, table, time, key):
    assert works(gateway, key)
    table.disable("genomics")
    time.pass_(CACHE_SECONDS)
    assert not works(gateway, key)


def test_without_a_cache_a_revoked_key_stops_at_once(table, time, key):
    gateway = Authenticator(table.read_item, 0, lambda: time.monotonic, lambda: time.utc)
    assert works(gateway, key)
    table.revoke(key, at=NOON)
    assert not works(gateway, key)


# What is remembered


def test_a_look_up_is_one_read_of_the_key_and_one_of_its_tenant(gateway, table, key):
    assert works(gateway, key)
    assert works(gateway, key)
    assert table.reads == [key_pk(key_id_of(key)), team_pk("genomics")]


def test_an_unknown_key_is_remembered_too(gateway, table, time):
    unknown = new_key()[1]
    assert not works(gateway, unknown)
    assert not works(gateway, unknown)
    assert len(table.reads) == 1


def test_a_tenant_that_is_enabled_again_is_served_within_the_cache_time(gateway, table, time):
    key = new_key()[1]
    table.add(key, tenant_changes={"state": "disabled"})
    assert not works(gateway, key)
    table.add(key)
    time.pass_(CACHE_SECONDS)
    assert works(gateway, key)


def test_a_flood_of_unknown_keys_takes_bounded_memory(gateway, monkeypatch):
    monkeypatch.setattr(authenticator, "KEPT_LOOK_UPS", 8)
    for _ in range(50):
        works(gateway, new_key()[1])
    assert len(gateway._unknown) == 8


def test_a_flood_of_unknown_keys_does_not_push_out_a_tenant(gateway, table, key, monkeypatch):
    monkeypatch.setattr(authenticator, "KEPT_LOOK_UPS", 8)
    assert works(gateway, key)
    for _ in range(50):
        works(gateway, new_key()[1])
    table.reads.clear()
    assert works(gateway, key)
    assert table.reads == []


def test_wrong_secrets_to_a_known_key_id_do_not_push_it_out(gateway, table, key):
    assert works(gateway, key)
    assert not works(gateway, _forged(key))
    table.reads.clear()
    assert works(gateway, key)
    assert table.reads == []


def test_a_look_up_that_was_pushed_out_is_only_made_again(gateway, table, key, monkeypatch):
    monkeypatch.setattr(authenticator, "KEPT_LOOK_UPS", 1)
    other = new_key()[1]
    table.add(other, team_id="physics")
    assert works(gateway, key)
    assert works(gateway, other)
    assert works(gateway, key)
    assert len(table.reads) == 6


def test_threads_that_look_up_at_once_keep_to_the_bound(gateway, key, monkeypatch):
    monkeypatch.setattr(authenticator, "KEPT_LOOK_UPS", 4)
    asked = [key, *(new_key()[1] for _ in range(400))]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda asked_for: works(gateway, asked_for), asked))
    assert answers == [True] + [False] * 400
    assert len(gateway._unknown) == 4


def test_no_plain_key_is_kept_in_memory(gateway, key):
    assert works(gateway, key)
    assert key not in repr(vars(gateway))


# When the table cannot be read


def test_a_table_that_fails_is_no_bad_key(gateway, table, key):
    table.fault = AwsFault("InternalServerError")
    with pytest.raises(DirectoryUnavailable):
        gateway.identify(bearer(key))


def test_a_failed_look_up_is_not_remembered(gateway, table, key):
    table.fault = AwsFault("NoAnswer")
    with pytest.raises(DirectoryUnavailable):
        gateway.identify(bearer(key))
    table.fault = None
    assert works(gateway, key)


def test_a_known_key_outlives_a_failing_table_by_the_cache_time_and_no_longer(
    gateway, table, time, key
):
    assert works(gateway, key)
    table.fault = AwsFault("NotSent")
    time.pass_(CACHE_SECONDS - 1)
    assert works(gateway, key)
    time.pass_(1)
    with pytest.raises(DirectoryUnavailable):
        gateway.identify(bearer(key))


def test_an_item_edited_into_nonsense_lets_nobody_in(gateway, table, key):
    table.items[team_pk("genomics")] = {"pk": {"S": team_pk("genomics")}}
    with pytest.raises(DirectoryUnavailable):
        gateway.identify(bearer(key))


def _forged(key: str) -> str:
    """Make a well-formed key that has this key's id and another secret."""
    same_id = base64.b32decode((key_id_of(key) + "a").upper() + "===")
    return new_key({8: same_id, 32: bytes(32)}.__getitem__)[1]


def _refusal(gateway: Authenticator, headers: Mapping[str, str]) -> tuple:
    with pytest.raises(Unauthorized) as caught:
        gateway.identify(headers)
    error = caught.value
    return error.status, error.code, error.message, tuple(error.headers)
