"""A month's lines of a CUR 2.0 export: what AWS charges whom that calls models.

Sources: AWS Data Exports user guide, "Understanding export delivery" (`<location>/data/
BILLING_PERIOD=YYYY-MM/*.csv.gz`, a folder for each execution where exports are not overwritten) and
"CUR 2.0 table dictionary"; Amazon Bedrock user guide, "IAM principal attribution".
"""

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from chalicelib.reporting.months.month import Month

CALLER: Final = "line_item_iam_principal"
TYPE: Final = "line_item_line_item_type"
PRODUCT_CODE: Final = "line_item_product_code"
PRODUCT: Final = "product"  # a map, as JSON
COST: Final = "line_item_unblended_cost"
COLUMNS: Final = (CALLER, TYPE, PRODUCT_CODE, PRODUCT, COST)


class NotDelivered(ValueError):
    """An export has no files of a month, or not the columns that are needed."""


def costs_by_caller(s3: Any, location: str, month: Month) -> dict[str, Decimal]:
    """Add up in US dollars what a month's calls of Bedrock cost, by the ARN of who made them.

    Raises NotDelivered, and botocore's errors.
    """
    place = urlsplit(location)
    prefix = f"{place.path.strip('/')}/data/BILLING_PERIOD={month}/"
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for key in _newest(s3, place.netloc, prefix):
        for row in _rows(s3, place.netloc, key):
            if _is_a_call(row):
                costs[row[CALLER]] += Decimal(row[COST])
    return dict(costs)


def _newest(s3: Any, bucket: str, prefix: str) -> list[str]:
    """Return the files of a month's last execution: their folder's name begins with its time."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
    found = [key for key in keys if key.endswith(".csv.gz")]
    if not found:
        raise NotDelivered(f"s3://{bucket}/{prefix} has no *.csv.gz")
    newest = max(key.rpartition("/")[0] for key in found)
    return [key for key in found if key.rpartition("/")[0] == newest]


def _rows(s3: Any, bucket: str, key: str) -> Iterator[Mapping[str, str]]:
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    with gzip.open(body) as unpacked, io.TextIOWrapper(unpacked, "utf-8", newline="") as text:
        reader = csv.DictReader(text, strict=True)
        if missing := set(COLUMNS) - set(reader.fieldnames or ()):
            raise NotDelivered(f"s3://{bucket}/{key} lacks {', '.join(sorted(missing))}")
        yield from reader


def _is_a_call(row: Mapping[str, str]) -> bool:
    """Say whether a row is usage of Bedrock: by AWS itself, or as a product of its marketplace."""
    if row[TYPE] != "Usage" or not row[CALLER]:
        return False
    named = json.loads(row[PRODUCT] or "{}").get("product_name", "")
    return "Bedrock" in row[PRODUCT_CODE] or "Bedrock" in named
