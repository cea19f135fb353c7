"""Bodies for models that write text, embed it or make pictures, in each model's own schema.

The same seed makes the same bytes. Schemas: Amazon Bedrock user guide, "Inference request
parameters and response fields for foundation models"; for endpoints, Hugging Face's and DJL
Serving's.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from local.simulator import pictures

Body = dict[str, Any]
Builder = Callable[[Random], Body]

_WORDS = (
    *("the", "invoice", "was", "late", "because", "nobody", "had", "read", "its", "second", "page"),
    *("please", "compare", "both", "samples", "and", "say", "which", "gene", "is", "active"),
    *("naïve", "Überweisung", "東京", "costs", "£12", "per", "night", "or", "€9.50", "weekly"),
)
MANUAL = (
    "You answer for the support desk of a maker of pumps. Be brief. Quote part numbers as they "
    "stand in the manual. Never promise a date. "
)
_COLOURS = ["red", "green", "amber", "slate", "teal", "ochre"]


def prose(random: Random, words: int) -> str:
    return " ".join(random.choices(_WORDS, k=words))


def _prompt(random: Random) -> str:
    return prose(random, random.randint(8, 120))


def _limit(random: Random) -> int:
    return random.choice((40, 80, 160))


def claude(random: Random) -> Body:
    return {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": _limit(random),
        "messages": [{"role": "user", "content": _prompt(random)}],
    }


def cached_claude(random: Random) -> Body:
    """Share a long system prompt, kept an hour, and one of a few handbooks, kept five minutes."""
    system = [
        {"text": MANUAL * 60, "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {
            "text": MANUAL * (45 + random.randrange(4)),
            "cache_control": {"type": "ephemeral"},
        },
    ]
    return {**claude(random), "system": [{"type": "text", **block} for block in system]}


def nova(random: Random) -> Body:
    return {
        "messages": [{"role": "user", "content": [{"text": _prompt(random)}]}],
        "inferenceConfig": {"maxTokens": _limit(random)},
    }


def cached_nova(random: Random) -> Body:
    handbook = {"text": MANUAL * (50 + random.randrange(3))}
    return {**nova(random), "system": [handbook, {"cachePoint": {"type": "default"}}]}


def briefly_cached_claude(random: Random) -> Body:
    """Share a handbook, kept five minutes: with the two times mixed, a masked answer cannot say
    what was written for which.
    """
    handbook = {"text": MANUAL * 50, "cache_control": {"type": "ephemeral"}}
    return {**claude(random), "system": [{"type": "text", **handbook}]}


def vast_claude(random: Random) -> Body:
    """Ask about a whole archive: more than 200,000 tokens, which has a price of its own."""
    return {**claude(random), "system": MANUAL * 9_000 + prose(random, 8)}


def titan_text(random: Random) -> Body:
    return {
        "inputText": _prompt(random),
        "textGenerationConfig": {"maxTokenCount": _limit(random)},
    }


def llama(random: Random) -> Body:
    return {"prompt": _prompt(random), "max_gen_len": _limit(random)}


def completion(random: Random) -> Body:
    """Mistral's and Cohere Command's."""
    return {"prompt": _prompt(random), "max_tokens": _limit(random)}


def command_r(random: Random) -> Body:
    return {"message": _prompt(random), "max_tokens": _limit(random)}


def chat(random: Random) -> Body:
    """OpenAI's shape, which many models and containers take."""
    messages = [
        {"role": "system", "content": MANUAL},
        {"role": "user", "content": _prompt(random)},
    ]
    return {"messages": messages, "max_tokens": _limit(random)}


def titan_embedding(random: Random) -> Body:
    return {"inputText": _prompt(random), "dimensions": 256}


def cohere_embedding(random: Random) -> Body:
    texts = [_prompt(random) for _ in range(random.randint(1, 6))]
    return {"texts": texts, "input_type": "search_document"}


def amazon_picture(random: Random) -> Body:
    """Ask Titan or Nova Canvas for one to four pictures of a size that both make."""
    side = random.choice((512, 1024))
    config = {"numberOfImages": random.choice((1, 1, 2, 4)), "width": side, "height": side}
    if random.random() < 0.4:
        config["quality"] = "premium"  # type: ignore[assignment]
    return {
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": prose(random, 6)},
        "imageGenerationConfig": config,
    }


def background_removal(random: Random) -> Body:
    """Send a picture whose size the answer takes: no width or height stands in the request."""
    picture = _photograph(random)
    return {"taskType": "BACKGROUND_REMOVAL", "backgroundRemovalParams": {"image": picture}}


def edit(random: Random) -> Body:
    """Hand in a picture to be changed, with every word that a service of Stability's asks for."""
    words = {name: random.choice(_COLOURS) for name in ("select_prompt", "search_prompt")}
    return {"image": _photograph(random), "prompt": f"a {random.choice(_COLOURS)} pump", **words}


def outpainting(random: Random) -> Body:
    return {"image": _photograph(random), "left": 64, "down": random.choice((32, 128))}


def style_transfer(random: Random) -> Body:
    return {"init_image": _photograph(random), "style_image": _photograph(random)}


def _photograph(random: Random) -> str:
    return pictures.png(random.choice((320, 640, 768)), random.choice((320, 640)))


def stable_image(random: Random) -> Body:
    return {
        "prompt": f"a {random.choice(_COLOURS)} pump",
        "aspect_ratio": random.choice(("1:1", "16:9", "9:16")),
    }


def sdxl(random: Random) -> Body:
    return {
        "text_prompts": [{"text": f"a {random.choice(_COLOURS)} bridge"}],
        "steps": random.choice((30, 50, 60)),
        "samples": random.choice((1, 3)),
    }


def generation(random: Random) -> Body:
    """Ask TGI or LMI for the details that hold its counts."""
    details = {"details": True, "decoder_input_details": True}
    return {
        "inputs": _prompt(random),
        "parameters": {"max_new_tokens": _limit(random), **details},
    }


def streamed(build: Builder) -> Builder:
    """Let a container, or Cohere's Command, stream what it writes."""
    return lambda random: {**build(random), "stream": True}


def counted_stream(build: Builder) -> Builder:
    """Ask for the usage of a stream, too, in OpenAI's way."""
    return lambda random: {**streamed(build)(random), "stream_options": {"include_usage": True}}


def bare_generation(random: Random) -> Body:
    """Ask for no details, so that the container reports nothing."""
    return {"inputs": _prompt(random), "parameters": {"max_new_tokens": _limit(random)}}


def container_embedding(random: Random) -> Body:
    return {"inputs": [_prompt(random) for _ in range(random.randint(1, 4))]}
