"""The snapshot of tenants: what a report knew of them survives, and clean wherever it goes."""

import csv
from datetime import UTC, datetime

import boto3
import pytest
from builders import tenant
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from chalicelib.reporting.tenant_tree import COLUMNS, NO_TENANTS, READ, Tenants
from chalicelib.tenants import ApiKey, Tenant
from chalicelib.tenants.items import blocks_to_item, key_to_item, tenant_to_item
from chalicelib.tenants.nouns import BlockList

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DEPARTMENT = Tenant("research", "department", NOON, cost_center="CC-1", display_name="R, D & Ö")
TEAM = Tenant("genomics", "team", NOON, parent="research", tags={"stage": "prod", "a/b": "=1,2&"})
USER = Tenant("mendel", "user", NOON, parent="genomics")


def tenants(*known: Tenant) -> Tenants:
    return Tenants({each.team_id: each for each in known})


def test_a_snapshot_is_read_back_as_it_was():
    known = tenants(DEPARTMENT, TEAM, USER)
    assert Tenants.from_csv(known.to_csv()) == known


def test_a_snapshot_is_sorted_by_team_and_has_no_quotes():
    assert tenants(DEPARTMENT, TEAM).to_csv().decode().splitlines() == [
        "team_id,kind,parent,display_name,cost_center,tags,created_at",
        "genomics,team,research,,,a/b=%3D1%2C2%26&stage=prod,2026-11-23T12:00:00.000Z",
        "research,department,,R%2C%20D%20%26%20%C3%96,CC-1,,2026-11-23T12:00:00.000Z",
    ]


TEXTS = st.text(max_size=20).filter(str.isprintable)
KEYS = st.from_regex(r"[A-Za-z][A-Za-z0-9._:/-]{0,9}", fullmatch=True)


@given(name=TEXTS, tags=st.dictionaries(KEYS, TEXTS, max_size=4))
def test_any_text_survives_the_snapshot_and_no_cell_is_quoted_or_a_formula(name, tags):
    known = tenants(tenant(allow=(), display_name=name, tags=tags, created_at=NOON))
    content = known.to_csv().decode("ascii")
    assert Tenants.from_csv(content.encode()) == known
    assert '"' not in content
    cells = [cell for row in csv.reader(content.splitlines()) for cell in row]
    assert len(cells) == 2 * len(COLUMNS)
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_another_file_is_no_snapshot():
    with pytest.raises(ValueError, match="the header of a snapshot of tenants is date"):
        Tenants.from_csv(b"date\n2026-11-23\n")


def test_a_day_keeps_what_it_first_said_and_adds_who_is_new():
    first = tenants(DEPARTMENT)
    moved = Tenant("research", "department", NOON, cost_center="CC-2")
    assert first.adding(tenants(moved, USER)) == tenants(DEPARTMENT, USER)


def test_a_cost_center_is_the_nearest_ancestor_s_unless_there_is_an_own_one():
    own = Tenant("physics", "team", NOON, parent="research", cost_center="CC-9")
    known = tenants(DEPARTMENT, TEAM, USER, own)
    found = [known.cost_center(each) for each in ("research", "genomics", "mendel", "physics")]
    assert found == ["CC-1", "CC-1", "CC-1", "CC-9"]


def test_nobody_knows_the_cost_center_of_a_stranger():
    assert NO_TENANTS.cost_center("stranger") == ""


def test_tenants_that_are_each_other_s_parents_are_met_once_each():
    known = tenants(
        Tenant("aa", "team", NOON, parent="bb"), Tenant("bb", "team", NOON, parent="aa")
    )
    assert [each.team_id for each in known.upwards("aa")] == ["aa", "bb"]
    assert known.cost_center("aa") == ""


@pytest.fixture
def dynamodb(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="tenants",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def test_all_tenants_are_read_out_of_the_table_and_nothing_else_is(dynamodb):
    key = ApiKey("aaaaaaaaaaaa", bytes(32), "genomics", NOON)
    for item in (
        *map(tenant_to_item, (DEPARTMENT, TEAM, tenant(key_ids=("aaaaaaaaaaaa",)))),
        key_to_item(key),
        blocks_to_item(BlockList()),
    ):
        dynamodb.put_item(TableName="tenants", Item=item)
    read = Tenants.read_all(dynamodb, "tenants")
    assert read == tenants(DEPARTMENT, TEAM, tenant(allow=()))


def test_a_table_is_read_to_its_last_page():
    items = [{"pk": {"S": "x"}, **tenant_to_item(each)} for each in (DEPARTMENT, TEAM)]
    pages = _Scans([[items[0]], [], [items[1]]])
    assert Tenants.read_all(pages, "tenants") == tenants(DEPARTMENT, TEAM)


def test_no_hash_and_no_key_is_asked_for():
    pages = _Scans([[]])
    Tenants.read_all(pages, "tenants")
    assert set(pages.asked["ExpressionAttributeNames"].values()) == set(READ)
    assert {"hash", "key_ids", "allow"}.isdisjoint(READ)


def test_an_item_that_was_edited_into_nonsense_fails_the_reading():
    pages = _Scans([[{**tenant_to_item(TEAM), "cost_center": {"S": "a,b"}}]])
    with pytest.raises(ValueError, match="'a,b' is not a cost centre"):
        Tenants.read_all(pages, "tenants")


class _Scans:
    """A DynamoDB client whose one scan has these pages."""

    def __init__(self, pages) -> None:
        self._pages = pages

    def get_paginator(self, _operation):
        return self

    def paginate(self, **asked):
        self.asked = asked
        return [{"Items": items} for items in self._pages]
