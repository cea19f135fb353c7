"""The last daily report: is it there, whole, of the right day, and is everything in it priced?"""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.reported_day import costs_key, manifest_key
from ops.doctor.examined import Examined
from ops.doctor.finding import Finding, note, ok, runbook, wrong

MADE_BY: Final = time(3, 0)
"""UTC. It runs at 02:15 and 02:35; a day that takes more runs is there by 06:00."""
LOOKED_BACK: Final = timedelta(days=35)
GAPS: Final = 7
"""Days of which each must have a report."""
SHOWN: Final = 4


def reports(examined: Examined) -> Iterator[Finding]:
    due = last_due(examined.now())
    days = _reported(examined, due - LOOKED_BACK)
    if not days:
        yield _none_yet(examined, due)
        return
    missing = [each for each in _days_before(due, GAPS) if days[0] <= each and each not in days]
    if missing:
        listed = ", ".join(map(str, missing))
        todo = f"python -m ops report --date {missing[0]}; {runbook('report-missing')}"
        yield wrong("report", f"missing: {listed}; the last is of {days[-1]}", todo)
    manifest, costs = _read(examined, days[-1])
    yield _whole(manifest)
    yield _priced(manifest, costs)


def last_due(now: datetime) -> date:
    """Return the last day whose report must be there by now."""
    today = now.astimezone(UTC)
    return today.date() - timedelta(days=1 if today.time() >= MADE_BY else 2)


def unpriced(costs: bytes) -> Counter[str]:
    """Count the calls to each model of which something has no price."""
    found: Counter[str] = Counter()
    for row in csv.DictReader(costs.decode("utf-8").splitlines()):
        if row["status"] in ("UNPRICED", "PARTLY_PRICED"):
            found[row["model_id"]] += int(row["invocations"])
    return found


def _days_before(due: date, count: int) -> list[date]:
    return [due - timedelta(days=back) for back in range(count - 1, -1, -1)]


def _reported(examined: Examined, since: date) -> list[date]:
    """Return the days that have a manifest, oldest first."""
    listed = examined.client("s3").list_objects_v2(
        Bucket=examined.settings.reports_bucket,
        Prefix="manifests/date=",
        StartAfter=f"manifests/date={since}",
    )
    keys = [each["Key"] for each in listed.get("Contents", ())]
    days = [key.removeprefix("manifests/date=").partition("/")[0] for key in keys]
    return sorted({date.fromisoformat(day) for day in days})


def _none_yet(examined: Examined, due: date) -> Finding:
    """No report is a fault once a day is over on which there were records."""
    group = examined.settings.usage_log_group
    groups = examined.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    made = min((each["creationTime"] / 1000 for each in groups), default=0.0)
    if datetime.fromtimestamp(made, UTC).date() > due:
        return note("report", "none yet; the first is made at 02:15 UTC")
    todo = f"python -m ops report --date {due}; {runbook('report-missing')}"
    return wrong("report", f"none in {LOOKED_BACK.days} days", todo)


def _read(examined: Examined, day: date) -> tuple[Manifest, bytes]:
    s3, bucket = examined.client("s3"), examined.settings.reports_bucket
    return Manifest.from_json(_content(s3, bucket, manifest_key(day))), _content(
        s3, bucket, costs_key(day)
    )


def _content(s3: Any, bucket: str, key: str) -> bytes:
    content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def _whole(manifest: Manifest) -> Finding:
    counted = {
        "orphaned": manifest.orphaned,
        "usage-not-known": manifest.unknown,
        "lost": manifest.lost,
        "foreign": manifest.foreign,
    }
    lacking = {name: count for name, count in counted.items() if count}
    says = f"{manifest.date}: {manifest.started} calls, {manifest.failed} failed"
    if manifest.complete:
        return ok("report", f"{says}, complete")
    listed = ", ".join(f"{count} {name}" for name, count in lacking.items())
    return wrong("report", f"{says}, NOT complete: {listed}", runbook(next(iter(lacking))))


def _priced(manifest: Manifest, costs: bytes) -> Finding:
    if hashlib.sha256(costs).hexdigest() != manifest.csv_sha256:
        todo = f"report it again: python -m ops report --date {manifest.date}"
        return wrong("prices", f"costs.csv of {manifest.date} is not the manifest's", todo)
    found = unpriced(costs)
    if not found:
        return ok("prices", f"everything that was used on {manifest.date} has a price")
    listed = [f"{name} ({calls} calls)" for name, calls in found.most_common(SHOWN)]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return wrong("prices", f"UNPRICED: {', '.join(listed)}{more}", runbook("unpriced"))
