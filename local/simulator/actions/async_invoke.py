"""StartAsyncInvoke, GetAsyncInvoke and ListAsyncInvokes (botocore's bedrock-runtime model)."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs

from local.simulator import models
from local.simulator.actions import Call
from local.simulator.arrival import Arrival
from local.simulator.calls import Counts, Reply, optional, required
from local.simulator.families import deferred
from local.simulator.jobs import Job, Order
from local.simulator.models import Model, Resources
from local.simulator.refusals import invalid
from local.simulator.storage import split

_MOST_ON_A_PAGE = 1_000
_STATUSES = ("InProgress", "Completed", "Failed")
_ORDERS = ("Ascending", "Descending")
_DESCENDING = "Descending"


def identify(arrival: Arrival, resources: Resources) -> Model:
    """Return the model that a job is to run: it stands in the body."""
    identifier = required(arrival.payload, "modelId", str)
    return resources(identifier) or models.parse(identifier)


def identify_job(arrival: Arrival, _resources: Resources) -> Model:
    return Model(arrival.label or "async-invoke", "async-invoke")


def start(call: Call) -> Reply:
    """Check the whole request and begin the job; nothing is billed before it completes."""
    request = call.arrival.payload
    token = optional(request, "clientRequestToken", str, "")
    if len(token) > 256:
        raise invalid("clientRequestToken: Member must have length less than or equal to 256")
    config = required(
        required(request, "outputDataConfig", dict),
        "s3OutputDataConfig",
        dict,
        "#/outputDataConfig",
    )
    folder = required(config, "s3Uri", str, "#/outputDataConfig/s3OutputDataConfig")
    split(folder)
    payload = required(request, "modelInput", dict)
    outcome = deferred.family(call.model)(call.ask(payload))
    job = call.account.jobs.start(Order(call.entry, call.model, request, outcome, folder))
    return Reply({"invocationArn": job.arn}, Counts(), invocation_arn=job.arn)


def get(call: Call) -> Reply:
    return Reply(call.account.jobs.look(call.arrival.label).as_json(), Counts())


def list_jobs(call: Call) -> Reply:
    """Return a page of jobs. The token is where the last page ended, so new jobs shift nothing."""
    query = {name: values[-1] for name, values in parse_qs(call.arrival.query).items()}
    size = query.get("maxResults", str(_MOST_ON_A_PAGE))
    if not size.isdecimal() or not 1 <= int(size) <= _MOST_ON_A_PAGE:
        raise invalid(f"maxResults: {size} is not between 1 and {_MOST_ON_A_PAGE}")
    newest_first = _one_of(_ORDERS, query.get("sortOrder", _DESCENDING)) == _DESCENDING
    wanted = _filter(query, newest_first=newest_first)
    found = call.account.jobs.page(wanted, newest_first=newest_first)
    page = found[: int(size)]
    body: dict[str, object] = {"asyncInvokeSummaries": [job.as_json() for job in page]}
    if len(found) > len(page):
        body["nextToken"] = str(page[-1].number)
    return Reply(body, Counts())


def _filter(query: dict[str, str], *, newest_first: bool) -> Callable[[Job], bool]:
    status = query.get("statusEquals")
    if status is not None:
        _one_of(_STATUSES, status)
    after = _moment(query.get("submitTimeAfter"), datetime.min.replace(tzinfo=UTC))
    before = _moment(query.get("submitTimeBefore"), datetime.max.replace(tzinfo=UTC))
    token = query.get("nextToken")
    if token is not None and not token.isdecimal():
        raise invalid("The nextToken that you provided is not valid.")
    last = None if token is None else int(token)

    def wanted(job: Job) -> bool:
        return (
            status in (None, job.status)
            and after < job.submitted < before
            and (last is None or (job.number < last if newest_first else job.number > last))
        )

    return wanted


def _moment(text: str | None, fallback: datetime) -> datetime:
    if text is None:
        return fallback
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"The time {text} is not valid.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _one_of(allowed: tuple[str, ...], value: str) -> str:
    if value not in allowed:
        raise invalid(f"{value} is not one of {', '.join(allowed)}")
    return value
