"""Stability AI Image Services: thirteen ways to change a given picture (Bedrock user guide).

Each makes one picture, and answers as Stable Image does. No count headers. `_Service` says what the
request must hold and how large the answer is.
"""

from dataclasses import dataclass

from local.simulator import pictures
from local.simulator.calls import Ask, Reply
from local.simulator.families import stability
from local.simulator.refusals import malformed

_SIDES = ("left", "right", "up", "down")
_LARGEST = 4_096  # pixels a side, of what an upscaling makes


@dataclass(frozen=True, slots=True)
class _Service:
    requires: tuple[str, ...] = ("image", "prompt")
    pictures: tuple[str, ...] = ("image",)  # of those, which are pictures
    scale: int = 1
    grows: bool = False  # by so many pixels to each side


SERVICES = {
    "stability.stable-conservative-upscale": _Service(scale=4),
    "stability.stable-creative-upscale": _Service(scale=4),
    "stability.stable-fast-upscale": _Service(("image",), scale=4),
    "stability.stable-image-control-sketch": _Service(),
    "stability.stable-image-control-structure": _Service(),
    "stability.stable-image-erase-object": _Service(("image",)),
    "stability.stable-image-inpaint": _Service(),
    "stability.stable-image-remove-background": _Service(("image",)),
    "stability.stable-image-search-recolor": _Service(("image", "prompt", "select_prompt")),
    "stability.stable-image-search-replace": _Service(("image", "prompt", "search_prompt")),
    "stability.stable-image-style-guide": _Service(),
    "stability.stable-outpaint": _Service(("image",), grows=True),
    "stability.stable-style-transfer": _Service(
        ("init_image", "style_image"), ("init_image", "style_image")
    ),
}


def edit(ask: Ask) -> Reply:
    service = next(s for prefix, s in SERVICES.items() if ask.model.base.startswith(prefix))
    for key in service.requires:
        text = ask.required(key, str)
        if key not in service.pictures:
            ask.scribe.read(text)
    width, height = _sizes(ask, service)[0]
    if service.grows:
        left, right, up, down = (_growth(ask, side) for side in _SIDES)
        if not left + right + up + down:
            raise malformed("#: at least one of left, right, up and down must be above 0")
        width, height = width + left + right, height + up + down
    size = (min(width * service.scale, _LARGEST), min(height * service.scale, _LARGEST))
    return stability.one_picture(ask, size)


def _sizes(ask: Ask, service: _Service) -> list[tuple[int, int]]:
    """Return the size of every given picture, once all of them were read."""
    return [pictures.given(ask.payload[key], f"#/{key}") for key in service.pictures]


def _growth(ask: Ask, side: str) -> int:
    pixels: int = ask.optional(side, int, 0)
    if not 0 <= pixels <= 2_000:
        raise malformed(f"#/{side}: {pixels} is not between 0 and 2000")
    return pixels
