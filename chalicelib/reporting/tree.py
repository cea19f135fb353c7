"""The tree of tenants with their costs: user, project, team, department, each with all below. Pure.

Every row of costs.csv is in the sums of exactly one root, whatever the tenants say of each other:
a team that is no tenant, such as `(idle)`, is a root of its own; a parent that is no tenant is a
node without a kind; and where parents go round, the first of them by id is the root.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Final

from chalicelib.pricing.capacity import IDLE
from chalicelib.reporting.cells import clean
from chalicelib.reporting.cost_rows import AMOUNTS, EXACT, Amounts, CostRow
from chalicelib.reporting.csv_writer import render
from chalicelib.reporting.tenant_tree import Tenants


@dataclass(frozen=True, slots=True)
class Sums:
    """What rows of costs.csv add up to. Costs in US dollars."""

    invocations: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    images: int = 0
    seconds: Decimal = Decimal(0)
    queries: int = 0
    total_cost: Decimal = Decimal(0)  # of what has a price
    not_priced: int = 0  # rows of which something or all, or their end, has no known cost

    @classmethod
    def of(cls, row: CostRow) -> "Sums":
        return cls.of_amounts(row.amounts, int(row.status != "PRICED"))

    @classmethod
    def of_amounts(cls, amounts: Amounts, not_priced: int) -> "Sums":
        """Take what rows add up to, and how many of them are not priced."""
        of = dict(zip(AMOUNTS, amounts, strict=True))
        return cls(
            int(of["invocations"]),
            int(of["input_tokens"]),
            int(of["output_tokens"]),
            int(of["cache_read_tokens"]),
            int(of["cache_write_tokens"]),
            int(of["images"]),
            of["seconds"],
            int(of["queries"]),
            of["total_cost"],
            not_priced,
        )

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.invocations + other.invocations,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.images + other.images,
            EXACT.add(self.seconds, other.seconds),
            self.queries + other.queries,
            EXACT.add(self.total_cost, other.total_cost),
            self.not_priced + other.not_priced,
        )


SUMMED: Final = tuple(each.name for each in fields(Sums))
_NOTHING: Final = Sums()


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One node: a tenant, or what stands where one should be."""

    node: str  # a team id, or `(idle)`
    kind: str  # user | project | team | department; idle; "" of what is no tenant
    parent: str  # the node that its sums go to; "" of a root
    depth: int  # 0 of a root
    display_name: str
    cost_center: str  # its own, else its nearest ancestor's
    own: Sums  # of its own keys
    total: Sums  # and of all that belong to it

    def cells(self) -> tuple[str, ...]:
        """Render the row as text that never needs quotes, in the order of COLUMNS."""
        who = (self.node, self.kind, self.parent, str(self.depth), clean(self.display_name))
        sums = (getattr(each, name) for each in (self.own, self.total) for name in SUMMED)
        return (*who, self.cost_center, *(format(value, "f") for value in map(_plain, sums)))


COLUMNS: Final = (
    *("node", "kind", "parent", "depth", "display_name", "cost_center"),
    *(f"{whose}_{name}" for whose in ("own", "total") for name in SUMMED),
)


def totals(rows: Iterable[CostRow], tenants: Tenants) -> list[TreeRow]:
    """Add up rows of costs.csv, of one day or of many, by the tenants' tree; see `placed`."""
    own: dict[str, Sums] = {}
    for row in rows:
        own[row.team_id] = own.get(row.team_id, _NOTHING) + Sums.of(row)
    return placed(own, tenants)


def placed(own: Mapping[str, Sums], tenants: Tenants) -> list[TreeRow]:
    """Add up what each team's own rows come to by the tenants' tree.

    A parent comes right before its children, which are in the order of their ids. Only nodes that
    have a row, or one below them, are there. The totals of the roots are the sum of all rows.
    """
    parents = _parents(own, tenants)
    nodes = list(_depth_first(parents))
    total = {node: own.get(node, _NOTHING) for node, _ in nodes}
    for node, _ in reversed(nodes):  # children come after their parents
        if parent := parents[node]:
            total[parent] += total[node]
    return [
        _row(node, depth, parents[node], own.get(node, _NOTHING), total[node], tenants)
        for node, depth in nodes
    ]


def to_csv(rows: Iterable[TreeRow]) -> bytes:
    """Render a tree's file, in the order of its rows."""
    return render(COLUMNS, (row.cells() for row in rows))


def _parents(nodes: Iterable[str], tenants: Tenants) -> dict[str, str]:
    """Return the parent, "" of a root, of the nodes and of all above them."""
    parents: dict[str, str] = {}
    for node in nodes:
        path: list[str] = []
        while node and node not in parents:
            tenant = tenants.by_id.get(node)
            parents[node] = (tenant.parent or "") if tenant else ""
            path.append(node)
            node = parents[node]
        if node in path:  # they go round
            parents[min(path[path.index(node) :])] = ""
    return parents


def _depth_first(parents: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    children: dict[str, list[str]] = {}
    for node in sorted(parents, reverse=True):  # the last that is stacked comes first
        children.setdefault(parents[node], []).append(node)
    stack = [(root, 0) for root in children.get("", ())]
    while stack:
        node, depth = stack.pop()
        yield node, depth
        stack += ((child, depth + 1) for child in children.get(node, ()))


def _row(node: str, depth: int, parent: str, own: Sums, total: Sums, tenants: Tenants) -> TreeRow:
    tenant = tenants.by_id.get(node)
    kind = tenant.kind if tenant else "idle" if node == IDLE else ""
    name = tenant.display_name if tenant else ""
    return TreeRow(node, kind, parent, depth, name, tenants.cost_center(node), own, total)


def _plain(value: int | Decimal) -> Decimal:
    return Decimal(value).normalize(EXACT)
