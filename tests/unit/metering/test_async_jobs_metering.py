"""What a completed job is billed, out of the request that started it."""

import pytest
from exchanges import model, mp4, wav
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.metering.async_jobs import JOBS, settled
from chalicelib.metering.meter import METERS
from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import MAX_COUNT, NO_USAGE, Usage

REEL = "amazon.nova-reel-v1:1"
RAY = "luma.ray-v2:0"
MARENGO = "twelvelabs.marengo-embed-3-0-v1:0"
EMBED = "amazon.nova-2-multimodal-embeddings-v1:0"
IN_S3 = {"s3Location": {"uri": "s3://team/video.mp4"}}


def job(model_id: str, model_input: object) -> Metered:
    request = {
        "modelId": model_id,
        "modelInput": model_input,
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://payloads/teams/search/"}},
    }
    return settled(model(model_id), request)


def not_known(problem: str) -> Metered:
    return Metered(NO_USAGE, "none", problem=problem)


def reel(task: str, config: object = None, **members: object) -> dict[str, object]:
    return {"taskType": task, "videoGenerationConfig": config, **members}


HD = {"fps": 24, "dimension": "1280x720", "seed": 7}


@pytest.mark.parametrize(
    ("model_input", "video_ms"),
    [
        (reel("TEXT_VIDEO", {"durationSeconds": 6, **HD}), 6_000),
        (reel("TEXT_VIDEO", HD), 6_000),
        (reel("TEXT_VIDEO", textToVideoParams={"text": "A dog."}), 6_000),
        (reel("MULTI_SHOT_AUTOMATED", {"durationSeconds": 120, **HD}), 120_000),
        (reel("MULTI_SHOT_AUTOMATED", {"durationSeconds": 12}), 12_000),
        (
            reel("MULTI_SHOT_MANUAL", HD, multiShotManualParams={"shots": [{"text": "a"}] * 3}),
            18_000,
        ),
    ],
)
def test_a_nova_reel_video_is_billed_by_its_seconds(model_input, video_ms):
    assert job(REEL, model_input) == Metered(
        Usage(video_ms=video_ms), "derived", variant="hd_24fps"
    )


def test_shots_are_counted_whatever_duration_is_named_beside_them():
    shots = {"shots": [{"text": "a"}, {"text": "b"}]}
    config = {"durationSeconds": 120, **HD}
    reading = job(REEL, reel("MULTI_SHOT_MANUAL", config, multiShotManualParams=shots))
    assert reading.usage == Usage(video_ms=12_000)


@pytest.mark.parametrize("seconds", [0, -6, 7, 6.5, True, "six", 126, 10**12, [], {}], ids=repr)
def test_a_duration_that_no_video_has_is_not_known(seconds):
    model_input = reel("MULTI_SHOT_AUTOMATED", {"durationSeconds": seconds, **HD})
    assert job(REEL, model_input) == not_known("video_duration")


@pytest.mark.parametrize(
    "model_input",
    [
        reel("MULTI_SHOT_AUTOMATED", HD),
        reel("MULTI_SHOT_MANUAL", HD),
        reel("MULTI_SHOT_MANUAL", HD, multiShotManualParams={"shots": []}),
        reel("MULTI_SHOT_MANUAL", HD, multiShotManualParams={"shots": [{}] * 21}),
        reel("MULTI_SHOT_MANUAL", HD, multiShotManualParams={"shots": "abc"}),
        reel("IMAGE_VIDEO", {"durationSeconds": 6, **HD}),
        reel(["TEXT_VIDEO"], {"durationSeconds": 6, **HD}),
        {"videoGenerationConfig": {"durationSeconds": 6}},
        {},
        [],
        None,
        5,
    ],
    ids=str,
)
def test_a_video_whose_length_is_not_said_is_not_known(model_input):
    assert job(REEL, model_input) == not_known("video_duration")


@pytest.mark.parametrize(
    "of_another_class",
    [{"fps": 30}, {"dimension": "1920x1080"}, {"fps": "fast"}, {"dimension": 720}, {"fps": 0}],
    ids=str,
)
def test_a_video_of_another_class_is_not_taken_for_the_one_that_has_a_price(of_another_class):
    model_input = reel("TEXT_VIDEO", {"durationSeconds": 6, **HD, **of_another_class})
    assert job(REEL, model_input) == not_known("video_class")


@pytest.mark.parametrize(("duration", "video_ms"), [("5s", 5_000), ("9s", 9_000)])
@pytest.mark.parametrize("resolution", ["540p", "720p"])
def test_a_luma_video_is_billed_by_its_resolution(duration, video_ms, resolution):
    model_input = {"prompt": "A dog.", "duration": duration, "resolution": resolution}
    assert job(RAY, model_input) == Metered(Usage(video_ms=video_ms), "derived", variant=resolution)


@pytest.mark.parametrize("duration", [None, "", "5", 5, "10s", ["5s"], {}], ids=repr)
def test_a_luma_duration_that_is_not_said_is_not_assumed(duration):
    model_input = {"prompt": "A dog.", "duration": duration, "resolution": "720p"}
    assert job(RAY, model_input) == not_known("video_duration")


@pytest.mark.parametrize("resolution", [None, "", "1080p", 720, ["720p"], {}], ids=repr)
def test_a_luma_resolution_that_is_not_said_is_not_assumed(resolution):
    model_input = {"prompt": "A dog.", "duration": "5s", "resolution": resolution}
    assert job(RAY, model_input) == not_known("video_class")


def test_an_embedding_job_of_media_in_s3_is_not_known():
    video = {"inputType": "video", "video": {"mediaSource": IN_S3}}
    segmented = {"taskType": "SEGMENTED_EMBEDDING"}
    params = {"embeddingPurpose": "GENERIC_INDEX", "video": {"format": "mp4", "source": IN_S3}}
    assert job(MARENGO, video) == not_known("media_duration")
    assert job(EMBED, {**segmented, "segmentedEmbeddingParams": params}) == not_known(
        "media_duration"
    )


def test_an_embedding_job_of_media_in_its_request_is_measured():
    video = {"inputType": "video", "video": {"mediaSource": {"base64String": mp4(90_000)}}}
    audio = {"format": "wav", "source": {"bytes": wav(32_000)}}
    assert job(MARENGO, video).usage == Usage(input_video_ms=90_000)
    assert job(EMBED, {"segmentedEmbeddingParams": {"audio": audio}}) == Metered(
        Usage(input_audio_ms=2_000), "derived"
    )


def test_an_embedding_job_of_a_picture_needs_no_measuring():
    image = {"detailLevel": "DOCUMENT_IMAGE", "source": IN_S3}
    reading = job(EMBED, {"singleEmbeddingParams": {"image": image}})
    assert reading == Metered(Usage(input_images=1), "derived", variant="document_image")
    assert job(MARENGO, {"inputType": "image", "image": {"mediaSource": IN_S3}}).usage == Usage(
        input_images=1
    )


def test_the_text_of_an_embedding_job_is_counted_nowhere():
    params = {"text": {"truncationMode": "END", "value": "a" * 4000}}
    assert job(EMBED, {"segmentedEmbeddingParams": params}) == not_known("input_kind")
    assert job(EMBED, {}) == not_known("input_kind")


def test_a_job_of_a_family_that_has_none_is_not_known():
    assert job("amazon.nova-lite-v1:0", {}) == not_known("operation_not_metered")


def test_every_family_with_jobs_is_settled():
    with_jobs = {name for name, each in METERS.items() if "StartAsyncInvoke" in each.operations}
    assert set(JOBS) == with_jobs


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["TEXT_VIDEO", "MULTI_SHOT_MANUAL", "5s", "720p", "video", "text"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("taskType", "videoGenerationConfig", "durationSeconds", "fps", "dimension"),
                    *("multiShotManualParams", "shots", "duration", "resolution", "inputType"),
                    *("mediaSource", "base64String", "segmentedEmbeddingParams", "image", "source"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("model_id", [REEL, RAY, MARENGO, EMBED])
@given(JSON)
def test_whatever_the_request_no_count_is_wrong_by_its_form(model_id, model_input):
    reading = job(model_id, model_input)
    assert all(0 <= count <= MAX_COUNT for count in reading.usage.as_dict().values())
    assert reading.usage_source in ("derived", "none")
    assert reading.usage_source == "derived" or (reading.usage == NO_USAGE and reading.problem)
