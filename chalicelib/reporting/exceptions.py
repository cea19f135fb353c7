"""The calls of a day that are not whole, each with its ids."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["orphaned", "unannounced", "duplicated", "partial", "unknown"]


@dataclass(frozen=True, slots=True, order=True)
class ExceptionRow:
    """A call that is not a plain pair of records, or whose usage is not known whole."""

    kind: Kind
    request_id: str
    call_id: str
    team_id: str
    service: str
    model_id: str
    time: str
