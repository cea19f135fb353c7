import pytest
from exchanges import metered, model, mp4, token_headers, wav
from streamed_answers import chunk, metrics, streamed

from chalicelib.metering.meter import says_one_thing
from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage

MARENGO = "us.twelvelabs.marengo-embed-2-7-v1:0"
MARENGO_3 = "twelvelabs.marengo-embed-3-0-v1:0"
PEGASUS = "us.twelvelabs.pegasus-1-2-v1:0"
EMBEDDED = {"data": [{"embedding": [0.1, 0.2]}]}
IN_S3 = {"s3Location": {"uri": "s3://team/video.mp4", "bucketOwner": "123456789012"}}
NO_DURATION = Metered(NO_USAGE, "none", problem="media_duration")
NO_KIND = Metered(NO_USAGE, "none", problem="input_kind")


@pytest.mark.parametrize(
    ("model_id", "request_body", "usage"),
    [
        (MARENGO, {"inputType": "text", "inputText": "a dog"}, Usage(queries=1)),
        (
            MARENGO,
            {"inputType": "image", "mediaSource": {"base64String": "iVBORw0KGgo="}},
            Usage(input_images=1),
        ),
        (MARENGO, {"inputType": "image", "mediaSource": IN_S3}, Usage(input_images=1)),
        (MARENGO_3, {"inputType": "text", "text": {"inputText": "a dog"}}, Usage(queries=1)),
        (MARENGO_3, {"inputType": "image", "image": {"mediaSource": IN_S3}}, Usage(input_images=1)),
        (
            MARENGO_3,
            {"inputType": "text_image", "text_image": {"inputText": "a", "mediaSource": IN_S3}},
            Usage(queries=1, input_images=1),
        ),
        (
            MARENGO,
            {"inputType": "audio", "mediaSource": {"base64String": wav(24_000)}},
            Usage(input_audio_ms=1_500),
        ),
        (
            MARENGO_3,
            {"inputType": "video", "video": {"mediaSource": {"base64String": mp4(6_001)}}},
            Usage(input_video_ms=6_001),
        ),
    ],
)
def test_marengo_is_counted_by_what_it_was_given(model_id, request_body, usage):
    reading = metered(model_id, EMBEDDED, request=request_body)
    assert reading == Metered(usage, "derived")


def test_media_in_s3_are_not_measured():
    request = {"inputType": "video", "video": {"mediaSource": IN_S3}}
    assert metered(MARENGO_3, EMBEDDED, request=request) == NO_DURATION


@pytest.mark.parametrize("part", [{"startSec": 2}, {"endSec": 4}, {"lengthSec": 2}], ids=str)
def test_a_part_of_the_media_is_not_taken_for_the_whole(part):
    video = {"mediaSource": {"base64String": mp4(6_000)}, **part}
    nested = {"inputType": "video", "video": video}
    beside = {"inputType": "video", **video}
    assert metered(MARENGO_3, EMBEDDED, request=nested) == NO_DURATION
    assert metered(MARENGO, EMBEDDED, request=beside) == NO_DURATION


@pytest.mark.parametrize("kind", [None, "multi_input", "", 5, ["text"], "Text"], ids=repr)
def test_an_input_that_nobody_knows_is_not_known(kind):
    assert metered(MARENGO_3, EMBEDDED, request={"inputType": kind}) == NO_KIND


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null"], ids=repr)
def test_a_request_of_another_shape_is_not_known(body):
    assert metered(MARENGO, EMBEDDED, request=body) == NO_KIND


@pytest.mark.parametrize("encoded", [None, 5, [], "", "!!!!", "AAAA"], ids=repr)
def test_media_that_cannot_be_read_have_no_duration(encoded):
    request = {"inputType": "audio", "mediaSource": {"base64String": encoded}}
    assert metered(MARENGO, EMBEDDED, request=request) == NO_DURATION


SEEN = {"inputPrompt": "What happens?", "mediaSource": {"base64String": mp4(30_500)}}
SAID = {"message": "A dog runs.", "finishReason": "stop"}


def test_pegasus_is_billed_for_the_video_and_for_what_it_wrote():
    reading = metered(PEGASUS, SAID, request=SEEN, headers=token_headers(4_000, 27))
    assert reading == Metered(Usage(output_tokens=27, input_video_ms=30_500), "derived")


def test_pegasus_needs_the_header_of_its_output_alone():
    headers = token_headers(None, 27)
    assert metered(PEGASUS, SAID, request=SEEN, headers=headers).usage.output_tokens == 27


def test_a_video_in_s3_leaves_of_a_pegasus_call_what_the_header_counts():
    request = {"inputPrompt": "?", "mediaSource": IN_S3}
    reading = metered(PEGASUS, SAID, request=request, headers=token_headers(4, 27))
    assert reading == Metered(Usage(output_tokens=27), "none", problem="media_duration")


@pytest.mark.parametrize("wrong", [None, -1, 1.5, "x", 10**12, "27, 27", ""], ids=repr)
def test_an_output_that_is_not_a_count_leaves_a_pegasus_call_unknown(wrong):
    reading = metered(PEGASUS, SAID, request=SEEN, headers=token_headers(4, wrong))
    assert reading == Metered(NO_USAGE, "none", problem="no_exact_counts")


def test_a_streamed_pegasus_call_is_billed_alike():
    events = [chunk(message="A dog"), chunk(message=" runs."), chunk(**metrics(4_000, 27))]
    reading = streamed(PEGASUS, events, request=SEEN)
    assert reading == Metered(Usage(output_tokens=27, input_video_ms=30_500), "derived")


def test_a_streamed_pegasus_call_that_was_cut_is_what_bedrock_had_counted():
    events = [chunk(message="A dog"), chunk(message=" runs.")]
    assert streamed(PEGASUS, events, request=SEEN, complete=False) == Metered(NO_USAGE, "partial")


def test_a_stream_that_came_whole_lacks_only_what_its_request_hides():
    events = [chunk(message="A dog runs."), chunk(**metrics(4_000, 27))]
    reading = streamed(PEGASUS, events, request={"inputPrompt": "?", "mediaSource": IN_S3})
    assert reading == Metered(Usage(output_tokens=27), "none", problem="media_duration")


@pytest.mark.parametrize("operation", ["InvokeModel", "InvokeModelWithResponseStream"])
def test_a_video_that_is_there_twice_is_not_asked_about(operation):
    twice = b'{"mediaSource":{"base64String":"AA"},"mediaSource":{"base64String":"AAAA"}}'
    assert not says_one_thing(model(PEGASUS), operation, twice)
    assert says_one_thing(model(PEGASUS), operation, b'{"inputPrompt":"?"}')
