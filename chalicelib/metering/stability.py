"""Stability models: each picture returned that no filter took.

Source: Amazon Bedrock user guide, "Stability AI models": Stable Diffusion XL, Stable Diffusion 3
and 3.5, Stable Image Core and Ultra, and the Stable Image edit, upscale and control services.
"""

from collections.abc import Callable

from chalicelib.metering.exchange import Exchange, at
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.pictures import Size, size_in, size_of
from chalicelib.metering.usage import Usage, count

DEFAULT_STEPS = 30
STEPS_CLASS_LIMIT = 50
SDXL_REASONS = frozenset({"SUCCESS", "ERROR", "CONTENT_FILTERED"})


def meter(exchange: Exchange) -> Metered:
    """One price a picture. `finish_reasons` holds null for a picture that was made."""
    if not exchange.complete:
        return unknown("body_cut")
    sizes = _made(exchange, _unfiltered)
    if sizes is None:
        return unknown("images_unreadable")
    return _counted(sizes)


def meter_sdxl(exchange: Exchange) -> Metered:
    """Priced by the steps asked for: up to 50, or more."""
    if not exchange.complete:
        return unknown("body_cut")
    sizes = _made(exchange, _successful)
    if sizes is None:
        return unknown("images_unreadable")
    steps = _steps(exchange.request_json)
    if steps is None:
        return unknown("image_steps")
    variant = "steps_le50" if steps <= STEPS_CLASS_LIMIT else "steps_gt50"
    return _counted(sizes, variant, steps)


def _made(
    exchange: Exchange, pictures_in: Callable[[object], list[str] | None]
) -> list[Size | None] | None:
    """Return the size of each picture that was made, or None where they cannot be counted."""
    alone = size_in(exchange.response)
    if alone is not None:
        return [alone]
    pictures = pictures_in(exchange.response_json)
    return None if pictures is None else [size_of(picture) for picture in pictures]


def _counted(sizes: list[Size | None], variant: str = "none", steps: int = 0) -> Metered:
    size = sizes[0] if len(set(sizes)) == 1 else None
    width, height = size or (0, 0)
    return Metered(
        Usage(images=len(sizes)),
        "body",
        variant=variant,
        image_width=width,
        image_height=height,
        image_steps=steps,
    )


def _unfiltered(answer: object) -> list[str] | None:
    reasons, images = at(answer, "finish_reasons"), at(answer, "images")
    if not isinstance(reasons, list) or not reasons:
        return None
    if not images and all(isinstance(reason, str) for reason in reasons):
        return []  # an answer that was filtered whole may carry no images
    if not isinstance(images, list) or len(images) != len(reasons):
        return None
    made = [image for image, reason in zip(images, reasons, strict=True) if reason is None]
    return made if all(isinstance(image, str) and image for image in made) else None


def _successful(answer: object) -> list[str] | None:
    artifacts = at(answer, "artifacts")
    if not isinstance(artifacts, list):
        return None
    made: list[str] = []
    for artifact in artifacts:
        reason, picture = at(artifact, "finishReason"), at(artifact, "base64")
        if not isinstance(reason, str) or reason not in SDXL_REASONS:
            return None
        if reason == "SUCCESS":
            if not isinstance(picture, str) or not picture:
                return None
            made.append(picture)
    return made


def _steps(request: object) -> int | None:
    if not isinstance(request, dict):
        return None
    steps = request.get("steps")
    return DEFAULT_STEPS if steps is None else count(steps) or None
