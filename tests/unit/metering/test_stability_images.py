from base64 import b64decode

import pytest
from exchanges import metered, png

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage

SDXL = "stability.stable-diffusion-xl-v1"
FLAT = [
    "stability.sd3-large-v1:0",
    "stability.sd3-5-large-v1:0",
    "stability.stable-image-core-v1:1",
    "stability.stable-image-ultra-v1:1",
    "us.stability.stable-creative-upscale-v1:0",
    "us.stability.stable-image-inpaint-v1:0",
]
PICTURE = png(1024, 1024)


def artifacts(*reasons: object) -> dict[str, object]:
    return {
        "result": "success",
        "artifacts": [{"seed": 1, "base64": PICTURE, "finishReason": reason} for reason in reasons],
    }


@pytest.mark.parametrize("model_id", FLAT)
def test_an_image_made_is_one_image_at_one_price(model_id):
    body = {"seeds": [2130420379], "finish_reasons": [None], "images": [PICTURE]}
    reading = metered(model_id, body, request={"prompt": "a panda"})
    assert reading == Metered(Usage(images=1), "body", image_width=1024, image_height=1024)


def test_a_filtered_picture_is_not_counted():
    body = {
        "seeds": [1, 2],
        "finish_reasons": [None, "Filter reason: output image"],
        "images": [PICTURE, PICTURE],
    }
    assert metered(FLAT[0], body).usage == Usage(images=1)


@pytest.mark.parametrize(
    "body",
    [
        {"finish_reasons": ["Filter reason: prompt"]},
        {"finish_reasons": ["Filter reason: prompt"], "images": []},
        {"seeds": [1], "finish_reasons": ["Inference error"], "images": [None]},
    ],
)
def test_a_prompt_that_was_filtered_made_no_picture(body):
    assert metered(FLAT[0], body) == Metered(Usage(images=0), "body")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        [],
        {},
        {"images": [PICTURE]},
        {"finish_reasons": [], "images": [PICTURE]},
        {"finish_reasons": [], "images": []},
        {"finish_reasons": [None], "images": [PICTURE, PICTURE]},
        {"finish_reasons": [None, None], "images": [PICTURE]},
        {"finish_reasons": [None], "images": []},
        {"finish_reasons": [None], "images": [None]},
        {"finish_reasons": [None], "images": [""]},
        {"finish_reasons": [None], "images": [5]},
        {"finish_reasons": "None", "images": [PICTURE]},
        {"finish_reasons": [None], "images": PICTURE},
    ],
    ids=lambda body: str(body)[:40],
)
def test_lists_that_do_not_belong_together_are_not_known(body):
    assert metered(FLAT[0], body) == Metered(NO_USAGE, "none", problem="images_unreadable")


@pytest.mark.parametrize(
    ("request_body", "steps", "variant"),
    [
        ({}, 30, "steps_le50"),
        ({"steps": None}, 30, "steps_le50"),
        ({"steps": 10}, 10, "steps_le50"),
        ({"steps": 50}, 50, "steps_le50"),
        ({"steps": 51}, 51, "steps_gt50"),
        ({"steps": 150}, 150, "steps_gt50"),
    ],
)
def test_stable_diffusion_xl_is_priced_by_its_steps(request_body, steps, variant):
    reading = metered(SDXL, artifacts("SUCCESS"), request=request_body)
    assert (reading.usage, reading.usage_source) == (Usage(images=1), "body")
    assert (reading.variant, reading.image_steps) == (variant, steps)


@pytest.mark.parametrize("steps", [-1, 0, 50.5, True, "many", 10**12, [], {}])
def test_steps_that_are_not_a_count_leave_the_price_unknown(steps):
    reading = metered(SDXL, artifacts("SUCCESS"), request={"steps": steps})
    assert reading == Metered(NO_USAGE, "none", problem="image_steps")


def test_only_artifacts_that_succeeded_are_counted():
    body = artifacts("SUCCESS", "CONTENT_FILTERED", "ERROR", "SUCCESS")
    assert metered(SDXL, body, request={}).usage == Usage(images=2)


def test_artifacts_filtered_whole_made_no_image():
    assert metered(SDXL, artifacts("CONTENT_FILTERED"), request={}).usage == Usage(images=0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        {},
        {"artifacts": None},
        {"artifacts": "SUCCESS"},
        {"artifacts": [5]},
        artifacts("NEW_REASON"),
        artifacts(None),
        artifacts([]),
        {"artifacts": [{"finishReason": "SUCCESS"}]},
        {"artifacts": [{"finishReason": "SUCCESS", "base64": 5}]},
    ],
    ids=lambda body: str(body)[:40],
)
def test_an_artifact_of_another_shape_is_not_known(body):
    reading = metered(SDXL, body, request={})
    assert reading == Metered(NO_USAGE, "none", problem="images_unreadable")


@pytest.mark.parametrize("model_id", [SDXL, FLAT[0]])
def test_a_cut_answer_of_pictures_is_not_known(model_id):
    reading = metered(model_id, artifacts("SUCCESS"), request={}, complete=False)
    assert reading == Metered(NO_USAGE, "none", problem="body_cut")


def test_steps_that_are_there_twice_are_priced_at_neither():
    reading = metered(SDXL, artifacts("SUCCESS"), request=b'{"steps":150,"steps":30}')
    assert reading == Metered(NO_USAGE, "none", problem="request_ambiguous")


@pytest.mark.parametrize("model_id", [SDXL, FLAT[0]])
def test_an_answer_that_is_a_picture_is_one_image(model_id):
    reading = metered(model_id, b64decode(PICTURE), request={"steps": 30})
    assert reading.usage == Usage(images=1)
    assert (reading.usage_source, reading.image_width, reading.image_height) == ("body", 1024, 1024)


@pytest.mark.parametrize("model_id", [SDXL, FLAT[0]])
def test_a_picture_that_was_cut_is_not_known(model_id):
    reading = metered(model_id, b64decode(PICTURE), request={}, complete=False)
    assert reading == Metered(NO_USAGE, "none", problem="body_cut")
