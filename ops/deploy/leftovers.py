"""What is there and in no stack, though a stack is to have it: imported, for its name is taken.

A stack that was deleted by hand leaves it so. `ops destroy` does not: it keeps the stack, with what
is retained (destroy.py). Source: CloudFormation User Guide, "Import AWS resources into a
CloudFormation stack": the template of an import is that of the stack, if there is one, and the
resources that are imported, each with a DeletionPolicy; nothing else may change, nor any output.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from ops.deploy.account import Account

Template = Mapping[str, Any]
Found = Mapping[str, str]
"""Names of resources that are there, by their logical ids."""
KEEPING: Final = ("Retain", "RetainExceptOnCreate")
"""What has a resource outlive its stack. The second, which ours have, takes away with a creation
that is rolled back what that made: empty tables, whose names no repeat could take."""


def retained(template: Template) -> Template:
    """Return a template with nothing but what is to outlive a stage."""
    resources = template["Resources"]
    return _only(template, [n for n, each in resources.items() if _is_kept(each)])


def _only(template: Template, logical_ids: Iterable[str]) -> Template:
    """Return a template with these resources alone, and the outputs that are about them."""
    kept = set(logical_ids)
    resources = {n: each for n, each in template["Resources"].items() if n in kept}
    outputs = {n: each for n, each in template.get("Outputs", {}).items() if _about(each) in kept}
    changed = {**template, "Resources": resources, "Outputs": outputs}
    return {name: section for name, section in changed.items() if section}


def importing(now: Template | None, template: Template, found: Found) -> Template:
    """Return the template that takes up what was found; `now` is the stack's own, if it has one.

    What is taken up is to outlive the stack, whatever it will say afterwards: an import that is
    rolled back, and a stack that is deleted because of that, leave it as it was.
    """
    base = now or {n: section for n, section in template.items() if n != "Outputs"}
    taken_up = {
        n: {**each, "DeletionPolicy": "Retain"}
        for n, each in template["Resources"].items()
        if n in found
    }
    return {**base, "Resources": {**(now["Resources"] if now else {}), **taken_up}}


def found(
    account: Account, template: Template, parameters: Mapping[str, str], now: Template | None = None
) -> Found:
    """Find what is there already, without being of the stack `now`, of what may be imported."""
    known = {"AWS::AccountId": account.number, "AWS::Region": account.region, **parameters}
    names = {
        logical_id: _name(each["Properties"][_IDENTIFIERS[each["Type"]]], template, known)
        for logical_id, each in importable(template).items()
        if logical_id not in (now or {}).get("Resources", {})
    }
    kinds = {logical_id: template["Resources"][logical_id]["Type"] for logical_id in names}
    return {n: name for n, name in names.items() if _EXISTS[kinds[n]](account, name)}


def importable(template: Template) -> dict[str, Mapping[str, Any]]:
    """Return what of a template is looked for and imported, by logical ids."""
    return {
        logical_id: each
        for logical_id, each in template["Resources"].items()
        if "DeletionPolicy" in each and each["Type"] in _IDENTIFIERS
    }


def to_import(template: Template, found: Found) -> list[dict[str, Any]]:
    """Spell them as CreateChangeSet takes them."""
    kinds = {n: template["Resources"][n]["Type"] for n in found}
    return [
        {
            "ResourceType": kinds[logical_id],
            "LogicalResourceId": logical_id,
            "ResourceIdentifier": {_IDENTIFIERS[kinds[logical_id]]: name},
        }
        for logical_id, name in found.items()
    ]


def _is_kept(resource: Mapping[str, Any]) -> bool:
    return resource.get("DeletionPolicy") in KEEPING


def _about(output: Mapping[str, Any]) -> str | None:
    value = output["Value"]
    return value.get("Ref") if isinstance(value, dict) else None


def _name(node: Any, template: Template, known: Mapping[str, str]) -> str:
    """Resolve a name: text to fill in, or another resource's name."""
    match node:
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([\w:]+)\}", lambda found: known[found[1]], text)
        case {"Ref": logical_id}:
            other = template["Resources"][logical_id]
            return _name(other["Properties"][_IDENTIFIERS[other["Type"]]], template, known)
    return str(node)


def _has_table(account: Account, name: str) -> bool:
    return _answers(lambda: account.client("dynamodb").describe_table(TableName=name))


def has_bucket(account: Account, name: str) -> bool:
    return _answers(lambda: account.client("s3").head_bucket(Bucket=name))


def _has_bucket_policy(account: Account, name: str) -> bool:
    return _answers(lambda: account.client("s3").get_bucket_policy(Bucket=name))


def _has_log_group(account: Account, name: str) -> bool:
    logs = account.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(group["logGroupName"] == name for group in groups)


def _answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_THERE:
            return False
        raise
    return True


_NOT_THERE: Final = frozenset(
    {"ResourceNotFoundException", "404", "NoSuchBucket", "NoSuchBucketPolicy"}
)
_IDENTIFIERS: Final = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::Logs::LogGroup": "LogGroupName",
}
"""The property that names a resource of a type, for an import as well."""
_EXISTS: Final[Mapping[str, Callable[[Account, str], bool]]] = {
    "AWS::DynamoDB::Table": _has_table,
    "AWS::S3::Bucket": has_bucket,
    "AWS::S3::BucketPolicy": _has_bucket_policy,
    "AWS::Logs::LogGroup": _has_log_group,
}
