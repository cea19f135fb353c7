"""A day that is reported again: only what is new is written, and the manifest says what moved."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from builders import tenant
from kept_files import Bucket
from month_world import World
from reported_days import DAY as QUIET_DAY
from reported_days import outcome, quiet_day

from chalicelib.reporting.claims import Claim
from chalicelib.reporting.reported_day import costs_key, counts_key, manifest_key
from chalicelib.reporting.restating import HeldDay, Overtaken, Remade
from chalicelib.reporting.tenant_tree import Tenants, tenants_key

DAY = date(2026, 11, 9)
MORNING = datetime(2026, 11, 10, 2, 15, tzinfo=UTC)
MILLION = 1_000_000


@dataclass
class WatchedBucket(Bucket):
    """A bucket that remembers which reports' files were put or deleted."""

    touched: list[str] = field(default_factory=list)

    def put_object(self, **request: Any) -> dict[str, str]:
        self._touch(request["Key"])
        return super().put_object(**request)

    def delete_object(self, **request: Any) -> None:
        self._touch(f"deleted {request['Key']}")
        super().delete_object(**request)

    def _touch(self, key: str) -> None:
        if not key.startswith("claims/"):
            self.touched.append(key)


@pytest.fixture
def world() -> World:
    """A day with one call of search, reported; nothing of it is remembered as touched."""
    found = World(now=MORNING, bucket=WatchedBucket())
    found.write(*found.records(DAY, "search", (MILLION, 0), call="c1"))
    found.report(DAY)
    found.bucket.touched.clear()
    found.now += timedelta(days=1)
    return found


def test_the_same_records_put_nothing_but_the_manifest(world: World) -> None:
    again = world.report(DAY)

    assert world.bucket.touched == [manifest_key(DAY)]
    assert (again.changed, again.manifest.restated) == ((), ())


def test_late_records_put_what_they_change_the_manifest_last(world: World) -> None:
    world.write(*world.records(DAY, "search", (MILLION, 0), call="c2"))

    again = world.report(DAY)

    assert world.bucket.touched[-1] == manifest_key(DAY)
    assert set(again.changed) == set(world.bucket.touched[:-1])
    assert {counts_key(DAY), costs_key(DAY)} <= set(again.changed)
    assert tenants_key(DAY) not in again.changed


def test_the_manifest_says_what_moved_when_why_and_by_how_much(world: World) -> None:
    world.write(*world.records(DAY, "search", (MILLION, 0), call="c2"))
    world.report(DAY)
    world.now += timedelta(days=1)
    world.write(*world.records(DAY, "ads", (0, 100_000), call="c3", instance="i2"))

    manifest = world.report(DAY).manifest

    assert [(each.at[:10], dict(each.rows), each.cost) for each in manifest.restated] == [
        ("2026-11-11", {"late records": 1}, "+3"),
        ("2026-11-12", {"late records": 1}, "+1.5"),
    ]
    assert json.loads(world.bucket.files[manifest_key(DAY)])["restated"][1]["cost"] == "+1.5"


def test_a_file_that_the_day_has_no_more_is_deleted_before_the_manifest_forgets_it(
    world: World,
) -> None:
    gone = "teams/team=ads/date=2026-11-09/costs.csv"
    manifest = json.loads(world.bucket.files[manifest_key(DAY)])
    manifest["files"][gone] = "0" * 64
    world.bucket.files |= {gone: b"theirs", manifest_key(DAY): json.dumps(manifest).encode()}

    outcome = world.report(DAY)

    assert world.bucket.touched == [f"deleted {gone}", manifest_key(DAY)]
    assert outcome.changed == (gone,)
    assert gone not in world.bucket.files


def test_who_writes_without_a_claim_is_found_by_the_manifest(world: World) -> None:
    claim = Claim(world.now + timedelta(minutes=15), lambda: world.now, clean=True)
    held = HeldDay.read(world.store, claim, DAY)
    assert held.manifest
    newer = replace(held.manifest, reported_at="2026-11-12T00:00:00.000Z")
    world.report(DAY)  # somebody else

    with pytest.raises(Overtaken, match="another report of 2026-11-09"):
        held.restate(Remade([], newer, [], world.now + timedelta(days=2)))

    assert not claim.clean


def test_a_tenant_is_what_the_first_report_of_the_day_took_and_new_ones_are_added() -> None:
    bucket = Bucket()
    first = Tenants({"search": tenant(display_name="Search")})
    later = Tenants({t: tenant(team_id=t, display_name="renamed") for t in ("search", "web")})

    outcome(quiet_day(), bucket, read_tenants=lambda: first)
    outcome(quiet_day(), bucket, hour=3, read_tenants=lambda: later)

    kept = Tenants.from_csv(bucket.files[tenants_key(QUIET_DAY)]).by_id
    assert {name: each.display_name for name, each in kept.items()} == {
        "search": "Search",
        "web": "renamed",
    }


def test_a_bill_does_not_wait_for_names_but_takes_those_of_the_day_before() -> None:
    bucket = Bucket()
    yesterday = Tenants({"search": tenant(display_name="Search")})
    bucket.files[tenants_key(QUIET_DAY - timedelta(days=1))] = yesterday.to_csv()

    def unreachable() -> Tenants:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")

    outcome(quiet_day(), bucket, read_tenants=unreachable)

    assert Tenants.from_csv(bucket.files[tenants_key(QUIET_DAY)]).by_id.keys() == {"search"}
