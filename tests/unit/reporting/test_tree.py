"""The tree's sums: everything is counted once, whatever tenants say of each other."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from builders import count_line, price_book
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.metering.usage import Usage
from chalicelib.pricing.costs import rate
from chalicelib.reporting.cost_rows import row_of
from chalicelib.reporting.tenant_tree import NO_TENANTS, Tenants
from chalicelib.reporting.tree import COLUMNS, Sums, to_csv, totals
from chalicelib.tenants import Tenant

DAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BOOK = price_book("m,*,none,on_demand,default,none,input_tokens,0.5,2026-01-01,,test,2026-01-01")
DOLLAR = rate([count_line(usage=Usage(input_tokens=2))], BOOK, DAY)[0]


def cost(team_id: str, **fields):
    """A row of costs.csv: one call of the team, for a dollar."""
    return row_of(replace(DOLLAR, team_id=team_id, **fields))


def tenants(**parents: str | None) -> Tenants:
    return Tenants({name: Tenant(name, "team", NOON, parent=up) for name, up in parents.items()})


def outline(rows) -> list[tuple[str, str, int, Decimal, Decimal]]:
    return [(r.node, r.parent, r.depth, r.own.total_cost, r.total.total_cost) for r in rows]


def test_a_parent_has_its_own_costs_and_those_of_all_below_it():
    known = tenants(dept=None, team="dept", user="team")
    rows = totals([cost("dept"), cost("user"), cost("user"), cost("team")], known)
    assert outline(rows) == [
        ("dept", "", 0, 1, 4),
        ("team", "dept", 1, 1, 3),
        ("user", "team", 2, 2, 2),
    ]


def test_a_parent_that_called_nothing_has_the_sum_of_its_children():
    rows = totals([cost("bb"), cost("cc")], tenants(aa=None, bb="aa", cc="aa"))
    assert outline(rows) == [("aa", "", 0, 0, 2), ("bb", "aa", 1, 1, 1), ("cc", "aa", 1, 1, 1)]


def test_who_has_no_costs_below_is_not_there():
    assert [row.node for row in totals([cost("bb")], tenants(aa=None, bb=None))] == ["bb"]


def test_what_is_no_tenant_is_a_root_without_a_kind():
    (row,) = totals([cost("stranger")], NO_TENANTS)
    assert (row.kind, row.parent, row.depth, row.cost_center) == ("", "", 0, "")


def test_what_nobody_used_is_a_root_of_its_own():
    (row,) = totals([cost("(idle)")], NO_TENANTS)
    assert (row.node, row.kind) == ("(idle)", "idle")


def test_a_parent_that_is_no_tenant_still_has_the_sum():
    rows = totals([cost("bb")], tenants(bb="gone"))
    assert outline(rows) == [("gone", "", 0, 0, 1), ("bb", "gone", 1, 1, 1)]


@pytest.mark.parametrize("order", [("aa", "bb", "cc", "dd"), ("dd", "cc", "bb", "aa")])
def test_where_parents_go_round_the_first_of_them_is_the_root(order):
    known = tenants(aa="bb", bb="cc", cc="aa", dd="bb")
    assert outline(totals([cost(team) for team in order], known)) == [
        ("aa", "", 0, 1, 4),
        ("cc", "aa", 1, 1, 3),
        ("bb", "cc", 2, 1, 2),
        ("dd", "bb", 3, 1, 1),
    ]


def test_a_row_without_a_price_is_counted_and_costs_nothing_known():
    unpriced = cost("aa", total_cost=None, status="UNPRICED")
    (row,) = totals([unpriced, cost("aa")], tenants(aa=None))
    assert row.total == Sums(2, 4, total_cost=Decimal(1), not_priced=1)


def test_a_tree_a_thousand_deep_is_added_up():
    known = tenants(**{f"t{n}": f"t{n - 1}" if n else None for n in range(1000)})
    rows = totals([cost("t999")], known)
    assert (rows[0].total.total_cost, rows[-1].depth) == (1, 999)


def test_the_file_has_a_row_a_node_in_plain_decimals():
    known = Tenants({"aa": Tenant("aa", "team", NOON, display_name="A, B", cost_center="CC-1")})
    tiny = cost("aa", total_cost=Decimal("1E-12"), seconds="10")
    assert to_csv(totals([tiny], known)).decode().splitlines() == [
        ",".join(COLUMNS),
        "aa,team,,0,A%2C%20B,CC-1" + 2 * ",1,2,0,0,0,0,10,0,0.000000000001,0",
    ]


NAMES = st.sampled_from(["aa", "bb", "cc", "dd", "ee"])


@given(
    parents=st.dictionaries(NAMES, st.none() | NAMES),
    spent=st.lists(st.tuples(NAMES | st.just("(idle)"), st.decimals(0, 9, places=12))),
)
def test_the_roots_sum_to_all_rows_and_each_node_is_there_once(parents, spent):
    known = tenants(**{name: None if up == name else up for name, up in parents.items()})
    rows = totals([cost(team, total_cost=money) for team, money in spent], known)
    roots = [row for row in rows if not row.depth]
    assert sum(row.total.total_cost for row in roots) == sum(money for _, money in spent)
    assert sum(row.total.invocations for row in roots) == len(spent)
    assert len({row.node for row in rows}) == len(rows)
    assert [row.node for row in roots] == [row.node for row in rows if not row.parent]
