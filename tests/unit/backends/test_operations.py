import pytest

from chalicelib.backends.bedrock import CONVERSE, INVOKE_MODEL
from chalicelib.backends.operation import Payload
from chalicelib.backends.sagemaker import INVOKE_ENDPOINT, SELECT_WHAT_RUNS
from chalicelib.errors import BadRequest


@pytest.mark.parametrize("operation", [INVOKE_MODEL, CONVERSE], ids=lambda each: each.name)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_json_whose_words_cannot_be_found_in_its_bytes_is_refused(operation, encoding) -> None:
    with pytest.raises(BadRequest, match="UTF-8"):
        operation.prepared(Payload({}, '{"guardrailConfig":{}}'.encode(encoding)))


@pytest.mark.parametrize("operation", [INVOKE_MODEL, INVOKE_ENDPOINT], ids=lambda each: each.name)
@pytest.mark.parametrize("header", ["accept", "content-type"])
def test_a_header_that_cannot_be_sent_is_refused(operation, header) -> None:
    with pytest.raises(BadRequest, match=header):
        operation.prepared(Payload({header: "☃"}, b"{}"))


def test_a_header_that_is_not_passed_on_may_be_anything() -> None:
    assert INVOKE_MODEL.prepared(Payload({"x-other": "☃"}, b"{}")).payload.body == b"{}"


@pytest.mark.parametrize("header", SELECT_WHAT_RUNS)
def test_nothing_chooses_another_model_behind_an_endpoint(header) -> None:
    with pytest.raises(BadRequest, match=header):
        INVOKE_ENDPOINT.prepared(Payload({header: "x"}, b"{}"))


def test_a_container_takes_any_bytes() -> None:
    assert INVOKE_ENDPOINT.prepared(Payload({}, b"\x00\xff")).payload.body == b"\x00\xff"
