"""What CloudFormation says of a stack, and what can be done with one in each state."""

from typing import Any, Final

from botocore.exceptions import ClientError

ONLY_REVIEWED: Final = "REVIEW_IN_PROGRESS"
"""A stack that was never made: somebody looked at what would be."""
TO_CLEAR: Final = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"})
"""A stack that can only be deleted, once more perhaps: it holds its name until then."""
NEVER_MADE: Final = TO_CLEAR | {"DELETE_COMPLETE", ONLY_REVIEWED}
STUCK: Final = frozenset({"UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"})
"""A stack that its operator has to settle (CloudFormation User Guide, "Continue rolling back")."""

Client = Any
Described = dict[str, Any]


def described(cloudformation: Client, name: str) -> Described | None:
    try:
        found: Described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # there is none
            return None
        raise
    return found


def made(cloudformation: Client, name: str) -> Described | None:
    """Describe a stack; None where there is none, or one that was never made."""
    found = described(cloudformation, name)
    return None if not found or found["StackStatus"] in NEVER_MADE else found


def status(cloudformation: Client, name: str) -> str | None:
    found = described(cloudformation, name)
    return str(found["StackStatus"]) if found else None


def is_there(cloudformation: Client, name: str) -> bool:
    return status(cloudformation, name) not in (None, "DELETE_COMPLETE")


def outputs(cloudformation: Client, name: str) -> dict[str, str]:
    found = described(cloudformation, name) or {}
    return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}


def parameters(found: Described) -> dict[str, str]:
    return {p["ParameterKey"]: p["ParameterValue"] for p in found.get("Parameters", ())}
