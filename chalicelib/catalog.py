"""The catalogue: a model_id, in any of its forms, becomes the Model that is run and priced. Pure.

One identifier, resolved once: what is dispatched is what is authorised, recorded and priced. An id
that does not say what it runs is Opaque: AWS is asked (backends/identity.py), and `identified`
makes the Model out of its answer.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from chalicelib.errors import BadModelId, ModelNotAllowed
from chalicelib.settings import Endpoint

MAX_LENGTH = 2048  # bedrock-runtime, InvokeModelIdentifier

GEOS = frozenset({"us", "eu", "apac", "jp", "au", "ca", "in", "sa", "us-gov", "global"})
"""Prefixes of system inference profiles: where a call may run, and a part of its price.

Source: Amazon Bedrock user guide, "Supported Regions and models for inference profiles".
"""

FAMILIES: Mapping[str, str] = {
    "ai21.j2-": "jurassic",
    "ai21.jamba-": "jamba",
    "amazon.nova-": "nova",
    "amazon.nova-2-5-sonic": "nova_sonic",
    "amazon.nova-2-multimodal-embeddings": "nova_embed",
    "amazon.nova-2-sonic": "nova_sonic",
    "amazon.nova-canvas": "nova_canvas",
    "amazon.nova-reel": "nova_reel",
    "amazon.nova-sonic": "nova_sonic",
    "amazon.rerank": "rerank",
    "amazon.titan-embed": "titan_embed",
    "amazon.titan-embed-image": "titan_embed_image",
    "amazon.titan-image": "titan_image",
    "amazon.titan-text": "titan_text",
    "amazon.titan-tg1": "titan_text",
    "anthropic.claude-": "claude",
    "anthropic.claude-instant": "claude_legacy",
    "anthropic.claude-v": "claude_legacy",
    "cohere.command": "cohere_command",
    "cohere.embed": "cohere_embed",
    "cohere.rerank": "rerank",
    "deepseek.": "deepseek",
    "google.gemma": "gemma",
    "luma.ray": "luma_ray",
    "meta.llama": "llama",
    "minimax.": "minimax",
    "mistral.": "mistral",
    "moonshot.": "kimi",
    "moonshotai.": "kimi",
    "nvidia.nemotron": "nemotron",
    "openai.": "openai",
    "qwen.": "qwen",
    "stability.": "stability",
    "stability.stable-diffusion-xl": "sdxl",
    "twelvelabs.marengo": "marengo",
    "twelvelabs.pegasus": "pegasus",
    "writer.palmyra": "palmyra",
    "xai.grok": "grok",
    "zai.glm": "glm",
}
"""How a model reports its usage, by how its id begins. The longest prefix wins."""

_LONGEST_FIRST = sorted(FAMILIES.items(), key=lambda entry: len(entry[0]), reverse=True)

# The forms of bedrock-runtime's InvokeModelIdentifier, without and with a slash. A part never
# begins with a dot, so that no id can climb out of the provider's path.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
_ARN = re.compile(
    r"arn:aws(?:-[a-z-]{1,20})?:(?P<service>bedrock|sagemaker):(?P<region>[a-z0-9-]{1,20})"
    r":(?P<account>[0-9]{12}|):(?P<kind>[a-z-]{1,63})"
    r"/(?P<name>[A-Za-z0-9][A-Za-z0-9._:-]*(?:/[A-Za-z0-9][A-Za-z0-9._:-]*)*)"
)
# No id has more parts. One that no model has is recorded by its name before AWS refuses it: a
# tenant's made-up ids are short.
_FOUNDATION_MODEL = re.compile(
    r"(?P<provider>[a-z][a-z0-9-]{0,62})\.[a-z0-9-]{1,63}(?:[.:][a-z0-9-]{1,63}){0,4}"
)
_CONTEXT_SUFFIX = re.compile(r":[0-9]+k$")
_FOUNDATION_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]{0,20}::foundation-model/(?P<id>.+)")
_PROVISIONED_NAME = re.compile(r"(?:[0-9a-zA-Z][_-]?)+")  # bedrock, ProvisionedModelName

OPAQUE = frozenset(
    {
        ("bedrock", "application-inference-profile"),
        ("bedrock", "provisioned-model"),
        ("bedrock", "custom-model-deployment"),
        ("bedrock", "imported-model"),
        ("sagemaker", "endpoint"),  # of Bedrock Marketplace
    }
)
"""Service and kind of the ARNs that Bedrock invokes and that do not name their model."""

_MANY_MODELS = "A prompt or a prompt router may run one model or another. Name the model itself."
NOT_RUN: Mapping[tuple[str, str], str] = {
    ("bedrock", "custom-model"): (
        "A custom model runs on a deployment or on provisioned throughput. Name that one's ARN."
    ),
    ("bedrock", "prompt"): _MANY_MODELS,
    ("bedrock", "prompt-router"): _MANY_MODELS,
    ("bedrock", "default-prompt-router"): _MANY_MODELS,
}
"""ARNs that this gateway never runs, and why."""


BILLED_BY_TIME = frozenset({"endpoint", "provisioned", "imported", "marketplace"})
"""Bases of capacity, which costs the same whatever it is asked: the time of a call is counted."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a model_id names: enough to authorise, call, meter and price it."""

    model_id: str  # the normal form, which allow-lists, records and reports use
    service: str  # bedrock | sagemaker
    base_model: str  # what the price book calls it: no geo, no context suffix; an endpoint's name
    geo: str  # none | one of GEOS
    basis: str  # on_demand | provisioned | custom | imported | endpoint | marketplace
    family: str  # how it reports usage: a value of FAMILIES, other, or sagemaker_<container>
    target: str  # what stands in the provider's path, before percent-encoding
    container: str = ""  # what an endpoint serves, one of settings.CONTAINERS

    @property
    def billed_by_time(self) -> bool:
        return self.basis in BILLED_BY_TIME


@dataclass(frozen=True, slots=True)
class Opaque:
    """An id of our own account and region that does not say which model it runs."""

    identifier: str  # an ARN, its own normal form; or the name of provisioned throughput
    kind: str  # what the ARN names, of OPAQUE

    @property
    def is_arn(self) -> bool:
        return self.identifier.startswith("arn:")


def resolve(
    model_id: str,
    *,
    endpoints: Mapping[str, Endpoint],
    region: str,
    account: str,
    admitted: Sequence[str] = (),
) -> Model | Opaque:
    """Say which model a tenant's `model_id` names.

    `account` is the 12 digits of ours. An endpoint's name wins. A foundation model's id or ARN and
    a system inference profile's id or ARN say it themselves; other ARNs, and names, are Opaque, if
    one of the `admitted` globs has them. An ARN must be of our region and account. Case matters. A
    warm look-up takes well under a microsecond.

    Raises BadModelId where it is no identifier at all, and ModelNotAllowed where it is one that
    nothing here admits, or that this gateway never runs.
    """
    endpoint = endpoints.get(model_id)
    if endpoint is not None:
        return _of_endpoint(endpoint)
    found = _of_bedrock(model_id, region, account)
    if type(found) is Opaque and not admits(admitted, found):
        raise ModelNotAllowed
    return found


def admits(globs: Sequence[str], opaque: Opaque) -> bool:
    """Say whether one of the globs matches a whole id.

    An ARN is matched by globs of ARNs alone, so that `*` for names lets none in.
    """
    return any(
        glob.startswith("arn:") == opaque.is_arn and fnmatchcase(opaque.identifier, glob)
        for glob in globs
    )


def identified(arn: str, *, basis: str, base_model: str = "", geo: str = "none") -> Model:
    """Make the Model of an opaque id, out of what AWS says of it. The ARN is its normal form.

    Without a base model (imported weights, a marketplace endpoint) it is priced as itself, and its
    counts come from the headers that Bedrock sends for every text model.
    """
    return Model(
        model_id=arn,
        service="bedrock",
        base_model=base_model or arn,
        geo=geo,
        basis=basis,
        family=family_of(base_model),
        target=arn,
    )


def foundation_model(arn: str) -> str | None:
    """Return the base model that a foundation model's ARN names, or None for any other text.

    Its region is empty where a global inference profile routes to every region.
    """
    found = _FOUNDATION_ARN.fullmatch(arn)
    if found is None or not _FOUNDATION_MODEL.fullmatch(found["id"]):
        return None
    return _CONTEXT_SUFFIX.sub("", found["id"])


@lru_cache(maxsize=256)
def _of_endpoint(endpoint: Endpoint) -> Model:
    return Model(
        model_id=endpoint.name,
        service="sagemaker",
        base_model=endpoint.name,
        geo="none",
        basis="endpoint",
        family=f"sagemaker_{endpoint.container}",
        target=endpoint.name,
        container=endpoint.container,
    )


@lru_cache(maxsize=1024)
def _of_bedrock(model_id: str, region: str, account: str) -> Model | Opaque:
    _require_well_formed(model_id)
    arn = _ARN.fullmatch(model_id)
    if arn:
        return _of_arn(arn, region, account)
    if _PROVISIONED_NAME.fullmatch(model_id):
        return Opaque(model_id, "provisioned-model")
    return _of_id(model_id)


def _of_arn(arn: re.Match[str], region: str, account: str) -> Model | Opaque:
    kind = (arn["service"], arn["kind"])
    if kind in NOT_RUN:
        raise ModelNotAllowed(NOT_RUN[kind])
    if kind in OPAQUE:
        if arn.group("region", "account") != (region, account) or "/" in arn["name"]:
            raise ModelNotAllowed
        return Opaque(arn[0], arn["kind"])
    model = _of_id(arn["name"])
    # A profile belongs to an account, a foundation model to nobody. Neither passes as the other:
    # an id would run under a price that its ARN does not name.
    owner = ("foundation-model", "") if model.geo == "none" else ("inference-profile", account)
    if arn.group("service", "region", "kind", "account") != ("bedrock", region, *owner):
        raise ModelNotAllowed
    return model


def _require_well_formed(model_id: str) -> None:
    if not model_id:
        raise BadModelId("Name a model in 'model_id'.")
    if len(model_id) > MAX_LENGTH:
        raise BadModelId(f"A 'model_id' has at most {MAX_LENGTH:,} characters.")
    form = _ARN if "/" in model_id else _NAME
    if ".." in model_id or not form.fullmatch(model_id):
        raise BadModelId(
            "'model_id' takes a Bedrock model id, an inference profile id, an ARN "
            "or the name of an endpoint."
        )


def _of_id(model_id: str) -> Model:
    label, _, rest = model_id.partition(".")
    geo, unprefixed = (label, rest) if label in GEOS else ("none", model_id)
    form = _FOUNDATION_MODEL.fullmatch(unprefixed)
    if form is None or form["provider"] in GEOS:
        raise ModelNotAllowed
    base_model = _CONTEXT_SUFFIX.sub("", unprefixed)
    return Model(
        model_id=model_id,
        service="bedrock",
        base_model=base_model,
        geo=geo,
        basis="on_demand",
        family=family_of(base_model),
        target=model_id,
    )


def family_of(base_model: str) -> str:
    """Return the family that a base model's longest known prefix names, or `other`."""
    return next(
        (family for prefix, family in _LONGEST_FIRST if base_model.startswith(prefix)), "other"
    )
