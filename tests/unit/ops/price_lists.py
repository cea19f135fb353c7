"""Price lists as AWS publishes them, made of the few words that a test is about."""

import json
from collections.abc import Mapping
from typing import Any

AWS = "AmazonBedrock"
MARKETPLACE = "AmazonBedrockFoundationModels"
PUBLISHED = "2026-11-20T18:03:11Z"


def product(
    usagetype: str,
    usd: str,
    unit: str = "1K tokens",
    sku: str = "2FPWE5J4KDH8Q3VM",
    region: str = "us-east-1",
    code: str = AWS,
    **attributes: str,
) -> dict[str, Any]:
    """One entry of GetProducts' PriceList, before it is made a text."""
    return {
        "product": {
            "sku": sku,
            "productFamily": "Amazon Bedrock",
            "attributes": {
                "servicecode": code,
                "regionCode": region,
                "location": "US East (N. Virginia)",
                "usagetype": usagetype,
                "operation": "",
                **attributes,
            },
        },
        "serviceCode": code,
        "terms": {
            "OnDemand": {
                f"{sku}.JRTCKXETXF": {
                    "offerTermCode": "JRTCKXETXF",
                    "sku": sku,
                    "effectiveDate": "2026-11-01T00:00:00Z",
                    "priceDimensions": {
                        f"{sku}.JRTCKXETXF.6YS6EN2CT7": {
                            "rateCode": f"{sku}.JRTCKXETXF.6YS6EN2CT7",
                            "unit": unit,
                            "beginRange": "0",
                            "endRange": "Inf",
                            "pricePerUnit": {"USD": usd},
                            "appliesTo": [],
                        }
                    },
                    "termAttributes": {},
                }
            }
        },
        "version": "20261120180311",
        "publicationDate": PUBLISHED,
    }


def claude(
    meter: str, usd: str, unit: str = "Units", regions: str = "USE1-MP:USE1", **more: str
) -> dict[str, Any]:
    """A product that AWS Marketplace bills, by default of Claude Sonnet 4.5."""
    name = {"servicename": "Claude Sonnet 4.5 (Amazon Bedrock Edition)"}
    usagetype = f"{regions}_{meter}-Units"
    return product(usagetype, usd, unit, **{"code": MARKETPLACE, **name, **more})


def answer(*entries: Mapping[str, Any]) -> bytes:
    """GetProducts' PriceList: a list of JSON texts."""
    return json.dumps([json.dumps(entry) for entry in entries]).encode()


def offer(*entries: Mapping[str, Any], code: str = AWS) -> bytes:
    """A bulk offer file of one service code."""
    products = {entry["product"]["sku"]: entry["product"] for entry in entries}
    terms = {entry["product"]["sku"]: entry["terms"]["OnDemand"] for entry in entries}
    return json.dumps(
        {
            "formatVersion": "v1.0",
            "offerCode": code,
            "version": "20261120180311",
            "publicationDate": PUBLISHED,
            "products": products,
            "terms": {"OnDemand": terms},
        }
    ).encode()
