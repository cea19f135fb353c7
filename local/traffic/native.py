"""Parameters of Bedrock Runtime's other operations, as boto3 takes them (its service model)."""

import base64
from random import Random

from local.simulator import pictures
from local.traffic.payloads import MANUAL, Body, prose

GUARDRAILS = ("topiccontentpii1", "piimasks2", "contentblocksinput3", "wordtopicblocksoutput4")
"""One that lets all pass, one that masks, one that blocks prompts and one that blocks answers."""

GROUNDED = "contentgroundingreasoning5"


def conversation(random: Random) -> Body:
    text = {"text": prose(random, random.randint(8, 90))}
    return {
        "messages": [{"role": "user", "content": [text]}],
        "inferenceConfig": {"maxTokens": random.choice((40, 80, 160))},
    }


def cached_conversation(random: Random) -> Body:
    """Share a long manual, kept five minutes."""
    return {**conversation(random), "system": _kept(random, {"type": "default"})}


def conversation_cached_an_hour(random: Random) -> Body:
    return {**conversation(random), "system": _kept(random, {"type": "default", "ttl": "1h"})}


def _kept(random: Random, point: Body) -> list[Body]:
    return [{"text": MANUAL * (55 + random.randrange(3))}, {"cachePoint": point}]


def conversation_about_a_picture(random: Random) -> Body:
    asked = conversation(random)
    asked["messages"][0]["content"].append({"image": _picture(random)})
    return asked


def _picture(random: Random) -> Body:
    data = base64.b64decode(pictures.png(random.choice((320, 640)), 320))
    return {"format": "png", "source": {"bytes": data}}


def guarded_conversation(random: Random) -> Body:
    """Guard a conversation; the gateway asks for the trace where the tenant does not."""
    config = {"guardrailIdentifier": random.choice(GUARDRAILS), "guardrailVersion": "1"}
    if random.random() < 0.3:
        config["trace"] = "enabled"
    return {**conversation(random), "guardrailConfig": config}


def flexible_conversation(random: Random) -> Body:
    return {**conversation(random), "serviceTier": {"type": random.choice(("flex", "priority"))}}


def hurried_conversation(random: Random) -> Body:
    return {**conversation(random), "performanceConfig": {"latency": "optimized"}}


def token_count(random: Random) -> Body:
    asked = conversation(random)
    return {"input": {"converse": {"messages": asked["messages"]}}}


def guardrail_application(random: Random) -> Body:
    """Check a text, long enough for several units at times."""
    content: list[Body] = [{"text": {"text": prose(random, random.choice((20, 400)))}}]
    if random.random() < 0.4:
        content.append({"image": _picture(random)})
    return {
        "guardrailVersion": "1",
        "source": random.choice(("INPUT", "OUTPUT")),
        "content": content,
    }


def grounded_application(random: Random) -> Body:
    """Check whether an answer keeps to its source."""
    source = {"text": prose(random, 300), "qualifiers": ["grounding_source"]}
    query = {"text": prose(random, 9), "qualifiers": ["query"]}
    texts = (source, query, {"text": prose(random, 30)})
    return {
        "guardrailVersion": "1",
        "source": "OUTPUT",
        "content": [{"text": text} for text in texts],
    }
