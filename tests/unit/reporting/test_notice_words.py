"""What people are told: what is wrong, which day, how much, and what to do."""

from dataclasses import MISSING, fields, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from builders import count_line, endpoint_line, price_book
from kept_files import Bucket

from chalicelib.metering.usage import Usage
from chalicelib.pricing.capacity import Capacity, Resource, Sample
from chalicelib.pricing.price_file import COLUMNS
from chalicelib.reporting.capacity_files import SampledDay
from chalicelib.reporting.csv_writer import write_costs
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.notices import completeness, spend
from chalicelib.reporting.notices.unpriced import unpriced
from chalicelib.reporting.notices.words import counted, dollars, letter, listed
from chalicelib.reporting.rated import rated
from chalicelib.reporting.reported_day import ReportedDay, costs_key
from chalicelib.reporting.store import ReportStore

DAY = date(2026, 11, 22)
TODAY = date(2026, 11, 23)
BOOK = price_book(
    "m,us-east-1,none,on_demand,default,none,input_tokens,0.01,2026-01-01,,list,2026-11-01",
    "n,us-east-1,none,on_demand,default,none,input_tokens,0.01,2026-01-01,,list,2026-11-01",
)


def used(team_id: str = "search", tokens: int = 100, model: str = "m", **more):
    usage = Usage(input_tokens=tokens)
    return count_line(team_id=team_id, model_id=model, base_model=model, usage=usage, **more)


def day_of(*lines, **more) -> ReportedDay:
    return rated(DAY, lines, {}, BOOK, **more)


def manifest(**told) -> Manifest:
    """A manifest in which nothing is said but this."""
    required = {each.name: 0 for each in fields(Manifest) if each.default is MISSING}
    return Manifest(**{**required, "files": {}, **told})


def test_a_whole_report_is_nothing_to_tell() -> None:
    assert completeness.incomplete(day_of(used()), manifest(complete=True), "reports") is None


def test_an_incomplete_report_says_what_is_wrong_how_much_it_has_and_what_to_do() -> None:
    orphaned = {("search", "bedrock", "m"): 2}
    reported = rated(DAY, [used(), used("ads")], orphaned, BOOK)
    short = manifest(complete=False, orphaned=2, unknown=1, lost=0, foreign=3)

    notice = completeness.incomplete(reported, short, "reports")

    assert notice is not None
    assert (notice.cause, notice.subject) == (
        "report_incomplete",
        "the report of 2026-11-22 is not complete",
    )
    assert "- 2: calls that began" in notice.text
    assert "- 1: calls of which the provider never said" in notice.text
    assert "- 3: records that the gateway did not write" in notice.text
    assert "missing between others" not in notice.text
    assert "Whose: search." in notice.text
    assert "the report has 2 calls for $2.00" in notice.text
    assert "s3://reports/exceptions/date=2026-11-22/exceptions.csv" in notice.text


def test_a_day_without_a_report_says_why_and_that_no_wrong_figure_is_anywhere() -> None:
    notice = completeness.missing(DAY, "IncompleteReport: the query of records ended as Failed")
    assert (notice.cause, notice.subject) == ("report_missing", "there is no report of 2026-11-22")
    assert "ended as Failed" in notice.text
    assert "no wrong figure" in notice.text
    assert "python -m ops report --date 2026-11-22" in notice.text


def test_where_everything_has_a_price_there_is_nothing_to_tell() -> None:
    assert unpriced(day_of(used()), TODAY) is None


def test_what_has_no_price_is_named_with_its_calls_and_the_row_to_add() -> None:
    new = used("ads", 1_200, model="amazon.nova-3-v1:0", geo="us", tier="flex")
    notice = unpriced(day_of(used(), new, replace(new, team_id="search")), TODAY)

    assert notice is not None
    assert notice.subject == "2026-11-22 has usage without a price: amazon.nova-3-v1:0"
    assert "- amazon.nova-3-v1:0, 2 calls of ads, search: 2,400 input_tokens" in notice.text
    assert (
        "  amazon.nova-3-v1:0,us-east-1,us,on_demand,flex,none,input_tokens,USD_PER_UNIT,"
        "2026-11-22,,WHERE_IT_IS_FROM,2026-11-23\n" in notice.text
    )
    assert ",".join(COLUMNS) in notice.text
    assert "python -m ops report --date 2026-11-22 --rerate" in notice.text


def test_the_row_to_add_prices_what_it_is_said_to_price() -> None:
    reported = day_of(used(model="new"))
    notice = unpriced(reported, TODAY)
    assert notice is not None
    (row,) = (line.strip() for line in notice.text.splitlines() if "USD_PER_UNIT,2026" in line)
    filled = row.replace("USD_PER_UNIT", "0.02").replace("WHERE_IT_IS_FROM", "contract")
    priced = rated(DAY, reported.lines, {}, BOOK.overridden_by(price_book(filled)))
    assert priced.unpriced == 0
    assert unpriced(priced, TODAY) is None


def test_an_hour_without_a_price_is_named_by_the_instance_that_ran() -> None:
    resource = Resource("sagemaker", "us-east-1", "chat")
    sampled = SampledDay(Capacity((Sample(resource, "ml.g5.xlarge", "none", 2, 1),), 0), "")
    notice = unpriced(day_of(endpoint_line(), sampled=sampled), TODAY)
    assert notice is not None
    assert "chat" in notice.subject
    assert "2 instance_hour" in notice.text
    assert "ml.g5.xlarge,us-east-1,none,endpoint,default,none,instance_hour," in notice.text


def test_hours_that_nobody_sampled_have_no_row_to_add() -> None:
    line = count_line(basis="provisioned", model_id="arn:x", usage=Usage(busy_ms=5))
    notice = unpriced(day_of(line), TODAY)
    assert notice is not None
    assert "of which there is no sample" in notice.text
    assert "USD_PER_UNIT" not in notice.text


def test_what_the_gateway_did_not_write_asks_for_no_price() -> None:
    assert unpriced(day_of(used(model="forged", service="forged")), TODAY) is None


def before(*amounts: str) -> dict[date, dict[str, Decimal]]:
    days = spend.same_weekdays(DAY)
    return {day: {"search": Decimal(text)} for day, text in zip(days, amounts, strict=False)}


def rises(*amounts: str, tokens: int = 10_000, factor: str = "2", minimum: str = "10"):
    costs = day_of(used(tokens=tokens)).costs
    return spend.rises(costs, before(*amounts), Decimal(factor), Decimal(minimum))


@pytest.mark.parametrize(
    ("amounts", "told"),
    [
        (("40", "50", "60", "1000"), False),  # usual: 55, and 100 is less than twice of it
        (("40", "50", "50", "1000"), True),  # usual: 50
        (("50", "40"), True),
        (("0", "0", "0", "0"), True),  # usually nothing
        (("1",), False),  # one day is no habit
        ((), False),
    ],
)
def test_a_team_is_told_of_from_twice_the_middle_of_its_last_same_weekdays_on(
    amounts: tuple[str, ...], told: bool
) -> None:
    assert bool(rises(*amounts)) is told


def test_factor_and_minimum_are_the_operator_s() -> None:
    assert rises("40", "40", factor="2.5")
    assert not rises("40", "40", factor="2.6")
    assert not rises("1", "1", tokens=999, minimum="10")
    assert rises("1", "1", tokens=1000, minimum="10")


def test_a_team_that_is_new_on_days_that_are_reported_usually_spent_nothing() -> None:
    costs = day_of(used("ads", 10_000)).costs
    (rise,) = spend.rises(costs, before("1", "1"), Decimal(2), Decimal(10))
    assert (rise.team_id, rise.usual) == ("ads", 0)


def test_a_rise_is_told_with_both_amounts_and_the_model_of_most_of_it() -> None:
    lines = [used(tokens=10_000), used(tokens=24_000, model="n"), used("ads", 100)]
    earlier = before("100", "100", "90", "110")
    found = spend.rises(day_of(*lines).costs, earlier, Decimal(2), Decimal(10))

    notice = spend.spend(DAY, found, earlier)

    assert notice is not None
    assert notice.subject == "search spent far more than usual on 2026-11-22"
    assert (
        "- search: $340.00, usually $100.00, 3.4 times as much; $240.00 of it on n" in notice.text
    )
    assert "2026-10-25, 2026-11-01, 2026-11-08, 2026-11-15" in notice.text


def test_several_teams_are_one_message_the_largest_rise_first() -> None:
    lines = [used("ads", 5_000), used("search", 50_000)]
    found = spend.rises(day_of(*lines).costs, before("0", "0"), Decimal(2), Decimal(10))
    notice = spend.spend(DAY, found, before("0", "0"))
    assert notice is not None
    assert notice.subject == "2 teams spent far more than usual on 2026-11-22"
    assert notice.text.index("- search") < notice.text.index("- ads")


def test_nothing_unusual_is_nothing_to_tell() -> None:
    assert spend.spend(DAY, [], {}) is None


def test_the_same_weekdays_are_read_out_of_their_reports_those_that_there_are() -> None:
    week_ago, two_ago = DAY - timedelta(weeks=1), DAY - timedelta(weeks=2)
    costs = write_costs(day_of(used(), used(model="n"), used("ads")).costs)
    bucket = Bucket(files={costs_key(week_ago): costs, costs_key(DAY - timedelta(days=1)): costs})
    earlier = spend.before(ReportStore(bucket, "reports"), DAY)
    assert earlier == {week_ago: {"search": Decimal(2), "ads": Decimal(1)}}
    assert two_ago not in earlier


def test_amounts_read_as_money() -> None:
    assert dollars(Decimal("1234.567")) == "$1,234.57"
    assert dollars(Decimal("0.004")) == "less than $0.01"
    assert dollars(Decimal(0)) == "$0.00"
    assert (counted(1, "call"), counted(2300, "call")) == ("1 call", "2,300 calls")


def test_a_long_list_is_cut_and_says_by_how_much() -> None:
    assert listed([str(n) for n in range(23)])[-1] == "… and 3 more"
    assert listed(["one"]) == ["one"]
    assert letter("a", "", "b") == "a\n\nb\n"
