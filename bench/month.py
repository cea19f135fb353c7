"""A month of 31 days of 150,000 rows and 30,000 teams: what its books and its page take.

`make bench-month`. Each command runs in a process of its own, over days in folders, without a
network: the closing's copying and adding up, a day rated again at other prices and once more, the
balance, and the page, which reads the month before as well. The days are made once, and kept.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Any, Final

from bench.month_days import Size, folder
from bench.surroundings import ROOT, print_figures

SIZE: Final = Size(rows=150_000, teams=30_000)
STEPS: Final = ("close", "adjust", "again", "show", "page")
MINUTES: Final = 10 * 60
GOALS: Final = {
    **{f"month_{name}_peak_mb": 512 for name in STEPS},
    **{f"month_{name}_cpu_s": MINUTES for name in STEPS},
    "month_page_kb": 2048,
}


@dataclass(frozen=True, slots=True)
class Step:
    """What one command said, and took."""

    name: str
    seconds: float  # on the clock of the wall
    cpu_s: float
    idle_mb: float  # Python and its modules, before it begins
    peak_mb: float
    said: dict[str, Any]

    @classmethod
    def of(cls, name: str, kept: str, written: str) -> "Step":
        command = [sys.executable, "-m", "bench.month_process", name, kept, written]
        output = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, env=dict(os.environ), cwd=ROOT
        )
        return cls(name, **json.loads(output.stdout))

    def __str__(self) -> str:
        return (
            f"{self.name:8} {self.seconds:>7.0f} {self.cpu_s:>7.0f} {self.idle_mb:>8.0f}"
            f" {self.peak_mb:>8.0f}  {self.said}"
        )


def main() -> None:
    print(f"31 days of {SIZE.rows:,} rows, {SIZE.teams:,} teams, and the month before")
    kept = str(folder(SIZE))
    print(f"{'':8} {'wall s':>7} {'CPU s':>7} {'idle MB':>8} {'peak MB':>8}")
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="tollgate-") as written:
        for name in STEPS:
            step = Step.of(name, kept, written)
            print(step, flush=True)
            figures[f"month_{name}_peak_mb"] = step.peak_mb
            figures[f"month_{name}_cpu_s"] = step.cpu_s
    figures["month_page_kb"] = step.said["page_kb"]
    print_figures(figures, GOALS)


if __name__ == "__main__":
    main()
