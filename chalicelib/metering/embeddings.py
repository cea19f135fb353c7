"""Embedding models that read pictures as well as text.

Bedrock counts their text tokens. The pictures, billed one by one, it reports nowhere: they are
counted in the request, and the reading is `derived`.
"""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.metering import text
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
    metered = text.meter(_COHERE, exchange)
    return _with_pictures(metered, exchange, b"image", _cohere_pictures)


_COHERE = replace(text.HEADERS_ONLY, writes_text=False)


def _with_pictures(
    metered: Metered,
    exchange: Exchange,
    mark: bytes,
    pictures_in: Callable[[object], int | None],
) -> Metered:
    # A request without the mark has no picture: most are spared the parsing.
    if metered.usage_source == "none" or mark not in exchange.request:
        return metered
    pictures = pictures_in(exchange.request_json)
    if pictures is None:
        return unknown("input_images")
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
