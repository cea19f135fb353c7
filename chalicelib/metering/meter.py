"""The one way in: what did the provider say this call used? Pure."""

from collections.abc import Callable, Mapping
from functools import partial

from chalicelib.catalog import Model
from chalicelib.metering import amazon_images, anthropic, containers, embeddings, stability, text
from chalicelib.metering.exchange import Exchange
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.served import as_served

NOT_METERED = (
    "luma_ray",
    "marengo",
    "nova_embed",
    "nova_reel",
    "nova_sonic",
    "pegasus",
    "rerank",
)
"""Families billed by what no header holds: seconds, queries, pictures read, speech.

Their calls are recorded as `none`, and are loud, rather than billed by half.
"""


def _not_metered(_exchange: Exchange) -> Metered:
    return unknown("family_not_metered")


METERS: Mapping[str, Callable[[Exchange], Metered]] = {
    **{name: partial(text.meter, family) for name, family in text.FAMILIES.items()},
    "claude": anthropic.meter,
    "cohere_embed": embeddings.meter_cohere,
    "nova_canvas": partial(amazon_images.meter, amazon_images.canvas_class),
    "sdxl": stability.meter_sdxl,
    "stability": stability.meter,
    "titan_embed_image": embeddings.meter_titan,
    "titan_image": partial(amazon_images.meter, amazon_images.titan_class),
    **dict.fromkeys(NOT_METERED, _not_metered),
}


def meter(model: Model, exchange: Exchange, busy_ms: int = 0) -> Metered:
    """Read what an answered call used. Never raises, and never guesses: `none` says unknown.

    A call that the provider refused is not metered: it is recorded `failed`. `busy_ms` is the
    endpoint's time and counts for SageMaker alone.
    """
    if model.service == "sagemaker":
        return containers.meter(model.container, exchange, busy_ms)
    metered = METERS[model.family](exchange)
    return as_served(metered, model.base_model, exchange.headers)
