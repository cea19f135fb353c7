"""docs/logs-insights.md: each line has a source, and a test that shows it; each fault is on it."""

import re
from dataclasses import fields
from pathlib import Path

from local.insights.faults import Behaviour, Page

TESTS = Path(__file__).parents[3]
PAGE = (TESTS.parent / "docs" / "logs-insights.md").read_text(encoding="utf-8")
BEHAVIOURS = re.findall(r"^\| ([A-Z`].*) \| (.+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
FAULTS = re.findall(r"^\| (`[\w.]+`(?:, `\w+`)*) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
SHOWN = re.compile(r"`test_\w+`(, `test_\w+`)*|not shown: .+")
SOURCE = re.compile(r"\[\w+\]|seen\b|not documented\b")
FILES = [
    *(TESTS / "unit/local/insights").glob("test_*.py"),
    *(TESTS / "system").glob("test_local_aws.py"),
]
DEFINED = set(re.findall(r"^def (test_\w+)", "\n".join(p.read_text() for p in FILES), re.MULTILINE))


def quoted(text: str) -> set[str]:
    return set(re.findall(r"`([\w.]+)`", text))


def test_the_page_is_read_as_a_person_reads_it() -> None:
    assert len(BEHAVIOURS) > 30
    assert len(FAULTS) > 10


def test_every_behaviour_is_shown_by_a_test_of_the_local_engine_or_says_why_not() -> None:
    shown = [cells[-1] for cells in (*BEHAVIOURS, *FAULTS)]

    assert [cell for cell in shown if not SHOWN.fullmatch(cell)] == []
    assert {name for cell in shown for name in re.findall(r"`(test_\w+)`", cell)} <= DEFINED


def test_every_behaviour_has_a_source_and_every_source_an_address() -> None:
    sources = [source for _, _, source, _ in BEHAVIOURS]

    assert [source for source in sources if not SOURCE.match(source)] == []
    named = {name for source in sources for name in re.findall(r"\[(\w+)\]", source)}
    assert named == set(re.findall(r"^\[(\w+)\]: https://docs\.aws\.amazon\.com/", PAGE, re.M))


def test_every_fault_that_can_be_asked_for_is_on_the_page() -> None:
    listed = {name for names, _, _ in FAULTS for name in quoted(names)}

    assert listed == {
        *(field.name for field in fields(Behaviour)),
        *(f"Page.{page.name}" for page in Page),
        "Broken",
        "Refusal",
    }
