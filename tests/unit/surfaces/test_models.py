from datetime import date
from typing import Any

from builders import blocks, tenant

from chalicelib.pricing.price_book import PriceBook
from chalicelib.pricing.price_file import COLUMNS
from chalicelib.settings import Endpoint, Settings
from chalicelib.surfaces.models import models_of

DAY = date(2026, 11, 23)
NOVA = "amazon.nova-lite-v1:0"
BOOK = PriceBook.read(
    ",".join(COLUMNS)
    + f"""
{NOVA},us-east-1,none,on_demand,default,none,input_tokens,0.00000006,2026-01-01,,list,2026-11-23
{NOVA},us-east-1,us,on_demand,default,none,input_tokens,0.00000006,2026-01-01,2026-11-22,list,2026-11-23
{NOVA},us-east-1,us,on_demand,default,none,output_tokens,0.00000024,2026-01-01,,list,2026-11-23
{NOVA},eu-west-1,eu,on_demand,default,none,input_tokens,0.00000008,2026-01-01,,list,2026-11-23
amazon.nova-sonic-v1:0,us-east-1,none,on_demand,default,none,input_tokens,0.000001,2026-01-01,,list,2026-11-23
stability.sd3-5-large-v1:0,*,none,on_demand,default,none,images,0.08,2026-01-01,,list,2026-11-23
guardrails,us-east-1,none,on_demand,default,none,guardrail_pii_units,0.0001,2026-01-01,,list,2026-11-23
ml.g5.xlarge,us-east-1,none,endpoint,default,none,instance_hour,1.41,2026-01-01,,list,2026-11-23
chat,us-east-1,none,endpoint,default,none,busy_ms,0.0000004,2026-01-01,,ours,2026-11-23
"""
)
SETTINGS = Settings(
    region="us-east-1",
    tenants_table="t",
    reports_bucket="r",
    payloads_bucket="p",
    endpoints={
        "chat": Endpoint("chat", "tgi", "ml.g5.xlarge"),
        "hourly": Endpoint("hourly", "lmi", "ml.g5.xlarge"),
        "other": Endpoint("other", "none"),
    },
)


def listed(*allow: str, blocked: str = "none-of-them") -> dict[str, Any]:
    in_force = blocks(blocked).in_force()
    found = models_of(tenant(allow=allow), SETTINGS, BOOK, DAY, in_force)
    return {model["model_id"]: model for model in found["models"]}


def test_a_tenant_sees_what_its_allow_list_admits_and_nothing_else() -> None:
    assert list(listed("us.*", "chat")) == ["chat", f"us.{NOVA}"]
    assert listed() == {}


def test_a_model_of_another_region_is_not_listed() -> None:
    assert f"eu.{NOVA}" not in listed("*")


def test_what_is_blocked_for_everyone_is_not_listed() -> None:
    assert list(listed("us.*", "chat", blocked="amazon.*")) == ["chat"]
    assert list(listed("us.*", "chat", blocked="chat")) == [f"us.{NOVA}"]


def test_a_price_is_quoted_as_people_do_and_as_of_today() -> None:
    assert listed("us.*")[f"us.{NOVA}"]["prices"] == [
        {
            "unit": "output_tokens",
            "usd": "0.24",
            "per": "1M tokens",
            "tier": "default",
            "variant": "none",
        }
    ]


def test_operations_are_those_that_the_gateway_serves() -> None:
    models = listed("*")
    assert models[NOVA]["operations"] == ["InvokeModel", "Converse"]
    assert models["stability.sd3-5-large-v1:0"]["operations"] == ["InvokeModel"]
    assert models["chat"]["operations"] == ["InvokeEndpoint"]


def test_what_no_route_can_run_is_not_listed() -> None:
    assert "amazon.nova-sonic-v1:0" not in listed("*")
    assert "guardrails" not in listed("*")


def test_an_endpoint_without_rows_of_its_own_shows_what_an_hour_of_its_instance_costs() -> None:
    assert [price["unit"] for price in listed("chat")["chat"]["prices"]] == ["busy_ms"]
    prices = listed("hourly")["hourly"]["prices"]
    assert [(p["unit"], p["usd"], p["per"]) for p in prices] == [
        ("instance_hour", "1.41", "instance hour")
    ]


def test_an_endpoint_without_a_price_is_listed_without_one() -> None:
    assert listed("other")["other"]["prices"] == []
