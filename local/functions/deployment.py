"""What Chalice deploys of an app to Lambda: its functions, and the queues that they work off."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chalice.app import Chalice, SQSEventConfig

from local import project
from local.functions.environment import Deployed

API_HANDLER = "api_handler"


@dataclass(frozen=True, slots=True)
class QueueSource:
    """A queue whose messages Lambda hands to a function: an event source mapping."""

    queue: str
    function: str
    batch_size: int
    maximum_concurrency: int | None


def api_handler(module: str, environ: Mapping[str, str]) -> Deployed:
    """Describe the API's function, which is known before the app is imported."""
    return Deployed(API_HANDLER, f"{module}.app", project.function(API_HANDLER), environ)


def other_functions(app: Chalice, module: str, environ: Mapping[str, str]) -> Iterator[Deployed]:
    """Describe the rest. Chalice takes the module of an app for `app`, whatever it is called."""
    for each in (*app.event_sources, *app.pure_lambda_functions):
        file, _, handler = each.handler_string.rpartition(".")
        place = module if file == "app" else file
        yield Deployed(each.name, f"{place}.{handler}", project.function(each.name), environ)


def queues(app: Chalice) -> list[QueueSource]:
    """Return what `on_sqs_message` says."""
    return [
        QueueSource(_name(each), each.name, each.batch_size, each.maximum_concurrency)
        for each in app.event_sources
        if isinstance(each, SQSEventConfig)
    ]


def _name(source: SQSEventConfig) -> str:
    return source.queue or (source.queue_arn or "").rpartition(":")[2]
