import json
from types import SimpleNamespace

import pytest

from chalicelib import metrics


def test_one_line_carries_all_counts_of_a_stage(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.emit("prod", Orphaned=2, Lost=0)

    line = json.loads(capsys.readouterr().out)
    directive = line["_aws"]["CloudWatchMetrics"][0]
    assert (line["Stage"], line["Orphaned"], line["Lost"]) == ("prod", 2, 0)
    assert directive["Namespace"] == "Tollgate"
    assert directive["Dimensions"] == [["Stage"]]
    assert directive["Metrics"] == [
        {"Name": "Orphaned", "Unit": "Count"},
        {"Name": "Lost", "Unit": "Count"},
    ]


def test_a_line_is_one_write_so_that_threads_cannot_interleave(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writes: list[str] = []
    monkeypatch.setattr("sys.stdout", SimpleNamespace(write=writes.append, flush=lambda: None))

    metrics.emit("prod", LedgerFault=1)

    assert len(writes) == 1
    assert writes[0].endswith("}\n")


def test_a_metric_line_is_not_taken_for_a_usage_record(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.emit("prod", LedgerFault=1)

    assert "tollgate" not in json.loads(capsys.readouterr().out)
