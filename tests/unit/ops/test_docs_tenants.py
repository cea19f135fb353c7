"""docs/tenants.md cannot rot: its commands run, in their order, and its table of globs holds."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

from chalicelib.tenants import ApiKey, Tenant
from ops import __main__ as command_line

PAGE = (Path(__file__).parents[3] / "docs" / "tenants.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python -m ops ([^>\n]*)", PAGE, re.MULTILINE)
ALLOWED = re.findall(r"^\| `(\S+)` \| (allowed|refused) \| (allowed|refused)", PAGE, re.MULTILINE)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"


def test_every_command_on_the_page_runs(directory, capsys):
    first_two, rest = COMMANDS[:2], COMMANDS[2:]
    statuses = [command_line.main(shlex.split(command)) for command in first_two]
    directory.add_key(ApiKey("zvsqo2ylcxoj", bytes(32), "genomics", NOON))  # the page's key id
    statuses += [command_line.main(shlex.split(command)) for command in rest]
    assert "error" not in capsys.readouterr().err
    assert statuses == [0] * 16


def test_the_page_s_table_of_globs_is_what_a_tenant_may_use():
    words = {True: "allowed", False: "refused"}
    held = [
        (
            glob,
            words[Tenant("genomics", "team", NOON, allow=(glob,)).may_use(HAIKU)],
            words[Tenant("genomics", "team", NOON, allow=(glob,)).may_use(f"us.{HAIKU}")],
        )
        for glob, _, _ in ALLOWED
    ]
    assert held == ALLOWED
    assert len(ALLOWED) == 3
