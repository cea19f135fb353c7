"""What a request gives a model to look at or listen to, counted: no answer of a model does it.

A picture is a picture wherever it lies. How long a video or a recording plays is known only of one
that stands in the request itself: what lies in S3 is not fetched to be measured.
"""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.metering.durations import milliseconds
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.usage import NO_USAGE, Usage, count

UNITS: Mapping[str, str] = {"video": "input_video_ms", "audio": "input_audio_ms"}


def pictures(number: int, variant: str = "none") -> Metered:
    return Metered(Usage(input_images=number), "derived", variant=variant)


def played(kind: str, encoded: object, so_far: Usage = NO_USAGE) -> Metered:
    """Add how long media in base64 plays; `kind` is `video` or `audio`."""
    duration = count(milliseconds(encoded)) if isinstance(encoded, str) else None
    if duration is None:
        return unknown("media_duration", so_far)
    return Metered(replace(so_far, **{UNITS[kind]: duration}), "derived")
