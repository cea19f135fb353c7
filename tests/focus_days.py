"""A reported day in which everything that FOCUS must tell apart happened, and its rows as read."""

import csv
import hashlib
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from functools import reduce
from typing import Any

from builders import count_line, endpoint_line, price_book

from chalicelib.metering.usage import Usage
from chalicelib.pricing.capacity import Capacity, Resource, Sample
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting import focus
from chalicelib.reporting.capacity_files import SampledDay
from chalicelib.reporting.focus.columns import COLUMNS
from chalicelib.reporting.focus.corrections import corrections
from chalicelib.reporting.focus.export import joined
from chalicelib.reporting.rated import rated
from chalicelib.reporting.reported_day import ReportedDay
from chalicelib.reporting.tenant_tree import Tenants
from chalicelib.tenants import Tenant

EXACT = Context(prec=80)
Rows = list[dict[str, str]]
DAY = date(2026, 11, 23)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SINCE = "2026-01-01,,test,2026-01-01"
NOVA, CLAUDE = "amazon.nova-lite-v1:0", "anthropic.claude-opus-4-7"
THROUGHPUT = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl"

LIST = price_book(
    f"{NOVA},us-east-1,us,on_demand,default,none,input_tokens,0.00000006,{SINCE}",
    f"{NOVA},us-east-1,us,on_demand,default,none,output_tokens,0.00000024,{SINCE}",
    f"{NOVA},us-east-1,us,on_demand,flex,none,output_tokens,0.00000012,{SINCE}",
    f"{CLAUDE},*,global,on_demand,default,none,input_tokens,0.000005,{SINCE}",
    f"{CLAUDE},*,global,on_demand,default,none,output_tokens,0.000025,{SINCE}",
    f"{CLAUDE},*,global,on_demand,default,none,cache_read_tokens,0.0000005,{SINCE}",
    f"{CLAUDE},*,global,on_demand,default,none,cache_write_tokens,0.00000625,{SINCE}",
    f"{CLAUDE},*,global,on_demand,default,none,cache_write_1h_tokens,0.00001,{SINCE}",
    f"stability.sd3,us-west-2,none,on_demand,default,le1024/premium,images,0.08,{SINCE}",
    f"amazon.nova-reel,us-east-1,none,on_demand,default,none,video_ms,0.00008,{SINCE}",
    f"cohere.rerank,us-east-1,none,on_demand,default,none,queries,0.002,{SINCE}",
    f"guardrails,us-east-1,none,on_demand,default,none,guardrail_topic_units,0.00015,{SINCE}",
    f"ml.g5.xlarge,us-east-1,none,endpoint,default,none,instance_hour,1.41,{SINCE}",
    f"{NOVA},us-east-1,none,provisioned,default,no_commit,model_unit_hour,108,{SINCE}",
)
OWN = price_book(
    f"{NOVA},us-east-1,us,on_demand,default,none,output_tokens,0.0000002,{SINCE}",
    f"embed,us-east-1,none,endpoint,default,none,busy_ms,0.00000039166,{SINCE}",
    f"embed,us-east-1,none,endpoint,default,none,request,0.005,{SINCE}",
)
BOOK = LIST.overridden_by(OWN)

NOVA_LINE = count_line(model_id=f"us.{NOVA}", base_model=NOVA, family="nova", geo="us")
CLAUDE_LINE = count_line(
    model_id=f"global.{CLAUDE}", base_model=CLAUDE, family="anthropic", geo="global"
)
LINES = (
    replace(NOVA_LINE, n_usage=3, usage=Usage(3000, 500, guardrail_topic_units=7)),
    replace(NOVA_LINE, usage_source="partial", usage=Usage(10, 1)),
    replace(NOVA_LINE, tier="flex", usage=Usage(output_tokens=9)),
    replace(CLAUDE_LINE, n_usage=2, usage=Usage(1, 2_000_000, 30, 40, 50)),
    replace(CLAUDE_LINE, team_id="genomics", region="eu-west-1", usage=Usage(1, 1)),
    count_line(
        model_id="stability.sd3",
        base_model="stability.sd3",
        region="us-west-2",
        variant="le1024/premium",
        usage=Usage(images=2),
    ),
    count_line(
        model_id="amazon.nova-reel", base_model="amazon.nova-reel", usage=Usage(video_ms=6040)
    ),
    count_line(model_id="cohere.rerank", base_model="cohere.rerank", usage=Usage(queries=1)),
    count_line(model_id="acme.new", base_model="acme.new", usage=Usage(input_tokens=99)),
    endpoint_line(team_id="genomics", n_usage=2, usage=Usage(busy_ms=7_000_001)),
    endpoint_line(usage=Usage(busy_ms=1_000_000)),
    endpoint_line(model_id="embed", base_model="embed", usage=Usage(busy_ms=1234)),
    count_line(
        model_id=THROUGHPUT, base_model=NOVA, basis="provisioned", usage=Usage(1, 1, busy_ms=400)
    ),
    count_line(team_id="%3Dcmd", n_usage=1, usage=Usage(input_tokens=1)),
)
CAPACITY = Capacity(
    (
        Sample(Resource("sagemaker", "us-east-1", "chat"), "ml.g5.xlarge", "none", 1, 4),
        Sample(Resource("bedrock", "us-east-1", THROUGHPUT), NOVA, "no_commit", 2, 1),
    ),
    hours_missing=0,
)
TENANTS = Tenants(
    {
        "research": Tenant("research", "department", NOON, cost_center="CC-4711"),
        "genomics": Tenant(
            "genomics",
            "project",
            NOON,
            parent="research",
            display_name='=Génomique, "β"',
            tags={"stage": "prod", "owner": 'M. "Gregor", Ö'},
        ),
    }
)


def reported(lines=LINES, book: PriceBook = BOOK, **fields: Any) -> ReportedDay:
    """A day of these lines; what is not given is as in the full day."""
    sampled = SampledDay(fields.pop("capacity", CAPACITY), hashlib.sha256().hexdigest())
    orphaned = {("search", "bedrock", "cohere.rerank"): 1}
    defaults: dict[str, Any] = {"orphaned": orphaned, "sampled": sampled, "tenants": TENANTS}
    return rated(DAY, lines, book=book, **(defaults | fields))


def corrections_of(closed: ReportedDay, day: ReportedDay, booked_on: date) -> bytes:
    """The file that brings a closed day to what it is known as."""
    return corrected([read(closed)], read(day), booked_on)


def corrected(before: list[Rows], after: Rows, booked_on: date) -> bytes:
    """The file that brings rows, by column, of files of before to those of after."""
    files = [[[row.get(name, "") for name in COLUMNS] for row in rows] for rows in (*before, after)]
    return b"".join(joined(corrections(files[:-1], files[-1], booked_on)))


def content(day: ReportedDay) -> bytes:
    (file,) = focus.files(day)
    return b"".join(file.render())


def read(day: ReportedDay) -> list[dict[str, str]]:
    """A day's rows, by column, as any reader of CSV has them."""
    return list(csv.DictReader(io.StringIO(content(day).decode("utf-8"), newline="")))


def total(rows: list[dict[str, str]], column: str = "BilledCost") -> Decimal:
    return reduce(EXACT.add, (Decimal(row[column]) for row in rows), Decimal(0))
