"""Outages: services of AWS that are away for a while, so that what depends on them can be tried."""

from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.datastructures import Headers

Answer = tuple[list[bytes], str, Headers]


class Outages:
    """Which services are away, by moto's names: `dynamodb`, `logs`, `s3`, `sqs`, `sts`, …"""

    def __init__(self) -> None:
        self._away: frozenset[str] = frozenset()

    @contextmanager
    def of(self, *services: str) -> Iterator[None]:
        """Let services answer 503, and do nothing, while the context lasts."""
        before, self._away = self._away, self._away.union(services)
        try:
            yield
        finally:
            self._away = before

    def answer(self, service: str) -> Answer | None:
        """Answer for a service that is away, as a load balancer does whose servers are gone."""
        return ([], "503 Service Unavailable", Headers()) if service in self._away else None
