"""Each cell is what FOCUS lets it be: what the validator does not see is held here."""

import json
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from focus_days import NOVA_LINE, TENANTS, read, reported, total

from chalicelib.pricing.capacity import NOT_SAMPLED
from chalicelib.pricing.price import UNITS
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.focus.columns import (
    COLUMNS,
    CONSTANT,
    OF_DAY,
    OF_ROW,
    OF_SKU,
    OF_TEAM,
    Payer,
    plain,
)
from chalicelib.reporting.focus.meters import METERS
from chalicelib.reporting.focus.resources import Used, developer, of_line
from chalicelib.reporting.tenant_tree import NO_TENANTS

ROWS = read(reported())

NOT_NULL = {
    *("BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "BillingAccountId"),
    *("BillingCurrency", "InvoiceIssuerName", "ProviderName", "PublisherName"),
    *("ServiceProviderName", "HostProviderName", "ServiceCategory", "ServiceName"),
    *("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"),
    "ChargeCategory",
}
MANDATORY = NOT_NULL | {
    *("BillingAccountName", "ChargeClass", "ChargeDescription"),
    *("PricingQuantity", "PricingUnit"),
}
"""Of FOCUS 1.2 (tag v1.2 of the specification), with the two that 1.3 adds."""

ENUMS = {
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {"", "Correction"},
    "ChargeFrequency": {"One-Time", "Recurring", "Usage-Based"},
    "PricingCategory": {"Standard", "Dynamic", "Committed", "Other"},
    "ServiceCategory": {"AI and Machine Learning"},
    "ServiceSubcategory": {"Generative AI"},
    "BillingCurrency": {"USD"},
    "x_Status": {"PRICED", "INCOMPLETE"},
}
DETAILS = {
    "Output Images": {"x_Basis": "on_demand", "x_Tier": "default", "x_Variant": "le1024/premium"},
    "Cache Read Input Tokens": {"x_Basis": "on_demand", "x_Geo": "global", "x_Tier": "default"},
    "Instance Hours": {"InstanceType": "ml.g5.xlarge", "x_Basis": "endpoint", "x_Tier": "default"},
}
DECIMALS = [
    *("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"),
    *("ListUnitPrice", "ContractedUnitPrice", "ConsumedQuantity", "PricingQuantity"),
]
TIMES = ["BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"]


def test_each_column_is_made_in_one_place_and_written_in_one_place():
    made = [*CONSTANT, *OF_DAY, *OF_TEAM, *OF_SKU, *OF_ROW]
    assert sorted(made) == sorted(COLUMNS)
    assert len(set(COLUMNS)) == len(COLUMNS)


def test_custom_columns_come_after_those_of_focus():
    custom = [name.startswith("x_") for name in COLUMNS]
    assert custom == sorted(custom)


def test_every_mandatory_column_is_there():
    assert set(COLUMNS) >= MANDATORY


@pytest.mark.parametrize("column", sorted(NOT_NULL))
def test_what_may_not_be_null_is_in_every_row(column):
    assert all(row[column] for row in ROWS)


@pytest.mark.parametrize("column", ENUMS)
def test_a_word_is_one_that_focus_knows(column):
    assert {row[column] for row in ROWS} <= ENUMS[column]


@pytest.mark.parametrize("column", DECIMALS)
def test_a_number_has_a_point_and_no_exponent(column):
    assert all(re.fullmatch(r"\d+\.\d+", row[column]) for row in ROWS)


@pytest.mark.parametrize("column", TIMES)
def test_a_time_is_a_date_and_a_time_in_utc(column):
    form = "%Y-%m-%dT%H:%M:%SZ"
    assert all(datetime.strptime(r[column], form).strftime(form) == r[column] for r in ROWS)  # noqa: DTZ007


@pytest.mark.parametrize(
    ("day", "month", "next_month"),
    [
        (date(2026, 11, 23), "2026-11-01", "2026-12-01"),
        (date(2026, 12, 31), "2026-12-01", "2027-01-01"),
        (date(2028, 2, 29), "2028-02-01", "2028-03-01"),
        (date(2026, 1, 1), "2026-01-01", "2026-02-01"),
    ],
)
def test_a_charge_is_of_a_day_and_a_bill_of_a_calendar_month(day, month, next_month):
    cells = {name: column(day) for name, column in OF_DAY.items()}
    assert cells == {
        "BillingPeriodStart": f"{month}T00:00:00Z",
        "BillingPeriodEnd": f"{next_month}T00:00:00Z",
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day + timedelta(days=1)}T00:00:00Z",
    }


def test_no_cell_is_anything_but_printable_ascii():
    assert all(re.fullmatch(r"[ -~]*", cell) for row in ROWS for cell in row.values())


def test_no_cell_starts_a_formula():
    cells = {cell for row in ROWS for cell in row.values()}
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_nothing_says_null_in_words():
    cells = {cell.lower() for row in ROWS for cell in row.values()}
    assert cells.isdisjoint({"null", "none", "n/a", "na", "nan"})


def test_a_name_can_be_read_back_out_of_its_cell():
    (name,) = {row["SubAccountName"] for row in ROWS if row["SubAccountId"] == "genomics"}
    assert name == '%3DG%C3%A9nomique, "%CE%B2"'


def test_tags_are_a_tenant_s_own_beside_what_the_report_says_of_it():
    assert Payer.of("genomics", TENANTS).tags == (
        '{"cost_center": "CC-4711", "owner": "M. \\"Gregor\\", \\u00d6",'
        ' "stage": "prod", "team_id": "genomics"}'
    )


def test_a_team_that_is_no_tenant_is_named_by_its_id():
    payer = Payer.of("stranger", NO_TENANTS)
    assert {name: column(payer) for name, column in OF_TEAM.items()} == {
        "SubAccountId": "stranger",
        "SubAccountName": "stranger",
        "SubAccountType": "Team",
        "Tags": '{"team_id": "stranger"}',
        "x_CostCenter": "",
        "x_ParentId": "",
    }


@pytest.mark.parametrize("details", ["SkuMeter", "SkuPriceDetails", "SkuId", "PricingUnit"])
def test_a_sku_price_has_one_of_each_of_its_details(details):
    assert len({(row["SkuPriceId"], row[details]) for row in ROWS}) == len(
        {row["SkuPriceId"] for row in ROWS}
    )


@pytest.mark.parametrize("column", ["ServiceCategory", "ServiceSubcategory"])
def test_a_service_has_one_category(column):
    assert len({(row["ServiceName"], row[column]) for row in ROWS}) == 2


def test_a_resource_has_a_name_and_a_type_or_is_none():
    assert {bool(row["ResourceId"]) for row in ROWS} == {True, False}
    for row in ROWS:
        assert len({bool(row[f"Resource{what}"]) for what in ("Id", "Name", "Type")}) == 1


def test_details_of_a_sku_price_are_those_that_apply():
    found = {row["SkuMeter"]: json.loads(row["SkuPriceDetails"]) for row in ROWS}
    assert {meter: found[meter] for meter in DETAILS} == DETAILS


def test_every_unit_of_the_price_book_has_a_meter_of_its_own():
    assert set(METERS) == set(UNITS)
    assert len({meter.name for meter in METERS.values()}) == len(METERS)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0", "0.0"),
        ("1E+3", "1000.0"),
        ("1E-15", "0.000000000000001"),
        ("0.50", "0.5"),
        ("123456789012345678901234567890.1", "123456789012345678901234567890.1"),
    ],
)
def test_a_number_is_written_whole(number, text):
    assert plain(Decimal(number)) == text


@pytest.mark.parametrize(
    ("fields", "used"),
    [
        (
            {"region": "us-gov-west-1"},
            Used(
                "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/amazon.nova-lite-v1:0",
                "amazon.nova-lite-v1:0",
                "Foundation Model",
            ),
        ),
        (
            {"base_model": "arn:aws:bedrock:us-east-1:1:imported-model/abc", "basis": "imported"},
            Used("arn:aws:bedrock:us-east-1:1:imported-model/abc", "abc", "Imported Model"),
        ),
        (
            {"service": "sagemaker", "base_model": "Chat", "basis": "endpoint"},
            Used("arn:aws:sagemaker:us-east-1:123456789012:endpoint/chat", "Chat", "Endpoint"),
        ),
        ({"base_model": "guardrails"}, Used("", "", "")),
    ],
)
def test_what_was_used_is_named_as_aws_names_it(fields, used):
    assert of_line(replace(NOVA_LINE, **fields)) == used


@pytest.mark.parametrize(
    ("model", "who"),
    [
        ("anthropic.claude-opus-4-7", "Anthropic"),
        ("amazon.nova-lite-v1:0", "AWS"),
        ("ml.g5.xlarge", "AWS"),
        ("chat", "AWS"),
    ],
)
def test_a_model_is_published_by_who_made_it(model, who):
    assert developer(model) == who


def test_whoever_made_a_model_of_the_price_list_is_named():
    ours = {price.key.model for price in PriceBook.load() if developer(price.key.model) == "AWS"}
    assert {model.partition(".")[0] for model in ours} == {"amazon", "guardrails"}


def test_a_day_without_a_call_is_a_file_of_its_header():
    assert read(reported([], capacity=NOT_SAMPLED)) == []
    assert total([]) == 0
