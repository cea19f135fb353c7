"""A stage as `.chalice/config.json` describes it, and the names that follow from it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

from ops.deploy.place import Place
from ops.directory import Refused

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".chalice"
API_HANDLER: Final = "api_handler"
"""Chalice's key of the function that serves the API; its name has no suffix."""
SEES_PROMPTS: Final = (API_HANDLER, "stream_worker")
"""The functions that a private network is for."""
ANSWERS: Final = ("stream", "buffered")

Config = Mapping[str, Any]
Say = Callable[[str], None]
"""Tells the operator of one change, as it is made."""


@dataclass(frozen=True, slots=True)
class Options:
    """A stage's `deploy` in config.json, which Chalice does not read; each may be left out."""

    account: str = ""
    """The only account that this stage may be deployed to. Empty: any."""
    answers: str = "stream"
    requests_per_second: int = 500
    """The most that API Gateway lets through, of all tenants, before it answers 429."""
    burst: int = 1_000
    alert_email: str = ""
    network: Mapping[str, str] | None = None
    """Parameters of network.json; `{}` makes a network. None: no network."""
    models: tuple[str, ...] = ()
    """Models that the account must be able to use, or nothing is deployed."""
    concurrency: int = 120
    """What Lambda must run at a time: the worker's streams, and something for everybody else."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Read them. Raises Refused."""
        known = {each.name for each in fields(cls)}
        if unknown := sorted(told.keys() - known):
            raise Refused(
                f"config.json: `deploy` has no {unknown[0]!r}, only {', '.join(sorted(known))}"
            )
        for name, value in told.items():
            takes, fits = _TAKES[name]
            if not fits(value):
                raise Refused(f"config.json: `{name}` is {value!r}; it takes {takes}")
        return cls(**{**told, "models": tuple(told.get("models", ()))})


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return type(value) is int and value > 0  # true is no count


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_parameters(value: object) -> bool:
    return value is None or (isinstance(value, dict) and _are_texts([*value.values()]))


_COUNT: Final = ("a whole number", _is_count)
_TAKES: Final[Mapping[str, tuple[str, Callable[[object], bool]]]] = {
    "account": ("its number, in quotes", _is_text),
    "answers": (" or ".join(ANSWERS), lambda value: value in ANSWERS),
    "requests_per_second": _COUNT,
    "burst": _COUNT,
    "alert_email": ("an address", _is_text),
    "network": ("{}, or parameters whose values are texts: several by commas", _are_parameters),
    "models": ("a list of models", _are_texts),
    "concurrency": _COUNT,
}
"""What each option takes, in words and as a test."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage. Its names are those that Chalice gives, and those that the templates give."""

    name: str
    config: Config
    options: Options

    @classmethod
    def load(cls, name: str, folder: Path = FOLDER) -> Self:
        """Read a stage of config.json. Raises Refused."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if name not in config["stages"] or name == "local":
            known = ", ".join(sorted(config["stages"].keys() - {"local"}))
            raise Refused(f"there is no stage {name!r} to deploy in config.json, only {known}")
        return cls(name, config, Options.of(config["stages"][name].get("deploy", {})))

    @property
    def api(self) -> str:
        """The name of the API, and of its function."""
        return f"{self.config['app_name']}-{self.name}"

    @property
    def api_stage(self) -> str:
        """API Gateway's own stage; Chalice's default."""
        return str(self._own.get("api_gateway_stage", "api"))

    @property
    def functions(self) -> tuple[str, ...]:
        """Chalice's keys of the functions."""
        return tuple(self.config["lambda_functions"])

    @property
    def streams(self) -> bool:
        return self.options.answers == "stream"

    @property
    def access_logs(self) -> str:
        """The log group of API Gateway's access logs."""
        return f"/aws/apigateway/{self.api}"

    def function(self, key: str) -> str:
        return self.api if key == API_HANDLER else f"{self.api}-{key}"

    def role(self, key: str) -> str:
        return f"{self.api}-{key}"

    def rule(self, key: str) -> str:
        """The name of a function's schedule, if it has one."""
        return f"{self.role(key)}-event"

    def stack(self, part: str) -> str:
        return f"{self.api}-{part}"

    def environment(self, place: Place, key: str = API_HANDLER) -> dict[str, str]:
        """Return a function's variables in a place, merged as Chalice merges them."""
        own = self._own.get("lambda_functions", {}).get(key, {})
        layers = (self.config, self._own, own)
        merged = {n: v for each in layers for n, v in each.get("environment_variables", {}).items()}
        return place.fill(merged)

    def policies(self) -> Iterator[str]:
        """Name the policy file of each function."""
        for key in self.functions:
            own = self._own.get("lambda_functions", {}).get(key, {})
            yield own.get("iam_policy_file", f"policy-{self.name}.json")

    def conventional(self, account: str) -> dict[str, str]:
        """Return the settings that name what the stack of resources makes."""
        return {
            "STAGE": self.name,
            "TENANTS_TABLE": f"{self.api}-tenants",
            "STREAMS_TABLE": f"{self.api}-streams",
            "STREAMS_QUEUE": f"{self.api}-streams",
            "REPORTS_BUCKET": f"{self.api}-reports-{account}",
            "PAYLOADS_BUCKET": f"{self.api}-payloads-{account}",
            "USAGE_LOG_GROUP": f"/{self.config['app_name']}/{self.name}/usage",
        }

    @property
    def _own(self) -> Config:
        own: Config = self.config["stages"][self.name]
        return own
