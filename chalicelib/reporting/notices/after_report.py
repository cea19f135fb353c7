"""What people are told once a day is reported, or could not be."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial

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
    metric NoticesFailed says how much was not told; the next run tells it (`tell_left`).
    """
    tell(notices, settings, reported.day, _found(notices, reported, manifest, settings))


def not_reported(notices: Notices, settings: Settings, failed: Mapping[date, str]) -> None:
    """Tell which days could not be reported, and why; one that has a report keeps that."""
    for day, why in failed.items():
        if notices and notices.store.read(manifest_key(day)) is None:
            tell(notices, settings, day, (completeness.missing(day, why),))


def tell_unreported(
    notices: Notices, settings: Settings, day: date, unreported: Mapping[str, int]
) -> None:
    """Tell, in the night after a day, of records that can be in no report, by their own days."""
    metrics.emit(settings.stage, Unreported=sum(unreported.values()))
    if unreported:
        tell(notices, settings, day, (completeness.unreported(day, unreported),))


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
    """Tell what was found of a day. What of it was not told is a metric, and no error.

    One that SNS refuses keeps no other from being told, or from being kept until it is.
    """
    if not notices:
        return
    failed = 0
    try:
        for notice in filter(None, found):
            telling = partial(notices.tell, day, notice.cause, notice.subject, notice.text)
            failed += not _told(telling, str(day))
    except (ClientError, BotoCoreError) as error:
        log.error("what there is to tell of %s was not found: %s", day, type(error).__name__)
        failed += 1
    metrics.emit(settings.stage, NoticesFailed=failed)


def tell_left(notices: Notices, settings: Settings) -> None:
    """Tell what earlier runs began to tell and SNS did not take; as a metric, what is left of it.

    Nothing of SNS or S3 is raised.
    """
    try:
        failed = [_told(telling, "an earlier run") for telling in notices.left()].count(False)
    except (ClientError, BotoCoreError) as error:
        log.error("what earlier runs did not tell was not read: %s", type(error).__name__)
        failed = 1
    if failed:
        metrics.emit(settings.stage, NoticesFailed=failed)


def _told(telling: Callable[[], bool], of: str) -> bool:
    """Say whether a notice needs no telling any more: it is told, or somebody tells it."""
    try:
        telling()
    except (ClientError, BotoCoreError) as error:
        log.error("what was found of %s was not told: %s", of, type(error).__name__)
        return False
    return True
