"""Stability AI: Stable Image (SD3, Core, Ultra) and Stable Diffusion XL 1.0.

Bedrock user guide, "Stability.ai models". No count headers. What the content filter withholds is
said per picture: a reason in `finish_reasons` (null where all is well), `CONTENT_FILTERED` in an
artifact. Stable Image is priced each, SDXL by steps.
"""

from local.simulator import pictures
from local.simulator.calls import Ask, Counts, Reply
from local.simulator.refusals import malformed

_SIZES = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "21:9": (1536, 640),
    "2:3": (832, 1216),
    "3:2": (1216, 832),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
    "9:16": (768, 1344),
    "9:21": (640, 1536),
}
_FILTERED = "Filter reason: output image"
_DEFAULT_STEPS, _MOST_STEPS, _CHEAP_STEPS = 30, 150, 50
_MOST_SAMPLES = 10
_SDXL_SIDES = range(320, 1_537, 64)


def stable_image(ask: Ask) -> Reply:
    ask.scribe.read(ask.required("prompt", str))
    ratio = ask.optional("aspect_ratio", str, "1:1")
    if ratio not in _SIZES:
        raise malformed(f"#/aspect_ratio: {ratio} is not a valid enum value")
    size = _SIZES[ratio]
    if ask.optional("mode", str, "text-to-image") == "image-to-image":
        size = pictures.given(ask.required("image", str), "#/image")
    return one_picture(ask, size)


def one_picture(ask: Ask, size: tuple[int, int]) -> Reply:
    """Answer with a picture of that size, or with the reason why it was withheld."""
    filtered = ask.direction.filtered > 0
    body = {
        "seeds": [ask.scribe.digest % 2**32],
        "finish_reasons": [_FILTERED if filtered else None],
        "images": ["" if filtered else pictures.png(*size)],
    }
    return Reply(
        body,
        Counts(images=0 if filtered else 1),
        price_classes=() if filtered else ("each",),
        picture={"width": size[0], "height": size[1]},
    )


def sdxl(ask: Ask) -> Reply:
    prompts = ask.required("text_prompts", list)
    if not prompts or not all(
        isinstance(p, dict) and isinstance(p.get("text"), str) for p in prompts
    ):
        raise malformed("#/text_prompts/0: required key [text] not found")
    for prompt in prompts:
        ask.scribe.read(prompt["text"])
    width, height = ask.optional("width", int, 1024), ask.optional("height", int, 1024)
    if "init_image" in ask.payload:
        width, height = pictures.given(ask.required("init_image", str), "#/init_image")
    elif any(side not in _SDXL_SIDES for side in (width, height)):
        raise malformed(f"#: {width}x{height} is not a permissible size")
    steps = ask.optional("steps", int, _DEFAULT_STEPS)
    if not 10 <= steps <= _MOST_STEPS:
        raise malformed(f"#/steps: {steps} is not between 10 and {_MOST_STEPS}")
    samples = ask.optional("samples", int, 1)
    if not 1 <= samples <= _MOST_SAMPLES:
        raise malformed(f"#/samples: {samples} is not between 1 and {_MOST_SAMPLES}")
    good = max(0, samples - ask.direction.filtered)
    artifacts = [
        {
            "seed": (ask.scribe.digest + i) % 2**32,
            "base64": pictures.png(width, height, i),
            "finishReason": "SUCCESS" if i < good else "CONTENT_FILTERED",
        }
        for i in range(samples)
    ]
    price_class = "steps_le50" if steps <= _CHEAP_STEPS else "steps_gt50"
    return Reply(
        {"result": "success", "artifacts": artifacts},
        Counts(images=good),
        price_classes=(price_class,) * good,
        picture={"width": width, "height": height, "steps": steps},
    )
