"""One of a month's commands in a process of its own, and what it took."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bench.folder_bucket import FolderBucket
from bench.month_days import ADJUSTED, CLOSED_AT, MODELS, MONTH, prices
from bench.report_process import SETTINGS, memory_mb
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting import rerating
from chalicelib.reporting.months import closing
from chalicelib.reporting.months.balance import balance
from chalicelib.reporting.store import ReportStore
from ops.month_page.page import render
from ops.month_page.reading import read_month

DEARER: Final = 1
_ALL_BUT_ONE: Final = MODELS - 1


def close(bucket: FolderBucket) -> dict[str, Any]:
    """Close the month of days that are reported, each of which would be reported as it is."""
    store = ReportStore(bucket, "reports")
    done = closing.close(MONTH, store=store, report=_as_it_is, clock=lambda: CLOSED_AT)
    return {"rows": done.rows, "total_cost": done.totals["total_cost"]}


def adjust(bucket: FolderBucket) -> dict[str, Any]:
    """Rate a day again, each of whose rows has another price."""
    return _rated_again(bucket, prices(DEARER), CLOSED_AT)


def again(bucket: FolderBucket) -> dict[str, Any]:
    """Rate it once more a day later: each row has an adjustment, and one model's price moves."""
    return _rated_again(bucket, prices(DEARER, models=_ALL_BUT_ONE), CLOSED_AT + timedelta(days=1))


def show(bucket: FolderBucket) -> dict[str, Any]:
    found = balance(ReportStore(bucket, "reports"), MONTH)
    if any(found.out_by):
        raise SystemExit(f"the books are out by {found.out_by}")
    sums = (found.booked[-1], found.adjusted[-1], found.now[-1])
    return {"closed + adjusted = now": [str(each) for each in sums]}


def page(bucket: FolderBucket) -> dict[str, Any]:
    made = render(read_month(MONTH, ReportStore(bucket, "reports"), "bench", CLOSED_AT))
    (bucket.written / "page.html").write_bytes(made)
    return {"page_kb": len(made) // 1024}


COMMANDS: Final[Mapping[str, Callable[[FolderBucket], dict[str, Any]]]] = {
    each.__name__: each for each in (close, adjust, again, show, page)
}


def _rated_again(bucket: FolderBucket, book: PriceBook, at: datetime) -> dict[str, Any]:
    made = rerating.rerate(ADJUSTED, s3=bucket, settings=SETTINGS, book=book, clock=lambda: at)
    return {"rows": made.adjustments}


def _as_it_is(_: date) -> Any:
    return None


def main(name: str, kept: str, written: str) -> None:
    idle_mb, began = memory_mb("VmRSS"), time.perf_counter()
    said = COMMANDS[name](FolderBucket(Path(kept), Path(written)))
    took = {"seconds": time.perf_counter() - began, "cpu_s": time.process_time()}
    memory = {"idle_mb": idle_mb, "peak_mb": memory_mb("VmHWM")}
    print(json.dumps({"said": said, **took, **memory}))


if __name__ == "__main__":
    main(*sys.argv[1:])
