"""Embedding models that read pictures, and more, as well as text.

Bedrock counts their text tokens. What else they read it reports nowhere: that is counted in the
request, and the reading is `derived`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.json_text import names
from chalicelib.metering import media_inputs, text
from chalicelib.metering.exchange import Exchange, at
from chalicelib.metering.metered import Metered, unknown


def meter_titan(exchange: Exchange) -> Metered:
    """Titan Multimodal Embeddings: one text, one picture, or both.

    Source: Amazon Bedrock user guide, "Amazon Titan Multimodal Embeddings G1".
    """
    metered = text.meter(text.FAMILIES["titan_embed"], exchange)
    return _with_pictures(metered, exchange, b"inputImage", _titan_pictures)


def meter_cohere(exchange: Exchange) -> Metered:
    """Cohere Embed v3 and v4: the body reports nothing, the header the text's tokens.

    Source: Amazon Bedrock user guide, "Cohere Embed v3", "Cohere Embed v4".
    """
    metered = text.meter(_HEADER, exchange)
    return _with_pictures(metered, exchange, b"image", _cohere_pictures)


NOVA_IMAGES: Mapping[str, str] = {
    "STANDARD_IMAGE": "standard_image",
    "DOCUMENT_IMAGE": "document_image",
}
"""The class that a picture is billed as, by its `detailLevel`."""

_NOVA_INPUTS = ("text", "image", "audio", "video")


def meter_nova(exchange: Exchange) -> Metered:
    """Nova Multimodal Embeddings: one text, picture, recording or video.

    Source: Amazon Nova user guide, "Complete embeddings request and response schema".
    """
    params = at(exchange.request_json, "singleEmbeddingParams")
    if _given(params) == ["text"]:
        return text.meter(_HEADER, exchange)
    metered = nova_media(params)
    if metered.problem != "input_kind":
        return metered
    return unknown("input_kind", text.meter(_HEADER, exchange).usage)


def nova_media(params: object) -> Metered:
    """Derive what a picture, a recording or a video is billed, by the parameters that hold it."""
    given = _given(params)
    kind = given[0] if len(given) == 1 else ""
    source = at(params, kind, "source")
    if kind == "image" and isinstance(source, dict):
        level = at(params, "image", "detailLevel")
        variant = NOVA_IMAGES.get(level if isinstance(level, str) else "")
        variant = NOVA_IMAGES["STANDARD_IMAGE"] if level is None else variant
        return media_inputs.pictures(1, variant) if variant else unknown("image_detail")
    if kind in media_inputs.UNITS:
        return media_inputs.played(kind, at(source, "bytes"))
    return unknown("input_kind")


def _given(params: object) -> list[str]:
    return [name for name in _NOVA_INPUTS if at(params, name) is not None]


_HEADER = replace(text.HEADERS_ONLY, writes_text=False)


def _with_pictures(
    metered: Metered,
    exchange: Exchange,
    mark: bytes,
    pictures_in: Callable[[object], int | None],
) -> Metered:
    # A request without the mark has no picture: most are spared the parsing.
    if metered.usage_source == "none" or not names(exchange.request, mark):
        return metered
    pictures = pictures_in(exchange.request_json)
    if pictures is None:
        return unknown("input_images", metered.usage)
    if pictures == 0:
        return metered
    usage = replace(metered.usage, input_images=pictures)
    return replace(metered, usage=usage, usage_source="derived")


def _titan_pictures(request: object) -> int | None:
    if not isinstance(request, dict):
        return None
    return 1 if request.get("inputImage") else 0


def _cohere_pictures(request: object) -> int | None:
    """Count `images`, a list of pictures, and the `image_url` parts of `inputs`."""
    if not isinstance(request, dict):
        return None
    images, inputs = request.get("images") or [], request.get("inputs") or []
    if not isinstance(images, list) or not isinstance(inputs, list):
        return None
    contents = [at(entry, "content") for entry in inputs]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return len(images) + sum(at(part, "type") == "image_url" for part in parts)
