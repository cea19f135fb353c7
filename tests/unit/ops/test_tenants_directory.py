"""Tenants in the table: what cannot be true of an organisation cannot be written."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.tenants import Tenant
from ops import tenants
from ops.directory import Directory, Refused

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_tenant_that_was_created_is_found(directory):
    tenant = tenants.create(directory, "genomics", NOON, display_name="Genomics", allow=["a.*"])
    assert directory.tenant("genomics") == tenant
    assert tenant == Tenant("genomics", "team", NOON, display_name="Genomics", allow=("a.*",))


def test_a_tenant_may_use_nothing_until_it_is_said(directory):
    assert tenants.create(directory, "genomics", NOON).allow == ()


def test_a_tenant_is_not_created_over_another(directory):
    first = tenants.create(directory, "genomics", NOON, allow=["anthropic.*"])
    with pytest.raises(Refused, match="there is a tenant genomics already"):
        tenants.create(directory, "genomics", NOON)
    assert directory.tenant("genomics") == first


def test_a_parent_must_exist(directory, stored):
    with pytest.raises(Refused, match="there is no tenant research to be its parent"):
        tenants.create(directory, "genomics", NOON, parent="research")
    assert stored() == []


def test_a_child_names_its_parent(directory):
    tenants.create(directory, "research", NOON, kind="department")
    tenants.create(directory, "genomics", NOON, parent="research")
    assert directory.tenant("genomics").parent == "research"


def test_no_tenant_is_its_own_parent(directory):
    with pytest.raises(ValueError, match="genomics cannot be its own parent"):
        tenants.create(directory, "genomics", NOON, parent="genomics")


@pytest.mark.parametrize("team_id", ["Genomics", "1st", "a", "a,b", "=cmd()", "(idle)", "a\n"])
def test_a_team_id_that_is_not_clean_is_refused(directory, stored, team_id):
    with pytest.raises(ValueError, match="is not a team id"):
        tenants.create(directory, team_id, NOON)
    assert stored() == []


def test_an_unknown_tenant_is_said_to_be_unknown(directory):
    with pytest.raises(Refused, match="there is no tenant genomics"):
        directory.tenant("genomics")


def test_tenants_are_listed_by_their_ids_and_keys_are_not_among_them(directory):
    for team_id in ("physics", "genomics"):
        tenants.create(directory, team_id, NOON)
    assert [tenant.team_id for tenant in directory.tenants()] == ["genomics", "physics"]


def test_an_allow_list_is_kept_sorted_and_each_glob_once(directory):
    tenants.create(directory, "genomics", NOON, allow=["us.anthropic.*", "anthropic.*"])
    tenants.change_allow(directory, "genomics", ["anthropic.*", "amazon.nova-*"], [])
    expected = ("amazon.nova-*", "anthropic.*", "us.anthropic.*")
    assert directory.tenant("genomics").allow == expected


def test_a_glob_is_taken_off_an_allow_list(directory):
    tenants.create(directory, "genomics", NOON, allow=["anthropic.*", "us.anthropic.*"])
    tenants.change_allow(directory, "genomics", [], ["us.anthropic.*"])
    assert directory.tenant("genomics").allow == ("anthropic.*",)


def test_the_last_glob_can_be_taken_off(directory):
    tenants.create(directory, "genomics", NOON, allow=["anthropic.*"])
    tenants.change_allow(directory, "genomics", [], ["anthropic.*"])
    assert directory.tenant("genomics").allow == ()


def test_taking_off_what_is_not_there_is_refused(directory):
    tenants.create(directory, "genomics", NOON, allow=["anthropic.*"])
    with pytest.raises(Refused, match=r"not on the allow-list of genomics: cohere\.\*"):
        tenants.change_allow(directory, "genomics", ["amazon.*"], ["cohere.*"])
    assert directory.tenant("genomics").allow == ("anthropic.*",)


def test_a_glob_cannot_be_added_and_taken_off_at_once(directory):
    tenants.create(directory, "genomics", NOON, allow=["anthropic.*"])
    with pytest.raises(Refused, match=r"cannot both add and remove: anthropic\.\*"):
        tenants.change_allow(directory, "genomics", ["anthropic.*"], ["anthropic.*"])


def test_a_wrong_glob_changes_nothing(directory):
    tenants.create(directory, "genomics", NOON, allow=["anthropic.*"])
    with pytest.raises(ValueError, match="is not a glob"):
        tenants.change_allow(directory, "genomics", ["amazon.*", "[a-z]*"], [])
    assert directory.tenant("genomics").allow == ("anthropic.*",)


def test_of_two_operators_who_change_an_allow_list_at_once_the_second_is_told(directory):
    read_by_both = tenants.create(directory, "genomics", NOON)
    directory.set_allow(read_by_both, ("anthropic.*",))
    with pytest.raises(Refused, match="was changed meanwhile"):
        directory.set_allow(read_by_both, ("cohere.*",))
    assert directory.tenant("genomics").allow == ("anthropic.*",)


def test_a_tenant_is_created_with_a_cost_center_and_tags(directory):
    tenant = tenants.create(
        directory, "genomics", NOON, cost_center="CC-4711", tags={"stage": "prod"}
    )
    assert directory.tenant("genomics") == tenant
    assert (tenant.cost_center, tenant.tags) == ("CC-4711", {"stage": "prod"})


def test_what_is_not_named_in_a_change_stays(directory):
    created = tenants.create(
        directory, "genomics", NOON, display_name="G", cost_center="CC-1", tags={"aa": "1"}
    )
    changed = tenants.change_description(directory, "genomics", tags={"bb": "2"})
    assert directory.tenant("genomics") == changed
    assert changed == replace(created, tags={"aa": "1", "bb": "2"})


def test_a_name_a_cost_center_and_a_tag_are_changed_at_once(directory):
    tenants.create(directory, "genomics", NOON, cost_center="CC-1", tags={"aa": "1"})
    tenants.change_description(
        directory, "genomics", display_name="New", cost_center="CC-2", tags={"aa": "2"}
    )
    found = directory.tenant("genomics")
    assert (found.display_name, found.cost_center, found.tags) == ("New", "CC-2", {"aa": "2"})


def test_a_cost_center_and_the_last_tag_can_be_taken_off(directory):
    created = tenants.create(directory, "genomics", NOON, cost_center="CC-1", tags={"aa": "1"})
    tenants.change_description(directory, "genomics", cost_center="", untag=["aa"])
    assert directory.tenant("genomics") == replace(created, cost_center="", tags={})


def test_a_tag_that_is_not_there_cannot_be_taken_off(directory):
    tenants.create(directory, "genomics", NOON, tags={"aa": "1"})
    with pytest.raises(Refused, match="genomics has no tag bb"):
        tenants.change_description(directory, "genomics", untag=["bb"])


def test_a_tag_cannot_be_set_and_taken_off_at_once(directory):
    tenants.create(directory, "genomics", NOON, tags={"aa": "1"})
    with pytest.raises(Refused, match="cannot both set and take off: aa"):
        tenants.change_description(directory, "genomics", tags={"aa": "2"}, untag=["aa"])


def test_of_two_operators_who_change_tags_at_once_the_second_is_told(directory):
    read_by_both = tenants.create(directory, "genomics", NOON, tags={"aa": "1"})
    directory.set_description(read_by_both, replace(read_by_both, tags={"aa": "2"}))
    with pytest.raises(Refused, match="the tags of genomics were changed meanwhile"):
        directory.set_description(read_by_both, replace(read_by_both, tags={"aa": "3"}))
    assert directory.tenant("genomics").tags == {"aa": "2"}


def test_describing_an_unknown_tenant_does_not_make_one(directory, stored):
    with pytest.raises(Refused):
        directory.set_description(Tenant("ghost", "team", NOON), Tenant("ghost", "team", NOON))
    assert stored() == []


def test_a_tag_is_a_key_and_a_value_and_only_the_first_equals_sign_parts_them():
    assert tenants.read_tags(["aa=1", "bb=x=y", "cc="]) == {"aa": "1", "bb": "x=y", "cc": ""}


def test_what_is_no_tag_is_refused():
    with pytest.raises(Refused, match="'stage' is not KEY=VALUE"):
        tenants.read_tags(["stage"])


def test_a_tenant_is_disabled_and_enabled_again(directory):
    tenant = tenants.create(directory, "genomics", NOON, allow=["anthropic.*"])
    directory.set_state("genomics", "disabled")
    assert directory.tenant("genomics") == replace(tenant, state="disabled")
    directory.set_state("genomics", "active")
    assert directory.tenant("genomics") == tenant


def test_disabling_an_unknown_tenant_does_not_make_one(directory, stored):
    with pytest.raises(Refused, match="there is no tenant genomics"):
        directory.set_state("genomics", "disabled")
    assert stored() == []


def test_a_table_larger_than_a_page_is_listed_whole(dynamodb, directory):
    for number in range(3):
        tenants.create(directory, f"team-{number}", NOON)
    one_a_page = Directory(_PagedClient(dynamodb), "tenants")
    assert [tenant.team_id for tenant in one_a_page.tenants()] == ["team-0", "team-1", "team-2"]


class _PagedClient:
    """A DynamoDB client whose scans return one item a page."""

    def __init__(self, client) -> None:
        self._client = client

    def get_paginator(self, operation):
        paginator = self._client.get_paginator(operation)
        return _OneAPage(paginator)


class _OneAPage:
    def __init__(self, paginator) -> None:
        self._paginator = paginator

    def paginate(self, **arguments):
        return self._paginator.paginate(**arguments, PaginationConfig={"PageSize": 1})
