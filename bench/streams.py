"""How fast answers stream, and what keeping them costs: the second part of `make bench`.

Ratios to bare boto3 in one run, medians of interleaved rounds; see the modules that measure.
"""

import argparse
import sys

from bench import chunk_cost, first_text, stream_writes
from bench.surroundings import print_figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12, help="rounds (default 12)")
    rounds = parser.parse_args().rounds
    cost = chunk_cost.measure(rounds)
    live = first_text.live(rounds)
    queued = first_text.queued(rounds)
    print(f"streams: medians of {rounds} rounds, Python {sys.version.split()[0]}")
    for name, microseconds in cost.items():
        print(f"  {name:<34}{microseconds:>10.1f} µs an event")
    for name, milliseconds in live.items():
        print(f"  {'first text, ' + name:<34}{milliseconds:>10.1f} ms")
    print(f"  {'queued, seen after it was written':<34}{queued:>10.1f} ms")
    print_figures(chunk_cost.figures(cost), chunk_cost.GOALS)
    print_figures(first_text.figures(live, queued), first_text.GOALS)
    print_figures(stream_writes.figures(), {})


if __name__ == "__main__":
    main()
