"""What is held against each other: provider entries, the gateway's calls, what clients sent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

from chalicelib.metering.usage import Usage
from local.traffic.reading import Read

Json = Mapping[str, Any]
TOLD_APART = "busy_ms"
"""The one counter that no provider reports: an endpoint's time by the gateway's own clock."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the proof reads, as its writers left it."""

    provider: Sequence[Json]  # GET /_sim/ledger, in order of arrival
    records: Sequence[Json]  # the usage records, as logged: copies too
    sent: Mapping[str, str]  # x-request-id of each answer → the team whose key the client used
    unanswered: Sequence[str]  # teams of the requests whose connection ended without an answer
    costs: Sequence[Mapping[str, str]]  # rows of costs.csv, of every day that was touched
    manifests: Sequence[Json]  # one a day
    samples: Sequence[Mapping[str, str]] = ()  # rows of the days' hours of capacity, with `date`
    told: Mapping[str, str] = field(default_factory=dict)  # provider's id → what the model wrote
    reads: Sequence[Read] = ()  # of streamed answers, as each client came to their end


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """A call as the provider booked it."""

    request_id: str
    time: str  # RFC 3339, when it arrived
    service: str
    operation: str
    model: str
    team: str | None
    gateway_request: str | None
    outcome: str  # answered | refused | cut_headers | cut_body | cut_stream | timeout
    error: str | None  # by which it was refused, or a stream cut
    fault: str | None
    usage: Usage
    billed: Decimal | None  # US dollars; None where no price is listed
    characters: tuple[int, int]  # of text: in, out

    @classmethod
    def read(cls, entry: Json) -> Self:
        billed = entry["billed_usd"]
        return cls(
            request_id=entry["request_id"],
            time=entry["time"],
            service=entry["service"],
            operation=entry["operation"],
            model=entry["model"],
            team=entry["team"],
            gateway_request=entry["gateway_request"],
            outcome=entry["outcome"],
            error=entry["error"],
            fault=entry["fault"],
            usage=Usage.from_counts(entry["counts"]),
            billed=None if billed is None else Decimal(billed),
            characters=(entry["characters_in"], entry["characters_out"]),
        )


@dataclass(frozen=True, slots=True)
class GatewayCall:
    """A provider call as the gateway recorded it: its pair of records, or what there is of it."""

    call_id: str
    started: Json | None
    end: Json | None
    copies: int  # records of a kind beyond its first, by the time at which each was made
    counted_as: str = ""  # in place of its model, where that answered nobody on its day

    @property
    def record(self) -> Json:
        """The record that says the most: the end, or where there is none, the beginning."""
        record = self.end or self.started
        if record is None:
            raise ValueError(f"call {self.call_id} has no record")
        return record

    @property
    def request_id(self) -> str:
        return str(self.record["request_id"])

    @property
    def provider_request_id(self) -> str | None:
        """The provider's name for the call, where its answer got far enough to tell."""
        named = self.end and self.end["provider_request_id"]
        return None if named in (None, "none") else str(named)

    @property
    def began(self) -> str:
        """When it was announced: RFC 3339."""
        return str((self.started or self.record)["time"])

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Its row of costs.csv: date, team, service, model."""
        record = self.record
        model_id = self.counted_as or record["model_id"]
        return record["day"], record["team_id"], record["service"], model_id

    @property
    def usage(self) -> Usage:
        return Usage.from_counts(self.record)


def gateway_calls(records: Iterable[Json]) -> list[GatewayCall]:
    """Pair records by call, in order of their first appearance."""
    of_call: dict[str, list[Json]] = defaultdict(list)
    answered: set[tuple[str, str]] = set()
    for record in records:
        of_call[record["call_id"]].append(record)
        if "counted_as" not in record:
            answered.add((record["day"], record["model_id"]))
    return [_paired(call_id, group, answered) for call_id, group in of_call.items()]


def _paired(call_id: str, records: Sequence[Json], answered: Set[tuple[str, str]]) -> GatewayCall:
    beginnings = [record for record in records if record["tollgate"] == "started"]
    ends = [record for record in records if record["tollgate"] != "started"]
    first = records[0]
    together = (first["day"], first["model_id"]) not in answered
    return GatewayCall(
        call_id,
        started=min(beginnings, key=_time, default=None),
        end=min(ends, key=_time, default=None),
        copies=max(len(beginnings) - 1, 0) + max(len(ends) - 1, 0),
        counted_as=first["counted_as"] if together else "",
    )


def _time(record: Json) -> str:
    return str(record["time"])
