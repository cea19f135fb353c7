"""Sabotage: ten ways to make a gateway lose money or charge the wrong team.

Each is done to the running stack; then the ledger is asked what it made of it.
"""

import json
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from local.proof.collect import control
from local.stack import Stack
from local.stream_faults.passing_time import PassingTime
from local.stream_faults.world import World
from local.traffic import payloads
from local.traffic.clients import Gateway
from local.traffic.offers import HAIKU
from local.traffic.plan import Request, StreamRequest, request
from local.traffic.sent import Sent

NOVA = "us.amazon.nova-lite-v1:0"
NEW_MODEL = "amazon.nova-next-v1:0"
NOT_ALLOWED = "stability.stable-image-ultra-v1:1"
TEAM, VICTIM = "research", "marketing"
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was done, and what each of its requests came to. `expected` are the statuses due."""

    name: str
    expected: tuple[int, ...]
    sent: tuple[Sent, ...]

    @property
    def as_expected(self) -> bool:
        return tuple(each.status for each in self.sent) == self.expected


class Saboteur:
    """Does each act of sabotage in its turn, with the keys of the demo's teams."""

    def __init__(self, stack: Stack, gateway: Gateway, keys: Mapping[str, str]) -> None:
        self._stack = stack
        self._gateway = gateway
        self._keys = keys
        self._random = Random(9)

    def attempts(self) -> list[Attempt]:
        """Do everything but the revoked key, which takes time to be refused."""
        return [
            self._meeting("cut_body", "answer cut in the middle", 502),
            self._meeting("timeout", "provider never answers", 504),
            self._forged_team(),
            self._sent("model outside the allow-list", 403, self._request(NOT_ALLOWED)),
            self._sent("model without a price", 200, self._request(NEW_MODEL)),
            self._retried(),
            self._killed(),
            self._killed_in_mid_stream(),
            self._asked_twice(),
        ]

    def revoked(self, key: str) -> Attempt:
        """Use a key that was revoked a while ago."""
        with Gateway(self._stack.urls, {TEAM: key}) as gateway:
            return Attempt("revoked key", (401,), (gateway.send(self._request(NOVA)),))

    def _request(self, model_id: str) -> Request:
        build = payloads.claude if model_id == HAIKU else payloads.nova
        return request(TEAM, model_id, build(self._random))

    def _sent(self, name: str, status: int, request: Request) -> Attempt:
        return Attempt(name, (status,), (self._gateway.send(request),))

    def _meeting(self, fault: str, name: str, status: int) -> Attempt:
        self._next_call_meets(fault)
        return self._sent(name, status, self._request(HAIKU))

    def _forged_team(self) -> Attempt:
        body = {**payloads.nova(self._random), "team_id": VICTIM}
        forged = {"team_id": VICTIM, "x-team-id": VICTIM}
        forgery = replace(request(TEAM, NOVA, body), headers=forged)
        return self._sent("forged team_id (header, body)", 200, forgery)

    def _retried(self) -> Attempt:
        self._next_call_meets("throttle")
        again = self._request(NOVA)
        sent = self._gateway.send(again), self._gateway.send(again)
        return Attempt("provider's 429, tried again", (429, 200), sent)

    def _killed(self) -> Attempt:
        """Kill a gateway between a call's two records: the model runs, and nobody hears of it."""
        self._next_call_meets("hang")
        process = self._stack.start_gateway()
        urls = {**self._stack.urls, "gateway": process.url}
        with Gateway(urls, self._keys) as doomed, ThreadPoolExecutor(1) as pool:
            call = pool.submit(doomed.send, self._request(NOVA))
            control(self._stack, "GET", "inflight?at_least=1")
            process.kill()
            sent = call.result()
        control(self._stack, "POST", "release")
        return Attempt("process killed in mid-call", (0,), (sent,))

    def _killed_in_mid_stream(self) -> Attempt:
        """Kill the process that streams an answer; its client reads on, and the sweep ends it."""
        control(self._stack, "PUT", "faults", [{"do": "stream_hold", "after": 9, "times": 1}])
        world = World(self._stack)
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(self._gateway.send, self._stream())
            control(self._stack, "GET", "inflight?at_least=1")
            for request_id in world.running():
                self._stack.functions.kill(request_id)
            control(self._stack, "POST", "release")
            with PassingTime(self._stack, world):
                sent = call.result()
        return Attempt("Lambda killed in mid-stream", (200,), (sent,))

    def _asked_twice(self) -> Attempt:
        """A client that asks for the same stream again, under its key."""
        sent = self._gateway.send(self._stream(key="order-4711", repeated="later"))
        return Attempt("asked twice under one key", (200, 200), sent.all)

    def _stream(self, **wishes: Any) -> StreamRequest:
        body = json.dumps(payloads.nova(self._random)).encode()
        return StreamRequest(TEAM, NOVA, body, form="sse", **wishes)

    def _next_call_meets(self, fault: str) -> None:
        control(self._stack, "PUT", "faults", [{"do": fault, "times": 1}])


def saw(attempt: Attempt) -> str:
    """Say what the client saw of it."""
    return ", then ".join(_status(sent) for sent in attempt.sent)


def _read(sent: Sent) -> str:
    return f" {sent.reads[-1].status}" if sent.reads else ""


def _status(sent: Sent) -> str:
    if not sent.status:
        return "connection lost"
    return f"{sent.status} {sent.error_code}".strip() + _read(sent)


def ledger_says(
    attempt: Attempt, records: Sequence[Json], costs: Sequence[Mapping[str, str]]
) -> str:
    """Say what the gateway's records hold of it."""
    told = {each.request_id for each in attempt.sent if each.request_id}
    if not told:
        return _orphans(records)
    ends = [
        record
        for record in records
        if record["request_id"] in told and record["tollgate"] != "started"
    ]
    unpriced = {(row["team_id"], row["model_id"]) for row in costs if row["status"] == "UNPRICED"}
    return "; ".join(_end(record, unpriced) for record in ends) or "no record, no provider called"


def _orphans(records: Sequence[Json]) -> str:
    ended = {record["call_id"] for record in records if record["tollgate"] != "started"}
    orphans = {record["request_id"] for record in records if record["call_id"] not in ended}
    return f"orphan {' '.join(sorted(orphans))}" if orphans else "no orphan"


def _end(record: Json, unpriced: Set[tuple[str, str]]) -> str:
    if record["tollgate"] == "failed":
        return "failed, $0"
    if record["usage_source"] == "none":
        return "usage unknown: listed, charged to nobody"
    if record["usage_source"] == "partial":
        return "partial: listed; what was reported by then"
    counted = f"{record['team_id']}: {record['input_tokens']} in, {record['output_tokens']} out"
    return counted + (", UNPRICED" if (record["team_id"], record["model_id"]) in unpriced else "")
