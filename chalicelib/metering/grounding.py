"""Web Grounding: searches that a Nova model makes by itself, billed apart from its tokens.

Source: Amazon Nova user guide, "Grounding responses with real-time search results"; Amazon Bedrock
pricing, "Web Grounding", per request. No counter reports them: each stands in the answer as a
`toolUse` of the system's own tool.
"""

from dataclasses import replace

from chalicelib.json_text import names
from chalicelib.metering import text
from chalicelib.metering.exchange import Exchange, at
from chalicelib.metering.metered import Metered, unknown

TOOL = "nova_grounding"
_ASKED_FOR = f'"{TOOL}"'.encode()


def meter_nova(exchange: Exchange) -> Metered:
    """Nova's InvokeModel: its tokens, and the searches it was allowed to make."""
    return added(text.meter(text.FAMILIES["nova"], exchange), exchange)


def added(metered: Metered, exchange: Exchange) -> Metered:
    """Add the searches to `queries`. A request that does not name the tool has none."""
    if metered.usage_source == "none" or not may_search(exchange.request):
        return metered
    content = at(exchange.response_json, "output", "message", "content")
    if not isinstance(content, list):
        return unknown("grounding_requests")
    searches = sum(at(block, "toolUse", "name") == TOOL for block in content)
    return replace(metered, usage=replace(metered.usage, queries=searches))


def may_search(request: bytes) -> bool:
    """Say whether a request names the tool: whoever does not makes no searches."""
    return names(request, _ASKED_FOR)
