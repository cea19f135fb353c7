import pytest
from exchanges import metered
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage

AMAZON = "amazon.rerank-v1:0"
COHERE = "cohere.rerank-v3-5:0"
ANSWER = {"results": [{"index": 0, "relevance_score": 0.9}]}
LATENCY = {"x-amzn-bedrock-invocation-latency": "140"}


def request(documents: object) -> dict[str, object]:
    return {"query": "Which?", "documents": documents, "top_n": 1, "api_version": 2}


@pytest.mark.parametrize("model_id", [AMAZON, COHERE])
@pytest.mark.parametrize(
    ("documents", "queries"), [(1, 1), (100, 1), (101, 2), (350, 4), (1_000, 10)]
)
def test_a_query_has_up_to_a_hundred_documents(model_id, documents, queries):
    reading = metered(model_id, ANSWER, headers=LATENCY, request=request(["text"] * documents))
    assert reading == Metered(Usage(queries=queries), "derived")


def test_documents_are_counted_whatever_they_are():
    assert metered(COHERE, ANSWER, request=request([{"text": "a"}, "b"])).usage.queries == 1


def test_a_cut_answer_was_billed_by_its_request_all_the_same():
    reading = metered(AMAZON, b'{"res', request=request(["a"]), complete=False)
    assert reading == Metered(Usage(queries=1), "derived")


@pytest.mark.parametrize("documents", [None, [], "text", 5, True, {"0": "text"}], ids=repr)
def test_documents_that_cannot_be_counted_are_not_known(documents):
    reading = metered(AMAZON, ANSWER, request=request(documents))
    assert reading == Metered(NO_USAGE, "none", problem="documents")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"], ids=repr)
def test_a_request_of_another_shape_is_not_known(body):
    assert metered(AMAZON, ANSWER, request=body).usage_source == "none"


@given(st.integers(1, 1_000))
def test_queries_hold_all_documents_and_not_one_query_more(documents):
    queries = metered(AMAZON, ANSWER, request=request(["d"] * documents)).usage.queries
    assert (queries - 1) * 100 < documents <= queries * 100


def test_documents_that_are_there_twice_are_not_counted_at_either_price():
    body = b'{"query":"Which?","documents":["a"],"documents":["a","b"]}'
    reading = metered(AMAZON, ANSWER, request=body)
    assert reading == Metered(NO_USAGE, "none", problem="request_ambiguous")
