"""Amazon Nova Multimodal Embeddings (Nova user guide, "Complete embeddings request and response").

At once for one text, picture, video or sound (`single`), as a job for long ones (`segmented`). A
text's tokens are in the header alone; pictures, and the length of video and sound, are reported
nowhere.
"""

import json
from typing import Any

from local.simulator import media, pictures
from local.simulator.calls import EMBEDDING, Ask, Counts, Reply, optional, required
from local.simulator.refusals import invalid, malformed

SCHEMA = "nova-multimodal-embed-v1"
_DIMENSIONS = (3_072, 1_024, 384, 256)
_KINDS = ("text", "image", "video", "audio")
_DETAILS = {"STANDARD_IMAGE": "standard_image", "DOCUMENT_IMAGE": "document_image"}
_LONGEST_AT_ONCE_MS = 30_000
_SEGMENT_MS = 5_000


def single(ask: Ask) -> Reply:
    kind, params = _params(ask, "SINGLE_EMBEDDING", "singleEmbeddingParams")
    counts, media_class = _count(ask, kind, params[kind], f"#/singleEmbeddingParams/{kind}")
    if max(counts.input_video_ms, counts.input_audio_ms) > _LONGEST_AT_ONCE_MS:
        raise invalid(f"The {kind} is longer than 30 seconds. Use StartAsyncInvoke for it.")
    vector = ask.scribe.vector(_dimensions(params))
    body = {"embeddings": [{"embeddingType": kind.upper(), "embedding": vector}]}
    return Reply(body, counts, EMBEDDING if kind == "text" else (), media_class=media_class)


def segmented(ask: Ask) -> Reply:
    """Answer with what a job leaves: a line a segment, and a file that says where they are."""
    kind, params = _params(ask, "SEGMENTED_EMBEDDING", "segmentedEmbeddingParams")
    counts, media_class = _count(ask, kind, params[kind], f"#/segmentedEmbeddingParams/{kind}")
    length = counts.input_video_ms or counts.input_audio_ms
    lines = [
        json.dumps({"embedding": ask.scribe.vector(_dimensions(params)), "status": "SUCCESS"})
        for _ in range(max(1, -(-length // _SEGMENT_MS)))
    ]
    result = {
        "sourceFileUri": "",
        "embeddingResults": [
            {
                "embeddingType": kind.upper(),
                "status": "SUCCESS",
                "outputFileUri": f"embedding-{kind}.jsonl",
            }
        ],
    }
    files = {
        "segmented-embedding-result.json": json.dumps(result).encode(),
        f"embedding-{kind}.jsonl": "\n".join(lines).encode(),
    }
    return Reply(result, counts, media_class=media_class, files=files)


def _params(ask: Ask, task: str, key: str) -> tuple[str, dict[str, Any]]:
    """Return what is to be embedded, and the parameters in which it stands."""
    if ask.optional("schemaVersion", str, SCHEMA) != SCHEMA:
        raise malformed(f"#/schemaVersion: {ask.payload['schemaVersion']} is not {SCHEMA}")
    if ask.required("taskType", str) != task:
        raise malformed(f"#/taskType: {ask.payload['taskType']} is not a valid enum value here")
    params: dict[str, Any] = ask.required(key, dict)
    required(params, "embeddingPurpose", str, f"#/{key}")
    kinds = [kind for kind in _KINDS if kind in params]
    if len(kinds) != 1:
        raise malformed(f"#/{key}: exactly one of {', '.join(_KINDS)} is required")
    required(params, kinds[0], dict, f"#/{key}")
    return kinds[0], params


def _dimensions(params: dict[str, Any]) -> int:
    dimensions: int = optional(params, "embeddingDimension", int, _DIMENSIONS[0])
    if dimensions not in _DIMENSIONS:
        raise malformed(f"#/embeddingDimension: {dimensions} is not a valid enum value")
    return dimensions


def _count(ask: Ask, kind: str, given: dict[str, Any], place: str) -> tuple[Counts, str]:
    """Return what embedding costs, and the class of a picture."""
    if kind == "text":
        return Counts(ask.scribe.read(_text(ask, given, place))), ""
    source = required(given, "source", dict, place)
    if kind == "image":
        detail = optional(given, "detailLevel", str, "STANDARD_IMAGE", place)
        if detail not in _DETAILS:
            raise malformed(f"{place}/detailLevel: {detail} is not a valid enum value")
        pictures.given_bytes(media.given_bytes(ask, source, f"{place}/source"), f"{place}/source")
        return Counts(input_images=1), _DETAILS[detail]
    length = media.given(ask, source, f"{place}/source")
    if kind == "video":
        return Counts(input_video_ms=length), ""
    return Counts(input_audio_ms=length), ""


def _text(ask: Ask, given: dict[str, Any], place: str) -> str:
    if "source" not in given:
        text: str = required(given, "value", str, place)
        return text
    source = required(given, "source", dict, place)
    return media.given_bytes(ask, source, f"{place}/source").decode("utf-8", "replace")
