"""What people are told once a day is reported, or could not be."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import metrics
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.notices import completeness, spend
from chalicelib.reporting.notices.notices import Notice, Notices
from chalicelib.reporting.notices.unpriced import unpriced
from chalicelib.reporting.reported_day import ReportedDay, manifest_key
from chalicelib.settings import Settings

log = logging.getLogger("tollgate.notices")


def after_report(
    notices: Notices, reported: ReportedDay, manifest: Manifest, settings: Settings
) -> None:
    """Tell what the report of a day found that a person has to see to, each cause once.

    The report stands whether anybody can be told or not, so nothing of SNS or S3 is raised. The
    metric NoticesFailed says that not all was told; the next report of the day tells it.
    """
    tell(notices, settings, reported.day, _found(notices, reported, manifest, settings))


def not_reported(notices: Notices, settings: Settings, failed: Mapping[date, str]) -> None:
    """Tell which days could not be reported, and why; one that has a report keeps that."""
    for day, why in failed.items():
        if notices and notices.store.read(manifest_key(day)) is None:
            tell(notices, settings, day, (completeness.missing(day, why),))


def _found(
    notices: Notices, reported: ReportedDay, manifest: Manifest, settings: Settings
) -> Iterator[Notice | None]:
    yield completeness.incomplete(reported, manifest, settings.reports_bucket)
    yield unpriced(reported, notices.today())
    earlier = spend.before(notices.store, reported.day)
    factor, minimum = settings.spend_alert_factor, settings.spend_alert_minimum
    rises = spend.rises(reported.costs, earlier, factor, minimum)
    yield spend.spend(reported.day, rises, earlier)


def tell(notices: Notices, settings: Settings, day: date, found: Iterable[Notice | None]) -> None:
    """Tell what was found of a day. What of it was not told is a metric, and no error."""
    if not notices:
        return
    failed = 1
    try:
        for notice in filter(None, found):
            notices.tell(day, notice.cause, notice.subject, notice.text)
        failed = 0
    except (ClientError, BotoCoreError) as error:
        log.error("what was found of %s was not told: %s", day, type(error).__name__)
    metrics.emit(settings.stage, NoticesFailed=failed)
