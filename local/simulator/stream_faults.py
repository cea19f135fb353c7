"""What a fault makes of a stream: the acts of sending it, one after another.

An act is bytes to send as they are, a Pause or a Mark. A fault happens after so many events, but no
later than before the first final one: a stream that broke never told its counts.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import chain

from local.simulator import frames
from local.simulator.faults import EXCEPTIONS, Fault
from local.simulator.refusals import Service
from local.simulator.streams import Event

_UNKNOWN = "surpriseEvent"
_EXPLANATION = "The model has an internal error while it streams."


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent for so many seconds, or where none are given, until a release."""

    seconds: float | None = None


class Mark(Enum):
    TOLD = auto()  # with the next event the caller learns what was used
    CUT = auto()  # the connection is closed, whatever was promised


Act = bytes | Pause | Mark


def acts(events: Iterable[Event], fault: Fault | None, service: Service) -> Iterator[Act]:
    """Yield the acts that send a stream. Where they end without a cut, the body ends cleanly."""
    if fault and fault.name == "stream_split":
        return _split(events, fault.params["bytes"], service)
    if fault and fault.name == "trickle":
        return _trickle(events, fault)
    if fault and fault.name in _BREAKS:
        return _broken(iter(events), fault, service)
    return _whole(events)


def before(events: Iterable[Event], fault: Fault) -> list[Event]:
    """Return what of a stream comes before its fault."""
    sent: list[Event] = []
    for event in events:
        if _happens(fault, len(sent), event):
            break
        sent.append(event)
    return sent


def exception(fault: Fault, service: Service) -> str:
    """Return the name that a service has for a stream's exception."""
    name: str = fault.params["exception"]
    return EXCEPTIONS[name] if service == "sagemaker" else name


def _whole(events: Iterable[Event]) -> Iterator[Act]:
    told = False
    for event in events:
        if event.final and not told:
            told = True
            yield Mark.TOLD
        yield event.encode()


def _broken(events: Iterator[Event], fault: Fault, service: Service) -> Iterator[Act]:
    how = _BREAKS[fault.name]
    for sent, event in enumerate(events):
        if _happens(fault, sent, event):
            yield from how.acts(event, fault, service)
            break
        yield event.encode()
    if how.then == "whole":
        yield from _whole(chain([event], events))
    elif how.then == "spoilt":
        yield from (event.encode() for event in events)


def _happens(fault: Fault, sent: int, event: Event) -> bool:
    return event.final or sent >= fault.params.get("after", _BREAKS[fault.name].after)


def _split(events: Iterable[Event], size: int, service: Service) -> Iterator[Act]:
    """Send so many bytes at a time; a SageMaker part has no more of the container's either."""
    parts = events if service == "bedrock" else _parts(events, size)
    for act in _whole(parts):
        if isinstance(act, bytes):
            yield from _slices(act, size)
        else:
            yield act


def _parts(events: Iterable[Event], size: int) -> Iterator[Event]:
    for event in events:
        yield from (replace(event, payload=part) for part in _slices(event.payload, size))


def _slices(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), max(size, 1))]


def _trickle(events: Iterable[Event], fault: Fault) -> Iterator[Act]:
    """Wait before every event, and before the counts until `seconds` have passed in all."""
    interval = fault.params["interval_ms"] / 1_000
    waited = 0.0
    for act in _whole(events):
        told = act is Mark.TOLD
        wait = max(0.0, fault.params["seconds"] - waited) if told else interval
        waited += wait
        yield Pause(wait)
        yield act


def _exception(event: Event, fault: Fault, service: Service) -> Iterator[Act]:
    name = exception(fault, service)
    if not fault.params["modelled"]:
        yield frames.error(name, _EXPLANATION)
    elif service == "sagemaker":
        yield frames.exception(name, {"ErrorCode": "ModelInternalError", "Message": _EXPLANATION})
    else:
        yield frames.exception(name, {"message": _EXPLANATION})


def _cut(event: Event, _fault: Fault, _service: Service) -> Iterator[Act]:
    yield _half(event)
    yield Mark.CUT


def _truncated(event: Event, fault: Fault, _service: Service) -> Iterator[Act]:
    if fault.params["in_frame"]:
        yield _half(event)


def _idle(_event: Event, fault: Fault, _service: Service) -> Iterator[Act]:
    yield Pause(fault.params["seconds"])


def _held(_event: Event, _fault: Fault, _service: Service) -> Iterator[Act]:
    yield Pause()


def _late(_event: Event, fault: Fault, _service: Service) -> Iterator[Act]:
    yield Pause(fault.params["ms"] / 1_000)


def _corrupt(event: Event, _fault: Fault, _service: Service) -> Iterator[Act]:
    """Send the event with its last byte, one of the checksum's, changed."""
    frame = event.encode()
    yield frame[:-1] + bytes([frame[-1] ^ 0xFF])


def _unknown(_event: Event, _fault: Fault, _service: Service) -> Iterator[Act]:
    yield frames.event(_UNKNOWN, b'{"p":"abcdef"}')


def _half(event: Event) -> bytes:
    frame = event.encode()
    return frame[: len(frame) // 2]


@dataclass(frozen=True, slots=True)
class _Break:
    """A fault's acts before the event that it hits, and what follows: nothing, the event and the
    rest, or the rest without it, which is then no answer.
    """

    acts: Callable[[Event, Fault, Service], Iterator[Act]]
    then: str = "nothing"
    after: int = 0  # events, of a fault that does not say


_BREAKS = {
    "cut_body": _Break(_cut, after=8),
    "stream_exception": _Break(_exception),
    "stream_cut": _Break(_cut),
    "stream_truncated": _Break(_truncated),
    "stream_idle": _Break(_idle, "whole"),
    "stream_hold": _Break(_held, "whole"),
    "stream_corrupt": _Break(_corrupt, "spoilt"),
    "stream_unknown_event": _Break(_unknown, "whole"),
    "first_token": _Break(_late, "whole"),
}
