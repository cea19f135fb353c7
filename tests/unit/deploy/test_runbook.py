"""docs/runbook.md: a section for every alarm, and nothing on the page that is not there."""

import json
import re
import shlex
from pathlib import Path

import pytest

from ops.__main__ import parser
from ops.deploy.templates.alarms import ALARMS

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGE = (DOCS / "runbook.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", PAGE, re.MULTILINE))
ANCHORS = {re.sub(r"[^a-z0-9 -]", "", name.lower()).replace(" ", "-") for name in SECTIONS}
COMMANDS = [
    " ".join(found.split())
    for found in re.findall(
        r"python -m ops ((?:(?!`|\n\n|\)\"|```)[^`])+?)(?=`|\n(?!  )|\)\")", PAGE
    )
]


@pytest.mark.parametrize("alarm", [alarm.name for alarm in ALARMS])
def test_an_alarm_has_a_section_that_says_what_to_do_and_when_it_is_over(alarm: str) -> None:
    marks = re.findall(r"\*\*(Means|Look at|Do|do|Over)\*\*", SECTIONS[alarm])
    assert [mark.capitalize() for mark in marks] == ["Means", "Look at", "Do", "Over"]


def test_a_section_is_of_an_alarm_that_there_is() -> None:
    alarms = {alarm.name for alarm in ALARMS}
    others = set(SECTIONS) - alarms
    assert others == {
        "foreign",
        "Running a scheduled function now",
        "What was deleted or changed by hand",
        "What the doctor asks",
    }


def test_the_sections_stand_in_the_order_of_the_alarms() -> None:
    alarms = [alarm.name for alarm in ALARMS]
    assert [name for name in SECTIONS if name in alarms] == alarms


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_a_command_on_the_page_is_one_that_there_is(command: str) -> None:
    words = shlex.split(command)
    if words != ["capacity"]:  # named, not shown
        assert parser().parse_args(words).run


def test_a_log_group_on_the_page_is_one_that_is_made() -> None:
    template = json.loads((ROOT / ".chalice" / "resources.json").read_text(encoding="utf-8"))
    made = {
        each["Properties"]["LogGroupName"]["Fn::Sub"].replace("${Stage}", "prod")
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Logs::LogGroup"
    }
    named = set(re.findall(r"(/(?:aws/lambda|tollgate)/[a-z_/-]*prod[a-z_/-]*)", PAGE))
    assert named <= made
    assert len(named) == 9


def test_a_link_on_the_page_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", PAGE)
    assert {page for page, _ in links if page and not (DOCS / page).is_file()} == set()
    assert {anchor for page, anchor in links if anchor and not page} <= ANCHORS


def test_a_section_that_the_doctor_names_is_there() -> None:
    code = "".join(path.read_text("utf-8") for path in sorted((ROOT / "ops/doctor").glob("*.py")))
    named = set(re.findall(r'runbook\("([a-z-]+)"\)', code))
    named |= set(re.findall(r'"([a-z-]+)": manifest\.', code))
    named |= set(re.findall(r"runbook\.md#([a-z-]+)", code))
    assert len(named) >= 8
    assert named <= ANCHORS
