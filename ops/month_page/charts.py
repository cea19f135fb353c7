"""Charts of plain boxes: no script, no image, readable on a phone, on paper and by a screen reader.

Heights and widths are percentages that CSS lays out; every box says in its title what it is.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import reduce

from chalicelib.reporting.cost_rows import EXACT
from ops.month_page.figures import DayCosts, DayFigures
from ops.month_page.html import Html, join, tag, text
from ops.month_page.money import dollars, share

SHOWN = 5
"""Teams with a colour of their own; the rest are one."""

OTHERS = "all others"


def bar(part: Decimal, whole: Decimal, said: str) -> Html:
    """Draw how much of the whole a part is."""
    box = tag("span", class_="fill", style=f"width:{share(part, whole)}%")
    return tag("span", box, class_="bar", role="img", aria_label=said, title=said)


def by_day(days: Sequence[DayFigures], ranked: Sequence[str]) -> Html:
    """Draw a column a day, stacked by team, the dearest teams first."""
    highest = max((day.costs.total for day in days), default=Decimal(0))
    columns = join(*(_column(day, ranked[:SHOWN], highest) for day in days))
    return join(
        tag("div", columns, class_="days", role="img", aria_label="Spend by day and team"),
        _legend(ranked),
    )


def _column(day: DayFigures, shown: Sequence[str], highest: Decimal) -> Html:
    label = tag("span", text(day.day.day), class_="date")
    if day.manifest is None:
        missing = tag("span", class_="none", title=f"{day.day}: no report")
        return tag("div", tag("div", missing, class_="stack"), label, class_="day")
    parts = _parts(day.costs, shown)
    boxes = join(
        *(
            tag(
                "span",
                class_=f"c{place}",
                style=f"height:{share(cost, highest)}%",
                title=f"{day.day}, {team}: {dollars(cost)}",
            )
            for place, (team, cost) in enumerate(parts)
            if cost > 0
        )
    )
    kind = "day" if day.manifest.complete else "day unsure"
    return tag("div", tag("div", boxes, class_="stack"), label, class_=kind)


def _parts(costs: DayCosts, shown: Sequence[str]) -> list[tuple[str, Decimal]]:
    parts = [(team, costs.of_team(team)) for team in shown]
    return [*parts, (OTHERS, reduce(EXACT.subtract, (cost for _, cost in parts), costs.total))]


def _legend(ranked: Sequence[str]) -> Html:
    names = [*ranked[:SHOWN], *([OTHERS] if len(ranked) > SHOWN else [])]
    keys = (
        tag("li", tag("span", class_=f"key c{min(place, SHOWN)}"), text(name))
        for place, name in enumerate(names)
    )
    return tag("ul", join(*keys), class_="legend")
