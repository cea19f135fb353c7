import pytest
from exchanges import metered, mp4, token_headers, wav

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage

COHERE_V3 = "cohere.embed-english-v3"
COHERE_V4 = "cohere.embed-v4:0"
TITAN = "amazon.titan-embed-image-v1"
COHERE_BODY = {
    "id": "1",
    "response_type": "embeddings_floats",
    "embeddings": [[0.1, 0.2]],
    "texts": ["hello"],
}


def test_cohere_embed_counts_in_its_header_alone():
    reading = metered(
        COHERE_V3,
        COHERE_BODY,
        headers=token_headers(7),
        request={"texts": ["hello"], "input_type": "search_query"},
    )
    assert reading == Metered(Usage(7), "header")


def test_a_list_of_texts_is_never_counted_by_its_length():
    reading = metered(COHERE_V3, COHERE_BODY, request={"texts": ["a" * 4000]})
    assert reading == Metered(NO_USAGE, "none", problem="no_exact_counts")


def test_pictures_read_by_cohere_are_counted_in_the_request():
    request = {"images": ["data:image/png;base64,AAAA"], "input_type": "image"}
    reading = metered(COHERE_V3, COHERE_BODY, headers=token_headers(0), request=request)
    assert reading == Metered(Usage(input_images=1), "derived")


def test_pictures_among_cohere_inputs_are_counted():
    parts = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:"}}]
    request = {"inputs": [{"content": parts}, {"content": parts}], "input_type": "search_query"}
    reading = metered(COHERE_V4, COHERE_BODY, headers=token_headers(9), request=request)
    assert reading == Metered(Usage(9, input_images=2), "derived")


@pytest.mark.parametrize(
    "request_body", [b'{"images":', {"images": "image"}, {"inputs": {"image": 1}}]
)
def test_pictures_that_cannot_be_counted_leave_the_text_that_the_header_counts(request_body):
    reading = metered(COHERE_V4, COHERE_BODY, headers=token_headers(9), request=request_body)
    assert reading == Metered(Usage(9), "none", problem="input_images")


def test_pictures_that_are_there_twice_leave_the_text_that_the_header_counts():
    body = b'{"texts":["a"],"images":["a","b"],"images":[]}'
    reading = metered(COHERE_V4, COHERE_BODY, headers=token_headers(9), request=body)
    assert reading == Metered(Usage(9), "none", problem="request_ambiguous")


def test_titan_counts_its_text_and_the_picture_it_read():
    body = {"embedding": [0.1], "inputTextTokenCount": 4, "message": None}
    request = {"inputText": "a red shoe", "inputImage": "iVBORw0KGgo="}
    assert metered(TITAN, body, request=request) == Metered(Usage(4, input_images=1), "derived")


@pytest.mark.parametrize(
    "request_body",
    [
        rb'{"inputText":"a","inputI\u006dage":"iVBORw0KGgo="}',
        '{"inputText":"a","inputImage":"iVBORw0KGgo="}'.encode("utf-16"),
    ],
    ids=["escaped", "UTF-16"],
)
def test_a_picture_cannot_be_hidden_by_the_spelling_of_its_name(request_body):
    body = {"embedding": [0.1], "inputTextTokenCount": 4}
    assert metered(TITAN, body, request=request_body).usage == Usage(4, input_images=1)


@pytest.mark.parametrize(
    "request_body", [{"inputText": "a"}, {"inputText": "a", "inputImage": None}]
)
def test_titan_without_a_picture_counts_none(request_body):
    body = {"embedding": [0.1], "inputTextTokenCount": 4}
    assert metered(TITAN, body, request=request_body) == Metered(Usage(4), "body")


def test_a_picture_without_its_texts_count_is_not_half_counted():
    reading = metered(TITAN, {"embedding": [0.1]}, request={"inputImage": "iVBORw0KGgo="})
    assert reading == Metered(NO_USAGE, "none", problem="no_exact_counts")


NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
NOVA_BODY = {"embeddings": [{"embeddingType": "TEXT", "embedding": [0.1, 0.2]}]}
IN_S3 = {"s3Location": {"uri": "s3://team/scan.png"}}


def nova_request(**given: object) -> dict[str, object]:
    return {
        "schemaVersion": "nova-multimodal-embed-v1",
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {
            "embeddingPurpose": "GENERIC_INDEX",
            "embeddingDimension": 1024,
            **given,
        },
    }


def test_a_text_that_nova_embeds_counts_in_its_header():
    request = nova_request(text={"truncationMode": "END", "value": "a red shoe"})
    reading = metered(NOVA, NOVA_BODY, headers=token_headers(4), request=request)
    assert reading == Metered(Usage(4), "header")


def test_a_text_that_nova_embeds_is_never_counted_by_its_length():
    request = nova_request(text={"truncationMode": "END", "value": "a" * 4000})
    reading = metered(NOVA, NOVA_BODY, request=request)
    assert reading == Metered(NO_USAGE, "none", problem="no_exact_counts")


@pytest.mark.parametrize(
    ("image", "variant"),
    [
        ({"format": "png", "source": {"bytes": "iVBORw0KGgo="}}, "standard_image"),
        ({"detailLevel": "STANDARD_IMAGE", "source": IN_S3}, "standard_image"),
        ({"detailLevel": "DOCUMENT_IMAGE", "source": IN_S3}, "document_image"),
    ],
)
def test_a_picture_that_nova_embeds_is_billed_by_its_detail(image, variant):
    reading = metered(NOVA, NOVA_BODY, request=nova_request(image=image))
    assert reading == Metered(Usage(input_images=1), "derived", variant=variant)


@pytest.mark.parametrize("level", ["HIGH", "", 5, ["STANDARD_IMAGE"]], ids=repr)
def test_a_detail_that_nobody_knows_is_not_taken_for_the_cheap_one(level):
    image = {"detailLevel": level, "source": IN_S3}
    reading = metered(NOVA, NOVA_BODY, request=nova_request(image=image))
    assert reading == Metered(NO_USAGE, "none", problem="image_detail")


def test_media_that_nova_embeds_are_measured():
    heard = nova_request(audio={"format": "wav", "source": {"bytes": wav(16_000)}})
    seen = nova_request(video={"format": "mp4", "source": {"bytes": mp4(29_999)}})
    assert metered(NOVA, NOVA_BODY, request=heard).usage == Usage(input_audio_ms=1_000)
    assert metered(NOVA, NOVA_BODY, request=seen).usage == Usage(input_video_ms=29_999)


@pytest.mark.parametrize("source", [IN_S3, None, {}, {"bytes": 5}, {"bytes": "AAAA"}, "AAAA"])
@pytest.mark.parametrize("kind", ["audio", "video"])
def test_media_that_cannot_be_measured_are_not_known(kind, source):
    request = nova_request(**{kind: {"source": source}})
    reading = metered(NOVA, NOVA_BODY, headers=token_headers(9), request=request)
    assert reading == Metered(NO_USAGE, "none", problem="media_duration")


@pytest.mark.parametrize(
    "request_body",
    [
        b"",
        b"{",
        b"[]",
        {},
        nova_request(),
        nova_request(image={"source": None}),
        nova_request(image={"source": "iVBORw0KGgo="}),
        nova_request(image=5),
        nova_request(hologram={"source": IN_S3}),
    ],
    ids=str,
)
def test_an_input_of_another_shape_is_not_known_but_for_what_the_header_counts(request_body):
    reading = metered(NOVA, NOVA_BODY, headers=token_headers(9), request=request_body)
    assert reading == Metered(Usage(9), "none", problem="input_kind")


def test_a_text_said_twice_is_billed_by_the_header_that_counts_it():
    body = b'{"schemaVersion":"a","schemaVersion":"b","singleEmbeddingParams":{"text":{}}}'
    reading = metered(NOVA, NOVA_BODY, headers=token_headers(9), request=body)
    assert reading == Metered(Usage(9), "none", problem="request_ambiguous")


@pytest.mark.parametrize("kind", ["audio", "video", "image"])
def test_a_text_beside_media_is_known_by_its_header_and_the_media_are_not(kind):
    request = nova_request(text={"value": "a"}, **{kind: {"source": IN_S3}})
    reading = metered(NOVA, NOVA_BODY, headers=token_headers(9), request=request)
    assert reading == Metered(Usage(9), "none", problem="input_kind")


def test_a_text_beside_media_that_nothing_counts_is_not_known():
    request = nova_request(text={"value": "a"}, audio={"source": IN_S3})
    reading = metered(NOVA, NOVA_BODY, request=request)
    assert reading == Metered(NO_USAGE, "none", problem="input_kind")
