"""Sending an answer, or failing to, as a fault wants it. Nothing here waits busily."""

import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Literal

from local.simulator.ledger import Ledger
from local.simulator.provider import Delivery
from local.simulator.stream_faults import Act, Mark, Pause

Ending = Literal["released", "elapsed", "left"]


class Hold:
    """One call that is being held, until its client leaves or it is let go."""

    def __init__(self, connection: socket.socket, releasable: bool) -> None:
        self.releasable = releasable
        self._connection = connection
        self._bell, self._ringer = socket.socketpair()
        self._ending: Ending = "released"

    def end(self, ending: Ending) -> None:
        self._ending = ending
        self._ringer.send(b"!")

    def wait(self, seconds: float | None = None) -> Ending:
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection, selectors.EVENT_READ, "left")
            selector.register(self._bell, selectors.EVENT_READ, "rung")
            events = {key.data for key, _ in selector.select(seconds)}
        if "rung" in events:
            return self._ending
        return "left" if events else "elapsed"

    def close(self) -> None:
        self._bell.close()
        self._ringer.close()


class Holds:
    """The calls in flight that are being held; tests wait for their number instead of sleeping."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holds: set[Hold] = set()

    @contextmanager
    def hold(self, connection: socket.socket, *, releasable: bool = False) -> Iterator[Hold]:
        hold = Hold(connection, releasable)
        with self._changed:
            self._holds.add(hold)
            self._changed.notify_all()
        try:
            yield hold
        finally:
            with self._changed:
                self._holds.discard(hold)
                hold.close()
                self._changed.notify_all()

    def wait_for(self, at_least: int, seconds: float) -> int:
        """Return how many calls are held, once they are `at_least` so many or time is up."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._holds) >= at_least, seconds)
            return len(self._holds)

    def release(self) -> int:
        """Let the hung calls be answered; return how many there were."""
        with self._changed:
            hung = [hold for hold in self._holds if hold.releasable]
            for hold in hung:
                hold.end("released")
        return len(hung)

    def drop(self) -> None:
        """End every other hold without an answer."""
        self.release()
        with self._changed:
            for hold in self._holds:
                if not hold.releasable:
                    hold.end("left")


@dataclass(frozen=True, slots=True)
class Postman:
    """Delivers answers over one connection. `deliver` tells whether it may be used again."""

    connection: socket.socket
    holds: Holds
    ledger: Ledger

    def deliver(self, delivery: Delivery) -> bool:
        name = delivery.fault.name if delivery.fault else ""
        manner = _MANNERS.get(name, Postman.whole)
        if delivery.acts is not None and manner not in _BEFORE_THE_HEAD:
            manner = Postman.whole
        return manner(self, delivery)

    def whole(self, delivery: Delivery) -> bool:
        if delivery.acts is not None:
            return self._stream(delivery, delivery.acts)
        self.connection.sendall(delivery.head() + delivery.body)
        return True

    def withheld(self, delivery: Delivery) -> bool:
        seconds = self._param(delivery, "latency_ms") / 1_000
        hung = delivery.fault is not None and delivery.fault.name == "hang"
        with self.holds.hold(self.connection, releasable=hung) as hold:
            ending = hold.wait(seconds or None)
        if ending == "left":
            return False
        self.ledger.amend(delivery.request_id, "cut_stream" if delivery.acts else "answered")
        return self.whole(delivery)

    def cut_headers(self, delivery: Delivery) -> bool:
        return False

    def cut_body(self, delivery: Delivery) -> bool:
        self.connection.sendall(delivery.head() + delivery.body[: len(delivery.body) // 2])
        return False

    def trickle(self, delivery: Delivery) -> bool:
        """Send a byte each interval, the last no sooner than `seconds` after the first."""
        interval = self._param(delivery, "interval_ms") / 1_000
        done = monotonic() + self._param(delivery, "seconds")
        self.connection.sendall(delivery.head())
        with self.holds.hold(self.connection) as hold:
            for i in range(len(delivery.body) - 1):
                self.connection.sendall(delivery.body[i : i + 1])
                if hold.wait(interval) != "elapsed":
                    return False
            if hold.wait(max(0.0, done - monotonic())) != "elapsed":
                return False
        self.ledger.amend(delivery.request_id, "answered")
        self.connection.sendall(delivery.body[-1:])
        return True

    def _stream(self, delivery: Delivery, acts: Iterator[Act]) -> bool:
        """Send each event as a chunk and a write of its own."""
        self.connection.sendall(delivery.head())
        for act in acts:
            if isinstance(act, bytes):
                self.connection.sendall(b"%x\r\n%b\r\n" % (len(act), act))
            elif act is Mark.TOLD:
                self.ledger.amend(delivery.request_id, "answered")
            elif act is Mark.CUT or not self._wait(act):
                return False
        self.connection.sendall(b"0\r\n\r\n")
        return True

    def _wait(self, pause: Pause) -> bool:
        """Tell whether the client is still there after a pause."""
        releasable = pause.seconds is None
        with self.holds.hold(self.connection, releasable=releasable) as hold:
            return hold.wait(pause.seconds) == ("released" if releasable else "elapsed")

    def _param(self, delivery: Delivery, name: str) -> float:
        return float(delivery.fault.params.get(name, 0)) if delivery.fault else 0.0


_MANNERS: dict[str, Callable[[Postman, Delivery], bool]] = {
    "timeout": Postman.withheld,
    "hang": Postman.withheld,
    "slow": Postman.withheld,
    "cut_headers": Postman.cut_headers,
    "cut_body": Postman.cut_body,
    "trickle": Postman.trickle,
}
_BEFORE_THE_HEAD = (Postman.withheld, Postman.cut_headers)
"""What happens to a stream as to every answer; the rest is in its acts."""
