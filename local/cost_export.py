"""A CUR 2.0 export, as Data Exports delivers it: gzipped CSV in S3, a month overwritten each time.

Sources: AWS Data Exports user guide, "Understanding export delivery" (`<prefix>/<export>/data/
BILLING_PERIOD=YYYY-MM/`) and "CUR 2.0 table dictionary"; the column of the caller is there where
the export says INCLUDE_IAM_PRINCIPAL_DATA.
"""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from local.invoice import InvoiceLine
from local.project import ACCOUNT

COLUMNS = (
    *("bill_billing_period_start_date", "line_item_usage_account_id", "line_item_line_item_type"),
    *("line_item_usage_start_date", "line_item_usage_end_date", "line_item_product_code"),
    *("line_item_usage_type", "line_item_operation", "line_item_resource_id"),
    *("line_item_usage_amount", "line_item_unblended_cost", "line_item_iam_principal"),
    *("product", "product_region_code"),
)


def deliver(s3: Any, location: str, month: str, lines: Iterable[InvoiceLine]) -> str:
    """Put a month's (`2026-11`) lines where `location` says, and return the key."""
    place = urlsplit(location)
    folder = place.path.strip("/")
    key = f"{folder}/data/BILLING_PERIOD={month}/{folder.rpartition('/')[2]}-00001.csv.gz"
    rows = [_row(line) for line in lines if f"{line.day:%Y-%m}" == month]
    s3.put_object(Bucket=place.netloc, Key=key, Body=_content([*rows, *_no_usage(month)]))
    return key


def _content(rows: Iterable[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *rows])
    return gzip.compress(text.getvalue().encode())


def _row(line: InvoiceLine) -> tuple[str, ...]:
    hour = line.at.replace(minute=0, second=0, microsecond=0)
    product = {"product_name": line.model or line.service, "region": line.region}
    return (
        *(f"{line.day:%Y-%m}-01 00:00:00", ACCOUNT, "Usage"),
        *(f"{hour:%F %T}", f"{hour + timedelta(hours=1):%F %T}", line.service.replace(" ", "")),
        *(line.usage_type, "InvokeModelInference", line.resource),
        *(f"{line.quantity:f}", f"{line.usd:f}", line.caller),
        *(json.dumps(product), line.region),
    )


def _no_usage(month: str) -> Iterator[tuple[str, ...]]:
    """Yield what is on a bill as well, and no usage of Bedrock."""
    for kind, code, usd in (("Tax", "AmazonBedrock", "1.9"), ("Usage", "AmazonS3", "0.02")):
        yield (
            *(f"{month}-01 00:00:00", ACCOUNT, kind, f"{month}-01 00:00:00", ""),
            *(code, "", "", "", "1", usd, "", json.dumps({"product_name": code}), ""),
        )
