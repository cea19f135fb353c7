"""The page's tables are the code's: docs/metering.md."""

import re
from pathlib import Path

from chalicelib.metering.guardrails import FREE, UNITS
from ops import metering_page

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "metering.md").read_text(encoding="utf-8")


def test_the_page_has_the_codes_own_table():
    """After a change: `python -m ops.metering_page`."""
    assert metering_page.generated() in PAGE


def test_the_page_explains_every_problem():
    sources = (ROOT / "chalicelib" / "metering").glob("*.py")
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    problems = set(re.findall(r'unknown\("([a-z_]+)"\)', code))
    assert problems
    assert {problem for problem in problems if f"`{problem}`" not in PAGE} == set()


def test_the_page_names_every_unit_of_a_guardrail():
    names = {*UNITS, *UNITS.values(), *FREE}
    assert {name for name in names if f"`{name}`" not in PAGE} == set()
