"""A plan: the requests that tenants will send, in order. Seeded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from local.traffic import payloads
from local.traffic.payloads import Builder

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
TITAN_EMBED = "amazon.titan-embed-text-v2:0"
CANVAS = "amazon.nova-canvas-v1:0"
CHAT_ENDPOINT = "demo-chat-tgi"
EMBED_ENDPOINT = "demo-embed"

ENDPOINTS: Mapping[str, Mapping[str, Any]] = {
    CHAT_ENDPOINT: {"container": "tgi", "instance": "ml.g5.xlarge"},
    "demo-chat-lmi": {"container": "lmi", "instance": "ml.g5.xlarge"},
    "demo-chat-openai": {"container": "openai", "instance": "ml.g5.xlarge"},
    EMBED_ENDPOINT: {"container": "none", "instance": "ml.m5.large"},
}
"""The SageMaker endpoints that are called. Two have the operator's prices, two have none."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that a tenant may ask of a model; `share` is how often, among its team's."""

    model_id: str
    build: Builder
    share: int = 2
    headers: Mapping[str, str] = field(default_factory=dict)


TEXT = (
    Offer(HAIKU, payloads.claude, 4),
    Offer(HAIKU, payloads.cached_claude, 5),
    Offer(SONNET, payloads.cached_claude, 3),
    Offer("anthropic.claude-3-haiku-20240307-v1:0", payloads.claude),
    Offer("us.amazon.nova-lite-v1:0", payloads.cached_nova, 3),
    Offer("amazon.nova-pro-v1:0", payloads.nova, headers={"x-amzn-bedrock-service-tier": "flex"}),
    Offer("amazon.titan-text-express-v1", payloads.titan_text),
    Offer("meta.llama3-8b-instruct-v1:0", payloads.llama),
    Offer("mistral.mistral-large-2402-v1:0", payloads.completion),
    Offer("cohere.command-text-v14", payloads.completion),
    Offer("openai.gpt-oss-120b-1:0", payloads.chat),
    Offer("ai21.jamba-1-5-mini-v1:0", payloads.chat),
)
EMBEDDINGS = (
    Offer(TITAN_EMBED, payloads.titan_embedding, 4),
    Offer("cohere.embed-english-v3", payloads.cohere_embedding, 3),
)
PICTURES = (
    Offer("amazon.titan-image-generator-v2:0", payloads.amazon_picture, 3),
    Offer(CANVAS, payloads.amazon_picture, 3),
    Offer(CANVAS, payloads.background_removal),
    Offer("stability.sd3-5-large-v1:0", payloads.stable_image),
    Offer("stability.stable-image-core-v1:1", payloads.stable_image),
    Offer("stability.stable-diffusion-xl-v1", payloads.sdxl),
)
HOSTED = (
    Offer(CHAT_ENDPOINT, payloads.generation, 4),
    Offer("demo-chat-lmi", payloads.generation),
    Offer("demo-chat-openai", payloads.chat),
    Offer(EMBED_ENDPOINT, payloads.container_embedding, 3),
)
BARE = (Offer("demo-chat-lmi", payloads.bare_generation, 1),)


@dataclass(frozen=True, slots=True)
class Request:
    """One `POST /invoke`, to be sent with a key of `team`."""

    team: str
    model_id: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def plan(seed: int, size: int, offers: Mapping[str, Sequence[Offer]]) -> list[Request]:
    """Plan `size` requests of the teams that `offers` names; the same seed plans the same."""
    random = Random(seed)
    return [_drawn(random, *random.choice(list(offers.items()))) for _ in range(size)]


def request(
    team: str, model_id: str, body: payloads.Body, headers: Mapping[str, str] | None = None
) -> Request:
    return Request(team, model_id, json.dumps(body).encode(), headers or {})


def _drawn(random: Random, team: str, offers: Sequence[Offer]) -> Request:
    [offer] = random.choices(offers, [offer.share for offer in offers])
    return request(team, offer.model_id, offer.build(random), offer.headers)
