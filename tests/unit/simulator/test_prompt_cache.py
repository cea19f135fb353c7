from concurrent.futures import ThreadPoolExecutor

from local.simulator.prompt_cache import PromptCache, Segment, Split


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
RULES = Segment("the house rules", 2_000, "5m")
HANDBOOK = Segment("the handbook", 3_000, "1h")
QUESTION = Segment("may I?", 10)


def test_a_prompt_without_checkpoints_is_plain_input():
    split = PromptCache().settle(MODEL, [Segment("the house rules", 2_000), QUESTION])

    assert split == Split(uncached=2_010)


def test_a_new_prefix_is_written_and_the_rest_is_plain_input():
    assert PromptCache().settle(MODEL, [RULES, QUESTION]) == Split(uncached=10, written_5m=2_000)


def test_a_known_prefix_is_read():
    cache = PromptCache()
    cache.settle(MODEL, [RULES, QUESTION])

    split = cache.settle(MODEL, [RULES, Segment("and now?", 12)])

    assert split == Split(uncached=12, read=2_000)


def test_each_checkpoint_is_written_for_its_own_time():
    split = PromptCache().settle(MODEL, [HANDBOOK, RULES, QUESTION])

    assert split == Split(uncached=10, written_1h=3_000, written_5m=2_000)


def test_the_longest_known_prefix_is_read_and_only_the_rest_written():
    cache = PromptCache()
    cache.settle(MODEL, [HANDBOOK, QUESTION])

    split = cache.settle(MODEL, [HANDBOOK, RULES, QUESTION])

    assert split == Split(uncached=10, read=3_000, written_5m=2_000)


def test_a_former_checkpoint_is_found_without_its_mark():
    cache = PromptCache()
    cache.settle(MODEL, [RULES])
    unmarked = Segment(RULES.text, RULES.tokens)

    split = cache.settle(MODEL, [unmarked, Segment("more", 500, "5m")])

    assert split == Split(read=2_000, written_5m=500)


def test_a_prefix_under_the_minimum_is_not_cached():
    short = Segment("short", 1_023, "5m")

    assert PromptCache().settle(MODEL, [short]) == Split(uncached=1_023)


def test_another_model_does_not_read_the_prefix():
    cache = PromptCache()
    cache.settle(MODEL, [RULES])

    assert cache.settle("amazon.nova-lite-v1:0", [RULES]) == Split(written_5m=2_000)


def test_another_text_before_the_checkpoint_makes_another_prefix():
    cache = PromptCache()
    cache.settle(MODEL, [RULES])

    split = cache.settle(MODEL, [Segment("a line", 5), RULES])

    assert split == Split(written_5m=2_005)


def test_a_prefix_is_forgotten_after_its_time():
    clock = Clock()
    cache = PromptCache(clock)
    cache.settle(MODEL, [HANDBOOK, RULES])
    clock.now = 301.0

    split = cache.settle(MODEL, [HANDBOOK, RULES])

    assert split == Split(read=3_000, written_5m=2_000)


def test_a_read_renews_the_prefix():
    clock = Clock()
    cache = PromptCache(clock)
    cache.settle(MODEL, [RULES])
    clock.now = 200.0
    cache.settle(MODEL, [RULES])
    clock.now = 400.0

    assert cache.settle(MODEL, [RULES]) == Split(read=2_000)


def test_of_sixteen_callers_at_once_exactly_one_writes():
    cache = PromptCache()

    with ThreadPoolExecutor(16) as pool:
        splits = list(pool.map(lambda _: cache.settle(MODEL, [RULES]), range(64)))

    assert splits.count(Split(written_5m=2_000)) == 1
    assert splits.count(Split(read=2_000)) == 63
