"""Causes: why a number here and AWS's are not the same, in words and with what to do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Cause(StrEnum):
    """The values stand in the column `cause`; a row may have several, joined by `+`."""

    BYPASS = "bypass"
    MISSING_RECORDS = "missing_records"
    CUT_STREAM = "cut_stream"
    MIDNIGHT = "midnight"
    AWS_LESS = "aws_less"
    STALE_PRICE = "stale_price"
    WRONG_TIER = "wrong_tier"
    NO_PRICE = "no_price"
    UNKNOWN_NAME = "unknown_name"
    CAPACITY = "capacity"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class About:
    one: str  # what was found, of one
    several: str  # and of a number
    hint: str  # what to do; no comma or quote, for it is a cell of a CSV


ABOUT: Final[Mapping[Cause, About]] = MappingProxyType(
    {
        Cause.BYPASS: About(
            "a direct call that bypassed the gateway",
            "{} direct calls that bypassed the gateway",
            "find the caller in CloudTrail by model and day; deny others the model",
        ),
        Cause.MISSING_RECORDS: About(
            "a call whose record is missing",
            "{} calls whose records are missing",
            "see the orphaned and lost of the manifest; report the day again",
        ),
        Cause.CUT_STREAM: About(
            "a cut answer whose rest was billed",
            "{} cut answers whose rest was billed",
            "listed as partial or unknown; AWS bills what was written after the cut",
        ),
        Cause.MIDNIGHT: About(
            "a call over midnight",
            "{} counts of calls over midnight",
            "AWS counts a call when it ends: the other day has what this one lacks",
        ),
        Cause.AWS_LESS: About(
            "a count that is higher here",
            "{} counts that are higher here",
            "AWS's counters may be late: reconcile the day again; else check its records",
        ),
        Cause.STALE_PRICE: About(
            "a stale price",
            "{} stale prices",
            "AWS charged another price: correct the price row and rate the month again",
        ),
        Cause.WRONG_TIER: About(
            "usage under a wrong tier",
            "{} usages under a wrong tier",
            "the same usage is billed under another tier; geography or variant",
        ),
        Cause.NO_PRICE: About(
            "usage without a price",
            "{} usages without a price",
            "add the price row and rate the month again",
        ),
        Cause.UNKNOWN_NAME: About(
            "a name on AWS's bill that is not known",
            "{} names on AWS's bill that are not known",
            "add the name to chalicelib/pricing/billed_names.py",
        ),
        Cause.CAPACITY: About(
            "capacity bought outside the gateway",
            "{} kinds of capacity bought outside the gateway",
            "find who bought it in CloudTrail: CreateEndpoint or CreateProvisionedModelThroughput",
        ),
        Cause.UNEXPLAINED: About(
            "an unexplained difference",
            "{} unexplained differences",
            "no cause is known: hold the calls of the day against CloudTrail",
        ),
    }
)

EXPLAINED: Final = frozenset({Cause.MIDNIGHT, Cause.CUT_STREAM})
"""What the day's own report lists already, or the next day settles: nobody is called for it."""


def joined(causes: tuple[Cause, ...]) -> str:
    return "+".join(causes)


def hints(causes: tuple[Cause, ...]) -> str:
    return " | ".join(ABOUT[cause].hint for cause in causes)


def told(cause: Cause, number: int) -> str:
    """Say what was found so many times."""
    about = ABOUT[cause]
    return about.one if number == 1 else about.several.format(number)
