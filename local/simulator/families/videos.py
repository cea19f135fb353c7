"""Video from words: Amazon Nova Reel and Luma Ray, as jobs alone, billed by the second made.

Nova user guide, "Video generation access and usage": a shot lasts six seconds; a video of several
is as long as asked for, or as long as its shots are together. Bedrock user guide, "Luma AI models".
What a job used stands in its request and nowhere else.
"""

import json
from typing import Any

from local.simulator import media
from local.simulator.calls import Ask, Counts, Reply, optional, required
from local.simulator.refusals import malformed

SHOT_SECONDS = 6
_LONGEST_SECONDS = 120
_REEL_CONFIG = "#/videoGenerationConfig"
_LUMA_SECONDS = {"5s": 5, "9s": 9}
_LUMA_SIZES = ("540p", "720p")
_LUMA_RATIOS = ("1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21")


def reel(ask: Ask) -> Reply:
    task = ask.required("taskType", str)
    config = ask.optional("videoGenerationConfig", dict, {})
    if optional(config, "dimension", str, "1280x720", _REEL_CONFIG) != "1280x720":
        raise malformed(f"{_REEL_CONFIG}/dimension: only 1280x720 is supported")
    if optional(config, "fps", int, 24, _REEL_CONFIG) != 24:
        raise malformed(f"{_REEL_CONFIG}/fps: only 24 is supported")
    return _video(_reel_seconds(ask, task, config), "720p")


def luma(ask: Ask) -> Reply:
    prompt = ask.required("prompt", str)
    if not 1 <= len(prompt) <= 5_000:
        raise malformed("#/prompt: expected minLength: 1, maxLength: 5000")
    ask.scribe.read(prompt)
    duration, size = ask.optional("duration", str, "5s"), ask.optional("resolution", str, "720p")
    _one_of("aspect_ratio", ask.optional("aspect_ratio", str, "16:9"), _LUMA_RATIOS)
    _one_of("duration", duration, tuple(_LUMA_SECONDS))
    _one_of("resolution", size, _LUMA_SIZES)
    return _video(_LUMA_SECONDS[duration], size)


def _reel_seconds(ask: Ask, task: str, config: dict[str, Any]) -> int:
    if task == "TEXT_VIDEO":
        _read(ask, "textToVideoParams", 512)
        return _duration(config, SHOT_SECONDS, SHOT_SECONDS)
    if task == "MULTI_SHOT_AUTOMATED":
        _read(ask, "multiShotAutomatedParams", 4_000)
        return _duration(config, 2 * SHOT_SECONDS, _LONGEST_SECONDS)
    if task != "MULTI_SHOT_MANUAL":
        raise malformed(f"#/taskType: {task} is not a valid enum value")
    params = ask.required("multiShotManualParams", dict)
    shots = required(params, "shots", list, "#/multiShotManualParams")
    if not 2 <= len(shots) <= _LONGEST_SECONDS // SHOT_SECONDS:
        raise malformed(f"#/multiShotManualParams/shots: {len(shots)} is not between 2 and 20")
    for i, shot in enumerate(shots):
        if not isinstance(shot, dict):
            raise malformed(f"#/multiShotManualParams/shots/{i}: expected type: JSONObject")
        ask.scribe.read(required(shot, "text", str, f"#/multiShotManualParams/shots/{i}"))
    return SHOT_SECONDS * len(shots)


def _read(ask: Ask, key: str, longest: int) -> None:
    text = required(ask.required(key, dict), "text", str, f"#/{key}")
    if not 1 <= len(text) <= longest:
        raise malformed(f"#/{key}/text: expected minLength: 1, maxLength: {longest}")
    ask.scribe.read(text)


def _duration(config: dict[str, Any], shortest: int, longest: int) -> int:
    seconds: int = required(config, "durationSeconds", int, _REEL_CONFIG)
    if not shortest <= seconds <= longest or seconds % SHOT_SECONDS:
        raise malformed(f"{_REEL_CONFIG}/durationSeconds: {seconds} is not supported")
    return seconds


def _video(seconds: int, size: str) -> Reply:
    manifest = {"durationSeconds": seconds, "outputs": ["output.mp4"]}
    files = {
        "output.mp4": media.mp4(seconds * 1_000),
        "manifest.json": json.dumps(manifest).encode(),
        "video-generation-status.json": json.dumps({"fullVideo": {"status": "SUCCESS"}}).encode(),
    }
    return Reply({}, Counts(video_ms=seconds * 1_000), media_class=size, files=files)


def _one_of(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise malformed(f"#/{key}: {value} is not a valid enum value")
