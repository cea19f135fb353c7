"""The page: one HTML file that needs nothing else, its sections in the order of what matters. Pure.

No script, no font, no image from anywhere; its own policy forbids them. Every text is escaped.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final

from chalicelib.reporting.cost_rows import AMOUNTS, Amounts, summed
from chalicelib.reporting.notices.words import counted
from ops.month_page.charts import bar, by_day
from ops.month_page.figures import MATTERS, Lacking, MonthFigures
from ops.month_page.html import Html, join, table, tag, text
from ops.month_page.money import change, dollars
from ops.month_page.savings import Saving
from ops.month_page.teams import teams

STYLE: Final = Html(Path(__file__).with_name("page.css").read_text(encoding="utf-8"))
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
LISTED: Final = 40
"""Models; the last line is the sum of the rest."""


def render(figures: MonthFigures) -> bytes:
    """Return the month's page: the same bytes for the same figures."""
    title = f"Spend on generative AI, {figures.month}"
    head = join(
        Html('<meta charset="utf-8">'),
        Html('<meta name="viewport" content="width=device-width,initial-scale=1">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        tag("title", text(title)),
        tag("style", STYLE),
    )
    body = join(
        tag("header", tag("h1", text(title)), tag("p", text(_about(figures)), class_="about")),
        _tiles(figures),
        _lacking(figures.lacking()),
        _section("By day", by_day(figures.days, _ranked(figures))),
        _section("By team", teams(figures)),
        _section("By model", _models(figures)),
        _section("What prompt caching saved", _savings(figures)),
        _footer(figures),
    )
    page = tag("html", tag("head", head), tag("body", body), lang="en")
    return f"<!doctype html>\n{page}\n".encode()


def _section(title: str, content: Html) -> Html:
    return tag("section", tag("h2", text(title)), content)


def _about(figures: MonthFigures) -> str:
    books = f"closed on {figures.closed_at[:10]}" if figures.closed_at else "open"
    if figures.adjustments:
        books += f", {counted(figures.adjustments, 'adjustment')} since"
    windows = [day.manifest.window["end"] for day in figures.days if day.manifest]
    as_of = f"; read until {max(windows)[:16].replace('T', ' ')} UTC" if windows else ""
    days = f"{figures.reported} of {len(figures.days)} days reported"
    return f"Stage {figures.stage}; US dollars; days in UTC; books {books}; {days}{as_of}"


def _tiles(figures: MonthFigures) -> Html:
    before = figures.cost_before
    compared = f"{change(figures.cost, before)} on {dollars(before)}" if before is not None else "–"
    tokens = sum(figures.amount(name) for name in _TOKENS)
    tiles = (
        ("Total", dollars(figures.cost)),
        ("Against the same days of last month", compared),
        ("Calls", f"{figures.amount('invocations'):,}"),
        ("Tokens", f"{tokens:,}"),
        ("Saved by prompt caching", dollars(figures.saved().saved)),
        ("Nobody's: idle capacity", dollars(figures.lacking().idle)),
    )
    items = (tag("li", tag("b", text(value)), text(name)) for name, value in tiles)
    return tag("ul", join(*items), class_="tiles")


_TOKENS: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def _lacking(lacking: Lacking) -> Html:
    """Say what the total does not hold, on page one and before any chart."""
    said = list(_doubts(lacking))
    if lacking.nothing:
        said.insert(0, "Nothing: every call of the reported days has its cost.")
    items = join(*(tag("li", text(each)) for each in said))
    title = tag("strong", text("What this total lacks"))
    kind = "lacking nothing" if lacking.nothing else "lacking"
    return tag("section", title, tag("ul", items), class_=kind, id="lacking")


def _doubts(lacking: Lacking) -> Iterable[str]:
    for name, words in MATTERS.items():
        if number := lacking.calls[name]:
            yield f"{number:,} {name}: {words}"
    yield from _without_price(lacking.unpriced)
    if lacking.unreported:
        yield f"days without a report: {_listed(lacking.unreported)}"
    if lacking.incomplete:
        yield f"days that are not complete: {_listed(lacking.incomplete)}"
    yield from (f"reconciliation of {told}" for told in lacking.differences)
    if lacking.unreconciled:
        yield f"days not yet held against AWS's own numbers: {lacking.unreconciled}"


def _without_price(unpriced: Iterable[tuple[str, str]]) -> Iterable[str]:
    """Name the models, sorted with their teams, each with the first of its teams."""
    models = [(name, [team for _, team in of]) for name, of in groupby(unpriced, itemgetter(0))]
    for model_id, by in models[:LISTED]:
        others = f" and {counted(len(by) - 1, 'other team')}" if len(by) > 1 else ""
        yield f"without a price: {model_id}, used by {by[0]}{others}"
    if (rest := len(models) - LISTED) > 0:
        yield f"without a price: {counted(rest, 'more model')}"


def _listed(days: Iterable[date]) -> str:
    """Name days, those that follow one another by the first and the last."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _ranked(figures: MonthFigures) -> list[str]:
    costs = figures.team_costs
    return sorted(costs, key=lambda team: (-costs[team], team))


def _models(figures: MonthFigures) -> Html:
    models, whole = figures.models(), figures.cost
    rows = [_model(model_id, amounts, whole) for model_id, amounts in models[:LISTED]]
    if rest := models[LISTED:]:
        amounts = summed(amounts for _, amounts in rest)
        rows.append(_model(f"{len(rest)} more models", amounts, whole))
    head = ("model", "cost", "share", "calls", "tokens in", "out", "cached", "images", "seconds")
    return table(head, rows, id="models")


def _model(name: str, amounts: Amounts, whole: Decimal) -> tuple[Html, ...]:
    of = dict(zip(AMOUNTS, amounts, strict=True))
    cost, cached = of["total_cost"], of["cache_read_tokens"] + of["cache_write_tokens"]
    counts = (of["invocations"], of["input_tokens"], of["output_tokens"], cached, of["images"])
    return (
        text(name),
        text(dollars(cost)),
        bar(cost, whole, f"{name}: {dollars(cost)} of {dollars(whole)}"),
        *(text(f"{number:,}") for number in counts),
        text(f"{of['seconds'].quantize(Decimal('0.1')):,}"),
    )


def _savings(figures: MonthFigures) -> Html:
    found = figures.savings()
    if not found:
        return tag("p", text("No prompt was cached."))
    ranked = sorted(found.items(), key=lambda item: (-item[1].saved, item[0]))
    rows = [_saving(model_id, saving) for model_id, saving in ranked[:LISTED]]
    if rest := ranked[LISTED:]:
        of_rest = reduce(Saving.__add__, (saving for _, saving in rest))
        rows.append(_saving(f"{len(rest)} more models", of_rest))
    head = ("model", "tokens read", "tokens written", "saved", "tokens without a price")
    note = "Cached tokens at the price of plain input, less what they cost; negative where prompts"
    return join(table(head, rows, id="savings"), tag("p", text(f"{note} were kept unread.")))


def _saving(name: str, saving: Saving) -> tuple[Html, ...]:
    counts = (f"{saving.read_tokens:,}", f"{saving.written_tokens:,}")
    said = (name, *counts, dollars(saving.saved), f"{saving.without_price:,}")
    return tuple(map(text, said))


def _footer(figures: MonthFigures) -> Html:
    said = (
        "An estimate at the price book's prices, from counts that the providers reported; AWS's"
        " invoice is its own document. Sums are of costs/date=…/costs.csv"
        f"{' and adjustments/' if figures.adjustments else ''}; a dashed or hatched day is not"
        " complete or has no report."
    )
    return tag("footer", tag("p", text(said)))
