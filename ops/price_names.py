"""What AWS's price lists call a model in usage types, besides its name."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from chalicelib.pricing.billed_names import SEVERAL

_STEMS: Final[Mapping[str, str]] = {
    "AmazonRerank-v1": "amazon.rerank-v1:0",
    "Nova2.0Lite": "amazon.nova-2-lite-v1:0",
    "NovaCanvas": "amazon.nova-canvas-v1:0",
    "NovaLite": "amazon.nova-lite-v1:0",
    "NovaMicro": "amazon.nova-micro-v1:0",
    "NovaMultiModalEmbeddings": "amazon.nova-2-multimodal-embeddings-v1:0",
    "NovaPremier": "amazon.nova-premier-v1:0",
    "NovaPro": "amazon.nova-pro-v1:0",
    "TitanEmbeddingV2-Text": "amazon.titan-embed-text-v2:0",
    "TitanEmbeddingsG1-Image": "amazon.titan-embed-image-v1",
    "TitanEmbeddingsG1-Text": "amazon.titan-embed-text-v1",
    "TitanText-Premier": "amazon.titan-text-premier-v1:0",
    "TitanTextG1-Express": "amazon.titan-text-express-v1",
    "TitanTextG1-Lite": "amazon.titan-text-lite-v1",
}
IN_USAGETYPES: Final[Mapping[str, tuple[str, ...]]] = {
    **{stem: (model,) for stem, model in _STEMS.items()},
    "NovaReel": SEVERAL["Nova Reel"],
}
"""By what stands in a `usagetype` before its meter."""


def is_named(stem: str, names: Iterable[str], models: Iterable[str]) -> bool:
    """Say whether a usage type's stem is a model's name or its id, and not a word more.

    `Llama3-1-8B` is `Llama 3.1 8B`, `deepseek.v3.2` is `deepseek.v3.2`; spelling aside, whole.
    """
    ids = {form for model in models for form in (model, model.split(":")[0], _unversioned(model))}
    return _plain(stem) in {_plain(name) for name in (*names, *ids)}


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _unversioned(model: str) -> str:
    return re.sub(r"-v[0-9]+(:[0-9]+)?$", "", model)
