"""IAM policies, evaluated: as much of it as our policies use, and anything else is an error.

Source: IAM user guide, "IAM JSON policy elements reference" and "Policy evaluation logic": an
explicit Deny wins, then an Allow; everything else is denied.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

DIRECT = (("aws:ViaAWSService", "false"),)


class Ask(NamedTuple):
    """One action on one resource; `context` is what conditions may look at."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = DIRECT

    def within(self, *context: tuple[str, str]) -> "Ask":
        """The same ask where these are so."""
        return self._replace(context=tuple({**dict(self.context), **dict(context)}.items()))


class Grant(NamedTuple):
    """One action on the resources of one glob, as a statement allows it."""

    action: str
    resource: str
    conditions: tuple[str, ...] = ()  # in words, to tell grants apart


def granted(document: Mapping[str, Any]) -> Iterator[tuple[Grant, Callable[[Ask], bool]]]:
    """Each grant of a policy, with what says whether an ask makes use of it."""
    for statement in _statements(document):
        if statement.effect == "Allow":
            for action in statement.actions:
                for resource in statement.resources:
                    alone = Statement("Allow", (action,), (resource,), (), statement.conditions)
                    words = tuple(sorted(f"{o}: {c}" for o, c in statement.conditions.items()))
                    yield Grant(action, resource, words), alone.applies


def allows(document: Mapping[str, Any], ask: Ask) -> bool:
    return _effects(document, ask) == {"Allow"}


def denies(document: Mapping[str, Any], ask: Ask) -> bool:
    """Say whether an ask is denied in so many words, whatever else may allow it."""
    return "Deny" in _effects(document, ask)


def _effects(document: Mapping[str, Any], ask: Ask) -> set[str]:
    return {each.effect for each in _statements(document) if each.applies(ask)}


@dataclass(frozen=True)
class Statement:
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]]

    def applies(self, ask: Ask) -> bool:
        context = dict(ask.context)
        globs = self.resources or self.not_resources
        named = any(_like(_filled(glob, context), ask.resource) for glob in globs)
        return (
            any(_like(action, ask.action) for action in self.actions)
            and named == bool(self.resources)
            and all(
                _OPERATORS[operator](_filled_all(values, context), context.get(key))
                for operator, keys in self.conditions.items()
                for key, values in keys.items()
            )
        )


def _statements(document: Mapping[str, Any]) -> list[Statement]:
    assert document["Version"] == "2012-10-17"
    return [_statement(each) for each in document["Statement"]]


def _statement(told: Mapping[str, Any]) -> Statement:
    assert set(told) <= {"Sid", "Effect", "Action", "Resource", "NotResource", "Condition"}, told
    assert ("Resource" in told) != ("NotResource" in told), told
    return Statement(
        told["Effect"],
        listed(told["Action"]),
        listed(told.get("Resource", ())),
        listed(told.get("NotResource", ())),
        told.get("Condition", {}),
    )


def listed(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _filled_all(values: Any, context: Mapping[str, str]) -> list[str]:
    return [_filled(value, context) for value in listed(values)]


def _filled(text: str, context: Mapping[str, str]) -> str:
    """Fill in policy variables; one that has no value matches nothing."""
    return re.sub(r"\$\{([^}]+)\}", lambda found: context.get(found[1], "\0"), text)


@lru_cache(maxsize=4096)
def _pattern(glob: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(letter, re.escape(letter)) for letter in glob), re.DOTALL)


def _like(glob: str, text: str) -> bool:
    return _pattern(glob).fullmatch(text) is not None


def _any_like(values: list[str], text: str | None) -> bool:
    return text is not None and any(_like(value, text) for value in values)


def _equals(values: list[str], text: str | None) -> bool:
    return text in values


_OPERATORS: Mapping[str, Callable[[list[str], str | None], bool]] = {
    "StringEquals": _equals,
    "StringLike": _any_like,
    "StringNotLike": lambda values, text: not _any_like(values, text),
    "ArnEquals": _any_like,
    "ArnLike": _any_like,
    "Bool": _equals,
    "ForAllValues:StringEquals": lambda values, text: text is None or text in values,
    "ForAllValues:StringLike": lambda values, text: text is None or _any_like(values, text),
}
