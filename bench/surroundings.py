"""What surrounds the gateway in a measurement: AWS that answers at once, a tenant, its goals."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]


@contextmanager
def upstream(items: dict[str, Any], first: float = 0.0, token: float = 0.0) -> Iterator[str]:
    """Start the process that answers at once; yields its address.

    `first` and `token` are the seconds that its models take to a stream's first token, and to each
    of the others.
    """
    command = [sys.executable, "-m", "bench.upstream"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin
        assert process.stdout
        print(json.dumps({"items": items, "pace": (first, token)}), file=process.stdin, flush=True)
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def tenant_with_key() -> tuple[str, dict[str, Any]]:
    """Make a key, and what the table holds of it and of its tenant."""
    from chalicelib.tenants.items import key_pk, key_to_item, team_pk, tenant_to_item
    from chalicelib.tenants.keys import key_hash, new_key
    from chalicelib.tenants.nouns import ApiKey, Tenant

    key_id, key = new_key()
    made = datetime(2026, 1, 1, tzinfo=UTC)
    tenant = Tenant("bench", "team", made, allow=("*",), key_ids=(key_id,))
    items = {
        key_pk(key_id): key_to_item(ApiKey(key_id, key_hash(key), "bench", made)),
        team_pk("bench"): tenant_to_item(tenant),
    }
    return key, json.loads(json.dumps(items, default=lambda raw: base64.b64encode(raw).decode()))


def environment(url: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "TENANTS_TABLE": "tenants",
        "STREAMS_TABLE": "streams",
        "STREAMS_QUEUE": "streams",
        "REPORTS_BUCKET": "reports",
        "PAYLOADS_BUCKET": "payloads",
        "KEY_CACHE_SECONDS": "3600",
    }


def print_figures(figures: Mapping[str, float], goals: Mapping[str, float]) -> None:
    """Print each figure, with its goal where it has one: what it is at most."""
    for name, figure in figures.items():
        goal = goals.get(name)
        missed = " MISSED" if goal is not None and figure > goal else ""
        print(f"{name}={figure:.3f}" + (f"  # goal: at most {goal}{missed}" if goal else ""))
