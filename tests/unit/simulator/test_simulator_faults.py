from concurrent.futures import ThreadPoolExecutor

import pytest

from local.simulator.faults import BadRule, Faults

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def faults(*rules, seed: int = 1) -> Faults:
    made = Faults(seed)
    made.replace(rules)
    return made


def names(made: Faults, bodies, model: str = HAIKU, team: str | None = "red"):
    chosen = [made.choose(model, team, body) for body in bodies]
    return [fault and fault.name for fault in chosen]


def test_without_rules_nothing_goes_wrong():
    assert faults().choose(HAIKU, "red", b"{}") is None


def test_a_model_is_matched_by_glob_with_its_geography():
    made = faults({"match": {"model": "us.anthropic.*"}, "do": "throttle"})

    assert made.choose(HAIKU, "red", b"{}").name == "throttle"
    assert made.choose("anthropic.claude-3-haiku-20240307-v1:0", "red", b"{}") is None


def test_a_team_is_matched_by_name():
    made = faults({"match": {"team": "red"}, "do": "throttle"})

    assert names(made, [b"{}"], team="red") == ["throttle"]
    assert names(made, [b"{}"], team="blue") == [None]
    assert names(made, [b"{}"], team=None) == [None]


def test_the_nth_matching_call_alone_is_hit():
    made = faults({"match": {"model": "us.*", "nth": 2}, "do": "cut_body"})
    made.choose("amazon.nova-lite-v1:0", "red", b"{}")

    assert names(made, [b"{}"] * 3) == [None, "cut_body", None]


def test_a_rule_fires_as_many_times_as_it_says():
    made = faults({"do": "error_500", "times": 2})

    assert names(made, [b"{}"] * 3) == ["error_500", "error_500", None]


def test_the_first_rule_that_fires_decides():
    made = faults({"match": {"nth": 2}, "do": "throttle"}, {"do": "error_503"})

    assert names(made, [b"{}"] * 3) == ["error_503", "throttle", "error_503"]


def test_a_rate_hits_about_its_share():
    made = faults({"match": {"rate": "0.05"}, "do": "throttle"})

    hits = names(made, [str(i).encode() for i in range(4_000)]).count("throttle")

    assert 150 < hits < 250


def test_a_rate_hits_the_same_calls_whatever_their_order():
    bodies = [str(i).encode() for i in range(500)]
    rule = {"match": {"rate": "0.2"}, "do": "throttle"}
    forward = dict(zip(bodies, names(faults(rule), bodies), strict=True))
    backward = dict(zip(bodies[::-1], names(faults(rule), bodies[::-1]), strict=True))

    assert forward == backward


def test_a_rate_hits_other_calls_with_another_seed():
    bodies = [str(i).encode() for i in range(500)]
    rule = {"match": {"rate": "0.2"}, "do": "throttle"}

    assert names(faults(rule, seed=1), bodies) != names(faults(rule, seed=2), bodies)


def test_identical_calls_from_many_threads_fail_in_the_same_number():
    rule = {"match": {"rate": "0.3"}, "do": "throttle"}
    alone = names(faults(rule), [b"same"] * 400)
    shared = faults(rule)

    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda _: names(shared, [b"same"])[0], range(400)))

    assert together.count("throttle") == alone.count("throttle")


def test_a_retry_of_the_same_body_has_a_chance_of_its_own():
    made = faults({"match": {"rate": "0.5"}, "do": "throttle"})

    assert set(names(made, [b"same"] * 20)) == {"throttle", None}


def test_parameters_have_defaults_and_can_be_set():
    made = faults({"match": {"nth": 1}, "do": "slow"}, {"do": "slow", "latency_ms": 20})

    assert made.choose(HAIKU, "red", b"{}").params == {"latency_ms": 500}
    assert made.choose(HAIKU, "red", b"{}").params == {"latency_ms": 20}


def test_the_rules_say_how_often_they_matched_and_fired():
    rule = {"match": {"nth": 2}, "do": "throttle"}
    made = faults(rule)
    names(made, [b"{}"] * 3)

    assert made.describe() == [{**rule, "matched": 3, "fired": 1}]


def test_a_fault_of_streams_passes_buffered_calls_by_uncounted():
    made = faults({"do": "stream_cut", "match": {"nth": 1}})

    assert made.choose(HAIKU, "red", b"{}") is None
    assert made.choose(HAIKU, "red", b"{}", streamed=True).name == "stream_cut"
    assert made.describe()[0]["matched"] == 1


def test_any_other_fault_meets_streams_too():
    made = faults({"do": "throttle"})

    assert made.choose(HAIKU, "red", b"{}", streamed=True).name == "throttle"


def test_seconds_may_have_a_fraction_or_none():
    made = faults({"do": "stream_idle", "seconds": 0.5}, {"do": "stream_idle", "seconds": 2})

    assert made.choose(HAIKU, "red", b"{}", streamed=True).params["seconds"] == 0.5


@pytest.mark.parametrize(
    "rule",
    [
        "throttle",
        {},
        {"do": "explode"},
        {"do": "throttle", "seconds": 1},
        {"do": "throttle", "match": {"tenant": "red"}},
        {"do": "throttle", "match": {"nth": 0}},
        {"do": "throttle", "match": {"rate": "1.5"}},
        {"do": "throttle", "match": {"rate": "often"}},
        {"do": "throttle", "times": "twice"},
        {"do": "slow", "latency_ms": "long"},
        {"do": "filtered", "n": -1},
        {"do": "bad_usage", "where": "trailer"},
        {"do": "stream_exception", "exception": "surpriseException"},
        {"do": "stream_exception", "after": -1},
        {"do": "stream_idle", "seconds": -0.5},
        {"do": "stream_truncated", "in_frame": 1},
    ],
)
def test_a_rule_that_cannot_mean_what_it_says_is_refused_and_changes_nothing(rule):
    made = faults({"do": "throttle"})

    with pytest.raises(BadRule):
        made.replace([rule])

    assert names(made, [b"{}"]) == ["throttle"]
