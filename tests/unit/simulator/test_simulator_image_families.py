import random
from contextlib import suppress

import pytest

from local.simulator import pictures
from local.simulator.calls import Direction
from local.simulator.refusals import Refusal

TITAN = "amazon.titan-image-generator-v2:0"
CANVAS = "amazon.nova-canvas-v1:0"
SDXL = "stability.stable-diffusion-xl-v1"
SD3 = "stability.sd3-5-large-v1:0"
TEXT = {"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a river"}}


def sizes(reply):
    return [pictures.size(picture) for picture in reply.body["images"]]


def test_an_answer_holds_as_many_pictures_as_were_asked_for_in_their_size(ask):
    config = {"numberOfImages": 3, "width": 1152, "height": 768}

    reply = ask(TITAN, **TEXT, imageGenerationConfig=config)

    assert sizes(reply) == [(1152, 768)] * 3
    assert reply.counts.images == 3
    assert reply.body["error"] is None
    assert reply.price_classes == ("gt512/standard",) * 3


def test_pictures_send_no_counts_in_headers(ask):
    assert ask(TITAN, **TEXT).counted == ()


def test_one_large_standard_picture_is_the_default(ask):
    reply = ask(CANVAS, **TEXT)

    assert sizes(reply) == [(1024, 1024)]
    assert reply.price_classes == ("le1024/standard",)


@pytest.mark.parametrize(
    ("model_id", "width", "height", "quality", "price_class"),
    [
        (TITAN, 512, 512, "premium", "le512/premium"),
        (TITAN, 768, 768, "standard", "le512/standard"),
        (TITAN, 704, 384, "standard", "le512/standard"),
        (TITAN, 1173, 640, "premium", "gt512/premium"),
        (CANVAS, 2048, 512, "standard", "le1024/standard"),
        (CANVAS, 1040, 1024, "standard", "le2048/standard"),
        (CANVAS, 2048, 2048, "premium", "le2048/premium"),
    ],
)
def test_size_and_quality_make_the_price_class(ask, model_id, width, height, quality, price_class):
    config = {"width": width, "height": height, "quality": quality}

    reply = ask(model_id, **TEXT, imageGenerationConfig=config)

    assert reply.price_classes == (price_class,)


@pytest.mark.parametrize(
    ("model_id", "config"),
    [
        (TITAN, {"width": 1000, "height": 1000}),
        (CANVAS, {"width": 4096, "height": 2048}),
        (CANVAS, {"width": 1025, "height": 1024}),
        (TITAN, {"numberOfImages": 6}),
        (TITAN, {"quality": "best"}),
    ],
)
def test_what_the_model_does_not_make_is_refused(ask, model_id, config):
    with pytest.raises(Refusal):
        ask(model_id, **TEXT, imageGenerationConfig=config)


@pytest.mark.parametrize(
    ("task", "params"),
    [
        ("INPAINTING", "inPaintingParams"),
        ("OUTPAINTING", "outPaintingParams"),
        ("BACKGROUND_REMOVAL", "backgroundRemovalParams"),
    ],
)
def test_a_task_on_a_given_picture_answers_in_that_pictures_size(ask, task, params):
    given = {"image": pictures.png(512, 448)}

    reply = ask(TITAN, taskType=task, **{params: given})

    assert sizes(reply) == [(512, 448)]
    assert reply.price_classes == ("le512/standard",)


def test_canvas_dresses_a_person_in_the_size_of_the_persons_picture(ask):
    given = {
        "sourceImage": pictures.png(1_152, 768),
        "referenceImage": pictures.png(512, 512),
        "maskType": "GARMENT",
        "garmentBasedMask": {"garmentClass": "UPPER_BODY"},
    }
    config = {"numberOfImages": 2, "quality": "premium"}

    reply = ask(
        CANVAS, taskType="VIRTUAL_TRY_ON", virtualTryOnParams=given, imageGenerationConfig=config
    )

    assert sizes(reply) == [(1_152, 768)] * 2
    assert reply.price_classes == ("le1024/premium",) * 2


def test_titan_dresses_nobody(ask):
    with pytest.raises(Refusal):
        ask(TITAN, taskType="VIRTUAL_TRY_ON", virtualTryOnParams={})


@pytest.mark.parametrize("missing", ["sourceImage", "referenceImage", "maskType"])
def test_a_try_on_that_lacks_something_is_refused(ask, missing):
    given = {
        "sourceImage": pictures.png(512, 512),
        "referenceImage": pictures.png(512, 512),
        "maskType": "PROMPT",
    }
    del given[missing]

    with pytest.raises(Refusal):
        ask(CANVAS, taskType="VIRTUAL_TRY_ON", virtualTryOnParams=given)


def test_filtered_pictures_are_missing_and_the_answer_says_so(ask):
    config = {"numberOfImages": 3}

    reply = ask(TITAN, Direction(filtered=2), **TEXT, imageGenerationConfig=config)

    assert len(reply.body["images"]) == reply.counts.images == len(reply.price_classes) == 1
    assert "blocked" in reply.body["error"]


def test_pictures_of_mixed_sizes_are_each_in_their_own_class(ask):
    config = {"numberOfImages": 2}

    reply = ask(TITAN, Direction(mixed_sizes=True), **TEXT, imageGenerationConfig=config)

    assert sizes(reply) == [(1024, 1024), (512, 512)]
    assert reply.price_classes == ("gt512/standard", "le512/standard")


@pytest.mark.parametrize(("steps", "price_class"), [(50, "steps_le50"), (51, "steps_gt50")])
def test_sdxl_is_priced_by_steps(ask, steps, price_class):
    reply = ask(SDXL, text_prompts=[{"text": "a river"}], steps=steps, samples=2)

    assert reply.price_classes == (price_class,) * 2
    assert [a["finishReason"] for a in reply.body["artifacts"]] == ["SUCCESS"] * 2


def test_sdxl_sends_filtered_artifacts_and_does_not_count_them(ask):
    prompts = [{"text": "a river"}]

    reply = ask(SDXL, Direction(filtered=1), text_prompts=prompts, samples=3)

    reasons = [artifact["finishReason"] for artifact in reply.body["artifacts"]]
    assert reasons == ["SUCCESS", "SUCCESS", "CONTENT_FILTERED"]
    assert reply.counts.images == 2


@pytest.mark.parametrize(
    "model_id", [SD3, "stability.stable-image-core-v1:1", "stability.stable-image-ultra-v1:1"]
)
def test_a_stable_image_has_the_size_of_its_aspect_ratio(ask, model_id):
    reply = ask(model_id, prompt="a river", aspect_ratio="16:9")

    assert sizes(reply) == [(1344, 768)]
    assert reply.body["finish_reasons"] == [None]
    assert reply.price_classes == ("each",)


def test_a_filtered_stable_image_names_its_reason_and_counts_nothing(ask):
    reply = ask(SD3, Direction(filtered=1), prompt="a river")

    assert reply.body["finish_reasons"] == ["Filter reason: output image"]
    assert reply.counts.images == 0


@pytest.mark.parametrize(
    ("model_id", "payload"),
    [
        (TITAN, {**TEXT, "imageGenerationConfig": {"numberOfImages": 2}}),
        (TITAN, {"taskType": "INPAINTING", "inPaintingParams": {"image": "iVBO"}}),
        (SDXL, {"text_prompts": [{"text": "a"}], "steps": 20, "width": 512, "init_image": "x"}),
        (SD3, {"prompt": "a", "mode": "image-to-image", "image": "x", "aspect_ratio": "1:1"}),
    ],
)
def test_odd_values_are_refused_or_borne_and_never_break_a_picture_model(ask, model_id, payload):
    odd = [None, True, -1, 0, 1.5, 10**9, "x", [], {}, [1], {"text": 1}, {"width": 10**9}]
    draw = random.Random(model_id)

    for key in payload:
        for value in odd:
            spoiled = {**payload, key: value, draw.choice(["samples", "height"]): draw.choice(odd)}
            with suppress(Refusal):
                ask(model_id, **spoiled)


PICTURE = pictures.png(640, 320)
EDITS = [
    ("stable-conservative-upscale", {"prompt": "a river"}, (2_560, 1_280)),
    ("stable-creative-upscale", {"prompt": "a river"}, (2_560, 1_280)),
    ("stable-fast-upscale", {}, (2_560, 1_280)),
    ("stable-image-control-sketch", {"prompt": "a river"}, (640, 320)),
    ("stable-image-control-structure", {"prompt": "a river"}, (640, 320)),
    ("stable-image-erase-object", {}, (640, 320)),
    ("stable-image-inpaint", {"prompt": "a river"}, (640, 320)),
    ("stable-image-remove-background", {}, (640, 320)),
    ("stable-image-search-recolor", {"prompt": "blue", "select_prompt": "bank"}, (640, 320)),
    ("stable-image-search-replace", {"prompt": "mill", "search_prompt": "bank"}, (640, 320)),
    ("stable-image-style-guide", {"prompt": "a river"}, (640, 320)),
    ("stable-outpaint", {"left": 60, "down": 80}, (700, 400)),
]


@pytest.mark.parametrize(("service", "payload", "size"), EDITS)
def test_a_service_makes_one_picture_of_the_one_that_it_is_given(ask, service, payload, size):
    reply = ask(f"stability.{service}-v1:0", image=PICTURE, **payload)

    assert sizes(reply) == [size]
    assert (reply.counts.images, reply.price_classes, reply.counted) == (1, ("each",), ())


def test_a_style_is_transferred_from_one_picture_to_another(ask):
    reply = ask(
        "stability.stable-style-transfer-v1:0",
        init_image=PICTURE,
        style_image=pictures.png(512, 512),
    )

    assert sizes(reply) == [(640, 320)]


@pytest.mark.parametrize(("service", "payload", "_size"), EDITS)
def test_a_service_refuses_what_is_no_picture(ask, service, payload, _size):
    with pytest.raises(Refusal):
        ask(f"stability.{service}-v1:0", image="iVBO", **payload)


def test_a_picture_that_grows_nowhere_is_refused(ask):
    with pytest.raises(Refusal):
        ask("stability.stable-outpaint-v1:0", image=PICTURE)


def test_a_filtered_edit_counts_nothing(ask):
    reply = ask(
        "stability.stable-image-inpaint-v1:0",
        Direction(filtered=1),
        image=PICTURE,
        prompt="a river",
    )

    assert (reply.counts.images, reply.price_classes) == (0, ())
