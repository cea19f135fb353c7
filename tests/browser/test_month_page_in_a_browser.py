"""The month's page as a browser shows it: on a phone, on paper, from a file, with nothing else."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from browser.chromium import Page
from month_figures import month, reported, row, tenants

from ops.month_page.figures import DayFigures
from ops.month_page.page import render
from ops.month_page.savings import Saving

pytestmark = pytest.mark.browser
TEAMS = [f"team-with-a-rather-long-name-{n}" for n in range(12)]
MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def day_of(number: int) -> DayFigures:
    rows = [row(team, str(number * (place + 1)), number) for place, team in enumerate(TEAMS)]
    savings = {MODEL: Saving(10_000, 500, Decimal("1.5"), 0)}
    return reported(number, *rows, complete=number != 7, unpriced=3, savings=savings)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    days = [*map(day_of, range(1, 29)), DayFigures(date(2026, 11, 29))]
    figures = month(*days, tenants=tenants(**{TEAMS[1]: TEAMS[0], TEAMS[0]: None}))
    path = tmp_path_factory.mktemp("month") / "2026-11.html"
    path.write_bytes(render(figures))
    return path


@pytest.fixture
def shown(browser: Page, file: Path) -> Iterator[Page]:
    browser.open("about:blank")
    browser.requested()
    browser.open(file.as_uri())
    yield browser
    browser.resize_back()  # other modules' tests have the same browser


def test_the_page_requests_nothing_but_itself(shown, file):
    assert shown.requested() == [file.as_uri()]


def test_a_day_s_column_is_as_high_as_what_it_cost(shown):
    heights = shown.value(
        "[...document.querySelectorAll('.stack')].map("
        "s => [...s.querySelectorAll('[class^=c]')].reduce((h, b) => h + b.offsetHeight, 0))"
    )
    whole = shown.value("document.querySelector('.stack').clientHeight")
    assert abs(heights[27] - whole) <= 6  # six boxes, each of whole pixels
    assert abs(heights[13] - whole / 2) <= 6


def test_a_day_without_a_report_is_no_empty_column(shown):
    assert shown.value("document.querySelectorAll('.stack .none').length") == 1


def test_the_share_of_a_team_is_its_bar_s_width(shown):
    widths = shown.value(
        "[...document.querySelectorAll('#teams .fill')].map("
        "f => f.offsetWidth / f.parentNode.offsetWidth)"
    )
    assert abs(max(widths) - 12 / 78) < 0.02


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_the_page_is_never_wider_than_the_screen(shown, width):
    shown.resize(width, 800)
    assert shown.value("document.documentElement.scrollWidth") <= width


def test_what_the_total_lacks_is_seen_before_anything_is_scrolled(shown):
    shown.resize(1280, 800)
    assert shown.value("document.querySelector('#lacking').getBoundingClientRect().bottom") < 800


def test_it_prints_on_a_few_pages(shown):
    pages = shown.printed().count(b"/Type /Page\n") or shown.printed().count(b"/Type/Page/")
    assert 1 <= pages <= 3
