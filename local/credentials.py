"""Whose the access keys are on this machine.

Every function has its own, as a Lambda has a session of its role: so whoever sees a request can
tell which function made it.
"""

from functools import cache

from moto.sts.models import sts_backends

from local import project
from local.simulator.signatures import Principal

SECRET = "testing"  # noqa: S105 - no secret
_ROLE = f"arn:aws:sts::{project.ACCOUNT}:assumed-role"
_FUNCTION = "function-"


def of_function(key: str) -> dict[str, str]:
    """Return the environment's credentials of a function, by its key in config.json."""
    return {
        "AWS_ACCESS_KEY_ID": f"{_FUNCTION}{key}",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": f"token-of-{key}",
    }


def function_of(access_key: str) -> str | None:
    """Name the function, by its key in config.json, that an access key is of."""
    return access_key.removeprefix(_FUNCTION) if access_key.startswith(_FUNCTION) else None


def principal(access_key: str) -> Principal | None:
    """Say whose an access key is: a function's, or of a role that was assumed."""
    key = function_of(access_key)
    return _assumed(access_key) if key is None else _of_function(key)


@cache
def _of_function(key: str) -> Principal:
    session = f"tollgate-{project.STAGE}-{key}/{project.function(key).name}"
    return Principal(f"{_ROLE}/{session}", SECRET, f"token-of-{key}")


def _assumed(access_key: str) -> Principal | None:
    role = sts_backends[project.ACCOUNT]["aws"].get_assumed_role_from_access_key(access_key)
    return role and Principal(role.arn, role.secret_access_key, role.session_token)
