"""What a function needs of the package that Chalice builds, and whether that package is whole."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, Final

OPERATIONS: Final[Mapping[str, frozenset[str]]] = {
    "bedrock": frozenset({"ListProvisionedModelThroughputs"}),
    "bedrock-runtime": frozenset({"ListAsyncInvokes"}),
    "ce": frozenset({"GetCostAndUsage"}),
    "cloudwatch": frozenset({"GetMetricData", "ListMetrics"}),
    "dynamodb": frozenset({"Scan"}),
    "logs": frozenset({"StartQuery", "GetQueryResults", "StopQuery"}),
    "s3": frozenset(
        {
            *("GetObject", "PutObject", "DeleteObject", "ListObjectsV2", "CreateMultipartUpload"),
            *("UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload"),
        }
    ),
    "sagemaker": frozenset({"DescribeEndpoint", "DescribeEndpointConfig"}),
    "sns": frozenset({"Publish"}),
    "sts": frozenset({"GetCallerIdentity"}),
}
"""The operations that the code calls by a client of each service, which has up to 400 more."""

SERVICES: Final = frozenset(OPERATIONS)
"""botocore ships the models of 400 others."""

ENDPOINT_PREFIXES: Final[Mapping[str, str]] = {
    "cloudwatch": "monitoring",
    "sagemaker": "api.sagemaker",
}
"""What botocore's endpoints.json calls a service, where that is not its name."""

LEFT_OUT: Final = (
    "*.pyc",  # Chalice's dates make ordinary ones stale; ours are made anew
    "*.dist-info/RECORD",  # lists what is no longer there
    "*.data/scripts/*",
    "boto3/data/*",  # boto3.resource's
    "boto3/examples/*",
    "botocore/data/*/examples-1.json",
    *("dateutil/rrule.py", "dateutil/easter.py"),  # calendars
    *("dateutil/zoneinfo/*", "dateutil/tzwin.py", "dateutil/tz/win.py"),  # zones of other systems
    *("boto3/dynamodb/*", "boto3/ec2/*"),  # boto3.resource's, too
    *("boto3/crt.py", "botocore/crt/auth.py", "s3transfer/crt.py"),  # of use with awscrt alone
    *("botocore/stub.py", "s3transfer/processpool.py"),
    *("urllib3/contrib/emscripten/*", "urllib3/contrib/pyopenssl.py", "urllib3/contrib/socks.py"),
    "urllib3/http2/connection.py",
)
"""Globs in which `*` crosses folders. The rest of *.dist-info stays, for scanners and licences."""


class PackageRefused(ValueError):
    """The package that Chalice built is not the one that requirements.txt pins."""


def ships(path: str) -> bool:
    """Say whether a file of Chalice's package is in ours, too."""
    return not (_of_another_service(path) or any(fnmatchcase(path, glob) for glob in LEFT_OUT))


def _of_another_service(path: str) -> bool:
    match PurePosixPath(path).parts:
        case ("botocore", "data", service, _, *_):
            return service not in SERVICES
    return False


def without_prose(model: Any) -> Any:
    """Return a service model with its documentation, four fifths of it, emptied.

    The keys stay: botocore reads some of them.
    """
    match model:
        case dict():
            return {
                name: "" if _is_prose(name, value) else without_prose(value)
                for name, value in model.items()
            }
        case list():
            return [without_prose(value) for value in model]
    return model


def of_operations(model: Mapping[str, Any], kept: Collection[str]) -> dict[str, Any]:
    """Return a service model with these operations, and the shapes that they come to."""
    operations = {name: each for name, each in model["operations"].items() if name in kept}
    shapes, reached, waiting = model["shapes"], set[str](), list(_shapes(operations))
    while waiting:
        if (name := waiting.pop()) not in reached:
            reached.add(name)
            waiting += _shapes(shapes[name])
    used = {name: each for name, each in shapes.items() if name in reached}
    return {**model, "operations": operations, "shapes": used}


def of_services(endpoints: Mapping[str, Any]) -> dict[str, Any]:
    """Return botocore's endpoints.json with our services in it: their places, of 300 others'."""
    kept = {ENDPOINT_PREFIXES.get(service, service) for service in SERVICES}
    return {
        **endpoints,
        "partitions": [
            {**each, "services": {k: v for k, v in each["services"].items() if k in kept}}
            for each in endpoints["partitions"]
        ],
    }


def _shapes(node: Any) -> Iterator[str]:
    """Yield the names of the shapes that a part of a model is of."""
    match node:
        case dict():
            if isinstance(name := node.get("shape"), str):  # else a member of that name
                yield name
            for value in node.values():
                yield from _shapes(value)
        case list():
            for value in node:
                yield from _shapes(value)


def _is_prose(name: str, value: object) -> bool:
    return name == "documentation" and isinstance(value, str)  # else a member of that name


def check(wheels: Iterable[tuple[str, str]], requirements: str) -> None:
    """Hold that a package has the pinned distributions and no other, in pure Python alone.

    `wheels` are the paths and texts of its `*.dist-info/WHEEL` files. Chalice only warns of a wheel
    that is missing, and fetches one that is made for a platform without looking at its hash.
    Raises PackageRefused.
    """
    found = dict(wheels)
    pinned, packaged = set(_pinned(requirements)), {_distribution(path) for path in found}
    if pinned != packaged:
        lacks, adds = sorted(pinned - packaged), sorted(packaged - pinned)
        raise PackageRefused(
            f"the package is not what requirements.txt pins: it lacks {_told(lacks)}"
            f" and adds {_told(adds)}"
        )
    for path, text in found.items():
        if "Root-Is-Purelib: true" not in text:
            raise PackageRefused(f"{_distribution(path)} is not pure Python: its hash is unchecked")


def _pinned(requirements: str) -> list[str]:
    lines = re.findall(r"^([\w.-]+)==([\w.]+)", requirements, re.MULTILINE)
    return [f"{_normal(name)}=={version}" for name, version in lines]


def _distribution(path: str) -> str:
    """`python_dateutil-2.9.0.post0.dist-info/WHEEL` is `python-dateutil==2.9.0.post0`."""
    name, version = PurePosixPath(path).parts[0].removesuffix(".dist-info").split("-")
    return f"{_normal(name)}=={version}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()  # PEP 503


def _told(names: list[str]) -> str:
    return ", ".join(names) or "nothing"
