"""AWS's regions as price lists word them: prefixes of usage types, and geographies. Pure."""

from collections.abc import Mapping
from typing import Final

REGIONS: Final[Mapping[str, str]] = {
    "": "us-east-1",  # the first region; its usage types may go without
    "AFS1": "af-south-1",
    "APE1": "ap-east-1",
    "APN1": "ap-northeast-1",
    "APN2": "ap-northeast-2",
    "APN3": "ap-northeast-3",
    "APS1": "ap-southeast-1",
    "APS2": "ap-southeast-2",
    "APS3": "ap-south-1",
    "APS4": "ap-southeast-3",
    "APS5": "ap-south-2",
    "APS6": "ap-southeast-4",
    "APS7": "ap-southeast-5",
    "CAN1": "ca-central-1",
    "CAN2": "ca-west-1",
    "EU": "eu-west-1",
    "EUC1": "eu-central-1",
    "EUC2": "eu-central-2",
    "EUN1": "eu-north-1",
    "EUS1": "eu-south-1",
    "EUS2": "eu-south-2",
    "EUW1": "eu-west-1",
    "EUW2": "eu-west-2",
    "EUW3": "eu-west-3",
    "ILC1": "il-central-1",
    "MEC1": "me-central-1",
    "MES1": "me-south-1",
    "SAE1": "sa-east-1",
    "UGE1": "us-gov-east-1",
    "UGW1": "us-gov-west-1",
    "USE1": "us-east-1",
    "USE2": "us-east-2",
    "USW1": "us-west-1",
    "USW2": "us-west-2",
}
"""By what a usage type begins with. Source: AWS Billing user guide, "AWS Region billing codes"."""

_GEOGRAPHIES: Final[Mapping[str, tuple[str, ...]]] = {
    "us": ("us-east-", "us-west-"),
    "us-gov": ("us-gov-",),
    "eu": ("eu-",),
    "apac": ("ap-",),
    "jp": ("ap-northeast-1", "ap-northeast-3"),
    "au": ("ap-southeast-2", "ap-southeast-4"),
    "ca": ("ca-",),
    "in": ("ap-south-",),
    "sa": ("sa-",),
}
"""How the regions of a geography begin: those from which its profiles are called.

Source: Amazon Bedrock user guide, "Supported Regions and models for inference profiles".
"""


def belongs(region: str, geo: str) -> bool:
    """Say whether a geography's profiles are called from a region."""
    return region.startswith(_GEOGRAPHIES.get(geo, ()))
