"""The OpenAPI document: valid, whole, and made of what the app and its errors say themselves."""

import pytest
from chalice.app import Chalice
from documented_api import Judge, printed
from jsonschema import ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from chalicelib import __version__
from chalicelib.errors import TollgateError
from ops.deploy.api_gateway import REFUSALS
from ops.openapi.document import DESCRIBED, Undescribed, document
from ops.openapi.errors import THROTTLED, codes


@pytest.fixture(scope="module")
def api() -> dict:
    return printed()


def test_it_is_valid(api) -> None:
    validate(api, cls=OpenAPIV31SpecValidator)
    assert api["info"]["version"] == __version__


def test_every_description_is_of_a_route_that_the_app_has(api) -> None:
    assert Judge(api).operations() == set(DESCRIBED)


def test_a_route_without_a_description_is_not_passed_over() -> None:
    app = Chalice("other")
    app.route("/weather", methods=["GET"])(lambda: {})
    with pytest.raises(Undescribed, match=r"GET /weather is in no table"):
        document(app.routes)


def test_every_operation_has_a_name_of_its_own(api) -> None:
    names = [each["operationId"] for path in api["paths"].values() for each in path.values()]
    assert len(set(names)) == len(names)


def test_whatever_stands_in_a_path_is_described(api) -> None:
    for path, methods in api["paths"].items():
        for operation in methods.values():
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_errors_are_listed_with_the_codes_that_they_have(api) -> None:
    told = api["components"]["responses"]["Error403"]["description"]
    assert "`model_not_allowed`" in told
    assert told.endswith("by API Gateway itself: `no_such_route`")
    assert TollgateError.code in codes(500)


def test_every_operation_may_be_throttled(api) -> None:
    assert REFUSALS["THROTTLED"].status == THROTTLED
    operations = [each for path in api["paths"].values() for each in path.values()]
    described = [each["responses"] for each in operations if "responses" in each]
    assert described
    assert all("429" in answers for answers in described)


@pytest.mark.parametrize("told", [{"status": "ok"}, {"status": "ok", "version": "1", "more": 1}])
def test_an_answer_that_is_not_as_documented_is_found(api, told) -> None:
    judge = Judge(api)
    judge.check({"$ref": "#/components/schemas/Health"}, {"status": "ok", "version": "1"})
    with pytest.raises(ValidationError):
        judge.check({"$ref": "#/components/schemas/Health"}, told)


def test_health_takes_no_key_and_everything_else_does(api) -> None:
    keyless = [
        path
        for path, methods in api["paths"].items()
        for operation in methods.values()
        if operation.get("security") == []
    ]
    assert keyless == ["/healthz"]
    assert [next(iter(each)) for each in api["security"]] == ["bearer", "x-api-key", "api-key"]


def test_the_gateways_url_can_be_named() -> None:
    url = "https://models.example.com"
    assert printed("--url", url)["servers"] == [{"url": url}]
