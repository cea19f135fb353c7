"""`/async-invoke`: Bedrock Runtime's asynchronous jobs as they are, a team's own and no others.

A job is started like any model call, through the router. What is read afterwards is Bedrock's own
answer, but for the token: Bedrock knows a job by a token that no other team can have.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote

from chalicelib.async_jobs.job import Job, UnreadableJob
from chalicelib.async_jobs.start import TOKEN, read_start, start_async_invoke
from chalicelib.async_jobs.sweep import unknown_to_aws
from chalicelib.async_jobs.table import JobsTable, KeptJob
from chalicelib.aws_json import AwsFault
from chalicelib.backends.async_invokes import ARN, AsyncInvokes, BedrockAway, content
from chalicelib.backends.faults import tenant_error
from chalicelib.backends.json_splice import member, replaced
from chalicelib.errors import BadRequest, JobsUnavailable, ProviderUnavailable
from chalicelib.router import Router
from chalicelib.surfaces.answers import Answer, json_answer
from chalicelib.surfaces.invocation import Invocation
from chalicelib.tenants.nouns import Identity
from chalicelib.transport import Reply
from chalicelib.usage_record import rfc3339

LARGEST_PAGE: Final = 100
"""Of the 1,000 that AWS allows: each running job of a page is asked for by itself."""

STATES: Final = ("InProgress", "Completed", "Failed")
NO_SUCH_JOB: Final = "Your team has no asynchronous job of this ARN."
_STARTED_AT: Final = re.compile(r"[0-9T:.-]{23}Z")


class AsyncInvokeSurface:
    name: Final = "native"

    def __init__(
        self, router: Router, jobs: JobsTable, invokes: AsyncInvokes, *, stage: str
    ) -> None:
        self._router = router
        self._jobs = jobs
        self._invokes = invokes
        self._stage = stage

    def start(self, identity: Identity, invocation: Invocation) -> Answer:
        """StartAsyncInvoke. The same token starts the same job once, as it does at AWS."""
        request = read_start(invocation.body, invocation.account)
        operation = start_async_invoke(request, self._jobs, self._stage)
        reply = self._router.answer(
            identity,
            invocation.model_request(request.model_id, {"bedrock": operation}, self.name),
        )
        return _answer(invocation, reply, reply.body)

    def get(self, identity: Identity, invocation: Invocation, arn: str) -> Answer:
        """GetAsyncInvoke. The ARN is still percent-encoded.

        Another team's job, and one that is none, answer alike.
        """
        named = unquote(arn)
        kept = self._find(identity, named) if ARN.fullmatch(named) else None
        if kept is None:
            raise BadRequest(NO_SUCH_JOB)
        reply = self._asked(kept.job)
        if reply.status != 200:
            raise tenant_error(reply)
        return _answer(invocation, reply, _with_own_token(reply.body, kept.job))

    def list(self, identity: Identity, invocation: Invocation) -> Answer:
        """ListAsyncInvokes, out of our own table; Bedrock is asked about jobs that still run."""
        query = _Query(invocation.query)
        wanted = query.one("statusEquals", STATES)
        query.one("sortBy", ("SubmissionTime",))
        try:
            page = self._jobs.page(
                identity.tenant.team_id,
                since=query.time("submitTimeAfter"),
                until=query.time("submitTimeBefore"),
                newest_first=query.one("sortOrder", ("Ascending", "Descending")) != "Ascending",
                limit=query.limit("maxResults"),
                after=query.position("nextToken"),
            )
        except AwsFault as fault:
            raise JobsUnavailable from fault
        summaries = [each for kept in page.jobs if (each := self._summary(kept))]
        told: dict[str, Any] = {
            "asyncInvokeSummaries": [
                each for each in summaries if wanted in (None, each.get("status"))
            ]
        }
        if page.after:
            told["nextToken"] = _next_token(*page.after)
        return json_answer(200, told, _headers(invocation, invocation.request_id))

    def _find(self, identity: Identity, arn: str) -> KeptJob | None:
        try:
            return self._jobs.find(identity.tenant.team_id, arn)
        except (AwsFault, UnreadableJob) as fault:
            raise JobsUnavailable from fault

    def _asked(self, job: Job) -> Reply:
        try:
            return self._invokes.get(job.arn)
        except BedrockAway as away:
            raise ProviderUnavailable from away

    def _summary(self, kept: KeptJob) -> dict[str, Any]:
        """Say of a job what Bedrock says; nothing, of one that Bedrock has forgotten."""
        if kept.settlement is None:
            told = self._running(kept.job)
        else:
            told = json.loads(kept.settlement.answer or "{}")
        return told | ({TOKEN: kept.job.given_token} if TOKEN in told else {})

    def _running(self, job: Job) -> dict[str, Any]:
        """Say what Bedrock says now, or what was written down where it knows no such job (yet)."""
        reply = self._asked(job)
        if reply.status == 200:
            return dict(content(reply))
        if unknown_to_aws(reply):
            return _written_down(job)
        raise tenant_error(reply)


def _written_down(job: Job) -> dict[str, Any]:
    model = f"arn:aws:bedrock:{job.start.region}::foundation-model/{job.start.base_model}"
    return {
        "invocationArn": job.arn,
        "modelArn": model,
        TOKEN: job.token,
        "status": "InProgress",
        "submitTime": rfc3339(job.started_at),
    }


class _Query:
    """The parameters of a list, each at most once. Raises BadRequest for what AWS does not take."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values

    def one(self, name: str, allowed: Sequence[str]) -> str | None:
        value = self._value(name)
        if value is not None and value not in allowed:
            raise BadRequest(f"{name} is one of {', '.join(allowed)}.")
        return value

    def time(self, name: str) -> datetime | None:
        value = self._value(name)
        try:
            at = datetime.fromisoformat(value) if value is not None else None
            return at and (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC))
        except (ValueError, OverflowError) as error:
            raise BadRequest(f"{name} is not a time, such as 2026-11-23T08:54:35Z.") from error

    def limit(self, name: str) -> int:
        value = self._value(name) or str(LARGEST_PAGE)
        if not (value.isascii() and value.isdigit() and 1 <= int(value[:5]) <= 1000):
            raise BadRequest(f"{name} is a whole number from 1 to 1000.")
        return min(int(value), LARGEST_PAGE)

    def position(self, name: str) -> tuple[str, str] | None:
        value = self._value(name)
        if value is None:
            return None
        try:
            started_at, arn = json.loads(urlsafe_b64decode(value.encode()))
            known = _STARTED_AT.fullmatch(started_at) and ARN.fullmatch(arn)
        except (ValueError, TypeError, RecursionError) as error:
            raise BadRequest(f"{name} is not one that was given here.") from error
        if not known:
            raise BadRequest(f"{name} is not one that was given here.")
        return started_at, arn

    def _value(self, name: str) -> str | None:
        given = self._values.get(name, ())
        if len(given) > 1:
            raise BadRequest(f"{name} is there twice.")
        return given[0] if given else None


def _next_token(started_at: str, arn: str) -> str:
    return urlsafe_b64encode(json.dumps([started_at, arn]).encode()).decode()


def _with_own_token(body: bytes, job: Job) -> bytes:
    """Give the tenant's own token back; every other byte of the answer stays as it is."""
    try:
        text = body.decode()
        found = member(text, TOKEN)
    except (ValueError, RecursionError):
        return body
    return replaced(text, found, json.dumps(job.given_token)).encode() if found else body


def _answer(invocation: Invocation, reply: Reply, body: bytes) -> Answer:
    provider_request_id = reply.headers.get("x-amzn-requestid", invocation.request_id)
    return Answer(reply.status, body, _headers(invocation, provider_request_id))


def _headers(invocation: Invocation, provider_request_id: str) -> dict[str, str]:
    return {"x-request-id": invocation.request_id, "x-amzn-RequestId": provider_request_id}
