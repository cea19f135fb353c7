"""A bounded memory of what was asked: answers found, and answers that there is none. Pure."""

from typing import TypeVar

Key = TypeVar("Key")
Answer = TypeVar("Answer")


def keep(
    kept: dict[Key, Answer], other: dict[Key, Answer], key: Key, answer: Answer, at_most: int
) -> None:
    """Keep the newest answer to `key`, in one of two memories only; the oldest makes room.

    The two are apart so that a flood of the one kind cannot push out the other. Not thread-safe.
    """
    other.pop(key, None)
    kept.pop(key, None)  # so that the order of the dict stays the order of the answers
    kept[key] = answer
    if len(kept) > at_most:
        del kept[next(iter(kept))]
