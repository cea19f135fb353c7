import pytest

from local.simulator import guardrails
from local.simulator.guardrails import Reading, find
from local.simulator.refusals import Refusal

PROMPT = Reading(characters=1_001, pictures=2)
ANSWER = Reading(characters=999, grounding=3_500)


@pytest.mark.parametrize(
    ("identifier", "policies", "does"),
    [
        ("content", ("content",), "none"),
        ("contentpii", ("content", "pii"), "none"),
        ("topicpiimasks2", ("topic", "pii"), "masks"),
        ("wordcontentblocksinput17", ("word", "content"), "blocksinput"),
        ("groundingblocksoutput", ("grounding",), "blocksoutput"),
    ],
)
def test_an_id_names_a_guardrails_policies_and_what_it_does(identifier, policies, does):
    guardrail = find(identifier, "DRAFT")

    assert (guardrail.policies, guardrail.does) == (policies, does)


def test_an_arn_names_the_same_guardrail():
    arn = "arn:aws:bedrock:us-east-1:123456789012:guardrail/contentpii"

    assert find(arn, "1") == find("contentpii", "1")


@pytest.mark.parametrize(
    ("identifier", "version"),
    [
        ("", "1"),
        ("5zwrmdlsra2e", "1"),
        ("content", ""),
        ("content", "0"),
        ("content", "latest"),
        ("contentmasks", "1"),  # only what is sensitive can be masked
    ],
)
def test_a_guardrail_that_is_not_there_is_not_found(identifier, version):
    with pytest.raises(Refusal) as refused:
        find(identifier, version)

    assert refused.value.code == "ResourceNotFoundException"


def test_a_unit_is_up_to_a_thousand_characters_for_each_policy():
    units = find("topiccontentwordpiiregex", "1").assess(PROMPT, answer=False).units

    assert units == {
        "topicPolicyUnits": 2,
        "contentPolicyUnits": 2,
        "contentPolicyImageUnits": 2,
        "wordPolicyUnits": 2,
        "sensitiveInformationPolicyUnits": 2,
        "sensitiveInformationPolicyFreeUnits": 2,
    }


@pytest.mark.parametrize(
    ("characters", "units"), [(0, 0), (1, 1), (1_000, 1), (1_001, 2), (10_000, 10)]
)
def test_a_unit_begun_is_a_unit(characters, units):
    assessment = find("topic", "1").assess(Reading(characters), answer=False)

    assert assessment.units == {"topicPolicyUnits": units}


def test_grounding_and_reasoning_look_at_answers_alone():
    guardrail = find("groundingreasoning", "1")

    assert guardrail.assess(PROMPT, answer=False).units == {}
    assert guardrail.assess(ANSWER, answer=True).units == {
        "contextualGroundingPolicyUnits": 4,
        "automatedReasoningPolicyUnits": 1,
    }


def test_words_and_regular_expressions_are_free():
    assessment = find("topiccontentwordpiiregex", "1").assess(PROMPT, answer=False)

    assert guardrails.counts(assessment) == {
        "guardrail_topic_units": 2,
        "guardrail_content_units": 2,
        "guardrail_content_image_units": 2,
        "guardrail_pii_units": 2,
        "guardrail_grounding_units": 0,
        "guardrail_reasoning_units": 0,
    }


def test_both_sides_are_counted_together():
    guardrail = find("topic", "1")
    before, after = guardrail.assess(PROMPT, answer=False), guardrail.assess(ANSWER, answer=True)

    assert guardrails.counts(before, after)["guardrail_topic_units"] == 3


def test_usage_names_every_policy_that_there_is():
    reported = find("topic", "1").assess(PROMPT, answer=False).as_json()["invocationMetrics"]

    assert reported["usage"] == {
        "automatedReasoningPolicies": 0,
        "automatedReasoningPolicyUnits": 0,
        "contentPolicyImageUnits": 0,
        "contentPolicyUnits": 0,
        "contextualGroundingPolicyUnits": 0,
        "sensitiveInformationPolicyFreeUnits": 0,
        "sensitiveInformationPolicyUnits": 0,
        "topicPolicyUnits": 2,
        "wordPolicyUnits": 0,
    }


@pytest.mark.parametrize(
    ("identifier", "policy"),
    [
        ("topicblocksinput", "topicPolicy"),
        ("contentblocksinput", "contentPolicy"),
        ("wordblocksinput", "wordPolicy"),
        ("piiblocksinput", "sensitiveInformationPolicy"),
        ("regexmasks", "sensitiveInformationPolicy"),
        ("topicpiimasks", "sensitiveInformationPolicy"),
        ("groundingblocksoutput", "contextualGroundingPolicy"),
        ("reasoningblocksoutput", "automatedReasoningPolicy"),
    ],
)
def test_what_was_found_is_said_by_the_policy_that_found_it(identifier, policy):
    assessment = find(identifier, "1").assess(PROMPT, answer=False, found=True)

    assert set(assessment.as_json()) == {"invocationMetrics", policy}


def test_a_masked_text_has_lost_its_first_word():
    assert guardrails.masked("Ada lives here.") == "{NAME} lives here."
    assert guardrails.masked("") == ""
