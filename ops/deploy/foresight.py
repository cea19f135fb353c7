"""What a deployment would change, told by the deployment itself: AWS is asked, and told nothing.

The same steps are gone over clients that read, and answer what they are told to write as if it were
done. Nothing else could say as surely what differs.
"""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Final, Self

from botocore.session import Session

from ops.deploy.account import Account
from ops.deploy.client import StageClient
from ops.deploy.place import Place
from ops.deploy.stage import Say

READS: Final = ("get_", "list_", "describe_", "head_", "exceptions", "meta")
"""How the names begin that a client has for what changes nothing."""
NEW: Final = "new"
"""The id of what there is not yet."""

Given = Mapping[str, Any]


class Looking:
    """A client of a service in some place, that writes nothing."""

    def __init__(self, client: Any, place: Place) -> None:
        self._client = client
        self._place = place
        self._told: dict[str, dict[str, Any]] = {}

    def get_function_configuration(self, **asked: str) -> dict[str, Any]:
        """Describe a function as it would be by now, or a version as it is."""
        found = self._client.get_function_configuration(**asked)
        told = {} if "Qualifier" in asked else self._told.get(asked["FunctionName"], {})
        return {**found, **told}

    def update_function_configuration(self, **given: Any) -> dict[str, Any]:
        self._told.setdefault(given["FunctionName"], {}).update(given)
        return _function(self._place, given)

    def update_function_code(self, **given: Any) -> dict[str, Any]:
        return self.update_function_configuration(**given, CodeSha256=NEW)

    def __getattr__(self, name: str) -> Any:
        if name == "get_waiter":  # nothing was begun, so there is nothing to wait for
            return lambda _: SimpleNamespace(wait=lambda **_: None)
        if name.startswith(READS):
            return getattr(self._client, name)
        answer = _ANSWERS.get(name, _nothing)
        return lambda **given: answer(self._place, given)


def _nothing(_: Place, __: Given) -> dict[str, Any]:
    return {}


def _role(place: Place, given: Given) -> dict[str, Any]:
    return {"Role": {"Arn": f"arn:{place.partition}:iam::{place.account}:role/{given['RoleName']}"}}


def _function(place: Place, given: Given) -> dict[str, Any]:
    of = f"arn:{place.partition}:lambda:{place.region}:{place.account}:function"
    arn = f"{of}:{given['FunctionName']}"
    return {"FunctionArn": arn, "State": "Active", "LastUpdateStatus": "Successful"}


def _rule(place: Place, given: Given) -> dict[str, Any]:
    of = f"arn:{place.partition}:events:{place.region}:{place.account}:rule"
    return {"RuleArn": f"{of}/{given['Name']}"}


_ANSWERS: Final[Mapping[str, Callable[[Place, Given], dict[str, Any]]]] = {
    "create_role": _role,
    "create_function": _function,
    "publish_version": lambda _, __: {"Version": NEW},
    "put_rule": _rule,
    "create_event_source_mapping": lambda _, __: {"UUID": NEW},
    "import_rest_api": lambda _, __: {"id": NEW},
}
"""What is read out of an answer to a write; nothing is read out of any other."""


class LookingAccount(Account):
    """An account that is looked at."""

    @classmethod
    def at(cls, account: Account) -> Self:
        return cls(account.number, account.region, account.partition, account.session)

    def client(self, service: str) -> Any:
        return Looking(super().client(service), self.place)


class ForeseeingClient(StageClient):
    """The client of a stage; it says what it would change."""

    def __init__(
        self, session: Session, api_stage: str, place: Place, *, streams: bool, say: Say
    ) -> None:
        super().__init__(session, api_stage, streams=streams, say=say)
        self._place = place
        self._looking: dict[str, Looking] = {}

    def _client(self, service_name: str) -> Any:
        if service_name not in self._looking:
            self._looking[service_name] = Looking(super()._client(service_name), self._place)
        return self._looking[service_name]

    def add_permission_for_apigateway(self, function_name: str, *given: Any, **named: Any) -> None:
        """Release the function, if it is there: what is not has no version yet."""
        if self.lambda_function_exists(function_name):
            super().add_permission_for_apigateway(function_name, *given, **named)
