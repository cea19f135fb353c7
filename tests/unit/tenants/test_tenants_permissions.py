"""Who may read what of the table `tenants`: the worker no key."""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from chalicelib.tenants.items import BLOCKS_PK, key_pk, team_pk

CHALICE = Path(__file__).parents[3] / ".chalice"
STAGES = ["dev", "prod"]


def statements(stage: str, function: str) -> list[dict[str, Any]]:
    text = (CHALICE / f"policy-{stage}-{function}.json").read_text(encoding="utf-8")
    found = json.loads(text)["Statement"]
    return [each for each in found if f"tollgate-{stage}-tenants" in str(each.get("Resource"))]


@pytest.mark.parametrize("stage", STAGES)
def test_the_worker_reads_what_was_stopped_and_no_keys(stage) -> None:
    (reads,) = statements(stage, "stream_worker")
    leading = reads["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]

    def may_read(pk: str) -> bool:
        return any(fnmatchcase(pk, each) for each in leading)

    assert reads["Action"] == "dynamodb:GetItem"
    assert may_read(BLOCKS_PK)
    assert may_read(team_pk("search"))
    assert not may_read(key_pk("abcdefghijkl"))


@pytest.mark.parametrize("stage", STAGES)
def test_the_gateway_writes_neither_tenants_nor_keys_nor_blocks(stage) -> None:
    for function in ("api_handler", "stream_worker"):
        assert [each["Action"] for each in statements(stage, function)] == ["dynamodb:GetItem"]
