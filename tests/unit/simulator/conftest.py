"""Asking a family directly, without HTTP."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.simulator import families, models
from local.simulator.calls import Ask, Direction, Reply
from local.simulator.prompt_cache import PromptCache
from local.simulator.tokens import Scribe

NO_FAULT = Direction()


@pytest.fixture
def ask() -> Callable[..., Reply]:
    """Return a function that asks a model; all its calls share one prompt cache."""
    cache = PromptCache()

    def ask_model(model_id: str, direction: Direction = NO_FAULT, **payload: Any) -> Reply:
        model = models.parse(model_id)
        scribe = Scribe(1, json.dumps(payload).encode())
        return families.family(model)(Ask(model, payload, scribe, cache, direction))

    return ask_model
