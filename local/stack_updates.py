"""CloudFormation as a deployment needs it of moto 5.2.

An update remembers a resource that an earlier one took away, and so makes none when a later one
puts it back. And each type that it does not know, of which it makes nothing, is a warning.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from moto.cloudformation import parsing

_update = parsing.ResourceMap.update
_SILENT = SimpleNamespace(warn=lambda *_, **__: None)


def update(resources: parsing.ResourceMap, template: dict[str, Any], *parameters: Any) -> None:
    gone = resources._resource_json_map.keys() - template["Resources"].keys()
    _update(resources, template, *parameters)
    for logical_id in gone:
        resources._parsed_resources.pop(logical_id, None)


@contextmanager
def installed() -> Iterator[None]:
    """Let moto forget it, and say nothing, while the context lasts."""
    with (
        patch.object(parsing.ResourceMap, "update", update),
        patch.object(parsing, "warnings", _SILENT),
    ):
        yield
