"""The families that StartAsyncInvoke runs: a function from the job's input to what it will leave.

The reply's counts are billed when the job completes.
"""

from collections.abc import Callable

from local.simulator.calls import Ask, Reply
from local.simulator.families import nova_embeddings, twelvelabs, videos
from local.simulator.models import Model
from local.simulator.refusals import invalid

_FAMILIES: dict[str, Callable[[Ask], Reply]] = {
    "amazon.nova-reel-": videos.reel,
    "amazon.nova-2-multimodal-embeddings-": nova_embeddings.segmented,
    "luma.ray-": videos.luma,
    "twelvelabs.marengo-embed-": twelvelabs.deferred_marengo,
}


def family(model: Model) -> Callable[[Ask], Reply]:
    """Return the model's family; raises Refusal for one that runs no jobs."""
    for prefix, run in _FAMILIES.items():
        if model.base.startswith(prefix):
            return run
    raise invalid(f"The model {model.base} is not supported for asynchronous invocation.")
