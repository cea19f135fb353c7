"""The report in a process of its own, and what it took: with what a Lambda has, and no more.

By boto3; or from answers that were kept (`bench.report_answers`), without a network. A reply is
then parsed from its JSON, as boto3 does. An answer is found again by the very question: the query,
its window and the page.
"""

import hashlib
import json
import sys
import time
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting import daily
from chalicelib.settings import Settings

NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY: Final = NOON.date()
REGION: Final = "us-east-1"
SETTINGS: Final = Settings(
    region=REGION,
    tenants_table="tenants",
    reports_bucket="reports",
    payloads_bucket="payloads",
    stage="bench",
    usage_log_groups=("usage",),
)


@dataclass
class ReplayedLogs:
    """A `logs` client that answers from files; a reply is parsed from its JSON, as boto3 does."""

    answers: Path

    def start_query(self, **request: Any) -> dict[str, Any]:
        return self._kept(question(request))

    def get_query_results(self, **request: Any) -> dict[str, Any]:
        return self._kept(page(request))

    def _kept(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads((self.answers / name).read_bytes())
        return answer


@dataclass
class Bucket:
    """An `s3` client that takes what it is given, and holds nothing of it but its size."""

    sizes: dict[str, int] = field(default_factory=Counter)

    def put_object(self, **request: Any) -> dict[str, str]:
        self.sizes[request["Key"]] = len(request["Body"])
        return {"ETag": "etag"}

    def create_multipart_upload(self, **request: Any) -> dict[str, str]:
        self.sizes[request["Key"]] = 0
        return {"UploadId": "upload"}

    def upload_part(self, **request: Any) -> dict[str, str]:
        self.sizes[request["Key"]] += len(request["Body"])
        return {"ETag": "etag"}

    def complete_multipart_upload(self, **_: Any) -> dict[str, str]:
        return {"ETag": "etag"}

    def delete_object(self, **_: Any) -> None:
        return None

    def list_objects_v2(self, **_: Any) -> dict[str, Any]:
        return {}

    def get_object(self, **_: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")


def question(request: dict[str, Any]) -> str:
    return _name(*(request[name] for name in ("queryString", "startTime", "endTime")))


def page(request: dict[str, Any]) -> str:
    return _name(request["queryId"], request.get("nextToken"))


def _name(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def report(logs: Any, s3: Any) -> None:
    with redirect_stdout(StringIO()):  # its metric lines are not our figures
        daily.report(
            DAY,
            logs=logs,
            s3=s3,
            settings=SETTINGS,
            book=PriceBook.load(),
            now=NOON + timedelta(days=1),
            remaining_ms=lambda: 900_000,
        )


def measure(answers: str) -> None:
    """Report once, and print the CPU's ms and the memory in MB.

    By boto3 where no folder of answers is given.
    """
    logs = ReplayedLogs(Path(answers)) if answers else boto3.client("logs", REGION)
    s3 = Bucket() if answers else boto3.client("s3", REGION)
    idle_mb = memory_mb("VmRSS")
    began = time.process_time()
    report(logs, s3)
    ms = (time.process_time() - began) * 1000
    print(json.dumps({"ms": ms, "idle_mb": idle_mb, "peak_mb": memory_mb("VmHWM")}))


def memory_mb(name: str) -> float:
    """This process's memory: now (VmRSS), or the most that it ever held (VmHWM)."""
    status = Path("/proc/self/status").read_text().splitlines()
    lines = dict(line.split(":", 1) for line in status)
    return int(lines[name].split()[0]) / 1024


if __name__ == "__main__":
    measure(sys.argv[1])
