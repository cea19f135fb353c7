"""TwelveLabs: Marengo embeds text, pictures, sound and video; Pegasus talks about a video.

Source: Amazon Bedrock user guide, "TwelveLabs Marengo Embed 2.7", "… 3.0", "TwelveLabs Pegasus
1.2"; Amazon Bedrock pricing: Marengo per text request, per image, per second of audio and of
video; Pegasus per second of video and per token of output.
"""

from collections.abc import Mapping

from chalicelib.metering import bedrock_headers, media_inputs
from chalicelib.metering.exchange import Exchange, at
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.usage import Usage

MARENGO: Mapping[str, Usage] = {
    "text": Usage(queries=1),
    "image": Usage(input_images=1),
    "text_image": Usage(queries=1, input_images=1),
}
"""What each `inputType` is billed for that needs no measuring."""

_PARTS = ("startSec", "endSec", "lengthSec")  # only a part of the media is processed


def meter_marengo(exchange: Exchange) -> Metered:
    return marengo(exchange.request_json)


def marengo(model_input: object) -> Metered:
    """Derive what one input is billed, of InvokeModel's body or an asynchronous job's modelInput.

    Version 2.7 has the input's fields beside `inputType`, version 3.0 in a member of its name.
    """
    kind = at(model_input, "inputType")
    if not isinstance(kind, str):
        return unknown("input_kind")
    if kind in MARENGO:
        return Metered(MARENGO[kind], "derived")
    if kind not in media_inputs.UNITS:
        return unknown("input_kind")
    of_its_own = at(model_input, kind)
    given = model_input if of_its_own is None else of_its_own
    if any(at(given, part) is not None for part in _PARTS):
        return unknown("media_duration")
    return media_inputs.played(kind, at(given, "mediaSource", "base64String"))


def meter_pegasus(exchange: Exchange) -> Metered:
    """The video of the request, and the output that Bedrock's header counts."""
    output = bedrock_headers.output_tokens(exchange.headers)
    if output is None:
        return unknown("no_exact_counts")
    video = at(exchange.request_json, "mediaSource", "base64String")
    return media_inputs.played("video", video, Usage(output_tokens=output))
