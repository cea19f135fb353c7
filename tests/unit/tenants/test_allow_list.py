"""Which models a tenant may use: globs on the normal form of an id, and nothing by default."""

from datetime import UTC, datetime

import pytest

from chalicelib.tenants import Tenant

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"


def tenant(*allow: str) -> Tenant:
    return Tenant("genomics", "team", NOON, allow=allow)


def test_a_tenant_without_an_allow_list_may_use_nothing():
    assert not tenant().may_use(HAIKU)


def test_a_glob_admits_what_it_matches():
    assert tenant("anthropic.*").may_use(HAIKU)


def test_any_one_of_several_globs_is_enough():
    assert tenant("amazon.nova-*", HAIKU).may_use(HAIKU)


def test_a_provider_s_glob_does_not_admit_its_geo_profiles():
    assert not tenant("anthropic.*").may_use(f"us.{HAIKU}")


def test_a_geo_profile_is_admitted_by_its_own_glob():
    assert tenant("us.anthropic.*").may_use(f"us.{HAIKU}")


@pytest.mark.parametrize("longer", [f"{HAIKU}x", f"x{HAIKU}", f"{HAIKU}\n", f"\n{HAIKU}"])
def test_an_exact_entry_admits_that_id_alone(longer):
    assert not tenant(HAIKU).may_use(longer)


def test_letters_of_another_case_are_another_id():
    assert not tenant("anthropic.*").may_use(HAIKU.upper())


def test_a_question_mark_stands_for_one_character():
    assert tenant("chat-?").may_use("chat-1")
    assert not tenant("chat-?").may_use("chat-12")


def test_a_star_alone_admits_every_model():
    assert tenant("*").may_use("us.anthropic.claude-opus-4-1-20250805-v1:0")


@pytest.mark.parametrize("glob", ["[a-z]*", "anthropic.[!c]*", "", "a b", "=cmd()", "a\n", "ä*"])
def test_a_glob_takes_no_sets_and_no_characters_that_no_model_id_has(glob):
    with pytest.raises(ValueError, match="is not a glob of model ids"):
        tenant(glob)
