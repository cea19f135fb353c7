"""README's session with curl, run as it stands (but for the port, which may be taken)."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import one_day
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

# What the session needs of curl, for machines that have none: -s, -N, -H and -d.
CURL = f"""#!{sys.executable}
import argparse, sys, urllib.error, urllib.request
parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("-s", action="store_true")
parser.add_argument("-N", action="store_true")
parser.add_argument("-H", action="append", default=[])
parser.add_argument("-d")
given = parser.parse_args()
headers = dict(header.split(": ", 1) for header in given.H)
request = urllib.request.Request("http://" + given.url, given.d.encode(), headers)
try:
    answer = urllib.request.urlopen(request)
except urllib.error.HTTPError as error:
    answer = error
print(answer.read().decode())
"""

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def gateway_port() -> Iterator[int]:
    """`make serve`, on any port."""
    one_day.with_room()  # the session reports the day of its calls
    command = [sys.executable, "-m", "local", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout
        urls = json.loads(serving.stdout.readline())
        yield int(urls["gateway"].rpartition(":")[2])
        serving.terminate()


def session(port: int) -> str:
    section = README.partition("## A session with curl")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.S)
    commands = "\n".join(block for block in blocks if not block.startswith("chalice local"))
    return commands.replace(". .venv/bin/activate\n", "").replace(":8000", f":{port}")


def test_the_session_does_what_the_readme_says(gateway_port: int, tmp_path: Path) -> None:
    curl = tmp_path / "curl"
    curl.write_text(CURL, encoding="utf-8")
    curl.chmod(0o755)
    path = f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e"],
        input=session(gateway_port),
        cwd=ROOT,
        env={"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"stopReason":"end_turn"' in done.stdout
    assert '{"error":{"code":"model_not_allowed"' in done.stdout
    assert '"status":"done","stored":true' in done.stdout
    assert "2 started + 0 unannounced = 2 usage + 0 failed + 0 orphaned" in done.stdout
    assert ",search,bedrock,us.amazon.nova-lite-v1:0,2," in done.stdout
