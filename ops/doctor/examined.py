"""Examined: the gateway that is looked at, its settings and the account that it is in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

from botocore.config import Config

from chalicelib import settings
from chalicelib.aws_json import AwsApi
from chalicelib.settings import Settings
from chalicelib.transport import DYNAMODB, Transport
from ops.deploy.account import Account
from ops.deploy.stage import Stage

SOON: Final = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2})
"""Whoever asks a doctor has no time: a service that is away is said to be so."""


@dataclass(frozen=True, slots=True)
class Examined:
    """`stage` is there where the settings are those of a stage in config.json, not the shell's."""

    settings: Settings
    account: Account
    stage: Stage | None = None
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _transports: list[Transport] = field(default_factory=list, repr=False)

    @classmethod
    def of(cls, name: str | None, account: Account, environ: Mapping[str, str]) -> Self:
        """Take a stage of config.json by its name; without one, what the shell says.

        Raises SettingError, and Refused where there is no such stage.
        """
        if name is None:
            return cls(settings.load({"AWS_REGION": account.region, **environ}), account)
        stage = Stage.load(name)
        variables = stage.environment(account.place)
        return cls(settings.load({**variables, "AWS_REGION": account.region}), account, stage)

    @property
    def is_local(self) -> bool:
        """Whether it is a stack on this machine, which has no alarms and no functions of AWS."""
        return self.settings.stage == "local"

    @property
    def prefix(self) -> str:
        """How the names of its functions and alarms begin."""
        return f"tollgate-{self.settings.stage}"

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.account.session.client(service, config=SOON)
        return self._clients[service]

    def dynamodb(self) -> AwsApi:
        """Return DynamoDB as the gateway itself asks it."""
        if not self._transports:
            self._transports.append(Transport(self.account.region))
        return AwsApi(self._transports[0], DYNAMODB, "DynamoDB_20120810", json_version="1.0")

    def close(self) -> None:
        """Close every connection."""
        for each in (*self._clients.values(), *self._transports):
            each.close()
