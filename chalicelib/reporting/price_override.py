"""The operator's own prices, out of the reports bucket, over the list prices."""

from typing import Any

from botocore.exceptions import ClientError

from chalicelib.pricing.price_book import PriceBook
from chalicelib.settings import SettingError, Settings


def book_in_force(list_prices: PriceBook, s3: Any, settings: Settings) -> PriceBook:
    """Return the list prices, overridden by the file that PRICES_OVERRIDE names, if it names one.

    Raises PriceBookError, with the file's name and line, where a row cannot be trusted, and
    SettingError where there is no such file: half of an operator's prices is no price book.
    """
    key = settings.prices_override
    if not key:
        return list_prices
    try:
        content = s3.get_object(Bucket=settings.reports_bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        raise SettingError(f"PRICES_OVERRIDE names {key}, which is not in the bucket") from error
    return list_prices.overridden_by(PriceBook.read(content, name=key))
