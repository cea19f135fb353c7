"""Amazon Titan Image Generator and Nova Canvas: one request schema, two price tables.

Bedrock user guide, "Amazon Titan Image Generator G1 models"; Amazon Nova user guide, "Generating
images". Neither sends count headers, and the body holds only pictures. Where a task works on a
given picture, the answer has that picture's size and `width` and `height` are not looked at.
Pictures that the content filter withholds are missing from `images`, and `error` says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.simulator import pictures
from local.simulator.calls import Ask, Counts, Reply, optional
from local.simulator.refusals import malformed

Size = tuple[int, int]

_MOST_PICTURES = 5
_CONFIG = "#/imageGenerationConfig"
_FILTERED = (
    "Some of the generated images have been blocked by our content filters and are not returned."
)


@dataclass(frozen=True, slots=True)
class _Task:
    params: str  # where the task's own parameters stand
    requires: tuple[str, ...]  # … and which of them must be there
    source: str | None = None  # the given picture whose size the answer takes


_TASKS = {
    "TEXT_IMAGE": _Task("textToImageParams", ("text",)),
    "COLOR_GUIDED_GENERATION": _Task("colorGuidedGenerationParams", ("colors",)),
    "IMAGE_VARIATION": _Task("imageVariationParams", ("images",)),
    "INPAINTING": _Task("inPaintingParams", ("image",), "image"),
    "OUTPAINTING": _Task("outPaintingParams", ("image",), "image"),
    "BACKGROUND_REMOVAL": _Task("backgroundRemovalParams", ("image",), "image"),
}
_CANVAS_TASKS = _TASKS | {
    "VIRTUAL_TRY_ON": _Task(
        "virtualTryOnParams", ("sourceImage", "referenceImage", "maskType"), "sourceImage"
    ),
}

_PRICED_AS_512 = frozenset(
    {
        *((512, 512), (768, 768), (384, 576), (576, 384), (384, 640), (640, 384)),
        *((448, 576), (576, 448), (384, 704), (704, 384), (320, 704), (704, 320)),
    }
)
TITAN_SIZES = _PRICED_AS_512 | {
    *((1024, 1024), (1152, 640), (1173, 640), (768, 1152), (1152, 768), (768, 1280), (1280, 768)),
    *((896, 1152), (1152, 896), (768, 1408), (1408, 768), (640, 1408), (1408, 640)),
}
"""The sizes that Titan makes, and those whose "price equivalent" the guide gives as 512 x 512."""

CANVAS_SIDES = range(320, 4_097, 16)
CANVAS_PIXELS = 4_194_304


def titan(ask: Ask) -> Reply:
    return _generate(ask, _TASKS, _check_titan_size, _titan_class)


def canvas(ask: Ask) -> Reply:
    return _generate(ask, _CANVAS_TASKS, _check_canvas_size, _canvas_class)


def _titan_class(size: Size, quality: str) -> str:
    small = size in _PRICED_AS_512 or max(size) <= 512
    return f"{'le512' if small else 'gt512'}/{quality}"


def _canvas_class(size: Size, quality: str) -> str:
    return f"{'le1024' if size[0] * size[1] <= 1024 * 1024 else 'le2048'}/{quality}"


def _check_titan_size(size: Size) -> None:
    if size not in TITAN_SIZES:
        raise malformed(f"#/imageGenerationConfig: {size[0]}x{size[1]} is not a permissible size")


def _check_canvas_size(size: Size) -> None:
    if any(side not in CANVAS_SIDES for side in size) or size[0] * size[1] > CANVAS_PIXELS:
        raise malformed(f"#/imageGenerationConfig: {size[0]}x{size[1]} is not a permissible size")


def _generate(
    ask: Ask,
    tasks: Mapping[str, _Task],
    check_size: Callable[[Size], None],
    price_class: Callable[[Size, str], str],
) -> Reply:
    task = tasks.get(ask.required("taskType", str))
    if task is None:
        raise malformed(f"#/taskType: {ask.payload['taskType']} is not a valid enum value")
    params = ask.required(task.params, dict)
    for name in task.requires:
        if name not in params:
            raise malformed(f"#/{task.params}: required key [{name}] not found")
    if isinstance(params.get("text"), str):
        ask.scribe.read(params["text"])
    config = ask.optional("imageGenerationConfig", dict, {})
    size = _size(task, params, config, check_size)
    quality = optional(config, "quality", str, "standard", _CONFIG)
    if quality not in ("standard", "premium"):
        raise malformed(f"#/imageGenerationConfig/quality: {quality} is not a valid enum value")
    wanted = optional(config, "numberOfImages", int, 1, _CONFIG)
    if not 1 <= wanted <= _MOST_PICTURES:
        raise malformed(f"#/imageGenerationConfig/numberOfImages: {wanted} is not between 1 and 5")
    made = _sizes(ask, size, wanted)
    body: dict[str, Any] = {
        "images": [pictures.png(*each, pattern) for pattern, each in enumerate(made)],
        "error": _FILTERED if len(made) < wanted else None,
    }
    return Reply(
        body,
        Counts(images=len(made)),
        price_classes=tuple(price_class(each, quality) for each in made),
        picture={"width": size[0], "height": size[1]},
    )


def _size(
    task: _Task, params: dict[str, Any], config: dict[str, Any], check: Callable[[Size], None]
) -> Size:
    if task.source is None:
        size = (
            optional(config, "width", int, 1024, _CONFIG),
            optional(config, "height", int, 1024, _CONFIG),
        )
        check(size)
        return size
    return pictures.given(params[task.source], f"#/{task.params}/{task.source}")


def _sizes(ask: Ask, size: Size, wanted: int) -> list[Size]:
    """Return the size of each picture that is made and not filtered."""
    other = (size[0] // 2, size[1] // 2) if ask.direction.mixed_sizes else size
    return [size, *[other] * (wanted - 1)][: max(0, wanted - ask.direction.filtered)]
