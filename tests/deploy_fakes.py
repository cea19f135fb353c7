"""An AWS account that answers what it is told to, and a stage without a file."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from ops.deploy.place import Place
from ops.deploy.stage import Options, Stage

ACCOUNT = "111122223333"
REGION = "us-east-1"
PLACE = Place("aws", REGION, ACCOUNT)


class NotThere(Exception):
    """A client's own ResourceNotFoundException, or NoSuchEntityException."""


class FakeAccount:
    """Stands in for ops.deploy.account.Account: `service=dict(operation=function or answer)`."""

    number = ACCOUNT
    region = REGION
    partition = "aws"
    place = PLACE

    def __init__(self, **services: dict[str, Any]) -> None:
        self._services = services
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def client(self, service: str) -> Any:
        operations = self._services.get(service, {})
        answers = {name: self._answering(name, operations[name]) for name in operations}
        exceptions = SimpleNamespace(
            ResourceNotFoundException=NotThere, NoSuchEntityException=NotThere
        )
        return SimpleNamespace(**answers, exceptions=exceptions)

    def _answering(self, name: str, answer: Any) -> Callable[..., Any]:
        def ask(*named: str, **arguments: Any) -> Any:
            self.asked.append((name, arguments))
            told = answer(*named, **arguments) if callable(answer) else answer
            if isinstance(told, Exception):
                raise told
            return told

        return ask


def refused(code: str, status: int = 400, operation: str = "Ask") -> ClientError:
    told = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, operation)


def stage(name: str = "dev", environment: dict[str, str] | None = None, **options: Any) -> Stage:
    """A stage whose settings are as they should be, but for those that are given."""
    made = Stage(name, {"app_name": "tollgate"}, Options()).conventional("${AWS::AccountId}")
    own = {"environment_variables": {**made, **(environment or {})}}
    config = {
        "app_name": "tollgate",
        "environment_variables": {},
        "lambda_functions": {"api_handler": {}, "stream_worker": {}},
        "stages": {name: own},
    }
    return Stage(name, config, Options.of(options))
