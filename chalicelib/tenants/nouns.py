"""Tenant, ApiKey and Identity: who is charged, by which key, for which models; and Block."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Final, Literal, get_args

from chalicelib.tenants.keys import KEY_ID

TenantKind = Literal["user", "project", "team", "department"]
TenantState = Literal["active", "disabled"]
KeyState = Literal["active", "expired", "revoked"]

TENANT_KINDS: Final[tuple[str, ...]] = get_args(TenantKind)
TENANT_STATES: Final[tuple[str, ...]] = get_args(TenantState)
MAX_TEXT: Final = 100
"""Characters in a display name, a label or a reason."""
MAX_TAGS: Final = 50
MAX_BLOCKS: Final = 50
"""Each call is held against all of them; more than that is no emergency any more."""

# A team id is clean wherever it goes: a log line, a CSV cell, an S3 key, a User-Agent.
_TEAM_ID: Final = re.compile(r"[a-z][a-z0-9._-]{1,62}")
_COST_CENTER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,62}")
_TAG_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9._:/-]{0,62}")
_OUR_TAGS: Final = frozenset({"team_id", "cost_center"})  # what an export says of a tenant itself
# What a model id is made of, `*` and `?`. No `[`: fnmatch would take a set for it.
_GLOB: Final = re.compile(r"[A-Za-z0-9.:_/*?-]{1,2048}")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A user, project, team or department that is charged for what its keys use.

    A parent is for sums in reports: it hands down neither its allow-list nor its state. So are the
    cost centre, "" where it has none, and the tags, by their keys.
    Raises ValueError where a field is not what it may be.
    """

    team_id: str
    kind: TenantKind
    created_at: datetime
    parent: str | None = None
    display_name: str = ""
    allow: tuple[str, ...] = ()
    state: TenantState = "active"
    key_ids: tuple[str, ...] = ()
    cost_center: str = ""
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_team_id(self.team_id)
        if self.parent is not None:
            check_team_id(self.parent)
        _check(self.parent != self.team_id, f"{self.team_id} cannot be its own parent")
        _check(self.kind in TENANT_KINDS, f"a tenant's kind is one of {', '.join(TENANT_KINDS)}")
        _check(self.state in TENANT_STATES, f"a tenant's state is {' or '.join(TENANT_STATES)}")
        _check_text("a display name", self.display_name)
        check_cost_center(self.cost_center)
        check_tags(self.tags)
        for glob in self.allow:
            check_glob(glob)

    def may_use(self, model_id: str) -> bool:
        """Whether the allow-list admits a model id in its normal form. An empty list admits none.

        A glob must match the whole id: `anthropic.*` does not admit `us.anthropic.*`, which has
        another price and keeps its data elsewhere.
        """
        return any(fnmatchcase(model_id, glob) for glob in self.allow)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key, which is never the key itself. Raises ValueError on a wrong field."""

    key_id: str
    hash: bytes = field(repr=False)  # SHA-256 of the whole key
    team_id: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None  # in the future while a rotation's overlap lasts
    label: str = ""

    def __post_init__(self) -> None:
        check_key_id(self.key_id)
        _check(len(self.hash) == 32, "a key's hash has 32 bytes")
        check_team_id(self.team_id)
        _check_text("a label", self.label)

    def state_at(self, now: datetime) -> KeyState:
        """Whether the key works. At the very moment of its end it no longer does."""
        if self.revoked_at is not None and now >= self.revoked_at:
            return "revoked"
        if self.expires_at is not None and now >= self.expires_at:
            return "expired"
        return "active"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls: the tenant that is charged, and the key that said so."""

    tenant: Tenant
    key_id: str


@dataclass(frozen=True, slots=True)
class Block:
    """Models that an operator has stopped for everyone. Raises ValueError on a wrong field."""

    glob: str
    since: datetime
    reason: str = ""

    def __post_init__(self) -> None:
        check_glob(self.glob)
        _check_text("a reason", self.reason)


@dataclass(frozen=True, slots=True)
class BlockList:
    """All blocks that are in force. Raises ValueError where there are too many."""

    blocks: tuple[Block, ...] = ()

    def __post_init__(self) -> None:
        _check(len(self.blocks) <= MAX_BLOCKS, f"there are at most {MAX_BLOCKS} blocks")

    def stops(self, model_id: str, base_model: str) -> bool:
        """Whether a block has a model: by its id in normal form, or by the model that runs.

        So a block of a model stops it behind every geo and every ARN, unlike an allow-list's
        entry, which lets in one of them. A glob must match the whole of either.
        """
        return any(
            fnmatchcase(model_id, block.glob) or fnmatchcase(base_model, block.glob)
            for block in self.blocks
        )


def check_team_id(text: str) -> None:
    """Raise ValueError where a text cannot name a team."""
    _check(
        _TEAM_ID.fullmatch(text) is not None,
        f"{text!r} is not a team id: a lower-case letter, then 1 to 62 of a-z 0-9 . _ -",
    )


def check_key_id(text: str) -> None:
    """Raise ValueError where a text cannot be a key's id; it is not repeated, it may be a key."""
    _check(
        KEY_ID.fullmatch(text) is not None,
        "this is not a key id: the 12 characters after tg_, a-z and 2-7",
    )


def check_glob(text: str) -> None:
    """Raise ValueError where a text cannot stand in an allow-list."""
    _check(
        _GLOB.fullmatch(text) is not None,
        f"{text!r} is not a glob of model ids: letters, digits and . : - _ / * ?",
    )


def check_cost_center(text: str) -> None:
    """Raise ValueError where a text that is not empty cannot name a cost centre."""
    _check(
        not text or _COST_CENTER.fullmatch(text) is not None,
        f"{text!r} is not a cost centre: a letter or digit, then up to 62 of those and . _ : / -",
    )


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise ValueError where tags cannot be a tenant's."""
    _check(len(tags) <= MAX_TAGS, f"a tenant has at most {MAX_TAGS} tags")
    for key, value in tags.items():
        _check(
            _TAG_KEY.fullmatch(key) is not None,
            f"{key!r} is not a tag's key: a letter, then up to 62 letters, digits and . _ : / -",
        )
        _check(key not in _OUR_TAGS, f"the tag {key} is what exports already say of a tenant")
        _check_text(f"the tag {key}", value)


def _check_text(name: str, text: str) -> None:
    _check(len(text) <= MAX_TEXT, f"{name} has at most {MAX_TEXT} characters")
    _check(text.isprintable(), f"{name} cannot hold line breaks or control characters")


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
