"""TwelveLabs: Marengo embeds, Pegasus describes videos (Bedrock user guide, "TwelveLabs models").

Marengo 2.7 has its fields beside `inputType`, Marengo 3.0 in an object of the type's name. It
reports nothing; texts are billed by the request, pictures each, video and sound by how much of
them was worked on. Pegasus reports what it wrote, in the header, and is billed for it and for the
video's length.
"""

import json
from collections.abc import Iterator
from typing import Any

from local.simulator import media, pictures
from local.simulator.calls import Ask, Chunk, Counts, Reply, required
from local.simulator.families import pieces
from local.simulator.refusals import invalid, malformed

_AT_ONCE = ("text", "image", "text_image")
_AS_A_JOB = (*_AT_ONCE, "video", "audio")
_DIMENSIONS = {"twelvelabs.marengo-embed-2": 1_024, "twelvelabs.marengo-embed-3": 512}
_SEGMENT_MS = 6_000


def marengo(ask: Ask) -> Reply:
    """Embed a query at once."""
    counts = _marengo_counts(ask, _AT_ONCE)
    return Reply({"data": [{"embedding": _vector(ask)}]}, counts)


def deferred_marengo(ask: Ask) -> Reply:
    """Answer with what a job leaves in S3: an embedding for each segment."""
    counts = _marengo_counts(ask, _AS_A_JOB)
    length = counts.input_video_ms or counts.input_audio_ms
    segments = [
        {
            "embedding": _vector(ask),
            "startSec": start / 1_000,
            "endSec": min(start + _SEGMENT_MS, length) / 1_000,
        }
        for start in range(0, length or 1, _SEGMENT_MS)
    ]
    output = {"data": segments}
    return Reply(output, counts, files={"output.json": json.dumps(output).encode()})


def pegasus(ask: Ask) -> Reply:
    ask.scribe.read(ask.required("inputPrompt", str))
    length = media.given(ask, ask.required("mediaSource", dict), "#/mediaSource")
    passage = ask.scribe.write(ask.limit("maxOutputTokens"))
    body = {"message": passage.text, "finishReason": "stop" if passage.finished else "length"}
    counts = Counts(output_tokens=passage.tokens, input_video_ms=length)
    return Reply(body, counts, ("output_tokens",), texts=(("message",),), chunks=_told)


def _told(reply: Reply) -> Iterator[Chunk]:
    def word(_number: int, text: str, reason: str | None) -> object:
        return {"message": text, "finishReason": reason}

    return pieces.of(reply, word, [reply.body["finishReason"]])


def _marengo_counts(ask: Ask, kinds: tuple[str, ...]) -> Counts:
    kind = ask.required("inputType", str)
    if kind not in kinds:
        raise malformed(f"#/inputType: {kind} is not a valid enum value")
    given = ask.optional(kind, dict, ask.payload)
    queries = images = 0
    if "text" in kind:
        ask.scribe.read(required(given, "inputText", str))
        queries = 1
    if "image" in kind:
        source = required(given, "mediaSource", dict)
        pictures.given_bytes(media.given_bytes(ask, source, "#/mediaSource"), "#/mediaSource")
        images = 1
    if kind not in ("video", "audio"):
        return Counts(queries=queries, input_images=images)
    length = _worked_on(ask, given)
    return Counts(input_video_ms=length) if kind == "video" else Counts(input_audio_ms=length)


def _worked_on(ask: Ask, given: Any) -> int:
    """Return how much of the media lies between `startSec` and its end as asked for."""
    length = media.given(ask, required(given, "mediaSource", dict), "#/mediaSource")
    start = _milliseconds(given, "startSec", 0)
    end = _milliseconds(given, "endSec", start + _milliseconds(given, "lengthSec", length))
    worked_on = min(end, length) - start
    if worked_on <= 0:
        raise invalid("startSec must be before the end of the media")
    return worked_on


def _milliseconds(given: Any, key: str, fallback: int) -> int:
    seconds = given.get(key)
    if seconds is None:
        return fallback
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e6:
        raise malformed(f"#/{key}: expected a number of seconds")
    return round(seconds * 1_000)


def _vector(ask: Ask) -> list[float]:
    base = ask.model.base
    dimensions = next((n for prefix, n in _DIMENSIONS.items() if base.startswith(prefix)), 512)
    return ask.scribe.vector(dimensions)
