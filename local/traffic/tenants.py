"""The tenants whose traffic it is, made with the operator's own code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.tenants.nouns import TenantKind
from local.traffic import offers
from local.traffic.offers import HAIKU
from local.traffic.plan import Offer
from local.traffic.resources import PROFILE, THROUGHPUT
from ops import keys, tenants
from ops.directory import Directory

EVERY_AMAZON_AND_ANTHROPIC = ("amazon.*", "us.amazon.*", "anthropic.*", "us.anthropic.*")
OTHERS = (
    *("ai21.*", "cohere.*", "deepseek.*", "google.*", "meta.*", "minimax.*", "mistral.*"),
    *("moonshotai.*", "nvidia.*", "openai.*", "qwen.*", "writer.*", "zai.*"),
    *("us.deepseek.*", "us.meta.*", "us.mistral.*", "us.twelvelabs.*", "us.writer.*"),
    "global.anthropic.*",
)


@dataclass(frozen=True, slots=True)
class Customer:
    """A tenant to be, what it may use and what it asks for."""

    team_id: str
    kind: TenantKind
    parent: str | None
    display_name: str
    allow: tuple[str, ...]
    offers: Sequence[Offer]


CUSTOMERS: Sequence[Customer] = (
    Customer(
        "research",
        "department",
        None,
        "Research",
        (*EVERY_AMAZON_AND_ANTHROPIC, *OTHERS),
        (*offers.CHAT, *offers.CACHED, *offers.DIMENSIONS, *offers.STREAMED),
    ),
    Customer(
        "genomics",
        "project",
        "research",
        "Genome assembly",
        (
            *(*EVERY_AMAZON_AND_ANTHROPIC, "cohere.*", "demo-*", "twelvelabs.*", "us.twelvelabs.*"),
            *(PROFILE, THROUGHPUT, "guardrail/*"),
        ),
        (
            *(*offers.EMBEDDINGS, *offers.RERANKERS, *offers.HOSTED, *offers.OWN_ARNS),
            *(*offers.STREAMED_HOSTED, *offers.ORDINARY),
        ),
    ),
    Customer(
        "marketing",
        "team",
        None,
        "Marketing",
        (
            *(*EVERY_AMAZON_AND_ANTHROPIC, "stability.*", "luma.*", "twelvelabs.*"),
            *("openai.gpt-oss-*", "guardrail/*"),
        ),
        (
            *(*offers.PICTURES, *offers.JOBS, *offers.GUARDED, *offers.STREAMED_GUARDED),
            *offers.ORDINARY,
        ),
    ),
    Customer(
        "ada",
        "user",
        "marketing",
        "Ada L.",
        (HAIKU, "us.amazon.*"),
        (offers.CACHED_HAIKU, offers.CACHED_NOVA),
    ),
)
OFFERS: Mapping[str, Sequence[Offer]] = {each.team_id: each.offers for each in CUSTOMERS}


def open_accounts(directory: Directory, now: datetime) -> dict[str, str]:
    """Create every tenant and a key for each; return the plain keys by team."""
    for each in CUSTOMERS:
        tenants.create(
            directory,
            each.team_id,
            now,
            kind=each.kind,
            parent=each.parent,
            display_name=each.display_name,
            allow=each.allow,
        )
    return {each.team_id: keys.create(directory, each.team_id, now)[0] for each in CUSTOMERS}
