"""CloudFormation's updates of a stack: moto 5.2 remembers a resource that one took away, and so
makes none when a later one puts it back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.cloudformation.parsing import ResourceMap

_update = ResourceMap.update


def update(resources: ResourceMap, template: dict[str, Any], *parameters: Any) -> None:
    gone = resources._resource_json_map.keys() - template["Resources"].keys()
    _update(resources, template, *parameters)
    for logical_id in gone:
        resources._parsed_resources.pop(logical_id, None)


@contextmanager
def installed() -> Iterator[None]:
    """Let moto forget it while the context lasts."""
    with patch.object(ResourceMap, "update", update):
        yield
