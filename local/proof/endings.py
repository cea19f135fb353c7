"""How a call ended, by both sides: what the gateway says must be what the provider did to it.

So the sets of cut, timed-out and refused calls are the same on both sides, call by call.
"""

from collections.abc import Iterator, Mapping

from local.proof.evidence import GatewayCall, ProviderEntry
from local.proof.kinds import Kind

MAY_END: Mapping[Kind, frozenset[str]] = {
    # Claude tells its counts once before its last event: a stream that lacks that one is whole.
    "metered": frozenset({"answered", "cut_body", "cut_stream", "timeout"}),
    "derived": frozenset({"answered", "cut_body", "timeout"}),
    "clock": frozenset({"answered", "cut_body", "cut_stream", "timeout"}),
    "deferred": frozenset({"answered", "cut_headers", "cut_body", "timeout"}),
    "look_up": frozenset({"answered", "cut_body", "timeout"}),
    "refused": frozenset({"refused"}),
    "partial": frozenset({"cut_stream"}),
    "unknown": frozenset({"cut_headers", "cut_body", "timeout"}),
}
"""How a call of each kind may have ended in the provider's ledger."""

ERROR_CODES: Mapping[str, frozenset[str]] = {
    "answered": frozenset({"none"}),
    "cut_headers": frozenset({"no_answer"}),
    "cut_body": frozenset({"cut_body", "timeout"}),  # a trickle outlasts the gateway's patience
    "timeout": frozenset({"timeout"}),
}
"""How the end record names each ending. A refusal has the provider's own code."""

STREAM_CUT_BY: Mapping[str, frozenset[str]] = {
    "cut_body": frozenset({"cut_body"}),
    "hang": frozenset({"timeout"}),
    "slow": frozenset({"timeout"}),
    "stream_corrupt": frozenset({"bad_frame"}),
    "stream_cut": frozenset({"cut_body"}),
    "stream_hold": frozenset({"timeout"}),
    "stream_idle": frozenset({"timeout"}),
    "stream_truncated": frozenset({"cut_body", "none"}),  # in the middle of a frame, or between two
    "trickle": frozenset({"timeout"}),
}
"""How the end record names what cut a stream. An exception in it has its own name."""

SPOILS_COUNTS = frozenset({"bad_usage"})
"""Faults after which an answer that came whole may leave the gateway without exact counts."""

LOST = "interrupted"
"""The code of a call whose process was lost: the provider may have come to any end of it."""

BROKE = "gateway_fault"


def is_lost(kind: Kind, call: GatewayCall) -> bool:
    return kind == "partial" and call.record["error_code"] == LOST


def may_be_unsent(kind: Kind, call: GatewayCall) -> bool:
    """Say whether the provider may know nothing of a call: it began, and was not made."""
    lost = is_lost(kind, call) and not any(call.usage.as_dict().values())
    return (lost or kind in ("orphaned", "not_sent")) and not call.record["status_code"]


def ending_differences(kind: Kind, entry: ProviderEntry | None, call: GatewayCall) -> Iterator[str]:
    code = call.record["error_code"]
    if code == BROKE:
        yield "the gateway broke in the middle of it"
    if entry is None or kind == "orphaned" or is_lost(kind, call):
        return
    spoilt = kind in ("partial", "unknown") and entry.fault in SPOILS_COUNTS
    if entry.outcome not in MAY_END[kind] and not spoilt:
        yield f"{kind} here, {entry.outcome} there"
    if kind != "refused" and code not in _codes(entry):
        yield f"its end is recorded as {code}; the provider says {entry.outcome}"


def _codes(entry: ProviderEntry) -> frozenset[str]:
    if entry.outcome != "cut_stream":
        return ERROR_CODES.get(entry.outcome, frozenset())
    if entry.error:
        return frozenset({entry.error[:1].upper() + entry.error[1:]})
    return STREAM_CUT_BY.get(entry.fault or "", frozenset())
