"""The page's tables are the code's: docs/metering.md."""

import re
from collections import defaultdict
from pathlib import Path

from chalicelib.catalog import FAMILIES
from chalicelib.metering.meter import METERS, NOT_METERED

PAGE = (Path(__file__).parents[3] / "docs" / "metering.md").read_text(encoding="utf-8")
SECTION = PAGE.split("## Families")[1].split("\n## ")[0]
ROWS = [line.split(" | ") for line in SECTION.splitlines() if line.startswith("| `")]


def test_the_page_lists_every_family_once():
    assert sorted(row[0].strip("| `") for row in ROWS) == sorted(METERS)


def test_the_page_lists_every_prefix():
    prefixes = defaultdict(set)
    for prefix, family in FAMILIES.items():
        prefixes[family].add(prefix)
    listed = {row[0].strip("| `"): set(re.findall("`([^`]+)`", row[1])) for row in ROWS}
    assert {name: listed[name] for name in prefixes} == prefixes


def test_the_page_says_which_families_are_not_metered():
    assert {row[0].strip("| `") for row in ROWS if "not metered yet" in row[2]} == set(NOT_METERED)


def test_the_page_explains_every_problem():
    sources = Path(__file__).parents[3] / "chalicelib" / "metering"
    code = "".join(path.read_text(encoding="utf-8") for path in sources.glob("*.py"))
    problems = set(re.findall(r'unknown\("([a-z_]+)"\)', code))
    assert problems
    assert all(f"`{problem}`" in PAGE for problem in problems)
