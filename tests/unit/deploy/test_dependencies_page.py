"""docs/dependencies.md: each line is held by a test, and each test of an outage is on the page."""

import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[2]
PAGE = (TESTS.parent / "docs" / "dependencies.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?!what|---)(.+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
DEPENDENCIES = {"DynamoDB", "CloudWatch Logs", "SQS", "S3", "STS", "Bedrock", "SageMaker"}


def named(text: str) -> set[str]:
    return set(re.findall(r"`(test_\w+)`", text))


def defined(path: Path) -> Iterator[str]:
    yield from re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_dependency_has_its_lines() -> None:
    assert set(re.findall(r"^## (.+)$", PAGE, re.MULTILINE)) >= DEPENDENCIES
    assert len(ROWS) > 35


def test_every_line_is_held_by_a_test() -> None:
    assert [what for what, _, held_by in ROWS if not named(held_by)] == []


def test_every_test_on_the_page_is_there() -> None:
    there = {name for path in TESTS.rglob("test_*.py") for name in defined(path)}
    assert named(PAGE) - there == set()


def test_every_outage_that_is_tried_is_on_the_page() -> None:
    tried = set(defined(TESTS / "system" / "test_dependencies_down.py"))
    assert tried - named(PAGE) == set()
