"""What the demo and the proof of two thousand calls send."""

from local.simulator.models import SERVED
from local.traffic.families import called_as
from local.traffic.plan import NativeRequest, Request, StreamRequest, plan
from local.traffic.tenants import OFFERS

SERVED_AS = {
    "InvokeModel": "invoke_model",
    "Converse": "converse",
    "StartAsyncInvoke": "start_async_invoke",
}
OFFERED = {(offer.model_id, offer.operation) for offers in OFFERS.values() for offer in offers}
SIZE = 600


def test_the_same_seed_plans_the_same():
    assert plan(7, SIZE, OFFERS) == plan(7, SIZE, OFFERS)
    assert plan(7, SIZE, OFFERS) != plan(8, SIZE, OFFERS)


def test_every_model_is_asked_for_every_operation_that_it_serves():
    served = {
        (called_as(model), SERVED_AS[operation])
        for model, operations in SERVED.items()
        for operation in operations
        if operation in SERVED_AS
    }

    assert served - OFFERED == set()


def test_everything_that_is_offered_is_asked_for_at_least_once():
    asked = {(request.team, request.model_id) for request in plan(7, SIZE, OFFERS)}

    assert asked == {(team, offer.model_id) for team, offers in OFFERS.items() for offer in offers}


def test_a_plan_is_as_long_as_it_is_asked_to_be():
    assert [len(plan(7, size, OFFERS)) for size in (1, 50, 600)] == [1, 50, 600]


def test_every_model_that_streams_is_asked_to():
    streams = {
        model
        for model, operation in OFFERED
        if operation in ("invoke_model_with_response_stream", "converse_stream")
    }
    served = {
        called_as(model)
        for model, operations in SERVED.items()
        if "InvokeModelWithResponseStream" in operations
    }

    assert served - streams == set()


def test_streams_are_asked_for_in_every_way_and_by_sdks():
    requests = plan(7, SIZE, OFFERS)
    streams = [each for each in requests if isinstance(each, StreamRequest)]
    native = {each.operation for each in requests if isinstance(each, NativeRequest)}

    assert {each.form for each in streams} == {"queued", "sse", "event_stream"}
    assert {"invoke_model_with_response_stream", "converse_stream"} <= native


def test_what_is_sent_twice_has_a_key_of_its_own():
    streams = [each for each in plan(7, SIZE, OFFERS) if isinstance(each, StreamRequest)]
    keys = [each.key for each in streams if each.repeated != "never"]

    assert all(keys)
    assert len(keys) == len(set(keys))


def test_a_share_of_the_calls_is_made_on_native_routes():
    requests = plan(7, SIZE, OFFERS)
    native = {each.operation for each in requests if isinstance(each, NativeRequest)}

    assert {"invoke_model", "invoke_endpoint", "converse", "apply_guardrail"} <= native
    assert sum(isinstance(each, Request) for each in requests) > SIZE / 3


def test_a_job_leaves_its_output_under_its_teams_own_prefix():
    folders = {
        (each.team, each.parameters["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"])
        for each in plan(7, SIZE, OFFERS)
        if isinstance(each, NativeRequest) and each.operation == "start_async_invoke"
    }

    assert folders
    assert all(f"/teams/{team}/" in folder for team, folder in folders)
