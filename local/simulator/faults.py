"""Faults on demand: which calls go wrong, and how. Set by the control API, never by a prompt.

A rule is JSON: `{"match": {"model", "team", "nth", "rate"}, "do": name, …parameters, "times"}`;
every key but `do` may be missing. `model` is a glob on the model's id (geography kept) or the
endpoint's name; `nth` counts the calls that match, from 1; `rate` is a share of them, as text. The
first rule that fires decides; each rule counts every call that it matches.

A rate is a coin thrown from the seed, the rule's place, what was sent (team, model and body) and
how often the same was sent before. So among identical calls it does not matter which thread comes
first: the same number of them fails, and a retry has a chance of its own.

A fault of streams passes other calls by, uncounted.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any

LAST = 2**31
"""More events than a stream has."""

EXCEPTIONS: Mapping[str, str] = {
    "internalServerException": "InternalStreamFailure",
    "modelStreamErrorException": "ModelStreamError",
    "modelTimeoutException": "ModelStreamError",
    "serviceUnavailableException": "InternalStreamFailure",
    "throttlingException": "InternalStreamFailure",
    "validationException": "ModelStreamError",
}
"""Exceptions inside a stream: Bedrock's names, and what SageMaker has in their place (botocore)."""

STREAM_FAULTS: Mapping[str, Mapping[str, Any]] = {
    # each after so many events, but no later than before the event that tells the counts
    "stream_exception": {"exception": "internalServerException", "after": 1, "modelled": True},
    "stream_cut": {"after": 1},  # the connection closed in the middle of a frame
    "stream_truncated": {"after": LAST, "in_frame": False},  # a clean end, too soon
    "stream_corrupt": {"after": 1},  # a frame whose checksum is wrong
    # the stream arrives whole
    "stream_idle": {"after": 1, "seconds": 60.0},
    "stream_hold": {"after": 1},  # held until it is released
    "stream_unknown_event": {"after": 1},  # one that no service model knows
    "stream_split": {"bytes": 7},  # so many at a time: frames, characters, SageMaker's parts
    "first_token": {"ms": 300},  # the head at once, the first event after so long
}
"""Faults that streamed calls alone meet, with their parameters and defaults.

An exception before any event is a refusal: nothing is billed. After an event, what was written by
then is. A stream that is cut, truncated, corrupt, or that nobody waits for is billed in full.
"""

FAULTS: Mapping[str, Mapping[str, Any]] = {
    # refused before the model runs
    "throttle": {},
    "error_500": {},
    "error_503": {},
    "validation": {},
    "access_denied": {},
    "bad_credentials": {},
    # the model runs and is billed; the answer does not arrive, or not whole. A stream is cut after
    # a few events, and trickles by the event
    "timeout": {},  # never answered, until the client leaves or a reset
    "hang": {},  # held until it is released
    "slow": {"latency_ms": 500},
    "cut_headers": {},  # closed before the status line
    "cut_body": {},  # headers, half of the body, closed
    "trickle": {"interval_ms": 100, "seconds": 60},  # a byte at a time, not whole before `seconds`
    # the answer arrives and is odd
    "bad_usage": {"value": -5, "where": "both"},  # counts replaced, "missing" = left out
    "guardrail_floats": {},  # the body's counts as 28.0
    "guardrail_masked": {},  # the body keeps its first count only
    "big_answer": {"bytes": 7_000_000},
    "filtered": {"n": 1},
    "mixed_sizes": {},
    "rerank_chunks": {"per_document": 3},  # long documents: more is searched than was listed
    "tier": {"tier": "default"},  # another tier served than asked for
    "latency": {"latency": "standard"},  # over its quota, optimized is served as standard
    "long_answer": {"tokens": 50_000, "multibyte": False},  # whatever the limit, and billed
    **STREAM_FAULTS,
}
"""Every fault with its parameters and their defaults."""

_MATCH_KEYS = frozenset({"model", "team", "nth", "rate"})
_CHOICES: Mapping[str, Collection[str]] = {
    "where": ("headers", "body", "both"),
    "exception": EXCEPTIONS,
}


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    params: Mapping[str, Any] = field(default_factory=dict)


class BadRule(ValueError):
    """A rule that would not do what its writer meant."""


@dataclass(slots=True)
class _Rule:
    fault: Fault
    source: Mapping[str, Any]
    model: str = "*"
    team: str | None = None
    nth: int | None = None
    rate: Decimal | None = None
    times: int | None = None
    matched: int = 0
    fired: int = 0
    sent: Counter[bytes] = field(default_factory=Counter)

    def matches(self, model: str, team: str | None, *, streamed: bool) -> bool:
        if self.fault.name in STREAM_FAULTS and not streamed:
            return False
        return fnmatchcase(model, self.model) and self.team in (None, team)

    def fires(self, salt: bytes, fingerprint: bytes) -> bool:
        """Count one matching call, and tell whether the fault is its lot."""
        self.matched += 1
        self.sent[fingerprint] += 1
        if self.times is not None and self.fired >= self.times:
            return False
        if self.nth is not None and self.matched != self.nth:
            return False
        if self.rate is None:
            return True
        key = salt + fingerprint + self.sent[fingerprint].to_bytes(8, "big")
        coin = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big")
        return coin < self.rate * 2**64


class Faults:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []

    def replace(self, rules: Sequence[Any]) -> None:
        """Set the rules, forgetting the former; raises BadRule, and then nothing changes."""
        read = [_read(rule) for rule in rules]
        with self._lock:
            self._rules = read

    def describe(self) -> list[dict[str, Any]]:
        """Return the rules as they were set, with how many calls each matched and hit."""
        with self._lock:
            return [{**r.source, "matched": r.matched, "fired": r.fired} for r in self._rules]

    def choose(
        self, model: str, team: str | None, body: bytes, *, streamed: bool = False
    ) -> Fault | None:
        """Return what goes wrong with this call, if anything."""
        if not self._rules:
            return None
        fingerprint = _fingerprint(model, team, body)
        chosen: _Rule | None = None
        with self._lock:
            for place, rule in enumerate(self._rules):
                salt = f"{self._seed}/{place}/".encode()
                if rule.matches(model, team, streamed=streamed) and rule.fires(salt, fingerprint):
                    chosen = chosen or rule
            if chosen:
                chosen.fired += 1
        return chosen.fault if chosen else None


def _fingerprint(model: str, team: str | None, body: bytes) -> bytes:
    head = f"{team}\n{model}\n".encode()
    return hashlib.blake2b(head + body, digest_size=16).digest()


def _read(source: Any) -> _Rule:
    if not isinstance(source, dict) or source.get("do") not in FAULTS:
        raise BadRule(f"do is one of {', '.join(FAULTS)}: {source!r}")
    name, defaults = source["do"], FAULTS[source["do"]]
    match = source.get("match", {})
    unknown = set(source) - {"match", "do", "times", *defaults} | set(match) - _MATCH_KEYS
    if unknown:
        raise BadRule(f"{name} does not know {', '.join(sorted(unknown))}")
    params = {key: source.get(key, default) for key, default in defaults.items()}
    for key, default in defaults.items():
        if key != "value" and not _alike(params[key], default):
            raise BadRule(f"{name}: {key} is like {default!r}, not {params[key]!r}")
    for key in _CHOICES.keys() & params.keys():
        if params[key] not in _CHOICES[key]:
            raise BadRule(f"{key} is one of {', '.join(_CHOICES[key])}")
    return _Rule(
        Fault(name, params),
        source,
        model=match.get("model", "*"),
        team=match.get("team"),
        nth=_positive(match, "nth"),
        rate=_share(match.get("rate")),
        times=_positive(source, "times"),
    )


def _alike(value: Any, default: Any) -> bool:
    """Tell whether a parameter has its default's type, and a number is not negative.

    Where the default has a fraction, a whole number will do.
    """
    kinds = (int, float) if type(default) is float else (type(default),)
    return type(value) in kinds and not (isinstance(value, int | float) and value < 0)


def _positive(source: Mapping[str, Any], key: str) -> int | None:
    value = source.get(key)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    raise BadRule(f"{key} is a whole number from 1: {value!r}")


def _share(text: Any) -> Decimal | None:
    if text is None:
        return None
    try:
        share = Decimal(str(text))
    except InvalidOperation:
        share = Decimal(-1)
    if not 0 <= share <= 1:
        raise BadRule(f"rate is a share from 0 to 1: {text!r}")
    return share
