"""A month beside the bill that the simulator's own ledger and prices make of the same calls."""

import gzip
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from builders import count_line, price_book
from kept_reports import Kept, manifest

from chalicelib.metering.usage import Usage
from chalicelib.pricing import price_file
from chalicelib.pricing.capacity import Resource, Sample
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price import Price
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reconciliation import days, export, hours, months
from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.export import NotDelivered
from chalicelib.reconciliation.hours import SampledHour
from chalicelib.reconciliation.row import Hidden, Row
from chalicelib.reconciliation.statement import Statement
from chalicelib.reporting.capacity_files import hour_key, write_hour
from chalicelib.reporting.csv_writer import write_counts
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import counts_key, manifest_key, price_rows_key
from chalicelib.settings import Settings
from local import cost_explorer
from local.cost_export import deliver
from local.invoice import Invoice, Ran
from local.simulator import prices
from local.simulator.calls import Counts
from local.simulator.ledger import Entry

DAY = date(2026, 10, 20)
OCTOBER = Month.of(DAY)
LITE = "us.amazon.nova-lite-v1:0"
BASE = "amazon.nova-lite-v1:0"
ROLE = "arn:aws:iam::123456789012:role/tollgate-prod-tenant"
SEARCH = "arn:aws:sts::123456789012:assumed-role/tollgate-prod-tenant/search"
SOMEBODY = "arn:aws:sts::123456789012:assumed-role/notebooks/ada"
GATEWAY = "arn:aws:sts::123456789012:assumed-role/tollgate-prod-stream_worker/a"
LOCATION = "s3://billing/exports/tollgate"
SETTINGS = Settings(
    region="us-east-1",
    tenants_table="tenants",
    reports_bucket="reports",
    payloads_bucket="payloads",
    stage="prod",
    tenant_role_arn=ROLE,
    cur_location=LOCATION,
)
TOKENS = {"input_tokens": 1_000_000, "output_tokens": 500_000, "cache_read_tokens": 200_000}
LINE = count_line(
    model_id=LITE, base_model=BASE, family="nova", geo="us", usage=Usage.from_counts(TOKENS)
)
BOOK = price_book(
    *(
        f"{BASE},us-east-1,us,on_demand,default,none,{unit},{usd},2026-01-01,,list,2026-10-01"
        for unit, usd in (
            ("input_tokens", "0.00000006"),
            ("output_tokens", "0.00000024"),
            ("cache_read_tokens", "0.000000015"),
        )
    )
)
STALE = price_book(
    *(
        ",".join((*price.key, f"{price.usd_per_unit * 2:f}", "2026-01-01", "", "old", "2026-01-01"))
        if price.key.unit == "output_tokens"
        else ",".join(
            (*price.key, f"{price.usd_per_unit:f}", "2026-01-01", "", "list", "2026-10-01")
        )
        for price in BOOK
    )
)


def called(caller: str = SEARCH, tier: str = "default", **counts: int) -> Entry:
    """A call as the simulator's ledger has it once it is billed."""
    used = Counts(**(counts or TOKENS))
    return Entry(
        request_id=caller,
        time=f"{DAY}T12:00:00.000Z",
        service="bedrock",
        operation="Converse",
        region="us-east-1",
        model=LITE,
        base_model=BASE,
        caller=caller,
        outcome="answered",
        tier=tier,
        listed=LITE,
        counts=used,
        items=prices.items(prices.lines(LITE, "us-east-1", tier, used)),
    )


def reported(*lines: CountLine, book: PriceBook = BOOK) -> dict[str, bytes]:
    counts, rows = write_counts(lines or (LINE,)), price_file.write(set(book))
    said = manifest(date=f"{DAY}", counts_sha256=sha256(counts), price_rows_sha256=sha256(rows))
    return {
        manifest_key(DAY): said.to_json(),
        counts_key(DAY): counts,
        price_rows_key(DAY): rows,
    }


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def differed(*causes: Cause) -> dict[str, bytes]:
    """The day's own reconciliation, which found these of the model."""
    row = Row("counters", LITE, "input_tokens", Decimal(1), Decimal(2), causes, "difference", 1)
    content, _ = Statement(f"date={DAY}", days.FOLDER, (row,), {}).files()
    return {content.key: b"".join(content.render())}


class CostExplorer:
    """Answers as the local stack's does."""

    def __init__(self, *entries: Entry, estimated: bool = False, ran: Sequence[Ran] = ()) -> None:
        self.invoice = Invoice()
        self.invoice.capacity += ran
        self.invoice.follow(lambda: map(asdict, entries))
        self.invoice.estimated = estimated

    def get_cost_and_usage(self, **request: Any) -> dict[str, Any]:
        return cost_explorer.answer(self.invoice, request)


class S3:
    """A bucket of exports."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put_object(self, **request: Any) -> None:
        self.files[request["Key"]] = request["Body"]

    def get_object(self, **request: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.files[request["Key"]])}

    def get_paginator(self, _operation: str) -> "S3":
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        keys = [key for key in self.files if key.startswith(request["Prefix"])]
        yield {"Contents": [{"Key": key} for key in keys]} if keys else {}


def statement(files: dict[str, bytes], bill: CostExplorer, **settings: Any) -> Statement:
    s3 = S3()
    deliver(s3, LOCATION, str(OCTOBER), bill.invoice.lines())
    return months.reconcile(
        OCTOBER,
        cost_explorer=bill,
        s3=s3,
        store=Kept(files),
        settings=replace(SETTINGS, **settings),
    )


def told(made: Statement) -> dict[tuple[str, str], str]:
    return {(row.scope, row.unit): "+".join(row.causes) for row in made.rows if row.causes}


def test_a_month_whose_calls_are_all_the_gateways_is_what_aws_charges() -> None:
    made = statement(reported(), CostExplorer(called()))
    assert made.sentence() == "no difference"
    assert {(row.layer, row.scope, row.status) for row in made.rows} == {
        ("money", BASE, "equal"),
        ("teams", "search", "equal"),
    }
    assert sum(row.theirs for row in made.rows if row.layer == "teams") == Decimal("0.183")


def test_a_direct_call_is_on_the_bill_and_its_caller_is_named() -> None:
    files = reported() | differed(Cause.BYPASS)
    made = statement(files, CostExplorer(called(), called(SOMEBODY)))
    assert told(made) == {
        (BASE, "USD/cache_read_tokens"): "bypass",
        (BASE, "USD/input_tokens"): "bypass",
        (BASE, "USD/output_tokens"): "bypass",
        (SOMEBODY, "USD"): "bypass",
    }


def test_calls_that_the_gateway_signed_itself_are_no_bypass() -> None:
    made = statement(reported(), CostExplorer(called(GATEWAY)))
    assert told(made)[GATEWAY, "USD"] == "unexplained"


def test_a_stale_price_is_found_and_no_other_price_is_called_stale() -> None:
    made = statement(reported(book=STALE), CostExplorer(called()))
    assert told(made) == {
        (BASE, "USD/output_tokens"): "stale_price",
        ("search", "USD"): "stale_price",
    }


def test_calls_under_a_wrong_tier_are_found() -> None:
    half = replace(LINE, usage=Usage(500, 0))
    flex = called(tier="flex", input_tokens=500)
    assert prices.items(prices.lines(LITE, "us-east-1", "flex", flex.counts)) == {}
    entry = replace(flex, items={"input_tokens": "0.000015"})
    made = statement(reported(half), CostExplorer(entry))
    assert told(made) == {
        (BASE, "USD/input_tokens"): "wrong_tier",
        (BASE, "USD/input_tokens+flex"): "wrong_tier",
        ("search", "USD"): "wrong_tier",
    }


def test_what_a_cut_stream_was_billed_for_is_explained() -> None:
    cut = replace(LINE, usage_source="partial", usage=Usage(1_000_000, 100, 200_000))
    made = statement(reported(cut) | differed(Cause.CUT_STREAM), CostExplorer(called()))
    assert told(made) == {
        (BASE, "USD/output_tokens"): "cut_stream",
        ("search", "USD"): "cut_stream",
    }
    assert made.sentence() == "no difference"


def test_a_call_over_midnight_within_the_month_explains_nothing_of_its_bill() -> None:
    less = replace(LINE, usage=Usage(1_000_000, 499_000, 200_000))
    made = statement(reported(less) | differed(Cause.MIDNIGHT), CostExplorer(called()))
    assert told(made)[BASE, "USD/output_tokens"] == "unexplained"


def test_teams_are_left_out_where_calls_are_not_signed_per_team() -> None:
    made = statement(reported(), CostExplorer(called()), tenant_role_arn="")
    assert {row.layer for row in made.rows} == {"money"}


def test_the_last_of_several_deliveries_is_read() -> None:
    s3, bill = S3(), CostExplorer(called())
    key = deliver(s3, LOCATION, str(OCTOBER), bill.invoice.lines())
    folder, _, name = key.rpartition("/")
    older = s3.files.pop(key)
    s3.files |= {f"{folder}/20261101T01-a/{name}": older, f"{folder}/20261101T09-b/{name}": older}
    assert export.costs_by_caller(s3, LOCATION, OCTOBER) == {SEARCH: Decimal("0.183")}


def test_an_export_without_its_callers_is_refused_and_so_is_none() -> None:
    s3 = S3()
    with pytest.raises(NotDelivered, match="has no"):
        export.costs_by_caller(s3, LOCATION, OCTOBER)
    key = deliver(s3, LOCATION, str(OCTOBER), ())
    s3.files[key] = gzip.compress(b"line_item_unblended_cost\n1\n")
    with pytest.raises(NotDelivered, match="lacks line_item_iam_principal"):
        export.costs_by_caller(s3, LOCATION, OCTOBER)


@pytest.mark.parametrize(("day", "months_due"), [(4, []), (5, ["2026-10"]), (20, ["2026-10"])])
def test_a_month_is_due_once_from_the_fifth_of_the_next_on(day: int, months_due: list[str]) -> None:
    kept = Kept(reported())
    assert list(map(str, months.due(kept, date(2026, 11, day)))) == months_due


@pytest.mark.parametrize(
    ("estimated", "day", "months_due"),
    [(False, 6, []), (True, 6, ["2026-10"]), (True, 16, [])],
)
def test_a_bill_that_may_still_change_is_looked_at_again_until_the_fifteenth(
    estimated: bool, day: int, months_due: list[str]
) -> None:
    files = reported()
    made = statement(files, CostExplorer(called(), estimated=estimated))
    assert json.loads(files[made.key])["final"] is not estimated
    kept = Kept(files)
    assert list(map(str, months.due(kept, date(2026, 11, day)))) == months_due


def test_a_month_whose_differences_nobody_was_told_of_is_due() -> None:
    files = reported()
    statement(files, CostExplorer(called(), called(SOMEBODY)))
    kept = Kept(files)
    assert months.due(kept, date(2026, 11, 20)) == [OCTOBER]


def test_a_month_is_due_again_where_a_day_of_it_was_restated_since() -> None:
    files = reported()
    statement(files, CostExplorer(called()))
    assert months.due(Kept(files), date(2026, 11, 20)) == []
    adjusted = f"adjusted/{manifest_key(DAY)}"
    late = {adjusted: manifest(date=f"{DAY}", counts_sha256="late").to_json()}
    assert months.due(Kept(files | late), date(2026, 11, 20)) == [OCTOBER]
    assert months.due(Kept(files | {adjusted: b"broken"}), date(2026, 11, 20)) == []


def test_a_month_without_a_reported_day_is_not_due() -> None:
    assert months.due(Kept({}), date(2026, 11, 5)) == []


GUARDED = replace(
    LINE, model_id="guardrail/abc", base_model="guardrails", usage=Usage(guardrail_topic_units=40)
)
TOPIC = "guardrails,us-east-1,none,on_demand,default,none,guardrail_topic_units"
GUARDRAIL_BOOK = price_book(f"{TOPIC},0.00015,2026-01-01,,list,2026-10-01")


def applied(caller: str = SEARCH, units: int = 40) -> Entry:
    """ApplyGuardrail, as the simulator's ledger has it."""
    used = Counts(guardrail_topic_units=units)
    items = {"guardrail_topic_units": f"{units * Decimal('0.00015')}"}
    entry = called(caller)
    return replace(entry, model="guardrail/abc", base_model="guardrails", counts=used, items=items)


def test_a_guardrails_units_are_held_against_the_bill() -> None:
    made = statement(reported(GUARDED, book=GUARDRAIL_BOOK), CostExplorer(applied()))
    assert [(row.scope, row.unit, row.status) for row in made.rows if row.layer == "money"] == [
        ("guardrails", "USD/guardrail_topic_units", "equal")
    ]


def test_a_guardrail_that_was_called_directly_is_found_and_what_to_do_is_said() -> None:
    bill = CostExplorer(applied(), applied(SOMEBODY))
    made = statement(reported(GUARDED, book=GUARDRAIL_BOOK), bill)
    assert told(made)["guardrails", "USD/guardrail_topic_units"] == "bypass"
    (row,) = (row for row in made.rows if row.scope == "guardrails")
    assert "ApplyGuardrail" in row.advice


G5 = "ml.g5.xlarge"
UNITS = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc"
NOVA_2 = "amazon.nova-2-lite-v1:0"
HOUR_BOOK = price_book(
    *(
        f"{sku},us-east-1,none,{basis_and_unit},2026-01-01,,list,2026-10-01"
        for sku, basis_and_unit in (
            (G5, "endpoint,default,none,instance_hour,1.408"),
            (NOVA_2, "provisioned,default,no_commit,model_unit_hour,60.5"),
        )
    )
)
EMBED = Sample(Resource("sagemaker", "us-east-1", "embed"), G5, "none", 2, 4)
THROUGHPUT = Sample(Resource("bedrock", "us-east-1", UNITS), NOVA_2, "no_commit", 1, 1)


def sampled(*by_hour: tuple[Sample, ...] | None) -> dict[str, bytes]:
    """The day's hours; None: one that nobody sampled."""
    at = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    found = {
        hour_key(DAY, hour): write_hour(samples, at)
        for hour, samples in enumerate(by_hour)
        if samples is not None
    }
    return reported(book=price_book(*map(_row, (*BOOK, *HOUR_BOOK)))) | found


def _row(price: Price) -> str:
    cells = (*price.key, f"{price.usd_per_unit:f}", "2026-01-01", "", "list", "2026-10-01")
    return ",".join(cells)


def ran(kind: str, hours: int) -> Ran:
    return Ran(datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC), kind, Decimal(hours))


ALL_DAY = ((EMBED, THROUGHPUT),) * 24
HOURS = (ran(G5, 48), ran("Nova2.0Lite-ProvisionedThroughput-NoCommit", 24))


def of_capacity(made: Statement) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (row.scope, row.unit): ("+".join(row.causes), row.status)
        for row in made.rows
        if "hour" in row.unit
    }


def test_hours_of_instances_and_of_model_units_are_held_against_the_bill() -> None:
    made = statement(sampled(*ALL_DAY), CostExplorer(called(), ran=HOURS))
    assert of_capacity(made) == {
        (G5, "instance_hour"): ("", "equal"),
        (G5, "USD/instance_hour"): ("", "equal"),
        (NOVA_2, "model_unit_hour+no_commit"): ("", "equal"),
        (NOVA_2, "USD/model_unit_hour+no_commit"): ("", "equal"),
    }


def test_capacity_that_was_bought_outside_the_gateway_is_found() -> None:
    """Beyond what the two instances may have run on the other days, which have no report."""
    made = statement(sampled(*ALL_DAY), CostExplorer(called(), ran=(*HOURS, ran(G5, 2000))))
    assert of_capacity(made)[G5, "instance_hour"] == ("capacity", "difference")
    assert of_capacity(made)[G5, "USD/instance_hour"] == ("capacity", "difference")
    assert "capacity bought outside the gateway" in made.sentence()
    assert "CreateEndpoint" in next(row.advice for row in made.rows if row.scope == G5)


def test_an_instance_that_the_gateway_never_sampled_is_capacity_outside_it() -> None:
    made = statement(reported(), CostExplorer(called(), ran=(ran(G5, 1),)))
    assert of_capacity(made) == {(G5, "instance_hour"): ("capacity", "difference")}


def test_an_hours_price_that_is_not_aws_is_stale() -> None:
    dear = replace(HOURS[0], kind=G5)
    bill = CostExplorer(called(), ran=(dear, HOURS[1]))
    files = sampled(*ALL_DAY)
    cheap = files[price_rows_key(DAY)].replace(b"1.408", b"1.212")
    said = manifest(
        date=f"{DAY}",
        counts_sha256=sha256(files[counts_key(DAY)]),
        price_rows_sha256=sha256(cheap),
    )
    made = statement(files | {price_rows_key(DAY): cheap, manifest_key(DAY): said.to_json()}, bill)
    assert of_capacity(made)[G5, "instance_hour"] == ("", "equal")
    assert of_capacity(made)[G5, "USD/instance_hour"] == ("stale_price", "difference")


def test_hours_that_nobody_sampled_are_no_difference_and_a_figure() -> None:
    hours = [*ALL_DAY]
    hours[5] = hours[6] = None
    made = statement(sampled(*hours), CostExplorer(called(), ran=HOURS))
    (row,) = (row for row in made.rows if row.unit == "instance_hour")
    assert (row.status, row.ours, row.theirs) == ("tolerated", 44, 48)
    assert row.hidden == Hidden(4, 0, Decimal("5.632"))


def test_an_instance_more_within_the_day_may_have_begun_between_two_samples() -> None:
    hours = [(EMBED, THROUGHPUT)] * 12 + [(replace(EMBED, count=3), THROUGHPUT)] * 12
    bill = CostExplorer(called(), ran=(ran(G5, 61), HOURS[1]))
    assert of_capacity(statement(sampled(*hours), bill))[G5, "instance_hour"] == ("", "tolerated")


def test_hours_before_the_months_first_sample_are_no_difference_and_a_figure() -> None:
    late = sampled(*(None,) * 6, *ALL_DAY[6:])
    made = statement(late, CostExplorer(called(), ran=HOURS))
    (row,) = (row for row in made.rows if row.unit == "instance_hour")
    assert (row.status, row.ours, row.theirs) == ("tolerated", 36, 48)
    assert row.hidden == Hidden(12, 0, Decimal("16.896"))


def test_an_hour_that_nobody_sampled_may_have_had_what_was_found_on_either_side_of_it() -> None:
    three = (replace(EMBED, count=3),)
    of_g5 = ((EMBED,), None, None, three)
    (found,) = hours.sampled(SampledHour(DAY, each, HOUR_BOOK) for each in of_g5).values()
    assert (found.hours, found.doubt) == (5, 1 + 2 * 3)


def test_what_ran_in_the_last_hour_of_the_month_before_may_have_gone_in_the_first_of_this() -> None:
    (found,) = hours.sampled([SampledHour(DAY, (), HOUR_BOOK)], before=(EMBED,)).values()
    assert (found.hours, found.doubt) == (0, 2)
    bill = CostExplorer(called(), ran=(ran(G5, 1),))
    eve = {
        hour_key(date(2026, 9, 30), 23): write_hour((EMBED,), datetime(2026, 9, 30, 23, tzinfo=UTC))
    }
    made = statement(sampled(*((),) * 24) | eve, bill)
    assert of_capacity(made) == {(G5, "instance_hour"): ("", "tolerated")}


def test_a_day_of_which_nothing_has_a_price_was_sampled_all_the_same() -> None:
    at = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    files = {hour_key(DAY, hour): write_hour((EMBED,), at) for hour in range(24)}
    bill = CostExplorer(called(), ran=(ran(G5, 48),))
    made = statement(reported(book=price_book()) | files, bill)
    assert of_capacity(made) == {(G5, "instance_hour"): ("", "equal")}


class WithoutAttributes(CostExplorer):
    """A bill on which nothing has Bedrock's attributes: the usage types tell."""

    def get_cost_and_usage(self, **request: Any) -> dict[str, Any]:
        answer = super().get_cost_and_usage(**request)
        if request["GroupBy"][0]["Type"] == "PRODUCT_ATTRIBUTE":
            answer["ResultsByTime"][0]["Groups"] = []
        return answer


def test_a_bill_without_attributes_is_read_by_its_usage_types() -> None:
    made = statement(reported(), WithoutAttributes(called()))
    assert made.sentence() == "no difference"
    assert {(row.scope, row.status) for row in made.rows} == {(BASE, "equal"), ("search", "equal")}


def test_a_usage_type_that_nobody_knows_is_a_row_where_the_bill_has_no_attributes() -> None:
    strange = replace(called(), base_model="acme.writer-v1:0", items={"input_tokens": "0.5"})
    made = statement(reported(), WithoutAttributes(called(), strange))
    assert ("acme.writer-v1:0", "USD/input-tokens") in told(made)
