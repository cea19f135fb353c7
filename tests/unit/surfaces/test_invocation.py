from typing import Any

import pytest
from builders import LambdaContext, proxy_event

from chalicelib.surfaces.invocation import Invocation, headers_of


def test_headers_are_known_by_their_names_in_lower_case() -> None:
    assert headers_of({"multiValueHeaders": {"X-Api-Key": ["a"]}}) == {"x-api-key": "a"}


def test_a_header_that_is_repeated_with_another_value_keeps_both() -> None:
    event = {"multiValueHeaders": {"X-Api-Key": ["tg_one", "tg_two"]}}
    assert headers_of(event) == {"x-api-key": "tg_one, tg_two"}


def test_a_header_that_is_repeated_in_another_spelling_keeps_both() -> None:
    event = {"multiValueHeaders": {"X-Api-Key": ["tg_one"], "x-api-key": ["tg_two"]}}
    assert headers_of(event) == {"x-api-key": "tg_one, tg_two"}


def test_a_header_that_is_repeated_with_the_same_value_is_one() -> None:
    event = {"multiValueHeaders": {"X-Api-Key": ["tg_one", "tg_one"], "x-api-key": ["tg_one"]}}
    assert headers_of(event) == {"x-api-key": "tg_one"}


def test_single_values_do_where_there_are_no_others() -> None:
    assert headers_of({"headers": {"Accept": "a/b"}}) == {"accept": "a/b"}
    assert headers_of({"headers": None}) == {}


def base_path(event: dict[str, Any]) -> str:
    return Invocation.of(event, b"", request_id="r", account="1", context=LambdaContext()).base_path


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("", "/invoke"),
        ("/api", "/api/invoke"),
        ("/api", "/api/invoke/"),
        ("/gateway", "/gateway/invoke"),
        ("/invoke", "/invoke/invoke"),
        ("/invokes/v1", "/invokes/v1/invoke"),
    ],
)
def test_what_stands_before_a_route_is_the_stage_or_a_domain_s_base_path(
    base: str, path: str
) -> None:
    event = proxy_event(path=path)  # API Gateway tells a base path, and no stage, here as well
    event["requestContext"] |= {"path": path, "resourcePath": "/invoke"}
    assert base_path(event) == base


@pytest.mark.parametrize("model", ["us.amazon.nova-lite-v1:0", "arn:aws:bedrock::1:a%2Fb", "a/b"])
def test_a_route_has_parameters_of_any_spelling(model: str) -> None:
    event = proxy_event()
    resource = "/model/{model_id}/{operation}"
    event["requestContext"] |= {"path": f"/v1/model/{model}/converse", "resourcePath": resource}
    assert base_path(event) == "/v1"


@pytest.mark.parametrize("told", [{}, {"path": "/other"}, {"path": "/invoke", "resourcePath": ""}])
def test_nothing_is_known_to_stand_before_a_route_that_is_not_told(told: dict[str, str]) -> None:
    event = proxy_event(path="/invoke")
    event["requestContext"] |= told
    assert base_path(event) == ""
