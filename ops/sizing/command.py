"""The command: needs beside what there is, what breaks first and what to change, and the cost."""

import argparse
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from textwrap import wrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ops.sizing.load import Load

EXAMPLES = """examples:
  python -m ops capacity --requests-per-second 10 --latency 5 --input-tokens 1000 \\
    --output-tokens 500
  python -m ops capacity --requests-per-second 200 --latency 12 --input-tokens 3000 \\
    --output-tokens 800 --streamed-share 0.7 --queued-share 0.1 --busy 0.25

The rate is the peak's; --busy says how busy an average second is. Quotas are those of a new
account; Service Quotas has yours. Models are not in the cost: that is what the reports are for."""


def add_command(groups: Any) -> None:
    """Add the command to the parser's groups."""
    command = groups.add_parser(
        "capacity",
        help="what a load needs, what breaks first, what running it costs",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    number = {"type": _decimal, "metavar": "N"}
    command.add_argument("--requests-per-second", required=True, help="at the peak", **number)
    command.add_argument("--latency", required=True, help="seconds to the last token", **number)
    command.add_argument("--input-tokens", required=True, type=int, metavar="N")
    command.add_argument("--output-tokens", required=True, type=int, metavar="N")
    share = {"type": _decimal, "metavar": "SHARE", "default": Decimal(0)}
    command.add_argument("--streamed-share", help="live streams, 0 to 1", **share)
    command.add_argument("--queued-share", help="queued streams, 0 to 1", **share)
    command.add_argument("--keys", type=int, default=10, help="in use at a time", metavar="N")
    command.add_argument(
        "--busy", type=_decimal, default=Decimal(1), metavar="SHARE", help="average over peak"
    )
    command.set_defaults(open=dict, run=_capacity)


def report(load: "Load") -> Iterator[str]:
    """Yield the lines that are printed."""
    yield _told(load)
    yield ""
    yield from _needs(load)
    yield ""
    yield from _breaks(load)
    yield ""
    yield from _costs(load)


def _told(load: "Load") -> str:
    live, queued = (f"{share * 100:.0f} %" for share in (load.live_share, load.queued_share))
    return (
        f"{load.requests:,f} requests a second of {load.latency} s, {load.input_tokens:,} tokens in"
        f" and {load.output_tokens:,} out; {live} streamed live, {queued} queued"
    )


def _needs(load: "Load") -> Iterator[str]:
    from ops.sizing.limits import PROCESSES_A_SECOND, by_rate

    yield f"{'':36}{'need':>10}{'there is':>10}{'used':>8}{'holds to':>12}"
    for rate, limit in by_rate(load):
        used = f"{limit.used(load) * 100:,.0f} %"
        need = f"{limit.need(load):,.0f}"
        yield f"{limit.name:36}{need:>10}{limit.there_is:>10,}{used:>8}{rate:>10,.0f}/s"
    tokens, cold = load.tokens_a_minute, load.processes / PROCESSES_A_SECOND
    yield f"{'models, tokens a minute':33}{tokens:>13,.0f}   each model's own quota: Service Quotas"
    yield f"{'from none to all processes, s':33}{cold:>13,.0f}   what comes faster is refused"


def _breaks(load: "Load") -> Iterator[str]:
    """Name what is over, or the first that will be; with what to change."""
    from ops.sizing.limits import by_rate

    limits = by_rate(load)
    over = [pair for pair in limits if pair[1].used(load) > 1]
    for rate, limit in over or limits[:1]:
        first = "breaks" if over else "breaks first"
        yield f"{first}, at {rate:,.0f} requests a second: {limit.name}"
        yield from wrap(limit.change, 96, initial_indent="  -> ", subsequent_indent="     ")


def _costs(load: "Load") -> Iterator[str]:
    from ops.sizing.costs import MILLION, MONTH_SECONDS, costs

    lines = costs(load)
    for cost in lines:
        yield f"{cost.name:16}{cost.how_much:48}{cost.usd:>14,.2f}"
    total = sum((cost.usd for cost in lines), Decimal(0))
    calls = load.requests * MONTH_SECONDS * load.busy
    yield f"{'US dollars a month, list price':64}{total:>14,.2f}"
    yield f"{'a million calls':64}{total / calls * MILLION:>14,.2f}"


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return number


def _capacity(args: argparse.Namespace, _environ: Any) -> None:
    from ops.sizing.load import Load  # here, so that other commands need none of it

    load = Load(
        requests=args.requests_per_second,
        latency=args.latency,
        input_tokens=args.input_tokens,
        output_tokens=args.output_tokens,
        live_share=args.streamed_share,
        queued_share=args.queued_share,
        keys=args.keys,
        busy=args.busy,
    )
    print(*report(load), sep="\n")
