"""Bodies with pictures, sound and video in them, of rerankers, and of asynchronous jobs.

Schemas: Amazon Bedrock user guide, "Inference request parameters and response fields for
foundation models"; Amazon Nova user guide, for its embeddings and Nova Reel.
"""

import base64
from random import Random

from local.simulator import media, pictures
from local.traffic.payloads import Body, prose

DOCUMENTS = (3, 40, 140)
_TO_EMBED = {"embeddingPurpose": "GENERIC_INDEX", "embeddingDimension": 256}


def _picture(random: Random) -> str:
    return pictures.png(random.choice((320, 640)), random.choice((320, 640)))


def _as_uri(picture: str) -> str:
    return f"data:image/png;base64,{picture}"


def _video(random: Random) -> str:
    return base64.b64encode(media.mp4(random.choice((2_500, 9_040, 12_500)))).decode()


def _sound(random: Random) -> str:
    return base64.b64encode(media.wav(random.choice((2_250, 4_001)))).decode()


def titan_multimodal(random: Random) -> Body:
    """A text, a picture, or both."""
    text, picture = {"inputText": prose(random, 12)}, {"inputImage": _picture(random)}
    return random.choice((text, picture, text | picture))


def cohere_picture(random: Random) -> Body:
    return {"images": [_as_uri(_picture(random))], "input_type": "image"}


def cohere_mixed(random: Random) -> Body:
    """Embed v4's inputs, each a text with or without pictures."""
    parts = [{"type": "text", "text": prose(random, 9)}]
    parts += [
        {"type": "image_url", "image_url": {"url": _as_uri(_picture(random))}}
        for _ in range(random.randrange(3))
    ]
    return {"inputs": [{"content": parts}], "input_type": "search_document"}


def nova_embedding(random: Random) -> Body:
    """One text, picture, video or recording."""
    source = {
        "text": {"truncationMode": "END", "value": prose(random, 20)},
        "image": _nova_picture(random),
        "video": {"format": "mp4", "source": {"bytes": _video(random)}},
        "audio": {"format": "wav", "source": {"bytes": _sound(random)}},
    }
    kind = random.choice(list(source))
    return {
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {**_TO_EMBED, kind: source[kind]},
    }


def _nova_picture(random: Random) -> Body:
    detail = random.choice(("STANDARD_IMAGE", "STANDARD_IMAGE", "DOCUMENT_IMAGE"))
    return {"format": "png", "detailLevel": detail, "source": {"bytes": _picture(random)}}


def marengo_2(random: Random) -> Body:
    if random.random() < 0.5:
        return {"inputType": "text", "inputText": prose(random, 8)}
    return {"inputType": "image", "mediaSource": {"base64String": _picture(random)}}


def marengo_3(random: Random) -> Body:
    picture = {"mediaSource": {"base64String": _picture(random)}}
    kinds = {
        "text": {"inputText": prose(random, 8)},
        "image": picture,
        "text_image": {"inputText": prose(random, 8), **picture},
    }
    kind = random.choice(list(kinds))
    return {"inputType": kind, kind: kinds[kind]}


def pegasus(random: Random) -> Body:
    return {
        "inputPrompt": prose(random, 8),
        "mediaSource": {"base64String": _video(random)},
        "maxOutputTokens": random.choice((40, 80)),
    }


def reranking(random: Random) -> Body:
    documents = [prose(random, 12) for _ in range(random.choice(DOCUMENTS))]
    return {"query": prose(random, 5), "documents": documents, "top_n": 3}


def cohere_reranking(random: Random) -> Body:
    return {**reranking(random), "api_version": 2}


def nova_embedding_job(random: Random) -> Body:
    video = {"format": "mp4", "source": {"bytes": _video(random)}}
    return {
        "taskType": "SEGMENTED_EMBEDDING",
        "segmentedEmbeddingParams": {**_TO_EMBED, "video": video},
    }


def nova_reel(random: Random) -> Body:
    """A video of one shot, or of several that are each described."""
    if random.random() < 0.5:
        return {
            "taskType": "TEXT_VIDEO",
            "textToVideoParams": {"text": prose(random, 9)},
            "videoGenerationConfig": {"durationSeconds": 6, "fps": 24, "dimension": "1280x720"},
        }
    shots = [{"text": prose(random, 6)} for _ in range(random.choice((2, 3)))]
    return {"taskType": "MULTI_SHOT_MANUAL", "multiShotManualParams": {"shots": shots}}


def luma_ray(random: Random) -> Body:
    return {
        "prompt": prose(random, 9),
        "duration": random.choice(("5s", "9s")),
        "resolution": random.choice(("540p", "720p")),
    }


def marengo_2_job(random: Random) -> Body:
    return {"inputType": "video", "mediaSource": {"base64String": _video(random)}}


def marengo_3_job(random: Random) -> Body:
    return {"inputType": "audio", "audio": {"mediaSource": {"base64String": _sound(random)}}}
