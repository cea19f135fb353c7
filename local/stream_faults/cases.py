"""Case: a stream of a team of its own, what goes wrong with it, and how it may end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from local.stream_faults.troubles import Trouble
from local.traffic.faults import Rule
from local.traffic.plan import AnyRequest

Act = Literal[
    "nothing",
    "kill",  # the process that runs it
    "deliver",  # its message once more
    "delete",  # the answer, as its tenant may
    "ask_again",  # the same request, under the same key
    "ask_otherwise",  # … another one
    "retry",  # the same request, as an SDK sends it again that has waited for long
]
"""What is done once a client has read so far; a retry, while they wait."""


@dataclass(frozen=True, slots=True)
class Case:
    kind: str
    request: AnyRequest
    ends: frozenset[str]  # states of its job, or error codes where there is none
    rules: Sequence[Rule] = ()  # for the provider
    troubles: Sequence[Trouble] = ()  # with AWS
    act: Act = "nothing"
    at: int = 1  # events that a client has by then
    calls: int = 1  # that the provider may bill, at most
    repeats: frozenset[str] = frozenset()  # how the same request may end for who sent it again
