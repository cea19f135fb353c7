import pytest

from local.simulator.tokens import NO_WISH, Scribe, Wish, cut, shares


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


def test_a_long_answer_knows_no_limit_and_is_counted():
    passage = scribe(wish=Wish(tokens=5_000)).write(limit=10)

    assert (passage.tokens, passage.finished) == (5_000, True)
    assert len(cut(passage.text, passage.tokens)) == 5_000


def test_a_text_of_every_width_has_characters_of_one_to_four_bytes():
    text = scribe(wish=Wish(tokens=200, multibyte=True)).write().text

    assert {len(character.encode()) for character in text} == {1, 2, 3, 4}


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abc", 9), ("ab" * 900, 7)])
def test_a_cut_text_is_whole_again_with_all_its_tokens(text, tokens):
    pieces = cut(text, tokens)

    assert "".join(piece for piece, _ in pieces) == text
    assert sum(number for _, number in pieces) == tokens


def test_a_text_is_cut_into_its_tokens_of_uneven_length_and_always_alike():
    passage = scribe().write()
    pieces = cut(passage.text, passage.tokens)

    assert [number for _, number in pieces] == [1] * passage.tokens
    assert len({len(piece) for piece, _ in pieces}) > 1
    assert pieces == cut(passage.text, passage.tokens)


def test_a_padded_text_is_cut_into_many_pieces_all_the_same():
    passage = scribe(wish=Wish(characters=2_000_000)).write()
    pieces = cut(passage.text, passage.tokens)

    assert len(pieces) > 1_900
    assert sum(number for _, number in pieces) == passage.tokens


def test_shares_make_the_whole_to_the_last_unit():
    assert shares(10, [1, 1, 1]) == [3, 3, 4]
    assert shares(7, [0, 5]) == [0, 7]
    assert shares(0, [0]) == [0]
