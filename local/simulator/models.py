"""Bedrock model identifiers, as `modelId` accepts them."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from local.simulator.refusals import invalid, not_found

_GEOGRAPHIES = ("us", "eu", "apac", "jp", "au", "ca", "in", "sa", "us-gov", "global")
_ID = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,4}(:[a-z0-9]{1,63}){0,2}")
_FOUNDATION_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]{1,20}::foundation-model/(.+)")
_PROFILE_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]{1,20}:\d{12}:inference-profile/(.+)")


@dataclass(frozen=True, slots=True)
class Model:
    """A model that was asked for: `id` keeps its geography (`us.…`), `base` does not.

    `listed` is what the price list knows it by: its id; for a resource of the account, the id that
    it stands for. `hourly` is capacity that is paid for by the hour, so a call costs nothing.
    """

    id: str
    base: str
    listed: str = ""
    hourly: bool = False


Resources = Callable[[str], Model | None]
"""The account's own resources, by what may stand in a path: an ARN, or a name."""


def no_resources(_identifier: str) -> Model | None:
    return None


def parse(identifier: str) -> Model:
    """Read a foundation model's or system inference profile's id or ARN.

    Raises Refusal for anything else: other ARNs name resources that this account does not have.
    """
    for arn in (_FOUNDATION_ARN, _PROFILE_ARN):
        if match := arn.fullmatch(identifier):
            return _from_id(match[1])
    if identifier.startswith("arn:"):
        raise not_found(
            "Could not resolve the foundation model from the provided model identifier."
        )
    return _from_id(identifier)


def _from_id(identifier: str) -> Model:
    if not _ID.fullmatch(identifier):
        raise invalid("The provided model identifier is invalid.")
    geography, _, rest = identifier.partition(".")
    profile = geography in _GEOGRAPHIES and "." in rest
    return Model(identifier, rest if profile else identifier)
