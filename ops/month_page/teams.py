"""The tenants' tree on the page: the dearest, each with all below it, and the rest as one. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import Final

from chalicelib.pricing.capacity import IDLE
from chalicelib.reporting.cost_rows import EXACT
from chalicelib.reporting.tree import TreeRow
from ops.month_page.charts import bar
from ops.month_page.figures import MonthFigures
from ops.month_page.html import Html, join, table, tag, text
from ops.month_page.money import change, dollars

NODES: Final = 300
"""Tenants in the tree, the dearest; a month may have 30,000, and its page is to be opened."""


def teams(figures: MonthFigures) -> Html:
    """Draw the tree: each node with its own costs and those of all below it."""
    rows = figures.sums.teams.tree(figures.tenants)
    before, whole = figures.team_costs_before, figures.cost
    dearest = {row.node for row in sorted(rows, key=_by_total)[:NODES]}  # parents come with them
    shown = [_node(row, whole, before) for row in _ordered(rows) if row.node in dearest]
    head = ("team", "own", "with all below", "share", "own, last month", "calls")
    folded = [row for row in rows if row.node not in dearest]
    if not folded:
        return table(head, shown, id="teams")
    note = f"{len(folded)} more are in the sums above them, or in the total alone."
    where = f" Every one is in {figures.files}." if figures.files else ""
    others = _others(folded, whole, before)
    return join(table(head, [*shown, others], id="teams"), tag("p", text(note + where)))


def _others(
    rows: Sequence[TreeRow], whole: Decimal, before: Mapping[str, Decimal] | None
) -> tuple[Html, ...]:
    """Draw as one what is not shown by itself: what all of it used itself, so each cost once."""
    own = reduce(EXACT.add, (row.own.total_cost for row in rows), Decimal(0))
    own_before = None
    if before is not None:
        costs = (before.get(row.node, Decimal(0)) for row in rows)
        own_before = reduce(EXACT.add, costs, Decimal(0))
    name = f"{len(rows):,} others"
    return (
        text(name),
        text(dollars(own)),
        text(""),
        bar(own, whole, f"{name}: {dollars(own)} of {dollars(whole)}"),
        text(change(own, own_before)),
        text(f"{sum(row.own.invocations for row in rows):,}"),
    )


def _ordered(rows: Sequence[TreeRow]) -> list[TreeRow]:
    """Sort a tree so that of those with one parent the dearest comes first."""
    paths: dict[str, tuple[tuple[Decimal, int, str], ...]] = {}
    for row in rows:  # parents come before their children
        paths[row.node] = (*paths.get(row.parent, ()), _by_total(row))
    return sorted(rows, key=lambda row: paths[row.node])


def _by_total(row: TreeRow) -> tuple[Decimal, int, str]:
    return -row.total.total_cost, row.depth, row.node


def _node(row: TreeRow, whole: Decimal, before: Mapping[str, Decimal] | None) -> tuple[Html, ...]:
    total = row.total.total_cost
    name = f"{row.node} – {row.display_name}" if row.display_name else row.node
    own_before = before.get(row.node, Decimal(0)) if before is not None else None
    about = [each for each in (row.kind, row.cost_center) if each and row.node != IDLE]
    return (
        tag(
            "span",
            text(name),
            tag("small", text("".join(f" {each}" for each in about))),
            class_=f"d{min(row.depth, 3)}",
        ),
        text(dollars(row.own.total_cost)),
        text(dollars(total)),
        bar(total, whole, f"{row.node}: {dollars(total)} of {dollars(whole)}"),
        text(change(row.own.total_cost, own_before)),
        text(f"{row.total.invocations:,}"),
    )
