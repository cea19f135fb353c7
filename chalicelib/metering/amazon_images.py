"""Titan Image Generator and Nova Canvas: each picture returned, by its size and quality.

Source: Amazon Bedrock user guide, "Amazon Titan Image Generator G1 models"; Amazon Nova user
guide, "Image generation and editing"; their classes, the Amazon Bedrock price list.
"""

from collections.abc import Callable

from chalicelib.metering.exchange import Exchange, at
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.pictures import Size, size_in, size_of
from chalicelib.metering.usage import Usage, count

SIZED_BY_REQUEST = frozenset({"TEXT_IMAGE", "COLOR_GUIDED_GENERATION"})
"""Tasks that make a picture of the size asked for, 1024 x 1024 where none is.

IMAGE_VARIATION takes a size as well, but has no default that both guides state. The other tasks
(INPAINTING, OUTPAINTING, BACKGROUND_REMOVAL, VIRTUAL_TRY_ON) follow the picture that came in.
"""
MAY_BE_SIZED = SIZED_BY_REQUEST | {"IMAGE_VARIATION"}
DEFAULT_SIZE = Size(1024, 1024)
QUALITIES = ("standard", "premium")
WHERE = "`images`, and their size, or the request's where they hide it"

_PRICED_AS_512 = frozenset(
    {
        (768, 768),
        (384, 576),
        (384, 640),
        (384, 704),
        (320, 704),
        (448, 576),
        (576, 384),
        (640, 384),
        (704, 384),
        (704, 320),
        (576, 448),
    }
)
"""Titan's sizes that exceed 512 on a side, and whose "price equivalent" is 512 x 512 all the same.

Source: the guide's table of supported sizes.
"""


def titan_class(size: Size) -> str:
    """Return the class of size that Titan Image Generator bills."""
    small = size.width <= 512 and size.height <= 512
    return "le512" if small or size in _PRICED_AS_512 else "gt512"


def canvas_class(size: Size) -> str:
    """Return the class of size that Nova Canvas bills: by area, since sides go up to 4,096."""
    pixels = size.width * size.height
    if pixels <= 1024 * 1024:
        return "le1024"
    return "le2048" if pixels <= 2048 * 2048 else "gt2048"


def meter(class_of: Callable[[Size], str], exchange: Exchange) -> Metered:
    """Count the pictures returned. A filtered one is not returned, whatever was asked for."""
    if not exchange.complete:
        return unknown("body_cut")
    seen = _returned(exchange)
    if seen is None:
        return unknown("images_unreadable")
    if not seen:
        return Metered(Usage(images=0), "body")
    quality = _quality(exchange.request_json)
    if quality is None:
        return unknown("image_quality")
    sizes = _sizes(class_of, _requested_size(exchange.request_json), set(seen))
    known = {size for size in sizes if size}
    if len(known) < len(sizes):
        return unknown("image_size")
    classes = {class_of(size) for size in known}
    variant = f"{classes.pop()}/{quality}" if len(classes) == 1 else "mixed"
    width, height = known.pop() if len(known) == 1 else (0, 0)
    return Metered(
        Usage(images=len(seen)),
        "body",
        variant=variant,
        image_width=width,
        image_height=height,
    )


def _returned(exchange: Exchange) -> list[Size | None] | None:
    """Return each picture's size, as far as its own header says it; None for another shape."""
    alone = size_in(exchange.response)
    if alone is not None:
        return [alone]
    answer = exchange.response_json
    images = at(answer, "images")
    if images is None and isinstance(at(answer, "error"), str):
        return []  # all filtered: `error` says why
    if not isinstance(images, list):
        return None
    pictures = [image for image in images if image is not None]
    if not all(isinstance(image, str) and image for image in pictures):
        return None
    return [size_of(picture) for picture in pictures]


def _quality(request: object) -> str | None:
    if not isinstance(request, dict):
        return None
    quality = at(request, "imageGenerationConfig", "quality")
    if quality is None:
        return "standard"
    return quality if isinstance(quality, str) and quality in QUALITIES else None


def _sizes(
    class_of: Callable[[Size], str], asked: Size | None, seen: set[Size | None]
) -> set[Size | None]:
    """Take a picture's own word for its size, and the request's for one that hides it.

    One of another class proves that the size asked for is not what was made.
    """
    if asked is None or any(size and class_of(size) != class_of(asked) for size in seen):
        return seen
    return {size or asked for size in seen}


def _requested_size(request: object) -> Size | None:
    """Return the size the request fixes, or None where the picture alone tells it."""
    task = at(request, "taskType")
    if not isinstance(task, str) or task not in MAY_BE_SIZED:
        return None
    width = at(request, "imageGenerationConfig", "width")
    height = at(request, "imageGenerationConfig", "height")
    if width is None and height is None:
        return DEFAULT_SIZE if task in SIZED_BY_REQUEST else None
    exact = Size(count(width) or 0, count(height) or 0)
    return exact if exact.width and exact.height else None
