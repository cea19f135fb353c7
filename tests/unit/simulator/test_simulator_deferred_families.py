import base64
import json

import pytest

from local.simulator import media, models
from local.simulator.calls import Ask, Counts
from local.simulator.families import deferred
from local.simulator.prompt_cache import PromptCache
from local.simulator.refusals import Refusal
from local.simulator.tokens import Scribe

REEL_0, REEL_1, LUMA = "amazon.nova-reel-v1:0", "amazon.nova-reel-v1:1", "luma.ray-v2:0"
MARENGO = "twelvelabs.marengo-embed-3-0-v1:0"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
VIDEO = {"base64String": base64.b64encode(media.mp4(30_500)).decode()}


def begin(model_id: str, **payload):
    model = models.parse(model_id)
    scribe = Scribe(1, json.dumps(payload).encode())
    return deferred.family(model)(Ask(model, payload, scribe, PromptCache()))


def reel(task: str, params: str, content, **config):
    return {"taskType": task, params: content, "videoGenerationConfig": config}


TEXT = ("TEXT_VIDEO", "textToVideoParams", {"text": "a river"})
AUTOMATED = ("MULTI_SHOT_AUTOMATED", "multiShotAutomatedParams", {"text": "a river"})


@pytest.mark.parametrize(
    ("model_id", "payload", "seconds", "size"),
    [
        (REEL_0, reel(*TEXT, durationSeconds=6), 6, "720p"),
        (REEL_1, reel(*AUTOMATED, durationSeconds=120), 120, "720p"),
        (
            REEL_1,
            reel("MULTI_SHOT_MANUAL", "multiShotManualParams", {"shots": [{"text": "a"}] * 3}),
            18,
            "720p",
        ),
        (LUMA, {"prompt": "a river"}, 5, "720p"),
        (LUMA, {"prompt": "a river", "duration": "9s", "resolution": "540p"}, 9, "540p"),
    ],
)
def test_a_video_lasts_as_long_as_was_asked_for(model_id, payload, seconds, size):
    outcome = begin(model_id, **payload)

    assert (outcome.counts, outcome.media_class) == (Counts(video_ms=seconds * 1_000), size)
    assert media.duration_ms(outcome.files["output.mp4"]) == seconds * 1_000
    assert json.loads(outcome.files["manifest.json"])["durationSeconds"] == seconds


@pytest.mark.parametrize(
    ("asked", "milliseconds"),
    [
        ({}, 30_500),
        ({"startSec": 10}, 20_500),
        ({"startSec": 0.5, "lengthSec": 4}, 4_000),
        ({"startSec": 5, "endSec": 6.25}, 1_250),
        ({"lengthSec": 100}, 30_500),
    ],
)
def test_marengo_is_billed_for_what_it_worked_on(asked, milliseconds):
    video = {"mediaSource": VIDEO, **asked}

    outcome = begin(MARENGO, inputType="video", video=video)

    assert outcome.counts == Counts(input_video_ms=milliseconds)
    segments = json.loads(outcome.files["output.json"])["data"]
    assert segments[-1]["endSec"] * 1_000 == milliseconds


def test_nova_leaves_an_embedding_for_each_segment():
    params = {
        "embeddingPurpose": "GENERIC_INDEX",
        "video": {"source": {"bytes": VIDEO["base64String"]}},
    }

    outcome = begin(NOVA, taskType="SEGMENTED_EMBEDDING", segmentedEmbeddingParams=params)

    assert outcome.counts == Counts(input_video_ms=30_500)
    assert len(outcome.files["embedding-video.jsonl"].splitlines()) == 7


@pytest.mark.parametrize(
    ("model_id", "payload"),
    [
        (REEL_1, reel(*TEXT, durationSeconds=12)),
        (REEL_1, reel(*TEXT)),
        (REEL_1, reel(*AUTOMATED, durationSeconds=15)),
        (REEL_1, reel(*TEXT, durationSeconds=6, dimension="640x480")),
        (REEL_1, reel("MULTI_SHOT_MANUAL", "multiShotManualParams", {"shots": ["a", "b"]})),
        (LUMA, {"prompt": ""}),
        (LUMA, {"prompt": "a", "duration": "7s"}),
        (MARENGO, {"inputType": "video", "video": {"mediaSource": VIDEO, "startSec": 31}}),
        (MARENGO, {"inputType": "video", "video": {"mediaSource": VIDEO, "startSec": "1"}}),
        ("amazon.nova-lite-v1:0", {"messages": []}),
    ],
)
def test_a_job_that_cannot_run_is_refused_when_it_is_begun(model_id, payload):
    with pytest.raises(Refusal) as refused:
        begin(model_id, **payload)

    assert refused.value.code == "ValidationException"
