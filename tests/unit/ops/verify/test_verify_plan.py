"""What is to be called, what it costs at most, where, and how long is waited."""

import argparse
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import boto3
import pytest
from builders import price_book
from deploy_fakes import stage
from scripted_server import answer, scripted_server

from chalicelib.pricing.price_book import PriceBook
from ops.deploy.account import Account
from ops.directory import Refused
from ops.doctor.examined import Examined
from ops.verify.calls import Models, planned
from ops.verify.estimate import ListPrices, at_most
from ops.verify.gateway import Gateway
from ops.verify.patience import Waiting
from ops.verify.verification import chosen, deployed_url

DAY = date(2026, 11, 23)
NOVA = "us.amazon.nova-micro-v1:0"
ROW = "{},us-east-1,{},on_demand,default,{},{},{},2026-01-01,,a test,2026-11-23"
LISTED = PriceBook.load()


def prices(*rows: tuple[str, str, str, str, str]) -> ListPrices:
    return ListPrices(price_book(*(ROW.format(*row) for row in rows)), "us-east-1", DAY)


def asked(**given: str) -> argparse.Namespace:
    defaults = {"text": "", "embedding": "amazon.titan-embed-text-v2:0", "image": ""}
    return argparse.Namespace(**(defaults | given))


# The calls


def test_every_way_to_be_answered_is_gone_and_each_call_is_small() -> None:
    calls = planned(Models(NOVA, "amazon.titan-embed-text-v2:0", "amazon.nova-canvas-v1:0"), "n")
    assert len({call.name for call in calls}) == len(calls) == 13
    assert max(call.most_output for call in calls) <= 24
    assert sum(call.images for call in calls) == 1


def test_a_claude_is_asked_in_its_own_words() -> None:
    calls = planned(Models("us.anthropic.claude-haiku-4-5-20251001-v1:0"), "n")
    body = json.loads(calls[0].body)
    assert body["anthropic_version"] == "bedrock-2023-05-31"
    assert "model_id=us.anthropic.claude-haiku-4-5-20251001-v1%3A0" in calls[0].path


def test_a_model_that_nobody_knows_how_to_ask_is_refused() -> None:
    with pytest.raises(Refused, match="--text takes a Nova or a Claude model"):
        planned(Models("meta.llama3-8b-instruct-v1:0"), "n")


def test_the_cached_prompt_is_another_each_time() -> None:
    once, again = (planned(Models(NOVA), nonce)[-1].body for nonce in "ab")
    assert once != again


# The cost


def test_a_prompts_token_is_a_byte_at_least_and_costs_the_dearest_that_it_may() -> None:
    listed = prices(
        ("amazon.nova-micro-v1:0", "us", "none", "input_tokens", "1"),
        ("amazon.nova-micro-v1:0", "us", "none", "cache_write_tokens", "3"),
        ("amazon.nova-micro-v1:0", "us", "none", "output_tokens", "5"),
    )
    call = planned(Models(NOVA), "n")[0]
    assert at_most([call], listed) == 3 * (len(call.body) + 200) + 5 * 24


def test_an_image_costs_the_dearest_of_its_classes() -> None:
    classes = (("le1024/standard", "2"), ("le1024/premium", "3"))
    listed = prices(*(("amazon.nova-canvas-v1:0", "none", c, "images", p) for c, p in classes))
    (image,) = (c for c in planned(Models(NOVA, image="amazon.nova-canvas-v1:0"), "n") if c.images)
    assert at_most([image], listed) == 3


def test_by_the_list_it_is_less_than_a_cent_without_an_image() -> None:
    listed = ListPrices(LISTED, "us-east-1", DAY)
    assert at_most(planned(chosen(asked(), listed), "n"), listed) < Decimal("0.01")


def test_what_has_no_price_is_refused() -> None:
    listed = prices(("amazon.nova-micro-v1:0", "us", "none", "input_tokens", "1"))
    with pytest.raises(Refused, match="no output_tokens of us"):
        at_most(planned(Models(NOVA), "n"), listed)


# The models


@pytest.mark.parametrize(
    ("region", "models"),
    [
        ("us-east-1", Models(NOVA, "amazon.titan-embed-text-v2:0")),
        ("us-gov-west-1", Models("amazon.nova-micro-v1:0", "amazon.titan-embed-text-v2:0")),
    ],
)
def test_what_has_a_price_in_the_region_is_chosen(region, models) -> None:
    assert chosen(asked(), ListPrices(LISTED, region, DAY)) == models


def test_an_embedding_without_a_price_is_left_out_unless_it_was_asked_for() -> None:
    listed = prices(("amazon.nova-micro-v1:0", "us", "none", "input_tokens", "1"))
    assert chosen(asked(), listed) == Models(NOVA)
    other = "amazon.titan-embed-text-v1"
    assert chosen(asked(embedding=other), listed).embedding == other


def test_a_region_without_prices_has_to_be_told_a_model() -> None:
    with pytest.raises(Refused, match="name a model with --text"):
        chosen(asked(), ListPrices(LISTED, "mars-north-1", DAY))


# The gateway


def examined(partition: str, *names: str) -> Examined:
    """Stage dev, in an account with APIs of these names, which call the functions so called."""
    pages = {
        "get_rest_apis": [{"items": [{"id": "abc", "name": name} for name in names]}],
        "get_resources": [{"items": [{"resourceMethods": {"GET": {"methodIntegration": CALLS}}}]}],
    }
    client = SimpleNamespace(
        get_paginator=lambda name: SimpleNamespace(paginate=lambda **_: pages[name])
    )
    account = Account("111122223333", "eu-west-1", partition, boto3.Session())
    return Examined(None, account, stage(), _clients={"apigateway": client})  # type: ignore[arg-type]


CALLS = {"uri": "…/functions/arn:aws:lambda:eu-west-1:1:function:tollgate-dev:stream/…"}


@pytest.mark.parametrize(
    ("partition", "domain"), [("aws", "amazonaws.com"), ("aws-cn", "amazonaws.com.cn")]
)
def test_the_url_is_that_of_the_stage_s_api_wherever_it_was_deployed_from(
    partition: str, domain: str
) -> None:
    url = deployed_url(examined(partition, "tollgate-dev"))
    assert url == f"https://abc.execute-api.eu-west-1.{domain}/api"


def test_a_stage_without_an_api_needs_a_url() -> None:
    with pytest.raises(Refused, match="no API tollgate-dev in eu-west-1: deploy it, or give a --u"):
        deployed_url(examined("aws"))


def test_without_a_stage_the_url_is_needed() -> None:
    with pytest.raises(Refused, match="say --stage, or the gateway's --url"):
        deployed_url(replace(examined("aws"), stage=None))


def test_a_gateway_that_is_away_is_no_answer() -> None:
    with scripted_server(lambda connection, _: connection.close()) as server:
        found = Gateway(server.url, "key").once("/invoke", b"{}", {})
    assert (found.status, found.request_ids) == (0, ())
    assert found.refusal.startswith("0 no answer")


@pytest.mark.parametrize(
    ("bodies", "header", "word"),
    [
        ((b"a", b"a"), "Idempotency-Replayed: true", ""),
        ((b"a", b"b"), "Idempotency-Replayed: true", "not answered by the first's"),
        ((b"a", b"a"), "X-Other: true", "not answered by the first's"),
    ],
)
def test_a_repeat_is_answered_by_the_first_answer(bodies, header, word) -> None:
    answers = iter([answer(200, body, "X-Request-Id: r", header) for body in bodies])
    with scripted_server(lambda connection, _: connection.sendall(next(answers))) as server:
        found = Gateway(server.url, "key").twice("/invoke", b"{}", {})
    assert word in found.refusal
    assert bool(word) == bool(found.refusal)
    assert found.request_ids == ("r", "r")


# Waiting


def test_looks_become_rarer_until_the_time_is_up() -> None:
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    looks = [clock[0] for _ in Waiting(200, lambda: clock[0], sleep).looks()]
    assert looks == [0, 2, 7, 17, 37, 77, 137, 197, 200]


def test_one_look_is_always_taken() -> None:
    assert len(list(Waiting(0, lambda: 0.0).looks())) == 1
