"""What each model can do in Converse.

Bedrock user guide, "Supported models and model features".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from local.simulator.prompt_cache import Keep
from local.simulator.refusals import invalid


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a model takes in Converse; `cache` names the times for which it keeps a prefix."""

    system: bool = True
    tools: bool = True
    streams_tools: bool = True
    media: bool = False
    cache: tuple[Keep, ...] = ()
    itemises: bool = False  # says in its usage for how long what was written is kept


_PLAIN = Abilities(system=False, tools=False)
_NO_TOOLS = Abilities(tools=False)
_CLAUDE = Abilities(media=True, cache=("5m",))
_ABILITIES: Mapping[str, Abilities] = {
    "": Abilities(),
    "ai21.jamba-1-5-": Abilities(streams_tools=False),
    "ai21.jamba-instruct": _NO_TOOLS,
    "amazon.nova-": Abilities(media=True, cache=("5m",)),
    "amazon.nova-micro": Abilities(cache=("5m",)),
    "amazon.titan-text": _PLAIN,
    "anthropic.": Abilities(media=True, cache=("5m", "1h"), itemises=True),
    "anthropic.claude-3-": Abilities(media=True),
    "anthropic.claude-3-5-": _CLAUDE,
    "anthropic.claude-3-7-": _CLAUDE,
    "anthropic.claude-opus-4-1-": _CLAUDE,
    "anthropic.claude-opus-4-2025": _CLAUDE,
    "anthropic.claude-sonnet-4-2025": _CLAUDE,
    "cohere.command-text": _PLAIN,
    "cohere.command-light": _PLAIN,
    "deepseek.r1": _NO_TOOLS,
    "google.": Abilities(media=True),
    "meta.": Abilities(streams_tools=False),
    "meta.llama2": _NO_TOOLS,
    "meta.llama3-8b": _NO_TOOLS,
    "meta.llama3-70b": _NO_TOOLS,
    "meta.llama3-2-": Abilities(streams_tools=False, media=True),
    "meta.llama4-": Abilities(streams_tools=False, media=True),
    "mistral.": Abilities(media=True),
    "mistral.mistral-7b": _PLAIN,
    "mistral.mistral-large-2407": Abilities(streams_tools=False, media=True),
    "mistral.mixtral": _PLAIN,
    "qwen.qwen3-vl": Abilities(media=True),
}
"""By the beginning of the base model's id; the longest decides."""

_NO_CONVERSE = (
    *("amazon.nova-canvas", "amazon.nova-reel", "amazon.nova-sonic", "amazon.nova-2-sonic"),
    *("amazon.nova-2-multimodal-embeddings", "amazon.titan-embed", "amazon.titan-image"),
    *("amazon.rerank", "cohere.embed", "cohere.rerank", "luma.", "stability.", "twelvelabs."),
)


def abilities(base: str) -> Abilities:
    """Return what a model can do in Converse; raises Refusal for one without it."""
    if base.startswith(_NO_CONVERSE):
        raise invalid(
            "This action doesn't support the model that you provided. Try again with a supported "
            "text or chat model."
        )
    return _ABILITIES[max((p for p in _ABILITIES if base.startswith(p)), key=len)]
