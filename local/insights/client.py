"""A boto3 `logs` client without HTTP: its three operations of Logs Insights, over log events."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError

from local.insights.service import Disconnected, InsightsService, Refused
from local.insights.table import Event, Events


@dataclass
class LogsClient:
    """Asks `service`, and remembers each call: its operation and its parameters."""

    service: InsightsService = field(default_factory=InsightsService)
    events: Events = field(default_factory=Events)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @classmethod
    def over(cls, events: Iterable[Event]) -> "LogsClient":
        return cls(events=Events(events))

    def start_query(self, **request: Any) -> dict[str, Any]:
        return self._asked(
            "StartQuery", request, lambda: self.service.start(self.events.table(), request)
        )

    def get_query_results(self, **request: Any) -> dict[str, Any]:
        return self._asked("GetQueryResults", request, lambda: self.service.results(request))

    def stop_query(self, **request: Any) -> dict[str, Any]:
        return self._asked("StopQuery", request, lambda: self.service.stop(request))

    def _asked(
        self, operation: str, request: dict[str, Any], answer: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        self.calls.append((operation, request))
        try:
            return answer()
        except Refused as refused:
            error = {"Code": refused.code, "Message": refused.message}
            raise ClientError({"Error": error, **refused.more}, operation) from refused
        except Disconnected as broken:
            raise ConnectionClosedError(endpoint_url="Logs Insights") from broken
