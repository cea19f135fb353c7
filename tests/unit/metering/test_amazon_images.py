from base64 import b64decode

import pytest
from exchanges import metered, png

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage

CANVAS = "amazon.nova-canvas-v1:0"
TITAN = "amazon.titan-image-generator-v2:0"
UNREADABLE = "aGVsbG8gd29ybGQ="


def request(task: str = "TEXT_IMAGE", **config: object) -> dict[str, object]:
    return {"taskType": task, "textToImageParams": {"text": "a"}, "imageGenerationConfig": config}


def answer(*pictures: object) -> dict[str, object]:
    return {"images": list(pictures), "error": None}


def variant_of(model_id: str, task: str = "TEXT_IMAGE", **config: object) -> str:
    return metered(model_id, answer(UNREADABLE), request=request(task, **config)).variant


def test_the_images_returned_are_counted_not_those_asked_for():
    reading = metered(CANVAS, answer(UNREADABLE, UNREADABLE), request=request(numberOfImages=3))
    assert reading == Metered(
        Usage(images=2),
        "body",
        variant="le1024/standard",
        image_width=1024,
        image_height=1024,
    )


def test_half_a_size_is_no_size():
    reading = metered(CANVAS, answer(UNREADABLE), request=request(width=512))
    assert reading == Metered(NO_USAGE, "none", problem="image_size")


def test_three_images_in_one_call_are_three():
    reading = metered(
        TITAN,
        answer(UNREADABLE, UNREADABLE, UNREADABLE),
        request=request(numberOfImages=3, width=512, height=512, quality="premium"),
    )
    assert (reading.usage, reading.variant) == (Usage(images=3), "le512/premium")


def test_a_missing_size_is_the_default_not_the_cheap_one():
    assert variant_of(TITAN) == "gt512/standard"
    assert variant_of(CANVAS) == "le1024/standard"
    assert metered(TITAN, answer(UNREADABLE), request={"taskType": "TEXT_IMAGE"}).variant == (
        "gt512/standard"
    )


@pytest.mark.parametrize(
    ("width", "height", "variant"),
    [
        (512, 512, "le512/standard"),
        (320, 320, "le512/standard"),
        (513, 512, "gt512/standard"),
        (768, 768, "le512/standard"),
        (704, 384, "le512/standard"),
        (384, 640, "le512/standard"),
        (1152, 640, "gt512/standard"),
        (1024, 1024, "gt512/standard"),
    ],
)
def test_titan_bills_two_classes_of_size(width, height, variant):
    assert variant_of(TITAN, width=width, height=height) == variant


@pytest.mark.parametrize(
    ("width", "height", "variant"),
    [
        (1024, 1024, "le1024/premium"),
        (512, 2048, "le1024/premium"),
        (1040, 1024, "le2048/premium"),
        (2048, 2048, "le2048/premium"),
        (1024, 4096, "le2048/premium"),
        (4096, 4096, "gt2048/premium"),
    ],
)
def test_canvas_bills_by_area(width, height, variant):
    assert variant_of(CANVAS, width=width, height=height, quality="premium") == variant


@pytest.mark.parametrize("model_id", [TITAN, CANVAS])
@pytest.mark.parametrize(
    "task", ["INPAINTING", "OUTPAINTING", "BACKGROUND_REMOVAL", "IMAGE_VARIATION", "NEW_TASK"]
)
def test_where_the_request_has_no_size_the_returned_picture_tells_it(model_id, task):
    reading = metered(model_id, answer(png(400, 300)), request={"taskType": task})
    assert reading.variant in ("le512/standard", "le1024/standard")
    assert (reading.image_width, reading.image_height) == (400, 300)


def test_a_task_that_follows_its_input_ignores_the_size_asked_for():
    reading = metered(
        TITAN, answer(png(1024, 1024)), request=request("INPAINTING", width=512, height=512)
    )
    assert reading.variant == "gt512/standard"


def test_a_variation_may_be_sized():
    assert variant_of(TITAN, "IMAGE_VARIATION", width=512, height=512) == "le512/standard"


def test_a_picture_that_hides_its_size_is_not_known():
    reading = metered(TITAN, answer(UNREADABLE), request={"taskType": "BACKGROUND_REMOVAL"})
    assert reading == Metered(NO_USAGE, "none", problem="image_size")


def test_mixed_sizes_in_one_answer_have_no_class():
    reading = metered(
        TITAN, answer(png(512, 512), png(1024, 1024)), request={"taskType": "OUTPAINTING"}
    )
    assert (reading.usage, reading.usage_source) == (Usage(images=2), "body")
    assert (reading.variant, reading.image_width, reading.image_height) == ("mixed", 0, 0)


def test_mixed_sizes_are_seen_whatever_size_was_asked_for():
    pictures = answer(png(1024, 1024), png(512, 512))
    assert metered(TITAN, pictures, request=request()).variant == "mixed"
    assert metered(CANVAS, pictures, request=request()).variant == "le1024/standard"


def test_sizes_of_one_class_are_one_price():
    reading = metered(
        TITAN, answer(png(512, 512), png(300, 512)), request={"taskType": "OUTPAINTING"}
    )
    assert reading.variant == "le512/standard"


@pytest.mark.parametrize(
    "body",
    [
        {"images": [], "error": "Filtered by our policy."},
        {"images": None, "error": "Filtered by our policy."},
        {"error": "Filtered by our policy."},
        {"images": [None, None], "error": "Filtered by our policy."},
    ],
)
def test_an_answer_filtered_whole_made_no_image(body):
    reading = metered(CANVAS, body, request=request(numberOfImages=2))
    assert reading == Metered(Usage(images=0), "body")


def test_a_filtered_image_is_not_counted():
    reading = metered(CANVAS, answer(UNREADABLE, None), request=request(numberOfImages=2))
    assert reading.usage == Usage(images=1)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", {}, {"images": 3}, {"images": "abc"}, {"images": [3]}, {"images": [""]}],
)
def test_an_image_answer_of_another_shape_is_not_known(body):
    reading = metered(CANVAS, body, request=request())
    assert reading == Metered(NO_USAGE, "none", problem="images_unreadable")


def test_a_cut_image_answer_is_not_known():
    reading = metered(CANVAS, answer(UNREADABLE), request=request(), complete=False)
    assert reading == Metered(NO_USAGE, "none", problem="body_cut")


@pytest.mark.parametrize("quality", ["Premium", "ultra", "", 1, True, [], {}])
def test_a_quality_that_has_no_name_has_no_price(quality):
    reading = metered(CANVAS, answer(UNREADABLE), request=request(quality=quality))
    assert reading == Metered(NO_USAGE, "none", problem="image_quality")


@pytest.mark.parametrize("width", [-512, 0, 512.5, True, "wide", 10**12, [], {}])
def test_a_size_that_is_not_one_is_read_off_the_picture(width):
    reading = metered(TITAN, answer(png(1024, 1024)), request=request(width=width, height=512))
    assert reading.variant == "gt512/standard"


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"null"])
def test_a_request_that_cannot_be_read_leaves_the_price_unknown(body):
    assert metered(CANVAS, answer(png(512, 512)), request=body).usage_source == "none"


@pytest.mark.parametrize("task", [None, 5, [], {}, "text_image"])
def test_a_task_without_a_name_is_sized_by_its_picture(task):
    reading = metered(TITAN, answer(png(512, 512)), request={"taskType": task})
    assert reading.variant == "le512/standard"


@pytest.mark.parametrize("model_id", [TITAN, CANVAS])
def test_a_config_that_is_there_twice_is_priced_by_neither(model_id):
    body = (
        b'{"taskType":"TEXT_IMAGE","imageGenerationConfig":{"quality":"premium"},'
        b'"imageGenerationConfig":{"quality":"standard"}}'
    )
    reading = metered(model_id, answer(png(1024, 1024)), request=body)
    assert reading == Metered(NO_USAGE, "none", problem="request_ambiguous")


def test_a_picture_of_another_class_than_was_asked_for_is_billed_as_it_is():
    reading = metered(TITAN, answer(png(1024, 1024)), request=request(width=512, height=512))
    assert (reading.variant, reading.image_width) == ("gt512/standard", 1024)


def test_a_picture_that_hides_its_size_beside_one_of_another_class_is_not_known():
    pictures = answer(png(1024, 1024), UNREADABLE)
    reading = metered(TITAN, pictures, request=request(width=512, height=512))
    assert reading == Metered(NO_USAGE, "none", problem="image_size")


def test_a_picture_that_hides_its_size_beside_one_as_asked_for_is_as_asked_for():
    pictures = answer(png(512, 512), UNREADABLE)
    reading = metered(TITAN, pictures, request=request(width=512, height=512))
    assert (reading.usage, reading.variant) == (Usage(images=2), "le512/standard")


@pytest.mark.parametrize(
    ("model_id", "variant"), [(TITAN, "gt512/premium"), (CANVAS, "le1024/premium")]
)
def test_an_answer_that_is_a_picture_is_one_image_of_its_size(model_id, variant):
    body = b64decode(png(1024, 640))
    reading = metered(model_id, body, request=request(width=512, height=512, quality="premium"))
    assert reading == Metered(
        Usage(images=1), "body", variant=variant, image_width=1024, image_height=640
    )
