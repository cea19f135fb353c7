"""A morning: what is due is reconciled, each day by itself, and whatever differs is told."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from month_world import MODEL, SETTINGS, World

from chalicelib.reconciliation import days, morning
from chalicelib.reconciliation.counted import Counted
from chalicelib.reconciliation.made import Scope
from chalicelib.reconciliation.morning import MorningFailed, Reconciler
from chalicelib.reporting.reported_day import counts_key, manifest_key

SEVENTH, EIGHTH, NINTH = (date(2026, 11, day) for day in (7, 8, 9))
NEXT = "2026-11-10T06:45:00Z"
DIRECT = {Scope("bedrock", MODEL): {"invocations": Counted(1), "input_tokens": Counted(5)}}


class Mornings:
    """Three reported days on which the gateway called nothing."""

    def __init__(self) -> None:
        self.world = World(now=datetime(2026, 11, 10, 6, tzinfo=UTC))
        for day in (SEVENTH, EIGHTH, NINTH):
            self.world.report(day)
        self.asked: list[date] = []  # the days whose counters were read, in their order
        self.named: list[Scope] = []  # what was asked for by name, the last time
        self.theirs: dict[date, Any] = {}
        self.reconciler = Reconciler(SETTINGS, lambda _service: self.world.bucket)

    def counted(self, _cloudwatch: Any, day: date, _now: Any, named: Any, *_about: Any) -> Any:
        self.asked.append(day)
        self.named = list(named)
        return self.theirs.get(day, {})

    def come(self) -> dict[str, str]:
        """Let the next morning come; what it says of each period."""
        return {each.period: each.sentence() for each in self.reconciler.due(NEXT)}

    def said(self, day: date) -> dict[str, Any]:
        content = self.world.bucket.files[f"reconciled/date={day}/reconciled.json"]
        found: dict[str, Any] = json.loads(content)
        return found


@pytest.fixture
def mornings(monkeypatch: pytest.MonkeyPatch) -> Mornings:
    made = Mornings()
    monkeypatch.setattr(days, "counted", made.counted)
    monkeypatch.setattr(days.guarded, "counted", lambda *_about: {})
    return made


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The subjects of what the mornings tell people."""
    found: list[str] = []

    def tell(_notices: Any, _settings: Any, _day: date, notices: Any) -> None:
        found.extend(notice.subject for notice in notices if notice)

    monkeypatch.setattr(morning, "tell", tell)
    return found


@pytest.fixture
def differing(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The values of the metric that rings."""
    found: list[int] = []

    def emit(_stage: str, **counts: int) -> None:
        found.extend(counts.values())

    monkeypatch.setattr(morning.metrics, "emit", emit)
    return found


def test_yesterday_is_first_and_once_more_when_what_is_carried_to_it_is_known(
    mornings: Mornings,
) -> None:
    said = mornings.come()
    assert mornings.asked == [NINTH, SEVENTH, EIGHTH, NINTH]
    assert list(said) == ["date=2026-11-09", "date=2026-11-07", "date=2026-11-08"]
    assert mornings.come() == {}


def test_a_day_that_fails_stops_no_other_and_is_raised_at_the_end(
    mornings: Mornings, differing: list[int]
) -> None:
    mornings.theirs[EIGHTH] = DIRECT
    mornings.world.bucket.files[counts_key(SEVENTH)] = b"broken"
    with pytest.raises(MorningFailed, match=r"2026-11-07: .* is not that of its manifest"):
        mornings.come()
    assert mornings.said(NINTH)["said"] == "no difference"
    assert mornings.said(EIGHTH)["rows"]["difference"] == 2
    assert differing == [2]


def test_a_manifest_that_cannot_be_read_stops_no_other_day(mornings: Mornings) -> None:
    mornings.world.bucket.files[manifest_key(EIGHTH)] = b"{}"
    with pytest.raises(MorningFailed, match="2026-11-08: this is not a manifest"):
        mornings.come()
    assert {day for day in (SEVENTH, NINTH) if mornings.said(day)["of"]} == {SEVENTH, NINTH}


def test_what_a_person_found_by_hand_is_counted_and_told_by_the_morning(
    mornings: Mornings, told: list[str], differing: list[int]
) -> None:
    mornings.theirs[NINTH] = DIRECT
    for day in (SEVENTH, EIGHTH, NINTH):
        mornings.reconciler.day(day)
    assert (told, differing) == ([], [])
    assert list(mornings.come()) == ["date=2026-11-09"]
    assert differing == [2]
    assert ["2026-11-09" in subject for subject in told] == [True]


def test_what_the_morning_has_told_does_not_ring_again_because_a_person_looked(
    mornings: Mornings,
) -> None:
    mornings.theirs[NINTH] = DIRECT
    mornings.come()
    mornings.reconciler.day(NINTH)
    assert mornings.come() == {}


def test_a_model_that_only_others_called_is_asked_for_by_name_when_its_day_is_reconciled_again(
    mornings: Mornings,
) -> None:
    """CloudWatch lists it for two weeks: after that the bypass would be gone unseen."""
    others = Scope("bedrock", "acme.other-v1:0")
    mornings.theirs[NINTH] = {others: {"invocations": Counted(1)}}
    mornings.reconciler.day(NINTH)
    mornings.reconciler.day(NINTH)
    assert mornings.named == [others]


def test_what_a_person_finds_otherwise_than_it_was_told_is_told(mornings: Mornings) -> None:
    mornings.come()
    mornings.theirs[NINTH] = DIRECT
    mornings.reconciler.day(NINTH)
    assert list(mornings.come()) == ["date=2026-11-09"]


def test_a_morning_that_ends_before_it_told_is_made_up_for(
    mornings: Mornings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_about: Any) -> None:
        raise KeyboardInterrupt

    mornings.theirs[NINTH] = DIRECT
    with monkeypatch.context() as patched:
        patched.setattr(morning, "tell", killed)
        with pytest.raises(KeyboardInterrupt):
            mornings.come()
    assert "date=2026-11-09" in mornings.come()


def test_what_cannot_be_told_rings_all_the_same(
    mornings: Mornings, monkeypatch: pytest.MonkeyPatch, differing: list[int]
) -> None:
    def spoilt(*_about: Any) -> None:
        raise ValueError("this is no marker")

    mornings.theirs[NINTH] = DIRECT
    monkeypatch.setattr(morning, "tell", spoilt)
    with pytest.raises(MorningFailed, match="no marker"):
        mornings.come()
    assert differing == [2]


def test_what_is_carried_is_unknown_where_the_day_before_was_restated_since(
    mornings: Mornings,
) -> None:
    """Then it is bounded by what AWS counted soon after midnight, and no difference is made up."""
    mornings.come()
    world = mornings.world
    world.write(*world.records(EIGHTH, "search", (5, 0), call="c1"))
    world.report(EIGHTH)
    brought = {unit: Counted(day=each.day, early=each.day) for unit, each in _units().items()}
    mornings.theirs[NINTH] = {Scope("bedrock", MODEL): brought}
    assert mornings.reconciler.day(NINTH).sentence() == "no difference"


def _units() -> dict[str, Counted]:
    return DIRECT[Scope("bedrock", MODEL)]


def test_what_earlier_runs_could_not_tell_is_told_though_a_day_fails(
    mornings: Mornings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(morning, "tell_left", lambda *about: asked.append(about))
    mornings.world.bucket.files[counts_key(SEVENTH)] = b"broken"
    with pytest.raises(MorningFailed):
        mornings.come()
    assert len(asked) == 1
