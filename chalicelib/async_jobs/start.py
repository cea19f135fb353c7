"""StartAsyncInvoke: announce the job, start it, write down its ARN.

The announcement is what makes a job impossible to lose. Whatever happens after it (the answer is
lost, the table is away, this process dies), the sweep finds the job by its token.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from chalicelib import metrics
from chalicelib.async_jobs.job import Job, token_of
from chalicelib.async_jobs.table import JobsTable
from chalicelib.aws_json import AwsFault
from chalicelib.backends.async_invokes import started_arn
from chalicelib.backends.json_splice import member, replaced
from chalicelib.backends.operation import Operation, Payload
from chalicelib.catalog import Model
from chalicelib.errors import BadRequest
from chalicelib.json_text import parsed
from chalicelib.metering.async_jobs import settled
from chalicelib.metering.exchange import at
from chalicelib.transport import BEDROCK_RUNTIME, NotSent, Patience, Reply, Transport
from chalicelib.usage_record import ProviderCall

MODEL: Final = "modelId"
TOKEN: Final = "clientRequestToken"  # noqa: S105 - a name
_IDEMPOTENCY_TOKEN: Final = re.compile(r"[!-~]{1,256}")  # AsyncInvokeIdempotencyToken
_PUNCTUATION: Final = re.compile(r"[\W_]+")

log = logging.getLogger("tollgate.async_jobs")


@dataclass(frozen=True, slots=True)
class StartRequest:
    """The body of StartAsyncInvoke, understood as far as it is ours to understand."""

    text: str
    content: Mapping[str, object]
    model_id: str
    given_token: str | None

    def sent(self, model: Model, token: str) -> bytes:
        """Return the body for Bedrock: the tenant's own, but for the token and the model's name.

        The model is named anew only where the tenant named it in another form.
        """
        text = self.text
        if model.target != self.model_id:
            text = _with(text, MODEL, model.target)
        return _with(text, TOKEN, token).encode()


def read_start(body: bytes, account: str) -> StartRequest:
    """Read a tenant's request to a gateway in this AWS account. Raises BadRequest.

    No key may be there twice, for then Bedrock might obey one value and we bill the other.
    """
    try:
        text = body.decode()
        content = parsed(text)
    except ValueError as error:
        raise BadRequest("The body is not a JSON object in which every key is unique.") from error
    model_id, token = at(content, MODEL), at(content, TOKEN)
    if not (isinstance(content, dict) and isinstance(model_id, str)):
        raise BadRequest(f"Name a model in {MODEL}.")
    _check_output(at(content, "outputDataConfig"))
    _check_owners(content, account)
    _check_tags(at(content, "tags"))
    return StartRequest(text, content, model_id, None if token is None else _token(token))


def _token(value: object) -> str:
    if not (isinstance(value, str) and _IDEMPOTENCY_TOKEN.fullmatch(value)):
        raise BadRequest(f"A {TOKEN} has 1 to 256 visible ASCII characters.")
    return value


def _check_output(config: object) -> None:
    """Let the output go to S3 alone; that it is the team's own prefix is checked with the rest."""
    uri = at(config, "s3OutputDataConfig", "s3Uri")
    only_s3 = isinstance(config, dict) and set(config) == {"s3OutputDataConfig"}
    if not (only_s3 and isinstance(uri, str) and uri.startswith("s3://")):
        raise BadRequest("Say in outputDataConfig.s3OutputDataConfig.s3Uri where the output goes.")


def _check_owners(content: object, account: str) -> None:
    """Let every `bucketOwner`, of output and of input, be the account of the payloads bucket."""
    waiting = [content]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if each.get("bucketOwner", account) != account:
                raise BadRequest("bucketOwner is the gateway's own AWS account, or left out.")
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _check_tags(tags: object) -> None:
    """Refuse a tag that says whose cost the job is: AWS's bill would believe it.

    In a bill `Team-ID` reads like `team_id`, so neither case nor punctuation tells them apart.
    """
    if tags is None:
        return
    keys = [at(tag, "key") for tag in tags] if isinstance(tags, list) else [None]
    for key in keys:
        if not isinstance(key, str):
            raise BadRequest("tags is a list of objects, each with a key and a value.")
        letters = _PUNCTUATION.sub("", key.lower())
        if letters == "teamid" or letters.startswith("tollgate"):
            raise BadRequest(
                "A tag that says whose cost a job is (team_id, tollgate…) is not yours."
            )


def _with(text: str, key: str, value: str) -> str:
    """Set a member of the object that a text is, and leave every other byte as it is."""
    found, literal = member(text, key), json.dumps(value)
    if found:
        return replaced(text, found, literal)
    before, brace, after = text.partition("{")
    return f'{before}{brace}"{key}":{literal},{after}'


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAsyncInvoke(Operation):
    """The operation, for one request."""

    request: StartRequest
    jobs: JobsTable
    stage: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def send(
        self,
        transport: Transport,
        model: Model,
        payload: Payload,
        call: ProviderCall,
        timeout: float,
        patience: Patience | None = None,
    ) -> Reply:
        """Start the job, once it is announced. Raises NotSent and NoAnswer."""
        job = self._job(model, call)
        try:
            self.jobs.announce(job)
        except AwsFault as fault:
            self._loud("not started, for it could not be announced", job, fault)
            raise NotSent(str(fault)) from fault
        body = self.request.sent(model, job.token)
        try:
            reply = Operation.send(
                self, transport, model, replace(payload, body=body), call, timeout, patience
            )
        except NotSent:
            self._forget(job)
            raise
        self._write_down(job, reply)
        return reply

    def _job(self, model: Model, call: ProviderCall) -> Job:
        given = self.request.given_token or call.request_id
        return Job(
            start=call,
            due=settled(model, self.request.content),
            token=token_of(call.team_id, given),
            given_token=given,
            started_at=self.now(),
        )

    def _write_down(self, job: Job, reply: Reply) -> None:
        """Keep what the answer says. Never raises: the job runs, and its tenant gets the ARN."""
        if 400 <= reply.status < 500:
            self._forget(job)
            return
        arn = started_arn(reply) if reply.status < 300 else None
        try:
            if arn:
                self.jobs.begin(job, arn)
            else:  # a fault, or a cut answer: the sweep asks whether the job was started
                self._loud("may have been started", job)
        except AwsFault as fault:
            self._loud("started, and its ARN was not written down", job, fault)

    def _forget(self, job: Job) -> None:
        try:
            self.jobs.forget(job)
        except AwsFault as fault:  # the sweep looks for it in vain, and then forgets it
            self._loud("not started, and is still announced", job, fault)

    def _loud(self, what: str, job: Job, fault: AwsFault | None = None) -> None:
        log.error("job %s: %s, call %s", what, fault or "no answer", job.start.call_id)
        metrics.emit(self.stage, JobNotWritten=1)


def start_async_invoke(request: StartRequest, jobs: JobsTable, stage: str) -> StartAsyncInvoke:
    """Make the operation that starts this request's job."""
    parts: dict[str, Any] = {"request": request, "jobs": jobs, "stage": stage}
    return StartAsyncInvoke("StartAsyncInvoke", BEDROCK_RUNTIME, "/async-invoke", **parts)
