"""What a VPC endpoint lets through: what the functions' own roles may do, for those roles alone.

Derived from the roles' policies, so that what a role gains or loses, the network does, too. Where
those say any account, an endpoint says this one: code that was taken over finds no other bucket or
queue to write to.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ops.deploy.templates.cloudformation import Node, sub

PRIVATE: Final = ("api_handler", "stream_worker")
"""The functions that see prompts and answers, and so run in the VPC."""
STAGE: Final = "prod"
"""The stage whose policies are read; another's differ in their names alone."""
FOLDER: Final = Path(__file__).parents[3] / ".chalice"
_OURS: Final = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/tollgate-${Stage}-*"
_UNSAID: Final = (["sts:GetCallerIdentity"], ("*",))
"""What a role may do without a policy, and an endpoint has to let through."""


def policy(service: str) -> Node:
    """Make the policy of a service's endpoint; `service` is what IAM calls it."""
    allowed: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for actions, resources in (*_granted(), _UNSAID):
        allowed[resources] |= {action for action in actions if action.startswith(f"{service}:")}
    statements = [
        _statement(sorted(allowed[each]), each) for each in sorted(allowed) if allowed[each]
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _statement(actions: list[str], resources: tuple[str, ...]) -> Node:
    return {
        "Effect": "Allow",
        "Principal": "*",
        "Action": actions,
        "Resource": [sub(_here(arn)) if arn != "*" else arn for arn in resources],
        "Condition": {"ArnLike": {"aws:PrincipalArn": sub(_OURS)}},
    }


def _granted() -> Iterator[tuple[list[str], tuple[str, ...]]]:
    """What the private functions' roles allow by themselves, not by way of another service."""
    for function in PRIVATE:
        text = (FOLDER / f"policy-{STAGE}-{function}.json").read_text(encoding="utf-8")
        for statement in json.loads(text)["Statement"]:
            through_another = "aws:CalledViaLast" in str(statement.get("Condition"))
            if statement["Effect"] == "Allow" and not through_another:
                yield _listed(statement["Action"]), tuple(_listed(statement["Resource"]))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _here(arn: str) -> str:
    """An ARN of any account and of one stage, as that of this account and of this stage."""
    named = re.sub(rf"tollgate([-/]){STAGE}\b", r"tollgate\1${Stage}", arn)
    owned = re.sub(r":(\*?):\*:", r":\1:${AWS::AccountId}:", named)
    owned = re.sub(r"(payloads|reports)-\*", r"\1-${AWS::AccountId}", owned)
    return owned.replace("arn:aws:", "arn:${AWS::Partition}:")
