"""What the demo prints of a run: the parts that a person reads."""

from decimal import Decimal

import pytest
from two_ledgers import BOOK, METERED, REFUSED, TIMED_OUT, entry, evidence, one_of_each, records

from local.demo import one_cent, rule_of_thumb, tables
from local.demo.sabotage import Attempt, ledger_says, saw
from local.proof import prove
from local.traffic.plan import Request
from local.traffic.sent import Sent
from ops.trace.history import MANAGEMENT_EVENTS

REQUEST = Request("search", "us.amazon.nova-lite-v1:0", b"{}")


def attempt(*sent, expected=(200,)):
    return Attempt("", expected, tuple(Sent(REQUEST, *each) for each in sent))


def row(model="amazon.nova-lite-v1:0", team="search", total="0.5", status="PRICED"):
    counts = {"invocations": "3", "input_tokens": "1200", "output_tokens": "30", "images": "0"}
    counts["seconds"] = "1.5"
    cached = {"cache_read_tokens": "7", "cache_write_tokens": "5"}
    cost = {"total_cost": total, "status": status}
    return {"team_id": team, "model_id": model, **counts, **cached, **cost}


def test_an_attempt_that_came_out_otherwise_is_not_as_expected():
    assert attempt((200, "r1")).as_expected
    assert not attempt((200, "r1"), expected=(401,)).as_expected


def test_each_answer_that_a_client_saw_is_told():
    assert saw(attempt((429, "r1", "throttled"), (200, "r2"))) == "429 throttled, then 200"
    assert saw(attempt((0,))) == "connection lost"


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (METERED, "search: 100 in, 10 out"),
        (REFUSED, "failed, $0"),
        (TIMED_OUT, "usage unknown: listed, charged to nobody"),
    ],
)
def test_the_ledger_says_how_a_call_ended(outcome, says):
    assert ledger_says(attempt((200, "request-1")), records({}, outcome), []) == says


def test_the_ledger_says_that_a_model_has_no_price():
    unpriced = row("us.amazon.nova-lite-v1:0", status="UNPRICED", total="")

    says = ledger_says(attempt((200, "request-1")), records({}, METERED), [unpriced])

    assert says == "search: 100 in, 10 out, UNPRICED"


def test_a_refused_key_leaves_no_record():
    assert ledger_says(attempt((401, "request-9")), [], []) == "no record, no provider called"


def test_a_killed_call_is_an_orphan_by_its_request_id():
    assert ledger_says(attempt((0,)), records(), []) == "orphan request-1"


def test_the_dearest_lines_come_first_aligned_within_a_hundred_columns():
    rows = [row(total="0.5"), row("us.anthropic.claude-sonnet-4-5-20250929-v1:0", total="123.5")]

    heading, dearest, cheaper = tables.dearest(rows)

    assert dearest.split()[1] == "us.anthropic.claude-sonnet-…"
    assert dearest.index(" PRICED") == cheaper.index(" PRICED")
    assert max(map(len, (heading, dearest, cheaper))) <= 100


def test_the_dearest_lines_are_shown_of_more():
    assert len(tables.dearest([row()] * 30)) == 1 + tables.SHOWN


def test_a_team_owes_the_sum_of_its_lines():
    assert tables.by_team([row(), row(total=""), row(team="ads")]) == "ads $0.5000  search $0.5000"


def test_the_call_that_is_traced_has_a_price_and_an_event_in_cloudtrail():
    chosen = one_cent.choose(prove(one_of_each(), BOOK).verdicts)

    assert chosen.list_price
    assert chosen.call
    assert chosen.call.record["operation"] in MANAGEMENT_EVENTS


def test_a_guess_counts_four_characters_a_token():
    long = entry(characters_in=800, characters_out=80)
    proof = prove(evidence([long], records({}, METERED)), BOOK)

    bill = rule_of_thumb.bills(proof.verdicts, BOOK)["search"]

    assert bill.guessed == 200 * Decimal("0.00000006") + 20 * Decimal("0.00000024")
    assert bill.true == Decimal("0.0000084")
    assert bill.percent_off == 100
