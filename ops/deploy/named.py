"""What a stage's settings name of AWS, as ARNs: what policies allow of it, and no more."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from chalicelib import settings
from ops.deploy.place import Place


@dataclass(frozen=True, slots=True)
class Named:
    """Each of these is empty where no setting names any."""

    endpoints: tuple[str, ...] = ()
    """Of SAGEMAKER_ENDPOINTS: those that the gateway calls by itself."""
    marketplace: tuple[str, ...] = ()
    """Of MODEL_ARNS: those that Bedrock calls as models of its marketplace. They may be globs."""
    log_groups: tuple[str, ...] = ()
    """Where the report reads."""
    topics: tuple[str, ...] = ()
    """Who is told."""

    @classmethod
    def of(cls, variables: Mapping[str, str], place: Place) -> Self:
        """Read a function's variables. Raises SettingError."""
        told = {**place.fill(variables), "AWS_REGION": place.region}
        read = settings.load(told)
        groups = [f"log-group:{name}:*" for name in read.usage_log_groups]
        return cls(
            tuple(place.arn("sagemaker", f"endpoint/{name.lower()}") for name in read.endpoints),
            tuple(dict.fromkeys(_endpoints(read.model_arns, place.arn("sagemaker", "endpoint/")))),
            tuple(place.arn("logs", group) for group in groups),
            (read.alerts_topic_arn,) if read.alerts_topic_arn else (),
        )


def _endpoints(globs: tuple[str, ...], of_ours: str) -> Iterator[str]:
    """Narrow globs of ARNs to this account's endpoints; a glob of nothing of them is left out.

    Where a wildcard stands before an endpoint's name, any endpoint of this account is meant.
    """
    for glob in globs:
        certain = re.split(r"[*?]", glob, maxsplit=1)[0]
        if certain.startswith(of_ours):
            yield glob
        elif certain != glob and of_ours.startswith(certain) and glob.startswith("arn:"):
            yield f"{of_ours}*"
