"""What a tenant is told of a streamed answer besides its text. Pure."""

from typing import Any

from chalicelib.streams import sse
from chalicelib.streams.job import StreamJob


def is_whole(job: StreamJob, number: int) -> bool:
    """Say whether a reader who has come to this event has the whole of an answer that has ended.

    What is not to be stored is forgotten at the job's end, and a reader may come too late for it. A
    live one may have had more than could be kept.
    """
    kept_whole = job.whole or number > job.last_event
    return job.state == "done" and not job.deleted and number >= job.last_event and kept_whole


def how_it_ended(job: StreamJob, number: int) -> dict[str, Any]:
    """Say how an answer ended: its usage (what is not 0), why it stopped, and what went wrong.

    `number` is of the last event that its reader has, or is about to get.
    """
    if job.deleted:
        return {"status": "deleted"}
    told: dict[str, Any] = {"status": job.state, "stored": job.store}
    if job.outcome:
        told["usage"] = {name: n for name, n in job.outcome.usage.as_dict().items() if n}
    if job.stop_reason:
        told["stop_reason"] = job.stop_reason
    if job.error_code:
        told["error"] = {"code": job.error_code, "message": job.error_message}
    if job.state == "done" and not is_whole(job, number):
        told["whole"] = False
    return told


def last_frame(job: StreamJob, number: int) -> bytes:
    """Frame the end of an answer for a reader of Server-Sent Events who has come to this event."""
    frame = sse.done if is_whole(job, number) else sse.error
    return frame(number, how_it_ended(job, number))
