"""Bedrock's resources that run a model without naming it: what each says of the model. Pure.

What cannot be told exactly is refused, for it could not be priced. Shapes: service model bedrock
2023-04-20.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from chalicelib.catalog import Model, foundation_model, identified

MOST_ANCESTORS: Final = 5
"""Custom models made out of custom models, one after the other, that are followed."""

GEOS_OF: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "": ("global",),
        "ap": ("apac", "jp", "au", "in"),
        "ca": ("ca", "us"),
        "eu": ("eu",),
        "sa": ("sa",),
        "us": ("us", "us-gov"),
    }
)
"""Geos whose system inference profiles may route to a region, by how its name begins; "" is how a
global profile writes every region. Amazon Bedrock user guide, "Supported Regions and models for
inference profiles". A region that is missing here is a profile refused, never one mispriced.
"""

Answer = Mapping[str, object]
Ask = Callable[[str], Answer]
"""GETs a path of Bedrock's control plane; raises NotThere."""


class NotThere(Exception):
    """AWS knows of no such resource."""


class NotExact(Exception):
    """What AWS says of a resource does not say exactly what it runs."""


def _application_profile(ask: Ask, arn: str) -> Model:
    """A profile routes as what it was copied from, and is priced so: our region's own model, or a
    system profile. Which one is not said; where just one routes to the same models, it is that.
    Profiles are immutable: AWS adds no regions to one that exists.
    """
    profile = ask(f"/inference-profiles/{quote(arn, safe='')}")
    _require(profile, "inferenceProfileArn", arn)
    routes = _routes(profile)
    base_model = _base_model_of(routes)
    found = ["none"] if _regions(routes) == {arn.split(":")[3]} else []
    for geo in _geos(routes):
        try:
            system = ask(f"/inference-profiles/{quote(f'{geo}.{base_model}', safe='')}")
        except NotThere:
            continue
        if _routes(system) == routes:
            found.append(geo)
    if len(found) != 1:
        raise NotExact(f"it routes as {' and '.join(found) or 'no system profile'}")
    return identified(arn, basis="on_demand", base_model=base_model, geo=found[0])


def _provisioned(ask: Ask, identifier: str) -> Model:
    """By ARN or by name: either way the ARN is what runs, so that its calls are one row."""
    throughput = ask(f"/provisioned-model-throughput/{quote(identifier, safe='')}")
    is_arn = identifier.startswith("arn:")
    _require(throughput, "provisionedModelArn" if is_arn else "provisionedModelName", identifier)
    return identified(
        _text(throughput, "provisionedModelArn"),
        basis="provisioned",
        base_model=_named(_text(throughput, "foundationModelArn")),
    )


def _custom_deployment(ask: Ask, arn: str) -> Model:
    """While a deployment is updated, the model before or the one after may answer a call."""
    deployment = ask(f"/model-customization/custom-model-deployments/{quote(arn, safe='')}")
    _require(deployment, "customModelDeploymentArn", arn)
    models = {_text(deployment, "modelArn")}
    update = _object(deployment.get("updateDetails"))
    if update.get("updateStatus") == "Updating":
        models.add(_text(update, "modelArn"))
    base_models = {_ancestor(ask, model) for model in models}
    if len(base_models) != 1:
        raise NotExact("it is being updated to another base model")
    return identified(arn, basis="custom", base_model=base_models.pop())


def _imported(ask: Ask, arn: str) -> Model:
    """Imported weights are billed by the units that they occupy, so no base model prices them."""
    _require(ask(f"/imported-models/{quote(arn, safe='')}"), "modelArn", arn)
    return identified(arn, basis="imported")


def _marketplace(ask: Ask, arn: str) -> Model:
    """A marketplace endpoint is billed by its instances, whichever model it serves."""
    endpoint = ask(f"/marketplace-model/endpoints/{quote(arn, safe='')}")
    _require(_object(endpoint.get("marketplaceModelEndpoint")), "endpointArn", arn)
    return identified(arn, basis="marketplace")


READERS: Final[Mapping[str, Callable[[Ask, str], Model]]] = MappingProxyType(
    {
        "application-inference-profile": _application_profile,
        "provisioned-model": _provisioned,
        "custom-model-deployment": _custom_deployment,
        "imported-model": _imported,
        "endpoint": _marketplace,
    }
)
"""By the kind of an opaque id (catalog.OPAQUE). Each raises NotThere and NotExact."""


def _ancestor(ask: Ask, arn: str) -> str:
    """Follow a custom model to the foundation model that it was made out of."""
    for _ in range(MOST_ANCESTORS):
        model = ask(f"/custom-models/{quote(arn, safe='')}")
        _require(model, "modelArn", arn)
        arn = _text(model, "baseModelArn")
        if base_model := foundation_model(arn):
            return base_model
    raise NotExact("it was customised too many times to follow")


def _routes(profile: Answer) -> frozenset[str]:
    """The ARNs of the foundation models that a profile routes to."""
    models = profile.get("models")
    if not isinstance(models, list) or not models:
        raise NotExact("it names no models")
    return frozenset(_text(_object(model), "modelArn") for model in models)


def _base_model_of(routes: frozenset[str]) -> str:
    base_models = {_named(arn) for arn in routes}
    if len(base_models) != 1:
        raise NotExact("it routes to more than one model")
    return base_models.pop()


def _regions(routes: frozenset[str]) -> set[str]:
    return {arn.split(":")[3] for arn in routes}


def _geos(routes: frozenset[str]) -> list[str]:
    """The geos whose system profiles may route so."""
    areas = {region.partition("-")[0] for region in _regions(routes)}
    return sorted({geo for area in areas for geo in GEOS_OF.get(area, ())})


def _named(arn: str) -> str:
    base_model = foundation_model(arn)
    if base_model is None:
        raise NotExact(f"{arn} is no foundation model")
    return base_model


def _object(value: object) -> Answer:
    return value if isinstance(value, dict) else {}


def _text(answer: Answer, name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise NotExact(f"{name} is missing")
    return value


def _require(answer: Answer, name: str, value: str) -> None:
    """Be sure that an answer is about what was asked."""
    if answer.get(name) != value:
        raise NotExact(f"the answer's {name} is another")
