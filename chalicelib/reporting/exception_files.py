"""exceptions.csv: the calls of a day that are not whole, one a row."""

from collections.abc import Iterator
from dataclasses import astuple, fields
from datetime import date
from typing import Final

from chalicelib.reporting.csv_writer import chunks
from chalicelib.reporting.exceptions import ExceptionRow
from chalicelib.reporting.reported_day import CSV, File, ReportedDay

COLUMNS: Final = tuple(field.name for field in fields(ExceptionRow))


def exceptions_key(day: date) -> str:
    return f"exceptions/date={day}/exceptions.csv"


def files(reported: ReportedDay) -> Iterator[File]:
    """Make the day's exceptions.csv; a day without any has its header alone."""
    yield File(
        exceptions_key(reported.day),
        CSV,
        lambda: chunks(COLUMNS, map(astuple, reported.exceptions)),
    )
