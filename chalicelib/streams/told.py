"""What a tenant is told of a streamed answer besides its text. Pure."""

from typing import Any

from chalicelib.streams import sse
from chalicelib.streams.job import StreamJob


def how_it_ended(job: StreamJob) -> dict[str, Any]:
    """Say how an answer ended: its usage (what is not 0), why it stopped, and what went wrong."""
    if job.deleted:
        return {"status": "deleted"}
    told: dict[str, Any] = {"status": job.state, "stored": job.store}
    if job.outcome:
        told["usage"] = {name: n for name, n in job.outcome.usage.as_dict().items() if n}
    if job.stop_reason:
        told["stop_reason"] = job.stop_reason
    if job.error_code:
        told["error"] = {"code": job.error_code, "message": job.error_message}
    if not job.whole:
        told["whole"] = False
    return told


def last_frame(job: StreamJob, number: int) -> bytes:
    """Frame the end of an answer for a reader of Server-Sent Events who has come to this event."""
    frame = sse.done if job.state == "done" and not job.deleted else sse.error
    return frame(number, how_it_ended(job))
