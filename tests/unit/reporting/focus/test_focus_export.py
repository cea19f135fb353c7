"""The file comes in pieces, the same each time, whatever its size."""

import csv
from dataclasses import replace
from itertools import islice

from focus_days import DAY, NOVA_LINE, content, reported

from chalicelib.metering.usage import Usage
from chalicelib.reporting import focus
from chalicelib.reporting.focus.columns import COLUMNS
from chalicelib.reporting.focus.export import PIECE
from chalicelib.reporting.focus.rows import focus_rows

MANY = [replace(NOVA_LINE, team_id=f"team-{n:04}", usage=Usage(input_tokens=n)) for n in range(900)]


def test_the_file_has_a_folder_of_its_own_for_each_day():
    (file,) = focus.files(reported())
    assert file.key == focus.focus_key(DAY) == "focus/date=2026-11-23/focus.csv"
    assert file.content_type == "text/csv; charset=utf-8"


def test_a_large_file_comes_in_pieces_that_are_the_same_each_time():
    (file,) = focus.files(reported(MANY))
    pieces = list(file.render())
    assert len(pieces) > 2
    assert all(PIECE <= len(piece) < PIECE + 5000 for piece in pieces[:-1])
    assert list(file.render()) == pieces


def test_rows_are_made_as_they_are_asked_for():
    first = list(islice(focus_rows(reported(MANY)), 3))
    assert [row.team_id for row in first] == ["(idle)", "(idle)", "team-0001"]


def test_rows_are_sorted_by_team():
    teams = [row.team_id for row in focus_rows(reported())]
    assert teams == sorted(teams)


def test_every_row_has_every_column():
    rows = list(csv.reader(content(reported()).decode("ascii").splitlines(), strict=True))
    assert tuple(rows[0]) == COLUMNS
    assert {len(row) for row in rows} == {len(COLUMNS)}
