"""The operator's own prices, made up for the endpoints that are called, and put where they belong.

What an endpoint's call costs is the operator's to say, in a file that PRICES_OVERRIDE names. Two of
the endpoints have prices, by the token and by the millisecond; the others have none.
"""

from collections.abc import Mapping

from chalicelib.pricing.price_book import PriceBook
from chalicelib.pricing.price_file import COLUMNS
from local.stack import Stack
from local.traffic.plan import CHAT_ENDPOINT, EMBED_ENDPOINT

KEY = "prices/operator.csv"
SETTINGS: Mapping[str, str] = {"PRICES_OVERRIDE": KEY}


def _row(endpoint: str, unit: str, usd_per_unit: str) -> str:
    key = f"{endpoint},us-east-1,none,endpoint,default,none,{unit}"
    return f"{key},{usd_per_unit},2026-01-01,,the operator's own price,2026-11-23"


ENDPOINT_PRICES = "\n".join(
    (
        ",".join(COLUMNS),
        _row(CHAT_ENDPOINT, "input_tokens", "0.0000004"),
        _row(CHAT_ENDPOINT, "output_tokens", "0.0000012"),
        _row(EMBED_ENDPOINT, "busy_ms", "0.00000004"),
    )
)


def publish(stack: Stack) -> None:
    """Put the file into the reports bucket, where the daily report looks for it."""
    body = ENDPOINT_PRICES.encode()
    stack.client("s3").put_object(Bucket=stack.urls["bucket"], Key=KEY, Body=body)


def book() -> PriceBook:
    """Return the prices that the report then rates by."""
    return PriceBook.load().overridden_by(PriceBook.read(ENDPOINT_PRICES, name=KEY))
