"""The aliases of our functions: which versions they lead to, and which of them are not ours.

An operator may give a function aliases of their own, and share out the streaming one between two
versions ("Implement Lambda canary deployments using a weighted alias" in Lambda's Developer Guide).
Lambda deletes no version that an alias leads to, and every alias with its function.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from chalicelib.runtime import STREAM_ALIAS

Lambda = Any
_SINCE: Final = "version {} since "
"""How we describe our alias; a time follows."""


@dataclass(frozen=True, slots=True)
class Alias:
    function: str
    name: str
    version: str
    shares: Mapping[str, float]
    """What part of the calls goes to another version than `version`, by that version. Mostly empty:
    then all go to the one."""
    description: str = ""

    @classmethod
    def of(cls, function: str, told: Mapping[str, Any]) -> Self:
        """Read one as Lambda describes it."""
        shares = (told.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        description = told.get("Description") or ""
        return cls(function, told["Name"], told["FunctionVersion"], shares, description)

    @property
    def is_ours(self) -> bool:
        return self.name == STREAM_ALIAS

    @property
    def since(self) -> datetime | None:
        """When we led it to its version; None where somebody else did: Lambda keeps no time."""
        since = self.description.removeprefix(_SINCE.format(self.version))
        return datetime.fromisoformat(since) if since != self.description else None

    @property
    def versions(self) -> frozenset[str]:
        return frozenset((self.version, *self.shares))


def led(version: str, at: datetime) -> str:
    """Describe an alias that is led to a version: `version 7 since 2026-11-22T21:34:23+00:00`."""
    return _SINCE.format(version) + at.isoformat(timespec="seconds")


def found(lambdas: Lambda, function: str) -> list[Alias]:
    """Return a function's aliases; none where there is no function."""
    pages = lambdas.get_paginator("list_aliases").paginate(FunctionName=function)
    try:
        return [Alias.of(function, each) for page in pages for each in page["Aliases"]]
    except lambdas.exceptions.ResourceNotFoundException:
        return []


def others(lambdas: Lambda, function: str) -> list[Alias]:
    """Return the aliases of a function that are not ours."""
    return [each for each in found(lambdas, function) if not each.is_ours]


def shared_out(lambdas: Lambda, function: str) -> Iterator[str]:
    """Say that the streaming alias is shared out, where it is, and how that is ended.

    A release would move one of its two versions only: calls would go on to the other, of which
    nobody knows then how it frames an answer.
    """
    for each in found(lambdas, function):
        if each.is_ours and each.shares:
            told = ", ".join(f"{part:.0%} to version {v}" for v, part in each.shares.items())
            yield (
                f"the alias {each.name} of {function} leads to version {each.version} and shares"
                f" calls out ({told}), which a release would mix up: end that first (aws lambda"
                f" update-alias --function-name {function} --name {each.name}"
                " --routing-config AdditionalVersionWeights={})"
            )
