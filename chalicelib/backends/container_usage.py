"""What the lines of a container's stream say of usage: asked for, recognised, taken out again.

Containers count a streamed answer only when asked to. The gateway asks where the tenant did not,
and shows nothing of what it alone had asked for. Sources: OpenAI's chat completions, which vLLM,
TGI and LMI serve (`stream_options.include_usage`: one more chunk, that has no choices);
text-generation-inference, `StreamResponse`, and DJL Serving's LMI, its output schemas (`details` of
the last line).
"""

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from chalicelib.backends.json_splice import added, member, removed, replaced

Restored = Callable[[bytes], bytes]
"""A line of an answer → what of it the tenant gets; b"" is nothing."""

_DONE: Final = re.compile(rb"data: ?\[DONE\]\s*")
_REPORT: Final = re.compile(rb'"(?:usage|details)"\s*:\s*\{')
"""Text that a model writes cannot hold it: within a JSON string the quotes are escaped."""
_JSON_BEGINS: Final = re.compile(rb"(?:data: ?)?(?=\{)")


def reports(line: bytes) -> bool:
    """Say whether a line is worth a closer look: of a whole stream, one or two are."""
    if b'"usage"' in line or b'"details"' in line:  # cheapest first; often both are null
        return _REPORT.search(line) is not None
    return b"[DONE]" in line


def ends_answer(line: bytes) -> bool:
    """Say whether a line reports on the whole answer, or ends it.

    A chunk in the middle of an answer may count as well (`continuous_usage_stats`).
    """
    if _DONE.fullmatch(line):
        return True
    report = _report(line)
    if isinstance(report.get("details"), dict):
        return True
    return isinstance(report.get("usage"), dict) and _finished(report.get("choices"))


def _finished(choices: object) -> bool:
    each = choices if isinstance(choices, list) else []
    return all(isinstance(choice, dict) and choice.get("finish_reason") for choice in each)


def without_usage(line: bytes) -> bytes:
    """Take the counts out of a chunk; of one that has nothing else, nothing is left."""
    report = _report(line)
    if not isinstance(report.get("usage"), dict):
        return line
    return _changed(line, "usage", None) if report.get("choices") else b""


def without_details(line: bytes) -> bytes:
    """Take the details out of the last line, as its container writes it without them.

    They are null where lines are numbered (`index`: TGI, and LMI since it writes the same); else
    they are absent, or say of a failure only that it is one.
    """
    report = _report(line)
    details = report.get("details")
    if not isinstance(details, dict):
        return line
    if "index" in report:
        return _changed(line, "details", "null")
    failed = details.get("finish_reason") == "error"
    return _changed(line, "details", '{"finish_reason": "error"}' if failed else None)


def _report(line: bytes) -> Mapping[str, Any]:
    """Return the members of a line that is a JSON object; none of any other."""
    begins = _JSON_BEGINS.match(line)
    try:
        found = json.loads(line[begins.end() :]) if begins else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _changed(line: bytes, key: str, value: str | None) -> bytes:
    """Give a member of a line another value, or take it out. What is there twice stays."""
    begin = line.index(b"{")
    try:
        text = line[begin:].decode()
        old = member(text, key)
    except ValueError:
        return line
    if old is None:
        return line
    changed = removed(text, old) if value is None else replaced(text, old, value)
    return line[:begin] + changed.encode()


class _Wish(NamedTuple):
    """How to ask: by a flag in an object of the body."""

    part: str
    flag: str
    restored: Restored


_USAGE: Final = _Wish("stream_options", "include_usage", without_usage)
_DETAILS: Final = _Wish("parameters", "details", without_details)
_GENERATE_OR_CHAT: Final = MappingProxyType(
    {"inputs": _DETAILS, "messages": _USAGE, "prompt": _USAGE}
)
_WISHES: Final[Mapping[str, Mapping[str, _Wish]]] = MappingProxyType(
    {
        "tgi": _GENERATE_OR_CHAT,
        "lmi": _GENERATE_OR_CHAT,
        "openai": MappingProxyType({"messages": _USAGE, "prompt": _USAGE}),
    }
)
"""By what an endpoint serves (settings.CONTAINERS), and the member that tells a body's kind."""


def asking(container: str, body: bytes) -> tuple[bytes, Restored | None]:
    """Return a body whose streamed answer is counted, and how to hide that it was asked for.

    None where there is nothing to hide: the tenant asked, the body does not stream, or it is
    nothing that can be read.
    """
    kinds = _WISHES.get(container, {})
    try:
        text = body.decode()
        wish = next((wish for kind, wish in kinds.items() if member(text, kind)), None)
        stream = wish and member(text, "stream")
        if wish is None or not stream or stream.value is not True:
            return body, None
        asked = _asked(text, wish)
    except (ValueError, RecursionError):
        return body, None
    return (body, None) if asked == text else (asked.encode(), wish.restored)


def _asked(text: str, wish: _Wish) -> str:
    part = member(text, wish.part)
    if part is None:
        return added(text, wish.part, f'{{"{wish.flag}":true}}')
    if part.value is None:
        return replaced(text, part, f'{{"{wish.flag}":true}}')
    if not isinstance(part.value, dict):
        return text  # the container's to refuse
    inner = text[part.value_start : part.end]
    flag = member(inner, wish.flag)
    if flag is None:
        return replaced(text, part, added(inner, wish.flag, "true"))
    if flag.value is not None and flag.value is not False:
        return text
    return replaced(text, part, replaced(inner, flag, "true"))
