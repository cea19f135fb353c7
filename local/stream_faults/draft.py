"""Draft: what a case is drawn with, and what its request is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from local.stream_faults.cases import Case
from local.stream_faults.steps import Step
from local.stream_faults.troubles import How, Trouble
from local.traffic import payloads, plan
from local.traffic.faults import Rule
from local.traffic.native import conversation
from local.traffic.offers import CHAT_ENDPOINT, HAIKU, NOVA_LITE, OPENAI_ENDPOINT, TITAN_TEXT
from local.traffic.plan import AnyRequest, Form, Offer, StreamRequest

Way = Literal["queued", "sse", "event_stream", "sdk"]
"""How an answer is asked for: in a form of `POST /invoke`, or by AWS's SDK."""

_INVOKE, _PARTS = "invoke_model_with_response_stream", "invoke_endpoint_with_response_stream"
MODELS = (
    Offer(NOVA_LITE, payloads.nova, operation=_INVOKE),
    Offer(HAIKU, payloads.claude, operation=_INVOKE),
    Offer("us.meta.llama3-3-70b-instruct-v1:0", payloads.llama, operation=_INVOKE),
    Offer(TITAN_TEXT, payloads.titan_text, operation=_INVOKE),
)
ENDPOINTS = (
    Offer(CHAT_ENDPOINT, payloads.streamed(payloads.bare_generation), operation=_PARTS),
    Offer(OPENAI_ENDPOINT, payloads.streamed(payloads.chat), operation=_PARTS),
)
TALK = Offer(NOVA_LITE, conversation, operation="converse_stream")
"""What streams an event a token. The endpoints count because the gateway asks them to."""

ALLOW = ("us.*", "amazon.*", "demo-*")
FAR = 8
"""Events before which a fault comes, at most: every answer here has more."""


@dataclass(slots=True)
class Draft:
    """What a case is drawn with."""

    random: Random
    team: str
    way: Way
    kind: str = ""

    def case(self, ends: frozenset[str], request: AnyRequest | None = None, **fields: Any) -> Case:
        return Case(self.kind, request or self.request(), ends, **fields)

    def request(self, offers: Sequence[Offer] = (*MODELS, *ENDPOINTS), **fields: Any) -> AnyRequest:
        if self.way == "sdk":
            offer = self.random.choice((*offers, TALK))
            return plan.native(self.team, offer, offer.build(self.random))
        offer = self.random.choice(offers)
        built = offer.build(self.random)
        asked = plan.request(self.team, offer.model_id, built)
        form: Form = self.way
        return StreamRequest(asked.team, asked.model_id, asked.body, form=form, **fields)

    def key(self) -> str:
        return f"order-{self.random.getrandbits(64):x}"

    def rule(self, do: str, **params: Any) -> Rule:
        return {"do": do, "match": {"team": self.team}, **params}

    def trouble(self, step: Step | frozenset[Step], how: How, **numbers: int) -> Trouble:
        steps = step if isinstance(step, frozenset) else frozenset({step})
        return Trouble(self.team, steps, how, **numbers)

    def some_events(self) -> int:
        return self.random.randint(2, FAR)
