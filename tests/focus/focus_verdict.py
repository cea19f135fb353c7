"""The FinOps Foundation's focus-validator, run on a file, and what it said of each rule.

Three of its ways need care (version 2.2.1): it ends with status 0 though rules fail, so its JUnit
report is read; it opens its list of currencies relative to the working directory, so that is copied
there; and it would download the rules, so that is forbidden: it brings those of FOCUS 1.2.
"""

import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "FOCUS_VALIDATOR"
"""The variable that names the program; `make test-focus` sets it."""

CRITERIA = (
    "ACCOUNT_NAMING_SUPPORTED",
    "UNIT_PRICING_SUPPORTED",
    "SUB_ACCOUNT_SUPPORTED",
    "REGION_SUPPORTED",
    "TAGGING_SUPPORTED",
    "NEGOTIATED_PRICING_SUPPORTED",
    "RESOURCE_TYPE_ASSIGNMENT_SUPPORTED",
    "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED",
    "MULTIPLE_SUB_ACCOUNT_TYPES_SUPPORTED",
    "MULTIPLE_BILLING_ACCOUNT_TYPES_SUPPORTED",
    "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
)
"""What our file claims to hold, besides what is mandatory."""

_CURRENCIES = Path("focus_validator/rules/currency_codes.csv")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Rules by what became of them, such as `BilledCost-C-003-M`."""

    failed: frozenset[str]
    passed: frozenset[str]
    skipped: frozenset[str]


def validate(content: bytes, folder: Path, *criteria: str) -> Verdict:
    """Validate a file in an empty folder. Raises CalledProcessError where it cannot be run."""
    program = Path(os.environ[PROGRAM]).absolute()
    _provide_currencies(program.parents[1], folder)
    (folder / "focus.csv").write_bytes(content)
    named = ["--applicability-criteria", ",".join(criteria)] if criteria else []
    subprocess.run(
        [
            *(program, "--data-file", "focus.csv", "--validate-version", "1.2", "--block-download"),
            *("--output-type", "unittest", "--output-destination", "verdict.xml", *named),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return read_verdict((folder / "verdict.xml").read_bytes())


def read_verdict(junit: bytes) -> Verdict:
    """Read a JUnit report; a rule that could not be checked failed."""
    failed, passed, skipped = set(), set(), set()
    for case in ElementTree.fromstring(junit).iter("testcase"):
        rule = case.get("name", "").partition(" ")[0]
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(rule)
        elif case.find("skipped") is not None:
            skipped.add(rule)
        else:
            passed.add(rule)
    return Verdict(frozenset(failed), frozenset(passed), frozenset(skipped))


def _provide_currencies(environment: Path, folder: Path) -> None:
    (source,) = environment.glob(f"lib/python3*/site-packages/{_CURRENCIES}")
    (folder / _CURRENCIES).parent.mkdir(parents=True)
    shutil.copy(source, folder / _CURRENCIES)
