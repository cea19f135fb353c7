"""docs/models.md cannot rot: its table of ids holds, and every kind of ARN is on it."""

import re
from pathlib import Path

import pytest

from chalicelib.backends.model_resources import READERS
from chalicelib.catalog import NOT_RUN, OPAQUE, resolve
from chalicelib.settings import Endpoint

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
CELL = r" `([^`|]+)` \|"
IDS = re.findall(rf"^\|{CELL * 5}$", PAGE, re.MULTILINE)
KINDS = re.findall(r"^\| `(bedrock|sagemaker)` `([a-z-]+)` \| (\w[\w, ]+) \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("named", "recorded", "base_model", "geo", "basis"), IDS)
def test_an_id_becomes_what_the_page_says(named, recorded, base_model, geo, basis) -> None:
    model = resolve(
        named,
        endpoints={"chat-tgi": Endpoint("chat-tgi", "tgi")},
        region="us-east-1",
        account="123456789012",
    )
    found = (model.model_id, model.base_model, model.geo, model.basis)
    assert found == (recorded, base_model, geo, basis)


def test_every_kind_of_arn_is_on_the_page() -> None:
    assert len(IDS) == 6
    assert {(service, kind) for service, kind, _ in KINDS} == OPAQUE
    assert {kind for _, kind, _ in KINDS} == set(READERS)


@pytest.mark.parametrize("kind", [kind for _, kind in NOT_RUN])
def test_what_is_never_run_is_on_the_page(kind) -> None:
    assert f"`{kind}`" in PAGE
