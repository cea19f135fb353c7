"""The month's page: what it says first, what it adds up, and that it needs nothing else."""

import re
from datetime import date
from html.parser import HTMLParser

import pytest
from month_figures import month, reported, row, tenants

from ops.month_page.figures import DayFigures
from ops.month_page.page import render
from ops.month_page.savings import Saving

EMPTY = ("meta", "br")


class Outline(HTMLParser):
    """The texts of a page by the id of what they are in, and the cells of its tables."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, "the page is not well formed"

    def handle_data(self, data):
        self.text += data
        if {"th", "td"} & set(self.open):
            self.rows[-1][-1] += data


def shown(*days: DayFigures, **about) -> Outline:
    outline = Outline()
    outline.feed(render(month(*days, **about)).decode())
    assert not outline.open
    return outline


def line(outline: Outline, name: str) -> list[str]:
    return next(cells for cells in outline.rows if cells and cells[0].startswith(name))


def test_the_total_is_the_sum_of_all_rows():
    page = shown(reported(1, row(cost="1.25"), row("ads", "2")), reported(2, row(cost="0.5")))
    assert "$3.75Total" in page.text


def test_a_parent_has_its_own_and_what_all_below_it_cost():
    page = shown(
        reported(1, row("search", "1"), row("ads", "2")),
        tenants=tenants(search=None, ads="search"),
    )
    assert line(page, "search")[1:3] == ["$1.00", "$3.00"]
    assert line(page, "ads")[1:3] == ["$2.00", "$2.00"]


def test_of_those_with_one_parent_the_dearest_comes_first():
    known = tenants(aa=None, bb=None, ca="bb", cb="bb")
    page = shown(reported(1, row("aa", "5"), row("ca", "1"), row("cb", "9")), tenants=known)
    named = [cells[0] for cells in page.rows if cells[0].endswith(" team")]
    assert named == ["bb team", "cb team", "ca team", "aa team"]


def test_a_team_is_held_against_the_same_days_of_the_last_month():
    before = (reported(1, row("search", "2")),)
    page = shown(reported(1, row("search", "3"), row("ads", "1")), before=before)
    assert "+100 % on $2.00" in page.text
    assert line(page, "search")[4] == "+50 %"
    assert line(page, "ads")[4] == "new"


def test_without_a_report_of_the_last_month_nothing_is_compared():
    page = shown(reported(1, row()), before=(DayFigures(date(2026, 10, 1)),))
    assert line(page, "search")[4] == ""


@pytest.mark.parametrize("name", ["unpriced", "unknown", "orphaned", "partial", "lost", "foreign"])
def test_what_the_total_lacks_stands_before_any_chart(name):
    text = shown(reported(1, row(), **{name: 1234})).text
    assert text.index(f"1,234 {name}: ") < text.index("By day")


def test_a_model_without_a_price_is_named_with_who_used_it():
    page = shown(reported(1, row(status="UNPRICED", model_id="nova-next", cost="0")))
    assert "without a price: nova-next, used by search" in page.text


def test_a_day_without_a_report_is_named():
    assert "days without a report: 2026-11-02" in shown(DayFigures(date(2026, 11, 2))).text


def test_days_that_follow_one_another_are_named_by_the_first_and_the_last():
    days = [DayFigures(date(2026, 11, day)) for day in (2, 3, 4, 9)]
    assert "2026-11-02 to 2026-11-04, 2026-11-09" in shown(*days).text


def test_what_aws_counts_otherwise_is_told():
    page = shown(reported(1, row(), differences="1 difference, found: a direct call"))
    assert "reconciliation of 2026-11-01: 1 difference, found: a direct call" in page.text


def test_a_month_of_which_nothing_is_missing_says_so():
    page = shown(reported(1, row(), differences=""))
    assert "Nothing: every call of the reported days has its cost." in page.text


def test_idle_capacity_is_nobody_s_and_shown():
    assert "$12.00Nobody's: idle capacity" in shown(reported(1, row("(idle)", "12"))).text


def test_caching_is_shown_by_model():
    saving = {"nova": Saving(1000, 10, row(cost="3").of("total_cost"), 0)}
    assert line(shown(reported(1, row(), savings=saving)), "nova")[0:2] == ["nova", "$1.00"]
    page = shown(reported(1, row(), savings=saving))
    assert ["nova", "1,000", "10", "$3.00", "0"] in page.rows


def test_whatever_a_tenant_is_called_is_text():
    outline = shown(reported(1, row("<script>alert(1)</script>", "1")))
    assert "script" not in outline.open
    assert line(outline, "<script>alert(1)</script>")


def test_the_page_asks_for_nothing_from_anywhere():
    page = render(month(reported(1, row()))).decode()
    assert not re.findall(r"https?://|@import|url\(|<script|<link|<img|<iframe", page)
    assert "default-src 'none'" in page


def test_the_same_figures_make_the_same_bytes():
    figures = month(reported(1, row(), row("ads")))
    assert render(figures) == render(figures)


def test_of_a_closed_month_the_page_says_so_and_how_often_it_was_adjusted():
    page = shown(reported(1, row()), closed_at="2026-12-02T09:00:00.000Z", adjustments=1)
    assert "books closed on 2026-12-02, 1 adjustment since; 1 of 1 days reported" in page.text


def test_a_month_that_has_just_begun_is_a_page_too():
    assert "0 of 0 days reported" in shown().text


def test_of_very_many_tenants_the_dearest_are_shown_and_the_rest_is_counted():
    rows = [row(f"team{n:04}", str(n)) for n in range(1000)]
    page = shown(reported(1, *rows))
    assert line(page, "team0999")
    assert "700 more are in the sums above them, or in the total alone." in page.text
    assert line(page, "700 others")[1] == f"${sum(range(700)):,}.00"


def test_a_month_of_very_many_teams_is_a_page_that_opens_and_says_where_all_of_them_are():
    rows = [row(f"team{n}", model_id=f"m{n % 500}", status="UNPRICED") for n in range(2000)]
    figures = month(reported(1, *rows), files="s3://reports/tree/month=2026-11/tree.csv")
    page = render(figures)
    assert len(page) < 300_000
    assert "1700 more are in the sums above them" in page.decode()
    assert "Every one is in s3://reports/tree/month=2026-11/tree.csv." in page.decode()


def test_the_rest_is_held_against_its_own_last_month():
    rows = [row(f"team{n:04}", "2") for n in range(301)]
    before = (reported(1, row("team0300", "1")),)
    assert line(shown(reported(1, *rows), before=before), "1 others")[1:5] == [
        *("$2.00", "", "", "+100 %")
    ]


def test_a_model_without_a_price_is_named_once_however_many_used_it():
    rows = [row(team, status="UNPRICED") for team in ("ads", "search", "shop")]
    assert "without a price: nova, used by ads and 2 other teams" in shown(reported(1, *rows)).text


def test_of_very_many_models_that_cached_the_rest_is_one_line():
    one = Saving(10, 1, row(cost="1").of("total_cost"), 0)
    page = shown(reported(1, row(), savings={f"m{n:02}": one for n in range(42)}))
    assert ["2 more models", "20", "2", "$2.00", "0"] in page.rows
