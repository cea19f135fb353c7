"""HTML by the element: what is text is always escaped. Pure."""

from collections.abc import Iterable
from html import escape
from typing import NewType

Html = NewType("Html", str)
"""Markup that is safe to put into a page."""


def text(value: object) -> Html:
    return Html(escape(str(value)))


def join(*parts: Html) -> Html:
    return Html("".join(parts))


def tag(name: str, *children: Html | str, **attributes: str) -> Html:
    """Make an element. A `str` child is markup that another call made; use `text` for text.

    An attribute's name is given with `_` for `-`, and `class_` for `class`.
    """
    named = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    return Html(f"<{name}{named}>{''.join(children)}</{name}>")


def table(head: tuple[str, ...], rows: Iterable[tuple[Html, ...]], **attributes: str) -> Html:
    """Make a table whose first column names its rows; it scrolls where the page is narrow."""
    titles = join(*(tag("th", text(name), scope="col") for name in head))
    body = join(*(tag("tr", tag("th", row[0], scope="row"), *_cells(row[1:])) for row in rows))
    inner = tag("table", tag("thead", tag("tr", titles)), tag("tbody", body), **attributes)
    return tag("div", inner, class_="scroll")


def _cells(cells: tuple[Html, ...]) -> Html:
    return join(*(tag("td", cell) for cell in cells))
