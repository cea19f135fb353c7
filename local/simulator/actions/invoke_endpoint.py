"""InvokeEndpoint: a SageMaker endpoint answers as its container does."""

from local.simulator import refusals
from local.simulator.actions import Call
from local.simulator.calls import Reply
from local.simulator.containers import CONTAINERS
from local.simulator.refusals import Refusal

_MOST_BYTES = 6_291_456


def answer(call: Call) -> Reply:
    name, endpoints = call.model.id, call.account.endpoints
    if len(call.arrival.body) > _MOST_BYTES:
        raise refusals.sagemaker(400, "ValidationError", refusals.TOO_LONG.format(_MOST_BYTES))
    if name not in endpoints:
        raise refusals.sagemaker(
            400, "ValidationError", f"Endpoint {name} of account {refusals.ACCOUNT} not found."
        )
    try:
        return CONTAINERS[endpoints[name]](call.ask(call.arrival.payload))
    except Refusal as refused:
        raise refusals.model_error(name, call.region, 422, refused.message) from refused
