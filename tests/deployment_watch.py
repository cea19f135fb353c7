"""AWS on this machine, watched while a stage is deployed: each write, and the framing after each.

An API answers by its stage's deployment, which is a copy of what the API was when it was made. What
that copy asks of the function, and what the function would give, is looked at after every request
to AWS: there is no moment of a deployment in between.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs

from moto.apigateway.models import RestAPI, apigateway_backends
from moto.awslambda.models import lambda_backends

from chalicelib.runtime import STREAM_ALIAS
from local.aws import _Dispatcher
from local.project import ACCOUNT, REGION
from ops.deploy.releases import RUNTIME

READS = ("Get", "List", "Describe", "Head")
INVOKED = re.compile(r"/functions/arn:aws:lambda:[^:]+:\d+:function:([\w-]+)(?::(\w+))?/")


@dataclass
class Watch:
    """`framings` are pairs of what the live API reads and what its function would write."""

    framings: set[tuple[str, str]] = field(default_factory=set)
    moments: int = 0
    writes: list[str] = field(default_factory=list)

    def look(self) -> None:
        for api in apigateway_backends[ACCOUNT][REGION].apis.values():
            for stage in api.stages.values():
                self.moments += 1
                self.framings |= {framing(*each) for each in _copies[stage.deployment_id]}


_copies: dict[str, set[tuple[str, str]]] = {}


def framing(mode: str, uri: str) -> tuple[str, str]:
    """Say what an integration reads, and what the function would write whom it invokes."""
    invoked = INVOKED.search(uri)
    assert invoked, uri
    name, alias = invoked[1], invoked[2]
    if alias is None:
        return mode, "BUFFERED"  # whichever runtime runs it
    found = lambda_backends[ACCOUNT][REGION].get_function(name, alias)
    streams = alias == STREAM_ALIAS and RUNTIME.items() <= found.environment_vars.items()
    return mode, "STREAM" if streams else "BUFFERED"


def written(request: dict[str, Any]) -> str:
    """Name the operation of a request that is to change something; empty for one that reads."""
    target = request.get("HTTP_X_AMZ_TARGET", "")
    body = request["wsgi.input"]
    actions = parse_qs(body.read().decode(errors="replace")).get("Action", [])
    body.seek(0)
    named = target.rpartition(".")[2] or "".join(actions)
    if named:
        return "" if named.startswith(READS) else named
    method = request["REQUEST_METHOD"]
    return "" if method in ("GET", "HEAD") else f"{method} {request['PATH_INFO']}"


@contextmanager
def watching() -> Iterator[Watch]:
    """Watch what the AWS of this process is asked, while the context lasts."""
    watch, answer, deploy = Watch(), _Dispatcher.answer, RestAPI.create_deployment

    def answer_and_look(self: Any, request: dict[str, Any]) -> Any:
        if write := written(request):
            watch.writes.append(write)
        answered = answer(self, request)
        watch.look()
        return answered

    def deploy_and_copy(self: RestAPI, *given: Any) -> Any:
        deployment = deploy(self, *given)
        methods = (m for r in self.resources.values() for m in r.resource_methods.values())
        told = [each.method_integration.to_json() for each in methods]
        _copies[deployment.id] = {
            (each["responseTransferMode"], each["uri"]) for each in told if each["type"] != "mock"
        }
        return deployment

    with ExitStack() as patches:
        patches.enter_context(patch.object(_Dispatcher, "answer", answer_and_look))
        patches.enter_context(patch.object(RestAPI, "create_deployment", deploy_and_copy))
        yield watch
