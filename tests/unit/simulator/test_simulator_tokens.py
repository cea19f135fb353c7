import pytest

from local.simulator.tokens import NO_WISH, Scribe, Wish


def scribe(seed: int = 1, payload: bytes = b"{}", wish: Wish = NO_WISH) -> Scribe:
    return Scribe(seed, payload, wish)


def test_the_same_text_always_costs_the_same():
    assert scribe().read("How deep is the river?") == scribe().read("How deep is the river?")


def test_another_seed_counts_by_another_rule():
    text = "How deep is the river? " * 20

    assert len({scribe(seed).read(text) for seed in range(20)}) > 10


def test_a_text_of_the_same_length_may_cost_something_else():
    texts = [f"{number:040d}" for number in range(50)]

    assert len({scribe().read(text) for text in texts}) > 3


def test_an_empty_text_costs_nothing():
    assert scribe().read("") == 0


@pytest.mark.parametrize("text", ["a", "漢字", "🙂", "\ud800"])
def test_any_other_text_costs_at_least_one_token(text):
    assert scribe().read(text) >= 1


def test_what_is_written_keeps_to_the_limit_and_says_that_it_was_cut():
    passage = scribe().write(3)

    assert (passage.tokens, passage.finished) == (3, False)


def test_the_same_payload_is_answered_alike():
    assert scribe(payload=b"x").write() == scribe(payload=b"x").write()


def test_padding_fills_the_answer_to_its_size_and_leaves_the_count_alone():
    padded = scribe(wish=Wish(characters=10_000)).write()

    assert len(padded.text) == 10_000
    assert padded.tokens == scribe().write().tokens


def test_characters_are_kept_in_both_directions():
    clerk = scribe()
    clerk.read("four")
    clerk.read("twelve chars")
    passage = clerk.write()

    assert (clerk.characters_in, clerk.characters_out) == (16, len(passage.text))
