"""CloudFormation as a deployment needs it of moto 5.2.

An update remembers a resource that an earlier one took away, and so makes none when a later one
puts it back. A change set has no outputs. `Fn::Cidr` is not known. A parameter that is a list is
described as Python spells one. A route table outlives its stack, and its VPC with it. And each type
that is not known, of which nothing is made, is a warning.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from itertools import islice
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from moto.cloudformation import parsing
from moto.cloudformation.models import ChangeSet, Stack
from moto.ec2.models.route_tables import RouteTable

_update = parsing.ResourceMap.update
_apply = ChangeSet.apply
_resolve = parsing.clean_json
_SILENT = SimpleNamespace(warn=lambda *_, **__: None)


def update(resources: parsing.ResourceMap, template: dict[str, Any], *parameters: Any) -> None:
    gone = resources._resource_json_map.keys() - template["Resources"].keys()
    _update(resources, template, *parameters)
    for logical_id in gone:
        resources._parsed_resources.pop(logical_id, None)


def apply(change_set: ChangeSet) -> None:
    stack = change_set.stack
    _apply(change_set)
    stack.template = change_set.template
    stack._parse_template()
    stack.output_map = stack._create_output_map()


def resolve(node: Any, resources: parsing.ResourceMap) -> Any:
    """Resolve a template's functions; `Fn::Cidr` parts a block into so many, of so many bits."""
    match node:
        case {"Fn::Cidr": [block, count, bits]}:
            whole = ip_network(resolve(block, resources))
            parts = whole.subnets(new_prefix=whole.max_prefixlen - int(bits))
            return [str(part) for part in islice(parts, int(count))]
    return _resolve(node, resources)


def parameters(stack: Stack) -> list[dict[str, Any]]:
    """Describe a stack's parameters as they were given: a list's items by commas."""
    told = stack.resource_map.resolved_parameters.items()
    given = {name: ",".join(v) if isinstance(v, list) else v for name, v in told}
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]


def delete_table(table: RouteTable, *_: str) -> None:
    table.ec2_backend.route_tables.pop(table.id, None)


@contextmanager
def installed() -> Iterator[None]:
    """Let moto do all that, and say nothing, while the context lasts."""
    with (
        patch.object(ChangeSet, "apply", apply),
        patch.object(parsing.ResourceMap, "update", update),
        patch.object(parsing, "clean_json", resolve),
        patch.object(Stack, "parameter_list", property(parameters)),
        patch.object(RouteTable, "delete", delete_table, create=True),
        patch.object(parsing, "warnings", _SILENT),
    ):
        yield
