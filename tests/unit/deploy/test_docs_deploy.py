"""docs/deploy.md names what there is: every template, view and alarm, and no other."""

import re
from pathlib import Path

from ops.deploy.templates.alarms import ALARMS
from ops.deploy.templates.files import FOLDER, TEMPLATES
from ops.deploy.templates.network_parameters import PARAMETERS
from ops.deploy.templates.questions import QUERIES
from ops.deploy.templates.views import VIEWS
from ops.sizing.costs import ALARM_MONTH

DOCS = Path(FOLDER.parent, "docs", "deploy.md").read_text(encoding="utf-8")


def test_every_template_has_its_stack() -> None:
    named = dict(re.findall(r"^\| `(\w+)\.json` \| `tollgate-<stage>-(\w+)`", DOCS, re.MULTILINE))
    assert named == {name: name for name in ("resources", *(n[:-5] for n in TEMPLATES))}


def test_every_view_is_explained() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| .*\?", DOCS, re.MULTILINE)
    assert set(re.findall(r"\w+", " ".join(rows))) == {view.name for view in VIEWS}


def test_alarms_and_queries_are_as_many_as_is_said() -> None:
    assert f"{len(ALARMS)} alarms" in DOCS
    metrics = sum(max(len(alarm.metrics) - 1, 1) for alarm in ALARMS)  # one is their expression
    assert f"these about ${metrics * ALARM_MONTH}" in DOCS
    assert len(QUERIES) == 10
    assert "ten saved queries" in DOCS


def test_the_network_s_commands_give_parameters_that_it_takes() -> None:
    given = set(re.findall(r"[\"`](\w+)(?:=|`)", DOCS)) & {*PARAMETERS}
    assert given == {*PARAMETERS}
