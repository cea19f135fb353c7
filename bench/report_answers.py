"""AWS's answers to the report in a measurement: made by the local engine, and kept in files."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.report_process import page, question
from local.insights.service import InsightsService
from local.insights.table import Event, Events, Table


class KeptInsights(InsightsService):
    """Logs Insights over one day's events, whatever log group is asked; keeps its answers."""

    def __init__(self, events: Iterable[Event], answers: Path) -> None:
        super().__init__()
        self._held = Events(events).table()
        self._answers = answers
        self.asked: Counter[str] = Counter()

    def start(self, events: Table, request: dict[str, Any]) -> dict[str, Any]:
        self.asked["StartQuery"] += 1
        return self._keep(question(request), super().start(self._held, request))

    def results(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked["GetQueryResults"] += 1
        return self._keep(page(request), super().results(request))

    def _keep(self, name: str, answer: dict[str, Any]) -> dict[str, Any]:
        (self._answers / name).write_text(json.dumps(answer))
        return answer
