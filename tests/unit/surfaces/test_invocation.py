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


@pytest.mark.parametrize(("stage", "path"), [("/api", "/api/invoke"), ("", "/invoke")])
def test_what_stands_before_a_route_is_the_stage(stage: str, path: str) -> None:
    event = proxy_event(path="/invoke")
    event["requestContext"]["path"] = path
    assert base_path(event) == stage


@pytest.mark.parametrize("missing", [{}, {"path": ""}, {"path": None}])
def test_nothing_stands_before_a_route_where_no_route_is_told(missing: dict[str, Any]) -> None:
    event = proxy_event(path="/invoke")
    del event["path"]
    event["requestContext"]["path"] = "/invoke"
    assert base_path(event | missing) == ""
