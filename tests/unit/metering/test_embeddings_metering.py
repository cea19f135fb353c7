import pytest
from exchanges import metered, token_headers

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
def test_a_request_whose_pictures_cannot_be_counted_is_not_known(request_body):
    reading = metered(COHERE_V4, COHERE_BODY, headers=token_headers(9), request=request_body)
    assert reading == Metered(NO_USAGE, "none", problem="input_images")


def test_titan_counts_its_text_and_the_picture_it_read():
    body = {"embedding": [0.1], "inputTextTokenCount": 4, "message": None}
    request = {"inputText": "a red shoe", "inputImage": "iVBORw0KGgo="}
    assert metered(TITAN, body, request=request) == Metered(Usage(4, input_images=1), "derived")


@pytest.mark.parametrize(
    "request_body", [{"inputText": "a"}, {"inputText": "a", "inputImage": None}]
)
def test_titan_without_a_picture_counts_none(request_body):
    body = {"embedding": [0.1], "inputTextTokenCount": 4}
    assert metered(TITAN, body, request=request_body) == Metered(Usage(4), "body")


def test_a_picture_without_its_texts_count_is_not_half_counted():
    reading = metered(TITAN, {"embedding": [0.1]}, request={"inputImage": "iVBORw0KGgo="})
    assert reading == Metered(NO_USAGE, "none", problem="no_exact_counts")
