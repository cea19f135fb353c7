"""Tenants and keys survive the table; what is not theirs is refused; no plain key is in it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.tenants import ApiKey, Tenant
from chalicelib.tenants.items import (
    key_from_item,
    key_to_item,
    tenant_from_item,
    tenant_to_item,
)
from chalicelib.tenants.keys import key_hash, new_key

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BARE_TENANT = Tenant("genomics", "team", NOON)
FULL_TENANT = Tenant(
    "genomics",
    "project",
    NOON,
    parent="research",
    display_name="Génomique (β)",
    allow=("anthropic.*", "us.anthropic.*"),
    state="disabled",
    key_ids=("aaaaaaaaaaaa", "bbbbbbbbbbbb"),
    cost_center="CC-4711/a",
    tags={"stage": "prod", "owner": "Grégoire, „M“", "empty": ""},
)
KEY_ID, PLAIN_KEY = new_key()
BARE_KEY = ApiKey(KEY_ID, key_hash(PLAIN_KEY), "genomics", NOON)
FULL_KEY = ApiKey(
    KEY_ID,
    key_hash(PLAIN_KEY),
    "genomics",
    NOON,
    expires_at=NOON + timedelta(days=90),
    revoked_at=NOON + timedelta(hours=24),
    label="nightly batch",
)


@pytest.mark.parametrize("tenant", [BARE_TENANT, FULL_TENANT])
def test_a_tenant_survives_the_table(tenant):
    assert tenant_from_item(tenant_to_item(tenant)) == tenant


@pytest.mark.parametrize("key", [BARE_KEY, FULL_KEY])
def test_a_key_survives_the_table(key):
    assert key_from_item(key_to_item(key)) == key


def test_a_tenant_from_before_there_were_cost_centers_and_tags_has_none():
    item = tenant_to_item(BARE_TENANT)
    assert {"cost_center", "tags"}.isdisjoint(item)
    assert tenant_from_item(item) == BARE_TENANT


def test_a_tenant_with_tags_can_be_a_key_of_a_mapping():
    assert {FULL_TENANT: 1}[FULL_TENANT] == 1


def test_a_tenant_s_item_is_found_by_its_team_id():
    assert tenant_to_item(BARE_TENANT)["pk"] == {"S": "team#genomics"}


def test_a_key_s_item_is_found_by_its_key_id():
    assert key_to_item(BARE_KEY)["pk"] == {"S": f"key#{KEY_ID}"}


def test_a_key_is_stored_as_its_hash_alone():
    stored = repr(key_to_item(FULL_KEY))
    secret = PLAIN_KEY.split("_")[2]
    assert secret not in stored
    assert key_hash(PLAIN_KEY).hex() in stored


def test_a_printed_key_shows_nothing_of_its_hash():
    assert "hash" not in repr(FULL_KEY)


def test_a_time_is_stored_in_utc_whatever_its_zone():
    in_paris = NOON.astimezone(timezone(timedelta(hours=1)))
    item = key_to_item(ApiKey(KEY_ID, bytes(32), "genomics", in_paris))
    assert item["created_at"] == {"S": "2026-11-23T12:00:00.000Z"}


@pytest.mark.parametrize(
    "changed",
    [
        {"team_id": {"S": "Genomics"}},
        {"kind": {"S": "robot"}},
        {"state": {"S": "paused"}},
        {"allow": {"S": "*"}},
        {"allow": {"L": [{"S": "[ab]*"}]}},
        {"created_at": {"S": "2026-11-23T12:00:00"}},
        {"display_name": {"S": "two\nlines"}},
        {"parent": {"S": "genomics"}},
        {"cost_center": {"S": "CC 1"}},
        {"cost_center": {"S": "=cmd()"}},
        {"cost_center": {"N": "4711"}},
        {"tags": {"S": "stage=prod"}},
        {"tags": {"M": {"stage": {"N": "1"}}}},
        {"tags": {"M": {"two words": {"S": "x"}}}},
        {"tags": {"M": {"team_id": {"S": "physics"}}}},
        {"tags": {"M": {"stage": {"S": "two\nlines"}}}},
        {"tags": {"M": {f"tag-{n}": {"S": "x"} for n in range(51)}}},
    ],
)
def test_an_item_that_was_edited_into_nonsense_is_no_tenant(changed):
    with pytest.raises(ValueError):
        tenant_from_item({**tenant_to_item(BARE_TENANT), **changed})


@pytest.mark.parametrize(
    "changed",
    [
        {"hash": {"S": "00"}},
        {"hash": {"S": "not hexadecimal"}},
        {"hash": {"B": "AAAA"}},
        {"expires_at": {"S": "tomorrow"}},
        {"revoked_at": {"N": "0"}},
        {"key_id": {"S": "UPPER"}},
    ],
)
def test_an_item_that_was_edited_into_nonsense_is_no_key(changed):
    with pytest.raises(ValueError):
        key_from_item({**key_to_item(BARE_KEY), **changed})


def test_a_tenant_s_item_is_no_key():
    with pytest.raises(ValueError, match="not a key's item"):
        key_from_item(tenant_to_item(BARE_TENANT))


def test_a_key_s_item_is_no_tenant():
    with pytest.raises(ValueError, match="not a tenant's item"):
        tenant_from_item(key_to_item(BARE_KEY))


@pytest.mark.parametrize(
    "team_id", ["", "a", "1team", "-team", "Team", "a" * 64, "a b", "a\n", "ä1"]
)
def test_a_team_id_is_clean_wherever_it_goes(team_id):
    with pytest.raises(ValueError, match="is not a team id"):
        Tenant(team_id, "team", NOON)
