"""Keys in the table: handed out once, kept as a hash, replaced without a gap."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.tenants import ApiKey
from chalicelib.tenants.keys import key_hash, key_id_of
from ops import keys, tenants
from ops.directory import Refused

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def genomics(directory):
    return tenants.create(directory, "genomics", NOON)


def test_a_new_key_stands_in_the_table_and_at_its_tenant(directory):
    plain, key = keys.create(directory, "genomics", NOON, label="nightly batch")
    assert directory.key(key.key_id) == key
    assert directory.tenant("genomics").key_ids == (key.key_id,)
    assert key == ApiKey(key_id_of(plain), key_hash(plain), "genomics", NOON, label="nightly batch")


def test_a_key_is_not_made_for_an_unknown_tenant(directory, stored):
    before = stored()
    with pytest.raises(Refused, match="there is no tenant physics"):
        keys.create(directory, "physics", NOON)
    assert stored() == before


def test_a_key_whose_tenant_vanishes_meanwhile_is_not_left_behind(directory, stored):
    before = stored()
    orphan = ApiKey("aaaaaaaaaaaa", bytes(32), "physics", NOON)
    with pytest.raises(Refused, match="there is no tenant physics"):
        directory.add_key(orphan)
    assert stored() == before


def test_a_key_id_is_never_given_twice(directory):
    _, key = keys.create(directory, "genomics", NOON)
    with pytest.raises(Refused, match=f"there is a key {key.key_id} already"):
        directory.add_key(key)


def test_a_key_is_not_made_for_a_disabled_tenant(directory):
    directory.set_state("genomics", "disabled")
    with pytest.raises(Refused, match="genomics is disabled"):
        keys.create(directory, "genomics", NOON)


def test_neither_key_nor_secret_is_stored(directory, stored):
    plain, _ = keys.create(directory, "genomics", NOON)
    table = json.dumps(stored())
    assert plain not in table
    assert plain.split("_")[2] not in table


def test_keys_are_listed_oldest_first_those_that_ended_too(directory):
    _, first = keys.create(directory, "genomics", NOON)
    _, second = keys.create(directory, "genomics", NOON + DAY)
    keys.revoke(directory, first.key_id, NOON + DAY)
    assert [key.key_id for key in directory.keys("genomics")] == [first.key_id, second.key_id]


def test_what_is_shown_of_a_key_holds_nothing_of_its_secret_or_hash(directory):
    plain, key = keys.create(directory, "genomics", NOON)
    shown = json.dumps(keys.describe(key, NOON))
    assert plain.split("_")[2][:8] not in shown
    assert key_hash(plain).hex()[:8] not in shown


# Expiry


def test_a_number_of_days_is_counted_from_now():
    assert keys.expiry("90", NOON) == NOON + 90 * DAY


def test_a_date_ends_a_key_as_that_day_begins_in_utc():
    assert keys.expiry("2027-01-31", NOON) == datetime(2027, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "0", "3651", "-1", "1.5", "tomorrow", "2027-02-30", "٣"])
def test_what_is_neither_a_date_nor_a_number_of_days_is_refused(text):
    with pytest.raises(ValueError, match=r"neither a date|expires in 1 to"):
        keys.expiry(text, NOON)


@pytest.mark.parametrize("text", ["2026-11-23", "2026-11-22", "0001-01-01"])
def test_a_day_that_has_begun_is_no_expiry(text):
    with pytest.raises(ValueError, match="has begun already"):
        keys.expiry(text, NOON)


def test_a_wrong_expiry_makes_no_key(directory):
    with pytest.raises(ValueError, match="neither a date"):
        keys.create(directory, "genomics", NOON, expires="soon")
    assert directory.keys("genomics") == []


# Rotation


def test_the_old_key_works_for_a_day_after_its_rotation_unless_said_otherwise(directory):
    _, old = keys.create(directory, "genomics", NOON)
    _, _, until = keys.rotate(directory, old.key_id, NOON)
    assert until == NOON + DAY
    assert directory.key(old.key_id).revoked_at == NOON + DAY


def test_the_overlap_can_be_stated_and_may_be_none(directory):
    _, old = keys.create(directory, "genomics", NOON)
    keys.rotate(directory, old.key_id, NOON, overlap_hours=0)
    assert directory.key(old.key_id).state_at(NOON) == "revoked"


def test_the_successor_is_another_key_of_the_same_tenant_and_label(directory):
    _, old = keys.create(directory, "genomics", NOON, label="nightly batch")
    plain, successor, _ = keys.rotate(directory, old.key_id, NOON + DAY)
    assert directory.key(key_id_of(plain)) == successor
    assert (successor.team_id, successor.label) == ("genomics", "nightly batch")
    assert set(directory.tenant("genomics").key_ids) == {old.key_id, successor.key_id}


def test_the_successor_of_a_key_that_expires_lives_as_long_from_now(directory):
    _, old = keys.create(directory, "genomics", NOON, expires="90")
    _, successor, _ = keys.rotate(directory, old.key_id, NOON + 80 * DAY)
    assert successor.expires_at == NOON + 170 * DAY


def test_a_key_is_rotated_once(directory):
    _, old = keys.create(directory, "genomics", NOON)
    keys.rotate(directory, old.key_id, NOON)
    with pytest.raises(Refused, match=r"was rotated; it works until 2026-11-24T12:00:00\.000Z"):
        keys.rotate(directory, old.key_id, NOON)


def test_of_two_operators_who_rotate_a_key_at_once_one_makes_a_successor(directory):
    _, old = keys.create(directory, "genomics", NOON)
    keys.rotate(directory, old.key_id, NOON)
    late = ApiKey("aaaaaaaaaaaa", bytes(32), "genomics", NOON)
    with pytest.raises(Refused, match="was revoked or rotated meanwhile"):
        directory.replace_key(old, late, NOON + DAY)
    assert late.key_id not in directory.tenant("genomics").key_ids


def test_a_revoked_key_has_no_successor(directory):
    _, old = keys.create(directory, "genomics", NOON)
    keys.revoke(directory, old.key_id, NOON)
    with pytest.raises(Refused, match="is revoked; make a new one: keys create genomics"):
        keys.rotate(directory, old.key_id, NOON)


def test_an_expired_key_has_no_successor(directory):
    _, old = keys.create(directory, "genomics", NOON, expires="1")
    with pytest.raises(Refused, match="is expired; make a new one"):
        keys.rotate(directory, old.key_id, NOON + DAY)


@pytest.mark.parametrize("hours", [-1, 24 * 365 + 1])
def test_an_overlap_has_bounds(directory, hours):
    _, old = keys.create(directory, "genomics", NOON)
    with pytest.raises(ValueError, match="the overlap is 0 to 8760 hours"):
        keys.rotate(directory, old.key_id, NOON, overlap_hours=hours)


# Revocation


def test_a_revoked_key_ends_now(directory):
    _, key = keys.create(directory, "genomics", NOON)
    keys.revoke(directory, key.key_id, NOON)
    assert directory.key(key.key_id).state_at(NOON) == "revoked"


def test_revoking_a_key_cuts_its_overlap_short(directory):
    _, key = keys.create(directory, "genomics", NOON)
    keys.rotate(directory, key.key_id, NOON)
    keys.revoke(directory, key.key_id, NOON)
    assert directory.key(key.key_id).state_at(NOON) == "revoked"


def test_a_revocation_is_never_put_off(directory):
    _, key = keys.create(directory, "genomics", NOON)
    keys.revoke(directory, key.key_id, NOON)
    with pytest.raises(Refused, match=r"was revoked at 2026-11-23T12:00:00\.000Z"):
        keys.revoke(directory, key.key_id, NOON + DAY)
    with pytest.raises(Refused, match="was revoked meanwhile"):
        directory.revoke_key(key.key_id, NOON + DAY)
    assert directory.key(key.key_id).revoked_at == NOON


def test_revoking_an_unknown_key_does_not_make_one(directory, stored):
    before = stored()
    with pytest.raises(Refused, match="there is no key aaaaaaaaaaaa"):
        keys.revoke(directory, "aaaaaaaaaaaa", NOON)
    assert stored() == before


def test_a_whole_key_given_for_its_id_is_not_repeated(directory):
    plain, _ = keys.create(directory, "genomics", NOON)
    with pytest.raises(ValueError, match="not a key id") as refused:
        keys.revoke(directory, plain, NOON)
    assert plain not in str(refused.value)
