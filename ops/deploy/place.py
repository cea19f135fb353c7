"""Where a stage is deployed, and how its settings name that place."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Final

WRITTEN: Final = {
    "${AWS::Partition}": "partition",
    "${AWS::Region}": "region",
    "${AWS::AccountId}": "account",
}
"""What stands in config.json for the place that is deployed to, as in a template."""


@dataclass(frozen=True, slots=True)
class Place:
    partition: str
    """`aws`, `aws-us-gov`, …"""
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def fill(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Write this place into variables that name it."""
        return {name: reduce(self._write, WRITTEN, value) for name, value in variables.items()}

    def _write(self, text: str, placeholder: str) -> str:
        return text.replace(placeholder, str(getattr(self, WRITTEN[placeholder])))
