"""What can be asked to go wrong, and that it goes wrong there and nowhere else."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from local.insights.client import LogsClient
from local.insights.engine import Rendering
from local.insights.faults import Behaviour, Broken, Fault, Page, Refusal

NOON = 1_795_435_200
EVENTS = [(NOON * 1000, json.dumps({"n": n, "call": f"c{n}"}), "stream") for n in range(6)]
BY_CALL = "stats sum(n) as n by call"
PAGES = Behaviour(page_rows=4)


def logs(*faults, behaviour=PAGES):
    client = LogsClient.over(EVENTS)
    client.service.behave(behaviour, *faults)
    return client


def start(client, query=BY_CALL, **more):
    window = {"startTime": NOON, "endTime": NOON}
    return client.start_query(**{"queryString": query, "limit": 100_000, **window, **more})[
        "queryId"
    ]


def results(client, query_id, **more):
    return client.get_query_results(queryId=query_id, **more)


def running_queries(client):
    """Count them by how many more may be started."""
    client.service.behave(replace(PAGES, running_polls=1))
    started = 0
    with suppress(ClientError):
        while True:
            start(client)
            started += 1
    return 100 - started


def pages(client, query_id):
    """Read to the end, as a caller does that trusts what it is told."""
    page = results(client, query_id)
    found = [page]
    while token := page.get("nextToken"):
        page = results(client, query_id, nextToken=token)
        found.append(page)
    return [len(page["results"]) for page in found]


def test_a_plain_query_is_complete_at_once_and_whole():
    client = logs()

    page = results(client, start(client))

    assert page["status"] == "Complete"
    assert page["statistics"] == {
        "recordsMatched": 6.0,
        "recordsScanned": 6.0,
        "bytesScanned": float(sum(len(message) for _, message, _ in EVENTS)),
        "resultCount": 6.0,
    }
    assert pages(client, start(client)) == [4, 2]


def test_a_refusal_strikes_the_call_that_it_names_and_no_other():
    client = logs(Fault("StartQuery", Refusal("ThrottlingException"), nth=2))
    start(client)

    with pytest.raises(ClientError, match="ThrottlingException"):
        start(client)

    assert results(client, start(client))["status"] == "Complete"


def test_a_fault_strikes_the_queries_whose_text_it_names():
    slow = Fault("StartQuery", replace(PAGES, ends="Timeout"), query="by call")
    client = logs(slow)

    assert results(client, start(client, "stats sum(n)"))["status"] == "Complete"
    assert results(client, start(client))["status"] == "Timeout"


def test_calls_are_counted_among_those_that_the_fault_could_strike():
    client = logs(Fault("StartQuery", Behaviour(ends="Failed"), nth=2, query="by call"))
    queries = [BY_CALL, "stats sum(n)", BY_CALL, BY_CALL]

    ends = [results(client, start(client, query))["status"] for query in queries]

    assert ends == ["Complete", "Complete", "Failed", "Complete"]


@pytest.mark.parametrize(
    ("page", "rows"),
    [(Page.EMPTY, [0, 4, 2]), (Page.SHORT, [3, 2]), (Page.LAST, [4]), (Page.AGAIN, [4, 2])],
)
def test_a_page_can_be_wrong_though_its_query_is_well(page, rows):
    client = logs(Fault("GetQueryResults", page, nth=1))

    assert pages(client, start(client)) == rows


def test_a_page_can_say_that_the_query_failed_after_another_said_that_it_is_complete():
    client = logs(Fault("GetQueryResults", Page.FAILED, nth=2))
    query_id = start(client)
    first = results(client, query_id)

    second = results(client, query_id, nextToken=first["nextToken"])

    assert (first["status"], second["status"]) == ("Complete", "Failed")


def test_a_page_can_hold_the_rows_of_the_one_before():
    client = logs(Fault("GetQueryResults", Page.AGAIN, nth=2), behaviour=Behaviour(page_rows=3))
    query_id = start(client)
    first = results(client, query_id)

    second = results(client, query_id, nextToken=first["nextToken"])

    assert second["results"] == first["results"]


@pytest.mark.parametrize(("broken", "running"), [(Broken.BEFORE, 0), (Broken.AFTER, 1)])
def test_a_connection_can_break_before_a_query_is_started_or_after_it(broken, running):
    client = logs(Fault("StartQuery", broken), behaviour=replace(PAGES, running_polls=1))

    with pytest.raises(ConnectionClosedError):
        start(client)

    assert running_queries(client) == running


def test_a_query_can_wait_before_it_runs():
    client = logs(behaviour=replace(PAGES, scheduled_polls=1, running_polls=1))
    query_id = start(client)

    answers = [results(client, query_id) for _ in range(3)]

    assert [(page["status"], len(page["results"])) for page in answers] == [
        ("Scheduled", 0),
        ("Running", 3),
        ("Complete", 4),
    ]


def test_rows_that_a_limit_cut_off_show_in_the_number_that_is_told():
    client = logs(behaviour=replace(PAGES, cut_to=2))

    page = results(client, start(client, limit=50))

    assert (len(page["results"]), page["statistics"]["resultCount"]) == (2, 50.0)


def test_an_engine_can_say_nothing_of_what_it_found():
    client = logs(behaviour=replace(PAGES, silent=True))

    assert "statistics" not in results(client, start(client))


def test_late_events_are_searchable_by_the_query_after_so_many():
    client = logs(behaviour=replace(PAGES, late='"call": "c1"', late_looks=2))

    found = [results(client, start(client))["statistics"]["recordsMatched"] for _ in range(3)]

    assert found == [5.0, 5.0, 6.0]


def test_one_query_can_write_numbers_otherwise_than_the_next():
    client = logs(Fault("StartQuery", Behaviour(rendering=Rendering.DECIMAL), nth=1))
    total = "stats sum(n) as n"

    answers = [results(client, start(client, total))["results"] for _ in range(2)]

    assert answers == [[[{"field": "n", "value": "15.0"}]], [[{"field": "n", "value": "15"}]]]


def test_a_hundred_queries_run_at_once_and_no_more():
    client = logs(behaviour=replace(PAGES, running_polls=1))
    running = [start(client) for _ in range(100)]

    with pytest.raises(ClientError, match="LimitExceededException"):
        start(client)

    results(client, running[0])
    start(client)


def test_a_stopped_query_makes_room_for_another():
    client = logs(behaviour=replace(PAGES, running_polls=1))
    running = [start(client) for _ in range(100)]

    client.stop_query(queryId=running[0])

    start(client)


@pytest.mark.parametrize(
    "request_",
    [
        {"limit": 100_001},
        {"limit": 0},
        {"startTime": NOON + 1},
        {"queryString": "fields n" + " " * 10_000},
    ],
    ids=str,
)
def test_a_request_beyond_the_limits_of_the_api_is_refused(request_):
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs().start_query(
            **{"queryString": BY_CALL, "startTime": NOON, "endTime": NOON, **request_}
        )


def test_behaving_well_again_ends_every_fault():
    client = logs(Fault("StartQuery", Refusal("ThrottlingException")))

    client.service.behave(Behaviour())

    assert results(client, start(client))["status"] == "Complete"
