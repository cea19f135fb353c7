"""The operator's own prices, made up for the endpoints that are called, and put where they belong.

What an endpoint's call costs is the operator's to say, in a file that PRICES_OVERRIDE names: here
by the token, by the request, and by the hour of the instance that serves it. Provisioned throughput
is paid for by the hour, too.
"""

from collections.abc import Mapping

from chalicelib.pricing.price_book import PriceBook
from chalicelib.pricing.price_file import COLUMNS
from local.stack import Stack
from local.traffic.offers import (
    CHAT_ENDPOINT,
    EMBED_ENDPOINT,
    ENDPOINTS,
    LMI_ENDPOINT,
    OPENAI_ENDPOINT,
)
from local.traffic.resources import THROUGHPUT_MODEL

KEY = "prices/operator.csv"
SETTINGS: Mapping[str, str] = {"PRICES_OVERRIDE": KEY}


def _row(model: str, unit: str, usd_per_unit: str, basis: str = "endpoint") -> str:
    variant = "no_commit" if basis == "provisioned" else "none"
    key = f"{model},us-east-1,none,{basis},default,{variant},{unit}"
    return f"{key},{usd_per_unit},2026-01-01,,the operator's own price,2026-11-23"


ENDPOINT_PRICES = "\n".join(
    (
        ",".join(COLUMNS),
        _row(CHAT_ENDPOINT, "input_tokens", "0.0000004"),
        _row(CHAT_ENDPOINT, "output_tokens", "0.0000012"),
        _row(OPENAI_ENDPOINT, "input_tokens", "0.0000003"),
        _row(OPENAI_ENDPOINT, "output_tokens", "0.0000009"),
        _row(LMI_ENDPOINT, "request", "0.002"),
        _row(str(ENDPOINTS[EMBED_ENDPOINT]["instance"]), "instance_hour", "0.115"),
        _row(THROUGHPUT_MODEL, "model_unit_hour", "0.5", "provisioned"),
    )
)


def publish(stack: Stack) -> None:
    """Put the file into the reports bucket, where the daily report looks for it."""
    body = ENDPOINT_PRICES.encode()
    stack.client("s3").put_object(Bucket=stack.urls["bucket"], Key=KEY, Body=body)


def book() -> PriceBook:
    """Return the prices that the report then rates by."""
    return PriceBook.load().overridden_by(PriceBook.read(ENDPOINT_PRICES, name=KEY))
