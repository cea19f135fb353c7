"""What of Chalice's package is deployed, and which packages are refused."""

import ast
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore import xform_name
from botocore.model import ServiceModel

from ops.deploy.contents import (
    OPERATIONS,
    SERVICES,
    PackageRefused,
    check,
    of_operations,
    of_services,
    ships,
    without_prose,
)

ROOT = Path(__file__).parents[3]
DATA = Path(botocore.__file__).parent / "data"
PURE, FOR_A_PLATFORM = "Root-Is-Purelib: true\n", "Root-Is-Purelib: false\n"
PINS = """\
jmespath==1.1.0 \\
    --hash=sha256:47
python-dateutil==2.9.0.post0 \\
    --hash=sha256:37
"""
JMESPATH = ("jmespath-1.1.0.dist-info/WHEEL", PURE)
DATEUTIL = ("python_dateutil-2.9.0.post0.dist-info/WHEEL", PURE)


def services_of_clients(path: Path) -> Iterator[str]:
    """The services that a module names in `client("…")` or `partial(client, "…")`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case (
                ast.Call(
                    func=ast.Name(id="client") | ast.Attribute(attr="client"),
                    args=[ast.Constant(value=str(service)), *_],
                )
                | ast.Call(args=[ast.Name(id="client"), ast.Constant(value=str(service))])
            ):
                yield service


def test_the_services_that_ship_are_those_that_the_code_makes_clients_of() -> None:
    sources = [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")]
    assert {name for path in sources for name in services_of_clients(path)} == SERVICES


@pytest.mark.parametrize(
    "path",
    [
        "app.py",
        "chalicelib/pricing/prices.csv",
        "botocore/cacert.pem",
        "botocore/data/endpoints.json",
        "botocore/data/s3/2006-03-01/service-2.json.gz",
        "botocore/docs/service.py",  # botocore imports it
        "boto3-1.44.5.dist-info/METADATA",
        "boto3-1.44.5.dist-info/licenses/LICENSE",
    ],
)
def test_what_runs_and_what_says_what_it_is_ships(path: str) -> None:
    assert ships(path)


@pytest.mark.parametrize(
    "path",
    [
        "botocore/data/ec2/2016-11-15/service-2.json.gz",
        "botocore/data/s3/2006-03-01/examples-1.json",
        "boto3/examples/s3.rst",
        "boto3/data/s3/2006-03-01/resources-1.json",
        "chalicelib/__pycache__/router.cpython-312.pyc",
        "boto3-1.44.5.dist-info/RECORD",
        "jmespath-1.1.0.data/scripts/jp.py",
    ],
)
def test_what_nothing_reads_stays_behind(path: str) -> None:
    assert not ships(path)


def test_a_model_loses_its_prose_and_nothing_else() -> None:
    model = {
        "documentation": "<p>Long.</p>",
        "shapes": {"A": {"members": {"documentation": {"shape": "B", "documentation": "Long."}}}},
        "enum": ["documentation"],
    }
    assert without_prose(model) == {
        "documentation": "",
        "shapes": {"A": {"members": {"documentation": {"shape": "B", "documentation": ""}}}},
        "enum": ["documentation"],
    }


def test_prose_is_most_of_a_model() -> None:
    (packed,) = DATA.glob("bedrock-runtime/*/service-2.json.gz")
    model = json.loads(gzip.decompress(packed.read_bytes()))
    assert len(json.dumps(without_prose(model))) < len(json.dumps(model)) / 2


CALLERS = (
    ROOT / "chalicelib/reporting/capacity.py",
    *sorted((ROOT / "chalicelib/reconciliation").glob("*.py")),
)
NAMED = {"ce": "cost_explorer"}
"""What a client is called in the code, where it is not as its service."""


def model_of(service: str) -> dict[str, Any]:
    """The newest model of a service, which is the one that a client is made of."""
    packed = sorted(DATA.glob(f"{service}/*/service-2.json.gz"))[-1]
    model: dict[str, Any] = json.loads(gzip.decompress(packed.read_bytes()))
    return model


OUR_OWN = frozenset({"query", "search"})
"""Methods of ours, and of `re`, that are called as an operation is."""


@pytest.mark.parametrize("service", OPERATIONS)
def test_the_operations_that_stay_are_those_that_the_code_calls(service: str) -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "chalicelib").rglob("*.py"))
    code += (ROOT / "app.py").read_text(encoding="utf-8")
    called = set(re.findall(r"\.(\w+)\(", code))
    called |= set(re.findall(r"(?:get_paginator|generate_presigned_url)\(\s*\"(\w+)", code))
    every = {xform_name(name) for name in model_of(service)["operations"]}
    assert called & every - OUR_OWN == {xform_name(name) for name in OPERATIONS[service]}


def test_places_of_services_that_are_not_ours_stay_behind() -> None:
    endpoints = json.loads((DATA / "endpoints.json").read_bytes())
    before, after = endpoints["partitions"][0], of_services(endpoints)["partitions"][0]
    assert {**before, "services": {}} == {**after, "services": {}}
    assert {"s3", "monitoring", "api.sagemaker", "sts"} <= set(after["services"])
    assert after["services"].items() <= before["services"].items()
    assert "ec2" not in after["services"]


def test_an_operation_stays_with_all_that_it_is_made_of_and_no_more() -> None:
    shapes = {
        "In": {"members": {"shape": {"shape": "Name"}, "more": {"shape": "List"}}},
        "List": {"member": {"shape": "In"}},  # they go round
        "Name": {"type": "string"},
        "Other": {"type": "string"},
        "Gone": {"type": "structure", "exception": True},
    }
    describe = {"input": {"shape": "In"}, "errors": [{"shape": "Gone"}]}
    model = {"operations": {"Describe": describe, "Do": {"input": {"shape": "Other"}}}}
    assert of_operations({**model, "metadata": {}, "shapes": shapes}, {"Describe"}) == {
        "operations": {"Describe": describe},
        "metadata": {},
        "shapes": {name: shape for name, shape in shapes.items() if name != "Other"},
    }


@pytest.mark.parametrize("service", OPERATIONS)
def test_of_what_stays_botocore_reads_every_shape(service: str) -> None:
    small = ServiceModel(of_operations(model_of(service), OPERATIONS[service]))
    whole = ServiceModel(model_of(service))
    for name in OPERATIONS[service]:
        for side in ("input_shape", "output_shape"):
            assert seen(getattr(small.operation_model(name), side)) == seen(
                getattr(whole.operation_model(name), side)
            )


def seen(shape: Any, within: tuple[str, ...] = ()) -> Any:
    """What botocore reads of a shape: its members, down to where they go round."""
    if shape is None or shape.name in within:
        return None
    parts = {**getattr(shape, "members", {})}
    parts |= {name: getattr(shape, name) for name in ("member", "value") if hasattr(shape, name)}
    deeper = {name: seen(part, (*within, shape.name)) for name, part in parts.items()}
    return shape.name, shape.type_name, deeper


def test_a_package_of_the_pinned_distributions_passes() -> None:
    check([JMESPATH, DATEUTIL], PINS)


def test_a_package_that_lacks_a_distribution_is_refused() -> None:
    with pytest.raises(
        PackageRefused, match=r"lacks python-dateutil==2\.9\.0\.post0 and adds noth"
    ):
        check([JMESPATH], PINS)


def test_a_package_with_a_distribution_that_nobody_pinned_is_refused() -> None:
    with pytest.raises(PackageRefused, match=r"lacks nothing and adds evil==1\.0"):
        check([JMESPATH, DATEUTIL, ("evil-1.0.dist-info/WHEEL", PURE)], PINS)


def test_a_distribution_made_for_one_platform_is_refused() -> None:
    with pytest.raises(PackageRefused, match=r"jmespath==1\.1\.0 is not pure Python"):
        check([(JMESPATH[0], FOR_A_PLATFORM), DATEUTIL], PINS)
