"""Asynchronous jobs: what a completed one is billed, out of the request that started it.

StartAsyncInvoke, GetAsyncInvoke and ListAsyncInvokes report no usage at all, so every reading here
is `derived`, or not known. Sources: Amazon Nova user guide, "Video generation access and usage";
Amazon Bedrock user guide, "Luma AI models"; service model bedrock-runtime, StartAsyncInvoke.
"""

from collections.abc import Callable, Mapping

from chalicelib.catalog import Model
from chalicelib.metering import embeddings, twelvelabs
from chalicelib.metering.exchange import at
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.usage import Usage, count

SHOT_SECONDS = 6
LONGEST_SECONDS = 120
REEL_CLASSES: Mapping[tuple[str, int], str] = {("1280x720", 24): "hd_24fps"}
"""Nova Reel's class by dimension and frames a second; the only ones there are, and the default."""

LUMA_MS: Mapping[str, int] = {"5s": 5_000, "9s": 9_000}
LUMA_CLASSES = frozenset({"540p", "720p"})


def settled(model: Model, request: Mapping[str, object]) -> Metered:
    """Say what a job that ended as Completed is billed. A job that failed is billed nothing.

    `request` is StartAsyncInvoke's body. It can be asked when the job starts, and the answer kept.
    Never raises, and never guesses: what the request leaves to the model is not known.
    """
    derive = JOBS.get(model.family)
    return unknown("operation_not_metered") if derive is None else derive(at(request, "modelInput"))


def _nova_reel(model_input: object) -> Metered:
    """Videos are made of shots of 6 seconds."""
    asked = at(model_input, "videoGenerationConfig")
    seconds = _reel_seconds(model_input, at(asked, "durationSeconds"))
    if seconds is None or not 0 < seconds <= LONGEST_SECONDS or seconds % SHOT_SECONDS:
        return unknown("video_duration")
    dimension, fps = at(asked, "dimension"), at(asked, "fps")
    size = "1280x720" if dimension is None else dimension
    rate = 24 if fps is None else count(fps)
    variant = REEL_CLASSES.get((size, rate)) if isinstance(size, str) and rate else None
    return _video(seconds * 1_000, variant)


def _reel_seconds(model_input: object, asked: object) -> int | None:
    task = at(model_input, "taskType")
    if task == "MULTI_SHOT_MANUAL":
        shots = at(model_input, "multiShotManualParams", "shots")
        return len(shots) * SHOT_SECONDS if isinstance(shots, list) else None
    if task == "TEXT_VIDEO" and asked is None:
        return SHOT_SECONDS
    return count(asked) if task in ("TEXT_VIDEO", "MULTI_SHOT_AUTOMATED") else None


def _luma_ray(model_input: object) -> Metered:
    """AWS names no default for duration or resolution: what is not said is not known."""
    duration, resolution = at(model_input, "duration"), at(model_input, "resolution")
    video_ms = LUMA_MS.get(duration) if isinstance(duration, str) else None
    known = isinstance(resolution, str) and resolution in LUMA_CLASSES
    if video_ms is None:
        return unknown("video_duration")
    return _video(video_ms, resolution if known else None)


def _video(video_ms: int, variant: object) -> Metered:
    if not isinstance(variant, str):
        return unknown("video_class")
    return Metered(Usage(video_ms=video_ms), "derived", variant=variant)


def _nova_embed(model_input: object) -> Metered:
    """Text is counted nowhere, for a job's answer has no headers."""
    for params in ("segmentedEmbeddingParams", "singleEmbeddingParams"):
        given = at(model_input, params)
        if given is not None:
            return embeddings.nova_media(given)
    return unknown("input_kind")


JOBS: Mapping[str, Callable[[object], Metered]] = {
    "luma_ray": _luma_ray,
    "marengo": twelvelabs.marengo,
    "nova_embed": _nova_embed,
    "nova_reel": _nova_reel,
}
