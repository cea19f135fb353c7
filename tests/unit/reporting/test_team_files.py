"""What a day's report leaves for each team."""

import csv
import json
from datetime import date

from builders import count_line, price_book

from chalicelib.metering.usage import Usage
from chalicelib.pricing.capacity import Capacity, Resource, Sample
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting import team_files
from chalicelib.reporting.capacity_files import SampledDay
from chalicelib.reporting.rated import rated
from chalicelib.reporting.reported_day import File, ReportedDay

DAY = date(2026, 11, 22)
LIST = price_book(
    "m,us-east-1,none,on_demand,default,none,input_tokens,0.01,2026-01-01,,list,2026-11-01",
    "ml.g5.xlarge,us-east-1,none,endpoint,default,none,instance_hour,1,2026-01-01,,list,2026-11-01",
)
OWN = price_book(
    "m,us-east-1,none,on_demand,default,none,input_tokens,0.005,2026-01-01,,ours,2026-11-01"
)
USED = Usage(input_tokens=100)


def day(*teams: str, book: PriceBook = LIST, sampled: SampledDay | None = None) -> ReportedDay:
    lines = [count_line(team_id=team, usage=USED) for team in teams]
    more = {"sampled": sampled} if sampled else {}
    return rated(DAY, lines, {}, book, **more)


def contents(*files: File) -> dict[str, bytes]:
    return {file.key: b"".join(file.render()) for file in files}


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines()))


def test_a_team_s_file_has_its_own_rows_alone() -> None:
    made = contents(*team_files.files(day("ads", "ads-eu", "search")))
    for team in ("ads", "ads-eu", "search"):
        own = rows(made[f"teams/team={team}/date=2026-11-22/costs.csv"])
        assert [(row["team_id"], row["total_cost"]) for row in own] == [(team, "1")]


def test_what_nobody_used_is_nobody_s_to_read() -> None:
    endpoint = Resource("sagemaker", "us-east-1", "chat")
    idle = SampledDay(Capacity((Sample(endpoint, "ml.g5.xlarge", "none", 1, 1),), 0), "")
    made = contents(*team_files.files(day("ads", sampled=idle)))
    assert {key for key in made if key.startswith("teams/team=")} == {
        "teams/team=ads/date=2026-11-22/costs.csv"
    }


def test_the_operator_s_own_prices_lie_beside_the_teams_and_the_list_does_not() -> None:
    made = contents(*team_files.files(day("ads", book=LIST.overridden_by(OWN))))
    kept = PriceBook.read(made["teams/date=2026-11-22/prices.csv"])
    assert list(kept) == list(OWN)


def test_without_prices_of_one_s_own_the_file_is_an_empty_price_file() -> None:
    made = contents(*team_files.files(day("ads")))
    assert len(PriceBook.read(made["teams/date=2026-11-22/prices.csv"])) == 0


def test_files_are_the_same_bytes_each_time_that_they_are_rendered() -> None:
    files = list(team_files.files(day("ads", "search")))
    assert contents(*files) == contents(*files)


def test_a_day_says_how_many_of_its_records_are_missing() -> None:
    made = contents(*team_files.day(rated(DAY, [], {}, LIST, lost=2)))
    said = json.loads(made["teams/date=2026-11-22/day.json"])
    assert said == {"schema": 1, "date": "2026-11-22", "lost": 2}
