"""The tenants whose traffic it is, made with the operator's own code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.tenants.nouns import TenantKind
from local.traffic.plan import BARE, EMBEDDINGS, HAIKU, HOSTED, PICTURES, TEXT, Offer
from ops import keys, tenants
from ops.directory import Directory

MANY = ("amazon.*", "us.amazon.*", "anthropic.*", "us.anthropic.*")


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
        (*MANY, "meta.*", "mistral.*", "cohere.*", "openai.*", "ai21.*", "demo-*"),
        (*TEXT, *EMBEDDINGS),
    ),
    Customer(
        "genomics",
        "project",
        "research",
        "Genome assembly",
        (*MANY, "demo-*", "cohere.embed-*", "openai.gpt-oss-*"),
        (*EMBEDDINGS, *HOSTED, *BARE, *TEXT[:3]),
    ),
    Customer(
        "marketing",
        "team",
        None,
        "Marketing",
        (*MANY, "stability.*"),
        (*PICTURES, *TEXT[:2]),
    ),
    Customer("ada", "user", "marketing", "Ada L.", (HAIKU, "us.amazon.*"), (TEXT[1], TEXT[4])),
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
