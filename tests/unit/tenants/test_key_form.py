"""A key's form costs noise no look-up, and its checksum catches every slip of a typist."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.tenants.keys import KEY_LENGTH, key_hash, key_id_of, new_key

KEY_ID = "aaaqeayeauda"
KEY = "tg_aaaqeayeauda_aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq_hhbltjq"
CHARACTERS = st.characters(codec="utf-8")


def test_a_key_has_the_published_form():
    assert re.fullmatch(r"tg_[a-z2-7]{12}_[a-z2-7]{52}_[a-z2-7]{7}", KEY)


def test_a_key_is_made_of_the_randomness_it_is_given():
    assert new_key(lambda size: bytes(range(size))) == (KEY_ID, KEY)


def test_two_new_keys_have_nothing_in_common():
    one, other = new_key(), new_key()
    assert not set(one[1].split("_")[1:]) & set(other[1].split("_")[1:])


@given(st.binary(min_size=40, max_size=40))
def test_every_new_key_is_well_formed_and_names_its_id(noise):
    chunks = {8: noise[:8], 32: noise[8:]}
    key_id, key = new_key(chunks.__getitem__)
    assert key_id_of(key) == key_id
    assert len(key) == KEY_LENGTH


@given(st.integers(0, KEY_LENGTH - 1), CHARACTERS)
def test_any_single_changed_character_is_refused(place, character):
    changed = KEY[:place] + character + KEY[place + 1 :]
    assert (key_id_of(changed) is None) == (changed != KEY)


@given(st.integers(0, KEY_LENGTH - 2))
def test_any_two_neighbours_that_changed_places_are_refused(place):
    swapped = KEY[:place] + KEY[place + 1] + KEY[place] + KEY[place + 2 :]
    assert (key_id_of(swapped) is None) == (swapped != KEY)


@given(st.integers(0, KEY_LENGTH), CHARACTERS)
def test_an_added_character_is_refused(place, character):
    assert key_id_of(KEY[:place] + character + KEY[place:]) is None


@given(st.text(max_size=100))
def test_noise_is_no_key(noise):
    assert key_id_of(noise) is None


@pytest.mark.parametrize("wrong", ["", KEY.upper(), KEY + "\n", KEY[:-1], f" {KEY}", "tg___"])
def test_another_form_is_no_key(wrong):
    assert key_id_of(wrong) is None


def test_the_hash_is_the_sha256_of_the_whole_key():
    assert key_hash(KEY) == hashlib.sha256(KEY.encode()).digest()
