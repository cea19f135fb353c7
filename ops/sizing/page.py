"""`python -m ops.sizing.page`: write what the commands of docs/scale.md print into the page."""

import io
import re
import shlex
from contextlib import redirect_stdout
from pathlib import Path
from typing import Final

from ops.__main__ import main

PAGE: Final = Path(__file__).parents[2] / "docs" / "scale.md"
_SHOWN: Final = re.compile(r"(```sh\npython -m ops (.+?)\n```\n\n```\n)(.*?)(```)", re.DOTALL)


def rendered(text: str) -> str:
    """Return a page with the output of each command below it."""
    return _SHOWN.sub(lambda found: found[1] + _printed(found[2]) + found[4], text)


def _printed(command: str) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        main(shlex.split(command.replace("\\\n", "")))
    return out.getvalue()


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
