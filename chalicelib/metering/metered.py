"""Metered: what one provider call used, where that stood, and what selects its price."""

from dataclasses import dataclass

from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.usage_record import UsageSource


@dataclass(frozen=True, slots=True)
class Metered:
    """The reading of one answered call, ready for its usage record."""

    usage: Usage
    usage_source: UsageSource
    tier: str = "default"  # as served
    variant: str = "none"  # the billed class, out of the family's own table
    image_width: int = 0  # pixels; for people, as are the next two: the variant sets the price
    image_height: int = 0
    image_steps: int = 0
    problem: str = ""  # why the provider's own counts could not be used: a short code for the log


def unknown(problem: str, so_far: Usage = NO_USAGE) -> Metered:
    """Say that a call was sent and that its cost is not known, but for what was counted `so_far`.

    That is charged: a tenant who hides a part from us does not get the rest for nothing.
    """
    return Metered(so_far, "none", problem=problem)


TOKENS_COUNTED = Metered(NO_USAGE, "body", variant="count_tokens")
"""No model ran, and nothing is billed. A class of its own: AWS counts it as no invocation."""

DEFERRED = Metered(NO_USAGE, "deferred")
"""A job was started: it is billed when it ends, by a call of its own."""
