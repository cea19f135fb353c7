"""Calls that ended and whose usage is not known whole: cut streams, and answers never seen."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from chalicelib.reporting.broken_pairs import CALL_FIELDS, Call, identity_of
from chalicelib.reporting.exceptions import ExceptionRow, Kind
from chalicelib.reporting.groups import Group
from chalicelib.reporting.insights import Row
from chalicelib.reporting.whole_number import whole

_KINDS: Final[Mapping[str, Kind]] = MappingProxyType({"partial": "partial", "none": "unknown"})
"""What a `usage` record's usage_source says of its call."""

_LISTED: Final = ", ".join(f'"{source}"' for source in _KINDS)
UNSURE: Final = (
    f"filter n_usage = 1 and usage_source in [{_LISTED}]"
    " | stats count(*) as records, earliest(time) as time"
    f" by {', '.join(CALL_FIELDS)}, usage_source"
)


class Unsure(NamedTuple):
    call: Call
    kind: Kind


def read_unsure(row: Row) -> Unsure:
    """Read a row of UNSURE. Raises KeyError where it is not one that was asked for."""
    records = whole(row.get("records")) or 0
    call = Call(identity_of(row), records, 0, records, row.get("time", ""))
    return Unsure(call, _KINDS[row["usage_source"]])


def expected(groups: Iterable[Group]) -> int:
    """Return how many records of ours UNSURE has to match at least."""
    ours = (group.line for group in groups if not group.foreign)
    return sum(line.n_usage for line in ours if line.usage_source in _KINDS)


def exceptions(read: Iterable[Unsure]) -> list[ExceptionRow]:
    """List each call once, however many slices its records are in."""
    together: dict[tuple[Kind, tuple[str, ...]], Call] = {}
    for call, kind in read:
        held = together.get((kind, call.identity))
        together[kind, call.identity] = held.plus(call) if held else call
    return [call.exception(kind) for (kind, _), call in together.items()]
